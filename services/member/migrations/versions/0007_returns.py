"""Returns: how much of a member's order has come back."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    none = sa.text("0")
    op.add_column(
        "member_orders", sa.Column("returns", sa.Integer(), server_default=none, nullable=False)
    )
    op.add_column(
        "member_orders",
        sa.Column("returned_minor", sa.BigInteger(), server_default=none, nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_member_orders_returned"), "member_orders",
        "returned_minor BETWEEN 0 AND total_minor",
    )  # fmt: skip


def downgrade() -> None:
    op.drop_column("member_orders", "returned_minor")
    op.drop_column("member_orders", "returns")
