"""The points mall: items by version, stock of stores, redemptions."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
_DOCUMENTS = (
    "kind IN ('top_up', 'adjustment', 'refund', 'pay_out', 'wallet_adjustment', 'transfer'{})"
)
_TRANSACTIONS = (
    "kind IN ('sale', 'void', 'return', 'top_up', 'adjustment', 'expiry', 'refund', 'pay_out',"
    " 'wallet_adjustment', 'transfer', 'erasure', 'opening'{})"
)


def upgrade() -> None:
    _allow(", 'redemption'", ", 'redemption', 'redemption_void'")
    _items()
    _stock()
    _redemptions()
    for table in ("mall_item_versions", "mall_movements"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON redemptions"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _allow(documents: str, transactions: str) -> None:
    for table, condition in (
        ("documents", _DOCUMENTS.format(documents)),
        ("transactions", _TRANSACTIONS.format(transactions)),
    ):
        name = f"ck_{table}_kind_known"
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})")


def _items() -> None:
    op.create_table(
        "mall_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mall_items")),
        sa.UniqueConstraint("code", name=op.f("uq_mall_items_code")),
    )
    op.create_table(
        "mall_item_versions",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("asked_from", INSTANT, nullable=True),
        sa.Column("body", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "valid_from >= published_at", name=op.f("ck_mall_item_versions_not_for_the_past")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["mall_items.id"], name=op.f("fk_mall_item_versions_item_id")
        ),
        sa.PrimaryKeyConstraint("item_id", "version", name=op.f("pk_mall_item_versions")),
    )


def _stock() -> None:
    op.create_table(
        "mall_stock",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_mall_stock_quantity_not_negative")),
        sa.ForeignKeyConstraint(["item_id"], ["mall_items.id"], name=op.f("fk_mall_stock_item_id")),
        sa.PrimaryKeyConstraint("item_id", "store_id", name=op.f("pk_mall_stock")),
    )
    op.create_table(
        "mall_movements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("quantity_after", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('moved', 'redeemed', 'restocked')", name=op.f("ck_mall_movements_kind_known")
        ),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_mall_movements_quantity_not_zero")),
        sa.ForeignKeyConstraint(
            ["item_id", "store_id"],
            ["mall_stock.item_id", "mall_stock.store_id"],
            name=op.f("fk_mall_movements_item_id_store_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mall_movements")),
    )
    op.create_index(
        "uq_mall_movements_document_id_kind", "mall_movements", ["document_id", "kind"], unique=True
    )
    op.create_index("ix_mall_movements_item_id_store_id", "mall_movements", ["item_id", "store_id"])


def _redemptions() -> None:
    op.create_table(
        "redemptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_by", sa.Uuid(), nullable=False),
        sa.Column("redeemed_at", INSTANT, nullable=False),
        sa.Column("handed_over_by", sa.Uuid(), nullable=True),
        sa.Column("handed_over_at", INSTANT, nullable=True),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.Column("cancelled_at", INSTANT, nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("quantity > 0 AND points > 0", name=op.f("ck_redemptions_of_something")),
        sa.CheckConstraint(
            "num_nulls(handed_over_by, handed_over_at) IN (0, 2)",
            name=op.f("ck_redemptions_handed_over"),
        ),
        sa.CheckConstraint(
            "num_nulls(cancelled_by, cancelled_at) IN (0, 2)", name=op.f("ck_redemptions_cancelled")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_redemptions_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["item_id", "item_version"],
            ["mall_item_versions.item_id", "mall_item_versions.version"],
            name=op.f("fk_redemptions_item_id_item_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemptions")),
    )
    for columns in (("member_id", "item_id"), ("member_id", "redeemed_at"),
                    ("store_id", "redeemed_at")):  # fmt: skip
        op.create_index(f"ix_redemptions_{'_'.join(columns)}", "redemptions", list(columns))


def downgrade() -> None:
    for table in (
        "redemptions", "mall_movements", "mall_stock", "mall_item_versions", "mall_items",
    ):  # fmt: skip
        op.drop_table(table)
    _allow("", "")
