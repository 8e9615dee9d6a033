"""What has to agree inside inventory's own database; each statement returns the differences.

`./chainstitch audit` runs them on a quiet system, beside those that compare services (K4, K15).
"""

from services.inventory.personal import PERSONAL
from shared import erasure

CHECKS: dict[str, str] = {
    "on hand = sum of movements": """
        SELECT store_id, sku_id, coalesce(stock.on_hand, 0) AS on_hand,
               coalesce(ledger.quantity, 0) AS movements
        FROM stock FULL JOIN (
            SELECT store_id, sku_id, sum(quantity) AS quantity
            FROM movements GROUP BY store_id, sku_id
        ) AS ledger USING (store_id, sku_id)
        WHERE coalesce(stock.on_hand, 0) <> coalesce(ledger.quantity, 0)
    """,
    "every movement's level after it = sum of movements up to it": """
        SELECT id, store_id, sku_id, on_hand_after, total
        FROM (
            SELECT id, store_id, sku_id, on_hand_after,
                   sum(quantity) OVER (PARTITION BY store_id, sku_id ORDER BY id) AS total
            FROM movements
        ) AS ledger
        WHERE on_hand_after <> total
    """,
    "reserved = sum of open reservations": """
        SELECT store_id, sku_id, coalesce(stock.reserved, 0) AS reserved,
               coalesce(open.quantity, 0) AS open
        FROM stock FULL JOIN (
            SELECT store_id, piece.sku_id, sum(piece.quantity) AS quantity
            FROM reservations, unnest(sku_ids, quantities) AS piece (sku_id, quantity)
            WHERE status = 'held' GROUP BY store_id, piece.sku_id
        ) AS open USING (store_id, sku_id)
        WHERE coalesce(stock.reserved, 0) <> coalesce(open.quantity, 0)
    """,
    "every settled order moved its pieces once": """
        SELECT order_id, sku_id, settled.quantity AS settled, moved.quantity AS moved
        FROM (
            SELECT order_id, store_id, piece.sku_id, piece.quantity
            FROM reservations, unnest(sku_ids, quantities) AS piece (sku_id, quantity)
            WHERE status IN ('settled', 'voided')
        ) AS settled FULL JOIN (
            SELECT document_id AS order_id, store_id, sku_id, -quantity AS quantity
            FROM movements WHERE reason = 'sale'
        ) AS moved USING (order_id, store_id, sku_id)
        WHERE settled.quantity IS DISTINCT FROM moved.quantity
    """,
    "every voided order brought its pieces back once": """
        SELECT order_id, sku_id, voided.quantity AS voided, moved.quantity AS moved
        FROM (
            SELECT order_id, store_id, piece.sku_id, piece.quantity
            FROM reservations, unnest(sku_ids, quantities) AS piece (sku_id, quantity)
            WHERE status = 'voided'
        ) AS voided FULL JOIN (
            SELECT document_id AS order_id, store_id, sku_id, quantity
            FROM movements WHERE reason = 'void'
        ) AS moved USING (order_id, store_id, sku_id)
        WHERE voided.quantity IS DISTINCT FROM moved.quantity
    """,
    "no reservation is held for more than 10 minutes": """
        SELECT order_id, store_id, made_at FROM reservations
        WHERE status = 'held' AND made_at < now() - interval '10 minutes'
    """,
} | erasure.checks(PERSONAL)
