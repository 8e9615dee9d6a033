"""Which tasks there are for whom: pages of them, and how many."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.campaign.models import Store
from services.campaign.tasks import SHOWN, end_of_day, sees_all, task_of
from shared.contracts.campaign.tasks import CountTasks, ListTasks, Task, TaskCounts
from shared.errors import Forbidden
from shared.paging import Page, decode_moment, page_of
from shared.seal import Caller, ScopeKind
from shared.stores import find_store

# Row-level: an associate reads the own tasks and those nobody has taken, and what they ended.
_SEEN = (
    "(:all OR t.associate_id IS NULL OR t.associate_id = :me"
    " OR (t.state <> 'open' AND t.finished_by = :me))"
)
_SCOPES = {
    ScopeKind.STORE: "id",
    ScopeKind.FRANCHISEE: "franchisee_id",
    ScopeKind.REGION: "region_id",
}


def list_tasks(session: Session, caller: Caller, command: ListTasks) -> Page[Task]:
    """A page of what the caller sees; see `ListTasks`."""
    ended = command.state == "ended"
    at, before = ("finished_at", "<") if ended else ("due_at", ">")
    wanted = ["t.state <> 'open'" if ended else "t.state = 'open'", _SEEN]
    asked: dict[str, Any] = {"all": sees_all(caller), "me": caller.id, "rows": command.first + 1}
    if command.store_id is not None:
        _require_reach(session, caller, command)
        wanted.append("t.store_id = :store_id")
        asked["store_id"] = command.store_id
    elif caller.scope_kind is not ScopeKind.CHAIN:
        column = _SCOPES[caller.scope_kind]
        wanted.append(f"t.store_id IN (SELECT id FROM stores WHERE {column} = :scope_id)")
        asked["scope_id"] = caller.scope_id
    if command.mine:
        wanted.append("t.finished_by = :me" if ended else "t.associate_id = :me")
    if command.member_id is not None:
        wanted.append(_OF_MEMBER)
        asked["member_id"] = command.member_id
    if command.after is not None:
        asked["after_at"], asked["after_id"] = decode_moment(command.after)
        wanted.append(f"(t.{at}, t.id) {before} (:after_at, :after_id)")
    order = "DESC" if ended else "ASC"
    # All of it is put together from what stands here.
    query = text(
        f"{SHOWN} WHERE {' AND '.join(wanted)} ORDER BY t.{at} {order}, t.id {order} LIMIT :rows"
    )
    tasks = [task_of(row) for row in session.execute(query, asked)]
    return page_of(tasks, command.first, lambda each: (_moment(each, ended), str(each.id)))


def count_tasks(session: Session, caller: Caller, command: CountTasks) -> TaskCounts:
    """How many open ones the caller sees in a store; see `CountTasks`."""
    store = find_store(session, Store, command.store_id)
    if not store.within(caller):
        raise Forbidden("FORBIDDEN_SCOPE")
    now = datetime.now(UTC)
    asked = {
        "store_id": store.id, "all": sees_all(caller), "me": caller.id, "now": now,
        "midnight": end_of_day(store.time_zone, now),
    }  # fmt: skip
    return TaskCounts(**session.execute(_COUNTS, asked).one()._mapping)


def _require_reach(session: Session, caller: Caller, command: ListTasks) -> None:
    assert command.store_id is not None  # noqa: S101  (asked by the caller of this)
    if not find_store(session, Store, command.store_id).within(caller):
        raise Forbidden("FORBIDDEN_SCOPE")


def _moment(task: Task, ended: bool) -> str:
    return (task.finished_at or task.due_at if ended else task.due_at).isoformat()


# A member stands for all that were merged into them.
_OF_MEMBER = """t.member_id IN (SELECT other.id FROM members asked JOIN members other
  ON coalesce(other.survivor_id, other.id) = coalesce(asked.survivor_id, asked.id)
  WHERE asked.id = :member_id)"""
_COUNTS = text(
    f"""
    SELECT count(*) FILTER (WHERE t.associate_id = :me) AS mine,
      count(*) FILTER (WHERE t.associate_id IS NULL) AS untaken,
      count(*) FILTER (WHERE t.due_at < :now) AS overdue,
      count(*) FILTER (WHERE t.due_at >= :now AND t.due_at <= :midnight) AS due_today
    FROM tasks t WHERE t.store_id = :store_id AND t.state = 'open' AND {_SEEN}
    """
)
