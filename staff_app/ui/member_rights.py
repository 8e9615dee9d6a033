"""The way to what a person may ask for: their data out, and to be erased. For managers."""

import flet as ft

from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import card, named, secondary
from staff_app.work.desk import manages


@ft.component
def RightsCard() -> ft.Control:
    till = use_till()
    t = use_words(till)
    if not manages(use(till.desk).staff):
        return ft.Container(height=0)
    ways = ft.Row(
        [
            secondary("data-out", t("data_out"), lambda: till.go("/customers/data-out"),
                      ft.Icons.DOWNLOAD),
            secondary("erase", t("erase"), lambda: till.go("/customers/erase"),
                      ft.Icons.PERSON_REMOVE_OUTLINED),
        ],
        wrap=True,
        spacing=8,
        run_spacing=8,
    )  # fmt: skip
    return named("rights", card(ft.Text(t("rights"), weight=ft.FontWeight.BOLD), ways))
