"""An order as it was sold, and on each of its lines how many pieces come back."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import Words
from staff_app.money import money
from staff_app.state import Pick
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import pane, scrolling
from staff_app.ui.parts import (
    amount,
    card,
    empty,
    icon_button,
    named,
    note,
    primary,
    quiet,
    secondary,
    tick,
)
from staff_app.ui.past_returns import PastReturns
from staff_app.ui.receipt_actions import ReceiptActions
from staff_app.ui.receipt_lines import piece_text, sums, tenders
from staff_app.work.desk import manages


@ft.component
def OrderPane(margin: int = theme.MARGIN) -> ft.Control:
    """`margin` is none within a screen, which has its own."""
    till = use_till()
    t = use_words(till)
    state, desk = use(till.returning), use(till.desk)
    order = state.order
    if order is None:
        return pane([empty(ft.Icons.RECEIPT_LONG_OUTLINED, t("choose_order"))])
    currency = order["currency"]
    lines = [OrderLine(line, currency, key=f"{order['id']}-{line['line']}")
             for line in order["lines"]]  # fmt: skip
    inside: list[ft.Control] = [
        _head(t, till, order),
        *_standing(t, till, order),
        card(*lines, *sums(t, till.preferences.language, order, currency)),
        card(*tenders(t, order, currency), spacing=6),
        ReceiptActions(
            {"orderId": order["id"]}, order["receiptNumber"], _here(till), again=True,
            key=f"receipt-{order['id']}",
        ),
        PastReturns(_here(till)),
    ]  # fmt: skip
    column = scrolling(inside)
    foot: list[ft.Control] = []
    if state.picks:
        refund = int((state.quote or {}).get("refundMinor", 0))
        text = t("to_return", amount=money(refund, currency))
        unready = state.asking or state.quote is None
        foot.append(primary("to-return", text, lambda: till.go("/orders/return"), unready))
    elif manages(desk.staff) and _may_cancel(till, order):
        ask = quiet(
            "cancel-order", t("cancel_order"), lambda: till.go("/orders/cancel"), ft.Icons.BLOCK
        )
        foot.append(ft.Row([ask], alignment=ft.MainAxisAlignment.CENTER))
    return pane([column], foot, margin)


def _here(till: Any) -> str:
    """The screen this pane stands on."""
    wide = till.layout.wide and till.returning.back_to == "/orders"
    return "/orders" if wide else "/orders/order"


def _head(t: Words, till: Any, order: dict[str, Any]) -> ft.Control:
    told = t(
        "sold_by",
        time=clock.sold_at(order, till.desk.store),
        store=(order["store"] or {}).get("name", ""),
        staff=(order["staff"] or {}).get("name", ""),
    )
    member = (order["member"] or {}).get("name") or t("walk_in")
    return named(
        "order-head",
        ft.Column(
            [
                ft.Row(
                    [
                        ft.Text(order["receiptNumber"] or "", size=theme.BODY, expand=True,
                                weight=ft.FontWeight.BOLD),
                        amount(int(order["totalMinor"]), order["currency"], theme.TITLE),
                    ]
                ),
                ft.Text(f"{member} · {told}", size=theme.SMALL,
                        color=ft.Colors.ON_SURFACE_VARIANT),
            ],
            spacing=2,
        ),
    )  # fmt: skip


def _standing(t: Words, till: Any, order: dict[str, Any]) -> list[ft.Control]:
    """What can be done with this order, or why not."""
    state = till.returning
    if order["status"] != "PLACED":
        return [note(t("state_voided"))]
    if state.refusal:
        said = in_words(till, state.refusal)
        if state.refusal["code"] != "RETURN_NEEDS_MANAGER":
            return [named("return-refusal", note(said, "stop"))]
        hand_over = quiet("hand-over", t("hand_over"), till.hand_over)
        shown = [note(f"{said} {t('manager_can')}", "stop"), hand_over]
        return [named("return-refusal", ft.Column(shown, spacing=4))]
    if state.asking:
        return []
    if state.quote is None:
        again = secondary("ask-again", t("try_again"), till.returning_work.again)
        return [note(t("no_answer")), again]
    if not state.left:
        return [note(t("all_back"), "done")]
    if not state.picks:
        tint = ft.Colors.ON_SURFACE_VARIANT
        return [ft.Text(t("pick_hint"), size=theme.SMALL, color=tint)]
    return []


@ft.component
def OrderLine(line: dict[str, Any], currency: str) -> ft.Control:
    till = use_till()
    t = use_words(till)
    state = use(till.returning)
    number = line["line"]
    left, pick = state.left.get(number, 0), state.picks.get(number, Pick())
    before = till.returning_work.returned(number)
    details = f"{line['colour']} · {line['size']} × {line['quantity']}"
    if before:
        details = f"{details} · {t('already_back', count=before)}"
    row: list[ft.Control] = [
        piece_text(line, details),
        amount(int(line["listMinor"]), currency, weight=ft.FontWeight.NORMAL),
    ]
    shown: list[ft.Control] = [ft.Row(row)]
    if left and not (state.refusal and not state.picks):
        shown.append(_stepper(t, till, number, left, pick))
    if pick.quantity:
        shown.append(_damaged(t, till, number, pick))
    return ft.Column(shown, spacing=0)


def _stepper(t: Words, till: Any, number: int, left: int, pick: Pick) -> ft.Control:
    async def fewer() -> None:
        await till.returning_work.pick(number, pick.quantity - 1)

    async def more() -> None:
        await till.returning_work.pick(number, pick.quantity + 1)

    chosen = pick.quantity > 0
    said = ft.Text(
        t("come_back", count=pick.quantity),
        weight=ft.FontWeight.BOLD if chosen else ft.FontWeight.NORMAL,
        color=ft.Colors.PRIMARY if chosen else ft.Colors.ON_SURFACE_VARIANT,
        width=72,
        text_align=ft.TextAlign.CENTER,
    )
    return ft.Row(
        [
            icon_button(f"back-fewer-{number}", ft.Icons.REMOVE, t("fewer_back"), fewer,
                        disabled=not chosen),
            said,
            icon_button(f"back-more-{number}", ft.Icons.ADD, t("more_back"), more,
                        disabled=pick.quantity >= left),
        ],
        spacing=0,
        alignment=ft.MainAxisAlignment.END,
    )  # fmt: skip


def _damaged(t: Words, till: Any, number: int, pick: Pick) -> ft.Control:
    """A tick for one piece; for several, how many of them."""

    async def one(damaged: bool) -> None:
        await till.returning_work.pick(number, pick.quantity, int(damaged))

    async def fewer() -> None:
        await till.returning_work.pick(number, pick.quantity, pick.damaged - 1)

    async def more() -> None:
        await till.returning_work.pick(number, pick.quantity, pick.damaged + 1)

    inside: list[ft.Control] = [tick(f"damaged-{number}", t("damaged"), pick.damaged > 0, one)]
    if pick.quantity > 1 and pick.damaged:
        said = t("damaged_of", count=pick.damaged)
        inside += [
            icon_button(f"damaged-fewer-{number}", ft.Icons.REMOVE, t("fewer"), fewer),
            ft.Text(said, size=theme.SMALL),
            icon_button(f"damaged-more-{number}", ft.Icons.ADD, t("more"), more),
        ]
    return ft.Row(inside, spacing=0, alignment=ft.MainAxisAlignment.END)


def _may_cancel(till: Any, order: dict[str, Any]) -> bool:
    whole = order["status"] == "PLACED" and not order["returned"]
    return bool(whole and till.orders_work.is_of_today(order))
