"""Closing days: from what is owed entry by entry to statements that never change (K42).

A day is closed for all entities at once, `REST` after it has ended in every store, one after the
other. A statement has all items up to its day that no other has: what is booked later for an
earlier day comes into the next, with its own date shown.
Rounded once: a pair's balance is its exact sum rounded to the cent, half away from zero; each line
is what it moves that by, so that lines add up to the balance, and fractions are carried.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty.clearing import LOCK
from shared import outbox, telemetry
from shared.contracts.loyalty.clearing import ClearingClosed

REST = timedelta(hours=1)
"""How long after a day's end it is closed; the ledger must have been gathered as far."""


def close(session: Session, now: datetime) -> date | None:
    """Close the next day that has ended; returns it, None when there is none, or when somebody
    else is gathering or closing."""
    if not session.scalar(_TRY_ALONE, {"key": LOCK}, execution_options=telemetry.UNCOUNTED):
        return None
    day = session.scalar(_NEXT, {"at": now - REST}, execution_options=telemetry.UNCOUNTED)
    if day is None:
        return None
    session.execute(_DAY, {"day": day, "now": now}, execution_options=telemetry.UNCOUNTED)
    closed = session.execute(_CLOSE, {"day": day}, execution_options=telemetry.UNCOUNTED).one()
    event = ClearingClosed(day=day, entries=closed.entries, lines=closed.lines)
    outbox.emit(session, (event, day.isoformat(), 1))
    found: date = day
    return found


_TRY_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext(:key))")
# The day after the last one; the first is that of the first item. Not while the ledger that has
# been gathered ends before :at.
_NEXT = text(
    """SELECT day FROM (SELECT coalesce((SELECT max(day) + 1 FROM clearing_days),
        (SELECT min(booked_on) FROM clearing_items WHERE day IS NULL)) AS day) n
    WHERE day < (SELECT min(CAST(CAST(:at AS timestamptz) AT TIME ZONE time_zone AS date))
            FROM stores WHERE active)
        AND coalesce((SELECT at FROM entries WHERE id > (SELECT done_id FROM clearing_mark)
            ORDER BY id LIMIT 1) > :at, true)"""
)
_DAY = text("INSERT INTO clearing_days (day, closed_at) VALUES (:day, :now)")
# `one` is the lesser id of a pair; above zero the other owes it.
_CLOSE = text(
    """WITH taken AS (
        UPDATE clearing_items SET day = :day WHERE day IS NULL AND booked_on <= :day RETURNING *
    ), grouped AS (
        SELECT least(debtor_id, creditor_id) AS one, greatest(debtor_id, creditor_id) AS other,
            CASE WHEN creditor_id < debtor_id THEN 1 ELSE -1 END AS sign, debtor_id, creditor_id,
            currency, booked_on, kind, version, count(*) AS entries,
            CAST(sum(quantity) AS bigint) AS quantity, sum(millionths) AS millionths
        FROM taken GROUP BY debtor_id, creditor_id, currency, booked_on, kind, version
    ), running AS (
        SELECT g.*, coalesce(b.millionths, 0) AS opening, coalesce(b.millionths, 0)
            + sum(sign * g.millionths) OVER (PARTITION BY one, other, g.currency
                ORDER BY booked_on, kind, version, debtor_id) AS after
        FROM grouped g LEFT JOIN LATERAL (
            SELECT millionths FROM clearing_balances WHERE entity_id = g.one
                AND other_id = g.other AND currency = g.currency ORDER BY day DESC LIMIT 1
        ) b ON true
    ), lines AS (
        INSERT INTO clearing_lines (day, debtor_id, creditor_id, currency, booked_on, kind, version,
            entries, quantity, millionths, amount_minor)
        SELECT :day, debtor_id, creditor_id, currency, booked_on, kind, version, entries, quantity,
            millionths, sign * (round(after / 1000000)
                - round((after - sign * millionths) / 1000000))
        FROM running
    ), stood AS (
        SELECT one, other, currency, min(opening) AS opening,
            min(opening) + sum(sign * millionths) AS closing
        FROM running GROUP BY one, other, currency
    ), balances AS (
        INSERT INTO clearing_balances (entity_id, other_id, currency, day, opening_minor,
            closing_minor, millionths)
        SELECT one, other, currency, CAST(:day AS date), round(opening / 1000000),
            round(closing / 1000000), closing FROM stood
        UNION ALL
        SELECT other, one, currency, CAST(:day AS date), -round(opening / 1000000),
            -round(closing / 1000000), -closing FROM stood
    ) SELECT coalesce(CAST(sum(entries) AS bigint), 0) AS entries, count(*) AS lines FROM grouped"""
)
