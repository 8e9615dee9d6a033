"""A sale of today is undone by a manager: the amount large, a reason, then it is gone."""

import flet as ft

from staff_app import theme
from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen
from staff_app.ui.parts import amount, empty, note, primary
from staff_app.ui.reasons import Reasons

ROUTE = "/orders/cancel"
REASONS = ("cancel_mistake", "cancel_regret")


@ft.component
def Cancel() -> ft.View:
    till = use_till()
    t = use_words(till)
    order = use(till.returning).order
    reason, set_reason = ft.use_state("")
    attempt = use_attempt()
    head = bar(t("cancel_order"), back=BackTo("/orders/order"))
    if order is None or order["status"] != "PLACED":
        to_orders = primary("to-orders", t("to_orders"), lambda: till.go("/orders"))
        gone = empty(ft.Icons.BLOCK, t("order_cancelled"))
        return screen(ROUTE, head, [gone], [to_orders])

    async def cancel() -> None:
        if reason:
            await attempt.make(lambda: till.cancel(order, t(reason)), lambda: None)

    centred = ft.MainAxisAlignment.CENTER
    body: list[ft.Control] = [
        ft.Text(order["receiptNumber"] or "", text_align=ft.TextAlign.CENTER),
        ft.Row([amount(int(order["totalMinor"]), order["currency"], theme.HUGE)],
               alignment=centred),
        note(t("cancel_hint")),
        ft.Text(t("why_cancel"), weight=ft.FontWeight.BOLD),
        Reasons(REASONS, reason, set_reason),
    ]  # fmt: skip
    body += attempt.note
    button = primary("confirm-cancel", t("cancel_order"), cancel, not reason, attempt.busy)
    return screen(ROUTE, head, [*body, ft.Container(expand=True)], [button])
