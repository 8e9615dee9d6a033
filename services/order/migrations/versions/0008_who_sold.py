"""What a seller sold, and what of it came back, is found by seller and day"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("sold_store_id", "seller_id"):
        op.add_column("returns", sa.Column(name, sa.Uuid(), nullable=True))
    # Rows are not changed again: what is new in them follows from the order they belong to.
    op.execute("ALTER TABLE returns DISABLE TRIGGER USER")
    op.execute(
        "UPDATE returns SET sold_store_id = orders.store_id, seller_id = orders.staff_id"
        " FROM orders WHERE orders.id = returns.order_id"
    )
    op.execute("ALTER TABLE returns ENABLE TRIGGER USER")
    for name in ("sold_store_id", "seller_id"):
        op.alter_column("returns", name, nullable=False)
    op.create_index("ix_returns_seller_day", "returns", ["sold_store_id", "business_date"])
    op.create_index(
        "ix_orders_seller_day",
        "orders",
        ["store_id", "staff_id", "business_date"],
        postgresql_where=sa.text("status = 'placed'"),
    )


def downgrade() -> None:
    op.drop_index("ix_orders_seller_day", "orders")
    op.drop_index("ix_returns_seller_day", "returns")
    op.drop_column("returns", "seller_id")
    op.drop_column("returns", "sold_store_id")
