"""Goods come back: the sum large, where it goes, why; then what was given back."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.money import count, money
from staff_app.state import Returning
from staff_app.ui.balances import after_booking, balances
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import (
    amount,
    card,
    edge,
    empty,
    named,
    note,
    primary,
    row_of,
    secondary,
)
from staff_app.ui.reasons import Reasons
from staff_app.ui.receipt_actions import ReceiptActions
from staff_app.ui.receipt_lines import piece_text, refunds
from staff_app.ui.refund_reference import refund_reference
from staff_app.ui.waiting import WaitingSale
from staff_app.work.returning import REASON_LONGEST

REASONS = ("reason_size", "reason_taste", "reason_quality", "reason_other")
ROUTE = "/orders/return"


@ft.component
def GiveBack() -> ft.View:
    till = use_till()
    t = use_words(till)
    state, unsent = use(till.returning), use(till.unsent)
    if state.waiting and any(sale["id"] == state.waiting for sale in unsent.sales):
        return screen(ROUTE, bar(t("return")), [WaitingSale(state.waiting)])
    if state.receipt:
        return _done(t, till, state)
    order, quote = state.order, state.quote
    head = bar(t("return"), back=BackTo("/orders/order"))
    if order is None or quote is None:
        nothing = empty(ft.Icons.RECEIPT_LONG_OUTLINED, t("choose_order"))
        to_orders = primary("to-orders", t("to_orders"), lambda: till.go("/orders"))
        return screen(ROUTE, head, [nothing], [to_orders])
    body = scrolling(
        [
            _sum(t("refund"), int(quote["refundMinor"]), order["currency"]),
            _where(t, quote, order),
            _why(t, state),
            *_references(t, till, state, order["currency"]),
            *_trouble(t, till, state),
        ]
    )
    return screen(ROUTE, head, [body], _buttons(t, till, quote, order["currency"]))


def _buttons(t: Words, till: Any, quote: dict[str, Any], currency: str) -> list[ft.Control]:
    lacks = till.returning_work.lacks
    text = t("give_back", amount=money(int(quote["refundMinor"]), currency))
    if lacks == "reason":
        text = t("needs_reason")
    elif lacks == "reference":
        text = t("needs_refund_reference")
    instead = secondary("exchange", t("take_instead"), till.exchange, ft.Icons.SWAP_HORIZ)
    unready = lacks in ("quote", "reason")
    shown: list[ft.Control] = []
    if not unready and not till.basket.exchange:
        shown.append(ft.Row([instead], alignment=ft.MainAxisAlignment.CENTER))
    give = primary("give-back", text, till.give_back, bool(lacks), till.returning.busy)
    return [*shown, give]


def _sum(label: str, minor: int, currency: str) -> ft.Control:
    return named(
        "refund",
        ft.Row(
            [
                ft.Text(label, color=ft.Colors.ON_SURFACE_VARIANT),
                amount(minor, currency, theme.HUGE),
            ],
            alignment=ft.MainAxisAlignment.CENTER,
            spacing=12,
        ),
    )


def _where(t: Words, quote: dict[str, Any], order: dict[str, Any]) -> ft.Control:
    """To which payment, points taken back, coupon that can be used again."""
    currency = order["currency"]
    rows = refunds(t, quote["refunds"], currency)
    if quote["pointsTaken"]:
        rows.append(row_of(t("points_taken"), f"-{count(quote['pointsTaken'])}"))
    if not quote["left"]:
        coupons = [p["couponCode"] for p in order["promotions"] if p["couponCode"]]
        rows += [ft.Text(t("coupon_back", code=code), color=theme.GREEN) for code in coupons]
    title = ft.Text(t("goes_back"), weight=ft.FontWeight.BOLD)
    return named("goes-back", card(title, *rows, spacing=6))


def _why(t: Words, state: Any) -> ft.Control:
    known = {t(key): key for key in REASONS}
    chosen = "reason_other" if state.reason == "other" else known.get(state.reason, "")

    def choose(key: str) -> None:
        state.reason = "other" if key == "reason_other" else t(key)

    def write(event: Any) -> None:
        state.other = (event.control.value or "")[:REASON_LONGEST]

    inside: list[ft.Control] = [
        ft.Text(t("why_back"), weight=ft.FontWeight.BOLD),
        Reasons(REASONS, chosen, choose),
    ]
    if state.reason == "other":
        field = ft.TextField(
            value=state.other, label=t("reason_words"), border=edge(), on_change=write
        )
        inside.append(ft.Row([ft.Container(named("reason", field), expand=True)]))
    return card(*inside)


def _references(t: Words, till: Any, state: Any, currency: str) -> list[ft.Control]:
    return [
        refund_reference(t, refund, state.references, currency)
        for refund in till.returning_work.to_terminals
    ]


def _trouble(t: Words, till: Any, state: Any) -> list[ft.Control]:
    if not state.refusal:
        return []
    if state.refusal["code"] == "NOT_KEPT":
        return [named("trouble", note(t("return_not_kept"), "stop"))]
    said = f"{in_words(till, state.refusal)} {t('nothing_booked')}"
    return [named("trouble", note(said, "stop"))]


def _done(t: Words, till: Any, state: Returning) -> ft.View:
    """What was given back; cash is what the hand does now."""
    receipt = state.receipt or {}
    currency = receipt["currency"]
    cash = sum(int(r["amountMinor"]) for r in receipt["refunds"] if r["kind"] == "CASH")
    shown: list[ft.Control] = [
        ft.Row(
            [
                ft.Icon(ft.Icons.CHECK_CIRCLE, color=theme.GREEN, size=28),
                ft.Text(t("returned_title"), size=theme.TITLE, weight=ft.FontWeight.BOLD),
            ],
            alignment=ft.MainAxisAlignment.CENTER,
            spacing=8,
        )
    ]
    if cash:
        shown.append(_sum(t("give_cash"), cash, currency))
    rows = refunds(t, receipt["refunds"], currency)
    if receipt["pointsTaken"]:
        rows.append(row_of(t("points_taken"), f"-{count(receipt['pointsTaken'])}"))
    title = ft.Text(t("goes_back"), weight=ft.FontWeight.BOLD)
    shown.append(named("given-back", card(title, *rows, spacing=6)))
    if receipt["memberId"]:
        name = ((state.order or {}).get("member") or {}).get("name")
        after, booked = after_booking(state.booked), state.booked is not None
        shown.append(balances(t, name, [], after, currency, booked, state.given_up))
    shown.append(card(*(_line(t, line, currency) for line in receipt["lines"]), spacing=6))
    document = {"returnId": receipt["id"]}
    shown.append(ReceiptActions(document, receipt["receiptNumber"], ROUTE))

    def leave() -> None:
        till.go("/orders")

    head = bar(t("return_number", number=receipt["receiptNumber"]))
    return screen(ROUTE, head, [scrolling(shown)], [primary("to-orders", t("to_orders"), leave)])


def _line(t: Words, line: dict[str, Any], currency: str) -> ft.Control:
    details = f"{line['colour']} · {line['size']} × {line['quantity']}"
    if line["condition"] == "DAMAGED":
        details = f"{details} · {t('damaged')}"
    return ft.Row([piece_text(line, details), amount(-int(line["refundMinor"]), currency)])
