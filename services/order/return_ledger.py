"""The statements of a return: what is known of its order, and the one that books it."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.order import ledger
from services.order.refunds import Paid, Sold, SoldLine
from shared.errors import Refusal


def content_of(session: Session, return_id: UUID) -> str | None:
    """The digest a return was made with, if there is one."""
    return session.execute(_CONTENT, {"id": return_id}).scalar_one_or_none()


def read_order(session: Session, order_id: UUID, *, lock: bool) -> Any:
    """The order with its earn rule, lines and payments; locked until the transaction ends.

    Raises `Refusal`: UNKNOWN_ORDER, NOT_RETURNABLE.
    """
    row = session.execute(_ORDER_LOCKED if lock else _ORDER, {"id": order_id}).one_or_none()
    if row is None or row.status in ("pending", "cancelled"):
        raise Refusal("UNKNOWN_ORDER")
    if row.status != "placed":
        raise Refusal("NOT_RETURNABLE")
    if lock:  # lines are read by a statement that begins under the lock: it sees the last return
        row = session.execute(_ORDER, {"id": order_id}).one()
    return row


def sold_of(order: Any) -> Sold:
    """What of an order was sold, and what of it has come back."""
    lines = msgspec.convert(order.lines, list[SoldLine])
    named = frozenset[UUID]().union(*(line.promotions for line in lines))
    # A promotion that no line names is of all of them: it goes back with the last piece.
    whole = frozenset(UUID(each["promotion_id"]) for each in order.promotions) - named
    return Sold(
        [msgspec.structs.replace(line, promotions=line.promotions | whole) for line in lines],
        msgspec.convert(order.paid or [], list[Paid]),
    )


def write(session: Session, values: dict[str, Any]) -> None:
    """Book a return with its receipt number, lines, refunds and outbox row."""
    session.execute(_BOOK, {**values, "no_device": ledger.NO_DEVICE}).one()


_CONTENT = text("SELECT content FROM returns WHERE id = :id")
_ORDER_LOCKED = text("SELECT status FROM orders WHERE id = :id FOR UPDATE")
_ORDER = text(
    f"""
    SELECT orders.*, {ledger.RULE.format(at="orders.sold_at")} AS earn_rule, (
        SELECT CAST(coalesce(sum(r.points_taken), 0) AS bigint) FROM returns r
        WHERE r.order_id = orders.id
    ) AS points_taken, (
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
            exchange_order_id, sold_store_id, seller_id)
        SELECT :id, :order_id, :number, :content, :store_id, :franchisee_id, :legal_entity,
            :device_id, :staff_id, :member_id, :business_date, :now, :currency, :refund_minor,
            :tax_minor, :points_taken, CAST(:promotions AS uuid[]), :reason, :rule_version,
            :store_code || '-' || receipt.device_code || '-' || lpad(last::text, 6, '0'),
            :exchange_order_id, sale.store_id, sale.staff_id
        FROM receipt, orders sale WHERE sale.id = :order_id
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
