"""What the demo has to remember in the state folder: demo.json, for its owner alone.

`anchor` is the moment the ninety days end at, and `secret` what PINs and passwords are made from;
both are chosen once, so that a run after a killed one sends the same again. Tests find here how to
sign in: `stores` with devices and clients, `staff`, `members`, `coupon`.
"""

import fcntl
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from infra.state import State, write_private


class Notes:
    def __init__(self, state: State) -> None:
        self._path = state.folder / "demo.json"
        self._lock = state.folder / "demo.lock"
        self.values: dict[str, Any] = {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One `demo` at a time fills the chain; the next finds it filled."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._read()
            yield

    def keep(self, **values: Any) -> None:
        self.values |= values
        write_private(self._path, json.dumps(self.values, indent=2, ensure_ascii=False) + "\n")

    @property
    def done(self) -> bool:
        return bool(self.values.get("done"))

    @property
    def anchor(self) -> datetime:
        return datetime.fromisoformat(self.values["anchor"])

    @property
    def secret(self) -> str:
        return str(self.values["secret"])

    def _read(self) -> None:
        if self._path.exists():
            self.values = json.loads(self._path.read_text())
        else:
            now = datetime.now(UTC).replace(second=0, microsecond=0)
            self.keep(anchor=now.isoformat(), secret=secrets.token_hex(16), done=False)
