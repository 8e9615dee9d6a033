"""What loyalty books when members are merged (K28)."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import Event


class AccountsMerged(Event, frozen=True, kw_only=True):
    """What was free of one member's points and wallet is the survivor's now; or (`undone`) what is
    still there of it, and was earned under that id since, went back, less `spent_*`.

    Minor units. `kept_currency`: that of a wallet that stays where it is, since the survivor's
    differs. Subject: the merge; sequence 1, of the undo 2.
    """

    type: ClassVar[str] = "loyalty.accounts_merged"
    merge_id: UUID
    merged_id: UUID
    survivor_id: UUID
    undone: bool
    points: int
    principal_minor: int
    bonus_minor: int
    spent_points: int = 0
    spent_wallet_minor: int = 0
    kept_currency: str | None = None
