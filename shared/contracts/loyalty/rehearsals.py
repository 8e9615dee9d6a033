"""Drafts of rules are rehearsed before they are published, and versions restored (L6, T7)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import Command, Message, PageSize, Sentence, Text
from shared.contracts.loyalty import RuleKind, RuleVersion
from shared.contracts.loyalty.earning import EarnRule
from shared.contracts.loyalty.tiers import TierLadder
from shared.paging import Page

RehearsalState = Literal["waiting", "running", "done", "cancelled"]
Days = Annotated[int, Meta(ge=1, le=400)]

ERRORS = {
    "UNKNOWN_REHEARSAL": Sentence(zh="没有这次试算", en="There is no such rehearsal"),
    "REHEARSAL_OVER": Sentence(
        zh="这次试算已经结束，不能取消", en="This rehearsal is over and cannot be cancelled"
    ),
    "TOO_MANY_REHEARSALS": Sentence(
        zh="最多同时进行 {limit} 次试算，请等前面的结束",
        en="At most {limit} rehearsals at a time; wait until one is over",
    ),
    "UNKNOWN_RULE_VERSION": Sentence(
        zh="没有版本为 {version} 的规则", en="There is no version {version} of this rule"
    ),
}


class StoreCost(Message, frozen=True, kw_only=True):
    """What the sales of a store would have earned by the rule in force and by the draft.

    `points_booked` is what they did earn, by the versions of their days; what came back is taken
    off everywhere. `cost_minor` is what the draft costs more, in money at the rate at which points
    are spent (rounded towards zero); None while there is no such rate.
    """

    store_id: UUID
    orders: int
    points_booked: int
    points_in_force: int
    points_draft: int
    cost_minor: int | None
    currency: str | None


class TierMove(Message, frozen=True, kw_only=True):
    """How many members the draft would move from one tier to another (None: no tier), and some of
    them. With `in_grace` they stay for now, and are moved when their grace is over."""

    tier: str | None
    to_tier: str | None
    up: bool
    in_grace: bool
    members: int
    example_ids: list[UUID]


class Rehearsal(Message, frozen=True, kw_only=True):
    """A draft over what was sold in the last `days`, beside the rule in force at `began_at`.

    `looked_at` of `members`: how far it is. The report is of those looked at so far. Not counted
    are `orders_unknown`: sold before what a sale earns by was kept. By a ladder, points are
    reckoned as if everybody had had all these days the tier they would have now.
    """

    id: UUID
    kind: Literal["earn", "ladder"]
    days: int
    body: EarnRule | TierLadder
    state: RehearsalState
    asked_by: UUID
    asked_at: datetime
    began_at: datetime | None
    earn_version: int | None
    ladder_version: int | None
    spend_version: int | None
    members: int
    looked_at: int
    orders: int
    orders_unknown: int
    stores: list[StoreCost]
    moves: list[TierMove]


class RehearseRule(Command[Rehearsal], frozen=True, kw_only=True):
    """Run a draft over the last days in the background; nothing is changed by it. HQ only.

    The id is the caller's: the same again answers how far it is. Refusals: INVALID_RULE,
    TOO_MANY_REHEARSALS, ENTRY_ID_TAKEN.
    """

    id: UUID
    days: Days = 90
    body: EarnRule | TierLadder


class GetRehearsal(Command[Rehearsal], frozen=True, kw_only=True):
    """How far a rehearsal is, and what it has found. Refusal: UNKNOWN_REHEARSAL."""

    id: UUID


class ListRehearsals(Command[Page[Rehearsal]], frozen=True, kw_only=True):
    """All rehearsals, newest first."""

    first: PageSize = 20
    after: Text | None = None


class CancelRehearsal(Command[Rehearsal], frozen=True, kw_only=True):
    """Stop one that is not over; again is no error. Refusals: UNKNOWN_REHEARSAL, REHEARSAL_OVER."""

    id: UUID


class RollBackRule(Command[RuleVersion], frozen=True, kw_only=True):
    """Publish an earlier version of a rule anew: a new version, equal to it and referring to it
    (`restores`). In force from `valid_from` (None: now). HQ only; the id is the caller's.

    Refusals: UNKNOWN_RULE_VERSION, INVALID_RULE if it is not valid any more, ENTRY_ID_TAKEN.
    """

    id: UUID
    kind: RuleKind
    version: Annotated[int, Meta(ge=1)]
    valid_from: datetime | None = None
