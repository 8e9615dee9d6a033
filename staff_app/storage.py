"""What survives a reload: one small interface, and Flet's own store of the device behind it.

Kept as JSON text under names of our own. A till in the browser has a store that is encrypted and
large (`browser.storage`); nothing else differs.
"""

import asyncio
import json
import logging
from typing import Any, Protocol

import flet as ft

PREFIX = "chainstitch."
ANSWER_SECONDS = 8.0

log = logging.getLogger(__name__)


class NotKept(Exception):
    """The device did not confirm that it keeps this. It is tried again on the next connection."""


class Locked(NotKept):
    """Nobody has signed in: what is kept encrypted can be neither read nor written."""


class WrongPin(Exception):
    """Not the PIN of that person, as far as the device can tell without the server."""

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.left = left
        """How many tries the device grants until the network is back."""


class NobodyKnown(Exception):
    """The device cannot sign this person in without the server: it does not know them, or not any
    more, or keeps nothing that a PIN unlocks."""


class Storage(Protocol):
    """A value is anything JSON can say; None removes it.

    Only `device` and `preferences` can be read before somebody has signed in. Large things are
    written as values of some hundred kilobytes each (a price list: 500 pieces a value).
    """

    @property
    def is_open(self) -> bool:
        """Whether everything can be read and written."""

    @property
    def holds_much(self) -> bool:
        """Whether there is room for a price list: only then this device sells without network."""

    async def read(self, name: str) -> Any:
        """None if there is none. Raises `NotKept`; `Locked`."""

    async def read_all(self, names: list[str]) -> dict[str, Any]:
        """Many at once, as `read`; each name is in the answer."""

    async def write(self, name: str, value: Any) -> None:
        """Raises `NotKept`; `Locked`."""

    async def write_all(self, values: dict[str, Any]) -> None:
        """All of them or none, on a device that can (`browser.storage`); elsewhere one after the
        other: put the value that makes the others count last. Raises as `write`."""

    async def keep(self, name: str, value: Any) -> None:
        """Like `write`, for what is only convenient to have: never raises."""

    async def flush(self) -> None:
        """Write what could not be written while the device was away."""

    async def unlock(self, number: str, pin: str, storage_key: str) -> None:
        """Somebody signed in at the server, which told the device's `storage_key`. Raises
        `NotKept`: what is kept cannot be opened with it."""

    async def unlock_alone(self, number: str, pin: str) -> None:
        """Somebody signs in without the server. Raises `WrongPin`, `NobodyKnown`, `NotKept`."""

    async def limit_alone(self, tries: int, days: int) -> None:
        """From now on the device grants so many tries, so many days after a sign-in at the server
        (the offline rule's). Raises `NotKept`."""

    async def lock(self) -> None:
        """Whoever was here has gone. Unsent sales stay, unreadable until the next sign-in."""


class DeviceStorage:
    """ft.SharedPreferences. The device may be away at any time: writes are remembered until then,
    in the order in which they were made, the last of each name."""

    def __init__(self, preferences: ft.SharedPreferences) -> None:
        self._preferences = preferences
        self._waiting: dict[str, Any] = {}
        self._turn = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """It has no lock: a session on a server is what a sign-in protects."""
        return True

    @property
    def holds_much(self) -> bool:
        """A browser gives it five megabytes, and the session it serves lives on the network."""
        return False

    async def read_all(self, names: list[str]) -> dict[str, Any]:
        return {name: await self.read(name) for name in names}

    async def write_all(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            await self.write(name, value)

    async def unlock(self, number: str, pin: str, storage_key: str) -> None:
        return None

    async def unlock_alone(self, number: str, pin: str) -> None:
        raise NobodyKnown(number)

    async def limit_alone(self, tries: int, days: int) -> None:
        return None

    async def lock(self) -> None:
        return None

    async def read(self, name: str) -> Any:
        if name in self._waiting:
            return self._waiting[name]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                text = await self._preferences.get(PREFIX + name)
        except (TimeoutError, RuntimeError) as error:
            raise NotKept(name) from error
        try:
            return json.loads(str(text)) if text else None
        except json.JSONDecodeError:
            log.warning("what was kept as %s cannot be read", name)
            return None

    async def write(self, name: str, value: Any) -> None:
        self._waiting[name] = value
        async with self._turn:
            if name in self._waiting:
                await self._put(name, self._waiting[name])

    async def keep(self, name: str, value: Any) -> None:
        try:
            await self.write(name, value)
        except NotKept:
            log.info("%s waits for the device", name)

    async def flush(self) -> None:
        for name in list(self._waiting):
            await self.keep(name, self._waiting.get(name))

    async def _put(self, name: str, value: Any) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if value is None:
                    await self._preferences.remove(PREFIX + name)
                else:
                    await self._preferences.set(PREFIX + name, json.dumps(value))
        except (TimeoutError, RuntimeError) as error:
            raise NotKept(name) from error
        if self._waiting.get(name) is value:
            del self._waiting[name]
