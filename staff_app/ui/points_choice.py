"""How many points pay: all of them, so many that round yuan come of it, or as many as are typed."""

import flet as ft

from staff_app import theme
from staff_app.money import count, money
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import pane
from staff_app.ui.keypad import keypad
from staff_app.ui.parts import named, note, primary, quiet

NAMES = {
    "all": "points_all", "round_value": "points_round_value", "round_rest": "points_round_rest",
}  # fmt: skip


@ft.component
def PointsChoice() -> ft.Control:
    till = use_till()
    t = use_words(till)
    payment = use(till.payment)
    checkout, currency = till.checkout, till.desk.currency
    most, _ = checkout.points_offer()
    points, value = checkout.points_chosen
    figure = ft.Text(
        t("points_are", points=count(points), amount=money(value, currency)),
        size=theme.TITLE, weight=ft.FontWeight.BOLD, text_align=ft.TextAlign.CENTER,
    )  # fmt: skip
    chips: list[ft.Control] = [
        named(
            f"points-{kind.replace('_', '-')}",
            ft.Chip(
                label=f"{t(NAMES[kind])} {count(offered)}",
                selected=payment.points == str(offered),
                show_checkmark=False,
                padding=ft.Padding.symmetric(horizontal=6, vertical=13),
                on_select=lambda _event, offered=offered: checkout.choose_points(offered),
            ),
        )
        for kind, offered in checkout.points_choices()
    ]
    body: list[ft.Control] = [
        ft.Text(t("points_in_payment"), text_align=ft.TextAlign.CENTER),
        named("points-chosen", figure),
        ft.Text(
            t("points_at_most", points=count(most)), size=theme.SMALL,
            color=ft.Colors.ON_SURFACE_VARIANT, text_align=ft.TextAlign.CENTER,
        ),
        ft.Row(chips, wrap=True, spacing=8, alignment=ft.MainAxisAlignment.CENTER),
        *([note(t("points_too_many"), "stop")] if points > most else []),
        ft.Container(expand=True),
    ]  # fmt: skip
    text = t("use_points", points=count(points), amount=money(value, currency))
    back = quiet("leave-points", t("back"), lambda: checkout.choose_points(None))
    foot = [
        ft.Row([back], alignment=ft.MainAxisAlignment.CENTER),
        keypad(t, checkout.press_points),
        primary("use-chosen-points", text, checkout.use_chosen_points, not value),
    ]
    return pane(body, foot, margin=0)
