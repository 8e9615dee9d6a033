"""What survives a reload: one small interface, and the device's own store behind it.

Kept as JSON text under names of our own. In a browser this is localStorage; a till that holds a
price list will bring another implementation, and nothing else changes.
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


class Storage(Protocol):
    """A value is anything JSON can say; None removes it."""

    async def read(self, name: str) -> Any: ...

    async def write(self, name: str, value: Any) -> None:
        """Raises `NotKept`."""

    async def keep(self, name: str, value: Any) -> None:
        """Like `write`, for what is only convenient to have: never raises."""

    async def flush(self) -> None:
        """Write what could not be written while the device was away."""


class DeviceStorage:
    """ft.SharedPreferences. The device may be away at any time: writes are remembered until then,
    in the order in which they were made, the last of each name."""

    def __init__(self, preferences: ft.SharedPreferences) -> None:
        self._preferences = preferences
        self._waiting: dict[str, Any] = {}
        self._turn = asyncio.Lock()

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
