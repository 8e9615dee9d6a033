"""A basket that a till priced alone, and where the chain would have priced it otherwise."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import LINES_LIMIT, Code, Message

Amount = Annotated[int, Meta(ge=0, le=10**12)]


class StatedUnit(Message, frozen=True, kw_only=True):
    """The list price of one piece of a line, as a till had it."""

    line: int
    unit_minor: Amount


class StatedPromotion(Message, frozen=True, kw_only=True):
    """A promotion that a till applied by itself, and what it took off the basket."""

    promotion_id: UUID
    version: Annotated[int, Meta(ge=1, le=10**9)]
    discount_minor: Amount


class StatedTerms(Message, frozen=True, kw_only=True, omit_defaults=True):
    """What a till without network sold by: list prices, promotions, and the member's tier then."""

    units: Annotated[list[StatedUnit], Meta(max_length=LINES_LIMIT)]
    promotions: Annotated[list[StatedPromotion], Meta(max_length=100)] = []
    tier: Code | None = None


DifferenceKind = Literal[
    "list_price", "charged", "tier", "clock",
    "unknown_promotion", "promotion_not_in_force", "promotion_used_up",
]  # fmt: skip


class Difference(Message, frozen=True, kw_only=True):
    """Where a till that was alone and the chain do not agree on a sale that has happened.

    `stated` and `chain` are minor units of a line (`list_price` of one piece, `charged` of all),
    the codes of tiers, versions of a promotion, or seconds of a clock.
    """

    kind: DifferenceKind
    line: int | None = None
    promotion_id: UUID | None = None
    stated: str | None = None
    chain: str | None = None
