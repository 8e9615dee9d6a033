"""The form for a new member: the phone is known already, the name is asked, what HQ wants to know
beside it, and consent is shown."""

import functools
import re
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words, either
from staff_app.notice import BUILT_IN
from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use_till, use_words
from staff_app.ui.custom_fields import at_registration, drawn_fields, has_place, lacking
from staff_app.ui.parts import card, edge, named, note, primary, tick
from staff_app.work.profile_form import NewCardForm

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
    member_id, _ = ft.use_state(till.finding.new_member_id)
    form, set_form = ft.use_state(NewCardForm)
    attempt = use_attempt()
    asked = at_registration(till.people.fields)

    def change(name: str, value: Any) -> None:
        set_form(lambda known: known.with_(name, value))

    def sets(name: str) -> Any:
        return functools.partial(change, name)

    def fill(key: str, value: Any) -> None:
        set_form(lambda known: known.with_custom(key, value))

    async def register() -> None:
        missing = lacking(asked, form.custom, language)
        if not form.ready or missing:
            attempt.say(t("field_missing", name=missing) if missing else "")
            return
        made: list[dict[str, Any]] = []

        async def send() -> None:
            made.append(await till.finding.register(member_id, phone, form))

        await attempt.make(send, lambda: attempt.say(""))
        if made:
            await choose(made[0])
            till.say("member_added", name=made[0]["name"])

    custom = drawn_fields(asked, language, t, form.custom, fill, newcomer=member_id)
    if has_place(asked, form.custom):
        agreed = tick("agrees-location", t("agrees_location"), form.location, sets("location"))
        custom.append(agreed)
    inside: list[ft.Control] = [
        note(t("nobody_found"), "done"),
        _name(t, form.name, change),
        *custom,
        _sources(t, form.source, change),
        _consents(t, till.people.notices, language, form, sets),
    ]
    return ft.Column(
        [
            ft.Column(
                inside,
                spacing=12,
                expand=True,
                scroll=ft.ScrollMode.AUTO,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
            *attempt.note,
            ft.Container(
                primary("register", register_word, register, not form.ready, attempt.busy),
                padding=ft.Padding.only(bottom=theme.MARGIN),
            ),
        ],
        expand=True,
        spacing=8,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _consents(
    t: Words, notices: dict[str, Any], language: str, form: NewCardForm, sets: Any
) -> ft.Control:
    def words(notice: dict[str, str]) -> ft.Control:
        text = either(language, notice["textZh"], notice["textEn"])
        return ft.Text(text, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT)

    offers = notices.get("MARKETING")
    return card(
        ft.Text(t("notice"), weight=ft.FontWeight.BOLD),
        words(notices.get("MEMBERSHIP", BUILT_IN)),
        tick("agrees", t("agrees_membership"), form.agreed, sets("agreed")),
        *([words(offers)] if offers else []),
        tick("marketing", t("agrees_marketing"), form.marketing, sets("marketing")),
        spacing=4,
    )


def _name(t: Words, name: str, change: Any) -> ft.Control:
    field = ft.TextField(
        value=name,
        label=t("name"),
        border=edge(),
        max_length=NAME_LONGEST,
        counter=ft.Container(width=0, height=0),
        on_change=lambda e: change("name", e.control.value or ""),
    )
    return named("member-name", field)


def _sources(t: Words, source: str, change: Any) -> ft.Control:
    chosen = ft.SegmentedButton(
        segments=[ft.Segment(value=known, label=t(f"source_{known}")) for known in SOURCES],
        selected=[source],
        show_selected_icon=False,
        on_change=lambda e: change("source", next(iter(e.control.selected), SOURCES[0])),
    )
    return ft.Row([ft.Text(t("source"), expand=True, color=ft.Colors.ON_SURFACE_VARIANT), chosen])
