"""Which tier somebody holds, as a pure computation over the ladder (T1-T4, K29).

Three things give a tier: what was bought within the ladder's window, the days of grace after that
no longer suffices, and what HQ has set by hand. The best of them counts, unless HQ has set one
tier and no other.
"""

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from shared.contracts import Event
from shared.contracts.loyalty import TierChanged
from shared.contracts.loyalty.tiers import (
    NearNextTier,
    Tier,
    TierHeldBy,
    TierLadder,
    TierLapsing,
)

_DAY = timedelta(days=1)


class LadderInForce(msgspec.Struct, frozen=True):
    version: int
    body: TierLadder


class TierRow(msgspec.Struct):
    """What `members` says of a tier.

    `earned_tier` is the one the sums gave when they were last reckoned, `grace_tier` one that is
    kept through `grace_until` though they do not. `lapse_told` is the last day of a tier that was
    told ahead, `near_tier` the next one that was mentioned, the `near_count`-th time in all.
    """

    member_id: UUID
    tier: str | None
    tier_version: int
    ladder_version: int
    tier_as_of: date | None
    review_on: date | None
    earned_tier: str | None
    grace_tier: str | None
    grace_until: date | None
    lapse_told: date | None
    near_tier: str | None
    near_count: int


class Progress(TierRow, kw_only=True):
    """What is known of a member's tier. `spent_minor` and `points` are the sums within the ladder's
    window up to `as_of`, `oldest` the first business date in it; `taken_*` is what the bookings at
    hand have taken out of the sums."""

    home_store_id: UUID | None
    currency: str | None
    set_tier: str | None
    set_until: date | None
    set_exactly: bool
    closed: bool
    as_of: date
    spent_minor: int
    points: int
    oldest: date | None
    survivor_id: UUID | None
    taken_minor: int = 0
    taken_points: int = 0

    def add(self, ladder: TierLadder, on: date, spent_minor: int, points: int) -> None:
        """Take in a purchase that is being booked, if it lies within the window."""
        since = ladder.since(self.as_of)
        if since and on < since:
            return
        self.spent_minor += spent_minor
        self.points += points
        self.taken_minor += max(-spent_minor, 0)
        self.taken_points += max(-points, 0)
        self.oldest = min(self.oldest or on, on)

    @property
    def is_set(self) -> bool:
        """Whether what HQ has set is in force."""
        return self.set_tier is not None and (
            self.set_until is None or self.as_of <= self.set_until
        )


class Standing(msgspec.Struct, frozen=True):
    """Where somebody stands on a ladder; figures in its unit (minor units or points)."""

    tier: Tier | None
    progress: int
    next: Tier | None
    missing: int | None
    nudge: bool


class Grace(NamedTuple):
    tier: str
    until: date


class Holding(msgspec.Struct, frozen=True):
    """The tier somebody holds, why, and through which day (None: while it is so).

    `by_sum` is the one that was bought; `next` and `missing` are from the tier that is held on, in
    the ladder's unit, and `to_keep` what lacks to have it by the sum (None: nothing does).
    """

    tier: Tier | None
    held_by: TierHeldBy
    until: date | None
    by_sum: Tier | None
    progress: int
    next: Tier | None
    missing: int | None
    to_keep: int | None
    nudge: bool
    grace: Grace | None

    @property
    def falls_to(self) -> str | None:
        """The tier after `until`, as things are."""
        if self.held_by == "set" and self.until and self.grace and self.grace.until > self.until:
            return self.grace.tier
        return self.by_sum.code if self.by_sum else None


def standing(ladder: TierLadder, spent_minor: int, points: int, held: int = -1) -> Standing:
    """The step that is reached, and how far the next one is, above the `held`-th at least.

    Near enough to mention is at `nudge_basis_points` of the next threshold: 990 of 1,000 (T4).
    """
    progress = spent_minor if ladder.basis == "spend" else points
    reached = [tier for tier in ladder.tiers if tier.threshold <= progress]
    above = ladder.tiers[held + 1 :]
    ahead = next((tier for tier in above if tier.threshold > progress), None)
    near = ahead is not None and (progress * 10_000 >= ladder.nudge_basis_points * ahead.threshold)
    return Standing(
        tier=reached[-1] if reached else None,
        progress=progress,
        next=ahead,
        missing=ahead.threshold - progress if ahead else None,
        nudge=near,
    )


def hold(member: Progress, ladder: TierLadder) -> Holding:
    """Which tier a member holds as of `member.as_of`.

    A grace begins when it is first seen here that the sums do not suffice any more, and then runs
    its days; what falls further meanwhile gets none of its own.
    """
    by_sum = standing(ladder, member.spent_minor, member.points).tier
    own = ladder.rank(by_sum.code if by_sum else None)
    grace = _grace(member, ladder, own)
    held_by: TierHeldBy = "sum"
    rank, until = own, None
    if grace is not None:
        rank, held_by, until = ladder.rank(grace.tier), "grace", grace.until
    given = ladder.rank(member.set_tier) if member.is_set else -1
    if given >= 0 and (member.set_exactly or given > rank):
        rank, held_by, until = given, "set", member.set_until
    tier = ladder.tiers[rank] if rank >= 0 else None
    ahead = standing(ladder, member.spent_minor, member.points, rank)
    fixed = held_by == "set" and member.set_exactly
    return Holding(
        tier=tier,
        held_by=held_by,
        until=until,
        by_sum=by_sum,
        progress=ahead.progress,
        next=ahead.next,
        missing=ahead.missing,
        to_keep=tier.threshold - ahead.progress if tier and rank > own else None,
        nudge=ahead.nudge and not fixed,
        grace=grace,
    )


def reckon(
    member: Progress, ladder: LadderInForce
) -> tuple[TierRow | None, list[tuple[Event, UUID, int]]]:
    """What to write of a member's tier (None: nothing has changed), and what to tell."""
    held = hold(member, ladder.body)
    code = held.tier.code if held.tier else None
    near = held.next.code if held.next and held.nudge else None
    lapse = held.until if _is_told(member, ladder.body, held) else member.lapse_told
    row = TierRow(
        member_id=member.member_id,
        tier=code,
        tier_version=member.tier_version + (code != member.tier),
        ladder_version=ladder.version,
        tier_as_of=member.as_of,
        review_on=_review_on(member, ladder.body, held),
        earned_tier=held.by_sum.code if held.by_sum else None,
        grace_tier=held.grace.tier if held.grace else None,
        grace_until=held.grace.until if held.grace else None,
        lapse_told=lapse,
        near_tier=near,
        near_count=member.near_count + (near is not None and near != member.near_tier),
    )
    same = all(getattr(row, name) == getattr(member, name) for name in TierRow.__struct_fields__)
    return (None if same else row), _news(member, ladder, held, row)


def _grace(member: Progress, ladder: TierLadder, own: int) -> Grace | None:
    if member.grace_tier is not None and member.grace_until is not None:
        lasts = member.as_of <= member.grace_until
        if lasts and ladder.rank(member.grace_tier) > own:
            return Grace(member.grace_tier, member.grace_until)
    before = ladder.rank(member.earned_tier)
    if member.earned_tier is None or before <= own or not ladder.grace_days:
        return None
    if not ladder.grace_after_return:
        spent, points = member.spent_minor + member.taken_minor, member.points + member.taken_points
        kept = standing(ladder, spent, points).tier
        if kept is not None and ladder.rank(kept.code) >= before:
            return None
    return Grace(member.earned_tier, member.as_of + (ladder.grace_days - 1) * _DAY)


def _notice_on(until: date, ladder: TierLadder) -> date:
    """The day from which on it is told that a tier is lost on the day after `until`."""
    return until + _DAY - ladder.notice_days * _DAY


def _is_told(member: Progress, ladder: TierLadder, held: Holding) -> bool:
    """Whether notice of the end of a tier is to be given now, or was."""
    if held.until is None or held.to_keep is None or not ladder.notice_days:
        return False
    return held.until == member.lapse_told or _notice_on(held.until, ladder) <= member.as_of


def _review_on(member: Progress, ladder: TierLadder, held: Holding) -> date | None:
    """The first day on which time alone may change something."""
    days: list[date] = []
    if member.oldest is not None and ladder.calendar_year:
        days.append(date(member.oldest.year + 1, 1, 1))
    elif member.oldest is not None and ladder.window_days:
        days.append(member.oldest + timedelta(days=ladder.window_days))
    ends = [held.grace.until if held.grace else None, member.set_until if member.is_set else None]
    for until in filter(None, ends):
        days += [until + _DAY, _notice_on(until, ladder)]
    return min((day for day in days if day > member.as_of), default=None)


def _news(
    member: Progress, ladder: LadderInForce, held: Holding, row: TierRow
) -> list[tuple[Event, UUID, int]]:
    news: list[tuple[Event, int]] = []
    tier, basis = held.tier, ladder.body.basis
    if row.tier_version != member.tier_version:
        changed = TierChanged(
            member_id=member.member_id,
            version=row.tier_version,
            tier=row.tier,
            tier_name_zh=tier.name_zh if tier else None,
            tier_name_en=tier.name_en if tier else None,
            ladder_version=ladder.version,
        )
        news.append((changed, row.tier_version))
    told = row.lapse_told != member.lapse_told
    if member.closed:
        return [(event, member.member_id, sequence) for event, sequence in news]
    if told and tier and held.until and held.to_keep is not None:
        lapsing = TierLapsing(
            member_id=member.member_id,
            store_id=member.home_store_id,
            tier=tier.code,
            tier_name_zh=tier.name_zh,
            tier_name_en=tier.name_en,
            held_by=held.held_by,
            until=held.until,
            falls_to=held.falls_to,
            missing=held.to_keep,
            basis=basis,
            currency=member.currency,
            ladder_version=ladder.version,
        )
        news.append((lapsing, held.until.toordinal()))
    if row.near_count != member.near_count and held.next and held.missing is not None:
        near = NearNextTier(
            member_id=member.member_id,
            store_id=member.home_store_id,
            next_tier=held.next.code,
            next_tier_name_zh=held.next.name_zh,
            next_tier_name_en=held.next.name_en,
            missing=held.missing,
            basis=basis,
            currency=member.currency,
            ladder_version=ladder.version,
        )
        news.append((near, row.near_count))
    return [(event, member.member_id, sequence) for event, sequence in news]
