"""What a journal reckons with and writes: balances, entries, and the changes of balances."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class Place(msgspec.Struct, frozen=True):
    """A store and the franchisee it belongs to (None: the chain's own)."""

    store_id: UUID | None
    franchisee_id: UUID | None


class Balance(msgspec.Struct):
    """The running balance of a member's account, as locked by this transaction."""

    account_id: UUID
    member_id: UUID
    kind: str
    unit: str
    balance: int
    held: int
    issuing_store_id: UUID | None = None
    issuing_franchisee_id: UUID | None = None
    frozen: bool = False

    @property
    def available(self) -> int:
        return self.balance - self.held


class EntryRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row of `entries`, but for its id and time; and its other side, where the same is written
    with the other sign."""

    transaction_id: UUID
    account_id: UUID
    unit: str
    amount: int
    balance_after: int | None
    reason: str
    document_id: UUID
    issuing_store_id: UUID | None
    issuing_franchisee_id: UUID | None
    accepting_store_id: UUID | None = None
    accepting_franchisee_id: UUID | None = None
    rule_version: int | None = None
    detail: str | None = None
    earned_on: date | None = None
    valid_until: date | None = None
    expires_at: datetime | None = None
    expiry_version: int | None = None
    lot_id: int | None = None
    other_id: UUID | None = None
    """The account on the other side; None: it has a row of its own. How long points last is only
    said on this side."""


class TransactionRow(msgspec.Struct, frozen=True):
    id: UUID
    document_id: UUID
    kind: str


class CounterRow(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    unit: str
    store_id: UUID


class Change(msgspec.Struct):
    """What is to become of a balance; `is_fact` ones are booked even below zero. `expiry_due` is
    set where the account was `reckoned`, else it can only become earlier."""

    account_id: UUID
    amount: int = 0
    settled: int = 0
    is_fact: bool = False
    issuing_store_id: UUID | None = None
    issuing_franchisee_id: UUID | None = None
    expiry_due: datetime | None = None
    reckoned: bool = False
