"""What the database itself sees to, and what a sale costs."""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.loyalty import earning, holds
from services.loyalty.models import Base
from shared.contracts.order import OrderPlaced
from shared.database import Database
from shared.inbox import apply
from tests.services.loyalty.conftest import (
    EARN,
    LADDER,
    SPEND,
    Shop,
    counted,
    differences,
    envelope_of,
)


def test_models_and_migrations_agree(service_engine: Callable[[str], Engine]) -> None:
    with service_engine("loyalty").connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


@pytest.mark.parametrize(
    "table",
    ["rules", "transactions", "entries", "orders_booked", "documents", "expiry_notices"],
)
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET {} = DEFAULT", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_what_was_written_stays(shop: Shop, member_id: UUID, table: str, change: str) -> None:
    shop.fill(member_id, points=1, wallet_minor=1)
    column = {"entries": "reason", "expiry_notices": "points"}.get(table, "kind")
    statement = text(change.format(table, column))

    with pytest.raises(DBAPIError, match="append-only"):
        shop.session.execute(statement)


def test_entries_that_do_not_add_up_are_refused(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, points=1)

    with pytest.raises(DBAPIError) as refused:
        shop.session.execute(
            text(
                "INSERT INTO entries (transaction_id, account_id, unit, amount, reason,"
                " document_id, at) SELECT transaction_id, account_id, unit, 5, reason,"
                " document_id, at FROM entries LIMIT 1"
            )
        )

    assert isinstance(refused.value.orig, psycopg.errors.CheckViolation)


def test_entries_are_balanced_by_what_is_written_not_by_reading_the_ledger(shop: Shop) -> None:
    """Looked up in the ledger, the check of some hundreds read all of it: seconds at a million."""
    source = shop.session.scalar(text("SELECT prosrc FROM pg_proc WHERE proname = :name"),
                                 {"name": "refuse_unbalanced"})  # fmt: skip

    assert "FROM added" in str(source)
    assert "FROM entries" not in str(source)


def test_an_entry_has_the_unit_of_its_account(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, points=1)

    with pytest.raises(DBAPIError) as refused:
        shop.session.execute(
            text(
                "INSERT INTO entries (transaction_id, account_id, unit, amount, reason,"
                " document_id, at) SELECT transaction_id, account_id, 'CNY', amount, reason,"
                " document_id, at FROM entries"
            )
        )

    assert isinstance(refused.value.orig, psycopg.errors.ForeignKeyViolation)


STRAYS = {
    "entries_refers_to_transactions": "INSERT INTO entries (transaction_id, account_id, unit,"
    " amount, reason, document_id, at) SELECT lost, account_id, unit, amount, reason, document_id,"
    " at FROM entries, gen_random_uuid() AS lost",
    "entries_refers_to_accounts": "INSERT INTO entries (transaction_id, account_id, unit, amount,"
    " reason, document_id, at) SELECT transaction_id, gen_random_uuid(), unit, amount, reason,"
    " document_id, at FROM entries",
    "balances_refers_to_accounts": "INSERT INTO balances (account_id) VALUES (gen_random_uuid())",
    "member_accounts_refers_to_accounts": "INSERT INTO member_accounts (member_id, kind,"
    " account_id) SELECT member_id, 'points', gen_random_uuid() FROM members WHERE member_id <>"
    " :member_id",
    "member_accounts_refers_to_members": "INSERT INTO member_accounts (member_id, kind,"
    " account_id) SELECT gen_random_uuid(), 'points', id FROM accounts WHERE store_id IS NOT NULL"
    " LIMIT 1",
    "openings_refers_to_members": "INSERT INTO openings (import_id, row, document_id, member_id,"
    " store_id, currency, points, principal_minor, bonus_minor, earned_on, at) SELECT u, 1, u, u,"
    " u, 'CNY', 1, 0, 0, now(), now() FROM gen_random_uuid() AS u",
}


@pytest.mark.parametrize("reference", STRAYS)
def test_what_names_something_that_is_not_there_is_refused(
    shop: Shop, member_id: UUID, reference: str
) -> None:
    shop.fill(member_id, points=1)
    shop.session.execute(text("INSERT INTO members (member_id) VALUES (gen_random_uuid())"))

    with pytest.raises(DBAPIError) as refused:
        shop.session.execute(text(STRAYS[reference]), {"member_id": member_id})

    assert isinstance(refused.value.orig, psycopg.errors.ForeignKeyViolation)
    assert refused.value.orig.diag.constraint_name == reference


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM members",
        "UPDATE members SET member_id = gen_random_uuid()",
        "TRUNCATE members CASCADE",
        "DELETE FROM accounts",
        "UPDATE accounts SET unit = 'USD'",
        "UPDATE balances SET account_id = gen_random_uuid()",
        "UPDATE member_accounts SET member_id = gen_random_uuid()",
    ],
)
def test_what_is_named_stays(shop: Shop, member_id: UUID, change: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        shop.session.execute(text(change))


@pytest.mark.parametrize(
    ("check", "change"),
    [
        (
            "entries name a transaction and an account of their unit",
            "UPDATE entries SET transaction_id = gen_random_uuid()",
        ),
        ("every member's account has an owner and a balance", "DELETE FROM balances"),
        ("every member's account has an owner and a balance", "DELETE FROM members"),
    ],
)
def test_the_audit_sees_what_names_nothing(
    shop: Shop, member_id: UUID, check: str, change: str
) -> None:
    shop.fill(member_id, points=1)
    assert differences(shop.session) == {}
    shop.session.execute(text("SET LOCAL session_replication_role = replica"))

    shop.session.execute(text(change))

    assert check in differences(shop.session)


def test_nothing_less_than_nothing_is_held(shop: Shop, member_id: UUID) -> None:
    with pytest.raises(DBAPIError, match="held_not_negative"):
        shop.session.execute(text("UPDATE balances SET held = held - 1"))


@pytest.mark.parametrize("orders", [1, 50])
def test_a_batch_of_sales_costs_three_statements(database: Database, orders: int) -> None:
    with database.transaction() as session:
        shop = Shop(session)
        shop.publish(EARN, SPEND, LADDER)
        members = [shop.register() for _ in range(5)]
    placed = [shop.order((members * 10)[number], 60_000) for number in range(orders)]

    with counted(database.engine) as sent:
        apply(
            database,
            "on_order_placed",
            earning.on_order_placed,
            [envelope_of(order) for order in placed],
        )

    assert len(sent) == 3  # the inbox claim, one that reads and locks, one that writes
    with database.transaction() as session:
        assert differences(session) == {}
        assert session.scalar(text("SELECT count(*) FROM orders_booked")) == orders


def test_a_hold_costs_two_statements(database: Database) -> None:
    with database.transaction() as session:
        shop = Shop(session)
        shop.publish(EARN, SPEND, LADDER)
        member_id = shop.register()
        shop.fill(member_id, points=100, wallet_minor=1_000)
    hold = shop.hold(member_id, points=10, points_minor=10, wallet_minor=100)
    with database.transaction() as session:
        holds.hold(session, shop.seller, shop.hold(member_id))  # the store is known from here on

    with counted(database.engine) as sent, database.transaction() as session:
        holds.hold(session, shop.seller, hold)

    assert len(sent) == 2


def test_a_batch_that_fails_leaves_nothing(database: Database) -> None:
    with database.transaction() as session:
        shop = Shop(session)
        shop.publish(EARN)
        member_id = shop.register()
    good = shop.order(member_id, 1_000)
    bad: OrderPlaced = shop.order(member_id, 10**30)  # more than the column holds

    with pytest.raises(DBAPIError):
        apply(
            database,
            "on_order_placed",
            earning.on_order_placed,
            [envelope_of(good), envelope_of(bad)],
        )

    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM orders_booked")) == 0
        assert session.scalar(text("SELECT count(*) FROM inbox")) == 0
