"""Rules, accounts, ledger, holds and booked orders"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("rules", "transactions", "entries", "orders_booked", "documents")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN ('points_issued', 'points_redeemed', 'points_adjusted', 'wallet_cash', 'bonus_granted', 'sales_clearing') AND store_id IS NOT NULL)",
            name=op.f("ck_accounts_kind_known"),
        ),
        sa.CheckConstraint(
            "(unit = 'points') = starts_with(kind, 'points')", name=op.f("ck_accounts_unit_of_kind")
        ),
        sa.CheckConstraint(
            "unit = 'points' OR unit ~ '^[A-Z]{3}$'", name=op.f("ck_accounts_unit_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("id", "unit", name=op.f("uq_accounts_id_unit")),
        sa.UniqueConstraint(
            "kind", "unit", "store_id", name=op.f("uq_accounts_kind_unit_store_id")
        ),
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column(
            "handled_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_inbox")),
    )
    op.create_index("ix_inbox_handled_at", "inbox", ["handled_at"], unique=False)
    op.create_table(
        "members",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("home_store_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("tier_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ladder_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tier_as_of", sa.Date(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_members")),
    )
    op.create_index("ix_members_ladder_version", "members", ["ladder_version"], unique=False)
    op.create_index(
        "ix_members_review_on",
        "members",
        ["review_on"],
        unique=False,
        postgresql_where=sa.text("review_on IS NOT NULL"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
    )
    op.create_index("ix_outbox_published_at", "outbox", ["published_at"], unique=False)
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('earn', 'spend', 'ladder', 'top_up', 'wallet')",
            name=op.f("ck_rules_kind_known"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_rules_version_counts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_rules_kind_version")),
    )
    op.create_table(
        "stores",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("region_id", sa.Uuid(), nullable=False),
        sa.Column("franchisee_id", sa.Uuid(), nullable=True),
        sa.Column("legal_entity", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
    )
    op.create_table(
        "transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('sale', 'void', 'top_up', 'adjustment')",
            name=op.f("ck_transactions_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sa.UniqueConstraint("document_id", "kind", name=op.f("uq_transactions_document_id_kind")),
    )
    op.create_table(
        "balances",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("balance", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("issuing_store_id", sa.Uuid(), nullable=True),
        sa.Column("issuing_franchisee_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("held >= 0", name=op.f("ck_balances_held_not_negative")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_balances_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_balances")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('top_up', 'adjustment')", name=op.f("ck_documents_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_documents_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index("ix_documents_store_id_at", "documents", ["store_id", "at"], unique=False)
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("issuing_store_id", sa.Uuid(), nullable=True),
        sa.Column("issuing_franchisee_id", sa.Uuid(), nullable=True),
        sa.Column("accepting_store_id", sa.Uuid(), nullable=True),
        sa.Column("accepting_franchisee_id", sa.Uuid(), nullable=True),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_entries_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["account_id", "unit"],
            ["accounts.id", "accounts.unit"],
            name=op.f("fk_entries_account_id_unit"),
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["transactions.id"], name=op.f("fk_entries_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
    )
    op.create_index("ix_entries_account_id_id", "entries", ["account_id", "id"], unique=False)
    op.create_index("ix_entries_transaction_id", "entries", ["transaction_id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("total_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("points", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("points_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("bonus_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("points_after", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "principal_after_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "bonus_after_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("spend_version", sa.Integer(), nullable=True),
        sa.Column("wallet_version", sa.Integer(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'held') = (ended_at IS NULL)", name=op.f("ck_holds_ended_when_not_held")
        ),
        sa.CheckConstraint(
            "status = 'released' OR member_id IS NOT NULL", name=op.f("ck_holds_of_a_member")
        ),
        sa.CheckConstraint(
            "status IN ('held', 'settled', 'released')", name=op.f("ck_holds_status_known")
        ),
        sa.CheckConstraint(
            "points >= 0 AND points_minor >= 0 AND principal_minor >= 0 AND bonus_minor >= 0",
            name=op.f("ck_holds_nothing_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_holds_member_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_holds")),
    )
    op.create_index(
        "ix_holds_open",
        "holds",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'held'"),
    )
    op.create_table(
        "member_accounts",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('points', 'principal', 'bonus')", name=op.f("ck_member_accounts_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_member_accounts_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_member_accounts_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", "kind", name=op.f("pk_member_accounts")),
        sa.UniqueConstraint("account_id", name=op.f("uq_member_accounts_account_id")),
    )
    op.create_table(
        "orders_booked",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("franchisee_id", sa.Uuid(), nullable=True),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("spend_minor", sa.BigInteger(), nullable=False),
        sa.Column("points_earned", sa.BigInteger(), nullable=False),
        sa.Column("points_told", sa.BigInteger(), nullable=False),
        sa.Column("points_spent", sa.BigInteger(), nullable=False),
        sa.Column("wallet_told_minor", sa.BigInteger(), nullable=False),
        sa.Column("wallet_spent_minor", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("earn_version", sa.Integer(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('sale', 'void')", name=op.f("ck_orders_booked_kind_known")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_orders_booked_member_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "kind", name=op.f("pk_orders_booked")),
    )
    op.create_index(
        "ix_orders_booked_member_id_business_date",
        "orders_booked",
        ["member_id", "business_date"],
        unique=False,
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    # Set-based, once for each statement: all entries of a transaction are written by one.
    op.execute(
        """
        CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (
                SELECT FROM entries
                WHERE transaction_id IN (SELECT transaction_id FROM added)
                GROUP BY transaction_id, unit HAVING sum(amount) <> 0
            ) THEN
                RAISE EXCEPTION 'entries of a transaction do not add up to zero'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_balanced';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER entries_balanced AFTER INSERT ON entries REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced()"
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_index(
        "ix_orders_booked_member_id_business_date",
        table_name="orders_booked",
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    op.drop_table("orders_booked")
    op.drop_table("member_accounts")
    op.drop_index("ix_holds_open", table_name="holds", postgresql_where=sa.text("status = 'held'"))
    op.drop_table("holds")
    op.drop_index("ix_entries_transaction_id", table_name="entries")
    op.drop_index("ix_entries_account_id_id", table_name="entries")
    op.drop_table("entries")
    op.drop_index("ix_documents_store_id_at", table_name="documents")
    op.drop_table("documents")
    op.drop_table("balances")
    op.drop_table("transactions")
    op.drop_table("stores")
    op.drop_table("rules")
    op.drop_index(
        "ix_outbox_unpublished",
        table_name="outbox",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_index("ix_outbox_published_at", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(
        "ix_members_review_on",
        table_name="members",
        postgresql_where=sa.text("review_on IS NOT NULL"),
    )
    op.drop_index("ix_members_ladder_version", table_name="members")
    op.drop_table("members")
    op.drop_index("ix_inbox_handled_at", table_name="inbox")
    op.drop_table("inbox")
    op.drop_table("accounts")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP FUNCTION refuse_unbalanced()")
