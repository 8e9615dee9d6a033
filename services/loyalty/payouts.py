"""Money back out of the wallet: a top-up refunded to its tender, or principal paid out by hand.

A top-up may be refunded for some days (法释〔2025〕4号: seven) as far as its principal is unspent.
The oldest principal is spent first: what is left of a top-up is what the balance holds beyond
later ones. Bonus goes back pro rata to the principal, as far as it is there; principal is never cut
for bonus that was spent.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.loyalty import documents, ledger, limits, proposals
from services.loyalty.freezes import refuse_frozen
from services.loyalty.ledger import Balance, Journal, Place, issuer_of
from services.loyalty.models import Store
from services.loyalty.proposals import Wanted
from shared import money, outbox, stores
from shared.contracts.loyalty import Account
from shared.contracts.loyalty.wallet import (
    PayOutWallet,
    RefundTopUp,
    TopUpRefund,
    TopUpRefunded,
    WalletPaidOut,
)
from shared.errors import Refusal
from shared.seal import Caller


class _Given(NamedTuple):
    """One side of a top-up: what it gave, what of that went back, what was given after it."""

    amount: int
    returned: int
    later: int
    issuer: Place

    def left(self, balance: Balance) -> int:
        """What can still go back."""
        return max(min(balance.available - self.later, self.amount - self.returned), 0)


def refund_top_up(session: Session, caller: Caller, command: RefundTopUp) -> TopUpRefund:
    """Refund a top-up to its tender; see `RefundTopUp`."""
    return refund(session, caller, command, datetime.now(UTC))


def refund(session: Session, caller: Caller, command: RefundTopUp, now: datetime) -> TopUpRefund:
    """As `refund_top_up`, at a given time."""
    store = stores.require_store(session, Store, caller, command.store_id)
    before = documents.answered(session, command)
    if before is not None:
        return before
    member_id = documents.stands_for(session, command.member_id)
    asked = {"id": command.top_up_id, "member": member_id}
    top_up = session.execute(_TOP_UP, asked).first()
    if top_up is None:
        raise Refusal("UNKNOWN_TOP_UP")
    _refuse_late(session, top_up, now)
    if top_up.member_id != member_id:
        raise Refusal("TOP_UP_MOVED", {"member_id": member_id})
    journal = Journal(ledger.lock(session, [member_id]), now)
    principal = journal.balance(member_id, "principal")
    bonus = journal.balance(member_id, "bonus")
    refuse_frozen(principal)
    given = _given(session, command.top_up_id, principal)
    left = given.left(principal)
    amount = left if command.principal_minor is None else command.principal_minor
    if not 0 < amount <= left:
        raise Refusal("REFUND_AMOUNT", {"left_minor": left, "currency": principal.unit})
    bonus_given = _given(session, command.top_up_id, bonus)
    # The share of all that has gone back, so that parts add up.
    share = money.round_half_up(bonus_given.amount * (given.returned + amount), given.amount)
    bonus_back = max(min(share - bonus_given.returned, bonus.available), 0)
    place = Place(store.id, store.franchisee_id)
    for balance, back, counter, reason in (
        (principal, amount, "wallet_cash", "refunded"),
        (bonus, bonus_back, "bonus_granted", "bonus_refunded"),
    ):
        journal.take(
            (command.id, "refund"),
            balance,
            back,
            counter,
            given.issuer,
            place,
            reason=reason,
            detail=str(command.top_up_id),
        )

    answer = documents.record_as(
        session,
        caller.id,
        command,
        journal,
        lambda account: TopUpRefund(
            id=command.id,
            top_up_id=command.top_up_id,
            tender=top_up.content["tender"],
            reference=top_up.content.get("reference"),
            principal_minor=amount,
            bonus_minor=bonus_back,
            account=account,
        ),
    )
    _tell_refund(session, command, answer, principal.unit)
    return answer


def _refuse_late(session: Session, top_up: Row[Any], now: datetime) -> None:
    """Days are local dates of the store that took the money."""
    store = stores.find_store(session, Store, top_up.store_id)
    days = limits.limits_at(session, now).refund_days
    if (store.business_date(now) - store.business_date(top_up.at)).days > days:
        raise Refusal("REFUND_TOO_LATE", {"days": days})


def _tell_refund(
    session: Session, command: RefundTopUp, answer: TopUpRefund, currency: str
) -> None:
    event = TopUpRefunded(
        refund_id=command.id,
        top_up_id=command.top_up_id,
        member_id=command.member_id,
        store_id=command.store_id,
        currency=currency,
        tender=answer.tender,
        principal_minor=answer.principal_minor,
        bonus_minor=answer.bonus_minor,
    )
    outbox.emit(session, (event, command.id, 1))


def pay_out_wallet(session: Session, caller: Caller, command: PayOutWallet) -> Account:
    """Pay principal out, above the caller's limit by two persons; see `PayOutWallet`.

    Raises `Refusal`: NOT_ENOUGH_WALLET, ACCOUNT_FROZEN, UNKNOWN_MEMBER, CURRENCY_MISMATCH,
    ENTRY_ID_TAKEN, UNKNOWN_STORE, STORE_CLOSED; `Forbidden` outside the caller's stores.
    """
    store = stores.require_store(session, Store, caller, command.store_id)
    before = documents.answered(session, command)
    if before is not None:
        return before
    now = datetime.now(UTC)
    wanted = Wanted(-command.principal_minor, command.principal_minor, store.currency)
    waits = proposals.held_back(session, caller, command, wanted, now)
    return waits or book(session, caller.id, command, now)


def book(session: Session, staff_id: UUID, command: PayOutWallet, now: datetime) -> Account:
    """Book a pay-out that may be booked."""
    store = stores.find_store(session, Store, command.store_id)
    member_id = documents.open_for(session, command.member_id, store.currency)
    journal = Journal(ledger.lock(session, [member_id]), now)
    principal = journal.balance(member_id, "principal")
    bonus = journal.balance(member_id, "bonus")
    refuse_frozen(principal)
    if command.principal_minor > principal.available:
        raise Refusal("NOT_ENOUGH_WALLET")
    there = max(bonus.available, 0)
    bonus_back = money.round_half_up(there * command.principal_minor, principal.available)
    for balance, back, counter, reason in (
        (principal, command.principal_minor, "wallet_cash", "paid_out"),
        (bonus, bonus_back, "bonus_granted", "bonus_refunded"),
    ):
        journal.take(
            (command.id, "pay_out"),
            balance,
            back,
            counter,
            issuer_of(balance),
            Place(store.id, store.franchisee_id),
            reason=reason,
            detail=command.reason,
        )
    answer = documents.record(session, staff_id, command, journal)
    event = WalletPaidOut(
        pay_out_id=command.id,
        member_id=command.member_id,
        store_id=command.store_id,
        currency=store.currency,
        tender=command.tender,
        principal_minor=command.principal_minor,
        bonus_minor=bonus_back,
    )
    outbox.emit(session, (event, command.id, 1))
    return answer


def _given(session: Session, top_up_id: UUID, balance: Balance) -> _Given:
    """What a top-up gave to an account, from its entries since."""
    parameters = {"document_id": top_up_id, "account_id": balance.account_id}
    rows: Sequence[Row[Any]] = session.execute(_SINCE, parameters).all()
    if not rows:  # a top-up without bonus
        return _Given(0, 0, 0, issuer_of(balance))
    own, after = rows[0], rows[1:]
    arrived = {str(row.document_id): row.amount for row in after if row.reason in _GIVES}
    returned = 0
    for row in after:
        if row.reason not in _RETURNS:
            continue
        if row.detail == str(top_up_id):
            returned -= row.amount
        elif row.detail in arrived:
            arrived[row.detail] += row.amount
    # What a merge brought came later, less what its undo took away again.
    merged = sum(row.amount for row in after if row.reason.startswith("merged"))
    issuer = Place(own.issuing_store_id, own.issuing_franchisee_id)
    return _Given(own.amount, returned, sum(arrived.values()) + max(merged, 0), issuer)


_GIVES = ("top_up", "bonus", "transferred_in")
_RETURNS = ("refunded", "bonus_refunded")
# The account tells whose top-up it is: members may have been merged since.
_TOP_UP = text(
    "SELECT d.at, d.store_id, d.content, ma.member_id FROM documents d"
    " JOIN transactions t ON t.document_id = d.id AND t.kind = 'top_up'"
    " JOIN entries e ON e.transaction_id = t.id AND e.reason = 'top_up'"
    " JOIN member_accounts ma ON ma.account_id = e.account_id"
    " JOIN members m ON m.member_id = ma.member_id"
    " WHERE d.id = :id AND d.kind = 'top_up' AND coalesce(m.survivor_id, m.member_id) = :member"
)
_SINCE = text(
    "SELECT s.* FROM transactions t JOIN entries own ON own.transaction_id = t.id"
    " AND own.account_id = :account_id"
    " JOIN entries s ON s.account_id = own.account_id AND s.id >= own.id"
    " WHERE t.document_id = :document_id AND t.kind = 'top_up' ORDER BY s.id"
)
