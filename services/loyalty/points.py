"""Points given or taken by hand, with a reason, above a limit by two persons (L9)."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.loyalty import documents, ledger, lots, proposals, rules
from services.loyalty.ledger import Journal, Place
from services.loyalty.models import Store
from services.loyalty.proposals import Wanted
from shared import outbox, stores
from shared.contracts.loyalty import Account, AdjustPoints, PointsAdjusted
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller


def adjust_points(session: Session, caller: Caller, command: AdjustPoints) -> Account:
    """Book points by hand, or propose it above the caller's limit; the same id again gets the same
    answer. What is given expires as if it were earned today.

    Raises `Refusal`: NOT_ENOUGH_POINTS (what orders hold cannot be taken), UNKNOWN_MEMBER,
    ENTRY_ID_TAKEN, UNKNOWN_STORE, STORE_CLOSED; `Forbidden` outside the caller's stores.
    """
    return adjust(session, caller, command, datetime.now(UTC))


def adjust(session: Session, caller: Caller, command: AdjustPoints, now: datetime) -> Account:
    """As `adjust_points`, at a given time."""
    stores.require_store(session, Store, caller, command.store_id)
    if command.points == 0:
        reason = "调整的积分不能为零 / nothing to adjust"
        raise InvalidInput("INVALID_INPUT", {"field": "$.points", "reason": reason})
    before = documents.answered(session, command)
    if before is not None:
        return before
    wanted = Wanted(command.points, abs(command.points), None)
    waits = proposals.held_back(session, caller, command, wanted, now)
    return waits or book(session, caller.id, command, now)


def book(session: Session, staff_id: UUID, command: AdjustPoints, now: datetime) -> Account:
    """Book an adjustment that may be booked."""
    store = stores.find_store(session, Store, command.store_id)
    member_id = documents.open_for(session, command.member_id, store.currency)
    life = None
    if command.points > 0:
        version, expiry = rules.in_force(session, "expiry", now) or (None, None)
        life = lots.life_of(expiry, version, store.business_date(now), store.time_zone)
    journal = Journal(ledger.lock(session, [member_id]), now)
    balance = journal.balance(member_id, "points")
    if command.points < 0 and balance.available + command.points < 0:
        parameters = {"available": balance.available, "wanted": -command.points}
        raise Refusal("NOT_ENOUGH_POINTS", parameters)
    journal.credit(
        (command.id, "adjustment"),
        balance,
        command.points,
        "points_adjusted",
        Place(store.id, store.franchisee_id),
        life=life,
        reason="adjusted",
        detail=command.reason,
    )
    answer = documents.record(session, staff_id, command, journal)
    event = PointsAdjusted(
        adjustment_id=command.id,
        member_id=command.member_id,
        store_id=command.store_id,
        points=command.points,
        reason=command.reason,
    )
    outbox.emit(session, (event, command.id, 1))
    return answer
