"""What must hold inside the member service's own database; each returns a row per difference."""

CHECKS: dict[str, str] = {
    "purchase figures = Σ standing orders": """
        SELECT coalesce(kept.member_id, summed.member_id) AS member_id,
               coalesce(kept.currency, summed.currency) AS currency,
               kept.orders, summed.orders AS orders_expected,
               kept.spent_minor, summed.spent_minor AS spent_minor_expected
        FROM (SELECT * FROM purchase_facts WHERE orders <> 0 OR spent_minor <> 0) AS kept
        FULL JOIN (
            SELECT member_id, currency, count(*) AS orders, sum(total_minor) AS spent_minor,
                   min(business_date) AS first_on, max(placed_at) AS last_at
            FROM member_orders WHERE NOT voided GROUP BY member_id, currency
        ) AS summed ON summed.member_id = kept.member_id AND summed.currency = kept.currency
        WHERE (kept.orders, kept.spent_minor, kept.first_on, kept.last_at)
            IS DISTINCT FROM (summed.orders, summed.spent_minor, summed.first_on, summed.last_at)
    """,
    "pieces per SKU = Σ lines of standing orders": """
        SELECT coalesce(kept.member_id, summed.member_id) AS member_id,
               coalesce(kept.sku_id, summed.sku_id) AS sku_id,
               kept.pieces, summed.pieces AS pieces_expected
        FROM (SELECT * FROM purchased_skus WHERE pieces <> 0) AS kept
        FULL JOIN (
            SELECT member_id, line.sku_id, sum(line.quantity) AS pieces
            FROM member_orders CROSS JOIN jsonb_to_recordset(lines) AS line
                (sku_id uuid, quantity bigint)
            WHERE NOT voided GROUP BY member_id, line.sku_id
        ) AS summed ON summed.member_id = kept.member_id AND summed.sku_id = kept.sku_id
        WHERE kept.pieces IS DISTINCT FROM summed.pieces
    """,
    "pieces per category = Σ lines of standing orders": """
        SELECT coalesce(kept.member_id, summed.member_id) AS member_id,
               coalesce(kept.category, summed.category) AS category,
               kept.pieces, summed.pieces AS pieces_expected
        FROM (SELECT * FROM purchased_categories WHERE pieces <> 0) AS kept
        FULL JOIN (
            SELECT member_id, line.category, sum(line.quantity) AS pieces
            FROM member_orders CROSS JOIN jsonb_to_recordset(lines) AS line
                (category text, quantity bigint)
            WHERE NOT voided GROUP BY member_id, line.category
        ) AS summed ON summed.member_id = kept.member_id AND summed.category = kept.category
        WHERE kept.pieces IS DISTINCT FROM summed.pieces
    """,
    "every member agreed to membership": """
        SELECT members.id AS member_id FROM members WHERE NOT EXISTS (
            SELECT FROM consents WHERE consents.member_id = members.id
                AND consents.purpose = 'membership' AND consents.granted
        )
    """,
}
