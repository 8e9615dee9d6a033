"""Who is at work, in the bar of every screen that the ways through the app lead to."""

import flet as ft

from staff_app import theme
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import named

LONGEST = 8


@ft.component
def PersonMenu() -> ft.Control:
    """A tap hands the device over: the next one picks the own name, and types the PIN."""
    till = use_till()
    t = use_words(till)
    name = (use(till.desk).staff or {}).get("name", "")
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return named(
        "hand-over",
        ft.TextButton(
            content=ft.Text(short, no_wrap=True),
            icon=ft.Icons.SWITCH_ACCOUNT_OUTLINED,
            height=theme.TARGET,
            tooltip=t("hand_over"),
            on_click=till.hand_over,
        ),
    )
