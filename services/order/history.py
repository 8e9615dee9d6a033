"""Reading orders and returns: by id, and lists by store and day, by member or by receipt."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, func, or_, select, tuple_, union
from sqlalchemy.orm import Session

from services.order.models import MergedMember, OfflineSale, OrderLine, OrderTender, Store
from services.order.models import Order as Row
from services.order.models import Refund as RefundRow
from services.order.models import Return as ReturnRow
from services.order.models import ReturnLine as ReturnLineRow
from shared.contracts.campaign import PricedLine
from shared.contracts.order import GetOrders, ListOrders, Order, Orders, PiecesReturned, Tender
from shared.contracts.order.returns import ListReturns, Refund, ReturnedLine, ReturnReceipt
from shared.errors import InvalidInput
from shared.paging import Page, decode_moment, page_of
from shared.seal import Caller
from shared.stores import find_store, require_store


def get_orders(session: Session, caller: Caller, command: GetOrders) -> Orders:
    return Orders(items=read(session, caller, command.ids))


def list_orders(session: Session, caller: Caller, command: ListOrders) -> Page[Order]:
    """A store's orders need that store in scope; a member's purchases are seen in every store, and
    so is the order whose receipt number one knows."""
    query = select(Row).where(Row.status.in_(("placed", "voided")))
    if command.store_id:
        require_store(session, Store, caller, command.store_id)
        query = query.where(Row.store_id == command.store_id)
    elif command.member_id is None and command.receipt_number is None:
        reason = "store, member or receipt number"
        raise InvalidInput("INVALID_INPUT", {"field": "$.store_id", "reason": reason})
    if command.receipt_number:
        query = query.where(_has_receipt(command.receipt_number))
    if command.member_id:
        query = query.where(Row.member_id == any_(_group(command.member_id)))
    if command.business_date:
        query = query.where(Row.business_date == command.business_date)
    if command.after:
        query = query.where(tuple_(Row.sold_at, Row.id) < decode_moment(command.after))
    rows = session.scalars(
        query.order_by(Row.sold_at.desc(), Row.id.desc()).limit(command.first + 1)
    ).all()
    page = page_of(rows, command.first, lambda row: (row.sold_at.isoformat(), str(row.id)))
    return Page(items=_whole(session, page.items), cursors=page.cursors, has_next=page.has_next)


def _has_receipt(number: str) -> ColumnElement[bool]:
    """By its own number, or by the one a till printed on it while it was without network."""
    alone = select(OfflineSale.order_id).where(OfflineSale.receipt == number)
    return or_(Row.receipt_number == number, Row.id.in_(alone))


def _group(member_id: UUID) -> Any:
    """All ids that stand for the same person as this one."""
    whom = select(MergedMember.survivor_id).where(MergedMember.member_id == member_id)
    survivor = func.coalesce(whom.scalar_subquery(), member_id)
    others = select(MergedMember.member_id).where(MergedMember.survivor_id == survivor)
    ids = union(select(survivor), others)
    return func.array(ids.scalar_subquery(), type_=ARRAY(Uuid))


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
    returned: dict[UUID, list[PiecesReturned]] = defaultdict(list)
    if any(row.returns for row in rows):
        back = ReturnLineRow
        for line in session.execute(
            select(back.order_id, back.line, func.sum(back.quantity).label("quantity"))
            .where(back.order_id.in_(ids))
            .group_by(back.order_id, back.line)
            .order_by(back.line)
        ):
            pieces = PiecesReturned(line=line.line, quantity=line.quantity)
            returned[line.order_id].append(pieces)
    return [_order(row, lines[row.id], tenders[row.id], returned[row.id]) for row in rows]


def list_returns(session: Session, caller: Caller, command: ListReturns) -> Page[ReturnReceipt]:
    """Returns of an order or a member are seen in every store; a store's need it in scope."""
    query = select(ReturnRow)
    if command.store_id:
        require_store(session, Store, caller, command.store_id)
        query = query.where(ReturnRow.store_id == command.store_id)
    elif command.member_id is None and command.order_id is None:
        reason = "store, member or order"
        raise InvalidInput("INVALID_INPUT", {"field": "$.store_id", "reason": reason})
    if command.order_id:
        query = query.where(ReturnRow.order_id == command.order_id)
    if command.member_id:
        query = query.where(ReturnRow.member_id == command.member_id)
    if command.business_date:
        query = query.where(ReturnRow.business_date == command.business_date)
    if command.after:
        key = tuple_(ReturnRow.returned_at, ReturnRow.id)
        query = query.where(key < decode_moment(command.after))
    rows = session.scalars(
        query.order_by(ReturnRow.returned_at.desc(), ReturnRow.id.desc()).limit(command.first + 1)
    ).all()
    page = page_of(rows, command.first, lambda row: (row.returned_at.isoformat(), str(row.id)))
    items = _whole_returns(session, page.items)
    return Page(items=items, cursors=page.cursors, has_next=page.has_next)


def read_return(session: Session, return_id: UUID) -> ReturnReceipt:
    """A return that is there."""
    return _whole_returns(session, [session.get_one(ReturnRow, return_id)])[0]


def _whole_returns(session: Session, rows: Sequence[ReturnRow]) -> list[ReturnReceipt]:
    ids = [row.id for row in rows]
    if not ids:
        return []
    receipts = dict(
        session.execute(
            select(Row.id, Row.receipt_number).where(Row.id.in_({row.order_id for row in rows}))
        ).all()
    )
    lines: dict[UUID, list[ReturnedLine]] = defaultdict(list)
    sold = (OrderLine.sku_id, OrderLine.name, OrderLine.colour, OrderLine.size)
    for line in session.execute(
        select(ReturnLineRow.__table__, *sold)
        .join(
            OrderLine,
            (OrderLine.order_id == ReturnLineRow.order_id) & (OrderLine.line == ReturnLineRow.line),
        )
        .where(ReturnLineRow.return_id.in_(ids))
        .order_by(ReturnLineRow.position)
    ):
        lines[line.return_id].append(msgspec.convert(dict(line._mapping), ReturnedLine))
    given: dict[UUID, list[Refund]] = defaultdict(list)
    for refund in session.execute(
        select(RefundRow.__table__).where(RefundRow.return_id.in_(ids)).order_by(RefundRow.position)
    ):
        given[refund.return_id].append(msgspec.convert(dict(refund._mapping), Refund))
    return [
        msgspec.convert(
            {
                **{name: getattr(row, name) for name in _RETURN},
                "order_receipt_number": receipts[row.order_id],
                "lines": lines[row.id],
                "refunds": given[row.id],
            },
            ReturnReceipt,
        )
        for row in rows
    ]


_RETURN = (
    "id", "number", "receipt_number", "order_id", "store_id", "legal_entity", "device_id",
    "staff_id", "member_id", "business_date", "returned_at", "currency", "refund_minor",
    "tax_minor", "points_taken", "reason", "rule_version", "exchange_order_id",
)  # fmt: skip


def _order(
    row: Row, lines: list[PricedLine], tenders: list[Tender], returned: list[PiecesReturned]
) -> Order:
    same: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            "id", "status", "receipt_number", "store_id", "legal_entity", "device_id", "shift_id",
            "staff_id", "member_id", "channel", "business_date", "placed_at", "currency",
            "promotions", "tier", "points_expected", "points_bonuses", "balances", "fact",
            "cancel_reason", "returned_minor",
        )
    }  # fmt: skip
    amounts = {
        name: getattr(row, name) or 0
        for name in ("list_minor", "discount_minor", "total_minor", "tax_minor", "change_minor")
    }
    parts = {"lines": lines, "tenders": tenders, "returned": returned}
    return msgspec.convert({**same, **amounts, **parts}, Order)
