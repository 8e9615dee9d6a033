"""Reading orders: by id, and lists by store and day or by member."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from services.order.models import Order as Row
from services.order.models import OrderLine, OrderTender, Store
from shared.contracts.campaign import PricedLine
from shared.contracts.order import GetOrders, ListOrders, Order, Orders, Tender
from shared.errors import InvalidInput
from shared.paging import Page, decode_moment, page_of
from shared.seal import Caller
from shared.stores import find_store, require_store


def get_orders(session: Session, caller: Caller, command: GetOrders) -> Orders:
    return Orders(items=read(session, caller, command.ids))


def list_orders(session: Session, caller: Caller, command: ListOrders) -> Page[Order]:
    """A store's orders need that store in scope; a member's purchases are seen in every store."""
    query = select(Row).where(Row.status.in_(("placed", "voided")))
    if command.store_id:
        require_store(session, Store, caller, command.store_id)
        query = query.where(Row.store_id == command.store_id)
    elif command.member_id is None:
        raise InvalidInput("INVALID_INPUT", {"field": "$.store_id", "reason": "store or member"})
    if command.member_id:
        query = query.where(Row.member_id == command.member_id)
    if command.business_date:
        query = query.where(Row.business_date == command.business_date)
    if command.after:
        query = query.where(tuple_(Row.sold_at, Row.id) < decode_moment(command.after))
    rows = session.scalars(
        query.order_by(Row.sold_at.desc(), Row.id.desc()).limit(command.first + 1)
    ).all()
    page = page_of(rows, command.first, lambda row: (row.sold_at.isoformat(), str(row.id)))
    return Page(items=_whole(session, page.items), cursors=page.cursors, has_next=page.has_next)


def read(session: Session, caller: Caller, ids: Sequence[UUID]) -> list[Order]:
    """Orders by id; those of stores outside the caller's scope are left out."""
    rows = session.scalars(select(Row).where(Row.id.in_(ids)).order_by(Row.sold_at, Row.id)).all()
    within = [row for row in rows if find_store(session, Store, row.store_id).within(caller)]
    return _whole(session, within)


def _whole(session: Session, rows: Sequence[Row]) -> list[Order]:
    """Orders with their lines and tenders: two more statements, whatever their number."""
    ids = [row.id for row in rows]
    if not ids:
        return []
    lines: dict[UUID, list[PricedLine]] = defaultdict(list)
    for line in session.execute(
        select(OrderLine.__table__).where(OrderLine.order_id.in_(ids)).order_by(OrderLine.line)
    ):
        lines[line.order_id].append(msgspec.convert(dict(line._mapping), PricedLine))
    tenders: dict[UUID, list[Tender]] = defaultdict(list)
    for tender in session.execute(
        select(OrderTender.__table__)
        .where(OrderTender.order_id.in_(ids))
        .order_by(OrderTender.position)
    ):
        tenders[tender.order_id].append(msgspec.convert(dict(tender._mapping), Tender))
    return [_order(row, lines[row.id], tenders[row.id]) for row in rows]


def _order(row: Row, lines: list[PricedLine], tenders: list[Tender]) -> Order:
    same: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            "id", "status", "receipt_number", "store_id", "legal_entity", "device_id", "shift_id",
            "staff_id", "member_id", "channel", "business_date", "placed_at", "currency",
            "promotions", "tier", "points_expected", "balances", "fact", "cancel_reason",
        )
    }  # fmt: skip
    amounts = {
        name: getattr(row, name) or 0
        for name in ("list_minor", "discount_minor", "total_minor", "tax_minor", "change_minor")
    }
    return msgspec.convert({**same, **amounts, "lines": lines, "tenders": tenders}, Order)
