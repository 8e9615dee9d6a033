"""One press of a button that asks the gateway for something, and what stood in its way."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import flet as ft

from staff_app.client import Refused, SignedOut, Unreachable
from staff_app.ui.context import in_words, use_till, use_words
from staff_app.ui.parts import named, note


@dataclass(frozen=True)
class Attempt:
    """`make` does the work unless it is being done, and then what follows it."""

    trouble: str
    busy: bool
    make: Callable[[Callable[[], Awaitable[Any]], Callable[[], Any]], Awaitable[None]]
    say: Callable[[str], None]

    @property
    def note(self) -> list[ft.Control]:
        return [named("trouble", note(self.trouble, "stop"))] if self.trouble else []


def use_attempt() -> Attempt:
    till = use_till()
    t = use_words(till)
    trouble, set_trouble = ft.use_state("")
    busy, set_busy = ft.use_state(False)

    async def make(work: Callable[[], Awaitable[Any]], done: Callable[[], Any]) -> None:
        if busy:
            return
        set_busy(True)
        try:
            await work()
        except Refused as refused:
            set_trouble(in_words(till, refused))
        except (Unreachable, SignedOut):
            set_trouble(t("no_answer"))
        else:
            done()
        finally:
            set_busy(False)

    return Attempt(trouble, busy, make, set_trouble)
