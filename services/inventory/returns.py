"""Goods of an order that came back: into the stock of the store that took them (K9).

Every piece comes in (`return`); what cannot be sold again goes out with the same document
(`damaged`), so that the ledger shows both. That it came back is a fact: nothing is refused here.
"""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.inventory import levels
from shared import outbox
from shared.contracts import Envelope
from shared.contracts.inventory import Level, StockChanged
from shared.contracts.order.returns import OrderReturned

# Stock rows are locked in key order. Movements of one SKU stand in the order of the events, coming
# in before going out; the levels returned are those after the whole batch.
_TAKE_IN = text("""
WITH piece AS (
    SELECT * FROM json_to_recordset(CAST(:pieces AS json))
        AS p (place int, return_id uuid, store_id uuid, sku_id uuid, quantity bigint, reason text)
), gain AS (
    SELECT store_id, sku_id, CAST(sum(quantity) AS bigint) AS quantity
    FROM piece GROUP BY store_id, sku_id
), level AS (
    INSERT INTO stock (store_id, sku_id, on_hand)
    SELECT store_id, sku_id, quantity FROM gain ORDER BY store_id, sku_id
    ON CONFLICT (store_id, sku_id) DO UPDATE
    SET on_hand = stock.on_hand + excluded.on_hand, version = stock.version + 1
    RETURNING store_id, sku_id, on_hand, reserved, version
), moved AS (
    INSERT INTO movements (store_id, sku_id, quantity, reason, document_id, on_hand_after)
    SELECT store_id, sku_id, quantity, reason, return_id,
           on_hand - coalesce(sum(quantity) OVER later, 0)
    FROM piece JOIN level USING (store_id, sku_id)
    WINDOW later AS (PARTITION BY store_id, sku_id ORDER BY place
                     ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
    ORDER BY place
)
SELECT store_id, sku_id, on_hand, reserved, version FROM level ORDER BY store_id, sku_id
""")


def on_order_returned(session: Session, envelopes: list[Envelope[OrderReturned]]) -> None:
    """Take the pieces in, and tell of the levels after them: one event a return."""
    pieces = [piece for each in envelopes for piece in _pieces(each.data)]
    for place, piece in enumerate(pieces):
        piece["place"] = place
    rows = session.execute(_TAKE_IN, {"pieces": msgspec.json.encode(pieces).decode()})
    after: dict[tuple[UUID, UUID], Level] = {
        (row.store_id, row.sku_id): levels.level(row) for row in rows
    }
    events = []
    for data in {each.data.return_id: each.data for each in envelopes}.values():
        skus = sorted({line.sku_id for line in data.lines})
        event = StockChanged(
            store_id=data.store_id,
            reason="return",
            document_id=data.return_id,
            levels=[after[data.store_id, sku_id] for sku_id in skus],
        )
        events.append((event, data.return_id, 1))
    outbox.emit(session, *events)


def _pieces(back: OrderReturned) -> list[dict[str, Any]]:
    """What moves: each SKU in, and then so many of it out as are damaged."""
    moved: dict[tuple[str, UUID], int] = {}
    for line in sorted(back.lines, key=lambda line: line.sku_id):
        for reason, quantity in (("return", line.quantity), ("damaged", -line.damaged)):
            if quantity:
                key = reason, line.sku_id
                moved[key] = moved.get(key, 0) + quantity
    return [
        {
            "return_id": back.return_id,
            "store_id": back.store_id,
            "sku_id": sku_id,
            "quantity": quantity,
            "reason": reason,
        }
        for (reason, sku_id), quantity in sorted(moved.items(), key=lambda m: (m[0][1], -m[1]))
    ]
