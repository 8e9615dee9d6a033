"""Erasure: campaign destroys what it knows of a person, and says so (K37)."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.campaign import task_raising
from services.campaign.personal import PERSONAL
from shared import erasure, outbox
from shared.contracts import Envelope
from shared.contracts.campaign import ForgottenByCampaign
from shared.contracts.member.erasure import MemberErased


def on_member_erased(
    session: Session, envelopes: list[Envelope[MemberErased]], now: datetime
) -> None:
    """Nobody has anything against it any more: destroy, and answer with how much it was."""
    for told in envelopes:
        erased = told.data
        ids = [erased.member_id, *erased.merged_ids]
        task_raising.drop_of_erased(session, ids, now)
        destroyed = erasure.destroy(session, PERSONAL, ids, erased.erasure_id)
        event = ForgottenByCampaign(
            erasure_id=erased.erasure_id, member_id=erased.member_id, destroyed=destroyed
        )
        outbox.emit(session, (event, erased.member_id, 1))
