"""Tables of the member service."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
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

TAGS_LIMIT = 100
"""Tags one member may carry."""


class Base(DeclarativeBase):
    metadata = new_metadata()


class Outbox(OutboxMixin, Base):
    """Events of this service."""


class Inbox(InboxMixin, Base):
    """Events this service has applied."""


class Store(StoreMixin, Base):
    """Directory's stores, as told by its events."""


class Profile(Base):
    """A member. The phone is there three times: encrypted, as a keyed hash, and its last digits.

    `version` guards edits; `event_sequence` counts the member's events, looks at the phone too.
    The digests recognise a command that is sent again, without keeping what it said. `fields` are
    the custom ones, and `found_by` the keyed hashes of what they are found by.
    """

    __tablename__ = "members"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int]
    event_sequence: Mapped[int]
    card_code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    # Bytewise collation: one index serves prefix, range and order, whatever the server's locale.
    search_name: Mapped[str] = mapped_column(Text(collation="C"))
    phone_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    phone_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    last_four: Mapped[str] = mapped_column(Text)
    gender: Mapped[str | None] = mapped_column(Text)
    birthday: Mapped[date | None] = mapped_column(Date)
    city: Mapped[str | None] = mapped_column(Text)
    source_channel: Mapped[str] = mapped_column(Text)
    home_store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id"))
    associate_id: Mapped[UUID | None] = mapped_column(Uuid)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    sizes: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    height_cm: Mapped[int | None] = mapped_column(SmallInteger)
    style: Mapped[str | None] = mapped_column(Text)
    registered_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )
    registration_digest: Mapped[bytes] = mapped_column(LargeBinary)
    update_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    found_by: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")

    __table_args__: Any = (
        CheckConstraint("version >= 1", name="version_counts"),
        CheckConstraint("event_sequence >= version", name="every_version_has_an_event"),
        CheckConstraint("octet_length(phone_hash) = 32", name="phone_hash_is_sha256"),
        CheckConstraint("last_four ~ '^[0-9]{4}$'", name="last_four_are_digits"),
        CheckConstraint("gender IN ('female', 'male', 'other')", name="gender"),
        CheckConstraint("birthday >= DATE '1900-01-01'", name="birthday_since_1900"),
        CheckConstraint("height_cm BETWEEN 40 AND 250", name="height_cm"),
        CheckConstraint(f"cardinality(tags) <= {TAGS_LIMIT}", name="tags_limit"),
        Index("ix_members_last_four", "last_four"),
        Index("ix_members_search_name", "search_name"),
        Index("ix_members_associate_id", "associate_id"),
        Index("ix_members_found_by", "found_by", postgresql_using="gin"),
    )


class NameKey(Base):
    """What a Chinese name is found by on a Latin keyboard; made from the name, and made anew with
    it. Bytewise collation, as for the names themselves."""

    __tablename__ = "name_keys"

    key: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)

    __table_args__: Any = (Index("ix_name_keys_member_id", "member_id"),)


class ConsentGiven(Base):
    """The ledger of what was agreed to or refused; the newest row per purpose and channel counts.

    Rows are never changed (trigger). `store_id` is unknown for what was recorded outside a store.
    """

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    purpose: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    notice_version: Mapped[str] = mapped_column(Text)
    granted: Mapped[bool]
    recorded_by: Mapped[UUID] = mapped_column(Uuid)
    recorded_by_kind: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None] = mapped_column(Uuid)
    recorded_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )

    __table_args__: Any = (
        CheckConstraint("purpose IN ('membership', 'marketing')", name="purpose"),
        CheckConstraint("channel IN ('sms', 'wechat', 'phone', 'email', 'any')", name="channel"),
        Index("ix_consents_member_id", "member_id", "purpose", "channel", "id"),
    )


class MemberOrder(Base):
    """An order of a member, so that a void takes back exactly what the sale had added.

    `lines` is a list of {sku_id, category, quantity}. An order that is voided before it was seen
    stands here without lines and amount (currency XXX): its sale then adds nothing any more.
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

    __table_args__: Any = (
        Index(
            "ix_member_orders_standing",
            "member_id",
            "currency",
            "placed_at",
            postgresql_where=text("NOT voided"),
        ),
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


class Happening(Base):
    """A member's timeline: what the events told, and what staff wrote down. Rows are never changed
    (trigger).

    A purchase has its order's id, a contact the id its writer gave it, the rest that of the event.
    No foreign key to members: the events may come before the member is known.
    """

    __tablename__ = "happenings"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None] = mapped_column(Uuid)
    staff_id: Mapped[UUID | None] = mapped_column(Uuid)
    document_id: Mapped[UUID | None] = mapped_column(Uuid)
    text: Mapped[str | None] = mapped_column(Text)
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    fields_digest: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__: Any = (
        CheckConstraint("text IS NULL OR store_id IS NOT NULL", name="words_belong_to_a_store"),
        Index("ix_happenings_member_id", "member_id", "at", "id"),
    )


class FieldVersion(Base):
    """A version of a custom field; `body` is a `FieldInput`. Rows are never changed (trigger)."""

    __tablename__ = "field_versions"

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__: Any = (
        CheckConstraint("subject IN ('member', 'contact')", name="subject"),
        CheckConstraint("version >= 1", name="version_counts"),
    )


class Staff(Base):
    """Directory's staff, as told by its events: who may be given members, and where."""

    __tablename__ = "staff"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int]
    scope_kind: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID | None] = mapped_column(Uuid)
    active: Mapped[bool]


class HandOver(Base):
    """A hand-over of members, done once; `answer` is repeated to whoever sends it again."""

    __tablename__ = "hand_overs"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    content: Mapped[str] = mapped_column(Text)
    by: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
