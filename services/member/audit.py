"""What must hold inside the member service's own database; each returns a row per difference."""

from services.member import duplicate_audit, file_audit, tag_audit
from services.member.personal import PERSONAL
from shared import erasure

CHECKS: dict[str, str] = {
    "purchase figures = Σ standing orders": """
        SELECT coalesce(kept.member_id, summed.member_id) AS member_id,
               coalesce(kept.currency, summed.currency) AS currency,
               kept.orders, summed.orders AS orders_expected,
               kept.spent_minor, summed.spent_minor AS spent_minor_expected
        FROM (SELECT * FROM purchase_facts WHERE orders <> 0 OR spent_minor <> 0) AS kept
        FULL JOIN (
            SELECT member_id, currency, count(*) AS orders,
                   sum(total_minor - returned_minor) AS spent_minor,
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
    "timelines show every order of a member, and its amount": """
        SELECT coalesce(kept.order_id, shown.id) AS order_id, kept.member_id, kept.total_minor,
               shown.member_id AS shown_member_id, shown.figures
        FROM (SELECT * FROM member_orders WHERE currency <> 'XXX') AS kept
        FULL JOIN (SELECT * FROM happenings WHERE kind = 'purchase') AS shown
            ON shown.id = kept.order_id
        WHERE (kept.member_id, kept.total_minor, kept.currency) IS DISTINCT FROM
            (shown.member_id, CAST(shown.figures ->> 'amount_minor' AS bigint),
             shown.figures ->> 'currency')
    """,
    "timelines show every voided order once": """
        SELECT kept.order_id, count(shown.id) AS times
        FROM member_orders AS kept
        LEFT JOIN happenings AS shown ON shown.kind = 'void' AND shown.document_id = kept.order_id
            AND shown.member_id = kept.member_id
        WHERE kept.voided AND kept.returns = 0
        GROUP BY kept.order_id HAVING count(shown.id) <> 1
    """,
    "timelines show every return of an order once": """
        SELECT kept.order_id, kept.returns, count(shown.id) AS times,
               sum(CAST(shown.figures ->> 'amount_minor' AS bigint)) AS shown_minor
        FROM member_orders AS kept
        LEFT JOIN happenings AS shown ON shown.kind = 'return'
            AND shown.document_id = kept.order_id AND shown.member_id = kept.member_id
        WHERE kept.returns > 0 GROUP BY kept.order_id
        HAVING (count(shown.id), sum(CAST(shown.figures ->> 'amount_minor' AS bigint)))
            IS DISTINCT FROM (kept.returns, kept.returned_minor)
    """,
    "whoever looks after a member is the one of the timeline": """
        SELECT members.id AS member_id, members.associate_id, latest.staff_id
        FROM members LEFT JOIN LATERAL (
            SELECT staff_id FROM happenings
            WHERE member_id = members.id AND kind IN ('joined', 'handed_over')
            ORDER BY at DESC, kind = 'joined', id DESC LIMIT 1
        ) AS latest ON true
        WHERE members.erased_at IS NULL
            AND members.associate_id IS DISTINCT FROM latest.staff_id
    """,
    "a finished import has booked what its rows bring": """
        SELECT id AS import_id, points, principal_minor, bonus_minor, points_booked,
            principal_booked_minor, bonus_booked_minor
        FROM imports WHERE state = 'finished' AND (points_booked, principal_booked_minor,
            bonus_booked_minor) <> (points, principal_minor, bonus_minor)
    """,
    "nothing is left of the file of an import that is over": """
        SELECT DISTINCT i.id AS import_id, i.state FROM imports i
        LEFT JOIN import_chunks c ON c.import_id = i.id
        LEFT JOIN import_keys k ON k.import_id = i.id
        WHERE i.state IN ('finished', 'cancelled')
            AND (c.import_id IS NOT NULL OR k.import_id IS NOT NULL)
    """,
    "every member's phone is an identifier of theirs": """
        SELECT members.id AS member_id FROM members WHERE erased_at IS NULL AND NOT EXISTS (
            SELECT FROM identifiers WHERE identifiers.member_id = members.id
                AND kind = 'phone' AND identifiers.hash = members.phone_hash
        )
    """,
    "who was merged stands for one who is open, by a merge that stands": """
        SELECT members.id AS member_id, members.survivor_id FROM members
        JOIN members AS survivor ON survivor.id = members.survivor_id
        WHERE survivor.survivor_id IS NOT NULL OR NOT EXISTS (
            SELECT FROM merges WHERE merged_id = members.id AND undone_at IS NULL
        )
        UNION ALL
        SELECT merged_id, merges.survivor_id FROM merges JOIN members ON members.id = merged_id
        WHERE undone_at IS NULL AND members.survivor_id IS NULL
    """,
    "every member agreed to membership": """
        SELECT members.id AS member_id FROM members WHERE NOT EXISTS (
            SELECT FROM consents WHERE consents.member_id = members.id
                AND consents.purpose = 'membership' AND consents.granted
        )
    """,
    "what counts of the consents is the newest of the ledger": """
        SELECT coalesce(kept.consent_id, newest.id) AS consent_id, newest.member_id,
               kept.granted, newest.granted AS granted_expected
        FROM consent_states AS kept
        FULL JOIN (
            SELECT DISTINCT ON (member_id, purpose, channel, franchisee_id) *
            FROM consents ORDER BY member_id, purpose, channel, franchisee_id, id DESC
        ) AS newest ON newest.id = kept.consent_id
        WHERE (kept.member_id, kept.purpose, kept.channel, kept.franchisee_id, kept.granted)
            IS DISTINCT FROM (newest.member_id, newest.purpose, newest.channel,
                newest.franchisee_id, newest.granted)
    """,
    "birthdays are those of the members, at home in their stores": """
        SELECT members.id AS member_id, members.home_store_id, kept.home_store_id AS kept_at
        FROM members LEFT JOIN birthdays AS kept ON kept.member_id = members.id
        WHERE (members.birthday IS NULL) <> (kept.year IS NULL)
            OR kept.home_store_id <> members.home_store_id
    """,
    "no birthday is over for an hour without the next one": """
        SELECT member_id, next_on, due_at FROM birthdays WHERE due_at < now() - interval '1 hour'
    """,
    "erasures are certified, or not a day on their way": """
        SELECT id AS erasure_id, status, confirmed_at FROM erasures
        WHERE status IN ('asking', 'erasing') AND confirmed_at < now() - interval '1 day'
           OR status = 'erased' AND (
               SELECT count(*) FROM erasure_answers WHERE erasure_id = erasures.id
           ) <> 6
    """,
    "who is erased has an erasure": """
        SELECT members.id AS member_id FROM members
        FULL JOIN (SELECT * FROM erasures WHERE status IN ('erasing', 'erased')) AS erasures
            ON erasures.member_id = coalesce(members.survivor_id, members.id)
        WHERE (members.erased_at IS NULL) <> (erasures.id IS NULL)
    """,
    "a run of the rule of retention took away what it counted": """
        SELECT run.id AS run_id, counted.key AS subject, counted.value AS counted, taken.members
        FROM retention_runs AS run CROSS JOIN jsonb_each_text(run.counts) AS counted
        LEFT JOIN (
            SELECT run_id, subject, count(*) AS members FROM retention_removals GROUP BY 1, 2
        ) AS taken ON taken.run_id = run.id AND taken.subject = counted.key
        WHERE run.version IS NOT NULL
            AND CAST(counted.value AS bigint) IS DISTINCT FROM taken.members
    """,
    "consents and keys of names are of members": """
        SELECT member_id, told.of FROM (
            SELECT member_id, 'consents' AS of FROM consents
            UNION SELECT member_id, 'consent_states' FROM consent_states
            UNION SELECT member_id, 'name_keys' FROM name_keys
        ) AS told WHERE NOT EXISTS (SELECT FROM members WHERE id = told.member_id)
    """,
    **file_audit.CHECKS,
    **tag_audit.CHECKS,
    **duplicate_audit.CHECKS,
} | erasure.checks(PERSONAL)
