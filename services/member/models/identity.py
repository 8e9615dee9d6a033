"""Identifiers of members, and their merges."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class Identifier(Base):
    """What a member is found by, encrypted as phones are; the member's own phone is one of them.

    `hash` is of kind, shop and value and makes it one person's; `value_hash` leaves out the shop,
    which whoever looks for it need not know.
    """

    __tablename__ = "identifiers"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    kind: Mapped[str] = mapped_column(Text)
    shop: Mapped[str | None] = mapped_column(Text)
    cipher: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    value_hash: Mapped[bytes] = mapped_column(LargeBinary)
    last_four: Mapped[str | None] = mapped_column(Text)
    verified: Mapped[bool]
    linked_by: Mapped[UUID] = mapped_column(Uuid)
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__: Any = (
        UniqueConstraint("kind", "hash"),
        CheckConstraint(
            "kind IN ('phone', 'union_id', 'card', 'email', 'shop_account')", name="kind"
        ),
        CheckConstraint("(kind = 'shop_account') = (shop IS NOT NULL)", name="shop_of_accounts"),
        CheckConstraint("(kind = 'phone') = (last_four IS NOT NULL)", name="phones_end_in_digits"),
        CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
        Index("ix_identifiers_member_id", "member_id"),
        Index("ix_identifiers_value_hash", "value_hash"),
        Index(
            "ix_identifiers_last_four", "last_four", postgresql_where=text("last_four IS NOT NULL")
        ),
    )


class Merge(Base):
    """A merge, and its undo. `moved_ids` stood for the merged member and stand for the survivor.

    `filled` names what the survivor was given, with keyed hashes of the values, by which an undo
    sees whether they are still the same; `consents` are the ledger's rows it made: purpose, channel
    and the version of the notice agreed to before. `number` counts merges and undos together.
    """

    __tablename__ = "merges"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    survivor_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    merged_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    moved_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    asked_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    number: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    merged_by: Mapped[UUID] = mapped_column(Uuid)
    merged_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    filled: Mapped[dict[str, Any]] = mapped_column(JSONB)
    consents: Mapped[list[Any]] = mapped_column(JSONB)
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[UUID | None] = mapped_column(Uuid)
    undo_reason: Mapped[str | None] = mapped_column(Text)
    booked: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    undo_booked: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    __table_args__: Any = (
        CheckConstraint("survivor_id <> merged_id", name="two_members"),
        CheckConstraint(
            "num_nulls(undone_at, undone_by, undo_reason) IN (0, 3)", name="undone_whole"
        ),
        Index(
            "ix_merges_standing",
            "merged_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index("ix_merges_survivor_id", "survivor_id"),
        Index("ix_merges_merged_id", "merged_id"),
    )
