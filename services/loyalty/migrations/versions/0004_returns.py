"""Returns: an order may be booked back part by part, each part a document of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = {
    "transactions": (
        "kind IN ('sale', 'void', 'top_up', 'adjustment', 'expiry', 'refund', 'pay_out',"
        " 'wallet_adjustment', 'transfer')",
        "kind IN ('sale', 'void', 'return', 'top_up', 'adjustment', 'expiry', 'refund', 'pay_out',"
        " 'wallet_adjustment', 'transfer')",
    ),
    "orders_booked": ("kind IN ('sale', 'void')", "kind IN ('sale', 'void', 'return')"),
}


def upgrade() -> None:
    _allow(1)
    op.add_column("orders_booked", sa.Column("document_id", sa.Uuid(), nullable=True))
    op.execute("ALTER TABLE orders_booked DISABLE TRIGGER USER")
    op.execute("UPDATE orders_booked SET document_id = order_id")
    op.execute("ALTER TABLE orders_booked ENABLE TRIGGER USER")
    op.alter_column("orders_booked", "document_id", nullable=False)
    op.drop_constraint(op.f("pk_orders_booked"), "orders_booked", type_="primary")
    op.create_primary_key(op.f("pk_orders_booked"), "orders_booked", ["document_id", "kind"])
    op.create_index("ix_orders_booked_order_id", "orders_booked", ["order_id"])


def _allow(which: int) -> None:
    for table, rules in KINDS.items():
        name = op.f(f"ck_{table}_kind_known")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, rules[which])


def downgrade() -> None:
    op.drop_index("ix_orders_booked_order_id", "orders_booked")
    op.drop_constraint(op.f("pk_orders_booked"), "orders_booked", type_="primary")
    op.create_primary_key(op.f("pk_orders_booked"), "orders_booked", ["order_id", "kind"])
    op.drop_column("orders_booked", "document_id")
    _allow(0)
