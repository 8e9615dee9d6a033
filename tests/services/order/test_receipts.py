"""A receipt goes out once as itself, and after that as a copy; each is logged."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from services.order import receipts
from services.order.audit import CHECKS
from shared.contracts.order.receipts import IssueReceipt, ReceiptIssue
from shared.database import Database
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller, Role
from tests.services.order.conftest import DEVICE, STORE, FakeServices, caller, rows
from tests.services.order.test_performance import sell, take_back


@pytest.fixture
def order_id(database: Database, services: FakeServices, clerk: Caller) -> UUID:
    return sell(database, services, clerk, 2).order_id


def issue(database: Database, who: Caller, **asked: Any) -> ReceiptIssue:
    command = IssueReceipt(**({"id": uuid4(), "way": "print"} | asked))
    with database.transaction() as session:
        return receipts.issue(session, who, command)


def logged(database: Database) -> list[tuple[Any, ...]]:
    query = "SELECT copy, way, store_id, device_id, issued_by FROM receipt_issues ORDER BY copy"
    return [tuple(row) for row in rows(database, query)]


def test_the_first_is_the_receipt_and_the_rest_are_copies(
    database: Database, clerk: Caller, order_id: UUID
) -> None:
    first = uuid4()
    numbers = [
        issue(database, clerk, id=first, order_id=order_id).copy,
        issue(database, clerk, id=first, order_id=order_id).copy,  # the paper was empty
        issue(database, clerk, way="share", order_id=order_id).copy,
    ]
    manager = caller(Role.STORE_MANAGER)
    last = issue(database, manager, order_id=order_id)

    assert (numbers, last.copy) == ([0, 0, 1], 2)
    assert last.order is not None
    assert last.order.total_minor == 20_000
    assert logged(database) == [
        (0, "print", STORE, DEVICE, clerk.id),
        (1, "share", STORE, DEVICE, clerk.id),
        (2, "print", STORE, DEVICE, manager.id),
    ]
    told = rows(database, "SELECT type FROM outbox WHERE type = 'order.receipt_issued'")
    assert len(told) == 3
    assert {name: found for name, query in CHECKS.items() if (found := rows(database, query))} == {}


def test_a_return_has_a_receipt_of_its_own(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    order = sell(database, services, clerk, 1)
    take_back(database, clerk, order, 1)
    return_id = rows(database, "SELECT id FROM returns")[0].id

    made = issue(database, clerk, return_id=return_id)

    assert (made.copy, made.order) == (0, None)
    assert made.return_receipt is not None
    assert made.return_receipt.refund_minor == 10_000


def test_copies_at_once_have_a_number_each(
    database: Database, clerk: Caller, order_id: UUID
) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: issue(database, clerk, order_id=order_id).copy, range(8)))
    assert sorted(made) == list(range(8))


def test_what_is_refused_logs_nothing(
    database: Database, clerk: Caller, order_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = uuid4()
    issue(database, clerk, id=known, order_id=order_id)
    monkeypatch.setattr(receipts, "COPIES_LIMIT", 0)
    stranger = caller(Role.STORE_MANAGER, store=uuid4())
    for who, asked, code in (
        (clerk, {"order_id": uuid4()}, "UNKNOWN_RECEIPT"),
        (clerk, {"return_id": order_id}, "UNKNOWN_RECEIPT"),
        (stranger, {"order_id": order_id}, "UNKNOWN_RECEIPT"),
        (clerk, {"id": known, "order_id": order_id, "way": "share"}, "RECEIPT_CONFLICT"),
        (clerk, {"order_id": order_id}, "TOO_MANY_COPIES"),
    ):
        with pytest.raises(Refusal, match=code):
            issue(database, who, **asked)
    with pytest.raises(InvalidInput):
        issue(database, clerk)
    assert len(logged(database)) == 1
    with pytest.raises(DBAPIError):
        rows(database, "DELETE FROM receipt_issues RETURNING id")
