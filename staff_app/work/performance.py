"""What one sold, or the store: a day, a week or a month at a time."""

from datetime import date, timedelta
from typing import Any

from staff_app import clock, queries
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.queries.performance import PERFORMANCE
from staff_app.state import Desk, Performance
from staff_app.work.desk import manages

PERIODS = ("DAY", "WEEK", "MONTH")


class PerformanceWork:
    def __init__(self, client: Client, desk: Desk, performance: Performance) -> None:
        self._client = client
        self._desk = desk
        self._performance = performance
        self._question = 0

    async def open(self) -> None:
        """Today's: one's own, or the store's for who manages it."""
        state = self._performance
        state.period, state.day, state.staff, state.store = "DAY", "", None, None
        await self._ask()
        if self.manages:
            await self._learn_stores()

    async def choose(self, period: str) -> None:
        self._performance.period = period
        await self._ask()

    async def earlier(self) -> None:
        await self._move("firstDay", -1)

    async def later(self) -> None:
        await self._move("lastDay", 1)

    async def look_at(self, staff: dict[str, Any] | None) -> None:
        """One seller (`id`, `name`); None: everybody."""
        self._performance.staff = staff
        await self._ask()

    async def look_into(self, store_id: str) -> None:
        """Another store, everybody in it."""
        state = self._performance
        state.store = next((each for each in state.stores if each["id"] == store_id), None)
        state.staff = None
        await self._ask()

    async def again(self) -> None:
        await self._ask()

    @property
    def store_id(self) -> str:
        store = self._performance.store
        return str(store["id"] if store else (self._desk.device or {})["storeId"])

    @property
    def manages(self) -> bool:
        return manages(self._desk.staff)

    @property
    def is_of_now(self) -> bool:
        """Whether the period has today in it: there is none after it."""
        shown = self._performance.shown
        return not shown or clock.today(self._store).isoformat() <= shown["lastDay"]

    @property
    def _store(self) -> dict[str, Any] | None:
        return self._performance.store or self._desk.store

    async def _learn_stores(self) -> None:
        """The stores of one's scope; without an answer there is the device's."""
        try:
            self._performance.stores = (await self._client.ask(queries.STORES))["stores"]
        except (Refused, Unreachable, SignedOut):
            return

    async def _move(self, edge: str, days: int) -> None:
        shown = self._performance.shown
        if shown:
            there = date.fromisoformat(shown[edge]) + timedelta(days=days)
            self._performance.day = there.isoformat()
            await self._ask()

    async def _ask(self) -> None:
        """Only the answer to the newest question counts."""
        state = self._performance
        self._question += 1
        question = self._question
        state.asking, state.refusal = True, None
        shown, refusal = None, None
        try:
            shown = (
                await self._client.ask(
                    PERFORMANCE,
                    storeId=self.store_id,
                    period=state.period,
                    day=state.day or None,
                    staffId=(state.staff or {}).get("id"),
                )
            )["performance"]
        except Refused as refused:
            refusal = {"zh": refused.zh, "en": refused.en}
        except (Unreachable, SignedOut):
            pass  # the banner says so
        if question == self._question:
            state.shown, state.refusal, state.asking = shown, refusal, False
