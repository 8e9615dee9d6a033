"""What there is to do in the store that is made up, and what was sold there today."""

from datetime import UTC, datetime
from typing import Any, ClassVar

STORE = "0190a000-0000-7000-8000-000000000001"
STAFF = "0190a000-0000-7000-8000-000000000004"
COLLEAGUE = "0190a000-0000-7000-8000-000000000006"
TASK = "0190a000-0000-7000-8000-0000000000b1"
BY_NAME = {STAFF: "店员甲", COLLEAGUE: "店员乙"}
RAISED = "2026-03-01T00:00:00+00:00"
NO_FIGURES = {
    "salesMinor": "0", "returnedMinor": "0", "orders": 0, "memberOrders": 0, "pieces": 0,
    "averageMinor": None,
}  # fmt: skip


class ToDo:
    """Answers what home and the tasks ask for; nothing to do, nothing sold."""

    answers: ClassVar[dict[str, str]] = {
        "tasks": "list_tasks", "task": "get_task", "taskCounts": "count_tasks",
        "raiseTask": "raise_task", "takeTask": "take_task", "handOnTask": "hand_on_task",
        "finishTask": "finish_task", "staff": "colleagues", "performance": "performance",
        "ordersById": "orders_by_id", "now": "tell_time",
    }  # fmt: skip

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.task_inputs: list[dict[str, Any]] = []
        self.time = ""
        """What the system says the time is, where it is not what this machine says."""
        self.sold_today: dict[str, Any] = {**NO_FIGURES}

    def to_do(self, id_: str = TASK, **fields: Any) -> dict[str, Any]:
        """One more task: a dress that was sold below zero."""
        self.tasks[id_] = {
            "id": id_, "version": 1, "storeId": STORE, "kind": "STOCK_DISCREPANCY",
            "state": "OPEN", "associateId": None, "associate": None, "memberId": None,
            "member": None, "skuId": None, "styleId": None, "piece": None, "orderId": None,
            "reasonZh": "连衣裙卖出后账上为 -1 件", "reasonEn": "A dress was sold below zero",
            "dueAt": "2126-01-01T16:00:00+00:00", "raisedAt": RAISED, "raisedBy": None,
            "source": "x", "ruleVersion": 0, "outcome": None, "finishedAt": None,
            "finishedBy": None,
            "history": [{"number": 1, "act": "RAISED", "at": RAISED, "note": "", "by": None,
                         "to": None}],
        } | fields  # fmt: skip
        return self.tasks[id_]

    def list_tasks(self, mine: bool, first: int, **_asked: Any) -> Any:
        found = [
            task
            for task in self.tasks.values()
            if task["state"] == "OPEN" and (not mine or task["associateId"] == STAFF)
        ]
        found.sort(key=lambda task: (task["dueAt"], task["id"]))
        return {
            "edges": [{"node": task, "cursor": task["id"]} for task in found[:first]],
            "pageInfo": {"hasNextPage": len(found) > first, "hasPreviousPage": False,
                         "endCursor": None},
        }  # fmt: skip

    def get_task(self, id: str) -> Any:  # noqa: A002
        return self.tasks[id]

    def count_tasks(self, storeId: str) -> Any:  # noqa: N803
        open_ = [task for task in self.tasks.values() if task["state"] == "OPEN"]
        mine = sum(task["associateId"] == STAFF for task in open_)
        return {"mine": mine, "untaken": len(open_) - mine, "overdue": 0, "dueToday": 0}

    def raise_task(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.task_inputs.append(input)
        fields = {"kind": "BY_HAND", "reasonZh": input["reason"], "reasonEn": input["reason"]}
        return {"task": self.to_do(input["id"], **fields, **_of(input["associateId"]))}

    def take_task(self, input: dict[str, Any]) -> Any:  # noqa: A002
        return self._changed(input, "TAKEN", **_of(STAFF))

    def hand_on_task(self, input: dict[str, Any]) -> Any:  # noqa: A002
        return self._changed(input, "HANDED_ON", **_of(input["associateId"]))

    def finish_task(self, input: dict[str, Any]) -> Any:  # noqa: A002
        return self._changed(input, "FINISHED", state="FINISHED", outcome=input["outcome"])

    def colleagues(self, storeId: str) -> Any:  # noqa: N803
        return [
            {"id": id_, "name": name, "number": id_[-4:], "active": True, "roles": [],
             "scopeKind": "STORE", "scopeId": STORE}
            for id_, name in BY_NAME.items()
        ]  # fmt: skip

    def performance(self, **_asked: Any) -> Any:
        return {
            "storeId": STORE, "currency": "CNY", "firstDay": "2026-03-01",
            "lastDay": "2026-03-01", "total": self.sold_today, "before": NO_FIGURES, "days": [],
            "sellers": [{"staffId": STAFF, "figures": self.sold_today, "staff": None}],
            "newCards": [],
        }  # fmt: skip

    def tell_time(self) -> str:
        return self.time or datetime.now(UTC).isoformat()

    def orders_by_id(self, ids: list[str]) -> Any:
        return []

    def _changed(self, input_: dict[str, Any], act: str, **fields: Any) -> Any:
        self.task_inputs.append(input_)
        task = self.tasks[input_["id"]]
        step = {"number": task["version"] + 1, "act": act, "at": RAISED, "to": None,
                "note": input_.get("note", ""), "by": {"name": "店员甲"}}  # fmt: skip
        task |= {**fields, "version": task["version"] + 1, "history": [*task["history"], step]}
        return {"task": task}


def _of(staff_id: str | None) -> dict[str, Any]:
    name = {"name": BY_NAME[staff_id]} if staff_id else None
    return {"associateId": staff_id, "associate": name}
