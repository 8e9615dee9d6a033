"""Tags that staff put on members by hand (M5, M9). Those of rules (`tagging`) stand beside them."""

from sqlalchemy.orm import Session

from services.member.models import TAGS_LIMIT, Profile
from services.member.phones import Keyring
from services.member.profiles import advance, locked, one_line
from services.member.views import read_members, select_members
from shared import outbox
from shared.contracts.member import Member, MemberTagged, TagMember
from shared.errors import Refusal
from shared.seal import Caller


def all_tags(by_hand: list[str], by_rule: list[str]) -> list[str]:
    """All tags of a member, in order, whoever put them on."""
    return sorted({*by_hand, *by_rule})


def tag(session: Session, keys: Keyring, caller: Caller, command: TagMember) -> Member:
    """Take tags off, then put tags on; what is so already stays, and tells nothing.

    Raises `Refusal` UNKNOWN_MEMBER, TOO_MANY_TAGS, and TAG_BY_RULE for taking off what only a rule
    has put on.
    """
    add = {one_line(each, "$.add") for each in command.add}
    remove = {one_line(each, "$.remove") for each in command.remove}
    row = locked(session, command.member_id)
    for each in sorted(remove - add - set(row.tags)):
        if each in row.rule_tags:
            raise Refusal("TAG_BY_RULE", {"tag": each})
    tags = sorted((set(row.tags) - remove) | add)
    if len(tags) > TAGS_LIMIT:
        raise Refusal("TOO_MANY_TAGS", {"limit": TAGS_LIMIT})
    if tags != row.tags:
        version = row.version + 1
        sequence = advance(session, row, version=version, tags=tags)
        event = MemberTagged(member_id=row.id, version=sequence, tags=all_tags(tags, row.rule_tags))
        outbox.emit(session, (event, row.id, sequence))
    return read_members(session, keys, caller, select_members(Profile.id == row.id))[0]
