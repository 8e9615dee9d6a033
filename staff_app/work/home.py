"""Today in the store: what was sold, and how much there is to do."""

from typing import Any

from staff_app import clock
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.queries import tasks as asking
from staff_app.state import Desk
from staff_app.to_do import Home

_NOTHING = {"salesMinor": "0", "orders": 0, "pieces": 0}


class HomeWork:
    def __init__(self, client: Client, desk: Desk, home: Home) -> None:
        self._client = client
        self._desk = desk
        self._home = home
        self._asking = False
        self._stale = False

    async def open(self) -> None:
        """Read the figures of today; while they are read they are not asked for twice, but once
        more when something changed meanwhile."""
        self._stale = True
        if self._asking:
            return
        self._asking = True
        try:
            while self._stale:
                self._stale = False
                await self._read()
        finally:
            self._asking = False

    async def changed(self) -> None:
        """Something was sold, came back, or is to be done: read again, if it was ever read."""
        if self._home.today is not None:
            await self.open()

    @property
    def mine(self) -> dict[str, Any]:
        """The figures of who is signed in."""
        shown = self._home.today or {}
        own = (self._desk.staff or {}).get("id")
        sellers = shown.get("performance", {}).get("sellers", [])
        found = [each["figures"] for each in sellers if each["staffId"] == own]
        return found[0] if found else _NOTHING

    async def _read(self) -> None:
        home = self._home
        home.asking = True
        try:
            home.today = await self._client.ask(
                asking.TODAY, storeId=(self._desk.device or {})["storeId"]
            )
        except (Refused, Unreachable, SignedOut):
            home.failed = True
        else:
            home.failed = False
            clock.correct(home.today["now"])
        home.asking = False
