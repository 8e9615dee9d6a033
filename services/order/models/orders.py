"""Tables of the order service.

An order is inserted PENDING under the client's id before anything is asked of others, and leaves
that state once, by a guarded update: placed or cancelled; a placed one may become voided.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.order.models.base import Base, Instant


class Device(Base):
    """A copy of directory's devices: their code is part of the receipt number."""

    __tablename__ = "devices"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int]
    store_id: Mapped[UUID] = mapped_column(Uuid)
    code: Mapped[str] = mapped_column(Text)


class Staff(Base):
    """A copy of directory's staff: who may be named as the seller of a sale, and where. Whether
    they still work there is left out: a sale may be sent after its seller has gone."""

    __tablename__ = "staff"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scope_kind: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID | None] = mapped_column(Uuid)


class EarnRule(Base):
    """A copy of loyalty's earn rules: the receipt says what points are to be expected."""

    __tablename__ = "earn_rules"

    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(Instant, index=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


class MergedMember(Base):
    """Whom a member's id stands for since a merge (itself again after its undo), as told by the
    newest event, `number`. Orders keep the id they came with."""

    __tablename__ = "merged_members"

    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    survivor_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    number: Mapped[int] = mapped_column(BigInteger)


class Order(Base):
    """One sale. `content` is a digest of the command: the id may not be reused for another.

    `worked_until` is the lease of whoever carries the saga on: a resend takes over when it is past.
    An `offline` one has happened in a till of our own: it waits for its resend as long as it takes.
    `staff_id` made the sale; `sent_by` is the caller who was the first to send it.
    Amounts are minor units of `currency`; they are null until the order is placed. `returns` counts
    the times that goods came back, `returned_minor` what went back for them.
    """

    __tablename__ = "orders"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    worked_until: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    store_id: Mapped[UUID] = mapped_column(Uuid)
    franchisee_id: Mapped[UUID | None] = mapped_column(Uuid)
    legal_entity: Mapped[str] = mapped_column(Text)
    device_id: Mapped[UUID | None] = mapped_column(Uuid)
    shift_id: Mapped[UUID | None] = mapped_column(Uuid)
    staff_id: Mapped[UUID] = mapped_column(Uuid)
    sent_by: Mapped[UUID] = mapped_column(Uuid)
    member_id: Mapped[UUID | None] = mapped_column(Uuid)
    channel: Mapped[str] = mapped_column(Text)
    business_date: Mapped[date] = mapped_column(Date)
    sold_at: Mapped[datetime] = mapped_column(Instant)
    currency: Mapped[str] = mapped_column(Text)
    fact: Mapped[bool] = mapped_column(Boolean)
    offline: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    told_minor: Mapped[int] = mapped_column(BigInteger)
    list_minor: Mapped[int | None] = mapped_column(BigInteger)
    discount_minor: Mapped[int | None] = mapped_column(BigInteger)
    total_minor: Mapped[int | None] = mapped_column(BigInteger)
    tax_minor: Mapped[int | None] = mapped_column(BigInteger)
    change_minor: Mapped[int | None] = mapped_column(BigInteger)
    tier: Mapped[str | None] = mapped_column(Text)
    promotions: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    privileges: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    points_expected: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    points_bonuses: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    balances: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    receipt_number: Mapped[str | None] = mapped_column(Text, unique=True)
    placed_at: Mapped[datetime | None] = mapped_column(Instant)
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    cancelled_by: Mapped[UUID | None] = mapped_column(Uuid)
    returns: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    returned_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))

    __table_args__ = (
        CheckConstraint("status IN ('pending', 'placed', 'cancelled', 'voided')", name="status"),
        CheckConstraint(
            "status NOT IN ('placed', 'voided') OR (placed_at IS NOT NULL AND"
            " receipt_number IS NOT NULL AND total_minor = list_minor - discount_minor"
            " AND total_minor = told_minor AND change_minor >= 0 AND tax_minor >= 0)",
            name="placed_is_priced",
        ),
        CheckConstraint("total_minor >= 0 AND discount_minor >= 0", name="amounts"),
        CheckConstraint("returned_minor BETWEEN 0 AND coalesce(total_minor, 0)", name="returned"),
        CheckConstraint("returns = 0 OR status = 'placed'", name="returns_of_placed"),
        CheckConstraint("fact OR NOT offline", name="offline_is_a_fact"),
        Index("ix_orders_store_day", "store_id", "business_date", "sold_at", "id"),
        Index("ix_orders_member", "member_id", "sold_at", "id"),
        Index("ix_orders_pending", "created_at", postgresql_where=text("status = 'pending'")),
        Index(
            "ix_orders_seller_day",
            "store_id",
            "staff_id",
            "business_date",
            postgresql_where=text("status = 'placed'"),
        ),
    )


class OrderLine(Base):
    """A line as it was priced; net = list - discount, tax inside net."""

    __tablename__ = "order_lines"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(Uuid)
    style_id: Mapped[UUID] = mapped_column(Uuid)
    sku_code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    colour: Mapped[str] = mapped_column(Text)
    size: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    unit_list_minor: Mapped[int] = mapped_column(BigInteger)
    list_minor: Mapped[int] = mapped_column(BigInteger)
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    net_minor: Mapped[int] = mapped_column(BigInteger)
    tax_basis_points: Mapped[int] = mapped_column(Integer)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    reasons: Mapped[list[Any]] = mapped_column(JSONB)

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("net_minor = list_minor - discount_minor", name="net"),
        CheckConstraint("discount_minor >= 0 AND net_minor >= 0", name="discount"),
        CheckConstraint("tax_minor >= 0 AND tax_minor <= net_minor", name="tax"),
    )


class OrderTender(Base):
    """One payment of an order, in the order it was given. `return_id`: carried over from that
    return in an exchange, nothing was paid in anew."""

    __tablename__ = "order_tenders"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    given_minor: Mapped[int | None] = mapped_column(BigInteger)
    points: Mapped[int | None] = mapped_column(BigInteger)
    reference: Mapped[str | None] = mapped_column(Text)
    return_id: Mapped[UUID | None] = mapped_column(Uuid)

    __table_args__ = (
        CheckConstraint("kind IN ('cash', 'card', 'code', 'points', 'wallet')", name="kind"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(kind = 'points') = (points IS NOT NULL)", name="points"),
        CheckConstraint("given_minor IS NULL OR given_minor >= amount_minor", name="given"),
    )


class ReceiptCounter(Base):
    """The last receipt number of one device of a store; devices never wait for each other."""

    __tablename__ = "receipt_counters"

    store_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    device_code: Mapped[str] = mapped_column(Text, primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)


class ReceiptIssue(Base):
    """A receipt of an order or a return that went out, on paper or as a picture; `copy` is 0 for
    the first one. Append-only."""

    __tablename__ = "receipt_issues"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    document_id: Mapped[UUID] = mapped_column(Uuid)
    copy: Mapped[int] = mapped_column(Integer)
    way: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID] = mapped_column(Uuid)
    device_id: Mapped[UUID | None] = mapped_column(Uuid)
    issued_by: Mapped[UUID] = mapped_column(Uuid)
    issued_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("document_id", "copy"),
        CheckConstraint("way IN ('print', 'share')", name="way"),
        CheckConstraint("copy >= 0", name="copy"),
    )


class ReturnRule(Base):
    """A version of the rule of what comes back, and until when. Append-only."""

    __tablename__ = "return_rules"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, unique=True)
    valid_from: Mapped[datetime] = mapped_column(Instant, index=True)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class Return(Base):
    """Goods of an order that came back, and the money that went back. Append-only.

    `content` is a digest of the command. `store_id` and what hangs on it are of the store that took
    the goods; `seller_id` sold them, in `sold_store_id`. `promotions` are those given back with it.
    """

    __tablename__ = "returns"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    number: Mapped[int] = mapped_column(Integer)
    content: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID] = mapped_column(Uuid)
    franchisee_id: Mapped[UUID | None] = mapped_column(Uuid)
    legal_entity: Mapped[str] = mapped_column(Text)
    device_id: Mapped[UUID | None] = mapped_column(Uuid)
    staff_id: Mapped[UUID] = mapped_column(Uuid)
    member_id: Mapped[UUID | None] = mapped_column(Uuid)
    business_date: Mapped[date] = mapped_column(Date)
    returned_at: Mapped[datetime] = mapped_column(Instant)
    currency: Mapped[str] = mapped_column(Text)
    refund_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    points_taken: Mapped[int] = mapped_column(BigInteger)
    promotions: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    reason: Mapped[str] = mapped_column(Text)
    rule_version: Mapped[int | None] = mapped_column(Integer)
    receipt_number: Mapped[str] = mapped_column(Text, unique=True)
    exchange_order_id: Mapped[UUID | None] = mapped_column(Uuid)
    sold_store_id: Mapped[UUID] = mapped_column(Uuid)
    seller_id: Mapped[UUID] = mapped_column(Uuid)

    __table_args__ = (
        UniqueConstraint("order_id", "number"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("refund_minor >= 0 AND tax_minor >= 0", name="amounts"),
        Index("ix_returns_store_day", "store_id", "business_date", "returned_at", "id"),
        Index("ix_returns_member", "member_id", "returned_at", "id"),
        Index("ix_returns_seller_day", "sold_store_id", "business_date"),
    )


class ReturnLine(Base):
    """Pieces of a line that came back, in one condition. Append-only.

    `returned_before` of the `sold` pieces of the line had come back already: each row begins where
    the last one ended, so that no piece comes back twice, whoever takes it.
    """

    __tablename__ = "return_lines"

    return_id: Mapped[UUID] = mapped_column(ForeignKey("returns.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Uuid)
    line: Mapped[int] = mapped_column(Integer)
    quantity: Mapped[int] = mapped_column(Integer)
    condition: Mapped[str] = mapped_column(Text)
    returned_before: Mapped[int] = mapped_column(Integer)
    sold: Mapped[int] = mapped_column(Integer)
    refund_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(["order_id", "line"], ["order_lines.order_id", "order_lines.line"]),
        UniqueConstraint("order_id", "line", "returned_before"),
        CheckConstraint("condition IN ('sellable', 'damaged')", name="condition"),
        CheckConstraint("quantity > 0 AND returned_before >= 0", name="quantity"),
        CheckConstraint("returned_before + quantity <= sold", name="no_more_than_sold"),
        CheckConstraint("refund_minor >= 0 AND tax_minor >= 0", name="amounts"),
    )


class Refund(Base):
    """What went back to one payment of the order. Append-only; `refunded_before` of what was `paid`
    had gone back already. `carried_minor` of it paid for the order of an exchange."""

    __tablename__ = "refunds"

    return_id: Mapped[UUID] = mapped_column(ForeignKey("returns.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    carried_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    points: Mapped[int | None] = mapped_column(BigInteger)
    reference: Mapped[str | None] = mapped_column(Text)
    refunded_before: Mapped[int] = mapped_column(BigInteger)
    paid: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(
            ["order_id", "position"], ["order_tenders.order_id", "order_tenders.position"]
        ),
        UniqueConstraint("order_id", "position", "refunded_before"),
        CheckConstraint("amount_minor > 0 AND refunded_before >= 0", name="amount"),
        CheckConstraint("refunded_before + amount_minor <= paid", name="no_more_than_paid"),
        CheckConstraint("carried_minor BETWEEN 0 AND amount_minor", name="carried"),
        CheckConstraint("(kind = 'points') = (points IS NOT NULL)", name="points"),
    )
