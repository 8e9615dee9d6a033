"""Erasure: loyalty closes the accounts of a person, and destroys what it knows of them (K37).

Money that was paid in is the member's: it has to be paid out first. Points and bonus were given,
and end with the membership: they are forfeited, on the books of the store that gave them last. An
account that is below zero stays so: there is nobody to claim it from, and it shows.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from services.loyalty import ledger
from services.loyalty.ledger import Balance, Journal, issuer_of
from services.loyalty.models import Member
from services.loyalty.personal import PERSONAL
from shared import erasure, outbox
from shared.contracts import Envelope
from shared.contracts.loyalty.erasure import ErasureSettled, ForgottenByLoyalty
from shared.contracts.member.erasure import MemberErased
from shared.contracts.order.erasure import ErasureChecked

_FORFEITED = {"points": "points_forfeited", "bonus": "bonus_forfeited"}


def on_erasure_checked(session: Session, envelopes: list[Envelope[ErasureChecked]]) -> None:
    """Order has nothing against it: close the accounts, or say why not."""
    for told in envelopes:
        if told.data.refusal is None:
            erased = told.data
            ids = [erased.member_id, *erased.merged_ids]
            event = settle(session, erased.erasure_id, ids, datetime.now(UTC))
            outbox.emit(session, (event, event.member_id, 1))


def settle(
    session: Session, erasure_id: UUID, member_ids: Sequence[UUID], now: datetime
) -> ErasureSettled:
    """Close the accounts of a person and book off what is forfeited, or refuse and change nothing.

    `member_ids`: the member, and the ids that were merged into it.
    """
    member_id = member_ids[0]
    # The rows first, as everybody locks them: no top-up comes in between.
    session.execute(_LOCK, {"ids": list(member_ids)})
    closed = update(Member).where(Member.member_id.in_(member_ids), Member.closed_at.is_(None))
    with session.begin_nested() as attempt:
        session.execute(closed.values(closed_at=now))
        balances = ledger.lock(session, list(member_ids))
        refusal = _refusal(balances)
        if refusal is not None:
            attempt.rollback()
            return ErasureSettled(erasure_id=erasure_id, member_id=member_id, refusal=refusal)
        journal = Journal(balances, now)
        forfeited = dict.fromkeys(_FORFEITED, 0)
        for balance in balances:
            counter = _FORFEITED.get(balance.kind)
            if counter is None or balance.balance <= 0:
                continue
            forfeited[balance.kind] += balance.balance
            document, issuer = (erasure_id, "erasure"), issuer_of(balance)
            journal.credit(document, balance, -balance.balance, counter, issuer, reason="forfeited")
            if balance.kind == "points":
                journal.reckoned(balance, None)
        journal.write(session)
    return ErasureSettled(
        erasure_id=erasure_id,
        member_id=member_id,
        refusal=None,
        points_forfeited=forfeited["points"],
        bonus_forfeited_minor=forfeited["bonus"],
    )


def _refusal(balances: list[Balance]) -> str | None:
    if any(balance.held for balance in balances):
        return "ORDER_ON_ITS_WAY"
    owed = any(balance.kind == "principal" and balance.balance for balance in balances)
    return "WALLET_NOT_EMPTY" if owed else None


def on_member_erased(session: Session, envelopes: list[Envelope[MemberErased]]) -> None:
    """Nobody has anything against it any more: destroy, and answer with how much it was."""
    for told in envelopes:
        erased = told.data
        ids = [erased.member_id, *erased.merged_ids]
        destroyed = erasure.destroy(session, PERSONAL, ids, erased.erasure_id)
        event = ForgottenByLoyalty(
            erasure_id=erased.erasure_id, member_id=erased.member_id, destroyed=destroyed
        )
        outbox.emit(session, (event, erased.member_id, 1))


_LOCK = text(
    "SELECT member_id FROM members WHERE member_id = ANY(:ids) ORDER BY member_id FOR NO KEY UPDATE"
)
