"""Member: who looks after whom."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import Event, Message


class LookedAfter(Message, frozen=True, kw_only=True):
    """Who looks after a member since a version of the member; where the member is at home, when
    that is told again too."""

    member_id: UUID
    version: int
    associate_id: UUID | None
    home_store_id: UUID | None = None


class AssociatesChanged(Event, frozen=True, kw_only=True):
    """Members who are looked after by somebody else than before: told of each that was changed or
    handed over, and of all once more when an upgrade brought a copy of it. Subject:
    ``associate:<member>``, ``associates:<hand-over>`` or ``associates:told-again``; sequence: the
    member's version, or the number of the piece."""

    type: ClassVar[str] = "member.associates_changed"
    audited: ClassVar[bool] = False
    items: list[LookedAfter]
