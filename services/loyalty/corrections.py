"""The wallet corrected by hand, with a reason, above a limit by two persons."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.loyalty import documents, ledger, proposals
from services.loyalty.ledger import Journal, Place
from services.loyalty.models import Store
from services.loyalty.proposals import Wanted
from shared import outbox, stores
from shared.contracts.loyalty import Account
from shared.contracts.loyalty.wallet import AdjustWallet, WalletAdjusted
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller


def adjust_wallet(session: Session, caller: Caller, command: AdjustWallet) -> Account:
    """Correct principal and bonus; see `AdjustWallet`.

    Raises `Refusal`: NOT_ENOUGH_WALLET, UNKNOWN_MEMBER, CURRENCY_MISMATCH, ENTRY_ID_TAKEN,
    UNKNOWN_STORE, STORE_CLOSED; `Forbidden` outside the caller's stores.
    """
    store = stores.require_store(session, Store, caller, command.store_id)
    if not command.principal_minor and not command.bonus_minor:
        reason = "调整金额不能为零 / nothing to adjust"
        raise InvalidInput("INVALID_INPUT", {"field": "$.principal_minor", "reason": reason})
    before = documents.answered(session, command)
    if before is not None:
        return before
    now = datetime.now(UTC)
    size = abs(command.principal_minor) + abs(command.bonus_minor)
    wanted = Wanted(command.principal_minor + command.bonus_minor, size, store.currency)
    waits = proposals.held_back(session, caller, command, wanted, now)
    return waits or book(session, caller.id, command, now)


def book(session: Session, staff_id: UUID, command: AdjustWallet, now: datetime) -> Account:
    """Book a correction that may be booked."""
    store = stores.find_store(session, Store, command.store_id)
    member_id = documents.open_for(session, command.member_id, store.currency)
    journal = Journal(ledger.lock(session, [member_id]), now)
    for kind, amount in (("principal", command.principal_minor), ("bonus", command.bonus_minor)):
        balance = journal.balance(member_id, kind)
        if amount < 0 and balance.available + amount < 0:
            raise Refusal("NOT_ENOUGH_WALLET")
        journal.credit(
            (command.id, "wallet_adjustment"),
            balance,
            amount,
            "wallet_adjusted",
            Place(store.id, store.franchisee_id),
            reason="adjusted",
            detail=command.reason,
        )
    answer = documents.record(session, staff_id, command, journal)
    event = WalletAdjusted(
        adjustment_id=command.id,
        member_id=command.member_id,
        store_id=command.store_id,
        currency=store.currency,
        principal_minor=command.principal_minor,
        bonus_minor=command.bonus_minor,
    )
    outbox.emit(session, (event, command.id, 1))
    return answer
