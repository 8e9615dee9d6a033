"""What a receipt lists: pieces, promotions, and how it was paid."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words, either
from staff_app.money import count, money
from staff_app.ui.parts import amount, row_of

NAMES = {
    "CASH": "cash", "CARD": "card", "CODE": "code",
    "POINTS": "tender_points", "WALLET": "tender_wallet",
}  # fmt: skip


def piece_text(line: dict[str, Any], details: str) -> ft.Control:
    """The name of a piece, and below it what tells it from others of its name."""
    return ft.Column(
        [
            ft.Text(line["name"], max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            ft.Text(details, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT),
        ],
        spacing=0,
        expand=True,
    )


def sold_line(line: dict[str, Any], currency: str) -> ft.Control:
    """What it cost before promotions: they follow, so that the column adds up."""
    return ft.Row(
        [
            piece_text(line, f"{line['colour']} · {line['size']} × {line['quantity']}"),
            amount(int(line["listMinor"]), currency, weight=ft.FontWeight.NORMAL),
        ]
    )


def sums(t: Words, language: str, order: dict[str, Any], currency: str) -> list[ft.Control]:
    """What was taken off, and what came of it."""
    promotions: list[ft.Control] = [
        row_of(
            either(language, promotion["nameZh"], promotion["nameEn"]),
            ft.Text(money(-int(promotion["discountMinor"]), currency), color=theme.GREEN),
        )
        for promotion in order["promotions"]
    ]
    total = amount(int(order["totalMinor"]), currency, theme.TITLE)
    return [*promotions, ft.Divider(height=1), row_of(t("total"), total, strong=True)]


def tenders(t: Words, order: dict[str, Any], currency: str) -> list[ft.Control]:
    rows: list[ft.Control] = []
    for tender in order["tenders"]:
        name = t(NAMES[tender["kind"]])
        if tender["returnId"]:
            name = t("carried", tender=name)
        if tender["points"]:
            name = f"{name}（{count(tender['points'])}）"
        rows.append(row_of(name, amount(int(tender["amountMinor"]), currency)))
        if tender["givenMinor"] and tender["givenMinor"] != tender["amountMinor"]:
            given = amount(int(tender["givenMinor"]), currency, weight=ft.FontWeight.NORMAL)
            rows.append(row_of(t("given"), given))
    if int(order["changeMinor"]):
        rows.append(row_of(t("change"), amount(int(order["changeMinor"]), currency)))
    return rows or [ft.Text(t("free"))]


def refunds(
    t: Words, given: list[dict[str, Any]], currency: str, carried: bool = False
) -> list[ft.Control]:
    """What goes back to which payment; of an exchange, what is not `carried` over."""
    rows: list[ft.Control] = []
    for refund in given:
        back = int(refund["amountMinor"]) - (int(refund["carriedMinor"]) if carried else 0)
        if not back:
            continue
        if refund["kind"] == "POINTS":
            name = t("points_back", count=count(refund["points"] or 0))
        elif refund["kind"] == "WALLET":
            name = t("wallet_back")
        else:
            name = t("to_tender", tender=t(NAMES[refund["kind"]]))
        rows.append(row_of(name, amount(back, currency)))
    return rows
