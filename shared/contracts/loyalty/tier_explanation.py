"""Why a member has the tier they have (K29)."""

from datetime import date
from uuid import UUID

from shared.contracts import Command, Message, PageSize, Text
from shared.contracts.loyalty.tiers import TierHeldBy


class TierPart(Message, frozen=True, kw_only=True):
    """A document the sum is made of: a sale (`kind` sale), a sale that was cancelled (void) or
    goods that came back (return; `document_id` is the return's), on the business date of the
    sale. `amount` is in the ladder's unit, negative for what was taken away."""

    document_id: UUID
    order_id: UUID
    kind: str
    business_date: date
    store_id: UUID
    amount: int


class TierExplanation(Message, frozen=True, kw_only=True):
    """The tier by the ladder in force: `progress` is the sum of all parts on business dates from
    `since` (None: ever) on, in minor units of `currency` or in points, after `basis`. `parts` are
    newest first; `next` is where the following page begins, None at the end.

    `tier_by_sum` is what the sum gives. Another one is held by grace, or because HQ set it, through
    `until` (None: until that is taken back); `to_keep` is what lacks to have it by the sum."""

    member_id: UUID
    ladder_version: int
    basis: str
    window_days: int | None
    calendar_year: bool
    since: date | None
    as_of: date
    currency: str | None
    progress: int
    tier: str | None
    threshold: int | None
    next_tier: str | None
    missing: int | None
    zh: str
    en: str
    parts: list[TierPart]
    next: str | None
    held_by: TierHeldBy = "sum"
    until: date | None = None
    tier_by_sum: str | None = None
    to_keep: int | None = None


class ExplainTier(Command[TierExplanation], frozen=True, kw_only=True):
    """Which rule, which window, which purchases and what is missing, as of today in the home
    store. Refusals: UNKNOWN_MEMBER, NO_RULE while there is no ladder."""

    member_id: UUID
    first: PageSize = 50
    after: Text | None = None
