"""The stock ledger: receiving and adjusting, and why a number on hand is what it is (K15)."""

import hashlib
from collections import Counter
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.inventory import levels
from services.inventory.models import Movement as MovementRow
from services.inventory.models import Sku, StockDocument, Store
from shared import outbox, stores
from shared.contracts.inventory import (
    Levels,
    ListMovements,
    Movement,
    MoveStock,
    StockChanged,
    StockMoved,
)
from shared.errors import InvalidInput, Refusal
from shared.paging import Page, decode_cursor, page_of
from shared.seal import MANAGERS, SELLERS, Caller, Role

QUANTITY_LIMIT = 1_000_000
"""Pieces in one line: what is above it is a slip of the finger, never stock of a shop."""

_MAY = {"receiving": MANAGERS | SELLERS, "opening": MANAGERS | {Role.INTEGRATION}}
MOVERS = MANAGERS | SELLERS

# Rows are made or locked in SKU order. A row whose change is not allowed is missing from `level`.
_MOVE = text("""
WITH claimed AS (
    INSERT INTO stock_documents (id, store_id, reason, reference, content_hash, author_id)
    VALUES (:id, :store_id, :reason, :reference, :content_hash, :author_id)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), level AS (
    INSERT INTO stock (store_id, sku_id, on_hand)
    SELECT CAST(:store_id AS uuid), line.sku_id, line.quantity
    FROM unnest(CAST(:sku_ids AS uuid[]), CAST(:quantities AS bigint[]))
         AS line (sku_id, quantity)
    JOIN skus ON skus.id = line.sku_id
    LEFT JOIN stock ON stock.store_id = :store_id AND stock.sku_id = line.sku_id
    WHERE EXISTS (SELECT FROM claimed) AND (line.quantity > 0 OR stock.sku_id IS NOT NULL)
    ORDER BY line.sku_id
    ON CONFLICT (store_id, sku_id) DO UPDATE
    SET on_hand = stock.on_hand + excluded.on_hand, version = stock.version + 1
    WHERE excluded.on_hand > 0 OR stock.on_hand + excluded.on_hand >= stock.reserved
    RETURNING store_id, sku_id, on_hand, reserved, version, threshold
), moved AS (
    INSERT INTO movements (store_id, sku_id, quantity, reason, document_id, on_hand_after)
    SELECT level.store_id, level.sku_id, line.quantity, :reason, :id, level.on_hand
    FROM unnest(CAST(:sku_ids AS uuid[]), CAST(:quantities AS bigint[]))
         AS line (sku_id, quantity)
    JOIN level USING (sku_id)
    ORDER BY level.sku_id
)
SELECT EXISTS (SELECT FROM claimed) AS claimed, level.*
FROM (VALUES (1)) AS always (row) LEFT JOIN level ON true
""")
_ANSWER = text("UPDATE stock_documents SET answer = :answer WHERE id = :id")


def move_stock(session: Session, caller: Caller, command: MoveStock) -> Levels:
    """Book a document's lines, all or none, once.

    Refusals: UNKNOWN_SKU, INVALID_QUANTITY, STOCK_BELOW_RESERVED, MOVEMENT_ID_TAKEN.
    """
    caller.require(_MAY.get(command.reason, MANAGERS))
    store = stores.require_store(session, Store, caller, command.store_id)
    moved = _by_sku(command)
    content_hash = hashlib.sha256(msgspec.json.encode(command)).hexdigest()
    rows = session.execute(
        _MOVE,
        {
            "id": command.id,
            "store_id": store.id,
            "reason": command.reason,
            "reference": command.reference,
            "content_hash": content_hash,
            "author_id": caller.id,
            "sku_ids": list(moved),
            "quantities": list(moved.values()),
        },
    ).all()
    if not rows[0].claimed:
        return _answered(session, command.id, content_hash)
    rows = [row for row in rows if row.sku_id is not None]
    if len(rows) < len(moved):
        raise _refusal(session, moved)
    return _told(session, command, moved, rows)


def list_movements(session: Session, caller: Caller, command: ListMovements) -> Page[Movement]:
    """The ledger of one SKU in one store, newest first."""
    store = stores.require_store(session, Store, caller, command.store_id)
    statement = (
        select(MovementRow.__table__)
        .where(MovementRow.store_id == store.id, MovementRow.sku_id == command.sku_id)
        .order_by(MovementRow.id.desc())
        .limit(command.first + 1)
    )
    if command.after is not None:
        statement = statement.where(MovementRow.id < _position(command.after))
    rows = session.execute(statement).all()
    if not rows:
        levels.require_sku(session, command.sku_id)
    movements = [
        Movement(
            id=row.id,
            at=row.at,
            sku_id=row.sku_id,
            quantity=row.quantity,
            reason=row.reason,
            document_id=row.document_id,
            on_hand_after=row.on_hand_after,
        )
        for row in rows
    ]
    return page_of(movements, command.first, lambda movement: (movement.id,))


def _by_sku(command: MoveStock) -> dict[UUID, int]:
    """The change of each SKU, in the order in which rows are locked."""
    lowest = 1 if command.reason == "receiving" else -QUANTITY_LIMIT
    sums: Counter[UUID] = Counter()
    for line in command.lines:
        if line.quantity == 0 or not lowest <= line.quantity <= QUANTITY_LIMIT:
            raise Refusal("INVALID_QUANTITY", {"sku_id": line.sku_id, "limit": QUANTITY_LIMIT})
        sums[line.sku_id] += line.quantity
    for sku_id, quantity in sums.items():
        if quantity == 0:  # lines that cancel each other out are a mistake in the document
            raise Refusal("INVALID_QUANTITY", {"sku_id": sku_id, "limit": QUANTITY_LIMIT})
    return dict(sorted(sums.items()))


def _answered(session: Session, document_id: UUID, content_hash: str) -> Levels:
    """The answer that was given before to the same document."""
    document = session.execute(
        select(StockDocument.content_hash, StockDocument.answer).filter_by(id=document_id)
    ).one()
    if document.content_hash != content_hash:
        raise Refusal("MOVEMENT_ID_TAKEN", {"id": document_id})
    return msgspec.json.decode(document.answer, type=Levels)


def _refusal(session: Session, moved: dict[UUID, int]) -> Refusal:
    known = set(session.scalars(select(Sku.id).where(Sku.id.in_(moved))))
    for sku_id in moved:
        if sku_id not in known:
            return Refusal("UNKNOWN_SKU", {"sku_id": sku_id})
    return Refusal("STOCK_BELOW_RESERVED")


def _told(session: Session, command: MoveStock, moved: dict[UUID, int], rows: list[Any]) -> Levels:
    """Keep the answer for a repetition, and tell the others."""
    by_sku = {row.sku_id: levels.level(row) for row in rows}
    answer = Levels(items=[by_sku[sku_id] for sku_id in moved])
    session.execute(_ANSWER, {"id": command.id, "answer": msgspec.json.encode(answer).decode()})
    moved_event = StockMoved(
        store_id=command.store_id,
        document_id=command.id,
        reason=command.reason,
        lines=command.lines,
    )
    changed = StockChanged(
        store_id=command.store_id,
        document_id=command.id,
        reason=command.reason,
        levels=answer.items,
    )
    outbox.emit(
        session,
        (moved_event, command.id, 1),
        (changed, command.id, 2),
        *levels.fallen(rows, {sku_id: -quantity for sku_id, quantity in moved.items()}),
    )
    return answer


def _position(cursor: str) -> int:
    (position,) = decode_cursor(cursor, 1)
    if not isinstance(position, int):
        raise InvalidInput("INVALID_CURSOR")
    return position
