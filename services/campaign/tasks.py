"""Tasks: to-dos of a store's staff, raised, taken, handed on and finished.

An associate sees the own ones and those nobody has taken, whoever manages sees all of the stores
within their scope. Each change locks the row, is the next version of the task, and is written into
its history in the same transaction (`task_history`).
"""

import hashlib
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.campaign import associates
from services.campaign.models import Store
from services.campaign.task_history import history_of, stepped
from shared.contracts.campaign.tasks import (
    FinishTask,
    GetTask,
    HandOnTask,
    RaiseTask,
    TakeTask,
    Task,
    TaskStep,
)
from shared.errors import Forbidden, Refusal
from shared.seal import MANAGERS, Caller, Role
from shared.stores import find_store, require_store

OVERSEERS = MANAGERS | {Role.AUDITOR}
"""Who sees the tasks of colleagues too."""


def raise_by_hand(
    session: Session, caller: Caller, command: RaiseTask, now: datetime | None = None
) -> Task:
    """Raise a task once; see `RaiseTask`."""
    now = now or datetime.now(UTC)
    store = require_store(session, Store, caller, command.store_id)
    digest = hashlib.sha256(msgspec.json.encode(command)).hexdigest()
    known = session.execute(_LOCK, {"id": command.id}).one_or_none()
    if known is None:
        _check(session, command)
        row = session.execute(
            _RAISE,
            {
                "id": command.id, "store_id": store.id, "associate_id": command.associate_id,
                "member_id": command.member_id, "sku_id": command.sku_id,
                "order_id": command.order_id, "reason": command.reason,
                "due_at": end_of_day(store.time_zone, now, command.due_in_days), "now": now,
                "by": caller.id, "digest": digest,
            },
        ).one_or_none()  # fmt: skip
        if row is not None:
            stepped(session, [row], "raised", now, caller.id)
            return shown(session, row.id)
        known = session.execute(_LOCK, {"id": command.id}).one()
    if known.digest != digest or known.raised_by != caller.id:
        raise Refusal("TASK_ID_TAKEN")
    return shown(session, known.id)


def take(session: Session, caller: Caller, command: TakeTask) -> Task:
    """Make an untaken task the caller's own; see `TakeTask`."""
    row = _open(session, caller, command.id)
    if row.associate_id is not None and row.associate_id != caller.id:
        raise Refusal("TASK_OF_ANOTHER")
    if row.state != "open":
        raise Refusal("TASK_FINISHED")
    if row.associate_id is None:
        associates.require_at_work(session, find_store(session, Store, row.store_id), caller.id)
        given = session.execute(_GIVE, {"id": row.id, "associate_id": caller.id}).one()
        stepped(session, [given], "taken", datetime.now(UTC), caller.id)
    return shown(session, row.id)


def hand_on(session: Session, caller: Caller, command: HandOnTask) -> Task:
    """Give it to somebody else, or back to the store's staff; see `HandOnTask`."""
    row = _in_scope(session, caller, command.id)
    if _was_handed_on(session, caller, row, command):
        return _seen(session, caller, shown(session, row.id))
    _require_own(caller, row)
    if row.state != "open":
        raise Refusal("TASK_FINISHED")
    if row.version != command.version:
        raise Refusal("TASK_CHANGED")
    if row.associate_id == command.associate_id:
        return shown(session, row.id)
    if command.associate_id is not None:
        store = find_store(session, Store, row.store_id)
        associates.require_at_work(session, store, command.associate_id)
    given = session.execute(_GIVE, {"id": row.id, "associate_id": command.associate_id}).one()
    now = datetime.now(UTC)
    stepped(session, [given], "handed_on", now, caller.id, command.reason)
    return shown(session, row.id)


def finish(session: Session, caller: Caller, command: FinishTask) -> Task:
    """End it, once; see `FinishTask`."""
    row = _in_scope(session, caller, command.id)
    if row.state != "open":
        if row.finished_by == caller.id and row.outcome == command.outcome:
            return shown(session, row.id)
        raise Refusal("TASK_FINISHED")
    _require_own(caller, row)
    now = datetime.now(UTC)
    ended = session.execute(
        _FINISH, {"id": row.id, "outcome": command.outcome, "now": now, "by": caller.id}
    ).one()
    stepped(session, [ended], "finished", now, caller.id, command.note)
    return shown(session, row.id)


def get_task(session: Session, caller: Caller, command: GetTask) -> Task:
    """One task with its history; see `GetTask`."""
    row = session.execute(_FIND, {"id": command.id}).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_TASK")
    if not find_store(session, Store, row.store_id).within(caller):
        raise Forbidden("FORBIDDEN_SCOPE")
    return _seen(session, caller, task_of(row, history_of(session, row.id)))


def shown(session: Session, task_id: UUID) -> Task:
    """A task with its history."""
    row = session.execute(_FIND, {"id": task_id}).one()
    return task_of(row, history_of(session, task_id))


def task_of(row: Row[Any], history: list[TaskStep] | None = None) -> Task:
    """A row of `SHOWN` as others see it."""
    return Task(
        id=row.id,
        version=row.version,
        store_id=row.store_id,
        kind=row.kind,
        state=row.state,
        associate_id=row.associate_id,
        member_id=row.person_id,
        sku_id=row.sku_id,
        style_id=row.style_id,
        piece=row.piece,
        order_id=row.order_id,
        reason_zh=row.reason_zh,
        reason_en=row.reason_en,
        due_at=row.due_at,
        raised_at=row.raised_at,
        raised_by=row.raised_by,
        source=row.source,
        rule_version=row.rule_version,
        outcome=row.outcome,
        finished_at=row.finished_at,
        finished_by=row.finished_by,
        history=history or [],
    )


def sees_all(caller: Caller) -> bool:
    """Whether the caller sees the tasks of colleagues too."""
    return bool(caller.roles & OVERSEERS)


def end_of_day(time_zone: str, instant: datetime, days: int = 0) -> datetime:
    """When the day of an instant is over where the store is, or one so many days later."""
    zone = ZoneInfo(time_zone)
    day = instant.astimezone(zone).date() + timedelta(days=days + 1)
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _check(session: Session, command: RaiseTask) -> None:
    """Refuse what a task cannot be about, or be for."""
    if not command.reason.strip():
        reason = {"reason_zh": "请写明要做什么", "reason_en": "it does not say what is to be done"}
        raise Refusal("INVALID_TASK", reason)
    store = find_store(session, Store, command.store_id)
    if command.associate_id is not None:
        associates.require_at_work(session, store, command.associate_id)
    asked = {"member_id": command.member_id, "sku_id": command.sku_id}
    known = session.execute(_KNOWN, asked).one()
    if not known.member:
        raise Refusal("UNKNOWN_MEMBER")
    if not known.sku:
        raise Refusal("UNKNOWN_SKU")


def _open(session: Session, caller: Caller, task_id: UUID) -> Row[Any]:
    row = _in_scope(session, caller, task_id)
    if row.state == "open" or row.associate_id == caller.id:
        return row
    raise Refusal("TASK_FINISHED")


def _in_scope(session: Session, caller: Caller, task_id: UUID) -> Row[Any]:
    """The task, locked. Raises UNKNOWN_TASK, FORBIDDEN_SCOPE."""
    row = session.execute(_LOCK, {"id": task_id}).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_TASK")
    if not find_store(session, Store, row.store_id).within(caller):
        raise Forbidden("FORBIDDEN_SCOPE")
    return row


def _require_own(caller: Caller, row: Row[Any]) -> None:
    if not sees_all(caller) and row.associate_id not in (None, caller.id):
        raise Refusal("TASK_OF_ANOTHER")


def _seen(session: Session, caller: Caller, task: Task) -> Task:
    """The task, to whoever may see it: who has had to do with it sees what became of it."""
    own = {None, caller.id}
    had = {step.by_id for step in task.history} | {step.to_id for step in task.history}
    if sees_all(caller) or task.associate_id in own or caller.id in had:
        return task
    raise Refusal("TASK_OF_ANOTHER")


def _was_handed_on(session: Session, caller: Caller, row: Row[Any], command: HandOnTask) -> bool:
    """Whether this is the same command once more."""
    if row.version != command.version + 1 or row.associate_id != command.associate_id:
        return False
    last = history_of(session, row.id)[-1]
    return (last.act, last.by_id, last.note) == ("handed_on", caller.id, command.reason)


SHOWN = """
SELECT t.*, coalesce(m.survivor_id, t.member_id) AS person_id, k.style_id,
  CASE WHEN k.id IS NULL THEN NULL ELSE concat_ws(' ', s.name, k.colour, k.size) END AS piece
FROM tasks t LEFT JOIN members m ON m.id = t.member_id
LEFT JOIN skus k ON k.id = t.sku_id LEFT JOIN styles s ON s.id = k.style_id
"""
_FIND = text(SHOWN + "WHERE t.id = :id")
_LOCK = text("SELECT * FROM tasks WHERE id = :id FOR UPDATE")
_RAISE = text(
    """
    INSERT INTO tasks (id, version, store_id, kind, state, associate_id, member_id, sku_id,
      order_id, reason_zh, reason_en, due_at, raised_at, raised_by, digest)
    VALUES (:id, 1, :store_id, 'by_hand', 'open', :associate_id, :member_id, :sku_id, :order_id,
      :reason, :reason, :due_at, :now, :by, :digest)
    ON CONFLICT DO NOTHING RETURNING *
    """
)
_GIVE = text(
    "UPDATE tasks SET associate_id = :associate_id, version = version + 1 WHERE id = :id"
    " AND state = 'open' RETURNING *"
)
_FINISH = text(
    "UPDATE tasks SET state = 'finished', outcome = :outcome, finished_at = :now,"
    " finished_by = :by, version = version + 1 WHERE id = :id AND state = 'open' RETURNING *"
)
_KNOWN = text(
    """
    SELECT CAST(:member_id AS uuid) IS NULL OR EXISTS (SELECT FROM members WHERE id = :member_id
        AND NOT EXISTS (SELECT FROM erased_members e WHERE e.member_id = :member_id)) AS member,
      CAST(:sku_id AS uuid) IS NULL OR EXISTS (SELECT FROM skus WHERE id = :sku_id) AS sku
    """
)
