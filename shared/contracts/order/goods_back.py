"""Goods that come back, as they are named in a return and in the exchange of a sale."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import PLAIN, Message

Condition = Literal["sellable", "damaged"]
"""Whether a piece that came back can be sold again."""
Pieces = Annotated[int, Meta(ge=1, le=10_000)]
RefundMinor = Annotated[int, Meta(ge=0, le=10**12)]


class ReturnLine(Message, frozen=True, kw_only=True):
    """So many pieces of a line of the order, in one condition."""

    line: int
    quantity: Pieces
    condition: Condition = "sellable"


class RefundReference(Message, frozen=True, kw_only=True):
    """The terminal's number of a refund to the payment at `position` (0: the first)."""

    position: int
    reference: Annotated[str, Meta(min_length=1, max_length=100, pattern=PLAIN)]


class Exchange(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Goods of an earlier order that come back with a sale, both or neither.

    What was paid for them in money pays for the sale as far as it goes, the rest of it goes back;
    points and wallet go back to their accounts. `refund_minor` is what the customer was told the
    goods are worth, as in a return.
    """

    return_id: UUID
    order_id: UUID
    lines: Annotated[list[ReturnLine], Meta(min_length=1, max_length=500)]
    refund_minor: RefundMinor
    references: Annotated[list[RefundReference], Meta(max_length=20)] = []
    reason: Annotated[str, Meta(min_length=2, max_length=200, pattern=PLAIN)]
