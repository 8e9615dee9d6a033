"""What of an order has come back before: each return with its sum, and its receipt once more."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import amount, card, named
from staff_app.ui.receipt_actions import ReceiptActions
from staff_app.ui.receipt_lines import refunds


@ft.component
def PastReturns(back_to: str) -> ft.Control:
    till = use_till()
    past = use(till.returning).past
    cards: list[ft.Control] = [PastReturn(each, back_to, key=each["id"]) for each in past]
    return ft.Column(cards, spacing=12, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


@ft.component
def PastReturn(back: dict[str, Any], back_to: str) -> ft.Control:
    till = use_till()
    t = use_words(till)
    number, currency = back["receiptNumber"], back["currency"]
    head = ft.Row(
        [
            ft.Text(t("return_number", number=number), weight=ft.FontWeight.BOLD, expand=True),
            amount(-int(back["refundMinor"]), currency),
        ]
    )
    said = f"{clock.at(back['returnedAt'], till.desk.store)} · {back['reason']}"
    when = ft.Text(said, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT)
    again = ReceiptActions({"returnId": back["id"]}, number, back_to, again=True, name=number)
    shown = card(head, when, *refunds(t, back["refunds"], currency), again, spacing=6)
    return named(f"past-{number}", shown)
