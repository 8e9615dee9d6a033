"""One of a few, side by side."""

from collections.abc import Awaitable, Callable
from typing import Any

import flet as ft

from staff_app.ui.parts import named


def choice(
    identifier: str, names: dict[str, str], chosen: str, choose: Callable[[str], Awaitable[Any]]
) -> ft.Control:
    async def change(event: Any) -> None:
        await choose(next(iter(event.control.selected), chosen))

    return named(
        identifier,
        ft.SegmentedButton(
            segments=[ft.Segment(value=key, label=name) for key, name in names.items()],
            selected=[chosen],
            show_selected_icon=False,
            on_change=change,
        ),
    )
