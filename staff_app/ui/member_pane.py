"""A member: who they are, what they have, and the sections one can open."""

from collections.abc import Callable
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.money import count, money
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import pane, scrolling
from staff_app.ui.member_balances import Balances
from staff_app.ui.member_contacts import Contacts
from staff_app.ui.member_overview import Overview
from staff_app.ui.member_profile import Profile
from staff_app.ui.member_purchases import Purchases
from staff_app.ui.member_strip import tier_badge, wallet_of
from staff_app.ui.parts import empty, named, note, primary, secondary, skeleton

SECTIONS: tuple[tuple[str, str, Callable[..., ft.Control]], ...] = (
    ("overview", "overview", Overview),
    ("balances", "balances_tab", Balances),
    ("purchases", "purchases", Purchases),
    ("contacts", "contacts", Contacts),
    ("profile", "profile", Profile),
)


@ft.component
def MemberPane(margin: int = theme.MARGIN) -> ft.Control:
    """`margin` is none within a screen, which has its own."""
    till = use_till()
    t = use_words(till)
    person, basket = use(till.person), use(till.basket)
    member = person.member
    if not person.id:
        return pane([empty(ft.Icons.BADGE_OUTLINED, t("choose_member"))], margin=margin)
    if person.gone:
        return pane([named("gone", note(t("member_gone")))], margin=margin)
    if member is None:
        said = [note(in_words(till, person.refusal), "stop")] if person.refusal else []
        again = secondary("ask-again", t("try_again"), till.member_work.again)
        return pane([*said, skeleton(), ft.Row([again])], margin=margin)
    body: list[ft.Control] = [_head(t, till, member), _sections(t, till, person)]
    if person.refusal:
        body.append(named("trouble", note(in_words(till, person.refusal), "stop")))
    section = next(draw for name, _, draw in SECTIONS if name == person.section)
    body.append(scrolling([section(key=person.section)]))
    in_sale = bool(basket.member and basket.member["id"] == member["id"])
    return pane(body, [_main(t, till, person.section, member, in_sale)], margin)


def _head(t: Words, till: Any, member: dict[str, Any]) -> ft.Control:
    account = member["account"]
    name: list[ft.Control] = [
        ft.Text(
            member["name"], size=theme.TITLE, weight=ft.FontWeight.BOLD, no_wrap=True,
            expand=True, expand_loose=True, overflow=ft.TextOverflow.ELLIPSIS,
        )
    ]  # fmt: skip
    figures: list[ft.Control] = []
    if account:
        name.append(tier_badge(t, till.preferences.language, account))
        figures = [
            _figure(t("points"), count(account["points"])),
            _figure(t("wallet"), money(wallet_of(account), account["currency"])),
        ]
    ink = ft.Colors.ON_PRIMARY_CONTAINER
    return named(
        "member-head",
        ft.Container(
            ft.Column(
                [
                    ft.Row(name, spacing=8),
                    ft.Text(
                        f"{member['phoneMasked']} · {member['cardCode']}", size=theme.SMALL,
                        color=ink,
                    ),
                    ft.Row(figures, spacing=24),
                ],
                spacing=4,
            ),
            bgcolor=ft.Colors.PRIMARY_CONTAINER,
            border_radius=theme.CORNER,
            padding=ft.Padding.symmetric(horizontal=14, vertical=10),
        ),
    )  # fmt: skip


def _figure(label: str, value: str) -> ft.Control:
    ink = ft.Colors.ON_PRIMARY_CONTAINER
    return ft.Row(
        [
            ft.Text(label, size=theme.SMALL, color=ink),
            ft.Text(value, size=18, weight=ft.FontWeight.BOLD, color=ink),
        ],
        spacing=6,
        tight=True,
    )


def _sections(t: Words, till: Any, person: Any) -> ft.Control:
    chips: list[ft.Control] = []
    for name, word, _ in SECTIONS:

        async def show(_event: Any, name: str = name) -> None:
            await till.member_work.show(name)

        chosen = name == person.section
        chips.append(
            named(
                f"section-{name}",
                ft.Chip(
                    label=t(word),
                    selected=chosen,
                    show_checkmark=False,
                    padding=ft.Padding.symmetric(horizontal=2, vertical=13),
                    label_padding=ft.Padding.symmetric(horizontal=7 if len(t(word)) < 3 else 4),
                    on_select=show,
                ),
            )
        )
    return ft.Row(chips, spacing=6, scroll=ft.ScrollMode.HIDDEN, height=theme.TARGET + 4)


def _main(t: Words, till: Any, section: str, member: dict[str, Any], in_sale: bool) -> ft.Control:
    """The one thing that is done in a section."""
    if section == "balances":
        return primary("member-action", t("top_up"), till.begin_top_up)
    if section == "contacts":
        return primary("member-action", t("note_down"), lambda: till.go("/customers/note"))
    if section == "profile":
        return primary("member-action", t("edit"), lambda: till.go("/customers/edit"))

    async def use_here() -> None:
        till.go("/")
        await till.attach(member)

    return primary("member-action", t("in_this_sale") if in_sale else t("use_in_sale"), use_here)
