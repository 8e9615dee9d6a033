"""When members have birthday privileges."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "birthday_windows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("privilege", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_birthday_windows")),
    )
    op.create_index("ix_birthday_windows_member_id", "birthday_windows", ["member_id", "ends_at"])
    op.create_index("ix_birthday_windows_ends_at", "birthday_windows", ["ends_at"])


def downgrade() -> None:
    op.drop_table("birthday_windows")
