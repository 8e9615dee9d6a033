"""An order in a list: when and to whom, what, for how much, and whether it still stands."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.money import money
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import amount, figures, list_row


@ft.component
def OrderRow(order: dict[str, Any], back_to: str = "/orders") -> ft.Control:
    till = use_till()
    t = use_words(till)
    currency = order["currency"]
    opened = (use(till.returning).order or {}).get("id") == order["id"]
    chosen = opened and till.layout.wide and back_to == "/orders"
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

    return list_row(
        f"order-{order['receiptNumber']}", ft.Row([left, figures(*right)]), choose, chosen
    )


def _state(text: str) -> ft.Control:
    return ft.Text(text, size=theme.TINY, color=theme.AMBER, weight=ft.FontWeight.BOLD)
