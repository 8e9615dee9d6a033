"""The staff of a shop, and what they do with tasks."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.campaign import task_lists, task_rules, tasks
from shared.contracts.campaign.tasks import (
    CountTasks,
    FinishTask,
    GetTask,
    HandOnTask,
    ListTasks,
    PublishTaskRule,
    RaiseTask,
    TakeTask,
    Task,
    TaskCounts,
    TaskRule,
    TaskTerms,
)
from shared.contracts.directory import StaffChanged
from shared.contracts.inventory import StockDiscrepancy
from shared.contracts.loyalty import PointsExpiring
from shared.contracts.member import MemberRegistered
from shared.contracts.member.associates import AssociatesChanged, LookedAfter
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from tests.services.campaign.shop import HQ_CALLER, Shop


class Floor:
    """A shop with two associates and a manager."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.anna, self.ben = self.hire(), self.hire()
        self.manager = self.hire(Role.STORE_MANAGER)

    def hire(self, role: Role = Role.ASSOCIATE, store_id: UUID | None = None) -> Caller:
        caller = Caller(
            kind="staff", id=new_id(), roles=frozenset({role}), scope_kind=ScopeKind.STORE,
            scope_id=store_id or self.shop.store_id,
        )  # fmt: skip
        self.staff(caller)
        return caller

    def staff(self, caller: Caller, version: int = 1, **changes: Any) -> None:
        fields: dict[str, Any] = {
            "staff_id": caller.id, "version": version, "roles": caller.roles,
            "scope_kind": caller.scope_kind, "scope_id": caller.scope_id, "active": True,
        }  # fmt: skip
        self.shop.tell(StaffChanged(**fields | changes))

    def member(self, associate: Caller | None = None) -> UUID:
        member_id = new_id()
        self.shop.tell(
            MemberRegistered(
                member_id=member_id,
                card_code="C1",
                home_store_id=self.shop.store_id,
                associate_id=associate.id if associate else None,
                source_channel="store",
            )
        )
        return member_id

    def looked_after(self, member_id: UUID, version: int, associate: Caller | None) -> None:
        item = LookedAfter(
            member_id=member_id, version=version, associate_id=associate.id if associate else None
        )
        self.shop.tell(AssociatesChanged(items=[item]))

    def publish(self, *kinds: TaskTerms, caller: Caller = HQ_CALLER, **fields: Any) -> int:
        command = PublishTaskRule(id=new_id(), rule=TaskRule(kinds=list(kinds), **fields))
        with self.shop.database.transaction() as session:
            return task_rules.publish(session, caller, command).version

    def do(self, work: Any, caller: Caller, command: Any) -> Any:
        with self.shop.database.transaction() as session:
            return work(session, caller, command)

    def by_hand(self, caller: Caller | None = None, **fields: Any) -> Task:
        defaults: dict[str, Any] = {
            "id": new_id(), "store_id": self.shop.store_id, "reason": "整理橱窗"
        }  # fmt: skip
        command = RaiseTask(**defaults | fields)
        task: Task = self.do(tasks.raise_by_hand, caller or self.anna, command)
        return task

    def take(self, caller: Caller, task: Task) -> Task:
        taken: Task = self.do(tasks.take, caller, TakeTask(id=task.id))
        return taken

    def hand_on(self, caller: Caller, task: Task, to: Caller | None, reason: str = "休息") -> Task:
        command = HandOnTask(
            id=task.id, version=task.version, associate_id=to.id if to else None, reason=reason
        )
        given: Task = self.do(tasks.hand_on, caller, command)
        return given

    def finish(self, caller: Caller, task: Task, outcome: Any = "done", note: str = "") -> Task:
        command = FinishTask(id=task.id, outcome=outcome, note=note)
        ended: Task = self.do(tasks.finish, caller, command)
        return ended

    def get(self, caller: Caller, task_id: UUID) -> Task:
        task: Task = self.do(tasks.get_task, caller, GetTask(id=task_id))
        return task

    def listed(self, caller: Caller | None = None, **fields: Any) -> list[Task]:
        command = ListTasks(**fields)
        items: list[Task] = self.do(task_lists.list_tasks, caller or self.manager, command).items
        return items

    def counts(self, caller: Caller) -> TaskCounts:
        counted: TaskCounts = self.do(
            task_lists.count_tasks, caller, CountTasks(store_id=self.shop.store_id)
        )
        return counted

    def everything(self) -> dict[str, list[Any]]:
        """All that a task could change."""
        rows = self.shop.rows
        return {t: sorted(rows(f"SELECT CAST(t AS text) FROM {t} t"))
                for t in ("tasks", "task_steps", "outbox")}  # fmt: skip


def discrepancy(store_id: UUID, sku_id: UUID, available: int = -1) -> StockDiscrepancy:
    return StockDiscrepancy(
        store_id=store_id, order_id=new_id(), sku_id=sku_id, available=available
    )


def expiring(member_id: UUID, store_id: UUID, until: date) -> PointsExpiring:
    return PointsExpiring(
        member_id=member_id, store_id=store_id, points=120, valid_until=until, rule_version=1
    )


def in_days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)
