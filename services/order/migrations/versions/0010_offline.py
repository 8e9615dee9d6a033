"""Sales that a till made without network, and the rule of what it may."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column(
        "orders",
        sa.Column("offline", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_check_constraint("offline_is_a_fact", "orders", "fact OR NOT offline")
    _rules()
    _spells()
    _refused()
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON offline_rules"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _rules() -> None:
    op.create_table(
        "offline_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offline_rules")),
        sa.UniqueConstraint("version", name=op.f("uq_offline_rules_version")),
    )
    op.create_index(op.f("ix_offline_rules_valid_from"), "offline_rules", ["valid_from"])


def _spells() -> None:
    op.create_table(
        "offline_spells",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("contact_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offline_spells")),
    )
    op.create_table(
        "offline_sales",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("spell_id", sa.Uuid(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ahead_seconds", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("clamped", sa.Boolean(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("differences", JSON, nullable=True),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_offline_sales")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_offline_sales_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["spell_id"],
            ["offline_spells.id"],
            name=op.f("fk_offline_sales_spell_id_offline_spells"),
        ),
    )
    op.create_index(op.f("ix_offline_sales_spell_id"), "offline_sales", ["spell_id"])
    op.create_index(op.f("ix_offline_sales_receipt"), "offline_sales", ["receipt"])


def _refused() -> None:
    op.create_table(
        "refused_sales",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("command", JSON, nullable=False),
        sa.Column("refusal", JSON, nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_refused_sales")),
        sa.CheckConstraint(
            "(accepted_at IS NULL) = (accepted_by IS NULL)", name=op.f("ck_refused_sales_accepted")
        ),
    )
    op.create_index(op.f("ix_refused_sales_member_id"), "refused_sales", ["member_id"])
    op.create_index(
        "ix_refused_sales_open",
        "refused_sales",
        ["store_id", "refused_at"],
        postgresql_where=sa.text("accepted_at IS NULL"),
    )


def downgrade() -> None:
    for table in ("refused_sales", "offline_sales", "offline_spells", "offline_rules"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_orders_offline_is_a_fact"), "orders", type_="check")
    op.drop_column("orders", "offline")
