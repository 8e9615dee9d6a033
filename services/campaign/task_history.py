"""What happened with tasks: written down with each change, and told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from shared import outbox
from shared.contracts.campaign.tasks import TaskAct, TaskChanged, TaskStep


def stepped(
    session: Session,
    changed: Iterable[Row[Any]],
    act: TaskAct,
    now: datetime,
    by_id: UUID | None = None,
    note: str = "",
) -> None:
    """Write what just became of tasks into their history, and tell of it. Every change of a row is
    its next version, and comes here in the same transaction."""
    rows = list(changed)
    if not rows:
        return
    session.execute(
        _STEPS,
        {
            "ids": [row.id for row in rows],
            "numbers": [row.version for row in rows],
            "receivers": [row.associate_id for row in rows],
            "act": act,
            "now": now,
            "by": by_id,
            "note": note,
        },
    )
    told = (
        TaskChanged(
            task_id=row.id,
            store_id=row.store_id,
            version=row.version,
            state=row.state,
            associate_id=row.associate_id,
        )
        for row in rows
    )
    outbox.emit(session, *((event, event.task_id, event.version) for event in told))


def history_of(session: Session, task_id: UUID) -> list[TaskStep]:
    """From the first step to the last."""
    rows = session.execute(_HISTORY, {"id": task_id})
    return [TaskStep(**row._mapping) for row in rows]


_STEPS = text(
    """
    INSERT INTO task_steps (task_id, number, act, at, by_id, to_id, note)
    SELECT id, number, :act, :now, :by, to_id, :note
    FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS int[]), CAST(:receivers AS uuid[]))
      AS t(id, number, to_id)
    """
)
_HISTORY = text(
    "SELECT number, act, at, by_id, to_id, note FROM task_steps WHERE task_id = :id ORDER BY number"
)
