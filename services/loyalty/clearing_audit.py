"""What must hold of clearing: each query returns one row for each difference."""

CLEARING: dict[str, str] = {
    "what entities owe each other is what the entries gathered say": """
        SELECT debtor, creditor, account, sum(quantity) AS cleared, sum(entry) AS entries FROM (
            SELECT debtor_id AS debtor, creditor_id AS creditor,
                CASE WHEN kind LIKE 'points%' THEN 'points' WHEN kind LIKE 'bonus%' THEN 'bonus'
                    ELSE 'principal' END AS account, quantity, 0 AS entry
            FROM clearing_items WHERE entry_id IS NOT NULL AND kind <> 'points_expired'
            UNION ALL
            SELECT coalesce(e.issuing_franchisee_id, '00000000-0000-0000-0000-000000000000'),
                coalesce(e.accepting_franchisee_id, '00000000-0000-0000-0000-000000000000'),
                a.kind, 0, -e.amount
            FROM entries e JOIN accounts a ON a.id = e.account_id
            WHERE e.id <= (SELECT done_id FROM clearing_mark) AND e.balance_after IS NOT NULL
                AND e.reason IN ('spent', 'spent_back', 'redeemed', 'redeemed_back', 'paid_out',
                    'refunded')
                AND e.accepting_store_id IS NOT NULL
                AND e.issuing_franchisee_id IS DISTINCT FROM e.accepting_franchisee_id
        ) both_sides GROUP BY 1, 2, 3 HAVING sum(quantity) <> sum(entry)""",
    "no more that expired was shared than expired": """
        SELECT i.entry_id, sum(i.share_basis_points) AS shares FROM clearing_items i
        WHERE i.kind = 'points_expired' GROUP BY i.entry_id
        HAVING sum(i.share_basis_points) > 10000""",
    "what was cleared is rated as was agreed": """
        SELECT i.id, i.version, i.rate, i.share_basis_points FROM clearing_items i
        JOIN clearing_agreements g USING (version)
        WHERE i.rate <> CASE WHEN i.kind LIKE 'points%'
                THEN coalesce(g.points_minor_per_hundred, i.rate) ELSE 100 END
            OR i.share_basis_points <> CASE WHEN i.kind LIKE 'principal%'
                    THEN g.principal_basis_points
                WHEN i.kind LIKE 'bonus%' THEN g.bonus_basis_points
                WHEN i.kind = 'points_expired' THEN g.expired_basis_points ELSE 10000 END
            OR (g.issuer_id, g.acceptor_id) <> (i.debtor_id, i.creditor_id)""",
    "no more came back between entities than was taken": """
        SELECT document_id, debtor_id, creditor_id, sum(millionths) AS millionths
        FROM clearing_items WHERE document_id IN (
            SELECT document_id FROM clearing_items WHERE kind LIKE '%returned')
            AND (kind LIKE '%returned' OR kind LIKE '%spent')
        GROUP BY document_id, debtor_id, creditor_id HAVING sum(millionths) < 0""",
    "statements are the sums of their items": """
        SELECT day, debtor_id, creditor_id, currency, booked_on, kind, version, l.millionths,
            i.millionths AS items
        FROM clearing_lines l FULL JOIN (
            SELECT day, debtor_id, creditor_id, currency, booked_on, kind, version,
                count(*) AS entries, sum(quantity) AS quantity, sum(millionths) AS millionths
            FROM clearing_items WHERE day IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7
        ) i USING (day, debtor_id, creditor_id, currency, booked_on, kind, version)
        WHERE (l.entries, l.quantity, l.millionths)
            IS DISTINCT FROM (i.entries, i.quantity, i.millionths)""",
    "what a pair owes is the sum of its lines, to the cent": """
        SELECT entity_id, other_id, currency, day, opening_minor, closing_minor, millionths
        FROM (
            SELECT b.*, coalesce(lag(b.closing_minor) OVER w, 0) AS before,
                coalesce(lag(b.millionths) OVER w, 0) AS exact_before
            FROM clearing_balances b
            WINDOW w AS (PARTITION BY entity_id, other_id, currency ORDER BY day)
        ) b LEFT JOIN LATERAL (
            SELECT coalesce(sum(amount_minor * side), 0) AS amount,
                coalesce(sum(millionths * side), 0) AS exact
            FROM (SELECT l.*, CASE WHEN creditor_id = b.entity_id THEN 1 ELSE -1 END AS side
                FROM clearing_lines l WHERE l.day = b.day AND l.currency = b.currency
                    AND (l.debtor_id, l.creditor_id) IN
                        ((b.entity_id, b.other_id), (b.other_id, b.entity_id))) sided
        ) l ON true
        WHERE b.opening_minor <> b.before OR b.closing_minor <> b.opening_minor + l.amount
            OR b.millionths <> b.exact_before + l.exact""",
    "every line of a statement is in the balance of its pair": """
        SELECT l.day, l.debtor_id, l.creditor_id, l.currency FROM clearing_lines l
        LEFT JOIN clearing_balances b ON (b.entity_id, b.other_id, b.currency, b.day)
            = (l.debtor_id, l.creditor_id, l.currency, l.day)
        WHERE b.day IS NULL""",
    "both entities of a pair have the same balance": """
        SELECT b.entity_id, b.other_id, b.currency, b.day FROM clearing_balances b
        LEFT JOIN clearing_balances o ON (o.entity_id, o.other_id, o.currency, o.day)
            = (b.other_id, b.entity_id, b.currency, b.day)
        WHERE o.millionths IS DISTINCT FROM -b.millionths
            OR o.closing_minor IS DISTINCT FROM -b.closing_minor""",
    "no closed day is missing": """
        SELECT day FROM (SELECT day, lag(day) OVER (ORDER BY day) AS before FROM clearing_days) d
        WHERE day <> before + 1""",
    "payments between entities were cleared once": """
        SELECT p.id, p.amount_minor, i.quantity FROM clearing_payments p
        FULL JOIN (SELECT * FROM clearing_items WHERE kind = 'paid') i ON i.document_id = p.id
        WHERE (p.payer_id, p.payee_id, p.currency, -p.amount_minor)
            IS DISTINCT FROM (i.debtor_id, i.creditor_id, i.currency, i.quantity)""",
}
