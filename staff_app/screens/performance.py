"""My performance: what one sold, in figures and bars; a manager sees the store and its sellers."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.money import count, money
from staff_app.state import Performance as State
from staff_app.ui.bars import Bars
from staff_app.ui.choice import choice
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import (
    amount,
    card,
    empty,
    icon_button,
    named,
    note,
    quiet,
    row_of,
    secondary,
    skeleton,
)
from staff_app.work.performance import PERIODS

LIST_HEIGHT = 320


@ft.component
def Performance() -> ft.View:
    till = use_till()
    t = use_words(till)
    state = use(till.performance)
    ft.on_mounted(till.performance_work.open)
    title = t("performance")
    if till.performance_work.manages:
        title = t("performance_of_store")
        if state.store:
            title = t("performance_of", name=state.store["name"])
        if state.staff:
            title = t("performance_of", name=state.staff["name"])
    names = {period: t(f"period_{period.lower()}") for period in PERIODS}
    choose = choice("period", names, state.period, till.performance_work.choose)
    body: list[ft.Control] = [
        Stores(),
        ft.Row([choose], alignment=ft.MainAxisAlignment.CENTER),
        _days(t, till, state),
        _shown(t, till, state),
    ]
    if state.refusal:
        body.insert(0, note(in_words(till, state.refusal), "stop"))
    return screen("/performance", bar(title, back=BackTo(state.back_to)), body)


@ft.component
def Stores() -> ft.Control:
    """Which store, for whoever may look into several: a tap shows them, another one chooses."""
    till = use_till()
    t = use_words(till)
    state = use(till.performance)
    shown, show = ft.use_state(False)
    if len(state.stores) < 2:
        return ft.Container(height=0)
    work = till.performance_work
    names = {each["id"]: each["name"] for each in state.stores}

    def pick(store_id: str) -> Any:
        async def choose() -> None:
            show(False)
            await work.look_into(store_id)

        return choose

    here = f"{t('which_store')} · {names.get(work.store_id, '')}"
    icon = ft.Icons.EXPAND_LESS if shown else ft.Icons.EXPAND_MORE
    rows: list[ft.Control] = [
        ft.Row([secondary("store", here, lambda: show(not shown), icon)],
               alignment=ft.MainAxisAlignment.CENTER)
    ]  # fmt: skip
    if shown:
        found = [quiet(f"store-{id_}", name, pick(id_)) for id_, name in names.items()]
        rows.append(ft.Container(ft.ListView(found), height=LIST_HEIGHT))
    return ft.Column(rows, spacing=4)


def _days(t: Words, till: Any, state: State) -> ft.Control:
    shown, work = state.shown, till.performance_work
    text = ""
    if shown:
        first, last = shown["firstDay"], shown["lastDay"]
        text = first if first == last else t("period_days", first=first, last=last[5:])
    return ft.Row(
        [
            icon_button("period-earlier", ft.Icons.CHEVRON_LEFT, t("period_earlier"), work.earlier),
            named("period-days", ft.Text(text)),
            icon_button("period-later", ft.Icons.CHEVRON_RIGHT, t("period_later"), work.later,
                        disabled=work.is_of_now),
        ],
        alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip


def _shown(t: Words, till: Any, state: State) -> ft.Control:
    shown = state.shown
    if shown is None:
        if state.asking:
            return skeleton()
        again = secondary("ask-again", t("try_again"), till.performance_work.again)
        return empty(ft.Icons.INSIGHTS, t("performance_unknown"), again)
    total, currency = shown["total"], shown["currency"]
    cards: list[ft.Control] = [_sales(t, total, shown["before"], currency)]
    if not total["orders"] and total["salesMinor"] == "0":
        cards.append(ft.Text(t("performance_none"), text_align=ft.TextAlign.CENTER))
    cards.append(_figures(t, total, _cards_made(shown, state.staff), currency))
    if len(shown["days"]) > 1:
        values = [(day["day"], int(day["figures"]["salesMinor"])) for day in shown["days"]]
        said = [t("day_sold", day=day[5:], amount=money(minor, currency)) for day, minor in values]
        heading = ft.Text(t("by_day"), weight=ft.FontWeight.BOLD)
        bars = Bars("days", [minor for _, minor in values], said, t("by_day"))
        cards.append(card(heading, bars))
    if state.staff and till.performance_work.manages:
        cards.append(quiet("everybody", t("everybody"), _look_at(till, None), ft.Icons.STORE))
    elif till.performance_work.manages and shown["sellers"]:
        cards.append(_sellers(t, till, shown["sellers"], currency))
    return scrolling(cards)


def _sales(t: Words, total: dict[str, Any], before: dict[str, Any], currency: str) -> ft.Control:
    earlier = t("against_before", amount=money(int(before["salesMinor"]), currency))
    return named(
        "net-sales",
        ft.Column(
            [
                ft.Text(f"{t('net_sales')} · {t('net_sales_hint')}",
                        color=ft.Colors.ON_SURFACE_VARIANT, size=theme.SMALL),
                amount(int(total["salesMinor"]), currency, theme.HUGE),
                ft.Text(earlier, color=ft.Colors.ON_SURFACE_VARIANT, size=theme.SMALL),
            ],
            spacing=2,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        ),
    )  # fmt: skip


def _figures(t: Words, total: dict[str, Any], cards: int, currency: str) -> ft.Control:
    orders = total["orders"]
    rows = [
        row_of(t("figure_orders"), count(orders), strong=True),
        row_of(t("figure_pieces"), count(total["pieces"])),
    ]
    if orders:
        rows += [
            row_of(t("figure_each"), f"{total['pieces'] / orders:.2f}"),
            row_of(t("figure_average"), money(int(total["averageMinor"]), currency)),
            row_of(t("figure_members"), f"{total['memberOrders'] * 100 // orders}%"),
        ]
    if int(total["returnedMinor"]):
        rows.append(row_of(t("figure_returned"), money(-int(total["returnedMinor"]), currency)))
    rows.append(row_of(t("figure_cards"), count(cards)))
    return named("figures", card(*rows, spacing=8))


def _cards_made(shown: dict[str, Any], staff: dict[str, Any] | None) -> int:
    made = shown["newCards"] or []
    return sum(each["cards"] for each in made if staff is None or each["staffId"] == staff["id"])


def _sellers(t: Words, till: Any, sellers: list[dict[str, Any]], currency: str) -> ft.Control:
    rows: list[ft.Control] = [ft.Text(t("by_seller"), weight=ft.FontWeight.BOLD)]
    for seller in sellers:
        name = (seller["staff"] or {}).get("name") or t("seller_unknown")
        sold = amount(int(seller["figures"]["salesMinor"]), currency)
        tile = ft.ListTile(
            title=name,
            subtitle=f"{t('figure_orders')} {count(seller['figures']['orders'])}",
            trailing=sold,
            on_click=_look_at(till, {"id": seller["staffId"], "name": name}),
            content_padding=0,
        )
        rows.append(named(f"seller-{seller['staffId']}", tile))
    return card(*rows, spacing=0)


def _look_at(till: Any, staff: dict[str, Any] | None) -> Any:
    async def look() -> None:
        await till.performance_work.look_at(staff)

    return look
