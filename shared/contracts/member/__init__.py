"""Member: one person known in every store; phones encrypted; facts from purchases."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import PLAIN, Code, Command, Event, Message, Name, PageSize, Sentence, Text
from shared.contracts.member.birthdays import Birthday
from shared.contracts.member.consents import Consent, ConsentFact
from shared.contracts.member.fields import (
    Field,
    FieldInput,
    FieldKey,
    Fields,
    FieldSubject,
    FieldValue,
    FieldValues,
    Form,
)
from shared.contracts.member.identity import IdentifierInput
from shared.paging import Page

Tag = Annotated[str, Meta(min_length=1, max_length=30, pattern=PLAIN)]
Sizes = Annotated[dict[Code, Code], Meta(max_length=20)]
Gender = Literal["female", "male", "other"]
SpendingPower = Literal["low", "middle", "high", "top"]
Preferences = Annotated[list[Tag], Meta(max_length=20)]
ContactKind = Literal["note", "visit", "enquiry", "call", "message"]
"""What staff write down: a remark, a visit without a purchase, a question, a call, a chat."""
HappeningKind = Literal[
    ContactKind, "joined", "purchase", "void", "return", "points", "top_up", "coupon", "tier",
    "tier_lapsing", "near_tier", "handed_over", "merged", "unmerged",
]  # fmt: skip

ERRORS = {
    "INVALID_PHONE": Sentence(zh="“{phone}”不是有效的电话号码", en="“{phone}” is no phone number"),
    "PHONE_TAKEN": Sentence(
        zh="该手机号已是会员，已为您找到该会员",
        en="This phone belongs to a member already",
    ),
    "UNKNOWN_MEMBER": Sentence(zh="没有这位会员", en="There is no such member"),
    "MEMBER_CHANGED": Sentence(
        zh="会员资料刚被他人修改，请刷新后再改",
        en="Someone else changed this member; look again",
    ),
    "CONSENT_MISSING": Sentence(
        zh="请先征得会员同意《会员须知》",
        en="The member has to agree to the notice first",
    ),
    "INVALID_BIRTHDAY": Sentence(zh="生日不对", en="That is no birthday"),
    "QUERY_TOO_SHORT": Sentence(
        zh="请至少输入两个字或四位数字", en="Type at least two letters or four digits"
    ),
    "MEMBER_ID_TAKEN": Sentence(
        zh="该会员编号已用于其他资料", en="This member id was used with other data"
    ),
    "HAPPENING_ID_TAKEN": Sentence(
        zh="该记录编号已用于其他内容", en="This id was used for another record"
    ),
    "HANDOVER_ID_TAKEN": Sentence(
        zh="该交接编号已用于其他内容", en="This id was used for another hand-over"
    ),
    "UNKNOWN_ASSOCIATE": Sentence(
        zh="该员工不存在、已离职或不在该门店范围内",
        en="There is no such member of staff at work in these stores",
    ),
    "TOO_MANY_TAGS": Sentence(
        zh="一位会员最多 {limit} 个标签", en="A member can have at most {limit} tags"
    ),
}


class Purchases(Message, frozen=True, kw_only=True):
    """What is known from purchases (M3), over all stores; minor units of `currency`.

    `average_minor` is spend over count, rounded half up; favourites are by pieces bought.
    """

    first_on: date | None = None
    last_on: date | None = None
    last_store_id: UUID | None = None
    count: int = 0
    spent_minor: int = 0
    average_minor: int = 0
    currency: str = "CNY"
    favourite_categories: list[str] = []
    favourite_sku_ids: list[UUID] = []


class Member(Message, frozen=True, kw_only=True):
    """A member as staff see one. `phone_masked` is ``+86 138****1234``; never the full number.

    `birthday` is the solar date of birth where the year is known, `born` is as it was given;
    `next_birthday` is local to the home store, `age` in full years; `tags` are
    put by hand or by rule. `merged_ids` stand for this member too.
    """

    id: UUID
    version: int
    card_code: str
    name: str
    phone_masked: str
    gender: Gender | None = None
    birthday: date | None = None
    city: str | None = None
    source_channel: str
    home_store_id: UUID
    associate_id: UUID | None = None
    tags: list[str] = []
    tags_by_rule: list[str] = []
    sizes: dict[str, str] = {}
    height_cm: int | None = None
    style: str | None = None
    born: Birthday | None = None
    next_birthday: date | None = None
    age: int | None = None
    wechat: str | None = None
    spending_power: SpendingPower | None = None
    style_preferences: list[str] = []
    registered_at: datetime
    purchases: Purchases = Purchases()
    fields: list[FieldValue] = []
    merged_ids: list[UUID] = []


class Members(Message, frozen=True, kw_only=True):
    items: list[Member]


class RegisterMember(Command[Member], frozen=True, kw_only=True):
    """Register a person (M2, M5, M6, M15). The id is the caller's: repeating is safe.

    `phone` is E.164 or a national number of the store's country; `birthday` is short for a solar
    `born`. Refusals: INVALID_PHONE, PHONE_TAKEN and IDENTIFIER_TAKEN (parameter `member_id`),
    INVALID_IDENTIFIER, CONSENT_MISSING,
    NOTICE_NOT_IN_FORCE and the like, UNKNOWN_STORE, INVALID_BIRTHDAY (no such day, in the future,
    or given twice); of `fields` UNKNOWN_FIELD, FIELD_FORBIDDEN, FIELD_REQUIRED, FIELD_INVALID.
    """

    member_id: UUID
    phone: Annotated[str, Meta(max_length=40)]
    name: Name
    source_channel: Code
    home_store_id: UUID
    associate_id: UUID | None = None
    gender: Gender | None = None
    birthday: date | None = None
    city: Name | None = None
    sizes: Sizes = {}
    height_cm: Annotated[int, Meta(ge=40, le=250)] | None = None
    style: Text | None = None
    born: Birthday | None = None
    wechat: Name | None = None
    spending_power: SpendingPower | None = None
    style_preferences: Preferences = []
    fields: FieldValues = {}
    consents: Annotated[list[Consent], Meta(min_length=1, max_length=20)]
    phone_verified: bool = False
    identifiers: Annotated[list[IdentifierInput], Meta(max_length=10)] = []


class FindMembers(Command[Members], frozen=True, kw_only=True):
    """Find by any identifier (phone, card, WeChat union id, e-mail, shop account), the last four
    digits of a phone, name (prefix; also in pinyin, or by the initials of its syllables) or the
    exact value of a searchable field; at most 20, best first.

    With `tag` only who has it, by hand or by rule; with `has_file` only who has a file in that
    field (UNKNOWN_FIELD where there is none, or the caller may not see it). With one of them the
    query may be left out."""

    query: Annotated[str, Meta(max_length=60, pattern=PLAIN)] = ""
    tag: Tag | None = None
    has_file: FieldKey | None = None


class GetMembers(Command[Members], frozen=True, kw_only=True):
    """Members by id, a merged one as its survivor; unknown ids are left out."""

    ids: Annotated[list[UUID], Meta(max_length=500)]


class UpdateMember(Command[Member], frozen=True, kw_only=True):
    """Replace what is given; None leaves a field as it is. `version` guards against a lost
    update (MEMBER_CHANGED). Of `fields` only those that are named change; null clears one."""

    member_id: UUID
    version: int
    name: Name | None = None
    gender: Gender | None = None
    birthday: date | None = None
    city: Name | None = None
    associate_id: UUID | None = None
    sizes: Sizes | None = None
    height_cm: Annotated[int, Meta(ge=40, le=250)] | None = None
    style: Text | None = None
    born: Birthday | None = None
    wechat: Name | None = None
    spending_power: SpendingPower | None = None
    style_preferences: Preferences | None = None
    fields: FieldValues = {}
    consents: Annotated[list[Consent], Meta(max_length=20)] = []


class TagMember(Command[Member], frozen=True, kw_only=True):
    """Put tags on and take tags off (M9)."""

    member_id: UUID
    add: Annotated[list[Tag], Meta(max_length=20)] = []
    remove: Annotated[list[Tag], Meta(max_length=20)] = []


class Happening(Message, frozen=True, kw_only=True):
    """One entry of a member's timeline. Which of the figures it has depends on its kind.

    `document_id` is the order, top-up, adjustment, redemption or hand-over; `points` are signed;
    `amount_minor` is what a purchase came to or was paid for a top-up. `staff_id` of `handed_over`
    is the associate from then on. Of `tier_lapsing` and `near_tier` they are what is missing to
    keep the tier through `until`, or to reach the next one.
    """

    id: UUID
    at: datetime
    kind: HappeningKind
    store_id: UUID | None = None
    staff_id: UUID | None = None
    document_id: UUID | None = None
    text: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    points: int | None = None
    coupon_code: str | None = None
    tier_name_zh: str | None = None
    tier_name_en: str | None = None
    until: date | None = None
    fields: list[FieldValue] = []


class RecordContact(Command[Happening], frozen=True, kw_only=True):
    """Write down a contact with a member (M4, M8). The id is the caller's: repeating is safe.

    `happened_at` is now when left out, and never later. Refusals: UNKNOWN_MEMBER, UNKNOWN_STORE,
    HAPPENING_ID_TAKEN, and those of `fields`.
    """

    id: UUID
    member_id: UUID
    store_id: UUID
    kind: ContactKind
    text: Text = ""
    happened_at: datetime | None = None
    fields: FieldValues = {}


class GetTimeline(Command[Page[Happening]], frozen=True, kw_only=True):
    """Everything that happened with a member, newest first (M3, M4, M8, M13).

    What staff wrote down is seen by those whose scope has its store (K40); the rest by all.
    `kinds` empty: all of them. Refusal: UNKNOWN_MEMBER.
    """

    member_id: UUID
    kinds: Annotated[list[HappeningKind], Meta(max_length=20)] = []
    first: PageSize = 50
    after: str | None = None


class HandedOver(Message, frozen=True, kw_only=True):
    """`members` is how many each of the receivers was given, in the order they were named."""

    id: UUID
    associate_ids: list[UUID]
    members: list[int]


class HandOverMembers(Command[HandedOver], frozen=True, kw_only=True):
    """Give the members of one associate to others, in one step (M21, F14, F15).

    With several receivers they are dealt out evenly by number (`count`), or so that what they have
    spent is spread evenly (`spend`). `store_id` leaves it at the members at home there; without it,
    all of them within the caller's scope. The id is the caller's: repeating is safe. Refusals:
    UNKNOWN_ASSOCIATE (a receiver who is not at work in that scope), HANDOVER_ID_TAKEN.
    """

    id: UUID
    from_associate_id: UUID
    to_associate_ids: Annotated[list[UUID], Meta(min_length=1, max_length=50)]
    split: Literal["count", "spend"] = "count"
    store_id: UUID | None = None


class Phone(Message, frozen=True, kw_only=True):
    phone: str


class RevealPhone(Command[Phone], frozen=True, kw_only=True):
    """The full number, for managers and the member's own associate; each look is audited.

    `field` names a custom field instead of the member's own phone (UNKNOWN_FIELD).
    """

    member_id: UUID
    purpose: Text
    field: FieldKey | None = None


class PublishField(Command[Field], frozen=True, kw_only=True):
    """Publish the next version of a field, in force from now; all versions are kept (N2, N3).

    The id is the caller's: repeating is safe. `version` is the one it follows, 0 for a new key.
    Refusals: INVALID_FIELD, FIELD_TYPE_FIXED, FIELD_CHANGED, FIELD_ID_TAKEN.
    """

    id: UUID
    version: Annotated[int, Meta(ge=0)] = 0
    field: FieldInput


class GetFields(Command[Fields], frozen=True, kw_only=True):
    """The fields in force that the caller may see, in the order of the form; HQ sees all, ended
    ones too. `history`: all their versions, newest first."""

    subject: FieldSubject = "member"
    history: bool = False


class GetForm(Command[Form], frozen=True, kw_only=True):
    """The form of the custom fields as the caller may see and fill them in (N1, M16)."""

    subject: FieldSubject = "member"


class MemberRegistered(Event, frozen=True, kw_only=True):
    """Subject: the member; sequence 1. Ids only, no personal data; what was agreed to with it.
    Those who come with an import are told of by `MembersImported` instead."""

    type: ClassVar[str] = "member.registered"
    member_id: UUID
    card_code: str
    home_store_id: UUID
    associate_id: UUID | None
    source_channel: str
    consents: list[ConsentFact] = []


class MemberUpdated(Event, frozen=True, kw_only=True):
    """Names of the fields that changed, without their values; custom ones as `fields.<key>`."""

    type: ClassVar[str] = "member.updated"
    member_id: UUID
    version: int
    fields: list[str]


class MemberTagged(Event, frozen=True, kw_only=True):
    """The tags a member has now, of rules too; `version` rises with every change of them."""

    type: ClassVar[str] = "member.tagged"
    member_id: UUID
    version: int
    tags: list[str]


class ContactRecorded(Event, frozen=True, kw_only=True):
    """Subject: the record; sequence 1. What was written stays in the member service."""

    type: ClassVar[str] = "member.contact_recorded"
    happening_id: UUID
    member_id: UUID
    store_id: UUID
    kind: ContactKind


class MembersHandedOver(Event, frozen=True, kw_only=True):
    """Subject: the hand-over; sequence 1."""

    type: ClassVar[str] = "member.members_handed_over"
    hand_over_id: UUID
    from_associate_id: UUID
    to_associate_ids: list[UUID]
    members: list[int]


class PhoneRevealed(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "member.phone_revealed"
    member_id: UUID
    purpose: str
    field: str | None = None


class FieldPublished(Event, frozen=True, kw_only=True):
    """Subject: `<subject>.<key>`; the sequence is the version."""

    type: ClassVar[str] = "member.field_published"
    field_id: UUID
    subject: FieldSubject
    key: str
    version: int
    active: bool
