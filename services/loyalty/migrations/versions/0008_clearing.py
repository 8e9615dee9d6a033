"""What legal entities owe each other: agreements, items, closed statements, payments"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = (
    "kind IN ('points_spent', 'principal_spent', 'bonus_spent', 'points_returned',"
    " 'principal_returned', 'bonus_returned', 'wallet_paid_out', 'cash_refunded',"
    " 'points_expired', 'paid')"
)
EXACT = sa.Numeric(38, 0)
INSTANT = sa.DateTime(timezone=True)
APPEND_ONLY = (
    "clearing_agreements",
    "clearing_days",
    "clearing_lines",
    "clearing_balances",
    "clearing_payments",
)


def upgrade() -> None:
    _agreements()
    op.create_table(
        "clearing_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("closed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_clearing_days")),
    )
    _items()
    _statements()
    _payments()
    _mark()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON clearing_items"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    # An item is given the day of its statement, once; nothing else of it changes.
    op.execute(
        "CREATE FUNCTION refuse_change_but_day() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN IF OLD.day IS NOT NULL OR to_jsonb(NEW) - 'day' <> to_jsonb(OLD) - 'day' THEN"
        " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';"
        " END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER append_only_but_day BEFORE UPDATE ON clearing_items FOR EACH ROW"
        " EXECUTE FUNCTION refuse_change_but_day()"
    )


def _agreements() -> None:
    op.create_table(
        "clearing_agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=True),
        sa.Column("acceptor_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("points_minor_per_hundred", sa.BigInteger(), nullable=True),
        sa.Column("principal_basis_points", sa.BigInteger(), nullable=False),
        sa.Column("bonus_basis_points", sa.BigInteger(), nullable=False),
        sa.Column("expired_basis_points", sa.BigInteger(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "issuer_id <> acceptor_id", name=op.f("ck_clearing_agreements_two_entities")
        ),
        sa.CheckConstraint(
            "num_nulls(issuer_id, acceptor_id) IN (0, 2)",
            name=op.f("ck_clearing_agreements_pair_whole"),
        ),
        sa.CheckConstraint(
            "valid_from >= published_at", name=op.f("ck_clearing_agreements_not_in_past")
        ),
        sa.CheckConstraint(
            "issuer_id IS NOT NULL OR expired_basis_points = 0",
            name=op.f("ck_clearing_agreements_expired_share_named"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clearing_agreements")),
        sa.UniqueConstraint("version", name=op.f("uq_clearing_agreements_version")),
    )
    op.create_index(
        "ix_clearing_agreements_issuer_id",
        "clearing_agreements",
        ["issuer_id", "acceptor_id", "valid_from"],
    )


def _items() -> None:
    op.create_table(
        "clearing_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("debtor_id", sa.Uuid(), nullable=False),
        sa.Column("creditor_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("share_basis_points", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("millionths", EXACT, nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("ck_clearing_items_kind_known")),
        sa.CheckConstraint("debtor_id <> creditor_id", name=op.f("ck_clearing_items_two_entities")),
        sa.CheckConstraint("booked_on <= day", name=op.f("ck_clearing_items_not_before_its_day")),
        sa.CheckConstraint(
            "millionths = CAST(quantity AS numeric) * rate * share_basis_points",
            name=op.f("ck_clearing_items_worth"),
        ),
        sa.ForeignKeyConstraint(["day"], ["clearing_days.day"], name=op.f("fk_clearing_items_day")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clearing_items")),
    )
    op.create_index(
        "uq_clearing_items_entry_id",
        "clearing_items",
        ["entry_id", "creditor_id"],
        unique=True,
        postgresql_where=sa.text("entry_id IS NOT NULL"),
    )
    op.create_index(
        "uq_clearing_items_document_id",
        "clearing_items",
        ["document_id", "kind"],
        unique=True,
        postgresql_where=sa.text("entry_id IS NULL"),
    )
    op.create_index(
        "ix_clearing_items_day", "clearing_items", ["day", "debtor_id", "creditor_id", "id"]
    )
    op.create_index(
        "ix_clearing_items_open",
        "clearing_items",
        ["booked_on"],
        postgresql_where=sa.text("day IS NULL"),
    )


def _statements() -> None:
    op.create_table(
        "clearing_lines",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("debtor_id", sa.Uuid(), nullable=False),
        sa.Column("creditor_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("millionths", EXACT, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["clearing_days.day"], name=op.f("fk_clearing_lines_day")),
        sa.PrimaryKeyConstraint(
            "day",
            "debtor_id",
            "creditor_id",
            "currency",
            "booked_on",
            "kind",
            "version",
            name=op.f("pk_clearing_lines"),
        ),
    )
    op.create_table(
        "clearing_balances",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=False),
        sa.Column("closing_minor", sa.BigInteger(), nullable=False),
        sa.Column("millionths", EXACT, nullable=False),
        sa.CheckConstraint(
            "closing_minor = round(millionths / 1000000)",
            name=op.f("ck_clearing_balances_closing_rounded"),
        ),
        sa.ForeignKeyConstraint(
            ["day"], ["clearing_days.day"], name=op.f("fk_clearing_balances_day")
        ),
        sa.PrimaryKeyConstraint(
            "entity_id", "other_id", "currency", "day", name=op.f("pk_clearing_balances")
        ),
    )
    op.create_index("ix_clearing_balances_day", "clearing_balances", ["entity_id", "day"])


def _payments() -> None:
    op.create_table(
        "clearing_payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("payee_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_clearing_payments_amount_positive")),
        sa.CheckConstraint("payer_id <> payee_id", name=op.f("ck_clearing_payments_two_entities")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clearing_payments")),
    )


def _mark() -> None:
    op.create_table(
        "clearing_mark",
        sa.Column("one", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("done_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen_xid", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_clearing_mark_one_row")),
        sa.CheckConstraint("done_id <= seen_id", name=op.f("ck_clearing_mark_done_was_seen")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_clearing_mark")),
    )
    op.execute("INSERT INTO clearing_mark DEFAULT VALUES")


def downgrade() -> None:
    for table in (
        "clearing_mark",
        "clearing_payments",
        "clearing_balances",
        "clearing_lines",
        "clearing_items",
        "clearing_days",
        "clearing_agreements",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change_but_day()")
