"""The points mall: items by version, what stores have of them, who had what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


class MallItem(Base):
    """An item's newest version, and its code, which no other item has."""

    __tablename__ = "mall_items"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    version: Mapped[int] = mapped_column(Integer)


class MallItemVersion(Base):
    """What an item is from `valid_from` on. Append-only."""

    __tablename__ = "mall_item_versions"

    item_id: Mapped[UUID] = mapped_column(ForeignKey("mall_items.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    valid_from: Mapped[datetime]
    author_id: Mapped[UUID]
    published_at: Mapped[datetime]
    asked_from: Mapped[datetime | None]
    body: Mapped[dict[str, Any]]

    __table_args__ = (CheckConstraint("valid_from >= published_at", name="not_for_the_past"),)


class MallStock(Base):
    """What a store has left of an item: the sum of its movements, never below zero."""

    __tablename__ = "mall_stock"

    item_id: Mapped[UUID] = mapped_column(ForeignKey("mall_items.id"), primary_key=True)
    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    quantity: Mapped[int]

    __table_args__ = (CheckConstraint("quantity >= 0", name="quantity_not_negative"),)


class MallMovement(Base):
    """Pieces or places that came in or went out; one of a kind for a document. Append-only."""

    __tablename__ = "mall_movements"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    document_id: Mapped[UUID]
    kind: Mapped[str]
    item_id: Mapped[UUID]
    store_id: Mapped[UUID]
    quantity: Mapped[int]
    quantity_after: Mapped[int]
    note: Mapped[str | None]
    staff_id: Mapped[UUID]
    at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["item_id", "store_id"], ["mall_stock.item_id", "mall_stock.store_id"]
        ),
        CheckConstraint("kind IN ('moved', 'redeemed', 'restocked')", name="kind_known"),
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        Index("uq_mall_movements_document_id_kind", "document_id", "kind", unique=True),
        Index("ix_mall_movements_item_id_store_id", "item_id", "store_id"),
    )


class Redemption(Base):
    """What a member had for points: once, handed over at most once, cancelled at most once."""

    __tablename__ = "redemptions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.member_id"))
    store_id: Mapped[UUID]
    item_id: Mapped[UUID]
    item_version: Mapped[int] = mapped_column(Integer)
    quantity: Mapped[int]
    points: Mapped[int]
    redeemed_by: Mapped[UUID]
    redeemed_at: Mapped[datetime]
    handed_over_by: Mapped[UUID | None]
    handed_over_at: Mapped[datetime | None]
    cancelled_by: Mapped[UUID | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["item_id", "item_version"],
            ["mall_item_versions.item_id", "mall_item_versions.version"],
        ),
        CheckConstraint("quantity > 0 AND points > 0", name="of_something"),
        CheckConstraint("num_nulls(handed_over_by, handed_over_at) IN (0, 2)", name="handed_over"),
        CheckConstraint("num_nulls(cancelled_by, cancelled_at) IN (0, 2)", name="cancelled"),
        Index("ix_redemptions_member_id_item_id", "member_id", "item_id"),
        Index("ix_redemptions_member_id_redeemed_at", "member_id", "redeemed_at"),
        Index("ix_redemptions_store_id_redeemed_at", "store_id", "redeemed_at"),
    )
