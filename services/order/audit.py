"""What must hold inside order's own database: each query returns a row for every difference."""

from services.order.personal import PERSONAL
from shared import erasure

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
        WHERE status = 'pending'
        AND created_at < now() - CASE WHEN offline THEN interval '1 day' ELSE '3 minutes' END
    """,
    "a sale made without network has what its till told, and was compared": """
        SELECT orders.id, offline, status FROM orders
        LEFT JOIN offline_sales s ON s.order_id = orders.id
        WHERE offline <> (s.order_id IS NOT NULL)
            OR (s.order_id IS NOT NULL
                AND (status IN ('placed', 'voided')) <> (s.differences IS NOT NULL))
    """,
    "an accepted offline sale is an order, one that waits is none": """
        SELECT r.order_id, r.accepted_at, orders.status FROM refused_sales r
        LEFT JOIN orders ON orders.id = r.order_id
        WHERE (r.accepted_at IS NULL) <> (orders.id IS NULL)
    """,
    "only placed orders have lines": """
        SELECT DISTINCT orders.id, status FROM orders JOIN order_lines ON order_id = orders.id
        WHERE status IN ('pending', 'cancelled')
    """,
    "receipt numbers are counted": """
        SELECT store_id, sum(last) AS counted FROM receipt_counters GROUP BY store_id
        HAVING sum(last) <> (SELECT count(*) FROM orders WHERE receipt_number IS NOT NULL
            AND orders.store_id = receipt_counters.store_id)
            + (SELECT count(*) FROM returns WHERE returns.store_id = receipt_counters.store_id)
    """,
    "receipts that went out are counted": """
        SELECT document_id, max(copy) AS copies, count(*) AS went_out FROM receipt_issues
        GROUP BY document_id HAVING max(copy) + 1 <> count(*)
    """,
    "a receipt that went out is of a sale or a return of its store": """
        SELECT i.id, i.document_id FROM receipt_issues i
        LEFT JOIN orders o ON o.id = i.document_id LEFT JOIN returns r ON r.id = i.document_id
        WHERE i.store_id IS DISTINCT FROM coalesce(o.store_id, r.store_id)
            OR coalesce(o.receipt_number, r.receipt_number) IS NULL
    """,
    "an order's returns are counted": """
        SELECT orders.id, returns, returned_minor, r.number, r.minor FROM orders LEFT JOIN (
            SELECT order_id, count(*) AS number, sum(refund_minor) AS minor FROM returns
            GROUP BY order_id) AS r ON r.order_id = orders.id
        WHERE (returns, returned_minor)
            IS DISTINCT FROM (coalesce(r.number, 0), coalesce(r.minor, 0))
    """,
    "a return comes to its lines": """
        SELECT returns.id, returns.refund_minor, sum(l.refund_minor) AS lines_minor FROM returns
        LEFT JOIN return_lines l ON l.return_id = returns.id GROUP BY returns.id
        HAVING returns.refund_minor IS DISTINCT FROM sum(l.refund_minor)
            OR returns.tax_minor IS DISTINCT FROM sum(l.tax_minor)
    """,
    "a return comes to its refunds": """
        SELECT returns.id, refund_minor FROM returns WHERE refund_minor <> (
            SELECT coalesce(sum(amount_minor), 0) FROM refunds WHERE return_id = returns.id)
    """,
    "pieces come back one after the other": """
        SELECT order_id, line, returned_before, sum AS came_before FROM (
            SELECT order_id, line, returned_before, coalesce(sum(quantity) OVER (
                PARTITION BY order_id, line ORDER BY returned_before
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS sum FROM return_lines
        ) AS chain WHERE returned_before <> sum
    """,
    "when everything has come back, everything has gone back": """
        SELECT orders.id, total_minor, returned_minor FROM orders
        WHERE returns > 0 AND returned_minor <> total_minor AND NOT EXISTS (
            SELECT FROM order_lines l WHERE l.order_id = orders.id AND l.quantity > (
                SELECT coalesce(sum(b.quantity), 0) FROM return_lines b
                WHERE b.order_id = l.order_id AND b.line = l.line))
    """,
} | erasure.checks(PERSONAL)
