"""How many cards a store's staff made."""

from datetime import date
from uuid import UUID

from shared.contracts import Command, Message


class CardsMade(Message, frozen=True, kw_only=True):
    """So many cards by one member of staff."""

    staff_id: UUID
    cards: int


class NewCards(Message, frozen=True, kw_only=True):
    """Who made some, and how many; the most first."""

    items: list[CardsMade]


class CountNewCards(Command[NewCards], frozen=True, kw_only=True):
    """Cards made in a store on its local days `first_day` to `last_day`. Who turned out to be a
    member already (merged) is not counted, who came from an import neither.

    Associates see their own and nobody else's; managers and auditors everybody's in the stores of
    their scope, or of one of their staff.
    """

    store_id: UUID
    first_day: date
    last_day: date
    staff_id: UUID | None = None
