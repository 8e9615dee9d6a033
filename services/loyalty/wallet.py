"""Topping up the wallet: what was paid is principal, what rule or plan add is bonus (V1-V3)."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from services.loyalty import documents, ledger, limits, plans, rules
from services.loyalty.freezes import refuse_frozen
from services.loyalty.ledger import Journal, Place
from services.loyalty.models import Store
from shared import outbox, stores
from shared.contracts.loyalty import Account, TopUp, TopUpRule, WalletToppedUp
from shared.errors import Refusal
from shared.seal import Caller


def top_up(session: Session, caller: Caller, command: TopUp) -> Account:
    """Book money that was paid in; the same id again gets the same answer.

    Raises `Refusal`: TOP_UP_AMOUNT, BALANCE_LIMIT, DAILY_LIMIT, TRANSFER_REQUIRED, ACCOUNT_FROZEN,
    CURRENCY_MISMATCH, UNKNOWN_MEMBER, ENTRY_ID_TAKEN, UNKNOWN_STORE, STORE_CLOSED, UNKNOWN_PLAN or
    why the plan named does not apply (PLAN_…); `Forbidden` outside the caller's stores.
    """
    return pay_in(session, caller, command, datetime.now(UTC))


def pay_in(session: Session, caller: Caller, command: TopUp, now: datetime) -> Account:
    """As `top_up`, at a given time."""
    store = stores.require_store(session, Store, caller, command.store_id)
    before = documents.answered(session, command)
    if before is not None:
        return before
    if command.currency != store.currency:
        raise Refusal("CURRENCY_MISMATCH", {"expected": store.currency})
    version, rule = rules.in_force(session, "top_up", now) or (None, TopUpRule())
    if not 0 < command.paid_minor <= rule.limit_minor:
        limit = {"limit_minor": rule.limit_minor, "currency": command.currency}
        raise Refusal("TOP_UP_AMOUNT", limit)
    transfer_due = limits.transfer_due(limits.limits_at(session, now), command)
    member_id = documents.open_for(session, command.member_id, command.currency)
    journal = Journal(ledger.lock(session, [member_id]), now)
    balances = {kind: journal.balance(member_id, kind) for kind in ("principal", "bonus")}
    principal = balances["principal"]
    refuse_frozen(principal)
    paid = command.paid_minor
    paying = plans.paying_in(session, store, principal.account_id, command.tender, paid, now)
    bonus = plans.bonus_by(rule, paying, command.plan)
    parts = {"principal": paid, "bonus": bonus.minor}
    limits.refuse_above(session, balances, parts, now)
    limits.refuse_day(session, store, principal, paid, now)
    place = Place(store.id, store.franchisee_id)
    for kind, counter, reason in (
        ("principal", "wallet_cash", "top_up"),
        ("bonus", "bonus_granted", "bonus"),
    ):
        journal.credit(
            (command.id, "top_up"),
            balances[kind],
            parts[kind],
            counter,
            place,
            reason=reason,
            rule_version=version,
            detail=bonus.plan,
        )
    answer = documents.record(session, caller.id, command, journal)
    event = WalletToppedUp(
        top_up_id=command.id,
        member_id=command.member_id,
        store_id=command.store_id,
        currency=command.currency,
        paid_minor=paid,
        bonus_minor=bonus.minor,
        plan=bonus.plan,
        rule_version=version,
        transfer_due=transfer_due,
    )
    outbox.emit(session, (event, command.id, 1))
    return answer
