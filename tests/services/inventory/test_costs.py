"""What a sale costs inventory in SQL statements, and that it stays flat in the lines (K46)."""

import sys
from types import FrameType
from typing import Any

import pytest
from sqlalchemy import text

from services.inventory import catalogue, reservations, service, settlements
from shared import inbox
from shared.contracts.inventory import GetSkus, Reserve
from shared.database import Database
from tests.services.inventory.givens import (
    HQ,
    a_store,
    an_order,
    cancelled,
    differences,
    placed,
    some_skus,
    statements,
    stocked,
    voided,
)

_FETCHED = text(
    "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))"
    " FROM pg_stat_xact_user_tables"
)


@pytest.fixture
def shop(database: Database) -> tuple[Database, list[Reserve]]:
    """Orders of 3, 50 and 200 lines; the store is known to the process."""
    with database.transaction() as session:
        store_id = a_store(session)
        skus = some_skus(session, 200)
        stocked(session, store_id, dict.fromkeys(skus, 1000))
    with database.transaction() as session:
        catalogue.get_skus(session, HQ, GetSkus(ids=[], store_id=store_id))
    orders = [an_order(store_id, *((sku, 1) for sku in skus[:size])) for size in (3, 50, 200)]
    return database, orders


def test_a_sale_costs_one_statement_and_then_two_and_its_inbox_row(
    shop: tuple[Database, list[Reserve]],
) -> None:
    database, orders = shop
    for order in orders:
        with statements(database.engine) as held, database.transaction() as session:
            reservations.reserve(session, HQ, order)
        with statements(database.engine) as settled:
            inbox.apply(
                database,
                "on_order_placed",
                service.InventoryService.on_order_placed,
                [placed(order)],
            )
        with statements(database.engine) as voiding, database.transaction() as session:
            settlements.on_order_voided(session, [voided(order)])

        assert [len(held), len(settled), len(voiding)] == [1, 3, 2]


def test_a_batch_of_50_orders_costs_what_one_costs(
    shop: tuple[Database, list[Reserve]],
) -> None:
    database, (small, *_) = shop
    pieces = [(line.sku_id, 1) for line in small.lines]
    orders = [an_order(small.store_id, *pieces) for _ in range(50)]
    with database.transaction() as session:
        for order in orders:
            reservations.reserve(session, HQ, order)

    with statements(database.engine) as settled, database.transaction() as session:
        settlements.on_order_placed(session, [placed(order) for order in orders[:25]])
    with statements(database.engine) as released, database.transaction() as session:
        settlements.on_order_cancelled(session, [cancelled(order) for order in orders[25:]])

    assert [len(settled), len(released)] == [2, 3]
    with database.transaction() as session:
        assert differences(session) == {}


def test_a_fact_and_a_refusal_cost_a_handful(shop: tuple[Database, list[Reserve]]) -> None:
    database, (small, *_) = shop
    pieces = [(line.sku_id, 5_000) for line in small.lines]
    with statements(database.engine) as fact, database.transaction() as session:
        reservations.reserve(session, HQ, an_order(small.store_id, *pieces, fact=True))
    with statements(database.engine) as refusal, pytest.raises(Exception, match="OUT_OF_STOCK"):
        with database.transaction() as session:
            reservations.reserve(session, HQ, an_order(small.store_id, *pieces))

    assert [len(fact), len(refusal)] == [3, 2]


def test_work_per_line_stays_flat(shop: tuple[Database, list[Reserve]]) -> None:
    """Counted, not timed: the rows that PostgreSQL fetches, and the calls that Python makes."""
    database, (_, fifty, two_hundred) = shop

    def work(order: Reserve) -> tuple[float, float]:
        calls = 0

        def count(_frame: FrameType, what: str, _argument: Any) -> None:
            nonlocal calls
            calls += what == "call"

        with database.transaction() as session:
            sys.setprofile(count)
            try:
                reservations.reserve(session, HQ, order)
                settlements.on_order_placed(session, [placed(order)])
            finally:
                sys.setprofile(None)
            fetched = int(session.execute(_FETCHED).scalar_one())
        return fetched / len(order.lines), calls / len(order.lines)

    work(an_order(fifty.store_id, *((line.sku_id, 1) for line in fifty.lines)))  # caches
    rows, calls = work(fifty)
    more_rows, more_calls = work(two_hundred)

    # A cost that grows with the lines would be four times as high.
    assert 0 < more_rows <= 1.2 * rows
    assert 0 < more_calls <= 1.2 * calls
