"""What loyalty says to an erasure: the wallet has to be empty, points are forfeited."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import Event, Sentence
from shared.contracts.member.erasure import Destroyed

ERRORS = {
    "WALLET_NOT_EMPTY": Sentence(
        zh="储值余额未退清，请先为会员办理退款",
        en="There is money in the wallet: pay it out to the member first",
    ),
}


class ErasureSettled(Event, frozen=True, kw_only=True):
    """Subject: the member. `refusal` (WALLET_NOT_EMPTY, ORDER_ON_ITS_WAY), or the accounts are
    closed, and what points and bonus were left is forfeited."""

    type: ClassVar[str] = "loyalty.erasure_settled"
    erasure_id: UUID
    member_id: UUID
    refusal: str | None
    points_forfeited: int = 0
    bonus_forfeited_minor: int = 0


class ForgottenByLoyalty(Event, frozen=True, kw_only=True):
    """Subject: the member; sequence 1. All that was personal here is destroyed."""

    type: ClassVar[str] = "loyalty.member_erased"
    audited: ClassVar[bool] = False
    erasure_id: UUID
    member_id: UUID
    destroyed: list[Destroyed]
