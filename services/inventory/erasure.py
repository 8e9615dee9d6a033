"""Erasure: inventory destroys what it knows of a person, and says so (K37)."""

from sqlalchemy.orm import Session

from services.inventory.personal import PERSONAL
from shared import erasure, outbox
from shared.contracts import Envelope
from shared.contracts.inventory import ForgottenByInventory
from shared.contracts.member.erasure import MemberErased


def on_member_erased(session: Session, envelopes: list[Envelope[MemberErased]]) -> None:
    """Nobody has anything against it any more: destroy, and answer with how much it was."""
    for told in envelopes:
        erased = told.data
        ids = [erased.member_id, *erased.merged_ids]
        destroyed = erasure.destroy(session, PERSONAL, ids, erased.erasure_id)
        event = ForgottenByInventory(
            erasure_id=erased.erasure_id, member_id=erased.member_id, destroyed=destroyed
        )
        outbox.emit(session, (event, erased.member_id, 1))
