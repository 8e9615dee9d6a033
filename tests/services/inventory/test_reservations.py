import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.inventory import reservations
from shared.contracts.inventory import Reserved
from shared.ids import new_id
from tests.services.inventory.givens import (
    HQ,
    a_sku,
    a_store,
    a_style,
    an_order,
    at,
    differences,
    everything,
    level_of,
    refused,
    release,
    reserved,
    saved,
    settle,
    some_skus,
    stocked,
    told,
    void,
)


def test_all_lines_are_held(session: Session) -> None:
    store_id = a_store(session)
    one, two = some_skus(session, 2)
    stocked(session, store_id, {one: 3, two: 3})
    order = an_order(store_id, (two, 1), (one, 1), (two, 2))

    answer = reservations.reserve(session, at(store_id), order)

    assert answer == Reserved(order_id=order.order_id, short=0)
    assert level_of(session, store_id, one) == (3, 1)
    assert level_of(session, store_id, two) == (3, 3)
    assert differences(session) == {}


def test_one_sku_on_two_lines_never_oversells(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 3})
    with refused(session, "OUT_OF_STOCK", sku_id=sku, available=3, wanted=4):
        reserved(session, an_order(store_id, (sku, 2), (sku, 2)))


def test_the_first_line_that_is_short_is_named_and_nothing_is_held(session: Session) -> None:
    store_id = a_store(session)
    red, blue = a_sku(colour="红", size="S"), a_sku(colour="蓝", size="L")
    saved(session, a_style(red, blue, name="衬衫"))
    stocked(session, store_id, {red.id: 5, blue.id: 2})
    reserved(session, an_order(store_id, (blue.id, 1)))

    with refused(session, "OUT_OF_STOCK", sku_id=blue.id, name="衬衫 蓝 L", available=1, wanted=2):
        reserved(session, an_order(store_id, (red.id, 5), (blue.id, 2)))


def test_what_the_store_never_had_is_out_of_stock(session: Session) -> None:
    store_id, other = a_store(session), a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, other, {sku: 10})
    with refused(session, "OUT_OF_STOCK", available=0, wanted=1):
        reserved(session, an_order(store_id, (sku, 1)))


@pytest.mark.parametrize("fact", [False, True])
def test_an_unknown_sku_is_refused(session: Session, fact: bool) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 1})
    unknown = new_id()
    with refused(session, "UNKNOWN_SKU", sku_id=unknown):
        reserved(session, an_order(store_id, (sku, 1), (unknown, 1), fact=fact))


@pytest.mark.parametrize("quantity", [0, -1, 10**9, 10**30])
def test_quantities_that_cannot_be_are_refused(session: Session, quantity: int) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    with refused(session, "INVALID_QUANTITY", limit=10_000):
        reserved(session, an_order(store_id, (sku, quantity), fact=True))


def test_unknown_closed_and_other_stores_are_refused(session: Session) -> None:
    mine, other, closed = a_store(session), a_store(session), a_store(session, active=False)
    (sku,) = some_skus(session, 1)
    with refused(session, "UNKNOWN_STORE"):
        reserved(session, an_order(new_id(), (sku, 1)))
    with refused(session, "STORE_CLOSED"):
        reserved(session, an_order(closed, (sku, 1)))
    with refused(session, "FORBIDDEN_SCOPE"):
        reservations.reserve(session, at(mine), an_order(other, (sku, 1)))


def test_an_order_reserved_twice_holds_once_even_when_settled(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    order = reserved(session, an_order(store_id, (sku, 2)))
    reserved(session, order)
    assert level_of(session, store_id, sku) == (5, 2)
    settle(session, order)
    before = everything(session)

    assert reservations.reserve(session, HQ, order) == Reserved(order_id=order.order_id)
    assert everything(session) == before


def test_an_order_id_with_other_pieces_is_refused(session: Session) -> None:
    store_id, other = a_store(session), a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    order = reserved(session, an_order(store_id, (sku, 2)))
    for changed in (
        an_order(store_id, (sku, 1), order_id=order.order_id),
        msgspec.structs.replace(order, store_id=other),
        msgspec.structs.replace(order, fact=True),
    ):
        with refused(session, "RESERVATION_ID_TAKEN"):
            reserved(session, changed)


def test_a_late_reservation_of_a_cancelled_order_is_refused(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    late, held = an_order(store_id, (sku, 2)), reserved(session, an_order(store_id, (sku, 2)))
    release(session, late, held)

    for order in (late, held):
        with refused(session, "RESERVATION_RELEASED"):
            reserved(session, order)
    assert level_of(session, store_id, sku) == (5, 0)


def test_a_voided_order_is_not_held_again(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    order = reserved(session, an_order(store_id, (sku, 2)))
    settle(session, order)
    void(session, order)
    with refused(session, "RESERVATION_RELEASED"):
        reserved(session, order)


def test_a_fact_is_booked_below_zero_and_told_of(session: Session) -> None:
    store_id = a_store(session)
    some, none, enough = some_skus(session, 3)
    stocked(session, store_id, {some: 2, enough: 9})
    order = an_order(store_id, (some, 5), (none, 1), (enough, 4), fact=True)

    answer = reservations.reserve(session, HQ, order)

    assert answer == Reserved(order_id=order.order_id, short=4)
    assert level_of(session, store_id, some) == (2, 5)
    assert level_of(session, store_id, none) == (0, 1)
    assert sorted(
        (event["sku_id"], event["available"]) for event in told(session, "stock_discrepancy")
    ) == sorted([(str(some), -3), (str(none), -1)])
    before = everything(session)
    assert reservations.reserve(session, HQ, order) == answer
    assert everything(session) == before


def test_a_second_fact_is_short_by_its_own_pieces_only(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    first = reservations.reserve(session, HQ, an_order(store_id, (sku, 3), fact=True))
    second = reservations.reserve(session, HQ, an_order(store_id, (sku, 2), fact=True))

    assert (first.short, second.short) == (3, 2)
    settled = session.scalars(text("SELECT short FROM reservations ORDER BY short")).all()
    assert settled == [2, 3]


def test_levels_count_their_changes(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    order = reserved(session, an_order(store_id, (sku, 1)))
    settle(session, order)
    void(session, order)

    versions = [event["levels"][0]["version"] for event in told(session, "stock_changed")]
    assert versions == [1, 3, 4]
