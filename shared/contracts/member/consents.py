"""Consents per purpose and channel, and the notices they refer to (PIPL 13-17, 23; K40)."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import PLAIN, Code, Command, Event, Message, Sentence

Purpose = Literal["membership", "marketing", "location"]
"""`location`: that a place of theirs is kept, in a custom field."""
Channel = Literal["sms", "wechat", "phone", "email", "any"]
ConsentProof = Literal["screen", "paper", "qr", "import"]
"""How it was given: on the screen, by signature, by the customer's own phone, or elsewhere."""
NoticeText = Annotated[str, Meta(min_length=1, max_length=20_000, pattern=PLAIN)]

ERRORS = {
    "NOTICE_NOT_IN_FORCE": Sentence(
        zh="须知版本“{version}”不是现行版本（现行：{in_force}），请让顾客重新确认",
        en="Notice “{version}” is not the one in force ({in_force}); show the customer that one",
    ),
    "NOTICE_VERSION_TAKEN": Sentence(
        zh="该用途已有版本“{version}”的须知", en="There is a notice “{version}” of this purpose"
    ),
    "NOTICE_ID_TAKEN": Sentence(
        zh="该须知编号已用于其他内容", en="This id was used for another notice"
    ),
    "CONSENT_ID_TAKEN": Sentence(
        zh="该同意记录编号已用于其他内容", en="This id was used for other consents"
    ),
    "CONSENT_NOT_LIMITED": Sentence(
        zh="只有营销同意可以限于一家加盟商", en="Only marketing can be limited to one franchisee"
    ),
    "UNKNOWN_FRANCHISEE": Sentence(zh="没有这家加盟商", en="There is no such franchisee"),
}


class Consent(Message, frozen=True, kw_only=True):
    """Agreement, or refusal and withdrawal, per purpose and channel, to one version of the notice.

    Marketing may be agreed to for one franchisee's stores only; None: the chain (PIPL 23).
    """

    purpose: Purpose
    channel: Channel = "any"
    notice_version: Code
    granted: bool
    proof: ConsentProof = "screen"
    franchisee_id: UUID | None = None


class ConsentFact(Message, frozen=True, kw_only=True):
    """What others are told of a consent."""

    purpose: Purpose
    channel: Channel
    franchisee_id: UUID | None
    granted: bool


class RecordedConsent(Message, frozen=True, kw_only=True):
    """A consent with its proof: who recorded it, when, in which store and on which device."""

    purpose: Purpose
    channel: Channel
    franchisee_id: UUID | None
    granted: bool
    notice_version: str
    proof: ConsentProof
    recorded_at: datetime
    recorded_by: UUID
    recorded_by_kind: str
    store_id: UUID | None
    device_id: UUID | None


class Consents(Message, frozen=True, kw_only=True):
    """`current`: the newest per purpose, channel and franchisee; `history`: all, newest first."""

    member_id: UUID
    current: list[RecordedConsent]
    history: list[RecordedConsent]


class RecordConsents(Command[Consents], frozen=True, kw_only=True):
    """Write down what a member agrees to, or withdraws: it acts at once. The id is the caller's.

    A withdrawal names any version. Refusals: UNKNOWN_MEMBER, UNKNOWN_STORE, NOTICE_NOT_IN_FORCE,
    CONSENT_NOT_LIMITED, UNKNOWN_FRANCHISEE, CONSENT_ID_TAKEN.
    """

    id: UUID
    member_id: UUID
    store_id: UUID
    consents: Annotated[list[Consent], Meta(min_length=1, max_length=20)]


class GetConsents(Command[Consents], frozen=True, kw_only=True):
    """What a member agreed to. What is for one franchisee is seen by those whose scope has a store
    of it, and by the chain (K40). Refusal: UNKNOWN_MEMBER."""

    member_id: UUID


class Notice(Message, frozen=True, kw_only=True):
    """A version of the notice of a purpose, as members are shown it."""

    id: UUID
    purpose: Purpose
    version: str
    text_zh: str
    text_en: str
    valid_from: datetime
    author_id: UUID
    published_at: datetime


class PublishNotice(Command[Notice], frozen=True, kw_only=True):
    """Publish a version of the notice of a purpose; HQ. In force from `valid_from` (None: now).

    As long as a purpose has no notice, consents name the version of a text on paper. The id is the
    caller's: repeating is safe. Refusals: NOTICE_VERSION_TAKEN, NOTICE_ID_TAKEN.
    """

    id: UUID
    purpose: Purpose
    version: Code
    text_zh: NoticeText
    text_en: NoticeText
    valid_from: datetime | None = None


class Notices(Message, frozen=True, kw_only=True):
    items: list[Notice]


class ListNotices(Command[Notices], frozen=True, kw_only=True):
    """All versions of a purpose's notice, newest first."""

    purpose: Purpose = "membership"


class GetNoticesInForce(Command[Notices], frozen=True, kw_only=True):
    """The notice in force of each purpose that has one, for everybody to read (PIPL 17)."""


class NoticePublished(Event, frozen=True, kw_only=True):
    """Subject: the notice; sequence 1."""

    type: ClassVar[str] = "member.notice_published"
    notice_id: UUID
    purpose: Purpose
    version: str
    valid_from: datetime


class ConsentsRecorded(Event, frozen=True, kw_only=True):
    """Subject: the member. What was agreed to or withdrawn, in force from now."""

    type: ClassVar[str] = "member.consents_recorded"
    member_id: UUID
    store_id: UUID | None
    consents: list[ConsentFact]
