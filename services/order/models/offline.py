"""Sales that a till made without network, and the rule of what it may."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.order.models.base import Base, Instant


class OfflineRule(Base):
    """A version of the rule of what a till may sell without network. Append-only."""

    __tablename__ = "offline_rules"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, unique=True)
    valid_from: Mapped[datetime] = mapped_column(Instant, index=True)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class OfflineSpell(Base):
    """A time that a till was without network: made by its first sale or its report, whichever comes
    first. Its row is the queue for the sums of its sales. `contact_at` is the last answer before.
    """

    __tablename__ = "offline_spells"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    device_id: Mapped[UUID] = mapped_column(Uuid)
    store_id: Mapped[UUID] = mapped_column(Uuid)
    contact_at: Mapped[datetime] = mapped_column(Instant)
    reported_at: Mapped[datetime | None] = mapped_column(Instant)


class OfflineSale(Base):
    """What a till told of a sale beside the sale. `claimed_at` is by its clock, which was
    `ahead_seconds` ahead of ours at `contact_at`; `received_at` is when it came first.

    `differences` are what the chain would have said otherwise; null until the order is placed.
    """

    __tablename__ = "offline_sales"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    spell_id: Mapped[UUID] = mapped_column(ForeignKey("offline_spells.id"), index=True)
    receipt: Mapped[str] = mapped_column(Text, index=True)
    claimed_at: Mapped[datetime] = mapped_column(Instant)
    contact_at: Mapped[datetime] = mapped_column(Instant)
    ahead_seconds: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    rule_version: Mapped[int] = mapped_column(Integer)
    tier: Mapped[str | None] = mapped_column(Text)
    clamped: Mapped[bool] = mapped_column(Boolean)
    accepted: Mapped[bool] = mapped_column(Boolean)
    differences: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))


class RefusedSale(Base):
    """An offline sale that broke the rule the till held. It is no order until a manager accepts it:
    `command` is kept so that this can be done without the till."""

    __tablename__ = "refused_sales"

    order_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    store_id: Mapped[UUID] = mapped_column(Uuid)
    device_id: Mapped[UUID | None] = mapped_column(Uuid)
    staff_id: Mapped[UUID] = mapped_column(Uuid)
    member_id: Mapped[UUID | None] = mapped_column(Uuid, index=True)
    receipt: Mapped[str] = mapped_column(Text)
    sold_at: Mapped[datetime] = mapped_column(Instant)
    currency: Mapped[str] = mapped_column(Text)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[str] = mapped_column(Text)
    command: Mapped[dict[str, Any]] = mapped_column(JSONB)
    refusal: Mapped[dict[str, Any]] = mapped_column(JSONB)
    refused_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    accepted_at: Mapped[datetime | None] = mapped_column(Instant)
    accepted_by: Mapped[UUID | None] = mapped_column(Uuid)
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="accepted"),
        Index(
            "ix_refused_sales_open", "store_id", "refused_at",
            postgresql_where=text("accepted_at IS NULL"),
        ),
    )  # fmt: skip
