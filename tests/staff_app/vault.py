"""A browser's store that is made up: it opens, locks and counts tries as `web/vault.js` does. What
the real one encrypts is told by a test in a browser (tests/e2e/test_till.py)."""

import asyncio
from typing import Any

from staff_app.browser.storage import OPEN_NAMES, VaultStorage

STORAGE_KEY = "a2V5"


class Vault:
    """One device. `storage()` is a page that was loaded on it; `full` takes nothing any more,
    `slow` are the seconds that the next writes take."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.pins: dict[str, dict[str, Any]] = {}
        self.key = ""
        self.open = False
        self.full = False
        self.limits = (5, 7)
        self.slow: list[float] = []
        self.written: list[list[str]] = []

    def storage(self) -> VaultStorage:
        return VaultStorage(self.ask, self.open)

    def restart(self) -> None:
        """The window was closed: the key of its session has gone."""
        self.open = False

    async def ask(self, call: str, *given: Any) -> Any:
        await asyncio.sleep(self.slow.pop(0) if call == "put" and self.slow else 0)
        return getattr(self, call)(*given)

    def get(self, names: list[str]) -> list[str | None]:
        self._check(names)
        return [self.values.get(name) for name in names]

    def put(self, pairs: list[list[Any]]) -> None:
        self._check([name for name, text in pairs if text is not None])
        if self.full:
            raise OSError("QuotaExceededError")
        self.written.append([name for name, _ in pairs])
        for name, text in pairs:
            if text is None:
                self.values.pop(name, None)
            else:
                self.values[name] = text

    def unlock(self, number: str, pin: str, storage_key: str) -> None:
        if self.key not in ("", storage_key):
            raise OSError("kept under another key")
        self.key, self.open = storage_key, True
        self.pins[number] = {"pin": pin, "tries": self.limits[0]}

    def limitAlone(self, tries: int, days: int) -> None:  # noqa: N802
        self.limits = (tries, days)

    def unlockAlone(self, number: str, pin: str) -> dict[str, Any]:  # noqa: N802
        known = self.pins.get(number)
        if known is None:
            return {"unknown": True}
        known["tries"] -= 1
        if known["pin"] != pin:
            if known["tries"] == 0:
                del self.pins[number]
            return {"left": known["tries"]}
        known["tries"], self.open = self.limits[0], True
        return {"opened": True}

    def lock(self) -> None:
        self.open = False

    def _check(self, names: list[str]) -> None:
        if not self.open and any(name not in OPEN_NAMES for name in names):
            raise OSError("Error: locked")
