"""Operations on who a member is: identifiers (M11), and members who are, or probably are, one
person (M12)."""

from typing import Any

from services.member import duplicate_rules, duplicates, links, merging
from shared.contracts.member.duplicates import (
    DismissDuplicate,
    Duplicate,
    DuplicateRules,
    DuplicateRuleVersion,
    ListDuplicateRules,
    ListDuplicates,
    PublishDuplicateRule,
)
from shared.contracts.member.identity import (
    Identifier,
    Identifiers,
    LinkIdentifier,
    ListIdentifiers,
    ListMerges,
    Merge,
    MergeMembers,
    Merges,
    UndoMerge,
    UnlinkIdentifier,
)
from shared.paging import Page
from shared.seal import HQ, MANAGERS, READERS, SELLERS, Caller, Role
from shared.service import operation


class Identity:
    """The part of the service that deals with identifiers, duplicates and merges; the dependencies
    are the service's."""

    transaction: Any
    phone_keys: Any

    @operation(LinkIdentifier, roles=SELLERS | MANAGERS)
    def link_identifier(self, caller: Caller, command: LinkIdentifier) -> Identifier:
        with self.transaction() as session:
            return links.link(session, self.phone_keys, caller, command)

    @operation(UnlinkIdentifier, roles=MANAGERS)
    def unlink_identifier(self, caller: Caller, command: UnlinkIdentifier) -> Identifiers:
        with self.transaction() as session:
            return links.unlink(session, self.phone_keys, caller, command)

    @operation(ListIdentifiers, roles=READERS)
    def list_identifiers(self, caller: Caller, command: ListIdentifiers) -> Identifiers:
        with self.transaction() as session:
            return links.list_identifiers(session, self.phone_keys, caller, command)

    @operation(MergeMembers, roles=MANAGERS)
    def merge_members(self, caller: Caller, command: MergeMembers) -> Merge:
        with self.transaction() as session:
            return merging.merge(session, self.phone_keys, caller, command)

    @operation(UndoMerge, roles=MANAGERS)
    def undo_merge(self, caller: Caller, command: UndoMerge) -> Merge:
        with self.transaction() as session:
            return merging.undo(session, self.phone_keys, caller, command)

    @operation(ListMerges, roles=MANAGERS | {Role.AUDITOR})
    def list_merges(self, caller: Caller, command: ListMerges) -> Merges:
        with self.transaction() as session:
            return merging.list_merges(session, caller, command)

    @operation(ListDuplicates, roles=MANAGERS | {Role.AUDITOR})
    def list_duplicates(self, caller: Caller, command: ListDuplicates) -> Page[Duplicate]:
        with self.transaction() as session:
            return duplicates.list_duplicates(session, caller, command)

    @operation(DismissDuplicate, roles=MANAGERS)
    def dismiss_duplicate(self, caller: Caller, command: DismissDuplicate) -> Duplicate:
        with self.transaction() as session:
            return duplicates.dismiss(session, caller, command)

    @operation(PublishDuplicateRule, roles=HQ)
    def publish_duplicate_rule(
        self, caller: Caller, command: PublishDuplicateRule
    ) -> DuplicateRuleVersion:
        with self.transaction() as session:
            return duplicate_rules.publish(session, caller, command)

    @operation(ListDuplicateRules, roles=MANAGERS | {Role.AUDITOR})
    def list_duplicate_rules(self, caller: Caller, command: ListDuplicateRules) -> DuplicateRules:
        with self.transaction() as session:
            return duplicate_rules.list_rules(session, command)
