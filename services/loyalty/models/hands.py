"""What people ask for by hand: proposals for a second pair of eyes, freezes, and tiers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


class Proposal(Base):
    """A command above the limit of who gave it: `content` is the command, `answer` what its sender
    was told. It is open until it is decided upon, by another person, or `lapses_at` has come."""

    __tablename__ = "proposals"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.member_id"))
    other_member_id: Mapped[UUID | None]
    store_id: Mapped[UUID]
    currency: Mapped[str | None]
    amount: Mapped[int]
    at_most: Mapped[int]
    rule_version: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str]
    content: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any]]
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime]
    lapses_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]
    note: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(
            "kind IN ('adjustment', 'wallet_adjustment', 'pay_out', 'transfer')", name="kind_known"
        ),
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint("decided_at <= lapses_at", name="in_time"),
        CheckConstraint(
            "num_nulls(decided_by, decided_at, approved) IN (0, 3)", name="decided_whole"
        ),
        Index("ix_proposals_store_id_proposed_at", "store_id", "proposed_at"),
        Index(
            "ix_proposals_open", "proposed_at", "id", postgresql_where=text("decided_at IS NULL")
        ),
    )


class Freeze(Base):
    """A member's points or wallet were frozen (`frozen`), or that was lifted; those of `also_ids`
    too, who were one person with the member then. Append-only; how it stands is on the balances.
    """

    __tablename__ = "freezes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.member_id"))
    account: Mapped[str]
    frozen: Mapped[bool]
    also_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    reason: Mapped[str]
    store_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("account IN ('points', 'wallet')", name="account_known"),
        Index("ix_freezes_member_id_at", "member_id", "at"),
    )


class TierSetting(Base):
    """A tier that HQ set for a member, or (`tier` None) took back. Append-only; how it stands is on
    the member."""

    __tablename__ = "tier_settings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.member_id"))
    version: Mapped[int] = mapped_column(Integer)
    tier: Mapped[str | None]
    until: Mapped[date | None]
    exactly: Mapped[bool]
    reason: Mapped[str]
    staff_id: Mapped[UUID]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("member_id", "version"),
        CheckConstraint("version > 0", name="version_counts"),
        CheckConstraint(
            "tier IS NOT NULL OR (until IS NULL AND NOT exactly)", name="taken_back_whole"
        ),
    )
