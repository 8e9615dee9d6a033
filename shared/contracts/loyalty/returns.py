"""What loyalty books when goods of an order come back."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import Event


class ReturnBooked(Event, frozen=True, kw_only=True):
    """Points and wallet money of a return have been booked. Subject: the return; sequence 1.

    `points_taken` were earned by what came back; `points_given` and `wallet_given_minor` had been
    spent on it. `*_after` is what the member can use now, and may be below zero: points that were
    taken back may have been spent already. `store_id` took the goods.
    """

    type: ClassVar[str] = "loyalty.return_booked"
    audited: ClassVar[bool] = False
    return_id: UUID
    order_id: UUID
    store_id: UUID
    member_id: UUID
    points_taken: int
    points_given: int
    wallet_given_minor: int
    points_after: int
    wallet_after_minor: int
