"""How long what is personal is kept (PIPL 19): HQ's rule, what it does, and why something is gone.

What may be named, and what becomes of it when its time is over:

    birthday, gender, city, wechat   blanked
    body                             height and sizes, blanked
    taste                            style, preferences and spending power, blanked
    family                           deleted
    notes                            what staff wrote down: text and fields, blanked; rows stay
    fields.<key>                     the custom field of members, taken away
    person                           an erasure is asked for, which somebody confirms

What must be kept is no part of it: ledgers, orders, and what proves a consent, which hold ids only.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import Command, Event, Message, Sentence

RetentionEvent = Literal["creation", "last_purchase", "last_contact", "withdrawal"]
"""What a time is counted from. `creation`: of a note when it was written, of all else the
registration. `last_purchase`: or the registration, where there was none. `last_contact`: the last
purchase, or what staff wrote down since. `withdrawal`: of the last consent to marketing; nothing is
due while one stands."""
RetentionSubject = Annotated[
    str,
    Meta(
        pattern=r"^(birthday|gender|city|wechat|body|taste|family|notes|person"
        r"|fields\.[a-z][a-z0-9_]{0,39})$(?!\n)"
    ),
]
RetentionRunState = Literal["waiting", "running", "done"]
PERSON_MONTHS = 60
"""Buyers of stored value are recorded for five years (单用途商业预付卡管理办法)."""

ERRORS = {
    "RETENTION_TWICE": Sentence(
        zh="“{subject}”在规则中出现了两次", en="“{subject}” stands in the rule twice"
    ),
    "RETENTION_UNKNOWN_FIELD": Sentence(
        zh="没有“{key}”这个会员字段", en="Members have no field “{key}”"
    ),
    "RETENTION_TOO_SHORT": Sentence(
        zh="“{subject}”依法至少保存 {months} 个月，并自最后一次消费或联系起算",
        en="By law “{subject}” is kept {months} months from the last purchase or contact",
    ),
    "RETENTION_RUN_ID_TAKEN": Sentence(
        zh="该编号已用于其他内容", en="This id was used for something else"
    ),
    "UNKNOWN_RETENTION_RUN": Sentence(zh="没有这次清理", en="There is no such run"),
}


class RetentionItem(Message, frozen=True, kw_only=True):
    """`subject` is kept for `months` calendar months after the last of `after`."""

    subject: RetentionSubject
    months: Annotated[int, Meta(ge=1, le=1_200)]
    after: RetentionEvent = "last_contact"


class RetentionRule(Message, frozen=True, kw_only=True, tag="retention"):
    """What is not named is kept until the person is erased. Published as a rule of privacy;
    refusals RETENTION_TWICE, RETENTION_UNKNOWN_FIELD, RETENTION_TOO_SHORT."""

    items: Annotated[list[RetentionItem], Meta(max_length=200)] = []


class RetentionRun(Message, frozen=True, kw_only=True):
    """How far the members have been looked at, and by subject of how many something went (of a
    preview: would go). `version` None: a preview."""

    id: UUID
    version: int | None
    state: RetentionRunState
    as_of: datetime
    members: int
    looked_at: int
    counts: dict[str, int]


class PreviewRetention(Command[RetentionRun], frozen=True, kw_only=True):
    """Count of how many members a rule would take what, if it were in force now; HQ. Nothing is
    changed. The id is the caller's. Refusals: those of `RetentionRule`, RETENTION_RUN_ID_TAKEN."""

    id: UUID
    rule: RetentionRule


class GetRetentionRun(Command[RetentionRun], frozen=True, kw_only=True):
    """A preview, or a run of the rule in force; refusal UNKNOWN_RETENTION_RUN."""

    id: UUID


class Removed(Message, frozen=True, kw_only=True):
    """What the rule took away: by which version and when, and since when it was counted."""

    subject: str
    version: int
    after: RetentionEvent
    since: datetime
    at: datetime
    rows: int


class DueLater(Message, frozen=True, kw_only=True):
    """Until when something is kept if nothing happens; `due_at` None: not while consent stands."""

    subject: str
    months: int
    after: RetentionEvent
    since: datetime | None
    due_at: datetime | None


class Retention(Message, frozen=True, kw_only=True):
    """Why something of a member is empty, and what will be; `version` of the rule in force."""

    member_id: UUID
    version: int | None
    removed: list[Removed]
    later: list[DueLater]


class ExplainRetention(Command[Retention], frozen=True, kw_only=True):
    """Why is this empty? Newest first; refusal UNKNOWN_MEMBER."""

    member_id: UUID


class RetentionRan(Event, frozen=True, kw_only=True):
    """All members were looked at by a version of the rule. Subject: the run; sequence 1."""

    type: ClassVar[str] = "member.retention_ran"
    run_id: UUID
    version: int
    looked_at: int
    counts: dict[str, int]
