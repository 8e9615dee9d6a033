"""The guards under real threads, each with a connection of its own."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from services.inventory import movements, prices, reservations, settlements, styles
from shared.contracts.inventory import MovementLine, MoveStock, Reserve, SaveStyles, SetPrice
from shared.database import Database
from shared.errors import Refusal
from shared.ids import new_id
from tests.services.inventory.givens import (
    HQ,
    NOW,
    a_sku,
    a_store,
    a_style,
    an_order,
    cancelled,
    differences,
    level_of,
    placed,
    saved,
    some_skus,
    stocked,
    told,
)

pytestmark = pytest.mark.long

THREADS = 16


def at_once(database: Database, works: list[Callable[[Session], object]]) -> list[object]:
    """Run each in a transaction of its own, `THREADS` at a time; results or what was raised."""
    gate = threading.Barrier(min(THREADS, len(works)))
    first = threading.local()

    def run(work: Callable[[Session], object]) -> object:
        if not hasattr(first, "passed"):
            first.passed = True
            gate.wait(10)
        try:
            with database.transaction() as session:
                return work(session)
        except Exception as error:
            return error

    with ThreadPoolExecutor(min(THREADS, len(works))) as pool:
        return list(pool.map(run, works))


def outcomes(results: list[object]) -> Counter[str]:
    return Counter(
        result.code if isinstance(result, Refusal) else type(result).__name__ for result in results
    )


def reserving(order: Reserve) -> Callable[[Session], object]:
    return lambda session: reservations.reserve(session, HQ, order)


def a_shop(database: Database, count: int, pieces: int) -> tuple[UUID, list[UUID]]:
    with database.transaction() as session:
        store_id = a_store(session)
        skus = some_skus(session, count)
        stocked(session, store_id, dict.fromkeys(skus, pieces))
    return store_id, skus


def test_200_buyers_for_50_pieces_get_exactly_50(database: Database) -> None:
    store_id, (sku,) = a_shop(database, 1, 50)

    results = at_once(database, [reserving(an_order(store_id, (sku, 1))) for _ in range(200)])

    assert outcomes(results) == {"Reserved": 50, "OUT_OF_STOCK": 150}
    with database.transaction() as session:
        assert level_of(session, store_id, sku) == (50, 50)
        assert differences(session) == {}


def test_lines_in_opposite_order_neither_deadlock_nor_oversell(database: Database) -> None:
    store_id, skus = a_shop(database, 6, 40)
    orders = []
    for number in range(120):
        pieces = [(sku, 1) for sku in random.Random(number).sample(skus, 4)]
        orders.append(an_order(store_id, *pieces, pieces[0]))

    results = at_once(database, [reserving(order) for order in orders])

    counts = outcomes(results)
    assert set(counts) == {"Reserved", "OUT_OF_STOCK"}
    with database.transaction() as session:
        held = [level_of(session, store_id, sku)[1] for sku in skus]
        assert differences(session) == {}
    assert sum(held) == 5 * counts["Reserved"]
    assert max(held) <= 40


def test_one_sku_on_two_lines_never_oversells_between_many(database: Database) -> None:
    store_id, (sku,) = a_shop(database, 1, 9)

    orders = [an_order(store_id, (sku, 1), (sku, 1)) for _ in range(32)]
    results = at_once(database, [reserving(order) for order in orders])

    assert outcomes(results) == {"Reserved": 4, "OUT_OF_STOCK": 28}
    with database.transaction() as session:
        assert level_of(session, store_id, sku) == (9, 8)


def test_the_same_order_20_times_at_once_holds_once(database: Database) -> None:
    store_id, skus = a_shop(database, 3, 100)
    order = an_order(store_id, *((sku, 2) for sku in skus))

    results = at_once(database, [reserving(order)] * 20)

    assert outcomes(results) == {"Reserved": 20}
    assert len(set(map(repr, results))) == 1
    with database.transaction() as session:
        assert [level_of(session, store_id, sku) for sku in skus] == [(100, 2)] * 3


def test_a_refused_order_sent_20_times_at_once_is_refused_20_times(database: Database) -> None:
    store_id, (one, two) = a_shop(database, 2, 1)
    order = an_order(store_id, (one, 1), (two, 2))

    results = at_once(database, [reserving(order)] * 20)

    assert outcomes(results) == {"OUT_OF_STOCK": 20}
    with database.transaction() as session:
        assert level_of(session, store_id, one) == (1, 0)


@pytest.mark.parametrize("fact", [False, True])
def test_a_release_and_its_late_reservation_leave_nothing_held(
    database: Database, fact: bool
) -> None:
    store_id, skus = a_shop(database, 3, 1000)
    orders = [an_order(store_id, *((sku, 1) for sku in skus), fact=fact) for _ in range(60)]
    works: list[Callable[[Session], object]] = []
    for order in orders:
        works += [reserving(order), _releasing(order)]

    results = at_once(database, works)

    assert set(outcomes(results)) <= {"Reserved", "RESERVATION_RELEASED", "NoneType"}
    with database.transaction() as session:
        assert [level_of(session, store_id, sku) for sku in skus] == [(1000, 0)] * 3
        assert differences(session) == {}


def test_a_release_waits_for_a_reservation_that_is_just_being_made(database: Database) -> None:
    store_id, skus = a_shop(database, 3, 5)
    order = an_order(store_id, *((sku, 1) for sku in skus))
    done: list[object] = []
    with database.transaction() as session:
        reservations.reserve(session, HQ, order)
        waiting = threading.Thread(
            target=lambda: done.extend(at_once(database, [_releasing(order)]))
        )
        waiting.start()
        _wait_for_a_lock(database)
    waiting.join(10)

    assert done == [None]
    with database.transaction() as session:
        assert [level_of(session, store_id, sku) for sku in skus] == [(5, 0)] * 3


def _wait_for_a_lock(database: Database) -> None:
    """Until another connection waits for a transaction."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(200):
        with database.transaction() as session:
            if session.connection().exec_driver_sql(waiting).scalar_one():
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def _releasing(order: Reserve) -> Callable[[Session], object]:
    return lambda session: settlements.on_order_cancelled(session, [cancelled(order)])


def test_selling_settling_releasing_and_receiving_at_once_add_up(database: Database) -> None:
    store_id, skus = a_shop(database, 5, 200)
    chance = random.Random(7)
    held = [an_order(store_id, *((sku, 1) for sku in chance.sample(skus, 3))) for _ in range(60)]
    with database.transaction() as session:
        for order in held:
            reservations.reserve(session, HQ, order)
    works = [_settling(held[start : start + 5]) for start in range(0, 40, 5)]
    works += [_releasing(order) for order in held[40:]]
    works += [
        reserving(an_order(store_id, *((sku, 1) for sku in chance.sample(skus, 4)), fact=fact))
        for fact in (False, True)
        for _ in range(20)
    ]
    works += [_receiving(store_id, chance.sample(skus, 5)) for _ in range(20)]
    chance.shuffle(works)

    results = at_once(database, works)

    assert set(outcomes(results)) == {"Reserved", "NoneType", "Levels"}
    with database.transaction() as session:
        levels = [level_of(session, store_id, sku) for sku in skus]
        assert sum(on_hand for on_hand, _ in levels) == 5 * 200 - 40 * 3 + 20 * 5
        assert sum(reserved for _, reserved in levels) == 40 * 4
        assert differences(session) == {}


def _settling(orders: list[Reserve]) -> Callable[[Session], object]:
    return lambda session: settlements.on_order_placed(session, [placed(o) for o in orders])


def _receiving(store_id: UUID, skus: list[UUID]) -> Callable[[Session], object]:
    lines = [MovementLine(sku_id=sku, quantity=1) for sku in skus]
    command = MoveStock(id=new_id(), store_id=store_id, reason="receiving", lines=lines)
    return lambda session: movements.move_stock(session, HQ, command)


def test_the_same_batch_settled_by_two_consumers_is_booked_once(database: Database) -> None:
    store_id, (sku,) = a_shop(database, 1, 100)
    orders = [an_order(store_id, (sku, 1)) for _ in range(20)]
    with database.transaction() as session:
        for order in orders:
            reservations.reserve(session, HQ, order)

    results = at_once(database, [_settling(orders), _settling(list(reversed(orders)))] * 4)

    assert outcomes(results) == {"NoneType": 8}
    with database.transaction() as session:
        assert level_of(session, store_id, sku) == (80, 0)
        assert differences(session) == {}


def test_the_fall_to_a_threshold_is_told_once_between_many(database: Database) -> None:
    store_id, (sku,) = a_shop(database, 1, 30)
    with database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE stock SET threshold = 10")

    at_once(database, [reserving(an_order(store_id, (sku, 1))) for _ in range(40)])

    with database.transaction() as session:
        assert [event["available"] for event in told(session, "stock_low")] == [10]


def test_the_same_document_10_times_at_once_is_booked_once(database: Database) -> None:
    store_id, skus = a_shop(database, 2, 1)

    results = at_once(database, [_receiving(store_id, skus)] * 10)

    assert outcomes(results) == {"Levels": 10}
    assert len(set(map(repr, results))) == 1
    with database.transaction() as session:
        assert level_of(session, store_id, skus[0]) == (2, 0)


def test_damage_and_sales_never_leave_less_than_is_reserved(database: Database) -> None:
    store_id, (sku,) = a_shop(database, 1, 40)
    damage = [
        MoveStock(
            id=new_id(),
            store_id=store_id,
            reason="damage",
            lines=[MovementLine(sku_id=sku, quantity=-1)],
        )
        for _ in range(40)
    ]
    works: list[Callable[[Session], object]] = []
    for document in damage:
        works.append(reserving(an_order(store_id, (sku, 1))))
        works.append(lambda session, d=document: movements.move_stock(session, HQ, d))

    counts = outcomes(at_once(database, works))

    assert counts["Reserved"] + counts["Levels"] == 40
    assert counts["OUT_OF_STOCK"] + counts["STOCK_BELOW_RESERVED"] == 40
    with database.transaction() as session:
        on_hand, reserved = level_of(session, store_id, sku)
        assert on_hand == reserved == counts["Reserved"]


def test_one_code_for_many_new_styles_is_one_styles(database: Database) -> None:
    commands = [SaveStyles(items=[a_style(a_sku(), code="T-1")]) for _ in range(10)]

    results = at_once(
        database,
        [lambda session, c=command: styles.save_styles(session, HQ, c) for command in commands],
    )

    assert outcomes(results) == {"StylesSaved": 1, "CODE_TAKEN": 9}
    with database.transaction() as session:
        assert len(told(session, "style_saved")) == 1


def test_prices_of_one_style_are_counted_without_gaps(database: Database) -> None:
    style = a_style()
    with database.transaction() as session:
        saved(session, style)
    same = _a_price(style.id)
    commands = [same] * 8 + [_a_price(style.id) for _ in range(12)]

    results = at_once(
        database,
        [lambda session, c=command: prices.set_price(session, HQ, c) for command in commands],
    )

    assert outcomes(results) == {"PriceSet": 20}
    with database.transaction() as session:
        rows = session.connection().exec_driver_sql("SELECT number FROM prices ORDER BY number")
        assert list(rows.scalars()) == list(range(1, 15))
        assert len(told(session, "price_changed")) == 14


def _a_price(style_id: UUID) -> SetPrice:
    return SetPrice(id=new_id(), style_id=style_id, scope="chain", price_minor=1, valid_from=NOW)
