"""First run: a code from the store manager makes this device one of the store's."""

import flet as ft

from staff_app import theme
from staff_app.client import Refused, Unreachable
from staff_app.storage import NotKept
from staff_app.ui.context import in_words, use_till, use_words
from staff_app.ui.frame import LanguageButton, bar, screen
from staff_app.ui.keypad import keypad
from staff_app.ui.parts import edge, named, note, primary

SHORTEST, LONGEST = 8, 12


@ft.component
def Activate() -> ft.View:
    till = use_till()
    t = use_words(till)
    code, set_code = ft.use_state("")
    trouble, set_trouble = ft.use_state("")
    busy, set_busy = ft.use_state(False)

    def press(key: str) -> None:
        set_trouble("")
        set_code(lambda known: known[:-1] if key == "back" else (known + key)[:LONGEST])

    async def activate() -> None:
        if busy or len(code) < SHORTEST:
            return
        set_busy(True)
        try:
            await till.desk_work.activate(code)
        except Refused as refused:
            set_trouble(in_words(till, refused))
            set_code("")
        except (Unreachable, NotKept):
            set_trouble(t("no_answer"))
        finally:
            set_busy(False)

    field = ft.TextField(
        value=code,
        label=t("activation_code"),
        text_size=theme.LARGE,
        text_align=ft.TextAlign.CENTER,
        border=edge(),
        keyboard_type=ft.KeyboardType.NONE,
        input_filter=ft.NumbersOnlyInputFilter(),
        max_length=LONGEST,
        counter=ft.Container(width=0, height=0),
        autofocus=True,
        on_change=lambda e: set_code(e.control.value or ""),
        on_submit=activate,
    )
    return screen(
        "/activate",
        bar("Chainstitch", [LanguageButton()]),
        [
            ft.Container(expand=True),
            ft.Text(
                t("activate_title"), size=theme.LARGE, weight=ft.FontWeight.BOLD,
                text_align=ft.TextAlign.CENTER,
            ),
            ft.Text(
                t("activate_hint"), color=ft.Colors.ON_SURFACE_VARIANT,
                text_align=ft.TextAlign.CENTER,
            ),
            named("activation-code", field),
            note(trouble, "stop") if trouble else ft.Container(height=0),
            ft.Container(expand=True),
            keypad(t, press),
        ],
        [primary("activate", t("activate"), activate, len(code) < SHORTEST, busy)],
    )  # fmt: skip
