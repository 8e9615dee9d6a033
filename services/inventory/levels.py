"""Levels: how much of what is where, and the warning when it runs low."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.inventory.models import Sku, Stock, Store
from shared import outbox, stores
from shared.contracts import Event
from shared.contracts.inventory import (
    GetLevels,
    Level,
    Levels,
    SetThreshold,
    StockLow,
    ThresholdSet,
    WhereElse,
)
from shared.errors import Refusal
from shared.seal import Caller

STORES_LIMIT = 1000
"""Stores in one answer to "where else"."""

_WHERE_ELSE = text("""
SELECT stock.store_id, stock.sku_id, on_hand, reserved, stock.version
FROM stock JOIN stores ON stores.id = stock.store_id AND stores.active
WHERE stock.sku_id = :sku_id
ORDER BY on_hand - reserved DESC, stores.code LIMIT :limit
""")
_SET_THRESHOLD = text("""
INSERT INTO stock (store_id, sku_id, threshold)
SELECT :store_id, id, :threshold FROM skus WHERE id = :sku_id
ON CONFLICT (store_id, sku_id) DO UPDATE
SET threshold = excluded.threshold, version = stock.version + 1
WHERE stock.threshold IS DISTINCT FROM excluded.threshold
RETURNING store_id, sku_id, on_hand, reserved, version
""")


def get_levels(session: Session, caller: Caller, command: GetLevels) -> Levels:
    """Levels in the order asked for; a SKU the store never had has zero of everything."""
    store = stores.require_store(session, Store, caller, command.store_id)
    rows = session.execute(
        select(Stock.__table__).where(Stock.store_id == store.id, Stock.sku_id.in_(command.sku_ids))
    )
    found = {row.sku_id: level(row) for row in rows}
    return Levels(
        items=[found.get(id_) or _none(store.id, id_) for id_ in dict.fromkeys(command.sku_ids)]
    )


def where_else(session: Session, command: WhereElse) -> Levels:
    """One SKU in all open stores of the chain, whatever the caller's scope (K39: by store)."""
    require_sku(session, command.sku_id)
    rows = session.execute(_WHERE_ELSE, {"sku_id": command.sku_id, "limit": STORES_LIMIT})
    return Levels(items=[level(row) for row in rows])


def set_threshold(session: Session, caller: Caller, command: SetThreshold) -> Levels:
    """Set at which available quantity a fall is told of; the same again tells nobody."""
    store = stores.require_store(session, Store, caller, command.store_id)
    key = {"store_id": store.id, "sku_id": command.sku_id}
    row = session.execute(_SET_THRESHOLD, {**key, "threshold": command.threshold}).one_or_none()
    if row is None:
        require_sku(session, command.sku_id)
        row = session.execute(select(Stock.__table__).filter_by(**key)).one()
        return Levels(items=[level(row)])
    event = ThresholdSet(**key, threshold=command.threshold)
    outbox.emit(session, (event, subject(row), row.version))
    return Levels(items=[level(row)])


def require_sku(session: Session, sku_id: UUID) -> None:
    """Raise UNKNOWN_SKU unless it is in the catalogue."""
    if session.scalar(select(Sku.id).where(Sku.id == sku_id)) is None:
        raise Refusal("UNKNOWN_SKU", {"sku_id": sku_id})


def level(row: Any) -> Level:
    """A row of stock as others see it."""
    return Level(
        store_id=row.store_id,
        sku_id=row.sku_id,
        on_hand=row.on_hand,
        reserved=row.reserved,
        available=row.on_hand - row.reserved,
        version=row.version,
    )


def subject(row: Any) -> str:
    """The aggregate that events about one level are about."""
    return f"{row.store_id}:{row.sku_id}"


def fallen(rows: Iterable[Any], taken: dict[UUID, int]) -> list[tuple[Event, str, int]]:
    """Warnings for levels that reached their threshold just now, by `taken` pieces of a SKU.

    Only the change that crosses the threshold warns, so that each fall is told once (I2).
    """
    warnings: list[tuple[Event, str, int]] = []
    for row in rows:
        available = row.on_hand - row.reserved
        if row.threshold is None or not (
            available <= row.threshold < available + taken[row.sku_id]
        ):
            continue
        event = StockLow(
            store_id=row.store_id,
            sku_id=row.sku_id,
            available=available,
            threshold=row.threshold,
        )
        warnings.append((event, subject(row), row.version))
    return warnings


def _none(store_id: UUID, sku_id: UUID) -> Level:
    return Level(store_id=store_id, sku_id=sku_id, on_hand=0, reserved=0, available=0, version=0)
