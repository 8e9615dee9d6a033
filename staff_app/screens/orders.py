"""Orders: of today, by receipt, by member; beside them, where there is room, the one tapped."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.ui.code_field import CodeField
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, head, place
from staff_app.ui.order_pane import OrderPane
from staff_app.ui.order_row import OrderRow
from staff_app.ui.parts import empty, icon_button, named, note, quiet, skeleton


@ft.component
def Orders() -> ft.Control:
    till = use_till()
    t = use_words(till)
    orders = use(till.orders)
    wide = use(till.layout).wide

    async def look_up(text: str) -> None:
        await till.orders_work.look_up(text)
        found = till.orders.found or []
        if len(found) == 1 and found[0]["receiptNumber"] == text.strip().upper():
            await till.open_order(found[0])

    ft.on_mounted(till.orders_work.today)
    field = CodeField("order-query", t("orders_hint"), look_up, orders.query, key=orders.of)
    row: list[ft.Control] = [field]
    if orders.query or orders.of:
        row.append(
            icon_button("orders-today", ft.Icons.CLOSE, t("orders_today"), till.orders_work.today)
        )
    title = t("orders_of", name=orders.of) if orders.of else t("orders_today")
    body: list[ft.Control] = [
        ft.Row(row, spacing=4),
        ft.Text(title, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT),
        _found(t, till, orders),
    ]
    if orders.refusal:
        body.insert(1, note(in_words(till, orders.refusal), "stop"))
    top = head("/orders", t("orders"), back=None if wide else BackTo("/home"))
    return place(top, body, aside=OrderPane() if wide else None)


def _found(t: Words, till: Any, orders: Any) -> ft.Control:
    if orders.searching and not orders.found:
        return skeleton()
    if orders.people:
        return _people(t, till, orders.people)
    if not orders.found:
        text = t("orders_not_found") if orders.of or orders.query else t("orders_none")
        return empty(ft.Icons.RECEIPT_LONG_OUTLINED, text)
    rows: list[ft.Control] = [OrderRow(order, key=order["id"]) for order in orders.found]
    if orders.after:
        rows.append(quiet("orders-more", t("show_more"), till.orders_work.more))
    return ft.ListView(rows, expand=True, spacing=0)


def _people(t: Words, till: Any, people: list[dict[str, Any]]) -> ft.Control:
    rows: list[ft.Control] = [ft.Text(t("which_member"), weight=ft.FontWeight.BOLD)]
    for member in people:

        async def choose(member: dict[str, Any] = member) -> None:
            await till.orders_work.of(member)

        rows.append(
            named(
                f"orders-of-{member['cardCode']}",
                ft.ListTile(
                    title=member["name"], subtitle=member["phoneMasked"], on_click=choose,
                    leading=ft.Icon(ft.Icons.PERSON_OUTLINE),
                ),
            )
        )  # fmt: skip
    return ft.ListView(rows, expand=True, spacing=0)
