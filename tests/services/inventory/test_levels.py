import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.inventory import levels, movements
from shared.contracts.inventory import (
    GetLevels,
    MovementLine,
    MoveStock,
    SetThreshold,
    WhereElse,
)
from shared.errors import Forbidden
from shared.ids import new_id
from tests.services.inventory.givens import (
    HQ,
    a_store,
    an_order,
    at,
    everything,
    refused,
    release,
    reserved,
    settle,
    some_skus,
    stocked,
    told,
)


def test_levels_come_in_the_order_asked_for_and_missing_ones_are_zero(session: Session) -> None:
    store_id = a_store(session)
    one, two = some_skus(session, 2)
    stocked(session, store_id, {one: 4})
    reserved(session, an_order(store_id, (one, 1)))

    command = GetLevels(store_id=store_id, sku_ids=[two, one])
    items = levels.get_levels(session, at(store_id), command).items

    assert [(level.sku_id, level.on_hand, level.reserved, level.available) for level in items] == [
        (two, 0, 0, 0),
        (one, 4, 1, 3),
    ]


def test_where_else_names_every_open_store_most_available_first(session: Session) -> None:
    few, many, none, closed = (a_store(session, code=f"W{number}") for number in range(4))
    (sku,) = some_skus(session, 1)
    for store_id, count in ((few, 2), (many, 9), (none, 1), (closed, 99)):
        stocked(session, store_id, {sku: count})
    reserved(session, an_order(none, (sku, 1)))
    _close(session, closed)

    items = levels.where_else(session, WhereElse(sku_id=sku)).items

    assert [(level.store_id, level.available) for level in items] == [
        (many, 9),
        (few, 2),
        (none, 0),
    ]


def _close(session: Session, store_id: object) -> None:
    session.execute(text("UPDATE stores SET active = false WHERE id = :id"), {"id": store_id})


def test_where_else_refuses_an_unknown_sku(session: Session) -> None:
    with refused(session, "UNKNOWN_SKU"):
        levels.where_else(session, WhereElse(sku_id=new_id()))


def test_each_fall_to_the_threshold_is_told_once(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    levels.set_threshold(session, HQ, SetThreshold(store_id=store_id, sku_id=sku, threshold=3))

    reserved(session, an_order(store_id, (sku, 1)))
    assert told(session, "stock_low") == []

    falling = reserved(session, an_order(store_id, (sku, 1)))
    (low,) = told(session, "stock_low")
    assert (low["sku_id"], low["available"], low["threshold"]) == (str(sku), 3, 3)

    lower = reserved(session, an_order(store_id, (sku, 1)))
    settle(session, falling)
    assert len(told(session, "stock_low")) == 1

    release(session, lower)
    stocked(session, store_id, {sku: 10})
    line = MovementLine(sku_id=sku, quantity=-11)
    movements.move_stock(
        session, HQ, MoveStock(id=new_id(), store_id=store_id, reason="damage", lines=[line])
    )
    assert [event["available"] for event in told(session, "stock_low")] == [3, 2]


def test_a_threshold_set_again_tells_nothing(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    command = SetThreshold(store_id=store_id, sku_id=sku, threshold=3)
    first = levels.set_threshold(session, HQ, command)
    before = everything(session)

    assert levels.set_threshold(session, HQ, command) == first
    assert everything(session) == before
    (event,) = told(session, "threshold_set")
    assert (event["sku_id"], event["threshold"]) == (str(sku), 3)


def test_a_threshold_for_nothing_or_elsewhere_is_refused(session: Session) -> None:
    mine, other = a_store(session), a_store(session)
    (sku,) = some_skus(session, 1)
    with refused(session, "UNKNOWN_SKU"):
        levels.set_threshold(session, HQ, SetThreshold(store_id=mine, sku_id=new_id(), threshold=1))
    with refused(session, "FORBIDDEN_SCOPE"):
        levels.set_threshold(
            session, at(mine), SetThreshold(store_id=other, sku_id=sku, threshold=1)
        )
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        levels.get_levels(session, at(mine), GetLevels(store_id=other, sku_ids=[sku]))
