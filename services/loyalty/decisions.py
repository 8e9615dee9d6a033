"""Deciding upon proposals: approved by another person, a command is booked as it was asked for."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import corrections, documents, payouts, points, transfers
from services.loyalty.models import Store
from services.loyalty.proposals import shown
from shared import outbox, stores
from shared.contracts.loyalty import Account, AdjustPoints
from shared.contracts.loyalty.proposals import DecideProposal, Proposal, ProposalDecided
from shared.contracts.loyalty.wallet import AdjustWallet, PayOutWallet, TransferWallet
from shared.errors import Refusal
from shared.seal import Caller

_BOOKED: dict[str, tuple[type[Any], Callable[[Session, UUID, Any, datetime], Account]]] = {
    "adjustment": (AdjustPoints, points.book),
    "wallet_adjustment": (AdjustWallet, corrections.book),
    "pay_out": (PayOutWallet, payouts.book),
    "transfer": (TransferWallet, transfers.book),
}


def decide_proposal(session: Session, caller: Caller, command: DecideProposal) -> Proposal:
    """Approve or reject; see `DecideProposal`.

    Raises `Refusal`: UNKNOWN_PROPOSAL, SAME_PERSON, PROPOSAL_DECIDED, PROPOSAL_LAPSED, STORE_CLOSED
    and those of what is booked; `Forbidden` outside the caller's stores.
    """
    return decide(session, caller, command, datetime.now(UTC))


def decide(session: Session, caller: Caller, command: DecideProposal, now: datetime) -> Proposal:
    """As `decide_proposal`, at a given time."""
    documents.alone(session, command.proposal_id)
    row = session.execute(_FIND, {"id": command.proposal_id}).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_PROPOSAL")
    stores.require_store(session, Store, caller, row.store_id)
    if caller.id == row.proposed_by:
        raise Refusal("SAME_PERSON")
    before = shown(row, now)
    if row.decided_at is not None:
        if (row.decided_by, row.approved) == (caller.id, command.approve):
            return before
        raise Refusal("PROPOSAL_DECIDED", {"status": before.status})
    if before.status == "lapsed":
        raise Refusal("PROPOSAL_LAPSED")
    if command.approve:
        kind, book = _BOOKED[row.kind]
        book(session, row.proposed_by, msgspec.convert(row.content, kind), now)
    decided = session.execute(
        _DECIDE,
        {
            "id": row.id,
            "staff_id": caller.id,
            "approved": command.approve,
            "note": command.note,
            "now": now,
        },
    ).one()
    event = ProposalDecided(
        proposal_id=row.id,
        kind=row.kind,
        member_id=row.member_id,
        store_id=row.store_id,
        approved=command.approve,
        proposed_by=row.proposed_by,
    )
    outbox.emit(session, (event, row.id, 2))
    return shown(decided, now)


_FIND = text("SELECT * FROM proposals WHERE id = :id")
_DECIDE = text(
    "UPDATE proposals SET decided_by = :staff_id, decided_at = :now, approved = :approved,"
    " note = :note WHERE id = :id AND decided_at IS NULL RETURNING *"
)
