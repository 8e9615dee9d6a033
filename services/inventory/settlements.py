"""Settlements: what becomes of a reservation once its order is decided.

held → settled (the order was placed) → voided, or held → released (it was cancelled). A batch of
events is one statement, and one more tells of the new levels; nothing here decides, order has.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.inventory import levels
from services.inventory.models import Reservation
from shared import outbox
from shared.contracts import Envelope
from shared.contracts.inventory import Level, StockChanged
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided


class WrongState(Exception):
    """An event asks for what its order's reservation does not allow; it is to be looked at."""


# Reservations are locked before any stock, and both in key order. Movements of one SKU stand in the
# order of the events; the levels returned are those after the whole batch.
_CLOSE = text("""
WITH found AS (
    SELECT order_id FROM reservations
    WHERE order_id = ANY(CAST(:order_ids AS uuid[])) ORDER BY order_id FOR UPDATE
), closed AS (
    UPDATE reservations SET status = :after, closed_at = now() FROM found
    WHERE reservations.order_id = found.order_id AND reservations.status = :before
    RETURNING reservations.order_id, store_id, sku_ids, quantities
), line AS (
    SELECT closed.order_id, closed.store_id, piece.sku_id, piece.quantity,
           array_position(CAST(:order_ids AS uuid[]), closed.order_id) AS place
    FROM closed, unnest(closed.sku_ids, closed.quantities) AS piece (sku_id, quantity)
), demand AS (
    SELECT store_id, sku_id, CAST(sum(quantity) AS bigint) AS quantity
    FROM line GROUP BY store_id, sku_id
), locked AS (
    SELECT stock.store_id, stock.sku_id, demand.quantity
    FROM stock JOIN demand USING (store_id, sku_id)
    ORDER BY stock.store_id, stock.sku_id FOR UPDATE OF stock
), level AS (
    UPDATE stock
    SET on_hand = stock.on_hand + CAST(:on_hand_sign AS int) * locked.quantity,
        reserved = stock.reserved + CAST(:reserved_sign AS int) * locked.quantity,
        version = stock.version + 1
    FROM locked
    WHERE stock.store_id = locked.store_id AND stock.sku_id = locked.sku_id
    RETURNING stock.store_id, stock.sku_id, on_hand, reserved, version
), moved AS (
    INSERT INTO movements (store_id, sku_id, quantity, reason, document_id, on_hand_after)
    SELECT store_id, sku_id, CAST(:on_hand_sign AS int) * quantity, :reason, order_id,
           on_hand - CAST(:on_hand_sign AS int) * coalesce(sum(quantity) OVER later, 0)
    FROM line JOIN level USING (store_id, sku_id)
    WHERE CAST(:on_hand_sign AS int) <> 0
    WINDOW later AS (PARTITION BY store_id, sku_id ORDER BY place
                     ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
    ORDER BY place, sku_id
)
SELECT line.order_id, level.* FROM line JOIN level USING (store_id, sku_id)
ORDER BY line.place, sku_id
""")
_TOMBSTONES = text("""
INSERT INTO reservations (order_id, store_id, status, sku_ids, quantities, closed_at)
SELECT order_id, store_id, 'released', '{}', '{}', now()
FROM unnest(CAST(:order_ids AS uuid[]), CAST(:store_ids AS uuid[]))
     AS cancelled (order_id, store_id)
ORDER BY order_id
ON CONFLICT (order_id) DO NOTHING
""")


def on_order_placed(session: Session, envelopes: list[Envelope[OrderPlaced]]) -> None:
    """The pieces leave the store: on hand and reserved go down, with a movement each.

    Raises `WrongState` for an order without a reservation, unless it is settled already.
    """
    order_ids = _order_ids(envelopes)
    changed = _close(session, order_ids, ("held", "settled"), on_hand=-1, reserved=-1, why="sale")
    _require(session, [id_ for id_ in order_ids if id_ not in changed], "settled", "voided")
    _tell(session, changed, "sale", 1)


def on_order_voided(session: Session, envelopes: list[Envelope[OrderVoided]]) -> None:
    """The pieces of a placed order come back. Raises `WrongState` for one that is not settled."""
    order_ids = _order_ids(envelopes)
    changed = _close(session, order_ids, ("settled", "voided"), on_hand=1, reserved=0, why="void")
    _require(session, [id_ for id_ in order_ids if id_ not in changed], "voided")
    _tell(session, changed, "void", 2)


def on_order_cancelled(session: Session, envelopes: list[Envelope[OrderCancelled]]) -> None:
    """Let go of what the orders hold, and leave a tombstone for those that hold nothing yet.

    The tombstones wait for a reservation that is just being made. Only a statement after that one
    sees its level too: a CHECK is judged on the version of a row that its statement began with.
    Raises `WrongState` for an order that was settled.
    """
    stores_of = {envelope.data.order_id: envelope.data.store_id for envelope in envelopes}
    order_ids = list(stores_of)
    session.execute(_TOMBSTONES, {"order_ids": order_ids, "store_ids": list(stores_of.values())})
    changed = _close(
        session, order_ids, ("held", "released"), on_hand=0, reserved=-1, why="release"
    )
    _require(session, [id_ for id_ in order_ids if id_ not in changed], "released")
    _tell(session, changed, "release", 1)


def _order_ids(envelopes: Sequence[Envelope[Any]]) -> list[UUID]:
    return list(dict.fromkeys(envelope.data.order_id for envelope in envelopes))


def _close(
    session: Session,
    order_ids: list[UUID],
    step: tuple[str, str],
    on_hand: int,
    reserved: int,
    why: str,
) -> dict[UUID, list[Level]]:
    """Take reservations from one state to the next; the new levels of each that was in the first.

    `on_hand` and `reserved` say which way the pieces go: -1, 0 or 1.
    """
    before, after = step
    rows = session.execute(
        _CLOSE,
        {
            "order_ids": order_ids,
            "before": before,
            "after": after,
            "on_hand_sign": on_hand,
            "reserved_sign": reserved,
            "reason": why,
        },
    )
    changed: defaultdict[UUID, list[Level]] = defaultdict(list)
    for row in rows:
        changed[row.order_id].append(levels.level(row))
    return changed


def _require(session: Session, order_ids: list[UUID], *allowed: str) -> None:
    """Orders that changed nothing must be where they should be already."""
    if not order_ids:
        return
    rows = session.execute(
        select(Reservation.order_id, Reservation.status).where(Reservation.order_id.in_(order_ids))
    )
    states = {row.order_id: row.status for row in rows}
    for order_id in order_ids:
        if states.get(order_id) not in allowed:
            raise WrongState(f"{order_id}: {states.get(order_id)}, not {' or '.join(allowed)}")


def _tell(session: Session, changed: dict[UUID, list[Level]], reason: str, sequence: int) -> None:
    """One event an order, with the levels after it."""
    events = [
        (
            StockChanged(
                store_id=of_order[0].store_id,
                reason=reason,
                document_id=order_id,
                levels=of_order,
            ),
            order_id,
            sequence,
        )
        for order_id, of_order in changed.items()
    ]
    outbox.emit(session, *events)
