"""Member: who looks after whom."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import Event, Message


class LookedAfter(Message, frozen=True, kw_only=True):
    """Who looks after a member since a version of the member."""

    member_id: UUID
    version: int
    associate_id: UUID | None


class AssociatesChanged(Event, frozen=True, kw_only=True):
    """Members who are looked after by somebody else than before: told of each that was changed or
    handed over. Subject: ``associate:<member>`` or ``associates:<hand-over>``; sequence: the
    member's version, or the number of the piece."""

    type: ClassVar[str] = "member.associates_changed"
    audited: ClassVar[bool] = False
    items: list[LookedAfter]
