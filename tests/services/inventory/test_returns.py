"""Goods that come back are in the stock of the store that took them (K9)."""

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.inventory import returns
from shared.ids import new_id
from tests.services.inventory.givens import (
    a_store,
    an_order,
    differences,
    everything,
    in_envelope,
    level_of,
    reserved,
    settle,
    some_skus,
    stocked,
    told,
)
from tests.services.returned import came_back


def test_pieces_come_in_where_they_are_taken_and_damaged_ones_go_out_again(
    session: Session,
) -> None:
    sold_in, taken_in = a_store(session), a_store(session)
    one, two = some_skus(session, 2)
    stocked(session, sold_in, {one: 5, two: 5})
    order = reserved(session, an_order(sold_in, (one, 3), (two, 1)))
    settle(session, order)

    back = came_back(order.order_id, taken_in, {one: (3, 1), two: (1, 1)})
    returns.on_order_returned(session, [in_envelope(back, back.order_id)])

    assert level_of(session, sold_in, one) == (2, 0)
    assert level_of(session, taken_in, one) == (2, 0)
    assert level_of(session, taken_in, two) == (0, 0)
    event = told(session, "stock_changed")[-1]
    assert (event["reason"], event["document_id"]) == ("return", str(back.return_id))
    assert [level["on_hand"] for level in event["levels"]] == [2, 0]
    assert differences(session) == {}


def test_a_batch_of_returns_moves_one_piece_after_the_other(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 4})
    orders = [reserved(session, an_order(store_id, (sku, 2))) for _ in range(2)]
    settle(session, *orders)

    returns.on_order_returned(
        session,
        [
            in_envelope(came_back(orders[0].order_id, store_id, {sku: (2, 2)}), new_id()),
            in_envelope(came_back(orders[1].order_id, store_id, {sku: (2, 0)}), new_id()),
        ],
    )

    assert level_of(session, store_id, sku) == (2, 0)
    assert differences(session) == {}


def test_the_database_takes_a_return_in_once(session: Session) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    back = came_back(new_id(), store_id, {sku: (1, 0)})
    returns.on_order_returned(session, [in_envelope(back, back.order_id)])
    before = everything(session)

    with pytest.raises(IntegrityError), session.begin_nested():
        returns.on_order_returned(session, [in_envelope(back, back.order_id)])

    assert everything(session) == before
    assert level_of(session, store_id, sku) == (1, 0)
