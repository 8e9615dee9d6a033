"""Exchanges: goods come back with a sale that they help to pay, both in one transaction.

The money that was paid for them is carried over to the sale as the payments it was, so that a later
return of what was taken instead goes back to where the money came from. Points and wallet go back
to their accounts by the return.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy.orm import Session

from services.order import basket, ledger, return_ledger, returns
from services.order.returns import Taken
from shared.contracts.order import PlaceOrder, Tender
from shared.contracts.order.goods_back import Exchange
from shared.contracts.order.returns import Refund
from shared.errors import Refusal
from shared.money import allocate
from shared.seal import Caller

MONEY = frozenset({"cash", "card", "code"})


def tenders_of(
    session: Session, caller: Caller, command: PlaceOrder, exchange: Exchange
) -> list[Tender]:
    """All payments of the sale, those first that are carried over; books nothing yet.

    Raises what a return may, and TENDERS_MISMATCH.
    """
    return _plan(session, caller, command, exchange, lock=False)[1]


def book(session: Session, caller: Caller, command: PlaceOrder, exchange: Exchange) -> list[Tender]:
    """Take the goods back for the sale that is about to be placed; its payments.

    Raises as `tenders_of`: somebody else may have taken the goods back meanwhile.
    """
    taken, tenders = _plan(session, caller, command, exchange, lock=True)
    row = {
        "id": exchange.return_id,
        "content": ledger.digest_of(exchange),
        "device_id": caller.device_id or command.device_id,
        "staff_id": command.seller_id or caller.id,
        "reason": exchange.reason,
        "exchange_order_id": command.order_id,
    }
    returns.book(session, taken, row, datetime.now(UTC))
    return tenders


def _plan(
    session: Session, caller: Caller, command: PlaceOrder, exchange: Exchange, *, lock: bool
) -> tuple[Taken, list[Tender]]:
    if return_ledger.content_of(session, exchange.return_id) is not None:
        raise Refusal("RETURN_CONFLICT")
    taken = returns.work_out(
        session, caller, exchange.order_id, command.store_id, exchange.lines, lock=lock
    )
    returns.require_told(taken, exchange.refund_minor)
    refunds = _carried(taken.refunds, command.total_minor)
    given = returns.with_references(refunds, exchange.references)
    tenders = [*_tenders(taken, refunds, exchange), *command.tenders]
    basket.require_paid(command, tenders)
    return msgspec.structs.replace(taken, refunds=given), tenders


def _carried(refunds: Sequence[Refund], total_minor: int) -> list[Refund]:
    """Refunds with what each of them leaves here to pay for the sale."""
    money = [refund.amount_minor if refund.kind in MONEY else 0 for refund in refunds]
    carried = min(sum(money), total_minor)
    parts = allocate(carried, money) if carried else [0] * len(money)
    return [
        msgspec.structs.replace(refund, carried_minor=part)
        for refund, part in zip(refunds, parts, strict=True)
    ]


def _tenders(taken: Taken, refunds: Sequence[Refund], exchange: Exchange) -> list[Tender]:
    paid = {each.position: each for each in taken.before.paid}
    return [
        Tender(
            kind=refund.kind,
            amount_minor=refund.carried_minor,
            reference=paid[refund.position].reference,
            return_id=exchange.return_id,
        )
        for refund in refunds
        if refund.carried_minor
    ]
