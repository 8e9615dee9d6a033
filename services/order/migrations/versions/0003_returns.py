"""Returns: the rule of what comes back, what came back line by line, and what went back for it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("return_rules", "returns", "return_lines", "refunds")


def upgrade() -> None:
    whole = sa.text("0")
    op.add_column(
        "orders", sa.Column("returns", sa.Integer(), server_default=whole, nullable=False)
    )
    op.add_column(
        "orders", sa.Column("returned_minor", sa.BigInteger(), server_default=whole, nullable=False)
    )
    op.create_check_constraint(
        "returned", "orders", "returned_minor BETWEEN 0 AND coalesce(total_minor, 0)"
    )
    op.create_check_constraint("returns_of_placed", "orders", "returns = 0 OR status = 'placed'")
    op.add_column("order_tenders", sa.Column("return_id", sa.Uuid(), nullable=True))
    _rules()
    _returns()
    _lines()
    _refunds()
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _rules() -> None:
    op.create_table(
        "return_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_rules")),
        sa.UniqueConstraint("version", name=op.f("uq_return_rules_version")),
    )
    op.create_index(op.f("ix_return_rules_valid_from"), "return_rules", ["valid_from"])


def _returns() -> None:
    op.create_table(
        "returns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("franchisee_id", sa.Uuid(), nullable=True),
        sa.Column("legal_entity", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("refund_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("points_taken", sa.BigInteger(), nullable=False),
        sa.Column("promotions", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("receipt_number", sa.Text(), nullable=False),
        sa.Column("exchange_order_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_returns_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returns")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_returns_order_id_number")),
        sa.UniqueConstraint("receipt_number", name=op.f("uq_returns_receipt_number")),
        sa.CheckConstraint("number > 0", name=op.f("ck_returns_number")),
        sa.CheckConstraint("refund_minor >= 0 AND tax_minor >= 0", name=op.f("ck_returns_amounts")),
    )
    op.create_index(
        "ix_returns_store_day", "returns", ["store_id", "business_date", "returned_at", "id"]
    )
    op.create_index("ix_returns_member", "returns", ["member_id", "returned_at", "id"])


def _lines() -> None:
    op.create_table(
        "return_lines",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("returned_before", sa.Integer(), nullable=False),
        sa.Column("sold", sa.Integer(), nullable=False),
        sa.Column("refund_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_id"], ["returns.id"], name=op.f("fk_return_lines_return_id_returns")
        ),
        sa.ForeignKeyConstraint(
            ["order_id", "line"],
            ["order_lines.order_id", "order_lines.line"],
            name=op.f("fk_return_lines_order_id_order_lines"),
        ),
        sa.PrimaryKeyConstraint("return_id", "position", name=op.f("pk_return_lines")),
        sa.UniqueConstraint(
            "order_id", "line", "returned_before",
            name=op.f("uq_return_lines_order_id_line_returned_before"),
        ),
        sa.CheckConstraint(
            "condition IN ('sellable', 'damaged')", name=op.f("ck_return_lines_condition")
        ),
        sa.CheckConstraint(
            "quantity > 0 AND returned_before >= 0", name=op.f("ck_return_lines_quantity")
        ),
        sa.CheckConstraint(
            "returned_before + quantity <= sold", name=op.f("ck_return_lines_no_more_than_sold")
        ),
        sa.CheckConstraint(
            "refund_minor >= 0 AND tax_minor >= 0", name=op.f("ck_return_lines_amounts")
        ),
    )  # fmt: skip


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("carried_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("refunded_before", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_id"], ["returns.id"], name=op.f("fk_refunds_return_id_returns")
        ),
        sa.ForeignKeyConstraint(
            ["order_id", "position"],
            ["order_tenders.order_id", "order_tenders.position"],
            name=op.f("fk_refunds_order_id_order_tenders"),
        ),
        sa.PrimaryKeyConstraint("return_id", "position", name=op.f("pk_refunds")),
        sa.UniqueConstraint(
            "order_id", "position", "refunded_before",
            name=op.f("uq_refunds_order_id_position_refunded_before"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND refunded_before >= 0", name=op.f("ck_refunds_amount")
        ),
        sa.CheckConstraint(
            "refunded_before + amount_minor <= paid", name=op.f("ck_refunds_no_more_than_paid")
        ),
        sa.CheckConstraint(
            "carried_minor BETWEEN 0 AND amount_minor", name=op.f("ck_refunds_carried")
        ),
        sa.CheckConstraint(
            "(kind = 'points') = (points IS NOT NULL)", name=op.f("ck_refunds_points")
        ),
    )  # fmt: skip


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("order_tenders", "return_id")
    op.drop_constraint(op.f("ck_orders_returns_of_placed"), "orders", type_="check")
    op.drop_constraint(op.f("ck_orders_returned"), "orders", type_="check")
    op.drop_column("orders", "returned_minor")
    op.drop_column("orders", "returns")
