"""What must hold inside campaign's own database: each query returns one row per difference."""

from services.campaign.personal import PERSONAL
from shared import erasure

CHECKS: dict[str, str] = {
    "held = open holds": """
        SELECT u.subject_id, u.member_id, u.held, count(h.order_id) AS open
        FROM usages u
        LEFT JOIN hold_items i ON i.subject_id = u.subject_id AND i.member_id = u.member_id
        LEFT JOIN holds h ON h.order_id = i.order_id AND h.status = 'held'
        GROUP BY u.subject_id, u.member_id
        HAVING u.held <> count(h.order_id)
    """,
    "used of a promotion = its redemptions": """
        SELECT p.id, u.used, coalesce(sum(r.orders), 0) AS redeemed
        FROM promotions p
        LEFT JOIN usages u ON u.subject_id = p.id
          AND u.member_id = '00000000-0000-0000-0000-000000000000'
        LEFT JOIN redemptions r ON r.promotion_id = p.id
        GROUP BY p.id, u.used
        HAVING u.used IS DISTINCT FROM coalesce(sum(r.orders), 0)
    """,
    "used of a coupon = its redemptions": """
        SELECT c.code, u.used, coalesce(sum(r.orders), 0) AS redeemed
        FROM coupons c
        LEFT JOIN usages u ON u.subject_id = c.id
          AND u.member_id = '00000000-0000-0000-0000-000000000000'
        LEFT JOIN redemptions r ON upper(r.coupon_code) = c.lookup
        GROUP BY c.code, u.used
        HAVING u.used IS DISTINCT FROM coalesce(sum(r.orders), 0)
    """,
    "a coupon is never over its cap": """
        SELECT c.code, u.held, u.used, c.cap_total
        FROM coupons c JOIN usages u ON u.subject_id = c.id
          AND u.member_id = '00000000-0000-0000-0000-000000000000'
        WHERE u.held + u.used > c.cap_total
    """,
    "a redemption names a published promotion": """
        SELECT r.order_id, r.promotion_id, r.version FROM redemptions r
        LEFT JOIN promotion_versions v USING (promotion_id, version)
        WHERE v.promotion_id IS NULL
    """,
    "what is given back was redeemed, with the same discount": """
        SELECT b.order_id, b.promotion_id FROM redemptions b
        LEFT JOIN redemptions r ON r.order_id = b.order_id AND r.promotion_id = b.promotion_id
          AND r.orders = 1 AND r.discount_minor = -b.discount_minor
        WHERE b.orders = -1 AND r.order_id IS NULL
    """,
    "a task is what its history says": """
        SELECT t.id, t.version, last.number, last.act, last.to_id, steps.steps
        FROM tasks t
        LEFT JOIN LATERAL (
          SELECT number, act, to_id FROM task_steps s WHERE s.task_id = t.id
          ORDER BY number DESC LIMIT 1
        ) AS last ON true
        LEFT JOIN LATERAL (
          SELECT count(*) AS steps FROM task_steps s WHERE s.task_id = t.id
        ) AS steps ON true
        WHERE last.number IS DISTINCT FROM t.version OR steps.steps <> t.version
          OR last.to_id IS DISTINCT FROM t.associate_id
          OR (last.act = 'finished') <> (t.state = 'finished')
          OR (last.act = 'dropped') <> (t.state = 'dropped')
    """,
    "a task that an event raised names a published version of the rule": """
        SELECT t.id, t.rule_version FROM tasks t
        LEFT JOIN task_rules r ON r.version = t.rule_version
        WHERE t.rule_version > 0 AND r.version IS NULL
    """,
    "no open task is with somebody who has left": """
        SELECT t.id, t.associate_id FROM tasks t JOIN staff s ON s.id = t.associate_id
        WHERE t.state = 'open' AND NOT s.active
    """,
    "no task is open for somebody who was erased": """
        SELECT t.id, t.member_id FROM tasks t JOIN erased_members e ON e.member_id = t.member_id
        WHERE t.state = 'open'
    """,
    "no hold older than 10 minutes": """
        SELECT order_id, held_at FROM holds
        WHERE status = 'held' AND held_at < now() - interval '10 minutes'
    """,
} | erasure.checks(PERSONAL)
