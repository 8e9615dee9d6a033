"""Which printer receipts come out of; a manager can say another, and try it."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.state import Printer
from staff_app.ui.attempt import use_attempt
from staff_app.ui.choice import choice
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import card, edge, named, row_of, secondary, switch
from staff_app.work.desk import manages
from staff_app.work.printer import LETTERS, PAPERS


@ft.component
def PrinterForm() -> ft.Control:
    till = use_till()
    t = use_words(till)
    state, desk = use(till.printer), use(till.desk)
    attempt = use_attempt()
    ft.on_mounted(till.printer_work.open)
    inside: list[ft.Control] = [_in_force(t, state)]
    if not manages(desk.staff):
        hint = t("printer_for_manager")
        inside.append(ft.Text(hint, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT))
        return card(*inside)

    def saved() -> None:
        attempt.say("")
        till.say("printer_saved")

    def printed() -> None:
        attempt.say("")
        till.say("printed")

    async def save() -> None:
        await attempt.make(till.printer_work.save, saved)

    async def test() -> None:
        await attempt.make(till.printer_work.test, printed)

    inside += [*_form(t, till, state), *attempt.note]
    inside.append(secondary("printer-save", t("printer_save"), save, ft.Icons.SAVE_OUTLINED))
    if state.printer:
        inside.append(secondary("printer-test", t("printer_test"), test, ft.Icons.PRINT_OUTLINED))
    return card(*inside)


def _in_force(t: Words, state: Printer) -> ft.Control:
    said = t("printer_none") if state.known else "…"
    if state.printer:
        whose = t("printer_of_device" if state.printer["deviceId"] else "printer_of_store")
        said = f"{state.printer['address']} · {whose}"
    return named("printer", row_of(t("printer"), said, strong=True))


def _form(t: Words, till: Any, state: Printer) -> list[ft.Control]:
    work = till.printer_work

    def chosen(name: str) -> Any:
        async def choose(value: str) -> None:
            work.change(**{name: value})

        return choose

    async def whose(value: str) -> None:
        work.change(own=value == "device")

    field = ft.TextField(
        value=state.address,
        label=t("printer_address"),
        hint_text="192.168.1.50",
        border=edge(),
        keyboard_type=ft.KeyboardType.URL,
        on_change=lambda e: work.change(address=e.control.value or ""),
    )
    owners = {"store": t("printer_of_store"), "device": t("printer_of_device")}
    papers = {paper: t(f"paper_{paper.lower()}") for paper in PAPERS}
    letters = {each: t(f"letters_{each.lower()}") for each in LETTERS}

    def open_drawer(event: Any) -> None:
        work.change(drawer=bool(event.control.value))

    return [
        choice("printer-owner", owners, "device" if state.own else "store", whose),
        ft.Row([ft.Container(named("printer-address", field), expand=True)]),
        row_of(t("printer_paper"), choice("paper", papers, state.paper, chosen("paper"))),
        row_of(t("printer_letters"), choice("letters", letters, state.letters, chosen("letters"))),
        switch("printer-drawer", t("printer_drawer"), state.drawer, open_drawer),
    ]
