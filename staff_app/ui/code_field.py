"""A field for codes: what a scanner types into it or past it, and what a hand types."""

from collections.abc import Awaitable, Callable
from typing import Any

import flet as ft

from staff_app.ui.camera import CameraButton
from staff_app.ui.parts import edge, named
from staff_app.ui.scanner import use_scanner


@ft.component
def CodeField(
    identifier: str, hint: str, on_code: Callable[[str], Awaitable[None]], keeps: str | None = None
) -> ft.Control:
    """`on_code` gets what was entered. With `keeps` it stays in the field, else that is empty for
    the next one."""
    text, set_text = ft.use_state(keeps or "")
    listens = ft.use_ref(False)

    async def entered(event: Any) -> None:
        code = (event.data or event.control.value or "").strip()
        if keeps is None:
            set_text("")
        await on_code(code)

    def gained() -> None:
        listens.current = True

    def lost() -> None:
        listens.current = False

    use_scanner(on_code, lambda: bool(listens.current))
    field = ft.TextField(
        value=text,
        hint_text=hint,
        prefix_icon=ft.Icons.QR_CODE_SCANNER,
        border=edge(),
        on_change=lambda e: set_text(e.control.value or ""),
        on_submit=entered,
        on_focus=gained,
        on_blur=lost,
    )
    row = [ft.Container(named(identifier, field), expand=True), CameraButton(on_code)]
    return ft.Container(ft.Row(list(row), spacing=4), expand=True)
