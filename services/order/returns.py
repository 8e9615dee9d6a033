"""Goods that come back: by line, in any store, exactly once, until nothing is left (K9, K24, K25).

A return is one transaction on the order's locked row: what came back, what goes back to which
payment, a receipt number of the store that took the goods, and the outbox row by which stock,
points, wallet, coupon and what is known of the member follow.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.order import ledger, refunds, return_rules
from services.order.models import Store
from services.order.refunds import Paid, Sold, SoldLine
from shared import outbox
from shared.contracts.loyalty import EarnRule
from shared.contracts.order import OrderLine
from shared.contracts.order.returns import (
    CameBack,
    OrderReturned,
    QuoteReturn,
    Refund,
    RefundReference,
    ReturnedLine,
    ReturnGoods,
    ReturnLine,
    ReturnQuote,
)
from shared.errors import Refusal
from shared.seal import Caller
from shared.stores import Store as StoreFacts
from shared.stores import require_store


class Taken(msgspec.Struct, frozen=True):
    """A return as it is worked out: the order before and after it."""

    order: Any
    store: StoreFacts
    lines: list[ReturnedLine]
    refunds: list[Refund]
    before: Sold
    now: Sold
    points_taken: int
    rule_version: int | None

    @property
    def refund_minor(self) -> int:
        return sum(line.refund_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        return sum(line.tax_minor for line in self.lines)


def quote_return(session: Session, caller: Caller, command: QuoteReturn) -> ReturnQuote:
    """What a return would give back; see `QuoteReturn`."""
    store = require_store(session, Store, caller, command.store_id)
    order = _order(session, command.order_id, lock=False)
    return _quote(_work_out(session, caller, order, store, command.lines, datetime.now(UTC)))


def return_goods(session: Session, caller: Caller, command: ReturnGoods) -> UUID:
    """Take goods back; see `ReturnGoods`. The id of the return, new or as it was made before."""
    now = datetime.now(UTC)
    store = require_store(session, Store, caller, command.store_id)
    order = _order(session, command.order_id, lock=True)
    content = hashlib.blake2b(msgspec.json.encode(command), digest_size=16).hexdigest()
    known = session.scalar(_CONTENT, {"id": command.return_id})
    if known is not None:
        if known != content:
            raise Refusal("RETURN_CONFLICT")
        return command.return_id
    if not command.lines:
        raise Refusal("NOTHING_TO_RETURN")
    taken = _work_out(session, caller, order, store, command.lines, now)
    if taken.refund_minor != command.refund_minor:
        quote = msgspec.json.encode(_quote(taken)).decode()
        raise Refusal("REFUND_CHANGED", {"refund_minor": taken.refund_minor, "quote": quote})
    given = _with_references(taken.refunds, command.references)
    row = {
        "id": command.return_id,
        "content": content,
        "device_id": caller.device_id or command.device_id,
        "staff_id": caller.id,
        "reason": command.reason,
        "exchange_order_id": None,
    }
    book(session, msgspec.structs.replace(taken, refunds=given), row, now)
    return command.return_id


def _work_out(
    session: Session,
    caller: Caller,
    order: Any,
    store: StoreFacts,
    lines: Sequence[ReturnLine],
    now: datetime,
) -> Taken:
    if store.currency != order.currency:
        raise Refusal("CURRENCY_MISMATCH", {"expected": order.currency})
    before = _sold(order)
    returned = refunds.returned_lines(before, lines)
    version, rule = return_rules.in_force(session, now)
    wanted = {line.line for line in lines}
    categories = [line.category for line in before.lines if line.line in wanted]
    age = (store.business_date(now) - order.business_date).days
    return_rules.check(rule, caller, age, categories)
    given = refunds.refunds(before, sum(line.refund_minor for line in returned))
    after = refunds.after(before, returned, given)
    earned = _earned(order, before) - _earned(order, after)
    return Taken(order, store, returned, given, before, after, earned, version)


def book(session: Session, taken: Taken, row: dict[str, Any], now: datetime) -> None:
    """Write a return that was worked out under the order's lock, and tell of it; one statement."""
    order, store = taken.order, taken.store
    promotions = refunds.promotions_gone(taken.before, taken.now)
    number = order.returns + 1
    event = OrderReturned(
        return_id=row["id"],
        number=number,
        order_id=order.id,
        store_id=store.id,
        franchisee_id=store.franchisee_id,
        sold_store_id=order.store_id,
        sold_franchisee_id=order.franchisee_id,
        sold_on=order.business_date,
        sold_at=order.sold_at,
        member_id=order.member_id,
        privileges=order.privileges,
        staff_id=row["staff_id"],
        business_date=store.business_date(now),
        returned_at=now,
        currency=order.currency,
        lines=_came_back(taken),
        refund_minor=taken.refund_minor,
        points_minor=sum(r.amount_minor for r in taken.refunds if r.kind == "points"),
        wallet_minor=sum(r.amount_minor for r in taken.refunds if r.kind == "wallet"),
        points=sum(refund.points or 0 for refund in taken.refunds),
        kept_lines=_kept(taken.now),
        kept_minor=refunds.kept_minor(taken.now),
        kept_points_minor=refunds.kept_of(taken.now, "points"),
        kept_wallet_minor=refunds.kept_of(taken.now, "wallet"),
        promotions=promotions,
        reason=row["reason"],
        exchange_order_id=row["exchange_order_id"],
    )
    session.execute(
        _BOOK,
        {
            **row,
            "order_id": order.id,
            "number": number,
            "store_id": store.id,
            "store_code": store.code,
            "franchisee_id": store.franchisee_id,
            "legal_entity": store.legal_entity,
            "member_id": order.member_id,
            "business_date": event.business_date,
            "now": now,
            "currency": order.currency,
            "refund_minor": taken.refund_minor,
            "tax_minor": taken.tax_minor,
            "points_taken": taken.points_taken,
            "promotions": promotions,
            "rule_version": taken.rule_version,
            "lines": msgspec.json.encode(_line_rows(taken)).decode(),
            "refunds": msgspec.json.encode(_refund_rows(taken)).decode(),
            "no_device": ledger.NO_DEVICE,
            **outbox.prepare(session, event, order.id, 1 + number),
        },
    ).one()


def _order(session: Session, order_id: UUID, *, lock: bool) -> Any:
    row = session.execute(_ORDER_LOCKED if lock else _ORDER, {"id": order_id}).one_or_none()
    if row is None or row.status in ("pending", "cancelled"):
        raise Refusal("UNKNOWN_ORDER")
    if row.status != "placed":
        raise Refusal("NOT_RETURNABLE")
    if lock:  # lines are read by a statement that begins under the lock: it sees the last return
        row = session.execute(_ORDER, {"id": order_id}).one()
    return row


def _sold(order: Any) -> Sold:
    lines = msgspec.convert(order.lines, list[SoldLine])
    named = frozenset[UUID]().union(*(line.promotions for line in lines))
    # A promotion that no line names is of all of them: it goes back with the last piece.
    whole = frozenset(UUID(each["promotion_id"]) for each in order.promotions) - named
    return Sold(
        [msgspec.structs.replace(line, promotions=line.promotions | whole) for line in lines],
        msgspec.convert(order.paid or [], list[Paid]),
    )


def _earned(order: Any, sold: Sold) -> int:
    """The points that what is kept of the order earns, by the rule in force when it was sold."""
    if order.earn_rule is None or order.member_id is None:
        return 0
    rule = msgspec.convert(order.earn_rule, EarnRule)
    paid = refunds.kept_minor(sold) - refunds.kept_of(sold, "points")
    if not rule.earn_on_wallet:
        paid -= refunds.kept_of(sold, "wallet")
    return rule.points_for(paid, order.tier, order.privileges)


def _with_references(
    given: Sequence[Refund], references: Sequence[RefundReference]
) -> list[Refund]:
    """Refunds with the terminal's numbers; card and code must have one."""
    told = {each.position: each.reference for each in references}
    for refund in given:
        if refund.kind in ("card", "code") and refund.position not in told:
            raise Refusal("REFUND_REFERENCE", {"position": refund.position + 1})
    return [
        msgspec.structs.replace(refund, reference=told.get(refund.position)) for refund in given
    ]


def _quote(taken: Taken) -> ReturnQuote:
    return ReturnQuote(
        order_id=taken.order.id,
        currency=taken.order.currency,
        lines=taken.lines,
        refund_minor=taken.refund_minor,
        tax_minor=taken.tax_minor,
        refunds=taken.refunds,
        points_taken=taken.points_taken,
        left=refunds.left(taken.now),
        rule_version=taken.rule_version,
    )


def _came_back(taken: Taken) -> list[CameBack]:
    """What came back, a line each, whatever its condition."""
    sold = {line.line: line for line in taken.before.lines}
    return [
        CameBack(
            line=number,
            sku_id=sold[number].sku_id,
            style_id=sold[number].style_id,
            category=sold[number].category,
            quantity=sum(line.quantity for line in pieces),
            damaged=sum(line.quantity for line in pieces if line.condition == "damaged"),
            net_minor=sum(line.refund_minor for line in pieces),
        )
        for number, pieces in _by_line(taken.lines).items()
    ]


def _by_line(lines: Sequence[ReturnedLine]) -> dict[int, list[ReturnedLine]]:
    found: dict[int, list[ReturnedLine]] = {}
    for line in lines:
        found.setdefault(line.line, []).append(line)
    return found


def _kept(sold: Sold) -> list[OrderLine]:
    return [
        OrderLine(
            sku_id=line.sku_id,
            style_id=line.style_id,
            category=line.category,
            quantity=line.quantity - line.returned,
            net_minor=line.net_minor - line.worth(line.returned),
        )
        for line in sold.lines
        if line.returned < line.quantity
    ]


def _line_rows(taken: Taken) -> list[dict[str, Any]]:
    sold = {line.line: line for line in taken.before.lines}
    come = {line.line: line.returned for line in taken.before.lines}
    rows = []
    for position, line in enumerate(taken.lines):
        rows.append(
            {
                "position": position,
                "line": line.line,
                "quantity": line.quantity,
                "condition": line.condition,
                "returned_before": come[line.line],
                "sold": sold[line.line].quantity,
                "refund_minor": line.refund_minor,
                "tax_minor": line.tax_minor,
            }
        )
        come[line.line] += line.quantity
    return rows


def _refund_rows(taken: Taken) -> list[dict[str, Any]]:
    paid = {each.position: each for each in taken.before.paid}
    return [
        {
            **msgspec.to_builtins(refund),
            "refunded_before": paid[refund.position].refunded_minor,
            "paid": paid[refund.position].amount_minor,
        }
        for refund in taken.refunds
    ]


_CONTENT = text("SELECT content FROM returns WHERE id = :id")
_ORDER_LOCKED = text("SELECT status FROM orders WHERE id = :id FOR UPDATE")
_ORDER = text(
    f"""
    SELECT orders.*, {ledger.RULE.format(at="orders.sold_at")} AS earn_rule, (
        SELECT json_agg(json_build_object('line', l.line, 'sku_id', l.sku_id,
            'style_id', l.style_id, 'name', l.name, 'category', l.category, 'colour', l.colour,
            'size', l.size, 'quantity', l.quantity, 'net_minor', l.net_minor,
            'tax_minor', l.tax_minor, 'promotions', (
                SELECT coalesce(json_agg(DISTINCT r->>'promotion_id'), '[]')
                FROM jsonb_array_elements(l.reasons) AS r WHERE r->>'code' = 'APPLIED'),
            'returned', (SELECT coalesce(sum(b.quantity), 0) FROM return_lines b
                WHERE b.order_id = l.order_id AND b.line = l.line)) ORDER BY l.line)
        FROM order_lines l WHERE l.order_id = orders.id
    ) AS lines, (
        SELECT json_agg(json_build_object('position', t.position, 'kind', t.kind,
            'amount_minor', t.amount_minor, 'points', t.points, 'reference', t.reference,
            'refunded_minor', (SELECT coalesce(sum(f.amount_minor), 0) FROM refunds f
                WHERE f.order_id = t.order_id AND f.position = t.position)) ORDER BY t.position)
        FROM order_tenders t WHERE t.order_id = orders.id
    ) AS paid
    FROM orders WHERE id = :id
    """
)
_BOOK = text(
    """
    WITH receipt AS (
        INSERT INTO receipt_counters (store_id, device_code, last)
        SELECT :store_id, coalesce((SELECT code FROM devices WHERE id = :device_id
            AND store_id = :store_id), :no_device), 1
        ON CONFLICT (store_id, device_code) DO UPDATE SET last = receipt_counters.last + 1
        RETURNING device_code, last
    ), made AS (
        INSERT INTO returns (id, order_id, number, content, store_id, franchisee_id, legal_entity,
            device_id, staff_id, member_id, business_date, returned_at, currency, refund_minor,
            tax_minor, points_taken, promotions, reason, rule_version, receipt_number,
            exchange_order_id)
        SELECT :id, :order_id, :number, :content, :store_id, :franchisee_id, :legal_entity,
            :device_id, :staff_id, :member_id, :business_date, :now, :currency, :refund_minor,
            :tax_minor, :points_taken, CAST(:promotions AS uuid[]), :reason, :rule_version,
            :store_code || '-' || device_code || '-' || lpad(last::text, 6, '0'),
            :exchange_order_id FROM receipt
        RETURNING id
    ), lines AS (
        INSERT INTO return_lines (return_id, position, order_id, line, quantity, condition,
            returned_before, sold, refund_minor, tax_minor)
        SELECT made.id, position, :order_id, line, quantity, condition, returned_before, sold,
            refund_minor, tax_minor
        FROM made, jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (position int, line int,
            quantity int, condition text, returned_before int, sold int, refund_minor bigint,
            tax_minor bigint)
    ), given AS (
        INSERT INTO refunds (return_id, position, order_id, kind, amount_minor, carried_minor,
            points, reference, refunded_before, paid)
        SELECT made.id, position, :order_id, kind, amount_minor, carried_minor, points, reference,
            refunded_before, paid
        FROM made, jsonb_to_recordset(CAST(:refunds AS jsonb)) AS f (position int, kind text,
            amount_minor bigint, carried_minor bigint, points bigint, reference text,
            refunded_before bigint, paid bigint)
    ), told AS (
        INSERT INTO outbox (event_id, type, subject, envelope)
        SELECT :event_id, :type, :subject, :envelope FROM made
    )
    UPDATE orders SET returns = returns + 1, returned_minor = returned_minor + :refund_minor
    FROM made WHERE orders.id = :order_id RETURNING orders.id
    """
)
