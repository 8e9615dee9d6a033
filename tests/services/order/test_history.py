"""Lists of orders, voiding one, and what the database itself refuses."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from services.order import cancellation, checkout, history
from shared.contracts.order import CancelOrder, GetOrders, ListOrders
from shared.database import Database
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.seal import Caller, Role
from shared.service import Transaction
from tests.services.order.conftest import STORE, FakeServices, caller, rows, sale


@pytest.fixture
def sold(database: Database, services: FakeServices, clerk: Caller) -> list[UUID]:
    """Five sales, the last two of one member."""
    member = uuid4()
    ids = []
    for number in range(5):
        command = sale(member_id=member if number > 2 else None)
        checkout.place_order(Transaction(database), services, clerk, command)
        ids.append(command.order_id)
    return ids


def test_pages_of_a_store(database: Database, clerk: Caller, sold: list[UUID]) -> None:
    with database.transaction() as session:
        first = history.list_orders(session, clerk, ListOrders(store_id=STORE, first=2))
        second = history.list_orders(
            session, clerk, ListOrders(store_id=STORE, first=3, after=first.cursors[-1])
        )
    assert [order.id for order in first.items + second.items] == sold[::-1]
    assert (first.has_next, second.has_next) == (True, False)
    assert first.items[0].lines[0].name == "连衣裙"
    assert first.items[0].tenders[0].kind == "cash"


def test_a_members_orders_are_seen_in_every_store(
    database: Database, clerk: Caller, sold: list[UUID]
) -> None:
    elsewhere = caller(Role.ASSOCIATE, store=uuid4())
    with database.transaction() as session:
        member = history.read(session, clerk, sold[-1:])[0].member_id
        page = history.list_orders(session, elsewhere, ListOrders(member_id=member))
        by_id = history.get_orders(session, elsewhere, GetOrders(ids=sold))
    assert [order.id for order in page.items] == sold[:2:-1]
    assert by_id.items == []


def test_lists_that_are_refused(database: Database, clerk: Caller, sold: list[UUID]) -> None:
    stranger = caller(Role.STORE_MANAGER, store=uuid4())
    with database.transaction() as session:
        with pytest.raises(InvalidInput):
            history.list_orders(session, clerk, ListOrders())
        with pytest.raises(InvalidInput, match="INVALID_CURSOR"):
            history.list_orders(session, clerk, ListOrders(store_id=STORE, after="nonsense"))
        with pytest.raises(Forbidden):
            history.list_orders(session, stranger, ListOrders(store_id=STORE))


def test_a_manager_voids_a_sale_once(database: Database, sold: list[UUID]) -> None:
    manager = caller(Role.STORE_MANAGER)
    command = CancelOrder(order_id=sold[0], reason="顾客反悔")
    for _ in range(2):
        with database.transaction() as session:
            order = cancellation.cancel_order(session, manager, command)
        assert (order.status, order.cancel_reason) == ("voided", "顾客反悔")
    told = rows(database, "SELECT type FROM outbox WHERE type = 'order.voided'")
    assert len(told) == 1


def test_yesterdays_sale_is_a_return(database: Database, sold: list[UUID]) -> None:
    earlier = datetime.now(UTC) - timedelta(days=2)
    rows(database, "UPDATE orders SET business_date = :day RETURNING id", day=earlier)
    command = CancelOrder(order_id=sold[0], reason="late")
    with database.transaction() as session, pytest.raises(Refusal, match="NOT_CANCELLABLE"):
        cancellation.cancel_order(session, caller(Role.STORE_MANAGER), command)
    assert rows(database, "SELECT DISTINCT status FROM orders")[0].status == "placed"


def test_orders_that_cannot_be_voided(database: Database, sold: list[UUID]) -> None:
    unknown = CancelOrder(order_id=uuid4(), reason="??")
    known = CancelOrder(order_id=sold[0], reason="??")
    stranger = caller(Role.STORE_MANAGER, store=uuid4())
    with database.transaction() as session:
        with pytest.raises(Refusal, match="UNKNOWN_ORDER"):
            cancellation.cancel_order(session, caller(Role.STORE_MANAGER), unknown)
        with pytest.raises(Forbidden):
            cancellation.cancel_order(session, stranger, known)
    assert rows(database, "SELECT DISTINCT status FROM orders")[0].status == "placed"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM order_lines",
        "UPDATE order_tenders SET amount_minor = 1",
        "UPDATE orders SET total_minor = total_minor + 1",
        "UPDATE orders SET receipt_number = NULL",
        "UPDATE orders SET status = 'lost'",
    ],
)
def test_what_the_database_refuses(database: Database, sold: list[UUID], statement: str) -> None:
    with pytest.raises(DBAPIError):
        rows(database, statement)
