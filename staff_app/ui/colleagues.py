"""Who works here: one of them, or anybody."""

from collections.abc import Callable
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import named


@ft.component
def Colleagues(chosen: str, choose: Callable[[str], Any], with_me: bool = True) -> ft.Control:
    """`choose` gets the id of the one that was tapped, and nothing for anybody."""
    till = use_till()
    t = use_words(till)
    tasks = use(till.tasks)
    own = (till.desk.staff or {}).get("id", "")
    names = {"": t("whole_store")}
    if with_me:
        names[own] = t("myself")
    names |= {each["id"]: each["name"] for each in tasks.colleagues if each["id"] != own}
    return ft.Row(
        [
            named(
                f"for-{id_ or 'anybody'}",
                ft.Chip(
                    label=ft.Text(name, size=theme.BODY),
                    selected=id_ == chosen,
                    show_checkmark=False,
                    padding=ft.Padding.symmetric(horizontal=8, vertical=13),
                    on_select=lambda _event, id_=id_: choose(id_),
                ),
            )
            for id_, name in names.items()
        ],
        wrap=True,
        spacing=8,
        run_spacing=8,
    )
