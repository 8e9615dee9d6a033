"""The goods that come back with this sale, in sight above the basket."""

import flet as ft

from staff_app import theme
from staff_app.money import money
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import icon_button, named


@ft.component
def ExchangeStrip() -> ft.Control:
    till = use_till()
    t = use_words(till)
    exchange = use(till.basket).exchange
    if exchange is None:
        return ft.Container(height=0)

    async def undo() -> None:
        await till.basket_work.exchange(exchange)

    async def leave() -> None:
        await till.basket_work.exchange(None)
        till.say("exchange_left", undo=undo)

    worth = money(int(exchange["refundMinor"]), till.desk.currency)
    said = ft.Column(
        [
            ft.Text(
                t("exchange_of", number=exchange["receiptNumber"]),
                weight=ft.FontWeight.BOLD, color=theme.AMBER,
            ),
            ft.Text(
                t("exchange_back", count=exchange["pieces"], amount=worth),
                size=theme.SMALL, color=theme.AMBER,
            ),
        ],
        spacing=0,
        expand=True,
    )  # fmt: skip
    close = icon_button(
        "leave-exchange", ft.Icons.CLOSE, t("exchange_leave"), leave, color=theme.AMBER
    )
    return named(
        "exchange-strip",
        ft.Container(
            content=ft.Row([ft.Icon(ft.Icons.SWAP_HORIZ, color=theme.AMBER), said, close]),
            bgcolor=theme.AMBER_TINT,
            border_radius=theme.CORNER,
            padding=ft.Padding.only(left=14, top=4, bottom=4, right=4),
        ),
    )
