"""What is known from purchases (M3), kept by the orders' events.

A batch is one statement: the orders that are new here (each counts once, whatever comes twice)
feed the figures, the counters of SKUs and categories, and the timeline. A void takes the same away
again, and looks up the first and the last of what is left.
"""

from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.contracts import Envelope
from shared.contracts.order import OrderPlaced, OrderVoided

_PLACED = text("""
WITH placed AS (
    INSERT INTO member_orders (order_id, member_id, store_id, business_date, placed_at, currency,
                               total_minor, lines, voided)
    SELECT order_id, member_id, store_id, business_date, placed_at, currency, total_minor, lines,
           false
    FROM jsonb_to_recordset(CAST(:orders AS jsonb)) AS told
        (order_id uuid, member_id uuid, store_id uuid, business_date date, placed_at timestamptz,
         currency text, total_minor bigint, lines jsonb)
    ORDER BY order_id
    ON CONFLICT (order_id) DO NOTHING
    RETURNING *
), told AS (
    INSERT INTO happenings (id, member_id, at, kind, store_id, staff_id, document_id, figures)
    SELECT order_id, member_id, placed_at, 'purchase', store_id, sold.staff_id, order_id,
           jsonb_build_object('amount_minor', total_minor, 'currency', currency)
    FROM placed JOIN jsonb_to_recordset(CAST(:orders AS jsonb)) AS sold
        (order_id uuid, staff_id uuid) USING (order_id)
), facts AS (
    INSERT INTO purchase_facts AS known
        (member_id, currency, orders, spent_minor, first_on, last_on, last_at, last_store_id)
    SELECT member_id, currency, count(*), sum(total_minor), min(business_date),
           (array_agg(business_date ORDER BY placed_at DESC, order_id DESC))[1], max(placed_at),
           (array_agg(store_id ORDER BY placed_at DESC, order_id DESC))[1]
    FROM placed GROUP BY member_id, currency ORDER BY member_id, currency
    ON CONFLICT (member_id, currency) DO UPDATE SET
        orders = known.orders + excluded.orders,
        spent_minor = known.spent_minor + excluded.spent_minor,
        first_on = least(known.first_on, excluded.first_on),
        (last_on, last_at, last_store_id) = (
            SELECT excluded.last_on, excluded.last_at, excluded.last_store_id
            WHERE known.last_at IS NULL OR known.last_at <= excluded.last_at
            UNION ALL
            SELECT known.last_on, known.last_at, known.last_store_id
            WHERE known.last_at > excluded.last_at
        )
), bought AS (
    SELECT member_id, line.sku_id, line.category, line.quantity
    FROM placed CROSS JOIN jsonb_to_recordset(placed.lines) AS line
        (sku_id uuid, category text, quantity bigint)
), skus AS (
    INSERT INTO purchased_skus AS known (member_id, sku_id, pieces)
    SELECT member_id, sku_id, sum(quantity) FROM bought
    GROUP BY member_id, sku_id ORDER BY member_id, sku_id
    ON CONFLICT (member_id, sku_id) DO UPDATE SET pieces = known.pieces + excluded.pieces
)
INSERT INTO purchased_categories AS known (member_id, category, pieces)
SELECT member_id, category, sum(quantity) FROM bought
GROUP BY member_id, category ORDER BY member_id, category
ON CONFLICT (member_id, category) DO UPDATE SET pieces = known.pieces + excluded.pieces
""")


def facts_without(gone: str) -> str:
    """The CTE `facts`: takes `less` (member_id, currency, orders, minor) out of what is known, and
    looks up the first and last of what is left.

    What a statement itself changes is not seen by its other parts: the orders that stand no more by
    it are still standing there, and are left out by the query `gone` for their ids.
    """
    return f"""facts AS (
    UPDATE purchase_facts AS known SET
        orders = known.orders - less.orders,
        spent_minor = known.spent_minor - less.minor,
        first_on = earliest.business_date,
        last_on = latest.business_date,
        last_at = latest.placed_at,
        last_store_id = latest.store_id
    FROM less
    LEFT JOIN LATERAL (
        SELECT min(business_date) AS business_date FROM member_orders AS standing
        WHERE standing.member_id = less.member_id AND standing.currency = less.currency
            AND NOT standing.voided AND standing.order_id NOT IN ({gone})
    ) AS earliest ON true
    LEFT JOIN LATERAL (
        SELECT business_date, placed_at, store_id FROM member_orders AS standing
        WHERE standing.member_id = less.member_id AND standing.currency = less.currency
            AND NOT standing.voided AND standing.order_id NOT IN ({gone})
        ORDER BY placed_at DESC, order_id DESC LIMIT 1
    ) AS latest ON true
    WHERE known.member_id = less.member_id AND known.currency = less.currency
)"""


_VOIDED = text(f"""
WITH voided AS (
    INSERT INTO member_orders AS known (order_id, member_id, store_id, business_date, placed_at,
                                        currency, total_minor, lines, voided)
    SELECT order_id, member_id, store_id, business_date, voided_at, 'XXX', 0, '[]', true
    FROM jsonb_to_recordset(CAST(:orders AS jsonb)) AS told
        (order_id uuid, member_id uuid, store_id uuid, business_date date, voided_at timestamptz)
    ORDER BY order_id
    ON CONFLICT (order_id) DO UPDATE SET voided = true WHERE NOT known.voided
    RETURNING *
), told AS (
    INSERT INTO happenings (id, member_id, at, kind, store_id, document_id, figures)
    SELECT back.event_id, member_id, back.voided_at, 'void', store_id, order_id,
           CASE WHEN currency = 'XXX' THEN '{{}}'
                ELSE jsonb_build_object('amount_minor', total_minor, 'currency', currency) END
    FROM voided JOIN jsonb_to_recordset(CAST(:orders AS jsonb)) AS back
        (order_id uuid, event_id uuid, voided_at timestamptz) USING (order_id)
), less AS (
    SELECT member_id, currency, count(*) AS orders, sum(total_minor) AS minor
    FROM voided GROUP BY member_id, currency
), {facts_without("SELECT order_id FROM voided")}, bought AS (
    SELECT member_id, line.sku_id, line.category, line.quantity
    FROM voided CROSS JOIN jsonb_to_recordset(voided.lines) AS line
        (sku_id uuid, category text, quantity bigint)
), skus AS (
    UPDATE purchased_skus AS known SET pieces = known.pieces - back.pieces
    FROM (SELECT member_id, sku_id, sum(quantity) AS pieces FROM bought
          GROUP BY member_id, sku_id) AS back
    WHERE known.member_id = back.member_id AND known.sku_id = back.sku_id
)
UPDATE purchased_categories AS known SET pieces = known.pieces - back.pieces
FROM (SELECT member_id, category, sum(quantity) AS pieces FROM bought
      GROUP BY member_id, category) AS back
WHERE known.member_id = back.member_id AND known.category = back.category
""")


def on_order_placed(session: Session, envelopes: list[Envelope[OrderPlaced]]) -> None:
    """Add the orders of members to what is known of them; one statement."""
    sales = {
        each.data.order_id: _sale(each.data)
        for each in envelopes
        if each.data.member_id is not None
    }
    if sales:
        session.execute(_PLACED, {"orders": msgspec.json.encode(list(sales.values())).decode()})


def on_order_voided(session: Session, envelopes: list[Envelope[OrderVoided]]) -> None:
    """Take voided orders out of what is known, to the cent and the piece; one statement.

    A void that comes before its sale leaves a mark, so that the sale will not count.
    """
    orders = {
        each.data.order_id: {
            "order_id": each.data.order_id,
            "member_id": each.data.member_id,
            "store_id": each.data.store_id,
            "business_date": each.data.business_date,
            "voided_at": each.time,
            "event_id": each.id,
        }
        for each in envelopes
        if each.data.member_id is not None
    }
    if orders:
        session.execute(_VOIDED, {"orders": msgspec.json.encode(list(orders.values())).decode()})


def _sale(order: OrderPlaced) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "member_id": order.member_id,
        "store_id": order.store_id,
        "staff_id": order.staff_id,
        "business_date": order.business_date,
        "placed_at": order.placed_at,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "lines": [
            {"sku_id": line.sku_id, "category": line.category, "quantity": line.quantity}
            for line in order.lines
        ],
    }
