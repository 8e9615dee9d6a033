"""Operations on who a member is: identifiers (M11), and members who are one person (M12)."""

from typing import Any

from services.member import links, merging
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
from shared.seal import MANAGERS, READERS, SELLERS, Caller, Role
from shared.service import operation


class Identity:
    """The part of the service that deals with identifiers and merges; the dependencies are the
    service's."""

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
