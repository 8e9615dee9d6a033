"""Birthdays, the rule about them, and members' families."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class MemberBirthday(Base):
    """A member's birthday as it was given, and when it is next kept.

    `next_on` is local to the home store, reckoned by `rule_version` (0: before there was one); at
    `due_at` it has to be reckoned anew. `home_store_id` is that of the member, for the index.
    Birthdays before `barred_until` bring no privilege: another one has, before it was changed.
    """

    __tablename__ = "birthdays"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    calendar: Mapped[str] = mapped_column(Text)
    month: Mapped[int] = mapped_column(SmallInteger)
    day: Mapped[int] = mapped_column(SmallInteger)
    leap_month: Mapped[bool]
    year: Mapped[int | None] = mapped_column(SmallInteger)
    home_store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id"))
    next_on: Mapped[date | None] = mapped_column(Date)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    rule_version: Mapped[int] = mapped_column(Integer, server_default="0")
    barred_until: Mapped[date | None] = mapped_column(Date)

    __table_args__: Any = (
        CheckConstraint("calendar IN ('solar', 'lunar')", name="calendar"),
        CheckConstraint("month BETWEEN 1 AND 12", name="month"),
        CheckConstraint("day BETWEEN 1 AND CASE calendar WHEN 'lunar' THEN 30 ELSE 31 END",
                        name="day"),
        CheckConstraint("calendar = 'lunar' OR NOT leap_month", name="leap_months_are_lunar"),
        CheckConstraint("year BETWEEN 1900 AND 2100", name="year"),
        Index("ix_birthdays_home_store_id", "home_store_id", "next_on", "member_id"),
        Index("ix_birthdays_due_at", "due_at"),
        Index("ix_birthdays_rule_version", "rule_version"),
    )  # fmt: skip


class BirthdayRuleRow(Base):
    """A version of the birthday rule. Append-only (trigger)."""

    __tablename__ = "birthday_rules"

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    at_once: Mapped[bool]
    author_id: Mapped[UUID] = mapped_column(Uuid)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__: Any = (CheckConstraint("version >= 1", name="version_counts"),)


class BirthdayWindowRow(Base):
    """When a member has a privilege: once for each calendar year (`year`)."""

    __tablename__ = "birthday_windows"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    privilege: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int]
    rule_version: Mapped[int]
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn: Mapped[bool]
    coupon_promotion_id: Mapped[UUID | None] = mapped_column(Uuid)

    __table_args__: Any = (
        UniqueConstraint("member_id", "privilege", "year"),
        CheckConstraint("version >= 1", name="version_counts"),
        CheckConstraint("starts_at < ends_at", name="ends_after_it_starts"),
    )


class RelativeRow(Base):
    """One of a member's family. `digest` recognises the command that wrote it, sent again."""

    __tablename__ = "relatives"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    version: Mapped[int]
    relation: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    born: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    gender: Mapped[str | None] = mapped_column(Text)
    sizes: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    note: Mapped[str] = mapped_column(Text, server_default="")
    linked_member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    guardian_consent: Mapped[bool]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__: Any = (
        CheckConstraint("version >= 1", name="version_counts"),
        CheckConstraint(
            "relation IN ('partner', 'child', 'parent', 'grandchild', 'grandparent', 'sibling',"
            " 'other')",
            name="relation",
        ),
        CheckConstraint("gender IN ('female', 'male', 'other')", name="gender"),
        CheckConstraint("linked_member_id <> member_id", name="nobody_is_their_own_relative"),
        Index("ix_relatives_member_id", "member_id", "id"),
        Index(
            "ix_relatives_linked_member_id",
            "linked_member_id",
            postgresql_where="linked_member_id IS NOT NULL",
        ),
    )
