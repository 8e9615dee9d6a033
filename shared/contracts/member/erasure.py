"""Erasure of a person in every service, and its certificate (K37; PIPL 47).

    requested → asking → erasing → erased        (or withdrawn, as long as it is only requested)

Somebody asks, somebody else confirms. Order answers first (nothing may be on its way), then loyalty
(the wallet has to be empty; it books off what points are left). A refusal leads back to requested,
with its code. Then every service destroys what it has and says so.

Who was merged goes with the survivor: it is one person under several ids.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import Command, Event, Message, PageSize, Sentence
from shared.paging import Page

ErasureReason = Literal["asked_by_member", "consent_withdrawn", "retention", "mistaken", "legal"]
ErasureStatus = Literal["requested", "asking", "erasing", "erased", "withdrawn"]
DataClass = Literal["identity", "profile", "contact", "notes", "tags", "rights", "free_text"]
"""Kinds of what is destroyed: who somebody is, what they are like, how they are reached, what was
written about them, what they were filed under, what they were entitled to, remarks on documents."""

ERRORS = {
    "ERASURE_ID_TAKEN": Sentence(
        zh="该注销编号已用于其他会员", en="This id was used for another erasure"
    ),
    "ERASURE_OPEN": Sentence(
        zh="该会员已有未完成的注销申请", en="An erasure of this member is on its way already"
    ),
    "UNKNOWN_ERASURE": Sentence(zh="没有这项注销申请", en="There is no such erasure"),
    "ERASURE_NOT_OPEN": Sentence(
        zh="该注销申请已是“{status}”状态", en="This erasure is {status} already"
    ),
    "SECOND_PERSON_NEEDED": Sentence(
        zh="须由另一位有权限的同事确认", en="Another person has to confirm this"
    ),
    "ERASURE_TOO_EARLY": Sentence(
        zh="等待期未满，{from_time} 后才能确认", en="This can be confirmed from {from_time} on"
    ),
}


class Destroyed(Message, frozen=True, kw_only=True):
    """What was destroyed in one table; never what it was."""

    table: str
    data_class: DataClass
    columns: list[str]
    rows: int


class ErasureAnswer(Message, frozen=True, kw_only=True):
    """What one service has destroyed, and when."""

    service: str
    at: datetime
    destroyed: list[Destroyed]


class Erasure(Message, frozen=True, kw_only=True):
    """An erasure, and once it is `erased` its certificate: who asked, who confirmed, what was
    destroyed where and when. It holds ids only. `refusal`: why it was not possible when confirmed
    last. Messages between services (ids, and remarks on documents) are gone a week later."""

    id: UUID
    member_id: UUID
    status: ErasureStatus
    reason: ErasureReason
    requested_by: UUID
    requested_at: datetime
    confirmable_from: datetime
    rule_version: int | None
    confirmed_by: UUID | None
    confirmed_at: datetime | None
    refusal: str | None
    ended_at: datetime | None
    answers: list[ErasureAnswer] = []


class RequestErasure(Command[Erasure], frozen=True, kw_only=True):
    """Ask for the erasure of a member; managers whose scope has the home store. The id is the
    caller's: repeating is safe. Refusals: UNKNOWN_MEMBER, ERASURE_OPEN, ERASURE_ID_TAKEN."""

    id: UUID
    member_id: UUID
    reason: ErasureReason


class ConfirmErasure(Command[Erasure], frozen=True, kw_only=True):
    """Confirm it, as another person than asked. Repeating is safe. What order or loyalty have
    against it (ORDER_ON_ITS_WAY, WALLET_NOT_EMPTY) shows in `refusal` a moment later. Refusals:
    UNKNOWN_ERASURE, SECOND_PERSON_NEEDED, ERASURE_TOO_EARLY, ERASURE_NOT_OPEN."""

    id: UUID


class WithdrawErasure(Command[Erasure], frozen=True, kw_only=True):
    """Take it back before it is confirmed. Refusals: UNKNOWN_ERASURE, ERASURE_NOT_OPEN."""

    id: UUID


class ListErasures(Command[Page[Erasure]], frozen=True, kw_only=True):
    """Erasures of members at home in the caller's scope, newest first, with their certificates."""

    id: UUID | None = None
    member_id: UUID | None = None
    first: PageSize = 20
    after: str | None = None


class ErasureRule(Message, frozen=True, kw_only=True, tag="erasure"):
    """How long an erasure waits for second thoughts before it can be confirmed."""

    wait_hours: Annotated[int, Meta(ge=0, le=24 * 60)] = 0


class ErasureRequested(Event, frozen=True, kw_only=True):
    """Subject: the member."""

    type: ClassVar[str] = "member.erasure_requested"
    erasure_id: UUID
    member_id: UUID
    reason: ErasureReason


class ErasureWithdrawn(Event, frozen=True, kw_only=True):
    """Subject: the member."""

    type: ClassVar[str] = "member.erasure_withdrawn"
    erasure_id: UUID
    member_id: UUID


class ErasureConfirmed(Event, frozen=True, kw_only=True):
    """Subject: the member. Order and then loyalty say whether it is possible. `merged_ids` stand
    for the member too."""

    type: ClassVar[str] = "member.erasure_confirmed"
    erasure_id: UUID
    member_id: UUID
    merged_ids: list[UUID] = []


class MemberErased(Event, frozen=True, kw_only=True):
    """Subject: the member. Nobody has anything against it: every service destroys what it has, of
    `merged_ids` as well."""

    type: ClassVar[str] = "member.erased"
    audited: ClassVar[bool] = False
    erasure_id: UUID
    member_id: UUID
    merged_ids: list[UUID] = []


class ErasureCompleted(Event, frozen=True, kw_only=True):
    """Subject: the member. All services have answered: the certificate is whole."""

    type: ClassVar[str] = "member.erasure_completed"
    erasure_id: UUID
    member_id: UUID
