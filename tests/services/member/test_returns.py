"""What is known from purchases when goods come back: less, to the cent and the piece (M3)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from services.member import purchases, returns
from shared.contracts import Envelope
from shared.contracts.member import Member, Purchases
from shared.contracts.order import OrderPlaced
from shared.contracts.order.returns import CameBack, OrderReturned
from shared.ids import new_id
from tests.services.member.test_purchases import (
    CATEGORIES,
    DRESS,
    OTHER_STORE,
    SHIRT,
    differences,
    envelope,
    known,
    placed,
)
from tests.services.returned import came_back, kept

__all__ = ["known"]


def back_of(
    sale: Envelope[OrderPlaced], pieces: dict[Any, int], refund_minor: int, number: int = 1,
    gone: dict[Any, int] | None = None,
) -> Envelope[OrderReturned]:  # fmt: skip
    """So many pieces of a sale come back to the other store; `gone` came back before."""
    order = sale.data
    before = gone or {}
    left = {
        line.sku_id: line.quantity - before.get(line.sku_id, 0) - pieces.get(line.sku_id, 0)
        for line in order.lines
    }
    back = came_back(
        order.order_id, OTHER_STORE, {}, number=number, member_id=order.member_id,
        refund_minor=refund_minor,
        lines=[
            CameBack(line=1, sku_id=sku, style_id=sku, category=CATEGORIES[sku], quantity=quantity,
                     damaged=0, net_minor=0)
            for sku, quantity in pieces.items()
        ],
        kept_lines=[kept(sku, quantity, CATEGORIES[sku]) for sku, quantity in left.items()
                    if quantity],
    )  # fmt: skip
    return envelope(back, order.order_id, 1 + number)


def test_what_came_back_was_not_bought(
    session: Session, register: Callable[..., Member], known: Callable[[Member], Purchases]
) -> None:
    member = register()
    sale = placed(member.id, {DRESS: 1, SHIRT: 2}, 30_000)
    later = placed(member.id, {SHIRT: 1}, 10_000, day=3)
    purchases.on_order_placed(session, [sale, later])

    first = back_of(sale, {SHIRT: 2}, 12_345)
    returns.on_order_returned(session, [first])
    part = known(member)
    rest = back_of(sale, {DRESS: 1}, 17_655, number=2, gone={SHIRT: 2})
    returns.on_order_returned(session, [rest])

    assert (part.count, part.spent_minor) == (2, 27_655)
    assert set(part.favourite_sku_ids) == {DRESS, SHIRT}
    whole = known(member)
    assert (whole.count, whole.spent_minor, whole.first_on) == (1, 10_000, later.data.business_date)
    assert whole.favourite_sku_ids == [SHIRT]
    shown = session.execute(
        text(
            "SELECT store_id, document_id, figures ->> 'amount_minor' AS minor FROM happenings"
            " WHERE kind = 'return' ORDER BY id"
        )
    ).all()
    assert [tuple(row) for row in shown] == [
        (OTHER_STORE, sale.data.order_id, "12345"),
        (OTHER_STORE, sale.data.order_id, "17655"),
    ]
    assert differences(session) == {}


def test_goods_of_an_order_that_is_not_here_are_looked_at(session: Session) -> None:
    sale = placed(new_id(), {DRESS: 1}, 100)

    with pytest.raises(returns.Unknown):
        returns.on_order_returned(session, [back_of(sale, {DRESS: 1}, 100)])

    assert session.scalar(text("SELECT count(*) FROM member_orders")) == 0


@given(
    parts=st.lists(st.integers(1, 3), min_size=1, max_size=6),
    in_one_batch=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_part_by_part_in_whatever_batches(
    service_engine: Callable[[str], Engine], parts: list[int], in_one_batch: bool
) -> None:
    pieces, member_id = sum(parts), new_id()
    sale = placed(member_id, {DRESS: pieces + 1}, (pieces + 1) * 100)
    other = placed(member_id, {SHIRT: 1}, 50)
    backs, gone = [], 0
    for number, part in enumerate(parts, 1):
        backs.append(back_of(sale, {DRESS: part}, part * 100, number, {DRESS: gone}))
        gone += part
    with service_engine("member").connect() as connection, Session(connection) as session:
        purchases.on_order_placed(session, [sale, other])
        for batch in [backs] if in_one_batch else [[back] for back in backs]:
            returns.on_order_returned(session, batch)
        facts = session.execute(text("SELECT orders, spent_minor FROM purchase_facts")).one()
        bought = session.scalar(
            text("SELECT pieces FROM purchased_skus WHERE sku_id = :sku"), {"sku": DRESS}
        )
        wrong = differences(session)
        session.rollback()

    assert tuple(facts) == (2, 150)
    assert bought == 1
    assert wrong == {}
