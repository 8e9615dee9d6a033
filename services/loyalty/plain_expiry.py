"""Expiry of plain accounts, a whole batch in one statement of the database.

An account is plain if points were only ever given, spent and left to expire there, each time those
that end first, and nothing is held. Then what is left is the newest of what was given, as much of
it as the balance covers, and there is nothing to replay. Nearly all accounts of a chain are plain;
the others, and those to be told of something, are left to `expiry`, which comes to the same for
these (ADR 0039).
"""

from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.ids import new_id

DETAIL_DAYS = 10
"""So many days are named one by one in the detail of an entry; if there are more, not all."""

log = structlog.get_logger()


def expire(session: Session, accounts: str, now: datetime) -> int:
    """Let points of those plain accounts expire whose time is over, and say when each is due again.

    `accounts` is an array in the words of PostgreSQL (`due.array`), their balances are locked by
    the caller. Returns how many were plain: they are not due any more. Raises `RuntimeError` where
    a guard of the statement does not agree.
    """
    parameters = {"accounts": accounts, "now": now, "id": new_id(), "days": DETAIL_DAYS}
    plain, changed, points = session.execute(_PLAIN, parameters).one()
    if plain != changed:
        raise RuntimeError(f"{changed} of {plain} balances could be changed")
    if points:
        log.info("points expired", points=int(points))
    return int(plain)


# `stays` of what was given is what the balance has beyond all that was given later. That is so as
# long as nothing comes back into the middle, what is given later never ends earlier, and nothing is
# left of what ends as early as anything that has expired. No two parts are joined: the planner
# expects a handful of rows, and would compare each with each.
_PLAIN = text(
    """WITH history AS (
        SELECT b.account_id, b.balance, e.id, e.amount, e.reason, e.earned_on, e.valid_until,
            e.expires_at, e.expiry_version AS version, e.issuing_store_id AS store_id,
            e.issuing_franchisee_id AS franchisee_id,
            greatest(least(e.amount, b.balance + greatest(e.amount, 0)
                - CAST(sum(greatest(e.amount, 0)) OVER newer AS bigint)), 0) AS stays,
            e.lot_id IS NULL AND right(e.reason, 5) <> '_back' AND (e.amount < 0
                OR coalesce(e.expires_at, 'infinity') <= min(coalesce(e.expires_at, 'infinity'))
                    FILTER (WHERE e.amount > 0) OVER newer) AS in_order
        FROM balances b JOIN entries e USING (account_id)
        WHERE b.account_id = ANY(CAST(:accounts AS uuid[])) AND b.expiry_due <= :now
            AND b.balance >= 0 AND b.held = 0
        WINDOW newer AS (PARTITION BY b.account_id ORDER BY e.id DESC ROWS UNBOUNDED PRECEDING)
    ), lots AS MATERIALIZED (
        SELECT h.*, stays > 0 AND coalesce(expires_at <= :now, false) AS is_over,
            CASE WHEN stays > 0 AND expires_at <= :now THEN (SELECT c.id FROM accounts c
                WHERE c.store_id = h.store_id AND c.kind = 'points_expired' AND c.unit = 'points')
                END AS counter_id,
            CASE WHEN stays > 0 AND expires_at > :now THEN coalesce(
                expires_at - make_interval(hours => 24 + 24 * (
                    SELECT CAST(r.body ->> 'notice_days' AS int) FROM rules r
                    WHERE r.kind = 'expiry' AND r.version = h.version)), :now) END AS notice_at
        FROM history h
    ), looked AS (
        SELECT l.*, CASE WHEN notice_at > :now THEN notice_at WHEN notice_at IS NULL THEN NULL
            WHEN EXISTS (SELECT FROM expiry_notices n WHERE n.account_id = l.account_id
                AND n.valid_until = l.valid_until) THEN expires_at ELSE :now END AS look_at
        FROM lots l
    ), judged AS (
        SELECT *, max(id) OVER account AS last_id, min(look_at) OVER account AS due,
            bool_and(in_order AND (counter_id IS NOT NULL OR NOT is_over)
                AND coalesce(look_at > :now, true)) OVER account
            AND sum(amount) OVER account = balance
            AND count(*) FILTER (WHERE is_over) OVER account <= :days
            AND coalesce(max(expires_at) FILTER (WHERE reason = 'expired') OVER account
                < min(expires_at) FILTER (WHERE stays > 0) OVER account, true) AS is_plain
        FROM looked WINDOW account AS (PARTITION BY account_id)
    ), plain AS (
        SELECT account_id, max(last_id) AS last_id, min(due) AS due,
            CAST(coalesce(sum(stays) FILTER (WHERE is_over), 0) AS bigint) AS points
        FROM judged WHERE is_plain GROUP BY account_id
    ), days AS (
        SELECT account_id, balance, counter_id, store_id, franchisee_id, expires_at, version,
            earned_on, sum(stays) AS points, min(id) AS first_id, min(valid_until) AS valid_until
        FROM judged WHERE is_plain AND is_over GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ), gone AS (
        SELECT account_id, balance, counter_id, store_id, franchisee_id, expires_at, version,
            CAST(sum(points) AS bigint) AS points, min(first_id) AS first_id,
            min(earned_on) AS earned_on, min(valid_until) AS valid_until,
            string_agg(to_char(earned_on, 'YYYY-MM-DD') || ': ' || points, ', '
                ORDER BY earned_on) AS detail
        FROM days GROUP BY 1, 2, 3, 4, 5, 6, 7
    ), posted AS (
        INSERT INTO transactions (id, document_id, kind, at)
        SELECT CAST(:id AS uuid), CAST(md5('expiry:' || account_id || ':' || last_id) AS uuid),
            'expiry', :now
        FROM plain WHERE account_id = (SELECT account_id FROM gone ORDER BY account_id LIMIT 1)
        RETURNING id, document_id
    ), entered AS (
        INSERT INTO entries (transaction_id, account_id, unit, amount, balance_after, reason,
            document_id, issuing_store_id, issuing_franchisee_id, rule_version, detail, earned_on,
            valid_until, expires_at, expiry_version, at)
        SELECT p.id, side.account_id, 'points', side.amount, side.balance_after, 'expired',
            p.document_id, side.store_id, side.franchisee_id, side.version, side.detail,
            side.earned_on, side.valid_until, side.expires_at, side.life, :now
        FROM posted p CROSS JOIN (
            SELECT account_id, -points AS amount, CAST(balance - sum(points) OVER (
                    PARTITION BY account_id ORDER BY first_id) AS bigint) AS balance_after,
                store_id, franchisee_id, version, detail, earned_on, valid_until, expires_at,
                version AS life, first_id
            FROM gone
            UNION ALL
            SELECT counter_id, CAST(sum(points) AS bigint), NULL, store_id, franchisee_id, version,
                NULL, NULL, NULL, NULL, NULL, NULL
            FROM gone GROUP BY counter_id, store_id, franchisee_id, version
        ) side ORDER BY side.balance_after IS NULL, side.account_id, side.first_id
    ), changed AS (
        UPDATE balances b SET balance = b.balance - p.points, expiry_due = p.due
        FROM plain p WHERE b.account_id = p.account_id AND b.balance - b.held >= p.points
        RETURNING p.points
    ) SELECT (SELECT count(*) FROM plain), count(*), coalesce(sum(points), 0) FROM changed"""
)
