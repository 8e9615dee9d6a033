"""One order on a screen of its own: the receipt, and what of it comes back."""

import flet as ft

from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen
from staff_app.ui.order_pane import OrderPane


@ft.component
def OrderScreen() -> ft.View:
    till = use_till()
    t = use_words(till)
    state = use(till.returning)
    return screen(
        "/orders/order", bar(t("receipt"), back=BackTo(state.back_to)), [OrderPane(margin=0)]
    )
