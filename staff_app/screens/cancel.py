"""A sale of today is undone by a manager: the amount large, a reason, then it is gone."""

import flet as ft

from staff_app import theme
from staff_app.client import Refused, SignedOut, Unreachable
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen
from staff_app.ui.parts import amount, empty, named, note, primary
from staff_app.ui.reasons import Reasons

ROUTE = "/orders/cancel"
REASONS = ("cancel_mistake", "cancel_regret")


@ft.component
def Cancel() -> ft.View:
    till = use_till()
    t = use_words(till)
    order = use(till.returning).order
    reason, set_reason = ft.use_state("")
    trouble, set_trouble = ft.use_state("")
    busy, set_busy = ft.use_state(False)
    head = bar(t("cancel_order"), back=BackTo("/orders/order"))
    if order is None or order["status"] != "PLACED":
        to_orders = primary("to-orders", t("to_orders"), lambda: till.go("/orders"))
        gone = empty(ft.Icons.BLOCK, t("order_cancelled"))
        return screen(ROUTE, head, [gone], [to_orders])

    async def cancel() -> None:
        if busy or not reason:
            return
        set_busy(True)
        try:
            await till.cancel(order, t(reason))
        except Refused as refused:
            set_trouble(in_words(till, refused))
        except (Unreachable, SignedOut):
            set_trouble(t("no_answer"))
        finally:
            set_busy(False)

    centred = ft.MainAxisAlignment.CENTER
    body: list[ft.Control] = [
        ft.Text(order["receiptNumber"] or "", text_align=ft.TextAlign.CENTER),
        ft.Row([amount(int(order["totalMinor"]), order["currency"], theme.HUGE)],
               alignment=centred),
        note(t("cancel_hint")),
        ft.Text(t("why_cancel"), weight=ft.FontWeight.BOLD),
        Reasons(REASONS, reason, set_reason),
    ]  # fmt: skip
    if trouble:
        body.append(named("trouble", note(trouble, "stop")))
    button = primary("confirm-cancel", t("cancel_order"), cancel, not reason, busy)
    return screen(ROUTE, head, [*body, ft.Container(expand=True)], [button])
