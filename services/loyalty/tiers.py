"""Tiers: the one a member has, and what others are told of it (T1-T4, T7, K29).

A tier rests on what `orders_booked` adds up to within the ladder's window, on grace and on what HQ
has set (`standing`). It is reckoned anew when an order is booked, when a ladder comes into force or
a tier is set, and on the day a purchase leaves the window, a notice is due or a grace is over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty.due import Due, array
from services.loyalty.standing import LadderInForce, Progress, TierRow, reckon
from shared import outbox, telemetry
from shared.contracts import Event
from shared.contracts.loyalty import TierChanged, TiersChanged
from shared.ids import new_id

REVIEW_LIMIT = 1_000


def progress_of(
    session: Session, member_id: UUID, now: datetime
) -> tuple[LadderInForce | None, Progress | None]:
    """The ladder in force and what is known as of today of the member an id stands for; None where
    there is none."""
    owner_id = owner_of(session, member_id) or member_id
    answer = session.execute(_READ, {"member_ids": array([owner_id]), "now": now}).scalar_one()
    read = msgspec.json.decode(answer, type=_Read)
    return read.ladder, next(iter(read.members), None)


def owner_of(session: Session, member_id: UUID) -> UUID | None:
    """The member an id stands for; None: nobody knows it."""
    owner_id: UUID | None = session.scalar(_STANDS_FOR, {"member_id": member_id})
    return owner_id


def assess(
    session: Session, member_ids: Sequence[UUID], now: datetime, *, grace: bool = True
) -> None:
    """Reckon the tiers of known members as of today in their home store; tell what changed.

    Without `grace`, what the sums do not give any more is lost at once.
    """
    # The rows are locked before the sums are read: what commits in between is in the sums.
    asked = {"member_ids": array(member_ids), "now": now}
    session.execute(_LOCK, asked)
    _assess_locked(session, asked, grace=grace)


def _assess_locked(session: Session, asked: dict[str, Any], *, grace: bool = True) -> None:
    read = msgspec.json.decode(session.execute(_READ, asked).scalar_one(), type=_Read)
    if read.ladder is None:
        return
    rows: list[TierRow] = []
    events: list[tuple[Event, UUID, int]] = []
    for member in read.members:
        if not grace:
            member.earned_tier = member.grace_tier = None
        row, news = reckon(member, read.ladder)
        rows += [row] if row else []
        events += news
    if rows:
        session.execute(_WRITE, {"tiers": msgspec.json.encode(rows).decode()})
    changed = [event for event, _, _ in events if isinstance(event, TierChanged)]
    if len(changed) > 1:
        # Of all members of a chain at once, others should not hear one by one.
        events = [each for each in events if not isinstance(each[0], TierChanged)]
        events.append((TiersChanged(items=changed), new_id(), 1))
    outbox.emit(session, *events)


def review(
    session: Session, now: datetime, limit: int = REVIEW_LIMIT, due: Due | None = None
) -> int:
    """Reckon some of the tiers that a new ladder or the passing of time may have changed.

    Returns how many members were looked at; below `limit` nothing more is due. One replica at a
    time does it.
    """
    if not session.scalar(_TRY_ALONE, execution_options=telemetry.UNCOUNTED):
        return 0
    members = (due or Due()).take(session, _DUE, now, limit)
    if members:
        asked = {"member_ids": array(members), "now": now}
        session.execute(_LOCK, asked)
        if moved := session.scalars(_KEEP, asked).all():
            _assess_locked(session, {**asked, "member_ids": array(moved)})
    return len(members)


class _Read(msgspec.Struct):
    ladder: LadderInForce | None
    members: list[Progress]


LADDER = """ladder AS (
    SELECT version, body, CAST(body ->> 'window_days' AS int) AS window_days,
        coalesce(CAST(body ->> 'calendar_year' AS bool), false) AS calendar_year FROM rules
    WHERE kind = 'ladder' AND valid_from <= :now
    ORDER BY valid_from DESC, version DESC LIMIT 1)"""
"""The ladder in force at :now, as a common table expression."""

STEPS = """steps AS (
    SELECT place, step ->> 'code' AS code, CAST(step ->> 'threshold' AS bigint) AS threshold
    FROM ladder, jsonb_array_elements(body -> 'tiers') WITH ORDINALITY AS s(step, place))"""
"""The steps of that ladder, the lowest first."""

PROGRESS = """progress AS (
    SELECT k.member_id, k.home_store_id, k.currency, k.tier, k.tier_version, k.ladder_version,
        k.tier_as_of, k.review_on, k.earned_tier, k.grace_tier, k.grace_until, k.lapse_told,
        k.near_tier, k.near_count, t.set_tier, t.set_until,
        coalesce(t.set_exactly, false) AS set_exactly, k.closed_at IS NOT NULL AS closed, k.as_of,
        coalesce(s.spent_minor, 0) AS spent_minor, coalesce(s.points, 0) AS points, s.oldest,
        k.survivor_id
    FROM known k CROSS JOIN LATERAL (
        SELECT array_agg(g.member_id) AS ids FROM members g
        WHERE g.member_id = k.member_id OR g.survivor_id = k.member_id
    ) person LEFT JOIN LATERAL (
        SELECT g.set_tier, g.set_until, g.set_exactly FROM members g
        WHERE g.member_id = ANY(person.ids) AND g.set_tier IS NOT NULL
            AND (g.set_until IS NULL OR g.set_until >= k.as_of)
        ORDER BY g.member_id <> k.member_id, g.set_until DESC NULLS FIRST LIMIT 1
    ) t ON true LEFT JOIN LATERAL (
        SELECT sum(o.spend_minor) AS spent_minor, sum(o.points_earned) AS points,
            min(o.business_date) AS oldest
        FROM ladder l JOIN orders_booked o ON o.member_id = ANY(person.ids)
            AND o.currency = k.currency
            AND (l.window_days IS NULL OR o.business_date > k.as_of - l.window_days)
            AND (NOT l.calendar_year
                OR o.business_date >= make_date(CAST(extract(year FROM k.as_of) AS int), 1, 1))
    ) s ON true)"""
"""The sums of the members in `known` (columns of `members`, and `as_of`) within the window, with
what was bought by those merged into them, and what is set for them, or else for one of those."""

TODAY = """greatest(m.tier_as_of, CAST(CAST(:now AS timestamptz)
    AT TIME ZONE coalesce(s.time_zone, 'UTC') AS date))"""
"""Today in the home store; never before the day that was reckoned with already."""

WRITE_TIERS = """UPDATE members m SET tier = t.tier, tier_version = t.tier_version,
        ladder_version = t.ladder_version, tier_as_of = t.tier_as_of, review_on = t.review_on,
        earned_tier = t.earned_tier, grace_tier = t.grace_tier, grace_until = t.grace_until,
        lapse_told = t.lapse_told, near_tier = t.near_tier, near_count = t.near_count
    FROM json_to_recordset(CAST(:tiers AS json)) AS t(member_id uuid, tier text, tier_version int,
        ladder_version int, tier_as_of date, review_on date, earned_tier text, grace_tier text,
        grace_until date, lapse_told date, near_tier text, near_count int)
    WHERE m.member_id = t.member_id"""


LADDER_JSON = "(SELECT json_build_object('version', version, 'body', body) FROM ladder)"


_STANDS_FOR = text(
    "SELECT coalesce(survivor_id, member_id) FROM members WHERE member_id = :member_id"
)
_LOCK = text(
    """SELECT count(*) FROM (
        SELECT FROM members WHERE member_id = ANY(CAST(:member_ids AS uuid[]))
        ORDER BY member_id FOR NO KEY UPDATE) locked"""
)
_KNOWN = " ".join(
    (
        "WITH", LADDER, ", known AS (SELECT m.*,", TODAY, """AS as_of FROM members m
        LEFT JOIN stores s ON s.id = m.home_store_id
        WHERE m.member_id = ANY(CAST(:member_ids AS uuid[]))),""", PROGRESS,
    )
)  # fmt: skip
_READ = text(
    " ".join(
        (
            _KNOWN, "SELECT CAST(json_build_object('ladder',", LADDER_JSON,
            """, 'members', (SELECT coalesce(json_agg(progress), '[]') FROM progress)) AS text)""",
        )
    )
)  # fmt: skip
# Whom a new ladder leaves where they are, as it does nearly everybody: by the sum alone on the step
# they had, as near to the next one, and to be looked at again on the same day. `reckon` would say
# the same of them (ADR 0039).
_KEEP = text(
    " ".join(
        (
            _KNOWN, ",", STEPS, """, stood AS (
                SELECT p.*, l.version, CASE WHEN l.body ->> 'basis' = 'spend' THEN p.spent_minor
                        ELSE p.points END AS reached,
                    CAST(l.body ->> 'nudge_basis_points' AS int) AS nudge,
                    CASE WHEN l.calendar_year
                        THEN make_date(CAST(extract(year FROM p.oldest) AS int) + 1, 1, 1)
                        ELSE p.oldest + l.window_days END AS leaves_on
                FROM progress p CROSS JOIN ladder l
            ), kept AS (
                UPDATE members m SET ladder_version = s.version, tier_as_of = s.as_of
                FROM stood s WHERE m.member_id = s.member_id
                    AND s.grace_tier IS NULL AND s.set_tier IS NULL
                    AND s.review_on IS NOT DISTINCT FROM
                        CASE WHEN s.leaves_on > s.as_of THEN s.leaves_on END
                    AND (s.tier, s.earned_tier, s.near_tier) IS NOT DISTINCT FROM (
                        SELECT (now.code, now.code, next.code) FROM (VALUES (1)) AS one
                        LEFT JOIN LATERAL (SELECT code FROM steps WHERE threshold <= s.reached
                            ORDER BY place DESC LIMIT 1) now ON true
                        LEFT JOIN LATERAL (SELECT code, threshold FROM steps
                            WHERE threshold > s.reached ORDER BY place LIMIT 1) next
                            ON s.reached * 10000 >= next.threshold * s.nudge)
                RETURNING m.member_id
            ) SELECT member_id FROM progress EXCEPT SELECT member_id FROM kept""",
        )
    )
)  # fmt: skip
_WRITE = text(WRITE_TIERS)
_TRY_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('tiers.review'))")
# Each part walks along an index. No local date is later than `latest`.
_DUE = text(
    " ".join(
        (
            "WITH", LADDER, """, latest AS (
                SELECT max(CAST(CAST(:now AS timestamptz) AT TIME ZONE z.time_zone AS date)) AS day
                FROM (SELECT DISTINCT time_zone FROM stores UNION SELECT 'UTC') z
            ) (SELECT member_id FROM members
                WHERE survivor_id IS NULL AND ladder_version < (SELECT version FROM ladder)
                ORDER BY ladder_version LIMIT :limit)
            UNION (SELECT member_id FROM members
                WHERE survivor_id IS NULL AND ladder_version > (SELECT version FROM ladder)
                ORDER BY ladder_version DESC LIMIT :limit)
            UNION (SELECT m.member_id FROM members m LEFT JOIN stores s ON s.id = m.home_store_id
                WHERE m.survivor_id IS NULL AND m.review_on <= (SELECT day FROM latest)
                AND m.review_on <=""", TODAY, """ORDER BY m.review_on LIMIT :limit)
            LIMIT :limit""",
        )
    )
)  # fmt: skip
