"""Rules that put tags on members, what they did, and what is still to be judged."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class TagRuleVersion(Base):
    """A version of the rule of a tag; `body` is a `TagRuleInput`, `kinds` the kinds its facts had.
    Rows are never changed (trigger)."""

    __tablename__ = "tag_rule_versions"

    tag: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended: Mapped[bool]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    kinds: Mapped[dict[str, str]] = mapped_column(JSONB)

    __table_args__: Any = (CheckConstraint("version >= 1", name="version_counts"),)


class TagRun(Base):
    """How far the members have been judged by a version, or by a draft; `last_id` was the last."""

    __tablename__ = "tag_runs"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    tag: Mapped[str] = mapped_column(Text)
    version: Mapped[int | None]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    kinds: Mapped[dict[str, str]] = mapped_column(JSONB)
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    last_id: Mapped[UUID | None] = mapped_column(Uuid)
    members: Mapped[int] = mapped_column(server_default="0")
    looked_at: Mapped[int] = mapped_column(server_default="0")
    matched: Mapped[int] = mapped_column(server_default="0")
    given: Mapped[int] = mapped_column(server_default="0")
    taken: Mapped[int] = mapped_column(server_default="0")
    sample_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")

    __table_args__: Any = (
        CheckConstraint("kind IN ('rule', 'preview')", name="kind"),
        CheckConstraint("(kind = 'rule') = (version IS NOT NULL)", name="rules_have_versions"),
        CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'cancelled', 'replaced')", name="state"
        ),
        Index(
            "ix_tag_runs_open",
            "starts_at",
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
    )


class RuleTag(Base):
    """A tag that a member has by rule; `facts` are the values that made it so."""

    __tablename__ = "rule_tags"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int]
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__: Any = (Index("ix_rule_tags_tag", "tag", "member_id"),)


class TagHistory(Base):
    """What rules gave and took. Ids and versions only; rows are never changed (trigger)."""

    __tablename__ = "tag_history"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    tag: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    given: Mapped[bool]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    cause: Mapped[str] = mapped_column(Text)

    __table_args__: Any = (
        CheckConstraint("cause IN ('change', 'time', 'rule')", name="cause"),
        Index("ix_tag_history_member_id", "member_id", "tag", "id"),
    )


class TagExemption(Base):
    """A member who is left out of the rule of a tag."""

    __tablename__ = "tag_exemptions"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(Text, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class TagFactChange(Base):
    """A member of whom some facts have changed, to be judged anew; `*` is all of them. Written by
    triggers, gone once it is judged."""

    __tablename__ = "tag_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    facts: Mapped[list[str]] = mapped_column(ARRAY(Text))


class TagDue(Base):
    """When time alone may next change what a rule says of a member."""

    __tablename__ = "tag_dues"

    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    tag: Mapped[str] = mapped_column(Text, primary_key=True)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__: Any = (
        Index("ix_tag_dues_due_at", "due_at"),
        Index("ix_tag_dues_tag", "tag", "member_id"),
    )


class MemberTier(Base):
    """Loyalty's tiers of members, as told by its events."""

    __tablename__ = "member_tiers"

    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int]
    tier: Mapped[str | None] = mapped_column(Text)
