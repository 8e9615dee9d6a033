"""The receipt: what was sold, how it was paid, the balances as they will be, and when they are."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words, either
from staff_app.money import count, money
from staff_app.screens.pay import NAMES
from staff_app.state import Receipt as ReceiptState
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen
from staff_app.ui.parts import amount, card, empty, named, primary, row_of


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
        _head(t, order, currency),
        card(*_lines(t, language, order, currency)),
        card(*_tenders(t, order, currency), spacing=6),
    ]
    if order["memberId"]:
        cards.insert(1, _balances(t, receipt, currency))
    column = ft.Column(
        cards,
        spacing=12,
        expand=True,
        scroll=ft.ScrollMode.AUTO,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    head = bar(t("receipt_number", number=order["receiptNumber"] or ""))
    return screen("/receipt", head, [column], [button])


def _head(t: Words, order: dict[str, Any], currency: str) -> ft.Control:
    """Paid, and the change: the one thing the hand does now."""
    change = int(order["changeMinor"])
    shown: list[ft.Control] = [
        ft.Row(
            [
                ft.Icon(ft.Icons.CHECK_CIRCLE, color=theme.GREEN, size=28),
                ft.Text(t("paid"), size=theme.TITLE, weight=ft.FontWeight.BOLD),
                amount(int(order["totalMinor"]), currency, theme.TITLE),
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
                        ft.Text(t("change"), size=theme.TITLE),
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


def _balances(t: Words, receipt: ReceiptState, currency: str) -> ft.Control:
    order, booked = receipt.order or {}, receipt.booked
    member = receipt.member or {}
    state, icon, tint = t("booking"), ft.Icons.SCHEDULE, theme.AMBER
    if booked:
        state, icon, tint = t("booked"), ft.Icons.CHECK_CIRCLE_OUTLINE, theme.GREEN
    elif receipt.given_up:
        state = t("booking_late")
    earned = booked["pointsEarned"] if booked else order["pointsExpected"]
    rows = [row_of(t("points_expected"), f"+{count(earned)}")]
    held = order["balances"]
    if booked:
        wallet = int(booked["walletAfterMinor"])
        rows.append(row_of(t("points_after"), count(booked["pointsAfter"]), strong=True))
        rows.append(row_of(t("wallet_after"), money(wallet, currency)))
    elif held:
        wallet = int(held["walletPrincipalMinor"]) + int(held["walletBonusMinor"])
        after = held["points"] + order["pointsExpected"]
        rows.append(row_of(t("points_after"), count(after), strong=True))
        rows.append(row_of(t("wallet_after"), money(wallet, currency)))
    title = ft.Row(
        [
            ft.Text(
                member.get("name", t("balances")), weight=ft.FontWeight.BOLD, expand=True,
                no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS,
            ),
            ft.Icon(icon, size=18, color=tint),
            named(
                "booking",
                ft.Text(state, size=theme.SMALL, weight=ft.FontWeight.BOLD, color=tint),
            ),
        ],
        spacing=6,
    )  # fmt: skip
    return named("balances", card(title, *rows, spacing=6))


def _lines(t: Words, language: str, order: dict[str, Any], currency: str) -> list[ft.Control]:
    lines = [_line(line, currency) for line in order["lines"]]
    promotions = [
        row_of(
            either(language, promotion["nameZh"], promotion["nameEn"]),
            ft.Text(money(-int(promotion["discountMinor"]), currency), color=theme.GREEN),
        )
        for promotion in order["promotions"]
    ]
    total = amount(int(order["totalMinor"]), currency, theme.TITLE)
    return [*lines, *promotions, ft.Divider(height=1), row_of(t("total"), total, strong=True)]


def _line(line: dict[str, Any], currency: str) -> ft.Control:
    """What it cost before promotions: they follow, so that the column adds up."""
    return ft.Row(
        [
            ft.Column(
                [
                    ft.Text(line["name"], max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
                    ft.Text(
                        f"{line['colour']} · {line['size']} × {line['quantity']}",
                        size=theme.SMALL,
                        color=ft.Colors.ON_SURFACE_VARIANT,
                    ),
                ],
                spacing=0,
                expand=True,
            ),
            amount(int(line["listMinor"]), currency, weight=ft.FontWeight.NORMAL),
        ]
    )


def _tenders(t: Words, order: dict[str, Any], currency: str) -> list[ft.Control]:
    rows: list[ft.Control] = []
    for tender in order["tenders"]:
        name = t(NAMES[tender["kind"]])
        if tender["points"]:
            name = f"{name}（{count(tender['points'])}）"
        rows.append(row_of(name, amount(int(tender["amountMinor"]), currency)))
        if tender["givenMinor"] and tender["givenMinor"] != tender["amountMinor"]:
            given = amount(int(tender["givenMinor"]), currency, weight=ft.FontWeight.NORMAL)
            rows.append(row_of(t("given"), given))
    if int(order["changeMinor"]):
        rows.append(row_of(t("change"), amount(int(order["changeMinor"]), currency)))
    return rows or [ft.Text(t("free"))]
