"""An order in a list: when and to whom, what, for how much, and whether it still stands."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.money import money
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import amount, named


@ft.component
def OrderRow(order: dict[str, Any], back_to: str = "/orders") -> ft.Control:
    till = use_till()
    t = use_words(till)
    currency = order["currency"]
    chosen = till.layout.wide and (use(till.returning).order or {}).get("id") == order["id"]
    name = (order["member"] or {}).get("name") or t("walk_in")
    pieces = t("comma").join(line["name"] for line in order["lines"][:2])
    at = clock.sold_at(order, till.desk.store)
    right: list[ft.Control] = [amount(int(order["totalMinor"]), currency)]
    if order["status"] != "PLACED":
        right.append(_state(t("state_voided")))
    elif int(order["returnedMinor"]):
        back = money(int(order["returnedMinor"]), currency)
        right.append(_state(t("state_returned", amount=back)))
    left = ft.Column(
        [
            ft.Text(f"{at} · {name}", max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            ft.Text(
                f"{order['receiptNumber']} · {pieces}", size=theme.SMALL, max_lines=1,
                color=ft.Colors.ON_SURFACE_VARIANT, overflow=ft.TextOverflow.ELLIPSIS,
            ),
        ],
        spacing=2,
        expand=True,
        alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip

    async def choose() -> None:
        await till.open_order(order, back_to)

    figures = ft.Column(
        right, spacing=2, tight=True, horizontal_alignment=ft.CrossAxisAlignment.END
    )
    return named(
        f"order-{order['receiptNumber']}",
        ft.Container(
            ft.Row([left, figures]),
            ink=True,
            height=72,
            border_radius=8,
            bgcolor=ft.Colors.PRIMARY_CONTAINER if chosen else None,
            padding=ft.Padding.symmetric(horizontal=8),
            on_click=choose,
        ),
    )


def _state(text: str) -> ft.Control:
    return ft.Text(text, size=theme.TINY, color=theme.AMBER, weight=ft.FontWeight.BOLD)
