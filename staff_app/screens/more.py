"""More: what is not done many times a day, and who hands the device over."""

from typing import Any

import flet as ft

from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import head, place
from staff_app.ui.parts import card, named, primary, row_of
from staff_app.work.desk import is_of_hq, manages

WAYS: tuple[tuple[str, Any], ...] = (
    ("performance", ft.Icons.INSIGHTS),
    ("settings", ft.Icons.SETTINGS_OUTLINED),
)
"""The screens that are reached from here: the word for each; with dashes, its route."""

MANAGERS_WAYS: tuple[tuple[str, Any], ...] = (("duplicates", ft.Icons.PEOPLE_OUTLINE),)
WAYS_OF_HQ: tuple[tuple[str, Any], ...] = (("offline_rule", ft.Icons.WIFI_OFF),)


@ft.component
def More() -> ft.Control:
    till = use_till()
    t = use_words(till)
    desk = use(till.desk)
    device, staff = desk.device or {}, desk.staff or {}
    store = (desk.store or {}).get("name") or device.get("storeName", "")
    ways = WAYS + (MANAGERS_WAYS if manages(staff) else ())
    ways += WAYS_OF_HQ if is_of_hq(staff) else ()
    return place(
        head("/more", t("more_title")),
        [
            card(
                row_of(t("who_works"), f"{staff.get('name', '')} · {staff.get('number', '')}"),
                row_of(t("this_device"), f"{store} · {device.get('deviceCode', '')}"),
            ),
            *(_way(till, name, t(name), icon) for name, icon in ways),
            ft.Container(expand=True),
        ],
        [primary("sign-out", t("sign_out"), till.hand_over)],
    )


def _way(till: Any, name: str, title: str, icon: Any) -> ft.Control:
    way = name.replace("_", "-")

    def go() -> None:
        till.performance.back_to = "/more"
        till.go(f"/{way}")

    tile = ft.ListTile(
        title=title,
        leading=ft.Icon(icon),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT),
        min_height=72,
        on_click=go,
    )
    return named(way, tile)
