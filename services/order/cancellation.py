"""Ending orders: a manager voids a placed one, the sweeper cancels what nobody finished."""

from datetime import UTC, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.order import checkout, history, ledger
from services.order.models import Order as Row
from services.order.models import Store
from shared import outbox, telemetry
from shared.contracts.order import CancelOrder, Order, OrderVoided
from shared.errors import Refusal
from shared.seal import Caller
from shared.stores import require_store

SWEEP_AT_ONCE = 100


def cancel_order(session: Session, caller: Caller, command: CancelOrder) -> Order:
    """Void a whole placed sale of the same store and business day; repeating changes nothing."""
    row = session.get(Row, command.order_id)
    if row is None or row.status in ("pending", "cancelled"):
        raise Refusal("UNKNOWN_ORDER")
    store = require_store(session, Store, caller, row.store_id)
    if row.status == "placed":
        if row.business_date != store.business_date(datetime.now(UTC)):
            raise Refusal("NOT_CANCELLABLE")
        _void(session, caller, row, command.reason)
    return history.read(session, caller, [row.id])[0]


def _void(session: Session, caller: Caller, row: Row, reason: str) -> None:
    voided = session.execute(
        text(
            "UPDATE orders SET status = 'voided', cancel_reason = :reason, cancelled_by = :by"
            " WHERE id = :id AND status = 'placed' AND returns = 0 RETURNING id"
        ),
        {"id": row.id, "reason": reason, "by": caller.id},
    ).one_or_none()
    session.refresh(row)
    if row.returns:
        raise Refusal("HAS_RETURNS")
    if voided:
        event = OrderVoided(
            order_id=row.id,
            store_id=row.store_id,
            member_id=row.member_id,
            business_date=row.business_date,
            total_minor=row.total_minor or 0,
            reason=reason,
        )
        outbox.emit(session, (event, row.id, 2))


def sweep(session: Session) -> int:
    """Cancel orders that have been pending for too long; one replica at a time does it."""
    lock = select(func.pg_try_advisory_xact_lock(func.hashtext("chainstitch.sweeper")))
    if not session.scalar(lock, execution_options=telemetry.UNCOUNTED):
        return 0
    stale = session.execute(
        text(
            "SELECT id, store_id FROM orders WHERE status = 'pending' AND NOT offline"
            " AND created_at <= now() - make_interval(secs => :seconds)"
            " ORDER BY id LIMIT :limit"
        ),
        {"seconds": ledger.EXPIRES_SECONDS, "limit": SWEEP_AT_ONCE},
        execution_options=telemetry.UNCOUNTED,
    ).all()
    for order in stale:
        checkout.cancel(session, order.id, order.store_id, Refusal("ORDER_EXPIRED"))
    return len(stale)
