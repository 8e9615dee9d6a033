"""The form for a new member: the phone is known already, the name is asked, consent is shown."""

import re
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.client import Refused, SignedOut, Unreachable
from staff_app.notice import BUILT_IN
from staff_app.ui.context import in_words, use_till, use_words
from staff_app.ui.parts import card, edge, named, note, primary

SOURCES = ("store", "friend", "online")
NAME_LONGEST = 60


def is_phone(text: str) -> bool:
    """Enough digits to be somebody's number."""
    return bool(re.fullmatch(r"\+?[0-9 -]{7,20}", text.strip()))


def is_whole_phone(text: str) -> bool:
    """A mobile number of the mainland, complete: nothing more will be typed."""
    return bool(re.fullmatch(r"1[0-9]{10}", text.strip()))


@ft.component
def NewCard(phone: str, choose: Any, register_word: str) -> ft.Control:
    """`choose` gets the member who was made, or had this phone already."""
    till = use_till()
    t = use_words(till)
    language = till.preferences.language
    offers = till.people.notices.get("MARKETING")
    shown = till.people.notices.get("MEMBERSHIP", BUILT_IN)
    member_id, _ = ft.use_state(till.finding.new_member_id)
    name, set_name = ft.use_state("")
    source, set_source = ft.use_state(SOURCES[0])
    agreed, set_agreed = ft.use_state(False)
    marketing, set_marketing = ft.use_state(False)
    trouble, set_trouble = ft.use_state("")
    busy, set_busy = ft.use_state(False)

    async def register() -> None:
        if busy or not name.strip() or not agreed:
            return
        set_busy(True)
        try:
            member = await till.finding.register(member_id, phone, name, source, marketing)
        except Refused as refused:
            set_trouble(in_words(till, refused))
            return
        except (Unreachable, SignedOut):
            set_trouble(t("no_answer"))
            return
        finally:
            set_busy(False)
        await choose(member)
        till.say("member_added", name=member["name"])

    inside: list[ft.Control] = [
        note(t("nobody_found"), "done"),
        _name(t, name, set_name),
        _sources(t, source, set_source),
        card(
            ft.Text(t("notice"), weight=ft.FontWeight.BOLD),
            _small(shown[language]),
            _tick("agrees", t("agrees_membership"), agreed, set_agreed),
            *([_small(offers[language])] if offers else []),
            _tick("marketing", t("agrees_marketing"), marketing, set_marketing),
            spacing=4,
        ),
    ]  # fmt: skip
    if trouble:
        inside.append(named("trouble", note(trouble, "stop")))
    ready = bool(name.strip()) and agreed
    return ft.Column(
        [
            ft.Column(
                inside,
                spacing=12,
                expand=True,
                scroll=ft.ScrollMode.AUTO,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
            ft.Container(
                primary("register", register_word, register, not ready, busy),
                padding=ft.Padding.only(bottom=theme.MARGIN),
            ),
        ],
        expand=True,
        spacing=8,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _small(text: str) -> ft.Control:
    return ft.Text(text, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT)


def _name(t: Any, name: str, set_name: Any) -> ft.Control:
    field = ft.TextField(
        value=name,
        label=t("name"),
        border=edge(),
        max_length=NAME_LONGEST,
        counter=ft.Container(width=0, height=0),
        on_change=lambda e: set_name(e.control.value or ""),
    )
    return named("member-name", field)


def _sources(t: Any, source: str, set_source: Any) -> ft.Control:
    chosen = ft.SegmentedButton(
        segments=[ft.Segment(value=known, label=t(f"source_{known}")) for known in SOURCES],
        selected=[source],
        show_selected_icon=False,
        on_change=lambda e: set_source(next(iter(e.control.selected), SOURCES[0])),
    )
    return ft.Row([ft.Text(t("source"), expand=True, color=ft.Colors.ON_SURFACE_VARIANT), chosen])


def _tick(identifier: str, label: str, value: bool, change: Any) -> ft.Control:
    box = ft.Checkbox(label=label, value=value, on_change=lambda e: change(bool(e.control.value)))
    return named(identifier, ft.Container(box, height=theme.TARGET))
