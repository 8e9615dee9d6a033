"""Erasures, what each service answered, data taken out, and the rules of privacy."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class Erasure(Base):
    """An erasure: requested → asking → erasing → erased, back to requested with a `refusal`, or
    withdrawn. At most one of a member is open. It holds ids only: it is the certificate."""

    __tablename__ = "erasures"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[UUID] = mapped_column(Uuid)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmable_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    rule_version: Mapped[int | None]
    confirmed_by: Mapped[UUID | None] = mapped_column(Uuid)
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    refusal: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__: Any = (
        CheckConstraint(
            "status IN ('requested', 'asking', 'erasing', 'erased', 'withdrawn')", name="status"
        ),
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> requested_by", name="two_people"),
        CheckConstraint(
            "status IN ('requested', 'withdrawn') OR confirmed_by IS NOT NULL", name="confirmed"
        ),
        CheckConstraint(
            "(status IN ('erased', 'withdrawn')) = (ended_at IS NOT NULL)", name="ended"
        ),
        Index(
            "uq_erasures_open",
            "member_id",
            unique=True,
            postgresql_where=text("status IN ('requested', 'asking', 'erasing')"),
        ),
        Index("ix_erasures_requested_at", "requested_at", "id"),
        Index("ix_erasures_member_id", "member_id"),
    )


class ErasureAnswer(Base):
    """What a service has destroyed. Append-only."""

    __tablename__ = "erasure_answers"

    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("erasures.id"), primary_key=True)
    service: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    destroyed: Mapped[list[Any]] = mapped_column(JSONB)


class PrivacyRule(Base):
    """A version of a rule of privacy, in force from `valid_from` on. Append-only."""

    __tablename__ = "privacy_rules"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__: Any = (
        CheckConstraint("kind IN ('erasure', 'disclosure', 'retention')", name="kind"),
    )


class DisclosureRun(Base):
    """A person's data taken out: by whom, when and why. Never what it was. `records` by service."""

    __tablename__ = "disclosures"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    purpose: Mapped[str] = mapped_column(Text)
    begun_by: Mapped[UUID] = mapped_column(Uuid)
    begun_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    rule_version: Mapped[int | None]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    records: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    whole: Mapped[bool | None]

    __table_args__: Any = (
        CheckConstraint("num_nulls(ended_at, whole) IN (0, 2)", name="ended_whole"),
        Index("ix_disclosures_member_id", "member_id"),
        Index("ix_disclosures_begun_by", "begun_by", "begun_at"),
    )
