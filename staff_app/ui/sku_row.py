"""A piece that was found: what it is, what it costs, whether it is here."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.ui.context import use_till, use_words
from staff_app.ui.parts import amount, figures, list_row


@ft.component
def SkuRow(sku: dict[str, Any]) -> ft.Control:
    till = use_till()
    t = use_words(till)

    async def add() -> None:
        till.finding.close_search()
        await till.basket_work.add(sku)

    here = sku["available"] > 0
    stock = t("available", count=sku["available"]) if here else t("none_available")
    what = ft.Column(
        [
            ft.Text(sku["name"], max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            ft.Text(
                f"{sku['colour']} · {sku['size']} · {sku['code']}",
                size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT,
                max_lines=1, overflow=ft.TextOverflow.ELLIPSIS,
            ),
        ],
        spacing=2,
        expand=True,
        alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    there = ft.Text(stock, size=theme.TINY, color=theme.GREEN if here else ft.Colors.ERROR)
    right = figures(amount(int(sku["priceMinor"]), sku["currency"]), there)
    return list_row(f"sku-{sku['code']}", ft.Row([what, right]), add)
