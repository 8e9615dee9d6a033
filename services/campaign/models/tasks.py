"""Tasks with their history, the versions of their rule, and the staff they are for."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.campaign.models.base import Base


class Staff(Base):
    """Directory's staff, as told by its events: whose task something can be, and where."""

    __tablename__ = "staff"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    scope_kind: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID | None] = mapped_column(Uuid)
    active: Mapped[bool] = mapped_column(Boolean)


class TaskRuleRow(Base):
    """A version of the rule. Append-only."""

    __tablename__ = "task_rules"

    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


class TaskRow(Base):
    """A task as it is now; `task_steps` says how it came to that.

    Raised by a person (`raised_by`, `digest` of the command), or by what `source_id` names: an
    event, or the birthday window it tells of. `associate_id` None: the store's staff.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'finished', 'dropped')", name="state_known"),
        CheckConstraint("(raised_by IS NULL) = (source_id IS NOT NULL)", name="raised_by_one"),
        CheckConstraint(
            "num_nulls(source_id, source, rule_version) IN (0, 3)", name="source_whole"
        ),
        CheckConstraint("(state = 'open') = (finished_at IS NULL)", name="ended_with_its_time"),
        CheckConstraint("(state = 'finished') = (outcome IS NOT NULL)", name="outcome_of_finished"),
        CheckConstraint("version >= 1", name="version_counts_from_one"),
        Index("ix_tasks_open", "store_id", "due_at", "id", postgresql_where=text("state = 'open'")),
        Index("ix_tasks_ended", "store_id", "finished_at", "id",
              postgresql_where=text("state <> 'open'")),
        Index("ix_tasks_finished_at", "finished_at", postgresql_where=text("state <> 'open'")),
        Index("ix_tasks_associate_id", "associate_id", postgresql_where=text("state = 'open'")),
        Index("ix_tasks_member_id", "member_id", postgresql_where=text("member_id IS NOT NULL")),
        Index("uq_tasks_source_id_kind", "source_id", "kind", unique=True),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    store_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    associate_id: Mapped[UUID | None] = mapped_column(Uuid)
    member_id: Mapped[UUID | None] = mapped_column(Uuid)
    sku_id: Mapped[UUID | None] = mapped_column(Uuid)
    order_id: Mapped[UUID | None] = mapped_column(Uuid)
    reason_zh: Mapped[str] = mapped_column(Text)
    reason_en: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    raised_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    raised_by: Mapped[UUID | None] = mapped_column(Uuid)
    digest: Mapped[str | None] = mapped_column(Text)
    source_id: Mapped[UUID | None] = mapped_column(Uuid)
    source: Mapped[str | None] = mapped_column(Text)
    rule_version: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_by: Mapped[UUID | None] = mapped_column(Uuid)


class TaskStepRow(Base):
    """What happened with a task, in order; `number` is the version it made. Append-only: a note
    can be blanked, and all of it goes with a task that ended."""

    __tablename__ = "task_steps"

    task_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    act: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    by_id: Mapped[UUID | None] = mapped_column(Uuid)
    to_id: Mapped[UUID | None] = mapped_column(Uuid)
    note: Mapped[str] = mapped_column(Text)
