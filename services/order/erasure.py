"""Erasure: order destroys what it knows of a person, and says so (K37)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.order.models import Order
from services.order.personal import PERSONAL
from shared import erasure, outbox
from shared.contracts import Envelope
from shared.contracts.member.erasure import ErasureConfirmed, MemberErased
from shared.contracts.order.erasure import ErasureChecked, ForgottenByOrder


def on_erasure_confirmed(session: Session, envelopes: list[Envelope[ErasureConfirmed]]) -> None:
    """Say whether an order of the member is on its way; its saga would lose whom it is for."""
    asked = {told.data.erasure_id: told.data for told in envelopes}
    groups = {key: {each.member_id, *each.merged_ids} for key, each in asked.items()}
    pending = set(
        session.scalars(
            select(Order.member_id).where(
                Order.member_id.in_(set().union(*groups.values())), Order.status == "pending"
            )
        )
    )
    for key, each in asked.items():
        event = ErasureChecked(
            erasure_id=key,
            member_id=each.member_id,
            refusal="ORDER_ON_ITS_WAY" if groups[key] & pending else None,
            merged_ids=each.merged_ids,
        )
        outbox.emit(session, (event, each.member_id, 1))


def on_member_erased(session: Session, envelopes: list[Envelope[MemberErased]]) -> None:
    """Nobody has anything against it any more: destroy, and answer with how much it was."""
    for told in envelopes:
        erased = told.data
        ids = [erased.member_id, *erased.merged_ids]
        destroyed = erasure.destroy(session, PERSONAL, ids, erased.erasure_id)
        event = ForgottenByOrder(
            erasure_id=erased.erasure_id, member_id=erased.member_id, destroyed=destroyed
        )
        outbox.emit(session, (event, erased.member_id, 1))
