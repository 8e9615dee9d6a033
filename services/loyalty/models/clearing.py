"""What legal entities owe each other. An id of zeros is the chain's own stores."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base

KINDS = (
    "kind IN ('points_spent', 'principal_spent', 'bonus_spent', 'points_returned',"
    " 'principal_returned', 'bonus_returned', 'wallet_paid_out', 'cash_refunded',"
    " 'points_expired', 'paid')"
)


class ClearingAgreement(Base):
    """One version of the terms of a pair, or of all pairs without their own. Append-only."""

    __tablename__ = "clearing_agreements"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, unique=True)
    issuer_id: Mapped[UUID | None]
    acceptor_id: Mapped[UUID | None]
    valid_from: Mapped[datetime]
    author_id: Mapped[UUID]
    points_minor_per_hundred: Mapped[int | None]
    principal_basis_points: Mapped[int]
    bonus_basis_points: Mapped[int]
    expired_basis_points: Mapped[int]
    published_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("issuer_id <> acceptor_id", name="two_entities"),
        CheckConstraint("num_nulls(issuer_id, acceptor_id) IN (0, 2)", name="pair_whole"),
        CheckConstraint("valid_from >= published_at", name="not_in_past"),
        CheckConstraint(
            "issuer_id IS NOT NULL OR expired_basis_points = 0", name="expired_share_named"
        ),
        Index("ix_clearing_agreements_issuer_id", "issuer_id", "acceptor_id", "valid_from"),
    )


class ClearingDay(Base):
    """A day whose statements are closed. Append-only; days follow each other without a gap."""

    __tablename__ = "clearing_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime]


class ClearingItem(Base):
    """What one entry of the ledger, a return or a payment is worth between two entities, in
    millionths of a minor unit. It never changes, but is given its statement's day once."""

    __tablename__ = "clearing_items"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    entry_id: Mapped[int | None]
    document_id: Mapped[UUID]
    debtor_id: Mapped[UUID]
    creditor_id: Mapped[UUID]
    currency: Mapped[str]
    kind: Mapped[str]
    quantity: Mapped[int]
    rate: Mapped[int]
    share_basis_points: Mapped[int]
    version: Mapped[int] = mapped_column(Integer)
    millionths: Mapped[Decimal] = mapped_column(Numeric(38, 0))
    booked_on: Mapped[date]
    at: Mapped[datetime]
    day: Mapped[date | None] = mapped_column(ForeignKey("clearing_days.day"))

    __table_args__ = (
        CheckConstraint(KINDS, name="kind_known"),
        CheckConstraint("debtor_id <> creditor_id", name="two_entities"),
        CheckConstraint("booked_on <= day", name="not_before_its_day"),
        CheckConstraint(
            "millionths = CAST(quantity AS numeric) * rate * share_basis_points", name="worth"
        ),
        Index(
            "uq_clearing_items_entry_id",
            "entry_id",
            "creditor_id",
            unique=True,
            postgresql_where=text("entry_id IS NOT NULL"),
        ),
        Index(
            "uq_clearing_items_document_id",
            "document_id",
            "kind",
            unique=True,
            postgresql_where=text("entry_id IS NULL"),
        ),
        Index("ix_clearing_items_day", "day", "debtor_id", "creditor_id", "id"),
        Index("ix_clearing_items_open", "booked_on", postgresql_where=text("day IS NULL")),
    )


class ClearingLine(Base):
    """A line of the statements of both entities: what the debtor owes. Append-only."""

    __tablename__ = "clearing_lines"

    day: Mapped[date] = mapped_column(ForeignKey("clearing_days.day"), primary_key=True)
    debtor_id: Mapped[UUID] = mapped_column(primary_key=True)
    creditor_id: Mapped[UUID] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    booked_on: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    entries: Mapped[int]
    quantity: Mapped[int]
    millionths: Mapped[Decimal] = mapped_column(Numeric(38, 0))
    amount_minor: Mapped[int]


class ClearingBalance(Base):
    """How an entity stood with another before and after a day on which something moved; above
    zero the other has to pay. `millionths` is the exact closing. Two rows a pair. Append-only."""

    __tablename__ = "clearing_balances"

    entity_id: Mapped[UUID] = mapped_column(primary_key=True)
    other_id: Mapped[UUID] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(ForeignKey("clearing_days.day"), primary_key=True)
    opening_minor: Mapped[int]
    closing_minor: Mapped[int]
    millionths: Mapped[Decimal] = mapped_column(Numeric(38, 0))

    __table_args__ = (
        CheckConstraint("closing_minor = round(millionths / 1000000)", name="closing_rounded"),
        Index("ix_clearing_balances_day", "entity_id", "day"),
    )


class ClearingPayment(Base):
    """Money that went between two entities, as it was recorded. Append-only."""

    __tablename__ = "clearing_payments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payer_id: Mapped[UUID]
    payee_id: Mapped[UUID]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    paid_on: Mapped[date]
    reference: Mapped[str]
    staff_id: Mapped[UUID]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("payer_id <> payee_id", name="two_entities"),
    )


class ClearingMark(Base):
    """How far entries are gathered, as `LiabilityMark`. One row."""

    __tablename__ = "clearing_mark"

    one: Mapped[int] = mapped_column(Integer, primary_key=True, server_default=text("1"))
    done_id: Mapped[int] = mapped_column(server_default=text("0"))
    seen_id: Mapped[int] = mapped_column(server_default=text("0"))
    seen_xid: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint("one = 1", name="one_row"),
        CheckConstraint("done_id <= seen_id", name="done_was_seen"),
    )
