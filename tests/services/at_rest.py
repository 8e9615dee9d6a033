"""A version since which nothing is told: transactions of other tests, in the same cluster, hold it
back for as long as they run, and what was written meanwhile is told again."""

import time
from collections.abc import Callable
from typing import Any

SECONDS = 30


def at_rest(ask: Callable[[str | None], Any], version: str | None = None) -> str:
    """`ask(version)` answers with a `version`, and `items` or `levels` that have changed since."""
    end = time.monotonic() + SECONDS
    while True:
        told = ask(version)
        if version is not None and not (getattr(told, "items", None) or _levels(told)):
            return version
        version = told.version
        assert time.monotonic() < end, "something runs for ever"


def _levels(told: Any) -> Any:
    return getattr(told, "levels", None)
