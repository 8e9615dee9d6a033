"""What sales earn by, and drafts of rules that are run over it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


class SaleFacts(Base):
    """What the points of a member's sale are reckoned from (`shared.contracts.loyalty.earning`
    `Sale`), or of what was kept of it when goods came back. `document_id` is the order's id, or the
    return's. Append-only."""

    __tablename__ = "sale_facts"

    document_id: Mapped[UUID] = mapped_column(primary_key=True)
    facts: Mapped[dict[str, Any]]


class Rehearsal(Base):
    """A draft, and what was found so far: all members up to `last_id` were looked at. `found` is
    the sums by store and the moves."""

    __tablename__ = "rehearsals"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    days: Mapped[int] = mapped_column(Integer)
    body: Mapped[dict[str, Any]]
    state: Mapped[str]
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    began_at: Mapped[datetime | None]
    earn_version: Mapped[int | None] = mapped_column(Integer)
    ladder_version: Mapped[int | None] = mapped_column(Integer)
    spend_version: Mapped[int | None] = mapped_column(Integer)
    members: Mapped[int] = mapped_column(server_default=text("0"))
    looked_at: Mapped[int] = mapped_column(server_default=text("0"))
    last_id: Mapped[UUID | None]
    found: Mapped[dict[str, Any]]

    __table_args__ = (
        CheckConstraint("kind IN ('earn', 'ladder')", name="kind_known"),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'cancelled')", name="state_known"),
        CheckConstraint("days BETWEEN 1 AND 400", name="days_bounded"),
        Index("ix_rehearsals_asked_at", "asked_at", "id"),
        Index(
            "ix_rehearsals_open",
            "asked_at",
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
    )
