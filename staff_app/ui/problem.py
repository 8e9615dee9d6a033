"""Why a payment did not become a sale: what happened, whether anything was booked, what to do."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.money import money
from staff_app.state import Problem
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.parts import amount, card, named, note, primary, row_of, secondary


@ft.component
def ProblemPanel() -> ft.Control:
    till = use_till()
    t = use_words(till)
    problem = use(till.payment).problem
    if problem is None:
        return ft.Container()
    currency = till.desk.currency

    def again() -> None:
        till.checkout.begin()

    def change_basket() -> None:
        till.checkout.begin()
        till.go("/")

    async def without_coupon() -> None:
        till.checkout.begin()
        await till.basket_work.remove_coupon(problem.coupon)

    async def without_member() -> None:
        till.checkout.begin()
        await till.basket_work.attach(None)

    back = secondary("change-basket", t("change_basket"), change_basket)
    if problem.code == "PRICE_CHANGED" and problem.new_minor:
        inside = _new_price(t, problem, currency)
        accept = t("accept_price", amount=money(problem.new_minor, currency))
        button = primary("accept-price", accept, till.checkout.accept_new_price)
    elif problem.code == "NOT_KEPT":
        inside = [note(t("not_kept"), "stop")]
        button = primary("try-again", t("try_again"), again)
    elif problem.code == "OUT_OF_STOCK":
        inside = _out_of_stock(t, in_words(till, problem), problem)
        button = primary("change-basket", t("change_basket"), change_basket)
        back = ft.Container(height=0)
    elif problem.coupon:
        inside = [note(in_words(till, problem), "stop"), ft.Text(t("nothing_booked"))]
        text = t("without_coupon", code=problem.coupon)
        button = primary("without-coupon", text, without_coupon)
    elif problem.code == "UNKNOWN_MEMBER":
        inside = [note(in_words(till, problem), "stop"), ft.Text(t("nothing_booked"))]
        button = primary("without-member", t("without_member"), without_member)
    else:
        inside = [note(in_words(till, problem), "stop"), ft.Text(t("nothing_booked"))]
        button = primary("try-again", t("try_again"), again)
    title = t("price_changed") if problem.code == "PRICE_CHANGED" else t("not_sold")
    return ft.Column(
        [
            named(
                "problem",
                ft.Column(
                    [ft.Text(title, size=theme.TITLE, weight=ft.FontWeight.BOLD), *inside],
                    spacing=12,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                ),
            ),
            ft.Container(expand=True),
            ft.Row([back], alignment=ft.MainAxisAlignment.CENTER),
            ft.Container(button, padding=ft.Padding.only(bottom=theme.MARGIN)),
        ],
        expand=True,
        spacing=8,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _new_price(t: Words, problem: Problem, currency: str) -> list[ft.Control]:
    was = amount(
        problem.old_minor, currency, theme.TITLE, ft.FontWeight.NORMAL,
        ft.Colors.ON_SURFACE_VARIANT, struck=True,
    )  # fmt: skip
    return [
        card(
            row_of(t("price_was"), was),
            row_of(t("price_is"), amount(problem.new_minor, currency, theme.LARGE), strong=True),
        ),
        note(t("price_changed_hint")),
    ]


def _out_of_stock(t: Words, said: str, problem: Problem) -> list[ft.Control]:
    shown: list[ft.Control] = [note(said, "stop"), ft.Text(t("nothing_booked"))]
    if problem.elsewhere:
        rows: list[Any] = [
            row_of(name, t("available", count=available)) for name, available in problem.elsewhere
        ]
        shown.append(card(ft.Text(t("elsewhere"), weight=ft.FontWeight.BOLD), *rows))
    else:
        shown.append(ft.Text(t("nowhere"), color=ft.Colors.ON_SURFACE_VARIANT))
    return shown
