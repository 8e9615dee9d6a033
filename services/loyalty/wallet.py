"""Topping up the wallet: what was paid is principal, what the rule adds is bonus (V1-V3)."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from services.loyalty import documents, ledger, rules
from services.loyalty.ledger import Journal, Place
from services.loyalty.models import Store
from shared import outbox, stores
from shared.contracts.loyalty import Account, TopUp, TopUpRule, WalletToppedUp
from shared.errors import Refusal
from shared.seal import Caller


def top_up(session: Session, caller: Caller, command: TopUp) -> Account:
    """Book money that was paid in; the same id again gets the same answer.

    Raises `Refusal`: TOP_UP_AMOUNT, CURRENCY_MISMATCH, UNKNOWN_MEMBER, ENTRY_ID_TAKEN,
    UNKNOWN_STORE, STORE_CLOSED; `Forbidden` outside the caller's stores.
    """
    store = stores.require_store(session, Store, caller, command.store_id)
    before = documents.answered(session, command)
    if before is not None:
        return before
    if command.currency != store.currency:
        raise Refusal("CURRENCY_MISMATCH", {"expected": store.currency})
    now = datetime.now(UTC)
    version, rule = rules.in_force(session, "top_up", now) or (None, TopUpRule())
    if not 0 < command.paid_minor <= rule.limit_minor:
        raise Refusal("TOP_UP_AMOUNT", {"limit_minor": rule.limit_minor})
    documents.open_for(session, command.member_id, command.currency)
    bonus = bonus_for(rule, command.paid_minor)
    journal = Journal(ledger.lock(session, [command.member_id]), now)
    place = Place(store.id, store.franchisee_id)
    for kind, amount, counter, reason in (
        ("principal", command.paid_minor, "wallet_cash", "top_up"),
        ("bonus", bonus, "bonus_granted", "bonus"),
    ):
        journal.credit(
            (command.id, "top_up"),
            journal.balance(command.member_id, kind),
            amount,
            counter,
            place,
            reason=reason,
            rule_version=version,
        )
    answer = documents.record(session, caller, command, journal)
    event = WalletToppedUp(
        top_up_id=command.id,
        member_id=command.member_id,
        store_id=command.store_id,
        currency=command.currency,
        paid_minor=command.paid_minor,
        bonus_minor=bonus,
    )
    outbox.emit(session, (event, command.id, 1))
    return answer


def bonus_for(rule: TopUpRule, paid_minor: int) -> int:
    """The bonus of the highest step not above what is paid (V2)."""
    reached = [step for step in rule.steps if step.paid_minor <= paid_minor]
    return max(reached, key=lambda step: step.paid_minor).bonus_minor if reached else 0
