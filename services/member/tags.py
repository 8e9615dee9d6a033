"""Tags that staff put on members by hand (M5, M9)."""

from sqlalchemy.orm import Session

from services.member.models import TAGS_LIMIT, Profile
from services.member.phones import Keyring
from services.member.profiles import advance, locked, one_line
from services.member.views import read_members, select_members
from shared import outbox
from shared.contracts.member import Member, MemberTagged, TagMember
from shared.errors import Refusal
from shared.seal import Caller


def tag(session: Session, keys: Keyring, caller: Caller, command: TagMember) -> Member:
    """Take tags off, then put tags on; what is so already stays, and tells nothing.

    Raises `Refusal("UNKNOWN_MEMBER")` and `Refusal("TOO_MANY_TAGS")`.
    """
    add = {one_line(each, "$.add") for each in command.add}
    remove = {one_line(each, "$.remove") for each in command.remove}
    row = locked(session, command.member_id)
    tags = sorted((set(row.tags) - remove) | add)
    if len(tags) > TAGS_LIMIT:
        raise Refusal("TOO_MANY_TAGS", {"limit": TAGS_LIMIT})
    if tags != row.tags:
        version = row.version + 1
        sequence = advance(session, row, version=version, tags=tags)
        event = MemberTagged(member_id=row.id, version=version, tags=tags)
        outbox.emit(session, (event, row.id, sequence))
    return read_members(session, keys, caller, select_members(Profile.id == row.id))[0]
