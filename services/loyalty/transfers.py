"""A wallet's money moved to another member: a gift, an inheritance, a new card for a lost one."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.loyalty import documents, ledger, limits, proposals
from services.loyalty.freezes import refuse_frozen
from services.loyalty.ledger import Journal
from services.loyalty.models import Store
from services.loyalty.proposals import Wanted
from shared import outbox, stores
from shared.contracts.loyalty import Account
from shared.contracts.loyalty.wallet import TransferWallet, WalletTransferred
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller


def transfer_wallet(session: Session, caller: Caller, command: TransferWallet) -> Account:
    """Move money to another member; see `TransferWallet`.

    Raises `Refusal`: SAME_MEMBER, NOT_ENOUGH_WALLET, CURRENCY_MISMATCH, BALANCE_LIMIT,
    ACCOUNT_FROZEN, UNKNOWN_MEMBER, ENTRY_ID_TAKEN, UNKNOWN_STORE, STORE_CLOSED; `Forbidden` outside
    the caller's stores.
    """
    store = stores.require_store(session, Store, caller, command.store_id)
    if command.member_id == command.to_member_id:
        raise Refusal("SAME_MEMBER")
    amount = command.principal_minor + command.bonus_minor
    if not amount:
        reason = "转账金额不能为零 / nothing to move"
        raise InvalidInput("INVALID_INPUT", {"field": "$.principal_minor", "reason": reason})
    before = documents.answered(session, command)
    if before is not None:
        return before
    now = datetime.now(UTC)
    wanted = Wanted(amount, amount, store.currency, command.to_member_id)
    waits = proposals.held_back(session, caller, command, wanted, now)
    return waits or book(session, caller.id, command, now)


def book(session: Session, staff_id: UUID, command: TransferWallet, now: datetime) -> Account:
    """Book a transfer that may be booked."""
    store = stores.find_store(session, Store, command.store_id)
    source_id, target_id = (
        documents.open_for(session, member_id, store.currency)
        for member_id in (command.member_id, command.to_member_id)
    )
    if source_id == target_id:
        raise Refusal("SAME_MEMBER")
    balances = ledger.lock(session, [source_id, target_id])
    journal = Journal(balances, now)
    parts = {"principal": command.principal_minor, "bonus": command.bonus_minor}
    targets = {kind: journal.balance(target_id, kind) for kind in parts}
    refuse_frozen(*targets.values())
    limits.refuse_above(session, targets, parts, now)
    for kind, amount in parts.items():
        source = journal.balance(source_id, kind)
        if amount > source.available:
            raise Refusal("NOT_ENOUGH_WALLET")
        journal.move(
            (command.id, "transfer"),
            source,
            targets[kind],
            amount,
            rule_version=None,
            detail=command.reason,
        )
    answer = documents.record(session, staff_id, command, journal)
    event = WalletTransferred(
        transfer_id=command.id,
        member_id=command.member_id,
        to_member_id=command.to_member_id,
        store_id=command.store_id,
        currency=store.currency,
        principal_minor=command.principal_minor,
        bonus_minor=command.bonus_minor,
    )
    outbox.emit(session, (event, command.id, 1))
    return answer
