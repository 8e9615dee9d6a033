"""What a member could pay an order with."""

from uuid import UUID

from shared.contracts import Command, Message
from shared.contracts.loyalty.wallet_rules import Amount


class SpendChoice(Message, frozen=True, kw_only=True):
    """A suggestion for the clerk: `kind` all, round_value (the points are worth whole yuan) or
    round_rest (whole yuan are left to pay)."""

    kind: str
    points: int
    value_minor: int


class SpendOffer(Message, frozen=True, kw_only=True):
    """What a member could pay an order of `total_minor` with; any number of points up to
    `points_usable`, best in steps of `points_step`: those lose nothing by rounding (K26)."""

    points_usable: int
    points_value_minor: int
    minor_per_hundred_points: int
    wallet_usable_minor: int
    points_step: int = 1
    choices: list[SpendChoice] = []


class OfferSpend(Command[SpendOffer], frozen=True, kw_only=True):
    member_id: UUID
    total_minor: Amount
