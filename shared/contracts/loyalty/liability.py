"""How much stores owe their members, to whom, and why (K43)."""

from datetime import date
from uuid import UUID

from shared.contracts import Command, Message, PageSize, Text
from shared.contracts.loyalty import LedgerAccount
from shared.paging import Page


class LiabilityMovement(Message, frozen=True, kw_only=True):
    """What entries of one reason come to in the period."""

    reason: str
    entries: int
    amount: int


class LiabilityBand(Message, frozen=True, kw_only=True):
    """What is owed since at least `from_months`: value counts as used oldest first."""

    from_months: int
    amount: int


class Liability(Message, frozen=True, kw_only=True):
    """What a store owes of points, principal or bonus: `opening` and the movements are the
    `closing`, to the cent. Amounts are points, or minor units of `unit`.

    `value_minor` is what points are worth by version `spend_version` of the spend rule at the end
    of the period. `members` and `bands` are those of now, and left out of a report of the past.
    `franchisee_id` is whoever had the store when the value was given; None: the chain itself.
    """

    store_id: UUID
    franchisee_id: UUID | None
    legal_entity: str | None
    account: LedgerAccount
    unit: str
    opening: int
    movements: list[LiabilityMovement]
    closing: int
    value_minor: int
    spend_version: int | None
    members: int | None
    bands: list[LiabilityBand]


class LiabilityReport(Message, frozen=True, kw_only=True):
    lines: list[Liability]
    since: date | None
    until: date | None


class GetLiability(Command[LiabilityReport], frozen=True, kw_only=True):
    """What the stores within the caller's scope owe at the end of the local day `until` (None:
    now), and what moved from the day `since` on (None: all)."""

    store_id: UUID | None = None
    since: date | None = None
    until: date | None = None


class Debt(Message, frozen=True, kw_only=True):
    """What a store owes one member now; the entries behind it are the member's statement."""

    member_id: UUID
    store_id: UUID
    account: LedgerAccount
    unit: str
    amount: int


class ListDebts(Command[Page[Debt]], frozen=True, kw_only=True):
    """Whom a store owes points, principal or bonus, member by member."""

    store_id: UUID
    account: LedgerAccount
    first: PageSize = 50
    after: Text | None = None
