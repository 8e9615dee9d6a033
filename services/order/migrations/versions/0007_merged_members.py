"""Whom a member's id stands for since a merge."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merged_members",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_merged_members")),
    )
    op.create_index("ix_merged_members_survivor_id", "merged_members", ["survivor_id"])


def downgrade() -> None:
    op.drop_table("merged_members")
