"""What a till keeps in the browser: IndexedDB, encrypted with a key that a sign-in unlocks.

The store itself is `web/vault.js`; it takes and gives JSON text.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from staff_app.storage import Locked, NobodyKnown, NotKept, WrongPin

OPEN_NAMES = ("device", "preferences")
"""What can be read before anybody signs in: whose device this is, and in which language to ask."""

log = logging.getLogger(__name__)


class VaultStorage:
    """`ask(call, *arguments)` calls the store and raises `OSError` with what it said; `is_open`
    says whether it was unlocked before a reload."""

    def __init__(self, ask: Callable[..., Awaitable[Any]], is_open: bool) -> None:
        self._call = ask
        self._open = is_open
        self._turn = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def holds_much(self) -> bool:
        return True

    async def read(self, name: str) -> Any:
        return (await self.read_all([name]))[name]

    async def read_all(self, names: list[str]) -> dict[str, Any]:
        texts = await self._ask("get", names)
        return {
            name: json.loads(text) if text else None
            for name, text in zip(names, texts, strict=True)
        }

    async def write(self, name: str, value: Any) -> None:
        await self.write_all({name: value})

    async def write_all(self, values: dict[str, Any]) -> None:
        pairs = [
            [name, None if value is None else json.dumps(value, separators=(",", ":"))]
            for name, value in values.items()
        ]
        async with self._turn:  # to encrypt takes its time: what was said last is kept last
            await self._ask("put", pairs)

    async def keep(self, name: str, value: Any) -> None:
        try:
            await self.write(name, value)
        except NotKept as error:
            log.warning("%s is not kept: %s", name, error)

    async def flush(self) -> None:
        return None

    async def unlock(self, number: str, pin: str, storage_key: str) -> None:
        await self._ask("unlock", number, pin, storage_key)
        self._open = True

    async def unlock_alone(self, number: str, pin: str) -> None:
        outcome = await self._ask("unlockAlone", number, pin)
        if outcome.get("unknown"):
            raise NobodyKnown(number)
        if not outcome.get("opened"):
            raise WrongPin(outcome["left"])
        self._open = True

    async def limit_alone(self, tries: int, days: int) -> None:
        await self._ask("limitAlone", tries, days)

    async def lock(self) -> None:
        self._open = False
        try:
            await self._ask("lock")
        except NotKept as error:
            log.warning("the session's key is still there: %s", error)

    async def _ask(self, call: str, *given: Any) -> Any:
        try:
            return await self._call(call, *given)
        except OSError as error:  # whatever a browser says: full, closed, private
            raise (Locked if "locked" in str(error) else NotKept)(str(error)) from error
