"""Receipts that go out: the first of a document, and its copies, each logged before it is drawn."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.order import history
from services.order.models import Order as OrderRow
from services.order.models import ReceiptIssue as IssueRow
from services.order.models import Return as ReturnRow
from services.order.models import Store
from shared import outbox
from shared.contracts.order.receipts import (
    COPIES_LIMIT,
    IssueReceipt,
    ReceiptIssue,
    ReceiptIssued,
)
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller
from shared.stores import find_store


def issue(session: Session, caller: Caller, command: IssueReceipt) -> ReceiptIssue:
    """Log one more of a document within the caller's scope; the same command again logs nothing.

    Raises `Refusal`: UNKNOWN_RECEIPT, RECEIPT_CONFLICT, TOO_MANY_COPIES; `InvalidInput`.
    """
    document_id = command.order_id or command.return_id
    if document_id is None or (command.order_id and command.return_id):
        reason = "one of order_id and return_id"
        raise InvalidInput("INVALID_INPUT", {"field": "$.order_id", "reason": reason})
    document = _document(session, caller, command)
    # One after the other, or two copies would have the same number.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(document_id), 0))))
    row = session.get(IssueRow, command.id)
    if row is None:
        row = _log(session, caller, command, document_id, document.store_id)
    elif (row.document_id, row.way, row.issued_by) != (document_id, command.way, caller.id):
        raise Refusal("RECEIPT_CONFLICT")
    return ReceiptIssue(
        id=row.id,
        copy=row.copy,
        way=command.way,
        issued_at=row.issued_at,
        order=history.read(session, caller, [document_id])[0] if command.order_id else None,
        return_receipt=history.read_return(session, document_id) if command.return_id else None,
    )


def _document(session: Session, caller: Caller, command: IssueReceipt) -> Any:
    found: Any = (
        session.get(OrderRow, command.order_id)
        if command.order_id
        else session.get(ReturnRow, command.return_id)
    )
    printed = found is not None and found.receipt_number is not None
    if not printed or not find_store(session, Store, found.store_id).within(caller):
        raise Refusal("UNKNOWN_RECEIPT")
    return found


def _log(
    session: Session, caller: Caller, command: IssueReceipt, document_id: UUID, store_id: UUID
) -> IssueRow:
    copy = session.scalar(
        select(func.count()).select_from(IssueRow).where(IssueRow.document_id == document_id)
    )
    if copy is None or copy > COPIES_LIMIT:
        raise Refusal("TOO_MANY_COPIES", {"limit": COPIES_LIMIT})
    row = IssueRow(
        id=command.id,
        document_id=document_id,
        copy=copy,
        way=command.way,
        store_id=store_id,
        device_id=caller.device_id,
        issued_by=caller.id,
        issued_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    event = ReceiptIssued(
        issue_id=row.id,
        document_id=document_id,
        store_id=store_id,
        device_id=caller.device_id,
        way=command.way,
        copy=copy,
    )
    outbox.emit(session, (event, f"receipt/{document_id}", copy + 1))
    return row
