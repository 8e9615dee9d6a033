"""Settings: language and look, the printer, what this device can do without network, what it and
this version are, sign out."""

import flet as ft

from staff_app import VERSION, theme
from staff_app.i18n import NAMES
from staff_app.ui.alone_card import AloneCard
from staff_app.ui.choice import choice
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import card, primary, row_of
from staff_app.ui.printer_form import PrinterForm


@ft.component
def Settings() -> ft.View:
    till = use_till()
    t = use_words(till)
    desk = use(till.desk)
    device, staff = desk.device or {}, desk.staff or {}
    store = (desk.store or {}).get("name") or device.get("storeName", "")
    shown: list[ft.Control] = [
        card(row_of(t("language"), Language()), row_of(t("appearance"), Look())),
        PrinterForm(),
        AloneCard(),
        card(
            ft.Text(t("about"), weight=ft.FontWeight.BOLD),
            row_of(t("who_works"), f"{staff.get('name', '')} · {staff.get('number', '')}"),
            row_of(t("this_device"), f"{store} · {device.get('deviceCode', '')}"),
            row_of(t("version"), f"Chainstitch {VERSION}"),
            spacing=6,
        ),
    ]
    head = bar(t("settings"), back=BackTo("/more"))
    return screen(
        "/settings",
        head,
        [scrolling(shown)],
        [primary("sign-out", t("sign_out"), till.hand_over)],
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
