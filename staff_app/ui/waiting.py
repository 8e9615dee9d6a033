"""A sale without an answer yet: what is known, what happens now, what one can do."""

import flet as ft

from staff_app import theme
from staff_app.money import count
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import amount, note, secondary
from staff_app.work.outbox import kind_of, minor_of, points_of


@ft.component
def WaitingSale(sale_id: str) -> ft.Control:
    """Also a return, a top-up or points that are spent."""
    till = use_till()
    t = use_words(till)
    unsent = use(till.unsent)
    sale = next((known for known in unsent.sales if known["id"] == sale_id), None)
    if sale is None:
        return ft.Container()

    async def next_sale() -> None:
        if kind == "sale":
            await till.checkout.go_on()
        else:
            state.waiting = ""
        till.go("/")

    kind, points = kind_of(sale), points_of(sale)
    state = {"sale": till.payment, "return": till.returning, "top_up": till.top_up,
             "redeem": till.mall}[kind]  # fmt: skip
    on_its_way = unsent.sending == sale_id or state.busy
    silent = {"sale": "unsent_one", "return": "return_waiting", "top_up": "top_up_waiting",
              "redeem": "redeem_waiting"}[kind]  # fmt: skip
    ring = ft.ProgressRing(width=44, height=44, stroke_width=4)
    inside: list[ft.Control] = [
        ring if on_its_way else ft.Icon(ft.Icons.CLOUD_UPLOAD_OUTLINED, size=48),
        ft.Text(
            t("sending") if on_its_way else t(silent),
            size=theme.TITLE,
            weight=ft.FontWeight.BOLD,
        ),
        amount(minor_of(sale), till.desk.currency, theme.LARGE)
        if points is None
        else ft.Text(t("count_points", count=count(points)), size=theme.LARGE),
    ]
    if not state.busy:
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
