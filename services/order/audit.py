"""What must hold inside order's own database: each query returns a row for every difference."""

CHECKS = {
    "order totals equal their lines": """
        SELECT orders.id, total_minor, sum(net_minor) AS lines_minor FROM orders
        JOIN order_lines ON order_id = orders.id WHERE status IN ('placed', 'voided')
        GROUP BY orders.id
        HAVING total_minor <> sum(net_minor) OR orders.list_minor <> sum(order_lines.list_minor)
            OR orders.tax_minor <> sum(order_lines.tax_minor)
    """,
    "placed orders have lines": """
        SELECT id FROM orders WHERE status IN ('placed', 'voided')
        AND NOT EXISTS (SELECT FROM order_lines WHERE order_id = orders.id)
    """,
    "order totals equal their tenders": """
        SELECT orders.id, total_minor FROM orders WHERE status IN ('placed', 'voided')
        AND total_minor <> (
            SELECT coalesce(sum(amount_minor), 0) FROM order_tenders WHERE order_id = orders.id)
    """,
    "no order pending past its time": """
        SELECT id, created_at FROM orders
        WHERE status = 'pending' AND created_at < now() - interval '3 minutes'
    """,
    "only placed orders have lines": """
        SELECT DISTINCT orders.id, status FROM orders JOIN order_lines ON order_id = orders.id
        WHERE status IN ('pending', 'cancelled')
    """,
    "receipt numbers are counted": """
        SELECT store_id, sum(last) AS counted FROM receipt_counters GROUP BY store_id
        HAVING sum(last) <> (SELECT count(*) FROM orders WHERE receipt_number IS NOT NULL
            AND orders.store_id = receipt_counters.store_id)
    """,
}
