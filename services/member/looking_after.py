"""Who looks after a member, as it is told to others."""

from collections.abc import Sequence
from uuid import UUID

from shared.contracts import Event
from shared.contracts.member.associates import AssociatesChanged, LookedAfter

PIECE = 500
"""Members in one event."""

Told = tuple[Event, UUID | str, int]


def changed(member_id: UUID, version: int, associate_id: UUID | None) -> Told:
    """One member is looked after by somebody else."""
    item = LookedAfter(member_id=member_id, version=version, associate_id=associate_id)
    return AssociatesChanged(items=[item]), f"associate:{member_id}", version


def handed_over(hand_over_id: UUID, given: Sequence[LookedAfter]) -> list[Told]:
    """Many of them at once, some hundred in an event."""
    pieces = (given[begin : begin + PIECE] for begin in range(0, len(given), PIECE))
    return [
        (AssociatesChanged(items=list(piece)), f"associates:{hand_over_id}", number)
        for number, piece in enumerate(pieces, 1)
    ]
