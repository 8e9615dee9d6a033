from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.inventory import movements
from shared.contracts.inventory import ListMovements, MovementLine, MoveStock
from shared.errors import InvalidInput
from shared.ids import new_id
from shared.paging import encode_cursor
from shared.seal import Role
from tests.services.inventory.givens import (
    HQ,
    a_store,
    an_order,
    at,
    differences,
    everything,
    level_of,
    refused,
    reserved,
    settle,
    some_skus,
    stocked,
    told,
    void,
)


def a_document(
    store_id: UUID, *lines: tuple[UUID, int], reason: str = "receiving", id_: UUID | None = None
) -> MoveStock:
    raw = {
        "id": id_ or new_id(),
        "store_id": store_id,
        "reason": reason,
        "lines": [MovementLine(sku_id=sku, quantity=count) for sku, count in lines],
    }
    return msgspec.convert(raw, MoveStock, from_attributes=True)


def test_receiving_adds_up_lines_and_tells(session: Session) -> None:
    store_id = a_store(session)
    one, two = some_skus(session, 2)
    document = a_document(store_id, (two, 3), (one, 1), (two, 4))

    answer = movements.move_stock(session, at(store_id), document)

    assert [(level.sku_id, level.on_hand) for level in answer.items] == [(one, 1), (two, 7)]
    (moved,) = told(session, "stock_moved")
    assert [line["quantity"] for line in moved["lines"]] == [3, 1, 4]
    (changed,) = told(session, "stock_changed")
    assert changed["document_id"] == str(document.id)
    assert [level["on_hand"] for level in changed["levels"]] == [1, 7]
    assert differences(session) == {}


def test_a_document_sent_twice_is_booked_once_and_gets_its_first_answer(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    document = a_document(store_id, (sku, 5))
    first = movements.move_stock(session, HQ, document)
    stocked(session, store_id, {sku: 1})
    before = everything(session)

    assert movements.move_stock(session, HQ, document) == first
    assert everything(session) == before
    with refused(session, "MOVEMENT_ID_TAKEN"):
        movements.move_stock(session, HQ, a_document(store_id, (sku, 6), id_=document.id))


def test_stock_is_not_taken_below_what_is_reserved(session: Session) -> None:
    store_id = a_store(session)
    one, two, never = some_skus(session, 3)
    stocked(session, store_id, {one: 5, two: 5})
    reserved(session, an_order(store_id, (one, 3)))

    with refused(session, "STOCK_BELOW_RESERVED"):
        movements.move_stock(
            session, HQ, a_document(store_id, (two, -1), (one, -3), reason="damage")
        )
    with refused(session, "STOCK_BELOW_RESERVED"):
        movements.move_stock(session, HQ, a_document(store_id, (never, -1), reason="damage"))

    movements.move_stock(session, HQ, a_document(store_id, (one, -2), reason="damage"))
    assert level_of(session, store_id, one) == (3, 3)


def test_stock_below_zero_can_be_put_right_in_steps(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    settle(session, reserved(session, an_order(store_id, (sku, 5), fact=True)))
    assert level_of(session, store_id, sku) == (-5, 0)

    movements.move_stock(session, HQ, a_document(store_id, (sku, 2), reason="correction"))

    assert level_of(session, store_id, sku) == (-3, 0)
    assert differences(session) == {}


@pytest.mark.parametrize("quantity", [0, -1, 10**9, 10**30])
def test_quantities_that_cannot_be_are_refused(session: Session, quantity: int) -> None:
    store_id = a_store(session)
    one, two = some_skus(session, 2)
    with refused(session, "INVALID_QUANTITY", limit=1_000_000):
        movements.move_stock(session, HQ, a_document(store_id, (one, 1), (two, quantity)))


def test_lines_that_cancel_each_other_out_are_refused(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    with refused(session, "INVALID_QUANTITY"):
        movements.move_stock(
            session, HQ, a_document(store_id, (sku, 2), (sku, -2), reason="correction")
        )


def test_an_unknown_sku_is_refused_with_all_other_lines(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    with refused(session, "UNKNOWN_SKU"):
        movements.move_stock(session, HQ, a_document(store_id, (sku, 1), (new_id(), 1)))


@pytest.mark.parametrize(
    ("role", "reason", "allowed"),
    [
        (Role.ASSOCIATE, "receiving", True),
        (Role.ASSOCIATE, "damage", False),
        (Role.ASSOCIATE, "opening", False),
        (Role.STORE_MANAGER, "damage", True),
        (Role.REGION_MANAGER, "counting", True),
        (Role.INTEGRATION, "receiving", True),
        (Role.INTEGRATION, "opening", True),
        (Role.INTEGRATION, "correction", False),
        (Role.AUDITOR, "receiving", False),
    ],
)
def test_who_may_move_stock_for_what(
    session: Session, role: Role, reason: str, allowed: bool
) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    document = a_document(store_id, (sku, 1), reason=reason)
    if allowed:
        movements.move_stock(session, at(store_id, role), document)
        assert level_of(session, store_id, sku) == (1, 0)
    else:
        with refused(session, "FORBIDDEN_ROLE"):
            movements.move_stock(session, at(store_id, role), document)


def test_another_store_is_refused(session: Session) -> None:
    mine, other = a_store(session), a_store(session)
    (sku,) = some_skus(session, 1)
    with refused(session, "FORBIDDEN_SCOPE"):
        movements.move_stock(session, at(mine), a_document(other, (sku, 1)))
    with refused(session, "FORBIDDEN_SCOPE"):
        movements.list_movements(session, at(mine), ListMovements(store_id=other, sku_id=sku))


def test_the_ledger_says_why_a_number_is_what_it_is(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 10})
    sale = reserved(session, an_order(store_id, (sku, 2)))
    settle(session, sale)
    void(session, sale)
    movements.move_stock(session, HQ, a_document(store_id, (sku, -1), reason="damage"))

    command = ListMovements(store_id=store_id, sku_id=sku, first=3)
    newest = movements.list_movements(session, HQ, command)
    rest = movements.list_movements(
        session, HQ, msgspec.structs.replace(command, after=newest.cursors[-1])
    )

    entries = [
        (entry.reason, entry.quantity, entry.on_hand_after)
        for entry in (*newest.items, *rest.items)
    ]
    assert entries == [("damage", -1, 9), ("void", 2, 10), ("sale", -2, 8), ("receiving", 10, 10)]
    assert newest.items[1].document_id == sale.order_id
    assert (newest.has_next, rest.has_next) == (True, False)


def test_a_ledger_of_nothing(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    empty = movements.list_movements(session, HQ, ListMovements(store_id=store_id, sku_id=sku))
    assert empty.items == []
    with refused(session, "UNKNOWN_SKU"):
        movements.list_movements(session, HQ, ListMovements(store_id=store_id, sku_id=new_id()))


@pytest.mark.parametrize("cursor", ["x", encode_cursor("a"), encode_cursor(2**63)])
def test_a_foreign_cursor_is_refused(session: Session, cursor: str) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    with pytest.raises(InvalidInput, match="INVALID_CURSOR"):
        movements.list_movements(
            session, HQ, ListMovements(store_id=store_id, sku_id=sku, after=cursor)
        )


@pytest.mark.parametrize(
    "change", ["UPDATE movements SET quantity = 1", "DELETE FROM movements", "TRUNCATE movements"]
)
def test_the_ledger_is_never_changed(session: Session, change: str) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 1})
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(text(change))
