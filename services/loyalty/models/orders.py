"""What orders hold, and what was booked for them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


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
        Index("ix_holds_member_id", "member_id", postgresql_where=text("member_id IS NOT NULL")),
    )


class OrderBooked(Base):
    """One row for each order that was booked (`sale`), with or without a member, one that
    compensates it (`void`, negative figures, on the same business date), and one for each part of
    it that came back (`return`, likewise; of the store that took the goods). Append-only.
    `document_id` is the order's id, or the return's.

    What a member bought within a window, which the tier rests on, is the sum of these rows.
    `*_told` is what the order says was paid with points and wallet; `*_spent` what was held for it.
    A `void` without a `sale` is a tombstone: the sale came later and booked nothing.
    """

    __tablename__ = "orders_booked"

    document_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
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
        CheckConstraint("kind IN ('sale', 'void', 'return')", name="kind_known"),
        Index("ix_orders_booked_order_id", "order_id"),
        Index(
            "ix_orders_booked_member_id_business_date",
            "member_id",
            "business_date",
            postgresql_where=text("member_id IS NOT NULL"),
        ),
    )
