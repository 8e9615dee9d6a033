"""What is known from purchases when goods come back: less of it, to the cent and the piece (M3).

An order of which nothing is left is no purchase any more, as if it had been voided.
"""

from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member.purchases import facts_without
from shared.contracts import Envelope
from shared.contracts.order.returns import OrderReturned

_RETURNED = text(f"""
WITH back AS (
    SELECT * FROM jsonb_to_recordset(CAST(:returns AS jsonb)) AS told
        (event_id uuid, order_id uuid, member_id uuid, store_id uuid, staff_id uuid,
         returned_at timestamptz, number int, refund_minor bigint, kept jsonb, whole boolean,
         lines jsonb)
), changed AS (
    UPDATE member_orders AS known SET
        returned_minor = known.returned_minor + less.minor,
        returns = known.returns + less.times,
        lines = less.kept,
        voided = less.whole
    FROM (
        SELECT order_id, sum(refund_minor) AS minor, count(*) AS times,
               (array_agg(kept ORDER BY number DESC))[1] AS kept, bool_or(whole) AS whole
        FROM back GROUP BY order_id ORDER BY order_id
    ) AS less
    WHERE known.order_id = less.order_id
    RETURNING known.order_id, known.member_id, currency, less.minor, less.whole
), told AS (
    INSERT INTO happenings (id, member_id, at, kind, store_id, staff_id, document_id, figures)
    SELECT back.event_id, changed.member_id, back.returned_at, 'return', back.store_id,
           back.staff_id, order_id,
           jsonb_build_object('amount_minor', back.refund_minor, 'currency', currency)
    FROM back JOIN changed USING (order_id)
), less AS (
    SELECT member_id, currency, count(*) FILTER (WHERE whole) AS orders, sum(minor) AS minor
    FROM changed GROUP BY member_id, currency
), {facts_without("SELECT order_id FROM changed WHERE whole")}, came AS (
    SELECT changed.member_id, line.sku_id, line.category, line.quantity
    FROM back JOIN changed USING (order_id) CROSS JOIN jsonb_to_recordset(back.lines) AS line
        (sku_id uuid, category text, quantity bigint)
), skus AS (
    UPDATE purchased_skus AS known SET pieces = known.pieces - gone.pieces
    FROM (SELECT member_id, sku_id, sum(quantity) AS pieces FROM came
          GROUP BY member_id, sku_id) AS gone
    WHERE known.member_id = gone.member_id AND known.sku_id = gone.sku_id
), categories AS (
    UPDATE purchased_categories AS known SET pieces = known.pieces - gone.pieces
    FROM (SELECT member_id, category, sum(quantity) AS pieces FROM came
          GROUP BY member_id, category) AS gone
    WHERE known.member_id = gone.member_id AND known.category = gone.category
)
SELECT count(*) FROM changed
""")


class Unknown(Exception):
    """Goods came back of an order that is not known here; it is to be looked at."""


def on_order_returned(session: Session, envelopes: list[Envelope[OrderReturned]]) -> None:
    """Take what came back out of what is known of members; one statement.

    Raises `Unknown` for an order whose sale is not here: it was parked.
    """
    returns = [_told(each) for each in envelopes if each.data.member_id is not None]
    if not returns:
        return
    orders = {each["order_id"] for each in returns}
    parameters = {"returns": msgspec.json.encode(returns).decode()}
    if session.execute(_RETURNED, parameters).scalar_one() < len(orders):
        raise Unknown(", ".join(sorted(map(str, orders))))


def _told(envelope: Envelope[OrderReturned]) -> dict[str, Any]:
    back = envelope.data
    return {
        "event_id": envelope.id,
        "order_id": back.order_id,
        "member_id": back.member_id,
        "store_id": back.store_id,
        "staff_id": back.staff_id,
        "returned_at": back.returned_at,
        "number": back.number,
        "refund_minor": back.refund_minor,
        "kept": [_pieces(line) for line in back.kept_lines],
        "whole": not back.kept_lines,
        "lines": [_pieces(line) for line in back.lines],
    }


def _pieces(line: Any) -> dict[str, Any]:
    return {"sku_id": line.sku_id, "category": line.category, "quantity": line.quantity}
