"""What changes in the store meanwhile: heard as it happens, and read again after a silence."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.queries import tasks as asking
from staff_app.state import Desk
from staff_app.work.finding import FindingWork
from staff_app.work.home import HomeWork
from staff_app.work.orders import OrdersWork
from staff_app.work.shelf import ShelfWork
from staff_app.work.tasks import TasksWork

PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 20.0
CATCH_UP_SECONDS = 1.0


@dataclass(frozen=True)
class Topic:
    """A subscription of one store and the field it comes in. `heard` takes each event; `again`
    reads what it is about anew, for what was told while nobody listened."""

    document: str
    field: str
    heard: Callable[[dict[str, Any]], Awaitable[Any]]
    again: Callable[[], Awaitable[Any]]


class News:
    def __init__(
        self,
        client: Client,
        desk: Desk,
        home: HomeWork,
        tasks: TasksWork,
        shelf: ShelfWork,
        finding: FindingWork,
        orders: OrdersWork,
    ) -> None:
        self._client = client
        self._desk = desk
        self._home, self._tasks, self._orders = home, tasks, orders
        self._shelf, self._finding = shelf, finding

    def topics(self) -> list[Topic]:
        """What is heard of the store while it is open here."""
        return [
            Topic(asking.TASK_CHANGED, "taskChanged", self._task_changed, self._tasks_again),
            Topic(asking.STOCK_CHANGED, "stockChanged", self._stock_changed, self._shelf.again),
            Topic(asking.ORDER_CHANGED, "orderChanged", self._order_changed, self._orders_again),
        ]

    async def listen(self, topic: Topic) -> None:
        """Hear of everything in this store, for as long as the session lives."""
        pause, missed = PAUSE_SECONDS, False
        while True:
            store_id = (self._desk.device or {}).get("storeId")
            if self._desk.staff is not None and store_id:
                catching_up = asyncio.create_task(_catch_up(topic)) if missed else None
                try:
                    async for data in self._client.events(topic.document, storeId=store_id):
                        pause = PAUSE_SECONDS
                        await topic.heard(data[topic.field])
                except (Unreachable, SignedOut, Refused):
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                finally:
                    missed = True
                    if catching_up:
                        catching_up.cancel()
            await asyncio.sleep(pause)

    async def _task_changed(self, told: dict[str, Any]) -> None:
        await self._tasks.heard(told)
        await self._home.changed()

    async def _tasks_again(self) -> None:
        await self._tasks.again()
        await self._home.changed()

    async def _stock_changed(self, told: dict[str, Any]) -> None:
        self._shelf.heard(told["levels"])
        self._finding.heard(told["levels"])

    async def _order_changed(self, told: dict[str, Any]) -> None:
        self._orders.heard(told)
        await self._home.changed()

    async def _orders_again(self) -> None:
        await self._orders.again(keep=True)
        await self._home.changed()


async def _catch_up(topic: Topic) -> None:
    """A moment after listening has begun, so that nothing falls between the two."""
    await asyncio.sleep(CATCH_UP_SECONDS)
    with suppress(Unreachable, SignedOut, Refused):
        await topic.again()
