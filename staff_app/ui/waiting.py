"""A sale without an answer yet: what is known, what happens now, what one can do."""

import flet as ft

from staff_app import theme
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import amount, note, secondary
from staff_app.work.outbox import is_return


@ft.component
def WaitingSale(sale_id: str) -> ft.Control:
    """Also a return without an answer."""
    till = use_till()
    t = use_words(till)
    unsent = use(till.unsent)
    sale = next((known for known in unsent.sales if known["id"] == sale_id), None)
    if sale is None:
        return ft.Container()

    async def next_sale() -> None:
        if back:
            till.returning_work.go_on()
        else:
            await till.checkout.go_on()
        till.go("/")

    back = is_return(sale)
    busy = till.returning.busy if back else till.payment.busy
    on_its_way = unsent.sending == sale_id or busy
    told = sale["input"]["refundMinor" if back else "totalMinor"]
    ring = ft.ProgressRing(width=44, height=44, stroke_width=4)
    inside: list[ft.Control] = [
        ring if on_its_way else ft.Icon(ft.Icons.CLOUD_UPLOAD_OUTLINED, size=48),
        ft.Text(
            t("sending") if on_its_way else t("return_waiting" if back else "unsent_one"),
            size=theme.TITLE,
            weight=ft.FontWeight.BOLD,
        ),
        amount(int(told), till.desk.currency, theme.LARGE),
    ]
    if not busy:
        inside += [
            note(t("unsent_hint")),
            secondary("send-now", t("send_now"), till.outbox.wake, ft.Icons.REFRESH),
            secondary("next-meanwhile", t("next_meanwhile"), next_sale, ft.Icons.ARROW_FORWARD),
        ]
    return ft.Container(
        expand=True,
        alignment=ft.Alignment.CENTER,
        padding=8,
        content=ft.Column(
            inside,
            tight=True,
            spacing=16,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        ),
    )
