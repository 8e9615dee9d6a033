"""Members who are probably one person: proposals to merge, with a score and reasons (M11, K35)."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import Command, Event, Message, PageSize, Sentence
from shared.contracts.member.identity import Reason
from shared.paging import Page

Points = Annotated[int, Meta(ge=0, le=100)]
Likeness = Literal[
    "name_same", "name_sounds_same", "birthday_same", "day_of_birth_same", "phone_nearly_same",
    "last_four_same", "wechat_same", "wechat_is_phone", "email_nearly_same", "account_same",
    "home_store_same", "city_same", "height_same",
]  # fmt: skip
Difference = Literal["birthday_differs", "gender_differs", "related"]
DuplicateState = Literal["open", "dismissed"]

ERRORS = {
    "UNKNOWN_DUPLICATE": Sentence(
        zh="没有这条疑似重复，可能已合并或资料已更改",
        en="There is no such proposal; the two may be merged, or no longer alike",
    ),
    "DUPLICATE_RULE_ID_TAKEN": Sentence(
        zh="该规则编号已用于其他内容", en="This id was used for another rule of duplicates"
    ),
}

WORDS: dict[Likeness | Difference, Sentence] = {
    "name_same": Sentence(zh="姓名相同", en="The same name"),
    "name_sounds_same": Sentence(zh="姓名读音相同", en="Names that sound the same"),
    "birthday_same": Sentence(zh="出生日期相同", en="Born on the same date"),
    "day_of_birth_same": Sentence(
        zh="生日月日相同，有一方没有年份", en="The same birthday; one has no year"
    ),
    "phone_nearly_same": Sentence(
        zh="电话只差一位，或相邻两位颠倒",
        en="Phones that differ in one digit, or in two that changed places",
    ),
    "last_four_same": Sentence(zh="电话后四位相同", en="Phones that end in the same four digits"),
    "wechat_same": Sentence(zh="微信号相同", en="The same WeChat name"),
    "wechat_is_phone": Sentence(
        zh="一方的微信号是另一方的电话", en="The WeChat name of one is the phone of the other"
    ),
    "email_nearly_same": Sentence(
        zh="邮箱只差点号、横线或加号后缀",
        en="E-mail addresses that differ in dots, hyphens or what follows a plus",
    ),
    "account_same": Sentence(
        zh="在不同网店用同一个账号名", en="The same account name in two shops"
    ),
    "home_store_same": Sentence(zh="同一家归属门店", en="At home in the same store"),
    "city_same": Sentence(zh="同一城市", en="The same city"),
    "height_same": Sentence(
        zh="身高相同，相差不超过一厘米", en="As tall as each other, to a centimetre"
    ),
    "birthday_differs": Sentence(zh="生日不同", en="Different birthdays"),
    "gender_differs": Sentence(zh="性别不同", en="Different genders"),
    "related": Sentence(zh="已登记为家人", en="Known as relatives"),
}
"""What speaks for or against two members being one; none of it says what the value is."""


class DuplicateRule(Message, frozen=True, kw_only=True):
    """What a likeness weighs, and from which sum on two members are proposed.

    The sum ends at 0 and 100. The last three are taken off it. Of what more than `block_limit`
    members share (a common name in one store) nobody is looked up by that alone.
    """

    propose_from: Annotated[int, Meta(ge=1, le=100)] = 60
    block_limit: Annotated[int, Meta(ge=2, le=200)] = 30
    name_same: Points = 35
    name_sounds_same: Points = 25
    birthday_same: Points = 35
    day_of_birth_same: Points = 25
    phone_nearly_same: Points = 40
    last_four_same: Points = 25
    wechat_same: Points = 60
    wechat_is_phone: Points = 60
    email_nearly_same: Points = 60
    account_same: Points = 35
    home_store_same: Points = 10
    city_same: Points = 3
    height_same: Points = 10
    birthday_differs: Points = 40
    gender_differs: Points = 30
    related: Points = 60


class DuplicateReason(Message, frozen=True, kw_only=True):
    """One thing that speaks for (`points` > 0) or against it, in words."""

    code: str
    points: int
    zh: str
    en: str


class Duplicate(Message, frozen=True, kw_only=True):
    """Two members who are probably one, by a version of the rule (0: before there was one).

    `dismissed_by` and what follows: of those that were dismissed, or merged and parted again.
    """

    id: UUID
    member_id: UUID
    other_id: UUID
    state: DuplicateState
    score: int
    reasons: list[DuplicateReason]
    rule_version: int
    found_at: datetime
    dismissed_by: UUID | None = None
    dismissed_at: datetime | None = None
    dismiss_reason: str | None = None


class ListDuplicates(Command[Page[Duplicate]], frozen=True, kw_only=True):
    """Pairs of whom both are at home in the caller's stores, the likeliest first; those of a
    member, if one is named. They are accepted by `MergeMembers`."""

    state: DuplicateState = "open"
    member_id: UUID | None = None
    first: PageSize = 50
    after: str | None = None


class DismissDuplicate(Command[Duplicate], frozen=True, kw_only=True):
    """Two persons after all: not proposed again unless something new speaks for it. Managers within
    whose scope both are at home; repeating is safe. Refusal: UNKNOWN_DUPLICATE."""

    id: UUID
    reason: Reason


class DuplicateRuleVersion(Message, frozen=True, kw_only=True):
    """`applied`: whether everybody has been compared by it."""

    id: UUID
    version: int
    author_id: UUID
    valid_from: datetime
    rule: DuplicateRule
    applied: bool


class PublishDuplicateRule(Command[DuplicateRuleVersion], frozen=True, kw_only=True):
    """Publish the next version, in force from now; HQ. All members are compared by it, in the
    background. The id is the caller's: repeating is safe. Refusal: DUPLICATE_RULE_ID_TAKEN."""

    id: UUID
    rule: DuplicateRule


class DuplicateRules(Message, frozen=True, kw_only=True):
    items: list[DuplicateRuleVersion]


class ListDuplicateRules(Command[DuplicateRules], frozen=True, kw_only=True):
    """All versions, newest first."""


class DuplicateDismissed(Event, frozen=True, kw_only=True):
    """Subject: the proposal; the sequence counts what was decided of it."""

    type: ClassVar[str] = "member.duplicate_dismissed"
    duplicate_id: UUID
    member_id: UUID
    other_id: UUID
    score: int
    rule_version: int


class DuplicateRulePublished(Event, frozen=True, kw_only=True):
    """Subject: ``duplicates``; the sequence is the version."""

    type: ClassVar[str] = "member.duplicate_rule_published"
    rule_id: UUID
    version: int
