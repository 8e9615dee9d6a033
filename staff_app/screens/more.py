"""More: who is signed in, which device this is, the language and the look."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import NAMES, Words
from staff_app.ui.choice import choice
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import bar, screen
from staff_app.ui.parts import card, primary, row_of, secondary


@ft.component
def More() -> ft.View:
    till = use_till()
    t = use_words(till)
    desk = use(till.desk)
    device, staff = desk.device or {}, desk.staff or {}
    store = (desk.store or {}).get("name") or device.get("storeName", "")
    return screen(
        "/more",
        bar(t("more_title")),
        [
            card(
                row_of(t("who_works"), f"{staff.get('name', '')} · {staff.get('number', '')}"),
                row_of(t("this_device"), f"{store} · {device.get('deviceCode', '')}"),
            ),
            card(row_of(t("language"), Language()), row_of(t("appearance"), Look())),
            _ways(t, till),
            ft.Container(expand=True),
        ],
        [primary("hand-over", t("sign_out"), till.desk_work.sign_out)],
        tab="more",
    )


def _ways(t: Words, till: Any) -> ft.Control:
    """The screens that are reached from here."""
    return secondary(
        "performance", t("performance"), lambda: till.go("/performance"), ft.Icons.INSIGHTS
    )


@ft.component
def Language() -> ft.Control:
    till = use_till()
    chosen = use(till.preferences).language
    return choice("language", dict(NAMES), chosen, till.desk_work.choose_language)


@ft.component
def Look() -> ft.Control:
    till = use_till()
    t = use_words(till)
    chosen = use(till.preferences).look
    names = {look: t(f"look_{look}") for look in theme.LOOKS}
    return choice("look", names, chosen, till.desk_work.choose_look)
