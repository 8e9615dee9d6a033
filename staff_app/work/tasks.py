"""The to-dos of the store: what there is, one of them, and what becomes of it."""

from typing import Any

from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.queries import tasks as asking
from staff_app.state import Desk
from staff_app.to_do import Tasks

PAGE = 50
OUTCOMES = ("outcome_done", "outcome_not_reached", "outcome_not_needed")
"""What came of a task, as words of the catalogue."""


class TasksWork:
    def __init__(self, client: Client, desk: Desk, tasks: Tasks) -> None:
        self._client = client
        self._desk = desk
        self._tasks = tasks
        self._question = 0

    @property
    def new_id(self) -> str:
        return new_id()

    async def open(self) -> None:
        """The open ones, first due first."""
        await self._list()

    async def choose(self, whose: str) -> None:
        """`mine` or `store`."""
        self._tasks.whose = whose
        self._tasks.found = None
        await self._list()

    async def more(self) -> None:
        """The page after the last one."""
        if self._tasks.after and not self._tasks.asking:
            await self._list(self._tasks.after)

    async def look_at(self, task_id: str) -> None:
        """One task with its history."""
        state = self._tasks
        if not state.task or state.task["id"] != task_id:
            known = [task for task in state.found or [] if task["id"] == task_id]
            state.task = {**known[0], "history": []} if known else None
        state.open_id, state.refusal = task_id, None
        try:
            found = (await self._client.ask(asking.TASK, id=task_id))["task"]
        except Refused as refused:
            state.refusal = {"zh": refused.zh, "en": refused.en}
        except (Unreachable, SignedOut):
            pass  # the banner says so
        else:
            if state.open_id == task_id:
                state.task = found

    async def again(self) -> None:
        """What is shown, as it is now; what was there stays until the answer comes."""
        if self._tasks.found is not None:
            await self._list(keep=True)
        if self._tasks.open_id:
            await self.look_at(self._tasks.open_id)

    async def take(self, task: dict[str, Any]) -> None:
        """Raises `Refused`, `Unreachable`, `SignedOut`, as all that follow."""
        await self._change(asking.TAKE_TASK, {"id": task["id"]})

    async def finish(self, task: dict[str, Any], outcome: str, note: str) -> None:
        told = outcome.removeprefix("outcome_").upper()
        await self._change(
            asking.FINISH_TASK, {"id": task["id"], "outcome": told, "note": note.strip()}
        )

    async def hand_on(self, task: dict[str, Any], associate_id: str, reason: str) -> None:
        """To a colleague; without one, back to the store's staff."""
        input_ = {
            "id": task["id"], "version": task["version"], "associateId": associate_id or None,
            "reason": reason.strip(),
        }  # fmt: skip
        await self._change(asking.HAND_ON_TASK, input_)

    async def raise_task(
        self, task_id: str, reason: str, associate_id: str, days: int, member_id: str
    ) -> None:
        """Repeating with the same id is safe."""
        input_ = {
            "id": task_id, "storeId": self._store_id, "reason": reason.strip(),
            "associateId": associate_id or None, "dueInDays": days, "memberId": member_id or None,
        }  # fmt: skip
        await self._change(asking.RAISE_TASK, input_)

    async def learn_colleagues(self) -> None:
        """Who works in this store."""
        try:
            staff = (await self._client.ask(asking.COLLEAGUES, storeId=self._store_id))["staff"]
        except (Refused, Unreachable, SignedOut):
            return
        self._tasks.colleagues = [person for person in staff if person["active"]]

    async def heard(self, change: dict[str, Any]) -> None:
        """A task of the store is another than it was; of somebody else's there is only the id."""
        state, task = self._tasks, change["task"]
        if state.found is not None:
            others = [each for each in state.found if each["id"] != change["taskId"]]
            if task and task["state"] == "OPEN" and self._is_meant(task):
                others = sorted([*others, task], key=lambda each: (each["dueAt"], each["id"]))
            state.found = others
        shown = state.task
        if shown and shown["id"] == change["taskId"] and shown["version"] < change["version"]:
            await self.look_at(change["taskId"])

    async def order(self, order_id: str) -> dict[str, Any] | None:
        """The order a task is about, if the caller may see it."""
        found = (await self._client.ask(asking.ORDER_BY_ID, ids=[order_id]))["ordersById"]
        return found[0] if found else None

    def _is_meant(self, task: dict[str, Any]) -> bool:
        """Whether it belongs into the list that is shown."""
        own = task["associateId"] == (self._desk.staff or {}).get("id")
        return own or self._tasks.whose == "store"

    async def _change(self, document: str, input_: dict[str, Any]) -> None:
        task = (await self._client.tell(document, input_))["task"]
        self._tasks.open_id, self._tasks.task, self._tasks.refusal = task["id"], task, None
        told = {"taskId": task["id"], "version": task["version"], "task": task}
        await self.heard(told)

    async def _list(self, after: str = "", keep: bool = False) -> None:
        """Only the answer to the newest question counts."""
        state = self._tasks
        self._question += 1
        question = self._question
        state.asking, state.trouble = True, None
        before = list(state.found or []) if after else []
        found: list[dict[str, Any]] | None = None
        try:
            page = (
                await self._client.ask(
                    asking.TASKS, storeId=self._store_id, mine=state.whose == "mine",
                    first=PAGE, after=after or None,
                )
            )["tasks"]  # fmt: skip
            found = [edge["node"] for edge in page["edges"]]
        except Refused as refused:
            state.trouble = {"zh": refused.zh, "en": refused.en}
        except (Unreachable, SignedOut):
            pass  # the banner says so
        if question != self._question:
            return
        state.asking = False
        if found is not None:
            info = page["pageInfo"]
            # One that came live may be on this page as well.
            fresh = {task["id"] for task in found}
            state.found = [task for task in before if task["id"] not in fresh] + found
            state.after = info["endCursor"] if info["hasNextPage"] else ""
        elif not keep and not after:
            state.found = None

    @property
    def _store_id(self) -> str:
        return str((self._desk.device or {})["storeId"])
