"""Our own keypad: three by four, big enough for a thumb, the same on every screen."""

import inspect
from collections.abc import Callable
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.ui.page_keys import use_page_keys

KEY_HEIGHT = 58
_ROWS = (("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9"))


def keypad(t: Words, on_key: Callable[[str], Any], double_zero: bool = False) -> ft.Control:
    """`on_key` gets a digit, ``00`` (where amounts are typed), or ``back``."""
    last = ("00" if double_zero else "", "0", "back")
    rows = [*_ROWS, last]
    return ft.Column(
        [ft.Row([_key(t, key, on_key) for key in row], spacing=8) for row in rows],
        spacing=8,
    )


def _key(t: Words, key: str, on_key: Callable[[str], Any]) -> ft.Control:
    if not key:
        return ft.Container(expand=True, height=KEY_HEIGHT)
    face: ft.Control = ft.Text(key, size=theme.TITLE, weight=ft.FontWeight.NORMAL)
    if key == "back":
        face = ft.Icon(ft.Icons.BACKSPACE_OUTLINED, size=22, semantics_label=t("key_back"))

    async def press() -> None:
        pressed = on_key(key)
        if inspect.isawaitable(pressed):
            await pressed

    button = ft.FilledTonalButton(
        content=face,
        height=KEY_HEIGHT,
        expand=True,
        on_click=press,
        style=ft.ButtonStyle(
            shape=ft.RoundedRectangleBorder(radius=theme.CORNER),
            bgcolor=ft.Colors.SURFACE_CONTAINER_HIGH,
            color=ft.Colors.ON_SURFACE,
            elevation=0,
            padding=0,
        ),
    )
    return ft.Semantics(identifier=f"key-{key}", content=ft.Row([button]), expand=True)


def use_keys(
    on_key: Callable[[str], Any], on_enter: Callable[[], Any], active: Callable[[], bool]
) -> None:
    """The keys of a real keyboard, where no field listens to them. `active` is asked at each key:
    what is drawn may be some keys behind."""
    latest = ft.use_ref(None)
    latest.current = (on_key, on_enter, active)

    async def heard(event: ft.KeyboardEvent) -> None:
        press, enter, listening = latest.current
        key = event.key.removeprefix("Numpad ")
        if not listening():
            return
        done = None
        if len(key) == 1 and key.isdecimal():
            done = press(key)
        elif key == "Backspace":
            done = press("back")
        elif key == "Enter":
            done = enter()
        if inspect.isawaitable(done):
            await done

    use_page_keys(heard)


def dots(entered: int) -> ft.Control:
    """A PIN as it is typed: how many, never which."""
    shown = max(entered, 4)
    return ft.Row(
        [
            ft.Container(
                width=14, height=14, border_radius=7,
                bgcolor=ft.Colors.PRIMARY if at < entered else ft.Colors.OUTLINE_VARIANT,
            )
            for at in range(shown)
        ],
        alignment=ft.MainAxisAlignment.CENTER,
        spacing=14,
        height=24,
    )  # fmt: skip
