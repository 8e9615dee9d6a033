"""What must hold within this database: each query returns one row for each difference."""

from services.loyalty import liability_ages
from services.loyalty.clearing_audit import CLEARING
from services.loyalty.mall_audit import MALL
from services.loyalty.personal import PERSONAL
from services.loyalty.tier_audit import TIERS
from shared import erasure

CHECKS: dict[str, str] = {
    "balances are the sums of their entries": """
        SELECT b.account_id, b.balance, coalesce(sum(e.amount), 0) AS entries
        FROM balances b LEFT JOIN entries e ON e.account_id = b.account_id
        GROUP BY b.account_id, b.balance HAVING b.balance <> coalesce(sum(e.amount), 0)""",
    "the last entry shows the balance": """
        SELECT b.account_id, b.balance, e.balance_after FROM balances b
        CROSS JOIN LATERAL (SELECT balance_after FROM entries
            WHERE account_id = b.account_id ORDER BY id DESC LIMIT 1) e
        WHERE e.balance_after IS DISTINCT FROM b.balance""",
    "debits equal credits": """
        SELECT transaction_id, unit, sum(amount) AS difference FROM entries
        GROUP BY transaction_id, unit HAVING sum(amount) <> 0""",
    "what is held is the sum of open holds": """
        SELECT b.account_id, b.held, coalesce(sum(h.amount), 0) AS open_holds
        FROM balances b JOIN member_accounts ma USING (account_id)
        LEFT JOIN (
            SELECT member_id, k.kind, k.amount FROM holds CROSS JOIN LATERAL (VALUES
                ('points', points), ('principal', principal_minor), ('bonus', bonus_minor)
            ) AS k(kind, amount) WHERE status = 'held'
        ) h ON h.member_id = ma.member_id AND h.kind = ma.kind
        GROUP BY b.account_id, b.held HAVING b.held <> coalesce(sum(h.amount), 0)""",
    "below zero only by a void or a return": """
        SELECT b.account_id, b.balance FROM balances b WHERE b.balance < 0 AND NOT EXISTS (
            SELECT FROM entries e WHERE e.account_id = b.account_id
                AND (e.reason = 'earned_back' OR e.reason LIKE 'merged%'))""",
    "no free balance on a merged member": """
        SELECT m.member_id, ma.kind, b.balance, b.held FROM members m
        JOIN member_accounts ma USING (member_id) JOIN accounts a ON a.id = ma.account_id
        JOIN balances b ON b.account_id = ma.account_id
        JOIN member_accounts sa ON sa.member_id = m.survivor_id AND sa.kind = ma.kind
        JOIN accounts s ON s.id = sa.account_id AND s.unit = a.unit
        JOIN balances sb ON sb.account_id = sa.account_id
        WHERE NOT b.frozen AND NOT sb.frozen AND (b.balance > b.held OR b.balance < 0)""",
    "a merge neither gives nor takes": """
        SELECT t.document_id, t.kind, e.unit, e.issuing_store_id, sum(e.amount) AS difference
        FROM transactions t JOIN entries e ON e.transaction_id = t.id
        WHERE t.kind IN ('merge', 'merge_back')
        GROUP BY t.document_id, t.kind, e.unit, e.issuing_store_id, e.issuing_franchisee_id
        HAVING sum(e.amount) <> 0 OR bool_or(e.balance_after IS NULL)""",
    "debts that others bear are what was moved, until they went back": """
        SELECT d.id, d.amount, d.returned, e.moved, e.back FROM moved_debts d LEFT JOIN LATERAL (
            SELECT coalesce(-sum(amount) FILTER (WHERE reason = 'merged_in'), 0) AS moved,
                coalesce(sum(amount) FILTER (WHERE reason = 'merged_in_back'), 0) AS back
            FROM entries e WHERE e.document_id = d.id AND e.account_id = d.to_account_id
                AND (e.issuing_store_id, e.issuing_franchisee_id)
                    IS NOT DISTINCT FROM (d.issuing_store_id, d.issuing_franchisee_id)
        ) e ON true
        WHERE e.moved <> d.amount
            OR e.back <> CASE WHEN d.returned THEN d.amount ELSE 0 END""",
    "a merge that was undone leaves nobody merged by it": """
        SELECT g.merge_id, g.undone, m.survivor_id FROM merges g
        JOIN members m ON m.member_id = g.merged_id
        WHERE NOT g.undone AND m.survivor_id IS NULL""",
    "what is due to expire was looked at within the hour": """
        SELECT b.account_id, b.expiry_due FROM balances b
        WHERE b.expiry_due < now() - interval '1 hour' AND EXISTS (
            SELECT FROM entries e WHERE e.account_id = b.account_id
                AND e.expires_at IS NOT NULL)""",
    "nothing is past its date and still usable": """
        SELECT b.account_id, p.past - p.gone - b.held AS points FROM balances b JOIN (
            SELECT account_id,
                coalesce(sum(amount) FILTER (WHERE reason <> 'expired'
                    AND expires_at < now() - interval '1 hour'), 0) AS past,
                -coalesce(sum(amount) FILTER (WHERE reason IN ('expired', 'forfeited',
                    'spent', 'spent_back', 'redeemed', 'redeemed_back')
                    OR (amount < 0 AND expires_at IS NULL
                        AND (reason = 'adjusted' OR reason LIKE 'merged%'))), 0) AS gone
            FROM entries WHERE unit = 'points' AND balance_after IS NOT NULL GROUP BY account_id
        ) p USING (account_id) WHERE p.past > p.gone + b.held""",
    "no more has expired than was given": """
        SELECT account_id, issuing_store_id, expires_at, sum(amount) AS points FROM entries
        WHERE expires_at IS NOT NULL AND reason <> 'earned_back'
        GROUP BY account_id, issuing_store_id, expires_at, expiry_version
        HAVING sum(amount) < 0""",
    "expired points are on the books of the store that gave them": """
        SELECT e.transaction_id, e.issuing_store_id, sum(e.amount) AS difference
        FROM entries e JOIN accounts a ON a.id = e.account_id WHERE e.reason = 'expired'
            AND (e.balance_after IS NOT NULL OR a.store_id = e.issuing_store_id)
        GROUP BY e.transaction_id, e.issuing_store_id HAVING sum(e.amount) <> 0""",
    "no hold is older than ten minutes": """
        SELECT order_id, created_at FROM holds
        WHERE status = 'held' AND created_at < now() - interval '10 minutes'""",
    "orders spent what they say": """
        SELECT order_id, points_told, points_spent, wallet_told_minor, wallet_spent_minor
        FROM orders_booked WHERE kind = 'sale' AND (points_told, wallet_told_minor)
            IS DISTINCT FROM (points_spent, wallet_spent_minor)""",
    "booked orders and their entries agree": """
        SELECT o.order_id, o.kind, o.points_earned, o.points_spent, o.wallet_spent_minor
        FROM orders_booked o LEFT JOIN LATERAL (
            SELECT sum(e.amount) FILTER (WHERE e.reason LIKE 'earned%') AS earned,
                sum(-e.amount) FILTER (WHERE e.reason LIKE 'spent%' AND e.unit = 'points')
                    AS points,
                sum(-e.amount) FILTER (WHERE e.reason LIKE 'spent%' AND e.unit <> 'points')
                    AS wallet
            FROM transactions t JOIN entries e ON e.transaction_id = t.id
            WHERE t.document_id = o.document_id AND t.kind = o.kind
                AND e.balance_after IS NOT NULL
        ) s ON true
        WHERE (o.points_earned, o.points_spent, o.wallet_spent_minor) IS DISTINCT FROM
            (coalesce(s.earned, 0), coalesce(s.points, 0), coalesce(s.wallet, 0))""",
    "no more came back of an order than was booked": """
        SELECT order_id, sum(spend_minor) AS spend_minor, sum(points_earned) AS points_earned,
            sum(points_spent) AS points_spent, sum(wallet_spent_minor) AS wallet_minor
        FROM orders_booked WHERE order_id IN (
            SELECT order_id FROM orders_booked WHERE kind = 'return')
        GROUP BY order_id HAVING least(sum(spend_minor), sum(points_earned), sum(points_spent),
            sum(wallet_spent_minor)) < 0""",
    "settled holds were booked": """
        SELECT h.order_id FROM holds h LEFT JOIN orders_booked o
            ON o.order_id = h.order_id AND o.kind = 'sale'
        WHERE h.status = 'settled' AND (o.order_id IS NULL OR o.points_spent <> h.points
            OR o.wallet_spent_minor <> h.principal_minor + h.bonus_minor)""",
    "what was approved is booked, and nothing else that was proposed": """
        SELECT p.id, p.kind, p.approved FROM proposals p LEFT JOIN transactions t
            ON t.document_id = p.id AND t.kind = p.kind
        WHERE (t.id IS NOT NULL) IS DISTINCT FROM coalesce(p.approved, false)""",
    "a transfer takes from one what it gives to another": """
        SELECT e.transaction_id, e.unit, a.kind, sum(e.amount) AS difference
        FROM entries e JOIN accounts a ON a.id = e.account_id
        WHERE e.reason LIKE 'transferred%' GROUP BY e.transaction_id, e.unit, a.kind
        HAVING sum(e.amount) <> 0""",
    "no more of a top-up went back than was paid": """
        SELECT t.document_id, g.account_id, g.amount, r.returned
        FROM (SELECT detail, account_id, -sum(amount) AS returned FROM entries
            WHERE reason IN ('refunded', 'bonus_refunded') AND balance_after IS NOT NULL
            GROUP BY detail, account_id) r
        JOIN transactions t ON t.kind = 'top_up' AND CAST(t.document_id AS text) = r.detail
        JOIN entries g ON g.transaction_id = t.id AND g.account_id = r.account_id
        WHERE r.returned > g.amount""",
    "accounts are frozen as was last asked for": """
        SELECT b.account_id, b.frozen, f.frozen AS asked FROM balances b
        JOIN member_accounts ma USING (account_id)
        CROSS JOIN LATERAL (SELECT frozen FROM freezes
            WHERE (member_id = ma.member_id OR ma.member_id = ANY(also_ids))
            AND (account = 'points') = (ma.kind = 'points') ORDER BY at DESC, id DESC LIMIT 1) f
        WHERE b.frozen <> f.frozen""",
    "what stores owe is the sum of the entries gathered": """
        SELECT store_id, unit, kind, reason, sum(amount) AS gathered, sum(entry) AS entries FROM (
            SELECT store_id, unit, kind, reason, amount, 0 AS entry FROM liability_days
            UNION ALL
            SELECT e.issuing_store_id, e.unit, a.kind, e.reason, 0, e.amount
            FROM entries e JOIN accounts a ON a.id = e.account_id
            WHERE e.balance_after IS NOT NULL AND e.issuing_store_id IS NOT NULL
                AND e.id <= (SELECT done_id FROM liability_mark)
        ) both_sides GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> sum(entry)""",
    "whom stores owe is the sum of the entries gathered": """
        SELECT l.store_id, l.kind, l.net, d.amount FROM
            (SELECT store_id, kind, unit, sum(net) AS net FROM liability_accounts GROUP BY 1, 2, 3)
            l FULL JOIN
            (SELECT store_id, kind, unit, sum(amount) AS amount FROM liability_days
            GROUP BY 1, 2, 3) d USING (store_id, kind, unit)
        WHERE l.net IS DISTINCT FROM d.amount""",
    "every value was given by a store": """
        SELECT id, account_id FROM entries
        WHERE balance_after IS NOT NULL AND issuing_store_id IS NULL""",
    "opening entries are what the rows of imports brought": """
        SELECT coalesce(o.document_id, e.document_id) AS document_id, o.points,
            o.principal_minor, o.bonus_minor, e.points AS points_entered,
            e.principal AS principal_entered, e.bonus AS bonus_entered
        FROM (SELECT * FROM openings WHERE points + principal_minor + bonus_minor > 0) o
        FULL JOIN (
            SELECT e.document_id, coalesce(sum(amount) FILTER (WHERE a.kind = 'points'), 0)
                    AS points,
                coalesce(sum(amount) FILTER (WHERE a.kind = 'principal'), 0) AS principal,
                coalesce(sum(amount) FILTER (WHERE a.kind = 'bonus'), 0) AS bonus
            FROM entries e JOIN accounts a ON a.id = e.account_id
            WHERE e.reason = 'opening' AND e.balance_after IS NOT NULL GROUP BY e.document_id
        ) e ON e.document_id = o.document_id
        WHERE (o.points, o.principal_minor, o.bonus_minor)
            IS DISTINCT FROM (e.points, e.principal, e.bonus)""",
    "entries name a transaction and an account of their unit": """
        SELECT e.id, e.transaction_id, e.account_id, e.unit FROM entries e
        LEFT JOIN transactions t ON t.id = e.transaction_id
        LEFT JOIN accounts a ON a.id = e.account_id AND a.unit = e.unit
        WHERE t.id IS NULL OR a.id IS NULL""",
    "every member's account has an owner and a balance": """
        SELECT account_id, a.id, ma.member_id, m.member_id AS owner_id FROM member_accounts ma
        FULL JOIN balances b USING (account_id)
        LEFT JOIN accounts a ON a.id = account_id LEFT JOIN members m USING (member_id)
        WHERE num_nulls(ma.account_id, b.account_id, a.id, m.member_id) > 0""",
    "documents were booked once": """
        SELECT d.id, d.kind FROM documents d LEFT JOIN transactions t
            ON t.document_id = d.id AND t.kind = d.kind WHERE t.id IS NULL""",
    **CLEARING,
    **liability_ages.CHECKS,
    **MALL,
    **TIERS,
} | erasure.checks(PERSONAL)
