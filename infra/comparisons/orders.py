"""Orders beside what every other service holds and has booked for them."""

from infra.comparisons.side_by_side import Comparison, states

_STATUS = "SELECT id AS order_id, status FROM orders ORDER BY id"

# Campaign forgets what it let go of after 30 days.
_STATUS_BY_AGE = """
    SELECT id AS order_id, CASE
      WHEN status = 'cancelled' AND created_at < now() - interval '29 days' THEN 'forgotten'
      ELSE status END AS status
    FROM orders ORDER BY id
"""

HOLDS = (
    Comparison(
        "every order's stock is settled, given back or let go, as the order says",
        ("order", _STATUS),
        ("inventory", "SELECT order_id, status FROM reservations ORDER BY order_id"),
        ("order_id",),
        states(placed="settled", voided="voided", cancelled="released", pending="- held"),
    ),
    Comparison(
        "every order's coupons are used, given back or let go, as the order says",
        ("order", _STATUS_BY_AGE),
        ("campaign", "SELECT order_id, status FROM holds ORDER BY order_id"),
        ("order_id",),
        states(
            placed="- confirmed",
            voided="- returned",
            cancelled="released",
            forgotten="- released",
            pending="- held",
        ),
    ),
    Comparison(
        "every order's points and wallet money are spent or let go, as the order says",
        ("order", _STATUS),
        ("loyalty", "SELECT order_id, status FROM holds ORDER BY order_id"),
        ("order_id",),
        states(placed="- settled", voided="- settled", cancelled="released", pending="- held"),
    ),
)

BOOKINGS = (
    Comparison(
        "every piece sold left the shelf once, and came back once where the sale was voided",
        (
            "order",
            """SELECT order_id, sku_id, sum(quantity)::bigint AS sold,
                 (sum(quantity) * (status = 'voided')::int)::bigint AS brought_back
               FROM orders JOIN order_lines ON order_id = orders.id
               WHERE status IN ('placed', 'voided')
               GROUP BY order_id, sku_id, status ORDER BY order_id, sku_id""",
        ),
        (
            "inventory",
            """SELECT document_id AS order_id, sku_id,
                 coalesce(-sum(quantity) FILTER (WHERE reason = 'sale'), 0)::bigint AS sold,
                 coalesce(sum(quantity) FILTER (WHERE reason = 'void'), 0)::bigint
                   AS brought_back
               FROM movements WHERE reason IN ('sale', 'void')
               GROUP BY document_id, sku_id ORDER BY document_id, sku_id""",
        ),
        ("order_id", "sku_id"),
    ),
    Comparison(
        "every piece that came back is in the stock of the store that took it, once",
        (
            "order",
            """SELECT r.id AS return_id, sku_id, r.store_id, sum(b.quantity)::bigint AS came_back,
                 coalesce(sum(b.quantity) FILTER (WHERE condition = 'damaged'), 0)::bigint
                   AS damaged
               FROM returns r JOIN return_lines b ON b.return_id = r.id
               JOIN order_lines l ON l.order_id = b.order_id AND l.line = b.line
               GROUP BY r.id, sku_id ORDER BY r.id, sku_id""",
        ),
        (
            "inventory",
            """SELECT document_id AS return_id, sku_id, store_id,
                 coalesce(sum(quantity) FILTER (WHERE reason = 'return'), 0)::bigint AS came_back,
                 coalesce(-sum(quantity) FILTER (WHERE reason = 'damaged'), 0)::bigint AS damaged
               FROM movements WHERE reason IN ('return', 'damaged')
               GROUP BY document_id, sku_id, store_id ORDER BY document_id, sku_id""",
        ),
        ("return_id", "sku_id"),
    ),
    Comparison(
        "pieces sold per store and SKU = its stock movements",
        (
            "order",
            """SELECT store_id, sku_id, sum(quantity)::bigint AS sold
               FROM orders JOIN order_lines ON order_id = orders.id
               WHERE status IN ('placed', 'voided')
               GROUP BY store_id, sku_id ORDER BY store_id, sku_id""",
        ),
        (
            "inventory",
            """SELECT store_id, sku_id, (-sum(quantity))::bigint AS sold
               FROM movements WHERE reason = 'sale'
               GROUP BY store_id, sku_id ORDER BY store_id, sku_id""",
        ),
        ("store_id", "sku_id"),
    ),
    Comparison(
        "every order and return is booked once in loyalty, and a voided sale compensated once",
        (
            "order",
            """SELECT orders.id AS document_id, k.kind, member_id, store_id, business_date,
                 k.sign * total_minor AS spend_minor,
                 (k.sign * coalesce(paid.points, 0))::bigint AS points,
                 (k.sign * coalesce(paid.wallet_minor, 0))::bigint AS wallet_minor
               FROM orders JOIN (VALUES ('sale', 1), ('void', -1)) AS k (kind, sign)
                 ON k.kind = 'sale' OR status = 'voided'
               LEFT JOIN (
                 SELECT order_id, sum(points) AS points,
                   sum(amount_minor) FILTER (WHERE kind = 'wallet') AS wallet_minor
                 FROM order_tenders WHERE kind IN ('points', 'wallet') GROUP BY order_id
               ) AS paid ON paid.order_id = orders.id
               WHERE status IN ('placed', 'voided')
               UNION ALL
               SELECT r.id, 'return', orders.member_id, r.store_id, orders.business_date,
                 -refund_minor, (-coalesce(back.points, 0))::bigint,
                 (-coalesce(back.wallet_minor, 0))::bigint
               FROM returns r JOIN orders ON orders.id = order_id
               LEFT JOIN (
                 SELECT return_id, sum(points) AS points,
                   sum(amount_minor) FILTER (WHERE kind = 'wallet') AS wallet_minor
                 FROM refunds WHERE kind IN ('points', 'wallet') GROUP BY return_id
               ) AS back ON back.return_id = r.id
               ORDER BY 1, 2""",
        ),
        (
            "loyalty",
            """SELECT document_id, kind, member_id, store_id, business_date, spend_minor,
                 points_told AS points, wallet_told_minor AS wallet_minor
               FROM orders_booked ORDER BY document_id, kind""",
        ),
        ("document_id", "kind"),
    ),
    Comparison(
        "redemptions = the orders' promotions, given back where nothing is left of them",
        (
            "order",
            """SELECT orders.id AS order_id, promotion_id, k.orders, version, coupon_code,
                 member_id, store_id, k.orders * p.discount_minor AS discount_minor
               FROM orders CROSS JOIN jsonb_to_recordset(promotions) AS p (promotion_id uuid,
                 version int, coupon_code text, discount_minor bigint)
               JOIN (VALUES (-1), (1)) AS k (orders) ON k.orders = 1 OR status = 'voided'
                 OR EXISTS (SELECT FROM returns r WHERE r.order_id = orders.id
                   AND promotion_id = ANY(r.promotions))
               WHERE status IN ('placed', 'voided')
               ORDER BY orders.id, promotion_id, k.orders""",
        ),
        (
            "campaign",
            """SELECT order_id, promotion_id, orders::int, version, coupon_code, member_id,
                 store_id, discount_minor
               FROM redemptions ORDER BY order_id, promotion_id, orders""",
        ),
        ("order_id", "promotion_id", "orders"),
    ),
)
