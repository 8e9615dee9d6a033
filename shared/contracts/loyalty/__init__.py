"""Loyalty: points, tiers and wallet as double-entry ledgers; holds; versioned rules."""

import calendar
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import (
    PLAIN,
    BasisPoints,
    Code,
    Command,
    Currency,
    Event,
    Message,
    PageSize,
    Sentence,
    Text,
)
from shared.contracts.loyalty.earning import EarnRule as EarnRule
from shared.contracts.loyalty.spending import OfferSpend as OfferSpend
from shared.contracts.loyalty.spending import SpendChoice as SpendChoice
from shared.contracts.loyalty.spending import SpendOffer as SpendOffer
from shared.contracts.loyalty.tiers import Tier as Tier
from shared.contracts.loyalty.tiers import TierBenefit, TierHeldBy
from shared.contracts.loyalty.tiers import TierLadder as TierLadder
from shared.contracts.loyalty.wallet_rules import Amount, Buyer, Points, TopUpTender
from shared.contracts.loyalty.wallet_rules import ApprovalRule as ApprovalRule
from shared.contracts.loyalty.wallet_rules import TopUpPlan as TopUpPlan
from shared.contracts.loyalty.wallet_rules import TopUpRule as TopUpRule
from shared.contracts.loyalty.wallet_rules import TopUpStep as TopUpStep
from shared.contracts.loyalty.wallet_rules import WalletLimits as WalletLimits
from shared.contracts.loyalty.wallet_rules import WalletRule as WalletRule
from shared.paging import Page

LedgerAccount = Literal["points", "principal", "bonus"]
StatementAccount = Literal["points", "wallet"]

ERRORS = {
    "UNKNOWN_MEMBER": Sentence(zh="没有这位会员", en="There is no such member"),
    "NOT_ENOUGH_POINTS": Sentence(
        zh="积分不足：可用 {available}，需要 {wanted}",
        en="Not enough points: {available} available, {wanted} wanted",
    ),
    "NOT_ENOUGH_WALLET": Sentence(zh="储值余额不足", en="The wallet does not hold that much"),
    "POINTS_VALUE_WRONG": Sentence(
        zh="{points} 积分应抵 {expected_minor}",
        en="{points} points are worth {expected_minor}",
    ),
    "POINTS_LIMIT": Sentence(
        zh="本单最多可用 {limit} 积分",
        en="At most {limit} points can be used on this order",
    ),
    "HOLD_RELEASED": Sentence(
        zh="该订单已取消，请重新下单", en="This order was cancelled; make a new one"
    ),
    "TOP_UP_AMOUNT": Sentence(
        zh="充值金额须大于零且不超过 {limit_minor}",
        en="A top-up is above zero and at most {limit_minor}",
    ),
    "CURRENCY_MISMATCH": Sentence(zh="币种应为 {expected}", en="The currency has to be {expected}"),
    "ENTRY_ID_TAKEN": Sentence(zh="该单号已用于其他内容", en="This id was used with other content"),
    "NO_RULE": Sentence(zh="尚未设定此项规则", en="No rule has been published for this yet"),
    "INVALID_RULE": Sentence(zh="规则有误：{reason}", en="The rule is not right: {reason}"),
}


class SpendRule(Message, frozen=True, kw_only=True, tag="spend"):
    """What a point is worth as cash, and how much of an order may be paid with points."""

    minor_per_hundred_points: Annotated[int, Meta(ge=1, le=10**9)]
    max_share_basis_points: BasisPoints = 10_000

    def value_of(self, points: int) -> int:
        """Minor units, rounded down."""
        return points * self.minor_per_hundred_points // 100


class ExpiryRule(Message, frozen=True, kw_only=True, tag="expiry"):
    """How long points can be used; without one for ever, and so again from a ``never`` on.

    ``months``: through the same day `length` months later (a month's end where it has no such
    day); ``year_end``: through 31 December `length` years later. Points keep the rule that was in
    force when they were earned. Notice is given `notice_days` before their last day.
    """

    basis: Literal["months", "year_end", "never"]
    length: Annotated[int, Meta(ge=0, le=1200)] = 0
    notice_days: Annotated[int, Meta(ge=0, le=366)] = 30

    def valid_until(self, earned_on: date) -> date | None:
        """The last day of points earned on a day; None: they never expire."""
        match self.basis:
            case "months":
                months = earned_on.year * 12 + earned_on.month - 1 + self.length
                year, month = months // 12, months % 12 + 1
            case "year_end":
                year, month = earned_on.year + self.length, 12
            case "never":
                return None
        if year >= _LAST_YEAR:
            return None
        last = calendar.monthrange(year, month)[1]
        return date(year, month, last if self.basis == "year_end" else min(earned_on.day, last))


_LAST_YEAR = 9999

Rule = (
    EarnRule | SpendRule | TierLadder | TopUpRule | WalletRule | ExpiryRule
    | WalletLimits | ApprovalRule
)  # fmt: skip
RuleKind = Literal[
    "earn", "spend", "ladder", "top_up", "wallet", "expiry", "wallet_limits", "approval"
]


class RuleVersion(Message, frozen=True, kw_only=True):
    """Rules are versioned data: `version` counts within a kind. `restores` is the earlier version
    it was made equal to, by `RollBackRule`."""

    id: UUID
    kind: RuleKind
    version: int
    valid_from: datetime
    author_id: UUID
    body: Rule
    restores: int | None = None


class PublishRule(Command[RuleVersion], frozen=True, kw_only=True):
    """Publish the next version of a rule; HQ only. In force from `valid_from` (None: now)."""

    id: UUID
    valid_from: datetime | None = None
    body: Rule


class Rules(Message, frozen=True, kw_only=True):
    items: list[RuleVersion]


class ListRules(Command[Rules], frozen=True, kw_only=True):
    """All versions, newest first; of one kind if given."""

    kind: RuleKind | None = None


class Account(Message, frozen=True, kw_only=True):
    """What a member has. Figures exclude what is held by orders on their way (`*_held`).

    `progress` is the sum the tier rests on, within the ladder's window; `missing` is what lacks to
    the next tier in the ladder's unit; `nudge` says that it is near enough to mention. A tier that
    the sum does not give is held by grace, or because HQ set it, through `tier_until` (None: until
    that is taken back), and `to_keep` is what lacks to have it by the sum. `benefits` are services.
    Of `points`, `points_expiring` can be used through `points_valid_until`, the next such day.
    With `proposal_id` nothing was booked: what was asked for waits for another person.
    """

    member_id: UUID
    currency: str
    points: int
    points_held: int
    wallet_principal_minor: int
    wallet_bonus_minor: int
    wallet_held_minor: int
    tier: str | None
    tier_name_zh: str | None
    tier_name_en: str | None
    progress: int
    next_tier: str | None
    next_tier_name_zh: str | None
    next_tier_name_en: str | None
    missing: int | None
    nudge: bool
    basis: str | None
    ladder_version: int | None
    points_expiring: int = 0
    points_valid_until: date | None = None
    points_frozen: bool = False
    wallet_frozen: bool = False
    tier_held_by: TierHeldBy = "sum"
    tier_until: date | None = None
    to_keep: int | None = None
    benefits: list[TierBenefit] = []
    proposal_id: UUID | None = None


class Accounts(Message, frozen=True, kw_only=True):
    items: list[Account]


class GetAccounts(Command[Accounts], frozen=True, kw_only=True):
    """Accounts by member; a known member without entries has zeros, an unknown one is left out."""

    member_ids: Annotated[list[UUID], Meta(max_length=500)]


class Held(Message, frozen=True, kw_only=True):
    """Balances after the hold, as the receipt shows them."""

    order_id: UUID
    points_after: int
    wallet_principal_after_minor: int
    wallet_bonus_after_minor: int


class Hold(Command[Held], frozen=True, kw_only=True):
    """Hold points and wallet money for an order; repeating it changes nothing.

    `points_minor` is the cash value told to the customer and has to be what the rule gives.
    Refusals: NOT_ENOUGH_POINTS, NOT_ENOUGH_WALLET, POINTS_VALUE_WRONG, POINTS_LIMIT,
    HOLD_RELEASED, UNKNOWN_MEMBER, CURRENCY_MISMATCH.
    """

    order_id: UUID
    store_id: UUID
    member_id: UUID
    currency: Currency
    total_minor: Amount
    points: Points = 0
    points_minor: Amount = 0
    wallet_minor: Amount = 0


class TopUp(Command[Account], frozen=True, kw_only=True):
    """Pay money into the wallet (V1, V2); the id is the caller's. The bonus is the rule's: of the
    plan named, else of what gives the highest."""

    id: UUID
    store_id: UUID
    member_id: UUID
    currency: Currency
    paid_minor: Amount
    tender: TopUpTender
    reference: Text | None = None
    plan: Code | None = None
    buyer: Buyer = "person"


class AdjustPoints(Command[Account], frozen=True, kw_only=True):
    """Give or take points by hand, with a reason; managers. Never below zero. Above the limit it
    waits for another person: `Account.proposal_id`."""

    id: UUID
    store_id: UUID
    member_id: UUID
    points: Annotated[int, Meta(ge=-(10**7), le=10**7)]
    reason: Annotated[str, Meta(min_length=2, max_length=200, pattern=PLAIN)]


class Entry(Message, frozen=True, kw_only=True):
    """One line of a member's statement. `amount` is points, or minor units of `currency`.

    `issuing_store_id` gave the value out, `accepting_store_id` took it. `valid_until` is the last
    day of points that were given, or have expired; the detail of those says when they were earned.
    """

    id: int
    at: datetime
    account: LedgerAccount
    amount: int
    balance_after: int
    reason: str
    document_id: UUID
    issuing_store_id: UUID | None
    accepting_store_id: UUID | None
    rule_version: int | None
    detail: str | None
    valid_until: date | None = None


class GetStatement(Command[Page[Entry]], frozen=True, kw_only=True):
    """The entries behind a balance, newest first."""

    member_id: UUID
    account: StatementAccount
    first: PageSize = 50
    after: Text | None = None


class RulePublished(Event, frozen=True, kw_only=True):
    """Subject: the rule's kind; sequence: `version`."""

    type: ClassVar[str] = "loyalty.rule_published"
    rule_id: UUID
    kind: RuleKind
    version: int
    valid_from: datetime
    body: Rule
    restores: int | None = None


class OrderBooked(Event, frozen=True, kw_only=True):
    """An order's points and wallet money have been booked; the balances are final for it.

    With `voided` the figures are those of the sale, which have been booked back. `*_after` is what
    the member can use now: what other orders hold is not in it.
    """

    type: ClassVar[str] = "loyalty.order_booked"
    audited: ClassVar[bool] = False
    order_id: UUID
    store_id: UUID
    member_id: UUID
    points_earned: int
    points_spent: int
    wallet_spent_minor: int
    points_after: int
    wallet_after_minor: int
    voided: bool = False


class TierChanged(Event, frozen=True, kw_only=True):
    """Subject: the member; sequence: `version`."""

    type: ClassVar[str] = "loyalty.tier_changed"
    audited: ClassVar[bool] = False
    member_id: UUID
    version: int
    tier: str | None
    tier_name_zh: str | None
    tier_name_en: str | None
    ladder_version: int


class TiersChanged(Event, frozen=True, kw_only=True):
    """Tiers of several members that were reckoned together, each as `TierChanged` tells one; every
    change is told by one of the two. Subject: the event's own; sequence 1."""

    type: ClassVar[str] = "loyalty.tiers_changed"
    audited: ClassVar[bool] = False
    items: list[TierChanged]


class WalletToppedUp(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.wallet_topped_up"
    top_up_id: UUID
    member_id: UUID
    store_id: UUID
    currency: str
    paid_minor: int
    bonus_minor: int
    plan: str | None = None
    rule_version: int | None = None
    transfer_due: bool = False


class PointsAdjusted(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.points_adjusted"
    adjustment_id: UUID
    member_id: UUID
    store_id: UUID
    points: int
    reason: str


class PointsExpiring(Event, frozen=True, kw_only=True):
    """So many points of a member can be used through `valid_until` only; told once for each day.

    Subject: the member; sequence: the day's number in the calendar. `store_id` is the home store.
    """

    type: ClassVar[str] = "loyalty.points_expiring"
    audited: ClassVar[bool] = False
    member_id: UUID
    store_id: UUID | None
    points: int
    valid_until: date
    rule_version: int
