"""Receipts on paper and as pictures: which was the first, and who has had another."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts import Command, Event, Message, Sentence
from shared.contracts.order import Order
from shared.contracts.order.returns import ReturnReceipt

ReceiptWay = Literal["print", "share"]
COPIES_LIMIT = 100

ERRORS = {
    "UNKNOWN_RECEIPT": Sentence(zh="没有这张小票", en="There is no such receipt"),
    "RECEIPT_CONFLICT": Sentence(
        zh="该编号已用于另一张小票", en="This id was used for another receipt"
    ),
    "TOO_MANY_COPIES": Sentence(
        zh="一张小票最多补打 {limit} 次", en="A receipt has at most {limit} copies"
    ),
}


class ReceiptIssue(Message, frozen=True, kw_only=True):
    """A receipt as it goes out, of an order or of a return. `copy` is 0 for the first that went
    out, on paper or as a picture, and counts those after it, which say so."""

    id: UUID
    copy: int
    way: ReceiptWay
    issued_at: datetime
    order: Order | None = None
    return_receipt: ReturnReceipt | None = None


class IssueReceipt(Command[ReceiptIssue], frozen=True, kw_only=True):
    """Log that a receipt goes out, and get what is on it: of one of `order_id` and `return_id`.

    The id is the caller's: the same again gets the same number of the copy, so that what did not
    come out of the printer can be printed again. Refusals: UNKNOWN_RECEIPT (not placed, or another
    store's), RECEIPT_CONFLICT, TOO_MANY_COPIES, INVALID_INPUT.
    """

    id: UUID
    way: ReceiptWay
    order_id: UUID | None = None
    return_id: UUID | None = None


class ReceiptIssued(Event, frozen=True, kw_only=True):
    """A receipt went out. Subject: the document; sequence: `copy` + 1."""

    type: ClassVar[str] = "order.receipt_issued"
    issue_id: UUID
    document_id: UUID
    store_id: UUID
    device_id: UUID | None
    way: ReceiptWay
    copy: int
