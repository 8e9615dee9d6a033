"""What is booked by hand as documents: booked once for an id, and answered the same ever after."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.loyalty.accounts import Opening, account_of, open_accounts
from services.loyalty.ledger import Journal
from shared.contracts import Command, answer_of
from shared.contracts.loyalty import Account, AdjustPoints, TopUp
from shared.contracts.loyalty.mall import RedeemPoints
from shared.contracts.loyalty.wallet import AdjustWallet, PayOutWallet, RefundTopUp, TransferWallet
from shared.errors import Refusal

ByHand = (
    TopUp | AdjustPoints | RefundTopUp | PayOutWallet | AdjustWallet | TransferWallet | RedeemPoints
)
KINDS: dict[type[Any], str] = {
    TopUp: "top_up",
    AdjustPoints: "adjustment",
    RefundTopUp: "refund",
    PayOutWallet: "pay_out",
    AdjustWallet: "wallet_adjustment",
    TransferWallet: "transfer",
    RedeemPoints: "redemption",
}
"""The kind of a document, and of the transaction it was booked with."""
A = TypeVar("A")


def answered(session: Session, command: Command[A]) -> A | None:
    """The answer this command got before, booked or proposed; None if it is new, and then nobody
    else can book its id until this transaction ends.

    Raises `Refusal("ENTRY_ID_TAKEN")` if the id was used with other content.
    """
    asked: Any = command
    alone(session, asked.id)
    row = session.execute(_FIND, {"id": asked.id}).first()
    if row is None:
        return None
    kind: type[Any] = type(command)
    if row.kind != KINDS[kind] or msgspec.convert(row.content, kind) != command:
        raise Refusal("ENTRY_ID_TAKEN")
    answer: A = msgspec.convert(row.answer, answer_of(command.__class__))
    return answer


def alone(session: Session, document_id: UUID) -> None:
    """Nobody else can book or decide upon this id until the transaction ends."""
    session.execute(_ALONE, {"id": str(document_id)})


def stands_for(session: Session, member_id: UUID) -> UUID:
    """The member an id stands for, who cannot be merged until the transaction ends.

    Raises `Refusal("UNKNOWN_MEMBER")`.
    """
    survivor_id: UUID = _known(session, member_id).member_id
    return survivor_id


def all_of(session: Session, member_id: UUID) -> list[UUID]:
    """All ids of the person an id stands for, the survivor's first; none if it is unknown."""
    return list(session.scalars(_ALL_OF, {"member_id": member_id}))


def open_for(session: Session, member_id: UUID, currency: str) -> UUID:
    """See to it that a known member has accounts, in this currency; as `stands_for`.

    Raises `Refusal`: UNKNOWN_MEMBER, CURRENCY_MISMATCH.
    """
    known = _known(session, member_id)
    if known.currency not in (None, currency):
        raise Refusal("CURRENCY_MISMATCH", {"expected": known.currency})
    if not known.opened:
        open_accounts(session, [Opening(known.member_id, None, currency)])
    survivor_id: UUID = known.member_id
    return survivor_id


def _known(session: Session, member_id: UUID) -> Row[Any]:
    """The row of the member an id stands for, locked."""
    known = session.execute(_MEMBER, {"member_id": member_id}).one_or_none()
    if known is None:
        raise Refusal("UNKNOWN_MEMBER")
    return known if known.survivor_id is None else _known(session, known.survivor_id)


def record(session: Session, staff_id: UUID, command: ByHand, journal: Journal) -> Account:
    """Write the journal and the document; the answer is the account as it is then."""
    return record_as(session, staff_id, command, journal, lambda account: account)


def record_as(
    session: Session,
    staff_id: UUID,
    command: ByHand,
    journal: Journal,
    answer_with: Callable[[Account], A],
) -> A:
    """As `record`, with an answer made of the account."""
    journal.write(session)
    answer = answer_with(account_of(session, command.member_id, journal.now))
    session.execute(
        _RECORD,
        {
            "id": command.id,
            "kind": KINDS[type(command)],
            "member_id": command.member_id,
            "store_id": command.store_id,
            "staff_id": staff_id,
            "content": msgspec.json.encode(command).decode(),
            "answer": msgspec.json.encode(answer).decode(),
            "now": journal.now,
        },
    )
    return answer


_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:id, 0))")
# A proposal keeps the answer it got, also when it has been booked since.
_FIND = text(
    "SELECT kind, content, answer, 1 AS place FROM proposals WHERE id = :id"
    " UNION ALL SELECT kind, content, answer, 2 FROM documents WHERE id = :id ORDER BY place"
)
_MEMBER = text(
    "SELECT m.member_id, m.currency, m.survivor_id, EXISTS (SELECT FROM member_accounts ma"
    " WHERE ma.member_id = m.member_id) AS opened FROM members m"
    " WHERE m.member_id = :member_id AND m.closed_at IS NULL FOR NO KEY UPDATE OF m"
)
_ALL_OF = text(
    """WITH who AS MATERIALIZED (
        SELECT coalesce(survivor_id, member_id) AS id FROM members WHERE member_id = :member_id
    ) SELECT id FROM who
    UNION ALL SELECT m.member_id FROM who JOIN members m ON m.survivor_id = who.id"""
)
_RECORD = text(
    "INSERT INTO documents (id, kind, member_id, store_id, staff_id, content, answer, at)"
    " VALUES (:id, :kind, :member_id, :store_id, :staff_id, CAST(:content AS jsonb),"
    " CAST(:answer AS jsonb), :now)"
)
