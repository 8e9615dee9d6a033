"""The rules of privacy, by version: of erasure, of data taken out, of retention."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts import Command, Event, Message, Sentence
from shared.contracts.member.disclosure import DisclosureRule
from shared.contracts.member.erasure import ErasureRule
from shared.contracts.member.retention import RetentionRule

ERRORS = {
    "RULE_ID_TAKEN": Sentence(
        zh="该规则编号已用于其他内容", en="This id was used for another rule"
    ),
}


PrivacyRuleKind = Literal["erasure", "disclosure", "retention"]
PrivacyRuleBody = ErasureRule | DisclosureRule | RetentionRule


class PrivacyRuleVersion(Message, frozen=True, kw_only=True):
    """`version` counts within a kind."""

    id: UUID
    kind: PrivacyRuleKind
    version: int
    author_id: UUID
    valid_from: datetime
    body: PrivacyRuleBody


class PublishPrivacyRule(Command[PrivacyRuleVersion], frozen=True, kw_only=True):
    """Publish the next version of a rule, in force from now; HQ. The kind is the `type` of the
    body. The id is the caller's: repeating is safe. Refusals: RULE_ID_TAKEN,
    and those of `RetentionRule`."""

    id: UUID
    body: PrivacyRuleBody


class PrivacyRules(Message, frozen=True, kw_only=True):
    items: list[PrivacyRuleVersion]


class ListPrivacyRules(Command[PrivacyRules], frozen=True, kw_only=True):
    """All versions of all rules, newest first."""


class PrivacyRulePublished(Event, frozen=True, kw_only=True):
    """Subject: the rule's kind; the sequence is the version."""

    type: ClassVar[str] = "member.privacy_rule_published"
    rule_id: UUID
    kind: PrivacyRuleKind
    version: int
