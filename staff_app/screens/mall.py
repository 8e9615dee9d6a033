"""Points for a gift: whose, which and how many, then the balance before and after."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words, either
from staff_app.money import count
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.member_search import MemberSearch
from staff_app.ui.parts import (
    card,
    empty,
    icon_button,
    named,
    note,
    primary,
    quiet,
    row_of,
    skeleton,
    switch,
)
from staff_app.ui.waiting import WaitingSale

ROUTE = "/customers/mall"
GIFT = "/customers/gift"


@ft.component
def MallScreen() -> ft.View:
    """Which gift: what there is for points, and what the member has."""
    till = use_till()
    t = use_words(till)
    use(till.person)
    return _which(t, till, use(till.mall))


@ft.component
def GiftScreen() -> ft.View:
    """The gift that was chosen: how many, what is left after it, and then what became of it."""
    till = use_till()
    t = use_words(till)
    state, unsent = use(till.mall), use(till.unsent)
    use(till.person)
    if state.waiting and any(sale["id"] == state.waiting for sale in unsent.sales):
        return screen(GIFT, bar(t("mall")), [WaitingSale(state.waiting)])
    if state.answer:
        return _done(t, till, state)
    return _which(t, till, state) if state.item is None else _confirm(t, till, state)


@ft.component
def ForPoints() -> ft.View:
    """Who spends points: found, and the mall is open for them."""
    till = use_till()
    t = use_words(till)
    search = MemberSearch(till.open_mall, t("register_only"))
    return screen("/customers/for-points", bar(t("mall"), back=BackTo("/home")), [search])


def _which(t: Words, till: Any, state: Any) -> ft.View:
    name = (till.person.member or {}).get("name", "")
    trouble = _trouble(t, till, state)
    head = bar(f"{t('mall')} · {name}" if name else t("mall"), back=BackTo(till.member_route))
    points = row_of(t("points"), count(till.mall_work.points), strong=True)
    if state.items is None:
        again = [quiet("ask-again", t("try_again"), till.mall_work.more)] if trouble else []
        body: list[ft.Control] = [points, *trouble, *(again or [skeleton()])]
        return screen(ROUTE, head, body)
    if not state.items:
        to_member = primary("to-member", t("to_member"), till.back_to_member)
        nothing = empty(ft.Icons.CARD_GIFTCARD, t("mall_empty"))
        return screen(ROUTE, head, [points, nothing], [to_member])
    rows: list[ft.Control] = [Gift(each, key=each["itemId"]) for each in state.items]
    if state.after:
        rows.append(quiet("more-gifts", t("show_more"), till.mall_work.more))
    return screen(ROUTE, head, [points, *trouble, ft.ListView(rows, expand=True, spacing=8)])


@ft.component
def Gift(item: dict[str, Any]) -> ft.Control:
    """What it is, its price, how many are left; why not, where it cannot be had."""
    till = use_till()
    t = use_words(till)
    language = till.preferences.language
    can_have = item["canHave"] is None or item["canHave"] > 0
    told = [t(f"item_{item['kind'].lower()}")]
    if item["left"] is not None:
        told.append(t("so_many_left", count=item["left"]))
    if not can_have:
        told.append(either(language, item["reasonZh"], item["reasonEn"]))
    ink = None if can_have else ft.Colors.ON_SURFACE_VARIANT
    words = ft.Column(
        [
            ft.Text(either(language, item["nameZh"], item["nameEn"]), color=ink),
            ft.Text(
                " · ".join(part for part in told if part),
                size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT,
            ),
        ],
        spacing=0,
        expand=True,
        alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    price = ft.Text(
        t("count_points", count=count(item["points"])), weight=ft.FontWeight.BOLD, color=ink
    )
    row = ft.Container(
        ft.Row([words, price]),
        padding=ft.Padding.symmetric(horizontal=14, vertical=12),
        border_radius=theme.CORNER,
        bgcolor=ft.Colors.SURFACE_CONTAINER_LOW,
        on_click=(lambda _event: till.choose_gift(item)) if can_have else None,
    )
    return named(f"gift-{item['code']}", row)


def _confirm(t: Words, till: Any, state: Any) -> ft.View:
    item, work = state.item, till.mall_work
    price, before = work.price, state.before
    head = bar(t("mall"), back=BackTo(ROUTE))
    most = item["canHave"] or 1
    steps = ft.Row(
        [
            icon_button("fewer", ft.Icons.REMOVE, t("fewer"), lambda: work.count(-1),
                        disabled=state.quantity <= 1),
            ft.Text(str(state.quantity), size=theme.TITLE, weight=ft.FontWeight.BOLD),
            icon_button("more", ft.Icons.ADD, t("another"), lambda: work.count(1),
                        disabled=state.quantity >= most),
        ],
        tight=True,
    )  # fmt: skip

    def hand_over(event: Any) -> None:
        state.hand_over = bool(event.control.value)

    name = either(till.preferences.language, item["nameZh"], item["nameEn"])
    title = ft.Text(name, size=theme.TITLE, weight=ft.FontWeight.BOLD)
    body: list[ft.Control] = [
        title,
        ft.Text(
            t("count_points", count=count(price)), size=theme.HUGE, weight=ft.FontWeight.BOLD,
            text_align=ft.TextAlign.CENTER,
        ),
        *_trouble(t, till, state),
        card(
            row_of(t("how_many"), steps),
            switch("hand-over-now", t("handed_over_now"), state.hand_over, hand_over),
            row_of(t("points_before"), count(before)),
            row_of(t("points_left_over"), count(before - price), strong=True),
            spacing=8,
        ),
    ]  # fmt: skip
    text = t("redeem_now", count=count(price))
    press = primary("redeem", text, till.redeem, busy=state.busy)
    press.key = "redeem"  # another button than the one that follows in its place
    return screen(GIFT, head, [scrolling(body)], [press])


def _trouble(t: Words, till: Any, state: Any) -> list[ft.Control]:
    if not state.refusal:
        return []
    said = {"NOT_KEPT": t("redeem_not_kept"), "NO_ANSWER": t("no_answer")}.get(
        state.refusal["code"]
    )
    return [named("trouble", note(said or in_words(till, state.refusal), "stop"))]


def _done(t: Words, till: Any, state: Any) -> ft.View:
    redemption, account = state.answer["redemption"], state.answer["account"]
    name = either(till.preferences.language, redemption["nameZh"], redemption["nameEn"])
    title = ft.Row(
        [
            ft.Icon(ft.Icons.CHECK_CIRCLE, color=theme.GREEN, size=28),
            ft.Text(t("redeemed"), size=theme.TITLE, weight=ft.FontWeight.BOLD),
        ],
        alignment=ft.MainAxisAlignment.CENTER,
        spacing=8,
    )
    left = int(account["points"])
    told = card(
        row_of(name, f"× {redemption['quantity']}", strong=True),
        row_of(t("points_before"), count(left + int(redemption["points"]))),
        row_of(t("points_spent_now"), f"-{count(redemption['points'])}"),
        row_of(t("points_left_over"), count(left), strong=True),
        spacing=6,
    )
    waits = [note(t("waits_here"))] if redemption["status"] == "WAITING" else []
    back = primary("to-member", t("to_member"), till.back_to_member)
    back.key = "to-member"
    body = [title, named("points-now", told), *waits]
    return screen(GIFT, bar(t("mall")), [scrolling(body)], [back])
