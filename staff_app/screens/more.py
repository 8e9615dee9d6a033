"""More: who is signed in, which device this is, and the language."""

import flet as ft

from staff_app.i18n import NAMES
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import bar, screen
from staff_app.ui.parts import card, named, primary, row_of


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
            card(row_of(t("language"), Language())),
            ft.Container(expand=True),
        ],
        [primary("hand-over", t("sign_out"), till.desk_work.sign_out)],
        tab="more",
    )


@ft.component
def Language() -> ft.Control:
    till = use_till()
    chosen = use(till.preferences).language

    async def choose(event: ft.ControlEvent) -> None:
        await till.desk_work.choose_language(next(iter(event.control.selected), chosen))

    return named(
        "language",
        ft.SegmentedButton(
            segments=[ft.Segment(value=key, label=name) for key, name in NAMES.items()],
            selected=[chosen],
            show_selected_icon=False,
            on_change=choose,
        ),
    )
