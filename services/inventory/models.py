"""The tables of inventory, with what may never be otherwise as constraints."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import new_metadata
from shared.erasure import ErasedMixin
from shared.inbox import InboxMixin
from shared.outbox import OutboxMixin
from shared.stores import StoreMixin

# Checked at the end of a statement, not row by row: two swapped labels can be put right in one.
_AT_END: dict[str, Any] = {"deferrable": True, "initially": "IMMEDIATE"}


class Base(DeclarativeBase):
    metadata = new_metadata()


class Outbox(OutboxMixin, Base):
    pass


class Inbox(InboxMixin, Base):
    pass


class ErasedMember(ErasedMixin, Base):
    """Who was erased here."""


class Store(StoreMixin, Base):
    """Inventory's copy of directory's stores."""


class Style(Base):
    """A style (款). `version` counts its changes, `prices` its list prices so far."""

    __tablename__ = "styles"
    __table_args__ = (
        UniqueConstraint("code", **_AT_END),
        CheckConstraint("tax_basis_points BETWEEN 0 AND 10000", name="tax"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    tax_basis_points: Mapped[int]
    version: Mapped[int] = mapped_column(server_default=text("0"))
    prices: Mapped[int] = mapped_column(server_default=text("0"))


class Sku(Base):
    """A piece as it is sold (款×色×码).

    `position` is its place in the style's matrix; `sort_key` and `search` are made from the style
    and the SKU, so that a list of many thousands is searched and paged without a join.
    """

    __tablename__ = "skus"
    __table_args__ = (
        UniqueConstraint("code", **_AT_END),
        UniqueConstraint("ean", **_AT_END),
        CheckConstraint("ean ~ '^[0-9]{13}$'", name="ean"),
        Index("ix_skus_sort_key_id", "sort_key", "id"),
        Index("ix_skus_style_id", "style_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    style_id: Mapped[UUID] = mapped_column(ForeignKey("styles.id"))
    code: Mapped[str] = mapped_column(Text)
    colour: Mapped[str] = mapped_column(Text)
    size: Mapped[str] = mapped_column(Text)
    ean: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int]
    sort_key: Mapped[str] = mapped_column(Text(collation="C"))
    search: Mapped[str] = mapped_column(Text)


class Price(Base):
    """A dated list price, tax included, in minor units. Append-only: a newer one overrules it."""

    __tablename__ = "prices"
    __table_args__ = (
        UniqueConstraint("style_id", "number"),
        CheckConstraint("price_minor >= 0", name="price"),
        CheckConstraint(
            "scope IN ('chain', 'franchisee', 'store') AND (scope = 'chain') = (scope_id IS NULL)",
            name="scope",
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    style_id: Mapped[UUID] = mapped_column(ForeignKey("styles.id"))
    number: Mapped[int]
    scope: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID | None] = mapped_column(Uuid)
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    author_id: Mapped[UUID] = mapped_column(Uuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Stock(Base):
    """The level of one SKU in one store: the running total of its movements and reservations.

    `on_hand` may fall below zero through what has already happened; `reserved` never can.
    """

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("threshold >= 0", name="threshold"),
        Index("ix_stock_sku_id", "sku_id"),
        # Room in each page for the row's next version: a sale writes no index.
        {"postgresql_with": {"fillfactor": 70}},
    )

    store_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(ForeignKey("skus.id"), primary_key=True)
    on_hand: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    reserved: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    threshold: Mapped[int | None]


class Movement(Base):
    """One append-only entry of the stock ledger.

    No foreign keys: it is written in one statement with the stock row it explains, and checking
    them again would lock the catalogue's rows in every sale.
    """

    __tablename__ = "movements"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="quantity"),
        UniqueConstraint("document_id", "sku_id", "reason"),
        Index("ix_movements_store_id_sku_id_id", "store_id", "sku_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    store_id: Mapped[UUID] = mapped_column(Uuid)
    sku_id: Mapped[UUID] = mapped_column(Uuid)
    quantity: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    document_id: Mapped[UUID] = mapped_column(Uuid)
    on_hand_after: Mapped[int] = mapped_column(BigInteger)


class StockDocument(Base):
    """A receipt or adjustment of stock, by the caller's id; `answer` is what it was told."""

    __tablename__ = "stock_documents"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    store_id: Mapped[UUID] = mapped_column(Uuid)
    reason: Mapped[str] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(Text)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    answer: Mapped[str | None] = mapped_column(Text)


class Reservation(Base):
    """What an order holds: SKUs in ascending order, with how many of each.

    The pieces stand in the row itself, so that a sale writes one row here, however long it is.
    held → settled → voided, or held → released; a released one without pieces is the tombstone of
    an order that was cancelled before its reservation came.
    """

    __tablename__ = "reservations"
    __table_args__ = (
        CheckConstraint("status IN ('held', 'settled', 'released', 'voided')", name="status"),
        CheckConstraint("cardinality(sku_ids) = cardinality(quantities)", name="pieces"),
        CheckConstraint("cardinality(sku_ids) > 0 OR status = 'released'", name="empty"),
        CheckConstraint("0 < ALL (quantities)", name="quantities"),
        CheckConstraint("short >= 0", name="short"),
        Index("ix_reservations_held", "made_at", postgresql_where=text("status = 'held'")),
    )

    order_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    store_id: Mapped[UUID] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(Text)
    fact: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    sku_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    quantities: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    short: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
