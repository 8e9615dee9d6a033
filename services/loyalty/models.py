"""The tables: rules, members and their accounts, the ledger, holds, booked orders."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import new_metadata
from shared.inbox import InboxMixin
from shared.outbox import OutboxMixin
from shared.stores import StoreMixin


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = {
        UUID: Uuid,
        str: Text,
        int: BigInteger,
        date: Date,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
    }


class Outbox(OutboxMixin, Base):
    """Events of this service."""


class Inbox(InboxMixin, Base):
    """Events that were applied here."""


class Store(StoreMixin, Base):
    """Directory's stores."""


class RuleVersion(Base):
    """One version of a rule, never changed. The one in force at an instant is the one with the
    latest `valid_from` not after it; of two with the same, the newer version."""

    __tablename__ = "rules"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    valid_from: Mapped[datetime]
    author_id: Mapped[UUID]
    body: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("kind", "version"),
        CheckConstraint(
            "kind IN ('earn', 'spend', 'ladder', 'top_up', 'wallet', 'expiry')", name="kind_known"
        ),
        CheckConstraint("version > 0", name="version_counts"),
    )


class Member(Base):
    """A member as loyalty knows one: ids, and the tier others were last told.

    `currency` is the wallet's; unknown until the home store or a first order tells it.
    `tier_as_of` is the business date the tier was reckoned on; `review_on` the first date on which
    a purchase leaves the ladder's window. `ladder_version` 0: never reckoned.
    """

    __tablename__ = "members"

    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    home_store_id: Mapped[UUID | None]
    currency: Mapped[str | None]
    tier: Mapped[str | None]
    tier_version: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ladder_version: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    tier_as_of: Mapped[date | None]
    review_on: Mapped[date | None]

    __table_args__ = (
        Index("ix_members_ladder_version", "ladder_version"),
        Index("ix_members_review_on", "review_on", postgresql_where=text("review_on IS NOT NULL")),
    )


class Account(Base):
    """Something entries hang on. Members' accounts have a row in `balances`; the counter accounts
    of a store are the other side of each entry and have none, so that they are no hot rows.

    `unit` is ``points`` or an ISO 4217 code: entries of a transaction add up to zero per unit.
    """

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    unit: Mapped[str]
    store_id: Mapped[UUID | None]

    __table_args__ = (
        UniqueConstraint("id", "unit"),
        UniqueConstraint("kind", "unit", "store_id"),
        CheckConstraint(
            "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN"
            " ('points_issued', 'points_redeemed', 'points_adjusted', 'points_expired',"
            " 'wallet_cash', 'bonus_granted', 'sales_clearing') AND store_id IS NOT NULL)",
            name="kind_known",
        ),
        CheckConstraint("(unit = 'points') = starts_with(kind, 'points')", name="unit_of_kind"),
        CheckConstraint("unit = 'points' OR unit ~ '^[A-Z]{3}$'", name="unit_known"),
    )


class MemberAccount(Base):
    """Whose an account is. Entries do not say it, so that a merge of members can be undone."""

    __tablename__ = "member_accounts"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.member_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), unique=True)

    __table_args__ = (
        CheckConstraint("kind IN ('points', 'principal', 'bonus')", name="kind_known"),
    )


class Balance(Base):
    """The running total of a member's account, and how much of it orders on their way hold.

    It may fall below zero only by a void that takes earned points back. `issuing_*` is the store of
    the last credit: value is not traced lot by lot, so a spend counts as issued by that store.
    `expiry_due` is the next instant at which points may have to be announced or to expire; it may
    be too early, never too late. None: nothing here expires.
    """

    __tablename__ = "balances"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    balance: Mapped[int] = mapped_column(server_default=text("0"))
    held: Mapped[int] = mapped_column(server_default=text("0"))
    issuing_store_id: Mapped[UUID | None]
    issuing_franchisee_id: Mapped[UUID | None]
    expiry_due: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("held >= 0", name="held_not_negative"),
        Index(
            "ix_balances_expiry_due",
            "expiry_due",
            "account_id",
            postgresql_where=text("expiry_due IS NOT NULL"),
        ),
    )


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
            "kind IN ('sale', 'void', 'top_up', 'adjustment', 'expiry')", name="kind_known"
        ),
    )


class Entry(Base):
    """One side of a transaction. Append-only; `balance_after` only on members' accounts.

    Positive is what a member gains: the counter account carries the same with the other sign.
    Points that expire say so where they are given, where that is reversed and where they expired:
    earned on a local date of the issuing store, of use through `valid_until`, which ends there at
    `expires_at`, by version `expiry_version` of the rule.
    """

    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(ForeignKey("transactions.id"))
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

    __table_args__ = (
        ForeignKeyConstraint(["account_id", "unit"], ["accounts.id", "accounts.unit"]),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        CheckConstraint(
            "num_nulls(earned_on, valid_until, expires_at, expiry_version) IN (0, 4)",
            name="life_whole",
        ),
        CheckConstraint(
            "reason <> 'expired' OR balance_after IS NULL OR (amount < 0 AND expires_at <= at)",
            name="expired_in_time",
        ),
        Index("ix_entries_transaction_id", "transaction_id"),
        Index("ix_entries_account_id_id", "account_id", "id"),
    )


class Hold(Base):
    """What an order holds of a member's points and wallet. A released one stays as a tombstone,
    also of an order that never held anything, so that a late hold is refused."""

    __tablename__ = "holds"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str]
    store_id: Mapped[UUID]
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.member_id"))
    currency: Mapped[str | None]
    total_minor: Mapped[int] = mapped_column(server_default=text("0"))
    points: Mapped[int] = mapped_column(server_default=text("0"))
    points_minor: Mapped[int] = mapped_column(server_default=text("0"))
    principal_minor: Mapped[int] = mapped_column(server_default=text("0"))
    bonus_minor: Mapped[int] = mapped_column(server_default=text("0"))
    points_after: Mapped[int] = mapped_column(server_default=text("0"))
    principal_after_minor: Mapped[int] = mapped_column(server_default=text("0"))
    bonus_after_minor: Mapped[int] = mapped_column(server_default=text("0"))
    spend_version: Mapped[int | None] = mapped_column(Integer)
    wallet_version: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("status IN ('held', 'settled', 'released')", name="status_known"),
        CheckConstraint("(status = 'held') = (ended_at IS NULL)", name="ended_when_not_held"),
        CheckConstraint("status = 'released' OR member_id IS NOT NULL", name="of_a_member"),
        CheckConstraint(
            "points >= 0 AND points_minor >= 0 AND principal_minor >= 0 AND bonus_minor >= 0",
            name="nothing_negative",
        ),
        Index("ix_holds_open", "created_at", postgresql_where=text("status = 'held'")),
    )


class OrderBooked(Base):
    """One row for each order that was booked (`sale`), with or without a member, and one that
    compensates it (`void`, negative figures, on the same business date). Append-only.

    What a member bought within a window, which the tier rests on, is the sum of these rows.
    `*_told` is what the order says was paid with points and wallet; `*_spent` what was held for it.
    A `void` without a `sale` is a tombstone: the sale came later and booked nothing.
    """

    __tablename__ = "orders_booked"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.member_id"))
    store_id: Mapped[UUID]
    franchisee_id: Mapped[UUID | None]
    business_date: Mapped[date]
    currency: Mapped[str | None]
    spend_minor: Mapped[int]
    points_earned: Mapped[int]
    points_told: Mapped[int]
    points_spent: Mapped[int]
    wallet_told_minor: Mapped[int]
    wallet_spent_minor: Mapped[int]
    tier: Mapped[str | None]
    earn_version: Mapped[int | None] = mapped_column(Integer)
    booked_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("kind IN ('sale', 'void')", name="kind_known"),
        Index(
            "ix_orders_booked_member_id_business_date",
            "member_id",
            "business_date",
            postgresql_where=text("member_id IS NOT NULL"),
        ),
    )


class Document(Base):
    """A top-up or an adjustment as it was asked for and answered: the same id with the same
    content gets the same answer. Append-only."""

    __tablename__ = "documents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.member_id"))
    store_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    content: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any]]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("kind IN ('top_up', 'adjustment')", name="kind_known"),
        Index("ix_documents_store_id_at", "store_id", "at"),
    )


class ExpiryNotice(Base):
    """A member was told of points that can be used through a day; once for each. Append-only."""

    __tablename__ = "expiry_notices"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    valid_until: Mapped[date] = mapped_column(primary_key=True)
    points: Mapped[int]
    at: Mapped[datetime]

    __table_args__ = (CheckConstraint("points > 0", name="points_positive"),)
