"""The points mall: items by version, their own stock, and what a store has on offer (L3, L7).

A version counts from its `valid_from` until the next one does, and never for what was before it was
published. Stock is a store's own; a guarded running total beside append-only movements.
"""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.loyalty import documents, rules
from services.loyalty.models import Store
from shared import outbox, stores
from shared.contracts import said
from shared.contracts.loyalty.mall import (
    ListMallItems,
    MallItem,
    MallItemBody,
    MallItemPublished,
    MallItems,
    MallStock,
    MallStockMoved,
    MoveMallStock,
    OfferedItem,
    OfferMall,
    PublishMallItem,
)
from shared.errors import InvalidInput, Refusal
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller

LISTED_LIMIT = 500
TierNames = Callable[[frozenset[str]], dict[str, str]]
"""What tiers are called, for a sentence; asked for by refusals only."""


class Customer(msgspec.Struct, frozen=True):
    """What the mall has to know of a member."""

    available: int
    frozen: bool
    tier: str | None


def publish(session: Session, caller: Caller, command: PublishMallItem) -> MallItem:
    """Publish the next version of an item; see `PublishMallItem`."""
    return publish_at(session, caller, command, datetime.now(UTC))


def publish_at(
    session: Session, caller: Caller, command: PublishMallItem, now: datetime
) -> MallItem:
    """As `publish`, at a given time."""
    caller.require_chain()
    body = command.body
    for store_id in sorted(body.store_ids):
        stores.find_store(session, Store, store_id)
    session.execute(_ALONE)
    known = session.execute(_NEWEST, {"id": command.item_id}).one_or_none()
    newest = known.version if known else 0
    if known and newest == command.version + 1 and _same(known, command):
        return item_of(known)
    if newest != command.version:
        raise Refusal("ITEM_CHANGED", {"version": newest})
    taken = session.execute(_CODE, {"code": body.code, "id": command.item_id}).first()
    if taken:
        raise Refusal("ITEM_CODE_TAKEN", {"code": body.code})
    valid_from = max(command.valid_from or now, now)
    if body.valid_until is not None and body.valid_until <= valid_from:
        raise Refusal("INVALID_RULE", {"reason": "结束早于开始 / it ends before it begins"})
    row = session.execute(
        _PUBLISH,
        {
            "id": command.item_id,
            "code": body.code,
            "version": newest + 1,
            "valid_from": valid_from,
            "asked_from": command.valid_from,
            "author_id": caller.id,
            "now": now,
            "body": msgspec.json.encode(body).decode(),
        },
    ).one()
    item = item_of(row)
    event = MallItemPublished(
        item_id=item.item_id, version=item.version, valid_from=item.valid_from, body=item.body
    )
    outbox.emit(session, (event, item.item_id, item.version))
    return item


def list_items(session: Session, caller: Caller, command: ListMallItems) -> MallItems:
    """Versions of an item, or the newest of each."""
    rows = session.execute(_LIST, {"id": command.item_id, "limit": LISTED_LIMIT})
    return MallItems(items=[item_of(row) for row in rows])


def in_force(session: Session, item_id: UUID, now: datetime) -> MallItem:
    """The version of an item that counts now; raises `Refusal("UNKNOWN_ITEM")`."""
    row = session.execute(_IN_FORCE, {"id": item_id, "now": now}).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_ITEM")
    return item_of(row)


def move_stock(session: Session, caller: Caller, command: MoveMallStock) -> MallStock:
    """Receive or take out; see `MoveMallStock`."""
    stores.require_store(session, Store, caller, command.store_id)
    if command.quantity == 0:
        reason = "数量不能为零 / nothing to move"
        raise InvalidInput("INVALID_INPUT", {"field": "$.quantity", "reason": reason})
    documents.alone(session, command.id)
    asked = {
        "document_id": command.id,
        "kind": "moved",
        "item_id": command.item_id,
        "store_id": command.store_id,
        "quantity": command.quantity,
        "note": command.reason,
    }
    before = session.execute(_MOVED, {"id": command.id}).one_or_none()
    if before is not None:
        if any(getattr(before, name) != value for name, value in asked.items()):
            raise Refusal("ENTRY_ID_TAKEN")
        return MallStock(
            item_id=before.item_id, store_id=before.store_id, left=before.quantity_after
        )
    now = datetime.now(UTC)
    if not in_force_or_planned(session, command.item_id).body.counted:
        raise Refusal("ITEM_UNCOUNTED")
    left = book_stock(session, asked | {"staff_id": caller.id, "now": now})
    event = MallStockMoved(
        document_id=command.id,
        item_id=command.item_id,
        store_id=command.store_id,
        quantity=command.quantity,
        left=left,
    )
    outbox.emit(session, (event, command.id, 1))
    return MallStock(item_id=command.item_id, store_id=command.store_id, left=left)


def in_force_or_planned(session: Session, item_id: UUID) -> MallItem:
    """The newest version, whenever it begins: stock comes before the day."""
    row = session.execute(_NEWEST, {"id": item_id}).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_ITEM")
    return item_of(row)


def book_stock(session: Session, movement: dict[str, Any]) -> int:
    """Append a movement and change the total, if it suffices; returns what is left.

    `movement`: document_id, kind, item_id, store_id, quantity (signed), note, staff_id, now. Raises
    `Refusal("ITEM_SOLD_OUT")`.
    """
    statement = _BRING if movement["quantity"] > 0 else _TAKE
    left = session.execute(statement, movement).scalar_one_or_none()
    if left is None:
        there = session.scalar(_LEFT, movement) or 0
        raise Refusal("ITEM_SOLD_OUT", {"left": there})
    return int(left)


def offer(session: Session, caller: Caller, command: OfferMall) -> Page[OfferedItem]:
    """What a store gives out now; see `OfferMall`."""
    now = datetime.now(UTC)
    stores.require_store(session, Store, caller, command.store_id)
    member, ids = None, []
    if command.member_id is not None:
        member = customer(session, command.member_id)
        ids = documents.all_of(session, command.member_id)
    after = str(decode_cursor(command.after, 1)[0]) if command.after else None
    rows = session.execute(
        _OFFER,
        {
            "store_id": command.store_id,
            "ids": ids,
            "now": now,
            "after": after,
            "limit": command.first + 1,
        },
    ).all()
    names = tier_names(session, now)
    found = [_offered(row, member, names) for row in rows]
    return page_of(found, command.first, lambda each: (each.code,))


def customer(session: Session, member_id: UUID) -> Customer:
    """Who an id stands for, as the mall sees them; raises `Refusal("UNKNOWN_MEMBER")`."""
    row = session.execute(_CUSTOMER, {"member_id": member_id}).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_MEMBER")
    return Customer(available=row.available, frozen=row.frozen, tier=row.tier)


def refusal_for(
    item: MallItem, member: Customer, quantity: int, had: int, left: int | None, names: TierNames
) -> Refusal | None:
    """Why a member cannot have so many of an item that the store offers; None if they can.

    `had`: how many they have had; `left`: what the store has of it, None if it is not counted.
    """
    body = item.body
    if body.tiers and member.tier not in body.tiers:
        return Refusal("ITEM_TIER", names(body.tiers))
    if body.per_member is not None and had + quantity > body.per_member:
        return Refusal("ITEM_LIMIT", {"limit": body.per_member, "had": had})
    if left is not None and left < quantity:
        return Refusal("ITEM_SOLD_OUT", {"left": left})
    if member.frozen:
        return Refusal("ACCOUNT_FROZEN")
    wanted = body.points * quantity
    if member.available < wanted:
        return Refusal("NOT_ENOUGH_POINTS", {"available": member.available, "wanted": wanted})
    return None


def item_of(row: Row[Any]) -> MallItem:
    return MallItem(
        item_id=row.item_id,
        version=row.version,
        valid_from=row.valid_from.astimezone(UTC),
        author_id=row.author_id,
        published_at=row.published_at.astimezone(UTC),
        body=msgspec.convert(row.body, MallItemBody),
    )


def _same(row: Row[Any], command: PublishMallItem) -> bool:
    """Whether a version is what a command asked for."""
    return item_of(row).body == command.body and row.asked_from == command.valid_from


def tier_names(session: Session, now: datetime) -> TierNames:
    """What tiers are called now; each question is put to the database once."""
    return functools.cache(lambda tiers: rules.tier_names(session, tiers, now))


def _offered(row: Row[Any], member: Customer | None, names: TierNames) -> OfferedItem:
    item, left = item_of(row), row.left
    body, refusal, can_have = item.body, None, left
    if member is not None:
        refusal = refusal_for(item, member, 1, row.had, left, names)
        bounds = [
            member.available // body.points,
            *([left] if left is not None else []),
            *([body.per_member - row.had] if body.per_member is not None else []),
        ]
        can_have = 0 if refusal else min(bounds)
    zh, en = said("loyalty", refusal) if refusal else (None, None)
    return OfferedItem(
        item_id=item.item_id,
        version=item.version,
        code=body.code,
        kind=body.kind,
        name_zh=body.name_zh,
        name_en=body.name_en,
        points=body.points,
        left=left,
        can_have=can_have,
        reason=refusal.code if refusal else None,
        reason_zh=zh,
        reason_en=en,
    )


_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('mall', 0))")
_NEWEST = text(
    "SELECT v.* FROM mall_items i JOIN mall_item_versions v"
    " ON v.item_id = i.id AND v.version = i.version WHERE i.id = :id"
)
_CODE = text("SELECT id FROM mall_items WHERE code = :code AND id <> :id")
_PUBLISH = text(
    """WITH head AS (
        INSERT INTO mall_items AS i (id, code, version) VALUES (:id, :code, :version)
        ON CONFLICT (id) DO UPDATE SET code = excluded.code, version = excluded.version
            WHERE i.version = excluded.version - 1
        RETURNING id
    ) INSERT INTO mall_item_versions
        (item_id, version, valid_from, asked_from, author_id, published_at, body)
    SELECT id, :version, :valid_from, :asked_from, :author_id, :now, CAST(:body AS jsonb) FROM head
    RETURNING *"""
)
_LIST = text(
    "SELECT v.* FROM mall_items i JOIN mall_item_versions v ON v.item_id = i.id"
    " WHERE (CAST(:id AS uuid) IS NULL AND v.version = i.version) OR i.id = :id"
    " ORDER BY v.published_at DESC, v.item_id, v.version DESC LIMIT :limit"
)
_IN_FORCE = text(
    "SELECT * FROM mall_item_versions WHERE item_id = :id AND valid_from <= :now"
    " ORDER BY valid_from DESC, version DESC LIMIT 1"
)
_MOVED = text("SELECT * FROM mall_movements WHERE document_id = :id AND kind = 'moved'")
_APPEND = """INSERT INTO mall_movements (document_id, kind, item_id, store_id, quantity,
        quantity_after, note, staff_id, at)
    SELECT :document_id, :kind, :item_id, :store_id, :quantity, changed.quantity, :note, :staff_id,
        :now FROM changed RETURNING quantity_after"""
_BRING = text(
    """WITH changed AS (
        INSERT INTO mall_stock AS s (item_id, store_id, quantity)
        VALUES (:item_id, :store_id, :quantity)
        ON CONFLICT (item_id, store_id) DO UPDATE SET quantity = s.quantity + excluded.quantity
        RETURNING quantity
    ) """
    + _APPEND
)
_TAKE = text(
    """WITH changed AS (
        UPDATE mall_stock SET quantity = quantity + :quantity
        WHERE item_id = :item_id AND store_id = :store_id AND quantity + :quantity >= 0
        RETURNING quantity
    ) """
    + _APPEND
)
_LEFT = text("SELECT quantity FROM mall_stock WHERE item_id = :item_id AND store_id = :store_id")
_CUSTOMER = text(
    "SELECT m.tier, coalesce(b.balance - b.held, 0) AS available, coalesce(b.frozen, false)"
    " AS frozen FROM members asked"
    " JOIN members m ON m.member_id = coalesce(asked.survivor_id, asked.member_id)"
    " LEFT JOIN member_accounts ma ON ma.member_id = m.member_id"
    " AND ma.kind = 'points' LEFT JOIN balances b USING (account_id)"
    " WHERE asked.member_id = :member_id AND m.closed_at IS NULL"
)
_OFFER = text(
    """SELECT v.*, CASE WHEN CAST(v.body ->> 'counted' AS bool) IS NOT FALSE
            THEN coalesce(s.quantity, 0) END AS left,
        (SELECT coalesce(sum(quantity), 0) FROM redemptions r WHERE r.member_id = ANY(:ids)
            AND r.item_id = v.item_id AND r.cancelled_at IS NULL) AS had
    FROM mall_items i CROSS JOIN LATERAL (
        SELECT * FROM mall_item_versions WHERE item_id = i.id AND valid_from <= :now
        ORDER BY valid_from DESC, version DESC LIMIT 1) v
    LEFT JOIN mall_stock s ON s.item_id = i.id AND s.store_id = :store_id
    WHERE CAST(v.body ->> 'offered' AS bool) IS NOT FALSE
        AND coalesce(CAST(v.body ->> 'valid_until' AS timestamptz) > :now, true)
        AND (jsonb_array_length(coalesce(v.body -> 'store_ids', '[]')) = 0
            OR v.body -> 'store_ids' ? CAST(:store_id AS text))
        AND (CAST(:after AS text) IS NULL OR v.body ->> 'code' > :after)
    ORDER BY v.body ->> 'code' LIMIT :limit"""
)
