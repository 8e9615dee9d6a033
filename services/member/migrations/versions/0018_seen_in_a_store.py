"""Who bought in a store lately is found by the store."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_member_orders_store_id", "member_orders", ["store_id", "placed_at"])


def downgrade() -> None:
    op.drop_index("ix_member_orders_store_id", "member_orders")
