"""The receipt: what was sold, how it was paid, the balances as they will be, and when they are."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.money import count, money
from staff_app.state import Receipt as ReceiptState
from staff_app.ui.alone_receipt import AloneReceipt
from staff_app.ui.balances import after_booking, balances
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import amount, card, empty, named, primary, row_of
from staff_app.ui.receipt_actions import ReceiptActions
from staff_app.ui.receipt_lines import refunds, sold_line, sums, tenders
from staff_app.work.returning import money_back


@ft.component
def Receipt() -> ft.View:
    till = use_till()
    t = use_words(till)
    receipt = use(till.receipt)
    button = primary("next-sale", t("next_sale"), lambda: till.go("/"))
    order = receipt.order
    if order is None:
        nothing = empty(ft.Icons.RECEIPT_LONG_OUTLINED, t("no_receipt"))
        return screen("/receipt", bar(t("receipt"), back=BackTo("/")), [nothing], [button])
    language, currency = till.preferences.language, order["currency"]
    cards: list[ft.Control] = [
        _head(t, order, currency, receipt.exchange),
        card(
            *(sold_line(line, currency) for line in order["lines"]),
            *sums(t, language, order, currency),
        ),
        card(*tenders(t, order, currency), spacing=6),
    ]
    if receipt.exchange:
        cards.insert(1, _given_back(t, receipt.exchange, order, currency))
    if order["status"] == "OFFLINE":
        cards.insert(1, AloneReceipt(order))
    elif order["memberId"]:
        cards.insert(1, _balances(t, receipt, currency))
    if order["status"] != "OFFLINE":  # it is printed by the server, which has yet to hear of it
        cards.append(ReceiptActions({"orderId": order["id"]}, order["receiptNumber"], "/receipt"))
    column = scrolling(cards)
    title = t("receipt_number", number=order["receiptNumber"])
    head = bar(title if order["receiptNumber"] else t("receipt_on_its_way"))
    return screen("/receipt", head, [column], [button])


def _head(
    t: Words, order: dict[str, Any], currency: str, exchange: dict[str, Any] | None
) -> ft.Control:
    """Paid, and the change or what an exchange gives back: the one thing the hand does now."""
    change, name = int(order["changeMinor"]), t("change")
    rest = money_back(exchange) - int(order["totalMinor"])
    if exchange and rest > 0:
        change, name = rest, t("difference_back")
    carried = [int(each["amountMinor"]) for each in order["tenders"] if each["returnId"]]
    title, paid = t("exchanged") if exchange else t("paid"), int(order["totalMinor"]) - sum(carried)
    figure = [amount(paid, currency, theme.TITLE)] if paid or not exchange else []
    shown: list[ft.Control] = [
        ft.Row(
            [
                ft.Icon(ft.Icons.CHECK_CIRCLE, color=theme.GREEN, size=28),
                ft.Text(title, size=theme.TITLE, weight=ft.FontWeight.BOLD),
                *figure,
            ],
            alignment=ft.MainAxisAlignment.CENTER,
            spacing=8,
        )
    ]
    if change:
        shown.append(
            named(
                "receipt-change",
                ft.Row(
                    [
                        ft.Text(name, size=theme.TITLE),
                        amount(change, currency, theme.HUGE, color=theme.GREEN),
                    ],
                    alignment=ft.MainAxisAlignment.CENTER,
                    spacing=12,
                ),
            )
        )
    return named(
        "paid",
        ft.Column(shown, spacing=4, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
    )


def _given_back(
    t: Words, exchange: dict[str, Any], order: dict[str, Any], currency: str
) -> ft.Control:
    """Of an exchange: what came back, and what the customer gets of it."""
    rows = refunds(t, exchange.get("given", []), currency, carried=True)
    rest = money_back(exchange) - int(order["totalMinor"])
    if rest > 0 and not rows:
        rows = [row_of(t("difference_back"), amount(rest, currency))]
    worth = money(int(exchange["refundMinor"]), currency)
    title = t("exchange_back", count=exchange["pieces"], amount=worth)
    head = ft.Text(title, weight=ft.FontWeight.BOLD)
    return named("exchanged", card(head, *rows, spacing=6))


def _balances(t: Words, receipt: ReceiptState, currency: str) -> ft.Control:
    order, booked = receipt.order or {}, receipt.booked
    earned = booked["pointsEarned"] if booked else order["pointsExpected"]
    after, held = after_booking(booked), order["balances"]
    if held and not booked:
        wallet = int(held["walletPrincipalMinor"]) + int(held["walletBonusMinor"])
        after = (held["points"] + order["pointsExpected"], wallet)
    return balances(
        t, (receipt.member or {}).get("name"), [row_of(t("points_expected"), f"+{count(earned)}")],
        after, currency, bool(booked), receipt.given_up,
    )  # fmt: skip
