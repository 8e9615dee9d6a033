"""One tap says why: the reasons a shop knows, each a chip."""

from collections.abc import Callable

import flet as ft

from staff_app import theme
from staff_app.ui.context import use_till, use_words
from staff_app.ui.parts import named


@ft.component
def Reasons(keys: tuple[str, ...], chosen: str, choose: Callable[[str], None]) -> ft.Control:
    """`keys` are words of the catalogue; `choose` gets the one that was tapped."""
    till = use_till()
    t = use_words(till)
    return ft.Row(
        [
            named(
                key.replace("_", "-"),
                ft.Chip(
                    label=ft.Text(t(key), size=theme.BODY),
                    selected=key == chosen,
                    show_checkmark=False,
                    padding=ft.Padding.symmetric(horizontal=8, vertical=13),
                    on_select=lambda _event, key=key: choose(key),
                ),
            )
            for key in keys
        ],
        wrap=True,
        spacing=8,
        run_spacing=8,
    )
