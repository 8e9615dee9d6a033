"""Tables of the member service, a module for each noun."""

from services.member.models.base import Base, ErasedMember, Inbox, Outbox, Store
from services.member.models.birthdays import (
    BirthdayRuleRow,
    BirthdayWindowRow,
    MemberBirthday,
    RelativeRow,
)
from services.member.models.consents import ConsentGiven, ConsentState, Notice
from services.member.models.duplicates import (
    DuplicateChange,
    DuplicateKey,
    DuplicateRow,
    DuplicateRuleRow,
    DuplicateRun,
)
from services.member.models.erasures import DisclosureRun, Erasure, ErasureAnswer, PrivacyRule
from services.member.models.fields import FieldVersion
from services.member.models.files import FieldFile, FieldFilePiece
from services.member.models.handovers import HandOver, Staff
from services.member.models.identity import Identifier, Merge
from services.member.models.imports import (
    ExportRun,
    ImportChunk,
    ImportFault,
    ImportKey,
    ImportRun,
)
from services.member.models.profiles import TAGS_LIMIT, NameKey, Profile
from services.member.models.purchases import (
    MemberOrder,
    PurchasedCategory,
    PurchasedSku,
    PurchaseFacts,
)
from services.member.models.retention import RetentionRemoval, RetentionRun
from services.member.models.tag_rules import (
    MemberTier,
    RuleTag,
    TagDue,
    TagExemption,
    TagFactChange,
    TagHistory,
    TagRuleVersion,
    TagRun,
)
from services.member.models.timeline import Happening

__all__ = [
    "TAGS_LIMIT",
    "Base",
    "BirthdayRuleRow",
    "BirthdayWindowRow",
    "ConsentGiven",
    "ConsentState",
    "DisclosureRun",
    "ErasedMember",
    "DuplicateChange",
    "DuplicateKey",
    "DuplicateRow",
    "DuplicateRuleRow",
    "DuplicateRun",
    "Erasure",
    "ErasureAnswer",
    "ExportRun",
    "FieldFile",
    "FieldFilePiece",
    "FieldVersion",
    "HandOver",
    "Happening",
    "Identifier",
    "ImportChunk",
    "ImportFault",
    "ImportKey",
    "ImportRun",
    "Inbox",
    "MemberBirthday",
    "MemberOrder",
    "MemberTier",
    "Merge",
    "NameKey",
    "Notice",
    "Outbox",
    "PrivacyRule",
    "Profile",
    "PurchaseFacts",
    "PurchasedCategory",
    "PurchasedSku",
    "RelativeRow",
    "RetentionRemoval",
    "RetentionRun",
    "RuleTag",
    "Staff",
    "Store",
    "TagDue",
    "TagExemption",
    "TagFactChange",
    "TagHistory",
    "TagRuleVersion",
    "TagRun",
]
