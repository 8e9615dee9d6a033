"""What is known of members from their orders."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Index,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class MemberOrder(Base):
    """An order of a member, so that a void takes back exactly what the sale had added.

    `lines` is a list of {sku_id, category, quantity}: what is left after `returns`, for which
    `returned_minor` went back; when nothing is, the order counts as `voided`. One that is voided
    before it was seen stands here without lines and amount (currency XXX): its sale then adds
    nothing any more.
    No foreign key to members: the orders' events may come before the member is known.
    """

    __tablename__ = "member_orders"

    order_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    store_id: Mapped[UUID] = mapped_column(Uuid)
    business_date: Mapped[date] = mapped_column(Date)
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    currency: Mapped[str] = mapped_column(Text)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    lines: Mapped[list[Any]] = mapped_column(JSONB)
    voided: Mapped[bool]
    returns: Mapped[int] = mapped_column(server_default=text("0"))
    returned_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))

    __table_args__: Any = (
        CheckConstraint("returned_minor BETWEEN 0 AND total_minor", name="returned"),
        Index(
            "ix_member_orders_standing",
            "member_id",
            "currency",
            "placed_at",
            postgresql_where=text("NOT voided"),
        ),
        Index("ix_member_orders_store_id", "store_id", "placed_at"),
    )


class PurchaseFacts(Base):
    """What is known from a member's standing orders in one currency (M3)."""

    __tablename__ = "purchase_facts"

    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    orders: Mapped[int]
    spent_minor: Mapped[int] = mapped_column(BigInteger)
    first_on: Mapped[date | None] = mapped_column(Date)
    last_on: Mapped[date | None] = mapped_column(Date)
    last_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_store_id: Mapped[UUID | None] = mapped_column(Uuid)

    __table_args__: Any = (
        CheckConstraint("orders >= 0", name="orders_not_negative"),
        CheckConstraint("(orders = 0) = (last_at IS NULL)", name="dates_with_orders_only"),
    )


class PurchasedSku(Base):
    """Pieces of one SKU a member has bought."""

    __tablename__ = "purchased_skus"

    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    pieces: Mapped[int] = mapped_column(BigInteger)

    __table_args__: Any = (CheckConstraint("pieces >= 0", name="pieces_not_negative"),)


class PurchasedCategory(Base):
    """Pieces of one category a member has bought."""

    __tablename__ = "purchased_categories"

    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    category: Mapped[str] = mapped_column(Text, primary_key=True)
    pieces: Mapped[int] = mapped_column(BigInteger)

    __table_args__: Any = (CheckConstraint("pieces >= 0", name="pieces_not_negative"),)
