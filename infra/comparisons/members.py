"""What is known of members beside the orders it comes from."""

from infra.comparisons.side_by_side import Comparison

_KEPT = """(l.quantity - coalesce((SELECT sum(b.quantity) FROM return_lines b
    WHERE orders.returns > 0 AND b.order_id = l.order_id AND b.line = l.line), 0))"""
_STANDS = f"""(status = 'placed' AND (returns = 0 OR EXISTS (SELECT FROM order_lines l
    WHERE l.order_id = orders.id AND {_KEPT} > 0)))"""
"""A purchase stands while something of it is left."""

PURCHASES = (
    Comparison(
        "every order of a member is known of the member, once",
        (
            "order",
            f"""SELECT id AS order_id, member_id, store_id, business_date,
                 NOT {_STANDS} AS voided,
                 CASE WHEN {_STANDS} THEN total_minor ELSE 0 END AS total_minor,
                 CASE WHEN {_STANDS} THEN returned_minor ELSE 0 END AS returned_minor
               FROM orders WHERE member_id IS NOT NULL AND status IN ('placed', 'voided')
               ORDER BY id""",
        ),
        (
            "member",
            """SELECT order_id, member_id, store_id, business_date, voided,
                 CASE WHEN voided THEN 0 ELSE total_minor END AS total_minor,
                 CASE WHEN voided THEN 0 ELSE returned_minor END AS returned_minor
               FROM member_orders ORDER BY order_id""",
        ),
        ("order_id",),
    ),
    Comparison(
        "purchase facts = Σ orders of the member that stand",
        (
            "order",
            f"""SELECT member_id, currency, count(*) AS orders,
                 sum(total_minor - returned_minor)::bigint AS spent_minor
               FROM orders WHERE member_id IS NOT NULL AND {_STANDS}
               GROUP BY member_id, currency ORDER BY member_id, currency COLLATE "C" """,
        ),
        (
            "member",
            """SELECT member_id, currency, orders::bigint, spent_minor FROM purchase_facts
               WHERE orders <> 0 ORDER BY member_id, currency COLLATE "C" """,
        ),
        ("member_id", "currency"),
    ),
    Comparison(
        "pieces bought per member and SKU = Σ order lines that stand",
        (
            "order",
            f"""SELECT member_id, sku_id, sum({_KEPT})::bigint AS pieces
               FROM orders JOIN order_lines l ON l.order_id = orders.id
               WHERE member_id IS NOT NULL AND status = 'placed'
               GROUP BY member_id, sku_id HAVING sum({_KEPT}) <> 0 ORDER BY member_id, sku_id""",
        ),
        (
            "member",
            """SELECT member_id, sku_id, pieces FROM purchased_skus WHERE pieces <> 0
               ORDER BY member_id, sku_id""",
        ),
        ("member_id", "sku_id"),
    ),
)

MERGES = tuple(
    Comparison(
        f"{service} knows whom merged members stand for",
        (
            "member",
            """SELECT id AS member_id, survivor_id FROM members WHERE survivor_id IS NOT NULL
               ORDER BY id""",
        ),
        (service, copy),
        ("member_id",),
    )
    for service, copy in (
        (
            "loyalty",
            """SELECT member_id, survivor_id FROM members WHERE survivor_id IS NOT NULL
               ORDER BY member_id""",
        ),
        (
            "campaign",
            """SELECT id AS member_id, survivor_id FROM members WHERE survivor_id IS NOT NULL
               ORDER BY id""",
        ),
        (
            "order",
            """SELECT member_id, survivor_id FROM merged_members WHERE survivor_id <> member_id
               ORDER BY member_id""",
        ),
    )
)
