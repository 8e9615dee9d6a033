"""Members, and the keys of their names."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base

TAGS_LIMIT = 100
"""Tags one member may carry."""


class Profile(Base):
    """A member. The phone is there three times: encrypted, as a keyed hash, and its last digits.

    `version` guards edits; `event_sequence` counts the member's events, looks at the phone too.
    The digests recognise a command that is sent again, without keeping what it said. `fields` are
    the custom ones, and `found_by` the keyed hashes of what they are found by. `tags` were put by
    hand; `rule_tags` are those of the table of that name. `survivor_id` is the member this one was
    merged into, over all steps; None: it is open. `registered_by` is the member of staff who made
    the card; None: an import or an API client did. Once `erased_at` is set, the row is an id that
    orders and ledgers refer to, and nobody any more.
    """

    __tablename__ = "members"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int]
    event_sequence: Mapped[int]
    card_code: Mapped[str] = mapped_column(Text, unique=True, nullable=True)
    name: Mapped[str] = mapped_column(Text, nullable=True)
    # Bytewise collation: one index serves prefix, range and order, whatever the server's locale.
    search_name: Mapped[str] = mapped_column(Text(collation="C"), nullable=True)
    phone_cipher: Mapped[bytes] = mapped_column(LargeBinary, nullable=True)
    phone_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True, nullable=True)
    last_four: Mapped[str] = mapped_column(Text, nullable=True)
    gender: Mapped[str | None] = mapped_column(Text)
    birthday: Mapped[date | None] = mapped_column(Date)
    city: Mapped[str | None] = mapped_column(Text)
    source_channel: Mapped[str] = mapped_column(Text)
    home_store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id"))
    associate_id: Mapped[UUID | None] = mapped_column(Uuid)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    rule_tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    sizes: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    height_cm: Mapped[int | None] = mapped_column(SmallInteger)
    style: Mapped[str | None] = mapped_column(Text)
    wechat: Mapped[str | None] = mapped_column(Text)
    spending_power: Mapped[str | None] = mapped_column(Text)
    style_preferences: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    registered_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )
    registered_by: Mapped[UUID | None] = mapped_column(Uuid)
    registration_digest: Mapped[bytes] = mapped_column(LargeBinary, nullable=True)
    update_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    found_by: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    survivor_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))

    __table_args__: Any = (
        CheckConstraint("version >= 1", name="version_counts"),
        CheckConstraint("event_sequence >= version", name="every_version_has_an_event"),
        CheckConstraint("octet_length(phone_hash) = 32", name="phone_hash_is_sha256"),
        CheckConstraint("last_four ~ '^[0-9]{4}$'", name="last_four_are_digits"),
        CheckConstraint("gender IN ('female', 'male', 'other')", name="gender"),
        CheckConstraint("birthday >= DATE '1900-01-01'", name="birthday_since_1900"),
        CheckConstraint("height_cm BETWEEN 40 AND 250", name="height_cm"),
        CheckConstraint(
            "spending_power IN ('low', 'middle', 'high', 'top')", name="spending_power"
        ),
        CheckConstraint(f"cardinality(tags) <= {TAGS_LIMIT}", name="tags_limit"),
        CheckConstraint(
            "erased_at IS NOT NULL OR num_nulls(card_code, name, search_name, phone_cipher,"
            " phone_hash, last_four, registration_digest) = 0",
            name="somebody_until_erased",
        ),
        CheckConstraint("survivor_id <> id", name="merged_into_another"),
        Index("ix_members_last_four", "last_four"),
        Index("ix_members_search_name", "search_name"),
        Index("ix_members_associate_id", "associate_id"),
        Index(
            "ix_members_new_cards",
            "home_store_id",
            "registered_at",
            postgresql_where=text("registered_by IS NOT NULL"),
        ),
        Index(
            "ix_members_registered_elsewhere",
            "home_store_id",
            "registered_at",
            postgresql_where=text("registered_by IS NULL"),
        ),
        Index("ix_members_found_by", "found_by", postgresql_using="gin"),
        Index("ix_members_tags", "tags", postgresql_using="gin"),
        Index("ix_members_rule_tags", "rule_tags", postgresql_using="gin"),
        Index(
            "ix_members_survivor_id",
            "survivor_id",
            postgresql_where=text("survivor_id IS NOT NULL"),
        ),
    )


class NameKey(Base):
    """What a Chinese name is found by on a Latin keyboard; made from the name, and made anew with
    it. Bytewise collation, as for the names themselves. The member is a reference by trigger
    (ADR 0035)."""

    __tablename__ = "name_keys"

    key: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)

    __table_args__: Any = (Index("ix_name_keys_member_id", "member_id"),)
