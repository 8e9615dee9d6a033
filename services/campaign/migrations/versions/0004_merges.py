"""Whom a member's id stands for since a merge."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members", sa.Column("survivor_id", sa.Uuid(), nullable=True))
    op.add_column(
        "members", sa.Column("merge_number", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_index(
        "ix_members_survivor_id",
        "members",
        ["survivor_id"],
        postgresql_where=sa.text("survivor_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_members_survivor_id", "members")
    op.drop_column("members", "merge_number")
    op.drop_column("members", "survivor_id")
