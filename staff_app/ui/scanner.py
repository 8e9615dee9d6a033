"""A keyboard-wedge scanner that types while no field listens: its code is not lost."""

import time
from collections.abc import Awaitable, Callable

import flet as ft

from staff_app.ui.page_keys import use_page_keys

PAUSE_SECONDS = 0.6
"""A scanner is faster than a hand: after a longer pause a new code begins."""
LONGEST = 64


def use_scanner(
    on_code: Callable[[str], Awaitable[None]], field_listens: Callable[[], bool]
) -> None:
    """Give `on_code` what was typed before Enter, unless a field took it."""
    latest = ft.use_ref(None)
    latest.current = (on_code, field_listens)
    heard_so_far = ft.use_ref(lambda: ["", 0.0])

    async def heard(event: ft.KeyboardEvent) -> None:
        use, listens = latest.current
        entry = heard_so_far.current
        if listens():
            entry[0] = ""
            return
        now = time.monotonic()
        if now - entry[1] > PAUSE_SECONDS:
            entry[0] = ""
        entry[1] = now
        key = event.key.removeprefix("Numpad ")
        if key == "Enter" and entry[0]:
            code, entry[0] = entry[0], ""
            await use(code)
        elif len(key) == 1 and (key.isalnum() or key == "-"):
            entry[0] = (entry[0] + key.upper())[-LONGEST:]

    use_page_keys(heard)
