"""The tables of campaign. Amounts are minor units, tax included; instants are UTC."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.campaign.models.base import Base, ErasedMember, Inbox, Outbox, Store
from services.campaign.models.tasks import Staff, TaskRow, TaskRuleRow, TaskStepRow

__all__ = [
    "ALL",
    "Base",
    "BirthdayWindow",
    "Coupon",
    "ErasedMember",
    "Hold",
    "HoldItem",
    "Inbox",
    "Member",
    "Outbox",
    "Price",
    "PromotionHead",
    "PromotionVersion",
    "Redemption",
    "Sku",
    "Staff",
    "Store",
    "Style",
    "TaskRow",
    "TaskRuleRow",
    "TaskStepRow",
    "Usage",
]

ALL = UUID(int=0)
"""In `usages` and `hold_items`: whoever the member is; in `prices`: the whole chain."""


class Style(Base):
    """A copy of inventory's style; `version` keeps the newest."""

    __tablename__ = "styles"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    tax_basis_points: Mapped[int] = mapped_column(Integer)


class Sku(Base):
    """A copy of inventory's SKU; `version` is that of the style it was told with."""

    __tablename__ = "skus"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    style_id: Mapped[UUID] = mapped_column(Uuid)
    version: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    colour: Mapped[str] = mapped_column(Text)
    size: Mapped[str] = mapped_column(Text)


class Price(Base):
    """A dated list price of a style. `scope_id` is the store, the franchisee, or `ALL` (the chain).

    Of prices with the same scope and `valid_from` the one told last (`sequence`) counts.
    """

    __tablename__ = "prices"
    __table_args__ = (
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
        Index("ix_prices_style_id_scope_id", "style_id", "scope_id", "valid_from"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    style_id: Mapped[UUID] = mapped_column(Uuid)
    scope_id: Mapped[UUID] = mapped_column(Uuid)
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sequence: Mapped[int] = mapped_column(BigInteger)


class Member(Base):
    """What is known here of a member: ids, tags and tier, where they are at home and who looks
    after them; nothing personal. `survivor_id` is whom this id stands for since a merge, as told by
    its newest event, `merge_number`."""

    __tablename__ = "members"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    tags_version: Mapped[int] = mapped_column(Integer, server_default="0")
    tier: Mapped[str | None] = mapped_column(Text)
    tier_version: Mapped[int] = mapped_column(Integer, server_default="0")
    survivor_id: Mapped[UUID | None] = mapped_column(Uuid)
    merge_number: Mapped[int] = mapped_column(BigInteger, server_default="0")
    home_store_id: Mapped[UUID | None] = mapped_column(Uuid)
    associate_id: Mapped[UUID | None] = mapped_column(Uuid)
    associate_version: Mapped[int] = mapped_column(BigInteger, server_default="0")

    __table_args__ = (
        Index(
            "ix_members_survivor_id",
            "survivor_id",
            postgresql_where=text("survivor_id IS NOT NULL"),
        ),
    )


class BirthdayWindow(Base):
    """When a member has a birthday privilege, as the member service told it last."""

    __tablename__ = "birthday_windows"
    __table_args__ = (
        Index("ix_birthday_windows_member_id", "member_id", "ends_at"),
        Index("ix_birthday_windows_ends_at", "ends_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    privilege: Mapped[str] = mapped_column(Text)
    rule_version: Mapped[int] = mapped_column(Integer)
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn: Mapped[bool] = mapped_column(Boolean)


class PromotionHead(Base):
    """A promotion over its versions; the row that publishing and ending take turns on."""

    __tablename__ = "promotions"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    version: Mapped[int] = mapped_column(Integer)


class PromotionVersion(Base):
    """One version, never changed but for being ended. In force from `starts_at`, until a later
    version starts, `valid_until` or `ended_at`. `body` is the `PromotionInput`."""

    __tablename__ = "promotion_versions"
    __table_args__ = (CheckConstraint("version >= 1", name="version_counts_from_one"),)

    promotion_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("promotions.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Coupon(Base):
    """One issued right with a code. `lookup` is the code in capitals: people type it by hand."""

    __tablename__ = "coupons"
    __table_args__ = (
        CheckConstraint("cap_total >= 1", name="cap_total_positive"),
        CheckConstraint("cap_per_member >= 1", name="cap_per_member_positive"),
        Index("ix_coupons_member_id", "member_id", postgresql_where=text("member_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    lookup: Mapped[str] = mapped_column(Text, unique=True)
    promotion_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("promotions.id"))
    member_id: Mapped[UUID | None] = mapped_column(Uuid)
    cap_total: Mapped[int | None] = mapped_column(BigInteger)
    cap_per_member: Mapped[int | None] = mapped_column(BigInteger)
    valid_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    author_id: Mapped[UUID] = mapped_column(Uuid)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Usage(Base):
    """How many orders hold, and have used, a promotion or a coupon (`subject_id`), by all members
    (`ALL`) or by one. The guard of every cap is a conditional write on this row."""

    __tablename__ = "usages"
    __table_args__ = (
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("used >= 0", name="used_not_negative"),
    )

    subject_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    held: Mapped[int] = mapped_column(BigInteger)
    used: Mapped[int] = mapped_column(BigInteger)


class Hold(Base):
    """What one order holds, with the answer it was given: held → confirmed (it was placed) →
    returned (it was voided), or held → released (it was cancelled).

    A row without an answer is a tombstone: a released one refuses the hold that comes after its
    release, a returned one is of a voided order, whose sale counts no more if it is yet to come.
    """

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint(
            "status IN ('held', 'confirmed', 'released', 'returned')", name="status_known"
        ),
        Index("ix_holds_open", "held_at", postgresql_where=text("status = 'held'")),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    digest: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    held_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class HoldItem(Base):
    """One usage row that an order's hold counts in."""

    __tablename__ = "hold_items"
    __table_args__ = (
        ForeignKeyConstraint(
            ["subject_id", "member_id"], ["usages.subject_id", "usages.member_id"]
        ),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("holds.order_id"), primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


class Redemption(Base):
    """The append-only ledger: a placed order used a promotion (`orders` 1), or a voided one gave
    it back (-1, with the opposite discount)."""

    __tablename__ = "redemptions"
    __table_args__ = (
        CheckConstraint("orders IN (1, -1)", name="orders_one"),
        Index("ix_redemptions_promotion_id", "promotion_id"),
        Index(
            "ix_redemptions_member_id", "member_id", postgresql_where=text("member_id IS NOT NULL")
        ),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    promotion_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    orders: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    coupon_code: Mapped[str | None] = mapped_column(Text)
    member_id: Mapped[UUID | None] = mapped_column(Uuid)
    store_id: Mapped[UUID] = mapped_column(Uuid)
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
