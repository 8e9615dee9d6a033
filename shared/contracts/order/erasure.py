"""What order says to an erasure: whether anything is on its way, and what it has destroyed."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import Event, Sentence
from shared.contracts.member.erasure import Destroyed

ERRORS = {
    "ORDER_ON_ITS_WAY": Sentence(
        zh="该会员有订单正在处理，请稍后再确认",
        en="An order of this member is on its way; confirm again later",
    ),
}


class ErasureChecked(Event, frozen=True, kw_only=True):
    """Subject: the member. `refusal` (ORDER_ON_ITS_WAY), or nothing is in the way here; also not
    under the ids that were merged into the member."""

    type: ClassVar[str] = "order.erasure_checked"
    audited: ClassVar[bool] = False
    erasure_id: UUID
    member_id: UUID
    merged_ids: list[UUID] = []
    refusal: str | None


class ForgottenByOrder(Event, frozen=True, kw_only=True):
    """Subject: the member; sequence 1. All that was personal here is destroyed."""

    type: ClassVar[str] = "order.member_erased"
    audited: ClassVar[bool] = False
    erasure_id: UUID
    member_id: UUID
    destroyed: list[Destroyed]
