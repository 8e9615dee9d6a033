"""Tiers: the ladder, what a tier brings, tiers given by hand, and what is told ahead (T1-T7)."""

from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import (
    PLAIN,
    BasisPoints,
    Code,
    Command,
    Event,
    Message,
    Name,
    PageSize,
    Sentence,
    Text,
)
from shared.paging import Page

TierHeldBy = Literal["sum", "grace", "set"]
"""Why a tier is held: by what was bought, by the days of grace after that, or because HQ set it."""

ERRORS = {
    "UNKNOWN_TIER": Sentence(
        zh="现行等级规则中没有等级“{tier}”", en="The ladder in force has no tier “{tier}”"
    ),
    "TIER_UNTIL_PAST": Sentence(
        zh="截止日期须不早于今天（{today}）", en="It has to last through today ({today}) at least"
    ),
    "NO_TIER_SET": Sentence(
        zh="该会员没有人工设定的等级", en="No tier is set by hand for this member"
    ),
}


class TierBenefit(Message, frozen=True, kw_only=True):
    """A service of a tier beyond discount and points (T6): free delivery, priority dispatch, a
    service line of its own. The note says the rest, such as the number of the line."""

    code: Code
    name_zh: Name
    name_en: Name
    note_zh: Text | None = None
    note_en: Text | None = None


class Tier(Message, frozen=True, kw_only=True):
    """A step of the ladder, reached at `threshold` (minor units or points, after the basis)."""

    code: Code
    name_zh: Name
    name_en: Name
    threshold: Annotated[int, Meta(ge=0)]
    benefits: Annotated[list[TierBenefit], Meta(max_length=20)] = []


class TierLadder(Message, frozen=True, kw_only=True, tag="ladder"):
    """Tiers by what was spent, or earned in points (T1): in this year if `calendar_year`, else in
    the last `window_days` (None: ever). Days are local.

    From `nudge_basis_points` of the way to the next tier on, staff are told what is missing (T4).
    Who no longer reaches a tier keeps it for `grace_days`; with 0 it is lost at once, and so is one
    that rested on goods that came back, unless `grace_after_return`. That a tier is lost when
    grace ends, or what HQ has set, is told `notice_days` before; with 0 it is not.
    """

    basis: Literal["spend", "points"]
    window_days: Annotated[int, Meta(ge=1, le=3660)] | None = None
    calendar_year: bool = False
    tiers: Annotated[list[Tier], Meta(min_length=1, max_length=20)]
    nudge_basis_points: BasisPoints = 9_000
    grace_days: Annotated[int, Meta(ge=0, le=366)] = 0
    grace_after_return: bool = False
    notice_days: Annotated[int, Meta(ge=0, le=366)] = 0

    def since(self, on: date) -> date | None:
        """The first day of the window that ends on a day; None: it has no beginning."""
        if self.calendar_year:
            return date(on.year, 1, 1)
        return on - timedelta(days=self.window_days - 1) if self.window_days else None

    def rank(self, code: str | None) -> int:
        """The place of a tier on the ladder, from 0; -1 for none, or one it does not have."""
        places = (place for place, tier in enumerate(self.tiers) if tier.code == code)
        return next(places, -1)


class TierSetting(Message, frozen=True, kw_only=True):
    """A tier that HQ set for a member, or (`tier` None) that it was taken back; `version` counts
    within a member. It holds through `until`, a local day of the home store; None: until it is
    taken back."""

    id: UUID
    member_id: UUID
    version: int
    tier: str | None
    until: date | None
    exactly: bool
    reason: str
    staff_id: UUID
    at: datetime


class SetTier(Command[TierSetting], frozen=True, kw_only=True):
    """Give a member a tier by hand, whatever they bought; HQ only.

    They have at least this tier through `until` (a local day of the home store; None: until it is
    taken back), or with `exactly` this one and no other. It takes the place of what was set
    before; `tier` None takes that back. The id is the caller's: repeating is safe. Refusals:
    UNKNOWN_MEMBER, NO_RULE, UNKNOWN_TIER, TIER_UNTIL_PAST, NO_TIER_SET, ENTRY_ID_TAKEN.
    """

    id: UUID
    member_id: UUID
    tier: Code | None = None
    until: date | None = None
    exactly: bool = False
    reason: Annotated[str, Meta(min_length=2, max_length=200, pattern=PLAIN)]


class ListTierSettings(Command[Page[TierSetting]], frozen=True, kw_only=True):
    """What was set by hand for a member, newest first. Refusal: UNKNOWN_MEMBER."""

    member_id: UUID
    first: PageSize = 50
    after: Text | None = None


class TierSet(Event, frozen=True, kw_only=True):
    """HQ set a tier, or took it back (`tier` None); the reason stays in the service.

    Subject: the setting. What the member has by it, `TierChanged` tells.
    """

    type: ClassVar[str] = "loyalty.tier_set"
    setting_id: UUID
    member_id: UUID
    tier: str | None
    until: date | None
    exactly: bool


class TierLapsing(Event, frozen=True, kw_only=True):
    """A member has `tier` through `until` only, and then `falls_to` (None: no tier), as things are;
    told once for each such day. `missing`, in the ladder's unit, would keep it.

    Subject: the member; sequence: the day's number in the calendar. `store_id` is the home store.
    """

    type: ClassVar[str] = "loyalty.tier_lapsing"
    audited: ClassVar[bool] = False
    member_id: UUID
    store_id: UUID | None
    tier: str
    tier_name_zh: str
    tier_name_en: str
    held_by: TierHeldBy
    until: date
    falls_to: str | None
    missing: int
    basis: str
    currency: str | None
    ladder_version: int


class NearNextTier(Event, frozen=True, kw_only=True):
    """What lacks to the next tier has become little enough to mention (T4); told once, until the
    member has reached it or fallen back. `missing` is in the ladder's unit.

    Subject: the member; sequence: the number of such approaches. `store_id` is the home store.
    """

    type: ClassVar[str] = "loyalty.near_next_tier"
    audited: ClassVar[bool] = False
    member_id: UUID
    store_id: UUID | None
    next_tier: str
    next_tier_name_zh: str
    next_tier_name_en: str
    missing: int
    basis: str
    currency: str | None
    ladder_version: int
