"""Payments between legal entities, as HQ records them."""

from datetime import UTC, datetime

from msgspec import structs
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import clearing
from services.loyalty.clearing import Claim, entity, shown
from services.loyalty.clearing_agreements import check_entities
from services.loyalty.documents import alone
from shared import outbox
from shared.contracts.loyalty.clearing import (
    ClearingPayment,
    ClearingPaymentRecorded,
    RecordClearingPayment,
)
from shared.errors import Refusal
from shared.seal import Caller


def record_payment(
    session: Session,
    caller: Caller,
    command: RecordClearingPayment,
    now: datetime | None = None,
) -> ClearingPayment:
    """Record a payment; repeating it gives the same answer. See `RecordClearingPayment`.

    Today is the day where it is latest among the stores. Raises `Forbidden` outside the chain.
    """
    caller.require_chain()
    now = now or datetime.now(UTC)
    alone(session, command.id)
    asked = ClearingPayment(**structs.asdict(command))
    row = session.execute(_FIND, {"id": command.id}).one_or_none()
    if row is not None:
        before = ClearingPayment(
            id=row.id,
            payer_id=shown(row.payer_id),
            payee_id=shown(row.payee_id),
            currency=row.currency,
            amount_minor=row.amount_minor,
            paid_on=row.paid_on,
            reference=row.reference,
        )
        if before != asked:
            raise Refusal("PAYMENT_ID_TAKEN")
        return before
    check_entities(session, command.payer_id, command.payee_id)
    if command.paid_on > session.execute(_TODAY, {"now": now}).scalar_one():
        raise Refusal("PAYMENT_IN_FUTURE")
    payer, payee = entity(command.payer_id), entity(command.payee_id)
    row_of = structs.asdict(asked) | {"payer_id": payer, "payee_id": payee}
    session.execute(_RECORD, row_of | {"staff_id": caller.id, "now": now})
    paid = Claim(
        document_id=command.id,
        debtor_id=payer,
        creditor_id=payee,
        currency=command.currency,
        kind="paid",
        quantity=-command.amount_minor,
        booked_on=command.paid_on,
        at=now,
    )
    clearing.claim(session, [paid])
    event = ClearingPaymentRecorded(
        payment_id=command.id,
        payer_id=command.payer_id,
        payee_id=command.payee_id,
        currency=command.currency,
        amount_minor=command.amount_minor,
        paid_on=command.paid_on,
    )
    outbox.emit(session, (event, command.id, 1))
    return asked


_FIND = text("SELECT * FROM clearing_payments WHERE id = :id")
_TODAY = text(
    "SELECT coalesce(max(CAST(CAST(:now AS timestamptz) AT TIME ZONE time_zone AS date)),"
    " CAST(CAST(:now AS timestamptz) AT TIME ZONE 'UTC' AS date)) FROM stores WHERE active"
)
_RECORD = text(
    "INSERT INTO clearing_payments (id, payer_id, payee_id, currency, amount_minor, paid_on,"
    " reference, staff_id, at) VALUES (:id, :payer_id, :payee_id, :currency, :amount_minor,"
    " :paid_on, :reference, :staff_id, :now)"
)
