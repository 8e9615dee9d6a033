"""Whatever happens to stock, in whatever order, the books agree."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services.inventory import movements, settlements
from shared.contracts.inventory import MovementLine, MoveStock, Reserve
from shared.errors import Refusal
from shared.ids import new_id
from tests.services.inventory.givens import (
    HQ,
    a_store,
    an_order,
    differences,
    level_of,
    release,
    reserved,
    settle,
    some_skus,
    void,
)

PIECES = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), PIECES, st.booleans()),
        st.tuples(st.sampled_from(["settle", "release", "void"]), st.integers(0, 9)),
        st.tuples(st.sampled_from(["receiving", "damage"]), PIECES),
    ),
    max_size=25,
)
EVENTS = {"settle": settle, "release": release, "void": void}


@pytest.mark.long
@given(STEPS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_books_agree_after_anything(session: Session, steps: list[tuple]) -> None:
    store_id = a_store(session)
    skus = some_skus(session, 3)
    orders: list[Reserve] = []
    oversold = False
    for name, *rest in steps:
        with_fact = name == "reserve" and rest[1]
        oversold = oversold or with_fact

        def step(name: str = name, rest: list = rest) -> None:
            if name == "reserve":
                pieces = [(skus[number], count) for number, count in rest[0]]
                orders.append(an_order(store_id, *pieces, fact=rest[1]))
                reserved(session, orders[-1])
            elif name in EVENTS:
                if orders:
                    EVENTS[name](session, orders[rest[0] % len(orders)])
            else:
                _move(session, store_id, name, [(skus[n], count) for n, count in rest[0]])

        _whole_or_not(session, step)

    assert differences(session) == {}
    for sku in skus:
        on_hand, held = level_of(session, store_id, sku)
        assert held >= 0
        assert oversold or on_hand >= held


def _whole_or_not(session: Session, step: Callable[[], None]) -> None:
    """One transaction of a service: refused, it leaves nothing behind."""
    try:
        with session.begin_nested():
            step()
    except (Refusal, settlements.WrongState):
        pass


def _move(session: Session, store_id: object, reason: str, pieces: list) -> None:
    sign = 1 if reason == "receiving" else -1
    lines = [MovementLine(sku_id=sku, quantity=sign * count) for sku, count in pieces]
    command = MoveStock(id=new_id(), store_id=store_id, reason=reason, lines=lines)
    movements.move_stock(session, HQ, command)
