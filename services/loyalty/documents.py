"""Top-ups and adjustments as documents: booked once for an id, and answered the same ever after."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty.accounts import Opening, account_of, open_accounts
from services.loyalty.ledger import Journal
from shared.contracts.loyalty import Account, AdjustPoints, TopUp
from shared.errors import Refusal
from shared.seal import Caller


def answered(session: Session, command: TopUp | AdjustPoints) -> Account | None:
    """The answer this command got before; None if it is new, and then nobody else can book its
    id until this transaction ends.

    Raises `Refusal("ENTRY_ID_TAKEN")` if the id was used with other content.
    """
    session.execute(_ALONE, {"id": str(command.id)})
    row = session.execute(_FIND, {"id": command.id}).one_or_none()
    if row is None:
        return None
    if row.kind != _kind_of(command) or row.content != _content(command):
        raise Refusal("ENTRY_ID_TAKEN")
    return msgspec.convert(row.answer, Account)


def open_for(session: Session, member_id: UUID, currency: str) -> None:
    """See to it that a known member has accounts, in this currency.

    Raises `Refusal`: UNKNOWN_MEMBER, CURRENCY_MISMATCH.
    """
    known = session.execute(_MEMBER, {"member_id": member_id}).one_or_none()
    if known is None:
        raise Refusal("UNKNOWN_MEMBER")
    if known.currency not in (None, currency):
        raise Refusal("CURRENCY_MISMATCH", {"expected": known.currency})
    if not known.opened:
        open_accounts(session, [Opening(member_id, None, currency)])


def record(
    session: Session, caller: Caller, command: TopUp | AdjustPoints, journal: Journal
) -> Account:
    """Write the journal and the document; the answer is the account as it is then."""
    journal.write(session)
    answer = account_of(session, command.member_id, journal.now)
    session.execute(
        _RECORD,
        {
            "id": command.id,
            "kind": _kind_of(command),
            "member_id": command.member_id,
            "store_id": command.store_id,
            "staff_id": caller.id,
            "content": msgspec.json.encode(command).decode(),
            "answer": msgspec.json.encode(answer).decode(),
            "now": journal.now,
        },
    )
    return answer


def _kind_of(command: TopUp | AdjustPoints) -> str:
    return "top_up" if isinstance(command, TopUp) else "adjustment"


def _content(command: TopUp | AdjustPoints) -> Any:
    return msgspec.to_builtins(command)


_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:id, 0))")
_FIND = text("SELECT kind, content, answer FROM documents WHERE id = :id")
_MEMBER = text(
    "SELECT m.currency, EXISTS (SELECT FROM member_accounts ma"
    " WHERE ma.member_id = m.member_id) AS opened FROM members m WHERE m.member_id = :member_id"
)
_RECORD = text(
    "INSERT INTO documents (id, kind, member_id, store_id, staff_id, content, answer, at)"
    " VALUES (:id, :kind, :member_id, :store_id, :staff_id, CAST(:content AS jsonb),"
    " CAST(:answer AS jsonb), :now)"
)
