"""Second pair of eyes: what is done by hand above a limit waits for another person."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts import Command, Event, Message, PageSize, Sentence, Text
from shared.paging import Page

ProposalKind = Literal["adjustment", "wallet_adjustment", "pay_out", "transfer"]
ProposalStatus = Literal["open", "approved", "rejected", "lapsed"]

ERRORS = {
    "UNKNOWN_PROPOSAL": Sentence(zh="没有这项申请", en="There is no such proposal"),
    "SAME_PERSON": Sentence(
        zh="须由另一位负责人审批，申请人本人不可审批",
        en="Another person has to decide; whoever proposed it may not",
    ),
    "PROPOSAL_DECIDED": Sentence(
        zh="该申请已有结果：{status}", en="This proposal has been decided already: {status}"
    ),
    "PROPOSAL_LAPSED": Sentence(
        zh="该申请已过期，请重新提交", en="This proposal has lapsed; make a new one"
    ),
}


class Proposal(Message, frozen=True, kw_only=True):
    """What somebody wants to book by hand; nothing is booked before another person approves.

    `amount` is points, or minor units of `currency`; its sign says whether it is given or taken.
    `at_most` is what the proposer may book alone by version `rule_version` of the rule (None: the
    usual limits). `other_member_id` receives a transfer.
    """

    id: UUID
    kind: ProposalKind
    status: ProposalStatus
    member_id: UUID
    other_member_id: UUID | None
    store_id: UUID
    currency: str | None
    amount: int
    at_most: int
    rule_version: int | None
    reason: str
    proposed_by: UUID
    proposed_at: datetime
    lapses_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    note: str | None


class ListProposals(Command[Page[Proposal]], frozen=True, kw_only=True):
    """Proposals of the stores within the caller's scope, newest first; only open ones unless
    `all`."""

    store_id: UUID | None = None
    all: bool = False
    first: PageSize = 50
    after: Text | None = None


class DecideProposal(Command[Proposal], frozen=True, kw_only=True):
    """Approve a proposal, which books it, or reject it; never by who proposed it.

    The same decision by the same person again changes nothing. Refusals: UNKNOWN_PROPOSAL,
    SAME_PERSON, PROPOSAL_DECIDED, PROPOSAL_LAPSED, and those of what is booked: it stays open.
    """

    proposal_id: UUID
    approve: bool
    note: Text | None = None


class AdjustmentProposed(Event, frozen=True, kw_only=True):
    """Subject: the proposal."""

    type: ClassVar[str] = "loyalty.adjustment_proposed"
    proposal_id: UUID
    kind: ProposalKind
    member_id: UUID
    store_id: UUID
    amount: int
    rule_version: int | None


class ProposalDecided(Event, frozen=True, kw_only=True):
    """Subject: the proposal. The caller of the event is who decided."""

    type: ClassVar[str] = "loyalty.proposal_decided"
    proposal_id: UUID
    kind: ProposalKind
    member_id: UUID
    store_id: UUID
    approved: bool
    proposed_by: UUID
