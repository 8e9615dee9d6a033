"""Who sent a sale, beside who made it; a copy of the staff, of whom a sale names its seller."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
    )
    op.add_column("orders", sa.Column("sent_by", sa.Uuid(), nullable=True))
    op.execute("UPDATE orders SET sent_by = staff_id")
    op.alter_column("orders", "sent_by", nullable=False)
