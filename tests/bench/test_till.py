"""A till with 50,000 pieces: what it gets, what it keeps, how long it takes to open and to search.

    .venv/bin/python -m infra.suite -s tests/bench/test_till.py

prints the figures. The path is real but for HTTP and the broker: database, service, the gateway's
schema, the app's snapshot.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from gateway.schema import schema
from services.inventory import till
from shared.contracts.campaign.till import TillPromotions
from shared.contracts.inventory.till import GetTillCatalogue, GetTillStock
from shared.contracts.member.till import TillMembers
from shared.contracts.order.offline import GetTillRule, OfflineRule, TillRule
from shared.database import Database
from shared.stores import forget_stores
from staff_app.client import Client, Tokens
from staff_app.work.snapshot import Snapshot
from tests.services.inventory.givens import a_store, at
from tests.staff_app.alone import Room

STYLES, SKUS = 4_200, 12
_FILL = text(
    """
    WITH style AS (
      INSERT INTO styles (id, code, name, category, tax_basis_points)
      SELECT gen_random_uuid(), 'T' || lpad(n::text, 5, '0'), '真丝连衣裙' || n, '裙装', 1300
      FROM generate_series(1, :styles) n RETURNING id, code, name
    ), price AS (
      INSERT INTO prices (id, style_id, number, scope, price_minor, currency, valid_from, author_id)
      SELECT gen_random_uuid(), id, 1, 'chain', 29900, 'CNY', now() - interval '1 day', id
      FROM style
    ), sku AS (
      INSERT INTO skus (id, style_id, code, colour, size, ean, position, sort_key, search)
      SELECT gen_random_uuid(), style.id, style.code || '-' || p, '红色', p::text,
        '69' || lpad((substr(style.code, 2)::int * 100 + p)::text, 11, '0'), p,
        style.code || ' ' || p, style.name
      FROM style, generate_series(1, :skus) p RETURNING id
    )
    INSERT INTO stock (store_id, sku_id, on_hand) SELECT :store, id, 3 FROM sku
    """
)


@pytest.fixture
def database(database_url: Callable[..., str]) -> Iterator[Database]:
    forget_stores()
    made = Database(database_url("inventory", fresh=True), "inventory")
    yield made
    made.engine.dispose()
    forget_stores()


class Straight:
    """The gateway's schema, with inventory behind it and no network between."""

    def __init__(self, database: Database, store: UUID) -> None:
        self.database = database
        self.store = store
        self.bytes = 0

    async def post(self, body: dict[str, Any], token: str | None) -> tuple[int, dict[str, Any]]:
        context: Any = _Context(self)
        result = await schema.execute_async(
            body["query"], variable_values=body["variables"], context_value=context
        )
        assert not result.errors, result.errors
        sent = json.dumps({"data": result.data}, ensure_ascii=False, separators=(",", ":")).encode()
        self.bytes += len(sent)
        return 200, json.loads(sent)


class _Context:
    language = "zh"

    def __init__(self, straight: Straight) -> None:
        self._of = straight

    async def call(self, command: Any) -> Any:
        clerk = at(self._of.store)
        with self._of.database.transaction() as session:
            if isinstance(command, GetTillCatalogue):
                return till.get_catalogue(session, clerk, command)
            if isinstance(command, GetTillStock):
                return till.get_stock(session, clerk, command)
        if isinstance(command, GetTillRule):
            return TillRule(now=datetime.now(UTC), version=0, body=OfflineRule())
        nothing: Any = TillMembers if "Members" in type(command).__name__ else TillPromotions
        return nothing(version="x-1", whole=True, items=[], removed=[])


def test_fifty_thousand_pieces(database: Database) -> None:
    with database.transaction() as session:
        store = a_store(session)
        session.execute(_FILL, {"styles": STYLES, "skus": SKUS, "store": store})
        for table in ("styles", "skus", "prices", "stock"):
            session.execute(text(f"ANALYZE {table}"))
    straight, room = Straight(database, store), Room()
    figures: dict[str, float] = {}

    def snapshot() -> Snapshot:
        return Snapshot(Client(straight, Tokens("access", "refresh", 2**40)), room)

    async def measure() -> None:
        first = snapshot()
        figures["first_sync_seconds"] = await _seconds(first.sync(str(store), "CNY"))
        figures["first_sync_bytes"] = straight.bytes
        figures["kept_bytes"] = sum(len(value) for value in room.kept.values())
        straight.bytes = 0
        figures["nothing_new_seconds"] = await _seconds(first.sync(str(store), "CNY"))
        figures["nothing_new_bytes"] = straight.bytes
        again = snapshot()
        figures["open_seconds"] = await _seconds(again.open(str(store)))
        sku_id, style_id = next(iter(again._style_of.items()))
        ean = again.styles[style_id]["skus"][sku_id][3]
        started = time.perf_counter()
        found = again.by_code(ean)
        figures["scan_seconds"] = time.perf_counter() - started
        started = time.perf_counter()
        words, more = again.by_words("红色 连衣裙4199")
        figures["words_seconds"] = time.perf_counter() - started
        assert found
        assert found["id"] == sku_id
        assert found["priceMinor"] == "29900"
        assert len(words) == SKUS
        assert not more
        assert len(again._style_of) == STYLES * SKUS == len(again.stock)

    asyncio.run(measure())
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


async def _seconds(work: Any) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started
