"""What a member bought, in every store: the figures, and the orders behind them."""

from typing import Any

import flet as ft

from staff_app.i18n import Words
from staff_app.money import money
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.order_row import OrderRow
from staff_app.ui.parts import card, named, quiet, row_of, skeleton


@ft.component
def Purchases() -> ft.Control:
    till = use_till()
    t = use_words(till)
    person = use(till.person)
    shown: list[ft.Control] = [_figures(t, (person.member or {}).get("purchases") or {})]
    if person.orders is None:
        shown.append(skeleton(3))
    elif not person.orders:
        shown.append(ft.Text(t("never_bought"), color=ft.Colors.ON_SURFACE_VARIANT))
    else:
        shown += [OrderRow(order, "/customers/member", key=order["id"]) for order in person.orders]
    if person.orders_after:
        shown.append(quiet("more-purchases", t("show_more"), till.member_work.more_purchases))
    return ft.Column(shown, spacing=4, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _figures(t: Words, purchases: dict[str, Any]) -> ft.Control:
    if not purchases.get("count"):
        return ft.Container(height=0)
    currency = purchases["currency"]
    rows = [
        row_of(t("spent_total"), money(int(purchases["spentMinor"]), currency), strong=True),
        row_of(t("times"), str(purchases["count"])),
        row_of(t("average"), money(int(purchases["averageMinor"]), currency)),
        row_of(t("last_on"), purchases["lastOn"] or ""),
    ]
    if purchases["favouriteCategories"]:
        rows.append(row_of(t("likes"), t("comma").join(purchases["favouriteCategories"][:3])))
    return named("purchase-figures", card(*rows, spacing=6))
