"""Reservations: stock held for an order, all of its lines or none.

The guard is one statement (K2): demand is added up per SKU (K3), the rows are locked in SKU order
and change only while enough is available; one that does not makes the whole transaction fail. A
fact (a sale that has happened) is booked below zero instead, and told of as a discrepancy.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, select, text
from sqlalchemy.orm import Session

from services.inventory import levels
from services.inventory.models import Reservation, Sku, Stock, Store, Style
from shared import outbox, stores
from shared.contracts import Event
from shared.contracts.inventory import Reserve, Reserved, StockDiscrepancy
from shared.errors import Refusal
from shared.seal import Caller

QUANTITY_LIMIT = 10_000
"""Pieces in one line of a sale: what is above it is a slip of the finger."""


def _holding(levels_changed: str) -> TextClause:
    """Claim the order's id, change the levels if it was free, and return them.

    A second call with the same id waits in `claimed` for the first, before it locks any stock.
    """
    before = """
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:sku_ids AS uuid[]), CAST(:quantities AS bigint[]))
                      AS line (sku_id, quantity)
    ), claimed AS (
        INSERT INTO reservations (order_id, store_id, status, fact, sku_ids, quantities)
        VALUES (:order_id, :store_id, 'held', :fact, CAST(:sku_ids AS uuid[]),
                CAST(:quantities AS bigint[]))
        ON CONFLICT (order_id) DO NOTHING
        RETURNING order_id
    )"""
    after = """
    SELECT EXISTS (SELECT FROM claimed) AS claimed, level.*
    FROM (VALUES (1)) AS always (row) LEFT JOIN level ON true"""
    return text(f"{before}, {levels_changed} {after}")


# What is sold out is refused without waiting for its row. `level` judges the newest version of a
# row, which `locked` holds by then: under READ COMMITTED an UPDATE that meets a row changed since
# its snapshot follows it and checks its WHERE again.
_HOLD = _holding("""
    locked AS (
        SELECT stock.sku_id, wanted.quantity FROM stock JOIN wanted USING (sku_id)
        WHERE stock.store_id = :store_id AND EXISTS (SELECT FROM claimed)
          AND stock.on_hand - stock.reserved >= wanted.quantity
        ORDER BY stock.sku_id FOR UPDATE OF stock
    ), level AS (
        UPDATE stock
        SET reserved = stock.reserved + locked.quantity, version = stock.version + 1
        FROM locked
        WHERE stock.store_id = :store_id AND stock.sku_id = locked.sku_id
          AND stock.on_hand - stock.reserved >= locked.quantity
        RETURNING stock.store_id, stock.sku_id, on_hand, reserved, version, threshold
    )
""")
_BOOK = _holding("""
    level AS (
        INSERT INTO stock (store_id, sku_id, reserved)
        SELECT CAST(:store_id AS uuid), wanted.sku_id, wanted.quantity
        FROM wanted JOIN skus ON skus.id = wanted.sku_id
        WHERE EXISTS (SELECT FROM claimed)
        ORDER BY wanted.sku_id
        ON CONFLICT (store_id, sku_id) DO UPDATE
        SET reserved = stock.reserved + excluded.reserved, version = stock.version + 1
        RETURNING store_id, sku_id, on_hand, reserved, version, threshold
    )
""")
_SHORT = text("UPDATE reservations SET short = :short WHERE order_id = :order_id")


def reserve(session: Session, caller: Caller, command: Reserve) -> Reserved:
    """Hold all lines or none; the same again gets the same answer, in one statement each.

    Refusals: OUT_OF_STOCK, UNKNOWN_SKU, INVALID_QUANTITY, RESERVATION_RELEASED,
    RESERVATION_ID_TAKEN (the order holds other pieces).
    """
    store = stores.require_store(session, Store, caller, command.store_id)
    wanted = _wanted(command)
    rows = session.execute(
        _BOOK if command.fact else _HOLD,
        {
            "order_id": command.order_id,
            "store_id": store.id,
            "fact": command.fact,
            "sku_ids": list(wanted),
            "quantities": list(wanted.values()),
        },
    ).all()
    if not rows[0].claimed:
        return _repeated(session, command, wanted)
    rows = [row for row in rows if row.sku_id is not None]
    if len(rows) < len(wanted):
        raise _refusal(session, command, wanted, {row.sku_id for row in rows})
    short = _short(rows, wanted) if command.fact else {}
    if short:
        session.execute(_SHORT, {"order_id": command.order_id, "short": sum(short.values())})
    outbox.emit(
        session,
        *levels.fallen(rows, wanted),
        *(_discrepancy(command, row, short[row.sku_id]) for row in rows if row.sku_id in short),
    )
    return Reserved(order_id=command.order_id, short=sum(short.values()))


def _wanted(command: Reserve) -> dict[UUID, int]:
    """Pieces of each SKU over all lines, in the order in which rows are locked."""
    sums: Counter[UUID] = Counter()
    for line in command.lines:
        if not 1 <= line.quantity <= QUANTITY_LIMIT:
            raise Refusal("INVALID_QUANTITY", {"sku_id": line.sku_id, "limit": QUANTITY_LIMIT})
        sums[line.sku_id] += line.quantity
    return dict(sorted(sums.items()))


def _repeated(session: Session, command: Reserve, wanted: dict[UUID, int]) -> Reserved:
    """The answer to an order id that is taken: the first one's, if it held the same."""
    held = session.execute(
        select(Reservation.__table__).where(Reservation.order_id == command.order_id)
    ).one()
    if held.status in ("released", "voided"):
        raise Refusal("RESERVATION_RELEASED", {"order_id": command.order_id})
    before = (held.store_id, held.fact, dict(zip(held.sku_ids, held.quantities, strict=True)))
    if before != (command.store_id, command.fact, wanted):
        raise Refusal("RESERVATION_ID_TAKEN", {"order_id": command.order_id})
    return Reserved(order_id=command.order_id, short=held.short)


def _refusal(
    session: Session, command: Reserve, wanted: dict[UUID, int], held: set[UUID]
) -> Refusal:
    """Why not: the first line, as the seller entered them, that could not be held."""
    names = {
        row.id: row
        for row in session.execute(
            select(Sku.id, Style.name, Sku.colour, Sku.size, Stock.on_hand, Stock.reserved)
            .join(Style, Style.id == Sku.style_id)
            .outerjoin(Stock, (Stock.sku_id == Sku.id) & (Stock.store_id == command.store_id))
            .where(Sku.id.in_(wanted))
        )
    }
    missing = [line.sku_id for line in command.lines if line.sku_id not in held]
    for sku_id in missing:
        if sku_id not in names:
            return Refusal("UNKNOWN_SKU", {"sku_id": sku_id})
    sku = names[missing[0]]
    available = max((sku.on_hand or 0) - (sku.reserved or 0), 0)
    return Refusal(
        "OUT_OF_STOCK",
        {
            "sku_id": sku.id,
            "name": f"{sku.name} {sku.colour} {sku.size}",
            # Somebody may have let go of some since; then it was at most one too few.
            "available": min(available, wanted[sku.id] - 1),
            "wanted": wanted[sku.id],
        },
    )


def _short(rows: Iterable[Any], wanted: dict[UUID, int]) -> dict[UUID, int]:
    """Of each SKU, how many of the pieces that a fact took were not there."""
    missing = {row.sku_id: min(wanted[row.sku_id], row.reserved - row.on_hand) for row in rows}
    return {sku_id: count for sku_id, count in missing.items() if count > 0}


def _discrepancy(command: Reserve, row: Any, short: int) -> tuple[Event, str, int]:
    event = StockDiscrepancy(
        store_id=command.store_id,
        order_id=command.order_id,
        sku_id=row.sku_id,
        available=row.on_hand - row.reserved,
        short=short,
    )
    return event, levels.subject(row), row.version
