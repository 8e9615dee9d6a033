"""Top up the wallet: a plan or an amount, what it is paid with, then the new balance."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words, either
from staff_app.money import money
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.keypad import keypad
from staff_app.ui.parts import amount, card, edge, named, note, primary, row_of, skeleton
from staff_app.ui.receipt_lines import NAMES
from staff_app.ui.waiting import WaitingSale
from staff_app.work.returning import NEEDS_REFERENCE

ROUTE = "/customers/top-up"
KINDS = ("CASH", "CARD", "CODE")


@ft.component
def TopUp() -> ft.View:
    till = use_till()
    t = use_words(till)
    state, unsent, person = use(till.top_up), use(till.unsent), use(till.person)
    name = (person.member or {}).get("name", "")
    if state.waiting and any(sale["id"] == state.waiting for sale in unsent.sales):
        return screen(ROUTE, bar(t("top_up")), [WaitingSale(state.waiting)])
    if state.account:
        return _done(t, till, state.account)
    head = bar(f"{t('top_up')} · {name}", back=BackTo(till.member_route))
    currency = till.desk.currency
    paid = till.top_up_work.paid_minor
    body: list[ft.Control] = [_sum(t, till, paid, currency), _steps(t, till, state, currency)]
    if state.refusal:
        kept = state.refusal["code"] != "NOT_KEPT"
        said = in_words(till, state.refusal) if kept else t("top_up_not_kept")
        body.append(named("trouble", note(said, "stop")))
    foot = [_kinds(t, state), *_reference(t, state), keypad(t, till.top_up_work.press, True)]
    lacks = till.top_up_work.lacks
    text = t("top_up_now", amount=money(paid, currency))
    if lacks:
        text = t("type_amount") if lacks == "amount" else t("needs_reference")
    pay = primary("pay-top-up", text, till.pay_top_up, bool(lacks), state.busy)
    return screen(ROUTE, head, [scrolling(body)], [*foot, pay])


def _sum(t: Words, till: Any, paid: int, currency: str) -> ft.Control:
    bonus = till.top_up_work.bonus_minor
    shown: list[ft.Control] = [
        ft.Row(
            [amount(paid, currency, theme.HUGE, color=None if paid else ft.Colors.OUTLINE)],
            alignment=ft.MainAxisAlignment.CENTER,
        )
    ]
    if bonus:
        gives = t("top_up_gives", amount=money(bonus, currency))
        shown.append(
            ft.Text(gives, color=theme.GREEN, weight=ft.FontWeight.BOLD,
                    text_align=ft.TextAlign.CENTER)
        )  # fmt: skip
    column = ft.Column(shown, spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    return named("top-up-sum", column)


def _steps(t: Words, till: Any, state: Any, currency: str) -> ft.Control:
    """Every amount that brings something, one tap each."""
    if state.offer is None:
        return skeleton(1) if not state.refusal else ft.Container(height=0)
    chips: list[ft.Control] = []
    for step in till.top_up_work.steps():
        label = money(int(step["paidMinor"]), currency).removesuffix(".00")
        if int(step["bonusMinor"]):
            gives = money(int(step["bonusMinor"]), currency).removesuffix(".00")
            label = f"{label} {t('top_up_gives', amount=gives)}"
        plan = either(till.preferences.language, step["zh"], step["en"])
        label = f"{plan} {label}".strip()

        def choose(_event: Any, step: dict[str, Any] = step) -> None:
            till.top_up_work.choose(step)

        chips.append(
            named(
                f"step-{step['paidMinor']}{'-' if step['plan'] else ''}{step['plan']}",
                ft.Chip(
                    label=label,
                    selected=(state.entry, state.plan) == (step["paidMinor"], step["plan"]),
                    show_checkmark=False,
                    padding=ft.Padding.symmetric(horizontal=4, vertical=13),
                    on_select=choose,
                ),
            )
        )
    room = t("top_up_room", amount=money(int(state.offer["roomMinor"]), currency))
    hint = ft.Text(room, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT)
    return ft.Column([ft.Row(chips, wrap=True, spacing=8, run_spacing=4), hint], spacing=4)


def _kinds(t: Words, state: Any) -> ft.Control:
    def choose(event: Any) -> None:
        state.kind = next(iter(event.control.selected), "CASH")

    return named(
        "kinds",
        ft.SegmentedButton(
            segments=[ft.Segment(value=kind, label=t(NAMES[kind])) for kind in KINDS],
            selected=[state.kind],
            show_selected_icon=False,
            on_change=choose,
        ),
    )


def _reference(t: Words, state: Any) -> list[ft.Control]:
    def change(event: Any) -> None:
        state.reference = (event.control.value or "")[:100]

    if state.kind not in NEEDS_REFERENCE:
        return []
    field = ft.TextField(
        value=state.reference, label=t("reference"), border=edge(), dense=True, on_change=change
    )
    return [named("reference", field)]


def _done(t: Words, till: Any, account: dict[str, Any]) -> ft.View:
    currency = account["currency"]
    principal, bonus = int(account["walletPrincipalMinor"]), int(account["walletBonusMinor"])
    title = ft.Row(
        [
            ft.Icon(ft.Icons.CHECK_CIRCLE, color=theme.GREEN, size=28),
            ft.Text(t("top_up_done"), size=theme.TITLE, weight=ft.FontWeight.BOLD),
        ],
        alignment=ft.MainAxisAlignment.CENTER,
        spacing=8,
    )
    balance = card(
        row_of(t("wallet_after"), amount(principal + bonus, currency, theme.TITLE), strong=True),
        row_of(t("principal"), money(principal, currency)),
        row_of(t("bonus"), money(bonus, currency)),
        spacing=6,
    )
    back = primary("to-member", t("to_member"), till.back_to_member)
    return screen(ROUTE, bar(t("top_up")), [scrolling([title, named("wallet-now", balance)])],
                  [back])  # fmt: skip
