"""Opening balances of imported members in the ledger; part of the loyalty contract (K30)."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import Event


class OpeningsBooked(Event, frozen=True, kw_only=True):
    """Opening balances of so many rows of an import are in the ledger.

    Subject: this booking; sequence 1. Money is in minor units of the import's currency.
    """

    type: ClassVar[str] = "loyalty.openings_booked"
    audited: ClassVar[bool] = False
    import_id: UUID
    rows: int
    points: int
    principal_minor: int
    bonus_minor: int
