"""Runs of the rule of retention, and what it took away."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class RetentionRun(Base):
    """All members looked at once as of a moment, by a version of the rule, or by a draft
    (`version` None). Those up to `last_id` are done; `counts` are members by subject."""

    __tablename__ = "retention_runs"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int | None]
    author_id: Mapped[UUID] = mapped_column(Uuid)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    as_of: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    last_id: Mapped[UUID | None] = mapped_column(Uuid)
    members: Mapped[int] = mapped_column(server_default="0")
    looked_at: Mapped[int] = mapped_column(server_default="0")
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")

    __table_args__: Any = (
        CheckConstraint("state IN ('waiting', 'running', 'done')", name="state"),
        Index("ix_retention_runs_open", "as_of", postgresql_where=text("state <> 'done'")),
        Index("ix_retention_runs_version", "version", "as_of"),
    )


class RetentionRemoval(Base):
    """Something of a member that the rule took away, once; never what it was. Append-only."""

    __tablename__ = "retention_removals"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[UUID] = mapped_column(Uuid)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    subject: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    after: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    rows: Mapped[int]

    __table_args__: Any = (
        CheckConstraint("rows > 0", name="of_something"),
        Index("uq_retention_removals_run_id", "run_id", "member_id", "subject", unique=True),
        Index("ix_retention_removals_member_id", "member_id", "id"),
    )
