"""Tiers: the ladder as a pure computation, and the tier others are told of (T1-T4, T7, K29).

A tier rests on what `orders_booked` adds up to within the ladder's window. It is reckoned anew
when an order is booked, when a ladder comes into force, and on the day a purchase leaves the
window.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared import outbox, telemetry
from shared.contracts.loyalty import Tier, TierChanged, TierLadder, TiersChanged
from shared.ids import new_id

REVIEW_LIMIT = 500


class LadderInForce(msgspec.Struct, frozen=True):
    version: int
    body: TierLadder


class Progress(msgspec.Struct):
    """What is known of a member's tier. `spent_minor` and `points` are the sums within the ladder's
    window up to `as_of`, `oldest` the first business date in it."""

    member_id: UUID
    currency: str | None
    tier: str | None
    tier_version: int
    ladder_version: int
    tier_as_of: date | None
    review_on: date | None
    as_of: date
    spent_minor: int
    points: int
    oldest: date | None
    survivor_id: UUID | None

    def add(self, ladder: TierLadder, on: date, spent_minor: int, points: int) -> None:
        """Take in a purchase that is being booked, if it lies within the window."""
        since = ladder.since(self.as_of)
        if since and on < since:
            return
        self.spent_minor += spent_minor
        self.points += points
        self.oldest = min(self.oldest or on, on)


class Standing(msgspec.Struct, frozen=True):
    """Where somebody stands on a ladder; figures in its unit (minor units or points)."""

    tier: Tier | None
    progress: int
    next: Tier | None
    missing: int | None
    nudge: bool


class TierRow(msgspec.Struct, frozen=True):
    """What `members` is to say of a tier."""

    member_id: UUID
    tier: str | None
    tier_version: int
    ladder_version: int
    tier_as_of: date
    review_on: date | None


def standing(ladder: TierLadder, spent_minor: int, points: int) -> Standing:
    """The step that is reached, and how far the next one is.

    Near enough to mention is at `nudge_basis_points` of the next threshold: 990 of 1,000 (T4).
    """
    progress = spent_minor if ladder.basis == "spend" else points
    reached = [tier for tier in ladder.tiers if tier.threshold <= progress]
    ahead = next((tier for tier in ladder.tiers if tier.threshold > progress), None)
    near = ahead is not None and (progress * 10_000 >= ladder.nudge_basis_points * ahead.threshold)
    return Standing(
        tier=reached[-1] if reached else None,
        progress=progress,
        next=ahead,
        missing=ahead.threshold - progress if ahead else None,
        nudge=near,
    )


def reckon(
    member: Progress, ladder: LadderInForce
) -> tuple[TierRow | None, tuple[TierChanged, UUID, int] | None]:
    """What to write of a member's tier, and what to tell; None where nothing has changed."""
    tier = standing(ladder.body, member.spent_minor, member.points).tier
    code = tier.code if tier else None
    changed = code != member.tier
    row = TierRow(
        member_id=member.member_id,
        tier=code,
        tier_version=member.tier_version + changed,
        ladder_version=ladder.version,
        tier_as_of=member.as_of,
        review_on=_review_on(member, ladder.body),
    )
    known = (member.ladder_version, member.tier_as_of, member.review_on)
    if not changed and known == (row.ladder_version, row.tier_as_of, row.review_on):
        return None, None
    if not changed:
        return row, None
    event = TierChanged(
        member_id=member.member_id,
        version=row.tier_version,
        tier=code,
        tier_name_zh=tier.name_zh if tier else None,
        tier_name_en=tier.name_en if tier else None,
        ladder_version=ladder.version,
    )
    return row, (event, member.member_id, row.tier_version)


def progress_of(
    session: Session, member_id: UUID, now: datetime
) -> tuple[LadderInForce | None, Progress | None]:
    """The ladder in force and what is known as of today of the member an id stands for; None where
    there is none."""
    owner_id = session.scalar(_STANDS_FOR, {"member_id": member_id}) or member_id
    answer = session.execute(_READ, {"member_ids": [owner_id], "now": now}).scalar_one()
    read = msgspec.json.decode(answer, type=_Read)
    return read.ladder, next(iter(read.members), None)


def assess(session: Session, member_ids: Sequence[UUID], now: datetime) -> None:
    """Reckon the tiers of known members as of today in their home store; tell what changed."""
    # The rows are locked before the sums are read: what commits in between is in the sums.
    session.execute(_LOCK, {"member_ids": list(member_ids)})
    read = msgspec.json.decode(
        session.execute(_READ, {"member_ids": list(member_ids), "now": now}).scalar_one(),
        type=_Read,
    )
    if read.ladder is None:
        return
    rows: list[TierRow] = []
    events: list[tuple[TierChanged, UUID, int]] = []
    for member in read.members:
        row, event = reckon(member, read.ladder)
        rows += [row] if row else []
        events += [event] if event else []
    if rows:
        session.execute(_WRITE, {"tiers": msgspec.json.encode(rows).decode()})
    if len(events) > 1:
        # Of all members of a chain at once, others should not hear one by one.
        outbox.emit(session, (TiersChanged(items=[event for event, _, _ in events]), new_id(), 1))
    else:
        outbox.emit(session, *events)


def review(session: Session, now: datetime, limit: int = REVIEW_LIMIT) -> int:
    """Reckon some of the tiers that a new ladder or the passing of time may have changed.

    Returns how many members were looked at; below `limit` nothing more is due. One replica at a
    time does it.
    """
    if not session.scalar(_TRY_ALONE, execution_options=telemetry.UNCOUNTED):
        return 0
    parameters = {
        "now": now,
        "limit": limit,
        # No local date is further ahead than this: it lets the index find the candidates.
        "latest": now.astimezone(UTC).date() + timedelta(days=1),
    }
    due = list(session.scalars(_DUE, parameters, execution_options=telemetry.UNCOUNTED))
    if due:
        assess(session, due, now)
    return len(due)


def _review_on(member: Progress, ladder: TierLadder) -> date | None:
    if member.oldest is None:
        return None
    if ladder.calendar_year:
        return date(member.oldest.year + 1, 1, 1)
    return member.oldest + timedelta(days=ladder.window_days) if ladder.window_days else None


class _Read(msgspec.Struct):
    ladder: LadderInForce | None
    members: list[Progress]


LADDER = """ladder AS (
    SELECT version, body, CAST(body ->> 'window_days' AS int) AS window_days,
        coalesce(CAST(body ->> 'calendar_year' AS bool), false) AS calendar_year FROM rules
    WHERE kind = 'ladder' AND valid_from <= :now
    ORDER BY valid_from DESC, version DESC LIMIT 1)"""
"""The ladder in force at :now, as a common table expression."""

PROGRESS = """progress AS (
    SELECT k.member_id, k.currency, k.tier, k.tier_version, k.ladder_version, k.tier_as_of,
        k.review_on, k.as_of, coalesce(s.spent_minor, 0) AS spent_minor,
        coalesce(s.points, 0) AS points, s.oldest, k.survivor_id
    FROM known k LEFT JOIN LATERAL (
        SELECT sum(o.spend_minor) AS spent_minor, sum(o.points_earned) AS points,
            min(o.business_date) AS oldest
        FROM ladder l JOIN orders_booked o ON o.member_id = ANY(ARRAY(
                SELECT k.member_id UNION ALL SELECT g.member_id FROM members g
                WHERE g.survivor_id = k.member_id))
            AND o.currency = k.currency
            AND (l.window_days IS NULL OR o.business_date > k.as_of - l.window_days)
            AND (NOT l.calendar_year
                OR o.business_date >= make_date(CAST(extract(year FROM k.as_of) AS int), 1, 1))
    ) s ON true)"""
"""The sums of the members in `known` (columns of `members`, and `as_of`) within the window, with
what was bought by those merged into them."""

TODAY = """greatest(m.tier_as_of, CAST(CAST(:now AS timestamptz)
    AT TIME ZONE coalesce(s.time_zone, 'UTC') AS date))"""
"""Today in the home store; never before the day that was reckoned with already."""

WRITE_TIERS = """UPDATE members m SET tier = t.tier, tier_version = t.tier_version,
        ladder_version = t.ladder_version, tier_as_of = t.tier_as_of, review_on = t.review_on
    FROM json_to_recordset(CAST(:tiers AS json)) AS t(member_id uuid, tier text, tier_version int,
        ladder_version int, tier_as_of date, review_on date)
    WHERE m.member_id = t.member_id"""


LADDER_JSON = "(SELECT json_build_object('version', version, 'body', body) FROM ladder)"


_STANDS_FOR = text(
    "SELECT coalesce(survivor_id, member_id) FROM members WHERE member_id = :member_id"
)
_LOCK = text(
    "SELECT member_id FROM members WHERE member_id = ANY(:member_ids)"
    " ORDER BY member_id FOR NO KEY UPDATE"
)
_READ = text(
    " ".join(
        (
            "WITH", LADDER, ", known AS (SELECT m.*,", TODAY, """AS as_of FROM members m
            LEFT JOIN stores s ON s.id = m.home_store_id WHERE m.member_id = ANY(:member_ids)),
            """, PROGRESS, "SELECT CAST(json_build_object('ladder',", LADDER_JSON,
            """, 'members', (SELECT coalesce(json_agg(progress), '[]') FROM progress)) AS text)""",
        )
    )
)  # fmt: skip
_WRITE = text(WRITE_TIERS)
_TRY_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('tiers.review'))")
_DUE = text(
    " ".join(
        (
            "WITH", LADDER, """SELECT m.member_id FROM ladder l JOIN members m
            ON m.ladder_version < l.version OR m.ladder_version > l.version
            OR m.review_on <= :latest
            LEFT JOIN stores s ON s.id = m.home_store_id
            WHERE m.survivor_id IS NULL
            AND (m.ladder_version <> l.version OR m.review_on <=""", TODAY, ") LIMIT :limit",
        )
    )
)  # fmt: skip
