"""Looking for a member by phone, its end, name or card; a card for who is not there yet."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.money import count, money
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import pane
from staff_app.ui.keypad import keypad
from staff_app.ui.member_strip import tier_badge, wallet_of
from staff_app.ui.new_card import NewCard, is_phone, is_whole_phone
from staff_app.ui.parts import (
    edge,
    empty,
    figures,
    icon_button,
    list_row,
    named,
    note,
    primary,
    skeleton,
)

Choose = Callable[[dict[str, Any]], Awaitable[None]]


@ft.component
def MemberSearch(
    choose: Choose, register: str, margin: int = 0, beside: bool = False
) -> ft.Control:
    """Find somebody and `choose` them; who is not there yet gets a card on the same screen.

    `register` is what the button of a new card says. `beside`: who was chosen is shown beside.
    """
    till = use_till()
    t = use_words(till)
    people = use(till.people)
    letters, set_letters = ft.use_state(False)
    found_before = ft.use_ref(bool(people.query))

    async def typed(event: Any) -> None:
        found_before.current = False
        await till.finding.find_members(event.control.value or "")

    async def press(key: str) -> None:
        """The next number begins anew, once somebody was found by the last one."""
        known = people.query
        if found_before.current and key != "back":
            known = ""
        found_before.current = False
        await till.finding.find_members(known[:-1] if key == "back" else known + key)

    async def chosen(member: dict[str, Any]) -> None:
        found_before.current = True
        await choose(member)

    async def first() -> None:
        if people.results and len(people.results) == 1:
            await chosen(people.results[0])

    ft.on_mounted(functools.partial(_ask_again, till))
    nobody = people.results == [] and not people.searching
    form = nobody and (is_whole_phone(people.query) or people.form == people.query)
    field = ft.TextField(
        value=people.query,
        label=t("member_query"),
        prefix_icon=ft.Icons.PERSON_SEARCH_OUTLINED,
        border=edge(),
        text_size=20,
        keyboard_type=ft.KeyboardType.TEXT if letters else ft.KeyboardType.NONE,
        autofocus=True,
        on_change=typed,
        on_submit=first,
    )
    aside = icon_button(
        "letters", ft.Icons.KEYBOARD_ALT_OUTLINED, t("letters"), lambda: set_letters(not letters)
    )
    if form:
        aside = icon_button("clear", ft.Icons.CLOSE, t("other_phone"), till.finding.forget_people)
    body: list[ft.Control] = [
        ft.Container(height=0),  # else the label above the field is cut off
        ft.Row([ft.Container(named("member-query", field), expand=True), aside], spacing=4),
    ]
    if people.refusal:
        body.append(note(in_words(till, people.refusal), "stop"))
    foot: list[ft.Control] = []
    if form:
        body.append(NewCard(people.query, chosen, register, key=people.query))
    else:
        body.append(ft.Container(content=_found(t, people, chosen, beside), expand=True))
        if not letters and not people.query.strip("+0123456789 "):
            foot.append(keypad(t, press))
        # There from the beginning, so that the keys never move under a thumb.
        ready = nobody and is_phone(people.query)
        foot.append(primary("new-card", t("new_member"), _open_form(people), not ready))
    return pane(body, foot, margin)


async def _ask_again(till: Any) -> None:
    if till.people.query:
        await till.finding.find_members(till.people.query)


def _open_form(people: Any) -> Any:
    def open_form() -> None:
        people.form = people.query

    return open_form


def _found(t: Any, people: Any, choose: Choose, beside: bool) -> ft.Control:
    if people.searching and not people.results:
        return skeleton(3)
    if people.results is None:
        return empty(ft.Icons.BADGE_OUTLINED, t("member_start"))
    if not people.results:
        return empty(ft.Icons.PERSON_OFF_OUTLINED, t("needs_phone"))
    shown = people.looked_at if beside else None
    rows = [
        MemberRow(member, choose, member["id"] == shown, key=member["id"])
        for member in people.results
    ]
    return ft.ListView(rows, expand=True, spacing=0)


@ft.component
def MemberRow(member: dict[str, Any], choose: Choose, lit: bool) -> ft.Control:
    till = use_till()
    t = use_words(till)
    account = member["account"]

    async def chosen() -> None:
        await choose(member)

    name: list[ft.Control] = [
        ft.Text(
            member["name"], size=theme.BODY, weight=ft.FontWeight.BOLD, no_wrap=True,
            expand=True, expand_loose=True, overflow=ft.TextOverflow.ELLIPSIS,
        )
    ]  # fmt: skip
    has: list[ft.Control] = []
    if account:
        name.append(tier_badge(t, till.preferences.language, account))
        has = [
            ft.Text(t("points_count", count=count(account["points"])), size=theme.SMALL),
            ft.Text(
                money(wallet_of(account), account["currency"]),
                size=theme.SMALL,
                color=ft.Colors.ON_SURFACE_VARIANT,
            ),
        ]
    told = f"{member['phoneMasked']} · {member['cardCode']}"
    who = ft.Column(
        [
            ft.Row(name, spacing=8),
            ft.Text(
                told, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT, no_wrap=True,
                overflow=ft.TextOverflow.ELLIPSIS,
            ),
        ],
        spacing=2,
        expand=True,
        alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    return list_row(f"member-{member['cardCode']}", ft.Row([who, figures(*has)]), chosen, lit)
