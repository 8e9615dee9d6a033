"""Payment: the amount large, what it is paid with, and one button that says what will happen."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.money import count, money
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen
from staff_app.ui.keypad import keypad
from staff_app.ui.parts import amount, edge, icon_button, named, note, primary, quiet, row_of
from staff_app.ui.points_choice import PointsChoice
from staff_app.ui.problem import ProblemPanel
from staff_app.ui.receipt_lines import NAMES
from staff_app.ui.refund_reference import refund_reference
from staff_app.ui.waiting import WaitingSale

KINDS = ("CASH", "CARD", "CODE")


@ft.component
def Pay() -> ft.View:
    till = use_till()
    t = use_words(till)
    payment, pricing, basket = use(till.payment), use(till.pricing), use(till.basket)
    unsent = use(till.unsent)
    currency = till.desk.currency
    head = bar(t("payment"), back=BackTo("/"))
    known = any(sale["id"] == payment.waiting for sale in unsent.sales)
    if payment.waiting and known:
        return screen("/pay", bar(t("payment")), [WaitingSale(payment.waiting)])
    if payment.problem:
        return screen("/pay", head, [ProblemPanel()])
    if not basket.lines or pricing.quote is None:
        return screen("/pay", head, [ft.Container(expand=True)], [_next(t, till)])
    if payment.points is not None:
        return screen("/pay", head, [PointsChoice()])
    return screen(
        "/pay",
        head,
        [
            ft.Column(
                [
                    _amounts(t, till, currency),
                    _taken(t, till, payment, currency),
                    _offers(t, till, currency),
                ],
                expand=True,
                scroll=ft.ScrollMode.AUTO,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            )
        ],
        [*_entry(t, till, payment, currency), _button(t, till, payment, currency)],
    )


def _amounts(t: Words, till: Any, currency: str) -> ft.Control:
    split = bool(till.payment.tenders)
    label, now = t("still_due") if split else t("to_pay"), till.checkout.due_minor
    if till.checkout.rest_minor:
        label, now = t("difference_back"), till.checkout.rest_minor
    shown: list[ft.Control] = [
        ft.Row(
            [
                ft.Text(label, color=ft.Colors.ON_SURFACE_VARIANT),
                amount(now, currency, theme.HUGE),
            ],
            alignment=ft.MainAxisAlignment.CENTER,
            spacing=12,
        ),
    ]
    carried = till.checkout.carried_minor
    if split or carried:
        said = f"{t('total')} {money(till.checkout.total_minor, currency)}"
        if carried:
            said = f"{said} · {t('exchange_pays')} {money(carried, currency)}"
        shown.append(
            ft.Text(
                said,
                size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT,
                text_align=ft.TextAlign.CENTER,
            )
        )  # fmt: skip
    return named(
        "due",
        ft.Column(shown, spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
    )


def _taken(t: Words, till: Any, payment: Any, currency: str) -> ft.Control:
    rows: list[ft.Control] = []
    for at, tender in enumerate(payment.tenders):
        name = t(NAMES[tender["kind"]])
        if tender.get("points"):
            name = t("points_count", count=count(tender["points"]))

        def undo(tender: dict[str, Any] = tender) -> None:
            till.checkout.take_back(tender)

        rows.append(
            ft.Row(
                [
                    ft.Icon(ft.Icons.CHECK, size=18, color=theme.GREEN),
                    ft.Text(name, expand=True),
                    amount(int(tender["amountMinor"]), currency),
                    icon_button(
                        f"take-back-{at}", ft.Icons.CLOSE, t("take_back", tender=name), undo
                    ),
                ],
                height=theme.TARGET,
            )
        )
    return ft.Column(rows, spacing=0)


def _offers(t: Words, till: Any, currency: str) -> ft.Control:
    """What the member could pay with, each one tap away."""
    rows: list[ft.Control] = []
    points, value = till.checkout.points_offer()
    if points:
        text = t("use_points", points=count(points), amount=money(value, currency))
        choose = quiet("choose-points", t("choose_points"), till.checkout.begin_points)
        rows.append(_offer(t, "use-points", ft.Icons.STARS, text, till.checkout.use_points, choose))
    wallet = till.checkout.wallet_offer()
    if wallet:
        text = t("use_wallet", amount=money(wallet, currency))
        icon = ft.Icons.ACCOUNT_BALANCE_WALLET_OUTLINED
        rows.append(_offer(t, "use-wallet", icon, text, till.checkout.use_wallet))
    return ft.Column(rows, spacing=8)


def _offer(
    t: Words, identifier: str, icon: Any, text: str, use_it: Any, choose: ft.Control | None = None
) -> ft.Control:
    return ft.Container(
        content=ft.Row(
            [
                ft.Icon(icon, color=ft.Colors.ON_PRIMARY_CONTAINER, size=20),
                ft.Text(text, expand=True, color=ft.Colors.ON_PRIMARY_CONTAINER),
                *([choose] if choose else []),
                quiet(identifier, t("use"), use_it),
            ],
            spacing=4,
        ),
        bgcolor=ft.Colors.PRIMARY_CONTAINER,
        border_radius=theme.CORNER,
        padding=ft.Padding.only(left=14, right=4, top=2, bottom=2),
    )


def _entry(t: Words, till: Any, payment: Any, currency: str) -> list[ft.Control]:
    asked: list[ft.Control] = [
        refund_reference(t, refund, payment.refund_references, currency)
        for refund in till.checkout.to_terminals
    ]
    if till.checkout.due_minor == 0:
        return asked
    kinds = ft.SegmentedButton(
        segments=[ft.Segment(value=kind, label=t(NAMES[kind])) for kind in KINDS],
        selected=[payment.kind],
        show_selected_icon=False,
        on_change=lambda e: till.checkout.choose(next(iter(e.control.selected), "CASH")),
    )
    label = t("given") if payment.kind == "CASH" else t("amount")
    typed = amount(
        till.checkout.entered_minor, currency, theme.LARGE,
        color=None if payment.entry else ft.Colors.OUTLINE,
    )  # fmt: skip
    rows: list[ft.Control] = [
        named("kinds", kinds),
        named("entered", row_of(label, typed)),
    ]
    if till.checkout.change_minor:
        change = amount(till.checkout.change_minor, currency, theme.LARGE, color=theme.GREEN)
        rows.append(named("change", row_of(t("change"), change, strong=True)))
    if payment.kind != "CASH":
        rows.append(_reference(t, payment))
    if till.checkout.lacks == "amount" and payment.entry:
        rows.append(note(t("too_much"), "stop"))
    rows.append(keypad(t, till.checkout.press, double_zero=True))
    return rows


def _reference(t: Words, payment: Any) -> ft.Control:
    def change(event: Any) -> None:
        payment.reference = (event.control.value or "")[:100]

    return named(
        "reference",
        ft.TextField(
            value=payment.reference,
            label=t("reference"),
            border=edge(),
            dense=True,
            on_change=change,
        ),
    )


def _button(t: Words, till: Any, payment: Any, currency: str) -> ft.Control:
    lacks = till.checkout.lacks
    if till.checkout.takes_it_all:
        text = _completes(t, till, currency)
        if lacks == "reference":
            text = t("needs_reference")
        if lacks == "refund":
            text = t("needs_refund_reference")
        return primary("pay", text, till.pay, bool(lacks), payment.busy)
    text = t(
        "put_towards",
        tender=t(NAMES[payment.kind]),
        amount=money(till.checkout.entered_minor, currency),
    )
    return primary("pay", text, till.checkout.take_part, bool(lacks))


def _completes(t: Words, till: Any, currency: str) -> str:
    """What the last press does, and how much money changes hands."""
    checkout = till.checkout
    if till.basket.exchange:
        return difference(t, checkout, currency)
    if checkout.total_minor == 0:
        return t("free")
    return t("take_payment", amount=money(checkout.due_minor or checkout.total_minor, currency))


def difference(t: Words, checkout: Any, currency: str) -> str:
    """Of an exchange: what is to be paid, given back, or neither."""
    if checkout.rest_minor:
        return t("refund_difference", amount=money(checkout.rest_minor, currency))
    if checkout.due_minor:
        return t("pay_difference", amount=money(checkout.due_minor, currency))
    return t("exchange_even")


def _next(t: Words, till: Any) -> ft.Control:
    return primary("next-sale", t("next_sale"), lambda: till.go("/"))
