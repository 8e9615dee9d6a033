"""Transactions and their entries."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


class Transaction(Base):
    """One business fact in the ledger: at most one of a kind for a document, so that a second
    delivery cannot book it again."""

    __tablename__ = "transactions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID]
    kind: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("document_id", "kind"),
        CheckConstraint(
            "kind IN ('sale', 'void', 'return', 'top_up', 'adjustment', 'expiry', 'refund',"
            " 'pay_out', 'wallet_adjustment', 'transfer', 'erasure', 'opening', 'redemption',"
            " 'redemption_void', 'merge', 'merge_back')",
            name="kind_known",
        ),
    )


class Entry(Base):
    """One side of a transaction. Append-only; `balance_after` only on members' accounts.

    Positive is what a member gains: the counter account carries the same with the other sign.
    Points that expire say so where they are given, where that is reversed and where they expired:
    earned on a local date of the issuing store, of use through `valid_until`, which ends there at
    `expires_at`, by version `expiry_version` of the rule. What a merge moves names the lot by the
    entry that gave it (`lot_id`), and the day it was earned also where it never expires. The
    transaction and the account (with its unit) are references by trigger (ADR 0035).
    """

    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    transaction_id: Mapped[UUID]
    account_id: Mapped[UUID]
    unit: Mapped[str]
    amount: Mapped[int]
    balance_after: Mapped[int | None]
    reason: Mapped[str]
    document_id: Mapped[UUID]
    issuing_store_id: Mapped[UUID | None]
    issuing_franchisee_id: Mapped[UUID | None]
    accepting_store_id: Mapped[UUID | None]
    accepting_franchisee_id: Mapped[UUID | None]
    rule_version: Mapped[int | None] = mapped_column(Integer)
    detail: Mapped[str | None]
    at: Mapped[datetime]
    earned_on: Mapped[date | None]
    valid_until: Mapped[date | None]
    expires_at: Mapped[datetime | None]
    expiry_version: Mapped[int | None] = mapped_column(Integer)
    lot_id: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        CheckConstraint(
            "num_nulls(valid_until, expires_at, expiry_version) IN (0, 3)"
            " AND (lot_id IS NOT NULL OR (earned_on IS NULL) = (expires_at IS NULL))",
            name="life_whole",
        ),
        CheckConstraint(
            "reason <> 'expired' OR balance_after IS NULL OR (amount < 0 AND expires_at <= at)",
            name="expired_in_time",
        ),
        Index("ix_entries_transaction_id", "transaction_id"),
        Index("ix_entries_account_id_id", "account_id", "id"),
    )


class ExpiryNotice(Base):
    """A member was told of points that can be used through a day; once for each. Append-only."""

    __tablename__ = "expiry_notices"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    valid_until: Mapped[date] = mapped_column(primary_key=True)
    points: Mapped[int]
    at: Mapped[datetime]

    __table_args__ = (CheckConstraint("points > 0", name="points_positive"),)
