"""The ledger: what moves on members' accounts, as balanced entries, and the statement that writes.

Whoever books something locks the balances, reckons on them in a `Journal`, and writes the whole
journal at once, together with rows of its own. The database checks what must hold: a document is
booked once, entries of a transaction add up to zero per unit, entries are never changed.

    credit    member +n | points_issued, points_adjusted, wallet_cash, bonus_granted   -n
    opening   member +n | points_opening, wallet_opening, bonus_opening                -n
    spend     member -n | points_redeemed, sales_clearing                              +n
    expire    member -n | points_expired (one for all members of a document)           +n
    take      member -n | wallet_cash, bonus_granted                                   +n
    move      member -n | another member                                               +n
    carry     member -n | the same account of another member                           +n

Every entry says which store (and franchisee) gave the value out, and which took it (K42, K43).
"""

import functools
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty.entries import Balance as Balance
from services.loyalty.entries import Change, CounterRow, TransactionRow
from services.loyalty.entries import EntryRow as EntryRow
from services.loyalty.entries import Place as Place
from services.loyalty.lots import Life
from shared.ids import new_id

_COUNTERS = uuid5(NAMESPACE_URL, "chainstitch:loyalty:counter-accounts")


class Journal:
    """What one database transaction books. Keeps the balances it was given up to date."""

    def __init__(self, balances: Iterable[Balance], now: datetime) -> None:
        self.now = now
        self._balances = {(b.member_id, b.kind): b for b in balances}
        self._by_account = {b.account_id: b for b in self._balances.values()}
        self._transactions: dict[tuple[UUID, str], TransactionRow] = {}
        self._counters: dict[UUID, CounterRow] = {}
        self._entries: list[EntryRow] = []
        self._expired: Counter[tuple[tuple[UUID, str], Place, int]] = Counter()
        self._changes: dict[UUID, Change] = {}

    def balance(self, member_id: UUID, kind: str) -> Balance:
        return self._balances[member_id, kind]

    def balance_of(self, account_id: UUID) -> Balance | None:
        """The balance of a member's account; None of a store's."""
        return self._by_account.get(account_id)

    def credit(
        self,
        document: tuple[UUID, str],
        balance: Balance,
        amount: int,
        counter: str,
        store: Place,
        *,
        life: Life | None = None,
        **entry: Any,
    ) -> None:
        """Give a member value, issued by the store; or take it by hand if `amount` is negative, for
        which the caller and the database see to it that there is enough.

        `life`: of points that expire. `entry`: reason, rule_version, detail.
        """
        if amount == 0:
            return
        change = self._change(balance, amount, is_fact=False)
        if life is not None:
            change.expiry_due = min(change.expiry_due or life.notice_at, life.notice_at)
        issuing, accepting = store, Place(None, None)
        if amount < 0:
            issuing, accepting = issuer_of(balance), store
        else:
            balance.issuing_store_id = change.issuing_store_id = store.store_id
            balance.issuing_franchisee_id = change.issuing_franchisee_id = store.franchisee_id
        self._enter(
            document, balance, amount, counter, store, issuing, accepting, life=life, **entry
        )

    def settle(
        self,
        document: tuple[UUID, str],
        balance: Balance,
        amount: int,
        counter: str,
        store: Place,
        **entry: Any,
    ) -> None:
        """Take what was held for an order (`amount` > 0): the store accepts it from the issuer."""
        if amount == 0:
            return
        self._change(balance, -amount, is_fact=True).settled += amount
        balance.held -= amount
        issuer = issuer_of(balance)
        self._enter(document, balance, -amount, counter, store, issuer, store, **entry)

    def take(
        self,
        document: tuple[UUID, str],
        balance: Balance,
        amount: int,
        counter: str,
        issuer: Place,
        store: Place,
        **entry: Any,
    ) -> None:
        """Take value (`amount` > 0) of which the issuer is known, if there is enough; the store
        pays."""
        if amount == 0:
            return
        self._change(balance, -amount, is_fact=False)
        self._enter(document, balance, -amount, counter, store, issuer, store, **entry)

    def move(
        self,
        document: tuple[UUID, str],
        source: Balance,
        target: Balance,
        amount: int,
        *,
        rule_version: int | None,
        detail: str,
    ) -> None:
        """Move value (`amount` > 0) from one member to another; who issued it stays the same."""
        if amount == 0:
            return
        issuer, nobody = issuer_of(source), Place(None, None)
        self._change(source, -amount, is_fact=False)
        change = self._change(target, amount, is_fact=False)
        target.issuing_store_id = change.issuing_store_id = issuer.store_id
        target.issuing_franchisee_id = change.issuing_franchisee_id = issuer.franchisee_id
        for balance, signed, reason in (
            (source, -amount, "transferred_out"),
            (target, amount, "transferred_in"),
        ):
            side = self._member_side(
                document, balance, signed, issuer, nobody, reason=reason,
                rule_version=rule_version, detail=detail,
            )  # fmt: skip
            self._entries.append(side)

    def expire(
        self,
        document: tuple[UUID, str],
        balance: Balance,
        amount: int,
        issuer: Place,
        life: Life,
        detail: str,
    ) -> None:
        """Take points (`amount` > 0) whose time is over, on the books of the store they are of:
        its side is one entry for all members of a document."""
        self._change(balance, -amount, is_fact=False)
        side = self._member_side(
            document, balance, -amount, issuer, Place(None, None), reason="expired",
            rule_version=life.version, detail=detail, **_lasts(life),
        )  # fmt: skip
        self._entries.append(side)
        self._expired[document, issuer, life.version] += amount

    def reckoned(self, balance: Balance, due: datetime | None) -> None:
        """Say when an account's points have to be looked at again; None: never."""
        change = self._change(balance, 0, is_fact=False)
        change.expiry_due, change.reckoned = due, True

    def reverse(self, document: tuple[UUID, str], entries: Iterable[EntryRow]) -> None:
        """Book entries back, each on its account with the other sign: facts, even below zero.

        Points that are back may be past their time: the account is looked at.
        """
        transaction = self._transaction(document)
        for entry in entries:
            balance = self._by_account.get(entry.account_id)
            if balance is not None:
                change = self._change(balance, -entry.amount, is_fact=True)
                if balance.kind == "points":
                    change.expiry_due = self.now
            self._entries.append(
                msgspec.structs.replace(
                    entry,
                    transaction_id=transaction.id,
                    amount=-entry.amount,
                    balance_after=balance.balance if balance else None,
                    reason=f"{entry.reason}_back",
                )
            )

    def parameters(self) -> dict[str, str | datetime]:
        """The parameters of `LEDGER`."""
        entries = [*self._entries, *self._expired_sides()]
        return {
            "now": self.now,
            "transactions": _json(self._transactions.values()),
            # In one order for all: two first sales of a store may make them at the same time.
            "counters": _json(self._counters[key] for key in sorted(self._counters)),
            "entries": _json(entries),
            "changes": _json(self._changes.values()),
        }

    def expect(self, changed: int) -> None:
        """Raise unless so many balances were changed: the guards of the statement must agree with
        what was reckoned under the lock."""
        if changed != len(self._changes):
            raise RuntimeError(f"{changed} of {len(self._changes)} balances could be changed")

    def write(self, session: Session) -> None:
        """Write the journal by a statement of its own."""
        self.expect(session.execute(_WRITE, self.parameters()).scalar_one())

    def _change(self, balance: Balance, amount: int, is_fact: bool) -> Change:
        change = self._changes.setdefault(balance.account_id, Change(balance.account_id))
        change.amount += amount
        change.is_fact |= is_fact
        balance.balance += amount
        return change

    def _transaction(self, document: tuple[UUID, str]) -> TransactionRow:
        if document not in self._transactions:
            self._transactions[document] = TransactionRow(new_id(), *document)
        return self._transactions[document]

    def _enter(
        self,
        document: tuple[UUID, str],
        balance: Balance,
        amount: int,
        counter: str,
        owner: Place,
        issuing: Place,
        accepting: Place,
        *,
        life: Life | None = None,
        **entry: Any,
    ) -> None:
        """Both sides of a movement; the other side is the counter account of the store `owner`.

        `entry`: reason, rule_version, detail.
        """
        other_id = self._counter(counter, balance.unit, owner)
        lasts = _lasts(life) if life is not None else {}
        side = self._member_side(
            document, balance, amount, issuing, accepting, other_id=other_id, **entry, **lasts
        )
        self._entries.append(side)

    def _member_side(
        self,
        document: tuple[UUID, str],
        balance: Balance,
        amount: int,
        issuing: Place,
        accepting: Place,
        **other: Any,
    ) -> EntryRow:
        return EntryRow(
            transaction_id=self._transaction(document).id,
            account_id=balance.account_id,
            unit=balance.unit,
            amount=amount,
            balance_after=balance.balance,
            document_id=document[0],
            issuing_store_id=issuing.store_id,
            issuing_franchisee_id=issuing.franchisee_id,
            accepting_store_id=accepting.store_id,
            accepting_franchisee_id=accepting.franchisee_id,
            **other,
        )

    def _expired_sides(self) -> Iterable[EntryRow]:
        """What members lost by a document, on the books of each store."""
        for (document, issuer, version), amount in self._expired.items():
            yield EntryRow(
                transaction_id=self._transaction(document).id,
                account_id=self._counter("points_expired", "points", issuer),
                unit="points",
                amount=amount,
                balance_after=None,
                reason="expired",
                document_id=document[0],
                issuing_store_id=issuer.store_id,
                issuing_franchisee_id=issuer.franchisee_id,
                rule_version=version,
            )

    def _counter(self, kind: str, unit: str, owner: Place) -> UUID:
        """The id follows from what the account is, so that nobody has to look it up."""
        if owner.store_id is None:
            raise ValueError("a counter account belongs to a store")
        account_id = counter_id(kind, unit, owner.store_id)
        self._counters[account_id] = CounterRow(account_id, kind, unit, owner.store_id)
        return account_id


@functools.lru_cache(10_000)
def counter_id(kind: str, unit: str, store_id: UUID) -> UUID:
    """The id of a store's account on the other side."""
    return uuid5(_COUNTERS, f"{kind}:{unit}:{store_id}")


def issuer_of(balance: Balance) -> Place:
    """Whose value a balance counts as: that of the store of its last credit."""
    return Place(balance.issuing_store_id, balance.issuing_franchisee_id)


def lock(session: Session, member_ids: list[UUID]) -> list[Balance]:
    """The balances of members, locked in the order of accounts until the transaction ends."""
    rows = session.execute(_LOCK, {"member_ids": member_ids})
    return [Balance(*row) for row in rows]


def _lasts(life: Life) -> dict[str, Any]:
    return {
        "earned_on": life.earned_on,
        "valid_until": life.valid_until,
        "expires_at": life.expires_at,
        "expiry_version": life.version,
    }


def _json(rows: Iterable[Any]) -> str:
    return msgspec.json.encode(list(rows)).decode()


BALANCE = """b.account_id, ma.member_id, ma.kind, a.unit, b.balance, b.held,
        b.issuing_store_id, b.issuing_franchisee_id, b.frozen
    FROM member_accounts ma JOIN accounts a ON a.id = ma.account_id
    JOIN balances b ON b.account_id = ma.account_id"""
"""The columns of a `Balance`, in its order, and where they are."""

LOCKED = " ".join(
    (
        "SELECT",
        BALANCE,
        "WHERE ma.member_id = ANY(:member_ids) ORDER BY b.account_id FOR NO KEY UPDATE OF b",
    )
)
"""The balances of :member_ids, locked."""

LEDGER = """counters AS (
    INSERT INTO accounts (id, kind, unit, store_id)
    SELECT id, kind, unit, store_id FROM json_to_recordset(CAST(:counters AS json))
        AS c(id uuid, kind text, unit text, store_id uuid)
    ON CONFLICT DO NOTHING
), posted AS (
    INSERT INTO transactions (id, document_id, kind, at)
    SELECT id, document_id, kind, :now FROM json_to_recordset(CAST(:transactions AS json))
        AS t(id uuid, document_id uuid, kind text)
), entered AS (
    INSERT INTO entries (transaction_id, account_id, unit, amount, balance_after, reason,
        document_id, issuing_store_id, issuing_franchisee_id, accepting_store_id,
        accepting_franchisee_id, rule_version, detail, earned_on, valid_until, expires_at,
        expiry_version, lot_id, at)
    SELECT e.transaction_id, side.account_id, e.unit, side.amount, side.balance_after, e.reason,
        e.document_id, e.issuing_store_id, e.issuing_franchisee_id, e.accepting_store_id,
        e.accepting_franchisee_id, e.rule_version, e.detail, side.earned_on, side.valid_until,
        side.expires_at, side.expiry_version, e.lot_id, CAST(:now AS timestamptz)
    FROM json_to_recordset(CAST(:entries AS json))
        AS e(transaction_id uuid, account_id uuid, unit text, amount bigint, balance_after bigint,
        reason text, document_id uuid, issuing_store_id uuid, issuing_franchisee_id uuid,
        accepting_store_id uuid, accepting_franchisee_id uuid, rule_version int, detail text,
        earned_on date, valid_until date, expires_at timestamptz, expiry_version int,
        lot_id bigint, other_id uuid),
    LATERAL (VALUES
        (e.account_id, e.amount, e.balance_after, e.earned_on, e.valid_until, e.expires_at,
            e.expiry_version),
        (e.other_id, -e.amount, NULL, NULL, NULL, NULL, NULL)
    ) AS side(account_id, amount, balance_after, earned_on, valid_until, expires_at,
        expiry_version)
    WHERE side.account_id IS NOT NULL
), changed AS (
    UPDATE balances b SET balance = b.balance + c.amount, held = b.held - c.settled,
        issuing_store_id = coalesce(c.issuing_store_id, b.issuing_store_id),
        issuing_franchisee_id = CASE WHEN c.issuing_store_id IS NULL
            THEN b.issuing_franchisee_id ELSE c.issuing_franchisee_id END,
        expiry_due = CASE WHEN c.reckoned THEN c.expiry_due
            ELSE least(b.expiry_due, c.expiry_due) END
    FROM json_to_recordset(CAST(:changes AS json)) AS c(account_id uuid, amount bigint,
        settled bigint, is_fact boolean, issuing_store_id uuid, issuing_franchisee_id uuid,
        expiry_due timestamptz, reckoned boolean)
    WHERE b.account_id = c.account_id
        AND (c.is_fact OR c.amount >= 0 OR b.balance - b.held + c.amount >= 0)
    RETURNING b.account_id)"""
"""Writes a journal, as common table expressions; `changed` are the balances it has changed."""

_LOCK = text(LOCKED)
_WRITE = text(" ".join(("WITH", LEDGER, "SELECT count(*) FROM changed")))
