"""Notices, what members agreed to, and what counts of it now."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base

_PURPOSE = "purpose IN ('membership', 'marketing', 'location')"


class Notice(Base):
    """A version of the notice of a purpose. Rows are never changed (trigger). In force is the one
    with the latest `valid_from` that is past; of two with the same, the one published last."""

    __tablename__ = "notices"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    text_zh: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    author_id: Mapped[UUID] = mapped_column(Uuid)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__: Any = (
        UniqueConstraint("purpose", "version"),
        CheckConstraint(_PURPOSE, name="purpose"),
        Index("ix_notices_in_force", "purpose", "valid_from", "published_at"),
    )


class ConsentGiven(Base):
    """The ledger of what was agreed to or refused. Rows are never changed (trigger).

    `franchisee_id`: only for that company's stores; None: the chain. `store_id` is unknown for what
    was recorded outside a store; `document_id` is that of the command, where it had one. The member
    is a reference by trigger, here and below (ADR 0035).
    """

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    member_id: Mapped[UUID]
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
    proof: Mapped[str] = mapped_column(Text, server_default="screen")
    device_id: Mapped[UUID | None] = mapped_column(Uuid)
    franchisee_id: Mapped[UUID | None] = mapped_column(Uuid)
    document_id: Mapped[UUID | None] = mapped_column(Uuid)

    __table_args__: Any = (
        CheckConstraint(_PURPOSE, name="purpose"),
        CheckConstraint("channel IN ('sms', 'wechat', 'phone', 'email', 'any')", name="channel"),
        CheckConstraint("proof IN ('screen', 'paper', 'qr', 'import')", name="proof"),
        CheckConstraint(
            "franchisee_id IS NULL OR purpose = 'marketing'", name="membership_is_of_the_chain"
        ),
        Index("ix_consents_member_id", "member_id", "purpose", "channel", "id"),
        Index(
            "ix_consents_document_id",
            "document_id",
            postgresql_where=text("document_id IS NOT NULL"),
        ),
    )


class ConsentState(Base):
    """What counts now: the newest row of the ledger per member, purpose, channel and franchisee.

    `consent_id` is that row; what holds them together is audited."""

    __tablename__ = "consent_states"

    consent_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    member_id: Mapped[UUID]
    purpose: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    franchisee_id: Mapped[UUID | None] = mapped_column(Uuid)
    granted: Mapped[bool]

    __table_args__: Any = (
        UniqueConstraint(
            "member_id", "purpose", "channel", "franchisee_id", postgresql_nulls_not_distinct=True
        ),
    )
