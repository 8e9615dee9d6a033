"""Tags by rule (M10): what HQ may define, what a rule did, and why; part of the member contract.

A condition is a text in the language of `services/member/conditions.py`, for instance
``spent >= 500000 and last_purchase_on within 180 days``.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import PLAIN, Command, Currency, Event, Message, Name, Sentence, Text
from shared.contracts.member import Tag

TagRunState = Literal["waiting", "running", "done", "cancelled", "replaced"]
TagCause = Literal["change", "time", "rule"]
"""Why a tag came or went: a fact of the member changed, time went by, or the rule changed."""

ERRORS = {
    "CONDITION_INVALID": Sentence(
        zh="条件第 {position} 个字符处有误：{reason_zh}",
        en="The condition is not right at character {position}: {reason_en}",
    ),
    "TOO_MANY_TAG_RULES": Sentence(
        zh="最多 {limit} 条标签规则", en="There can be at most {limit} tag rules"
    ),
    "UNKNOWN_TAG_RULE": Sentence(zh="标签“{tag}”没有生效的规则", en="No rule puts the tag “{tag}”"),
    "TAG_RULE_CHANGED": Sentence(
        zh="规则刚被他人修改，请刷新后再改", en="Someone else changed this rule; look again"
    ),
    "TAG_RULE_ID_TAKEN": Sentence(
        zh="该编号已用于其他规则或预览", en="This id was used for another rule or preview"
    ),
    "UNKNOWN_TAG_RUN": Sentence(zh="没有这次评估", en="There is no such run"),
    "TAG_RUN_OVER": Sentence(
        zh="这次评估已经结束，不能取消", en="This run is over and cannot be cancelled"
    ),
    "TAG_BY_RULE": Sentence(
        zh="标签“{tag}”由规则打上，不能手工取下；可将该会员排除在规则之外",
        en="The tag “{tag}” was put by a rule and is not taken off by hand;"
        " the member may be exempted from the rule",
    ),
}


class TagRuleInput(Message, frozen=True, kw_only=True):
    """A rule as HQ defines it; amounts in its condition are minor units of `currency`."""

    tag: Tag
    label_zh: Name
    label_en: Name
    condition: Annotated[str, Meta(min_length=1, max_length=1_000, pattern=PLAIN)]
    currency: Currency = "CNY"


class TagRun(Message, frozen=True, kw_only=True):
    """How far the members have been judged by a version, or by a draft (`preview`).

    `looked_at` of `members`; `matched` fulfil the condition, of whom `sample_ids` are some; `given`
    and `taken` are those who get or lose the tag by it.
    """

    id: UUID
    kind: Literal["rule", "preview"]
    tag: str
    version: int | None = None
    state: TagRunState
    members: int
    looked_at: int
    matched: int
    given: int
    taken: int
    sample_ids: list[UUID] = []


class TagRule(Message, frozen=True, kw_only=True):
    """A version of a rule; `ended` takes its tag from everybody. `reads`: the facts it asks for."""

    id: UUID
    version: int
    author_id: UUID
    published_at: datetime
    valid_from: datetime
    rule: TagRuleInput
    ended: bool
    reads: list[str]
    run: TagRun


class TagRules(Message, frozen=True, kw_only=True):
    items: list[TagRule]


class PublishTagRule(Command[TagRule], frozen=True, kw_only=True):
    """Publish the next version of the rule of a tag; all versions are kept.

    In force from `valid_from` (now when left out) until a newer one is. The members there are, are
    judged in the background: see `run`. The id is the caller's: repeating is safe. `version` is the
    one it follows, 0 for a new tag. Refusals: CONDITION_INVALID, TOO_MANY_TAG_RULES,
    TAG_RULE_CHANGED, TAG_RULE_ID_TAKEN.
    """

    id: UUID
    version: Annotated[int, Meta(ge=0)] = 0
    rule: TagRuleInput
    valid_from: datetime | None = None


class EndTagRule(Command[TagRule], frozen=True, kw_only=True):
    """End the rule of a tag: a version that nobody fulfils. Tags put by hand stay.

    Refusals: UNKNOWN_TAG_RULE, TAG_RULE_CHANGED, TAG_RULE_ID_TAKEN.
    """

    id: UUID
    version: Annotated[int, Meta(ge=1)]
    tag: Tag


class ListTagRules(Command[TagRules], frozen=True, kw_only=True):
    """The newest version of each rule by tag, ended ones last; `history`: all, newest first."""

    history: bool = False


class PreviewTagRule(Command[TagRun], frozen=True, kw_only=True):
    """Judge all members by a draft in the background, and change nothing (K31).

    `given` and `taken` are against who has the tag by rule now. The id is the caller's: the same
    again answers how far it is. Refusals: CONDITION_INVALID, TAG_RULE_ID_TAKEN.
    """

    id: UUID
    rule: TagRuleInput


class GetTagRun(Command[TagRun], frozen=True, kw_only=True):
    """How far a version (its id) or a preview is. Refusal: UNKNOWN_TAG_RUN."""

    id: UUID


class CancelTagRun(Command[TagRun], frozen=True, kw_only=True):
    """Stop a run that is not over (K31). Of a version: the one before it is published anew, and
    takes back what the stopped one has done. Refusals: UNKNOWN_TAG_RUN, TAG_RUN_OVER."""

    id: UUID


class TagReason(Message, frozen=True, kw_only=True):
    """One part of a condition in words with the member's value, and whether it holds."""

    zh: str
    en: str
    holds: bool


class TagExemption(Message, frozen=True, kw_only=True):
    """Who left a member out of a rule, and why."""

    reason: str
    by: UUID
    at: datetime


class TagChange(Message, frozen=True, kw_only=True):
    """A tag that a version of its rule gave or took."""

    at: datetime
    given: bool
    version: int
    cause: TagCause


class TagStanding(Message, frozen=True, kw_only=True):
    """Why a member has a tag, or has not.

    `version`, `since` and `reasons` are of the rule that gave it, with the values of that moment;
    `now` is what the rule in force says of today's. `history`: newest first, at most 100.
    """

    member_id: UUID
    tag: str
    by_hand: bool
    by_rule: bool
    version: int | None = None
    since: datetime | None = None
    reasons: list[TagReason] = []
    now: list[TagReason] = []
    exemption: TagExemption | None = None
    history: list[TagChange] = []


class ExplainTag(Command[TagStanding], frozen=True, kw_only=True):
    """Why? A value of a field the caller may not see is not shown. Refusal: UNKNOWN_MEMBER."""

    member_id: UUID
    tag: Tag


class ExemptMember(Command[TagStanding], frozen=True, kw_only=True):
    """Leave a member out of the rule of a tag, with a reason; `exempt` false: no longer.

    The rule's tag goes, or comes back, within seconds. Refusals: UNKNOWN_MEMBER, UNKNOWN_TAG_RULE.
    """

    member_id: UUID
    tag: Tag
    exempt: bool = True
    reason: Text = ""


class TagRulePublished(Event, frozen=True, kw_only=True):
    """Subject: the tag; the sequence is the version. Ended rules as well."""

    type: ClassVar[str] = "member.tag_rule_published"
    rule_id: UUID
    tag: str
    version: int
    valid_from: datetime
    ended: bool


class TagsRevised(Event, frozen=True, kw_only=True):
    """All tags a member has now that rules have changed some: as `MemberTagged`, but not audited,
    since a rule may do this to everybody at once; publishing the rule is."""

    type: ClassVar[str] = "member.tags_revised"
    audited: ClassVar[bool] = False
    member_id: UUID
    version: int
    tags: list[str]


class MemberExempted(Event, frozen=True, kw_only=True):
    """A member is left out of the rule of a tag, or no longer; the reason stays in the service."""

    type: ClassVar[str] = "member.exempted"
    member_id: UUID
    tag: str
    exempt: bool
