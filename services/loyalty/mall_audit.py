"""What must hold of the points mall: each query returns one row for each difference."""

MALL: dict[str, str] = {
    "mall stock is the sum of its movements": """
        SELECT s.item_id, s.store_id, s.quantity, coalesce(sum(m.quantity), 0) AS movements
        FROM mall_stock s LEFT JOIN mall_movements m USING (item_id, store_id)
        GROUP BY s.item_id, s.store_id, s.quantity
        HAVING s.quantity <> coalesce(sum(m.quantity), 0)""",
    "redemptions took their points once, and gave them back if cancelled": """
        SELECT coalesce(r.id, e.document_id) AS id, r.points, e.taken, e.back
        FROM redemptions r FULL JOIN (
            SELECT document_id, -coalesce(sum(amount) FILTER (WHERE reason = 'redeemed'), 0)
                AS taken, coalesce(sum(amount) FILTER (WHERE reason = 'redeemed_back'), 0) AS back
            FROM entries WHERE reason IN ('redeemed', 'redeemed_back')
                AND balance_after IS NOT NULL GROUP BY document_id
        ) e ON e.document_id = r.id
        WHERE r.points IS DISTINCT FROM e.taken
            OR e.back <> CASE WHEN r.cancelled_at IS NULL THEN 0 ELSE r.points END""",
    "redemptions cost what their item did": """
        SELECT r.id, r.points, v.body ->> 'points' AS each FROM redemptions r
        JOIN mall_item_versions v ON v.item_id = r.item_id AND v.version = r.item_version
        WHERE r.points <> r.quantity * CAST(v.body ->> 'points' AS bigint)""",
    "redemptions of counted items took them from stock": """
        SELECT r.id, r.quantity, m.quantity AS moved FROM redemptions r
        JOIN mall_item_versions v ON v.item_id = r.item_id AND v.version = r.item_version
        LEFT JOIN mall_movements m ON m.document_id = r.id AND m.kind = 'redeemed'
        WHERE coalesce(-m.quantity, 0) <> CASE
            WHEN CAST(v.body ->> 'counted' AS bool) IS FALSE THEN 0 ELSE r.quantity END""",
}
