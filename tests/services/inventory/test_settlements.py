import pytest
from sqlalchemy.orm import Session

from services.inventory import settlements
from shared.ids import new_id
from tests.services.inventory.givens import (
    a_store,
    an_order,
    cancelled,
    differences,
    everything,
    level_of,
    placed,
    release,
    reserved,
    settle,
    some_skus,
    stocked,
    told,
    void,
)


def test_a_batch_of_orders_leaves_the_store_with_a_movement_each(session: Session) -> None:
    here, there = a_store(session), a_store(session)
    one, two = some_skus(session, 2)
    stocked(session, here, {one: 10, two: 10})
    stocked(session, there, {one: 10})
    orders = [
        reserved(session, an_order(here, (one, 1), (two, 2), (one, 1))),
        reserved(session, an_order(here, (one, 3))),
        reserved(session, an_order(there, (one, 4))),
    ]
    before = len(told(session, "stock_changed"))

    settle(session, *reversed(orders))

    assert level_of(session, here, one) == (5, 0)
    assert level_of(session, here, two) == (8, 0)
    assert level_of(session, there, one) == (6, 0)
    events = told(session, "stock_changed")[before:]
    assert [event["document_id"] for event in events] == [
        str(order.order_id) for order in reversed(orders)
    ]
    assert {event["reason"] for event in events} == {"sale"}
    assert [level["on_hand"] for level in events[2]["levels"]] == [5, 8]
    assert differences(session) == {}


def test_settling_twice_books_once(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    order = reserved(session, an_order(store_id, (sku, 2)))
    settlements.on_order_placed(session, [placed(order), placed(order)])
    before = everything(session)

    settle(session, order)

    assert everything(session) == before
    assert level_of(session, store_id, sku) == (3, 0)


def test_an_order_without_a_reservation_is_not_swallowed(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    good = reserved(session, an_order(store_id, (sku, 1)))
    before = everything(session)
    released = an_order(store_id, (sku, 1))

    with pytest.raises(settlements.WrongState), session.begin_nested():
        settle(session, good, an_order(store_id, (sku, 1)))
    assert everything(session) == before

    release(session, released)
    with pytest.raises(settlements.WrongState), session.begin_nested():
        settle(session, released)


def test_a_release_gives_everything_back_and_tells(session: Session) -> None:
    store_id = a_store(session)
    one, two = some_skus(session, 2)
    stocked(session, store_id, {one: 5, two: 5})
    kept = reserved(session, an_order(store_id, (one, 1)))
    order = reserved(session, an_order(store_id, (one, 2), (two, 5)))
    never = an_order(store_id, (one, 1))

    settlements.on_order_cancelled(session, [cancelled(never), cancelled(order), cancelled(order)])
    release(session, order)

    assert level_of(session, store_id, one) == (5, 1)
    assert level_of(session, store_id, two) == (5, 0)
    *_, event = told(session, "stock_changed")
    assert (event["reason"], event["document_id"]) == ("release", str(order.order_id))
    assert len(told(session, "stock_changed")) == 2  # the receipt, and one for the two
    assert differences(session) == {}
    settle(session, kept)
    assert differences(session) == {}


def test_a_settled_order_is_not_released(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    order = reserved(session, an_order(store_id, (sku, 2)))
    settle(session, order)
    before = everything(session)
    with pytest.raises(settlements.WrongState), session.begin_nested():
        release(session, order)
    assert everything(session) == before


def test_a_void_brings_the_pieces_back_once(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    order = reserved(session, an_order(store_id, (sku, 2)))
    settle(session, order)

    void(session, order)
    void(session, order)

    assert level_of(session, store_id, sku) == (5, 0)
    assert [event["reason"] for event in told(session, "stock_changed")] == [
        "receiving",
        "sale",
        "void",
    ]
    assert differences(session) == {}


def test_only_what_was_settled_is_voided(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    order = reserved(session, an_order(store_id, (sku, 2)))
    for wrong in (order, an_order(store_id, (sku, 1), order_id=new_id())):
        with pytest.raises(settlements.WrongState), session.begin_nested():
            void(session, wrong)
    assert level_of(session, store_id, sku) == (5, 2)


def test_a_fact_is_settled_like_any_sale(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 1})
    order = reserved(session, an_order(store_id, (sku, 3), fact=True))

    settle(session, order)

    assert level_of(session, store_id, sku) == (-2, 0)
    assert differences(session) == {}


def test_a_store_that_was_closed_meanwhile_is_settled_all_the_same(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 1})
    order = reserved(session, an_order(store_id, (sku, 1)))
    session.connection().exec_driver_sql("UPDATE stores SET active = false")

    settle(session, order)

    assert level_of(session, store_id, sku) == (0, 0)
