"""A member's statement: the entries behind a balance (L9), and those of who was merged into it."""

from datetime import UTC
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from shared.contracts.loyalty import Entry, GetStatement
from shared.errors import InvalidInput, Refusal
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller

_KINDS = {"points": ["points"], "wallet": ["principal", "bonus"]}
_NEWEST = 2**63 - 1


def get_statement(session: Session, caller: Caller, command: GetStatement) -> Page[Entry]:
    """Entries newest first; those of one account are numbered in the order they were booked.

    Raises `Refusal("UNKNOWN_MEMBER")`, `InvalidInput("INVALID_CURSOR")`.
    """
    before = _NEWEST if command.after is None else _entry_number(command.after)
    parameters = {"member_id": command.member_id, "kinds": _KINDS[command.account]}
    known = session.execute(_ACCOUNTS, parameters).all()
    if not known:
        raise Refusal("UNKNOWN_MEMBER")
    accounts = [row.account_id for row in known if row.account_id]
    rows = session.execute(
        _ENTRIES, {"accounts": accounts, "before": before, "limit": command.first + 1}
    )
    return page_of([_entry(row) for row in rows], command.first, lambda entry: (entry.id,))


def _entry_number(cursor: str) -> int:
    number = decode_cursor(cursor, 1)[0]
    if not isinstance(number, int) or not 0 < number <= _NEWEST:
        raise InvalidInput("INVALID_CURSOR")
    return number


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        at=row.at.astimezone(UTC),
        account=row.kind,
        amount=row.amount,
        balance_after=row.balance_after,
        reason=row.reason,
        document_id=row.document_id,
        issuing_store_id=row.issuing_store_id,
        accepting_store_id=row.accepting_store_id,
        rule_version=row.rule_version,
        detail=row.detail,
        valid_until=row.valid_until,
    )


_ACCOUNTS = text(
    "SELECT ma.account_id FROM members asked"
    " JOIN members m ON m.member_id = coalesce(asked.survivor_id, asked.member_id)"
    " OR m.survivor_id = coalesce(asked.survivor_id, asked.member_id)"
    " LEFT JOIN member_accounts ma ON ma.member_id = m.member_id AND ma.kind = ANY(:kinds)"
    " WHERE asked.member_id = :member_id"
)
_ENTRIES = text(
    "SELECT e.*, a.kind FROM entries e JOIN accounts a ON a.id = e.account_id"
    " WHERE e.account_id = ANY(:accounts) AND e.id < :before ORDER BY e.id DESC LIMIT :limit"
)
