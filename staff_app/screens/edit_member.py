"""Changing what is known of a member, by a form that everybody fills in the same way."""

from typing import Any

import flet as ft

from staff_app.i18n import Words
from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.custom_fields import drawn_fields, has_place
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.member_profile import size_name
from staff_app.ui.parts import primary, tick
from staff_app.ui.person_fields import birthday_fields, text_field
from staff_app.ui.reasons import Reasons
from staff_app.work.profile_form import ProfileForm

GENDERS = ("gender_female", "gender_male", "gender_other")
POWERS = ("power_low", "power_middle", "power_high", "power_top")
SIZES = ("top", "bottom", "shoe")


@ft.component
def EditMember() -> ft.View:
    till = use_till()
    t = use_words(till)
    person = use(till.person)
    member = person.member or {}
    form, set_form = ft.use_state(lambda: ProfileForm.of(member))
    attempt = use_attempt()
    agrees, set_agrees = ft.use_state(False)

    def change(name: str, value: Any) -> None:
        set_form(lambda known: known.with_(name, value))

    def change_custom(key: str, value: Any) -> None:
        set_form(lambda known: known.with_custom(key, value))

    async def save() -> None:
        changes = form.changes(member)
        if located and agrees and "fields" in changes:
            changes["consents"] = [till.member_work.consent("LOCATION", granted=True)]
        if not changes:
            attempt.say(t("nothing_changed"))
            return
        await attempt.make(lambda: till.member_work.save(changes), done)

    def done() -> None:
        till.say("saved")
        till.back_to_member()

    schema = person.form or {}
    language = till.preferences.language
    custom = drawn_fields(schema, language, t, form.custom, change_custom)
    before = ProfileForm.of(member).custom
    filled = {key: each for key, each in form.custom.items() if each != before.get(key)}
    located = has_place(schema, filled) and not till.member_work.agrees("LOCATION")
    if located:
        custom.append(tick("agrees-location", t("agrees_location"), agrees, set_agrees))
    body: list[ft.Control] = [
        ft.Container(height=0),  # else the first label is cut off
        *attempt.note,
        text_field("name", t("name"), form.name, change),
        Reasons(GENDERS, _key("gender", form.gender), _chooser("gender", change)),
        *birthday_fields(t, form, change),
        text_field("city", t("city"), form.city, change),
        text_field("wechat", t("wechat"), form.wechat, change),
        text_field("height", t("height"), form.height, change, digits=True),
        ft.Text(t("sizes"), color=ft.Colors.ON_SURFACE_VARIANT),
        ft.Row([_size(t, form, size, change) for size in _sizes(form)], spacing=8),
        text_field("style", t("style"), form.style, change),
        text_field("likes", t("style_likes"), form.likes, change),
        ft.Text(t("spending_power"), color=ft.Colors.ON_SURFACE_VARIANT),
        Reasons(POWERS, _key("power", form.power), _chooser("power", change)),
        *([ft.Text(t("more_fields"), weight=ft.FontWeight.BOLD)] if custom else []),
        *custom,
    ]
    head = bar(f"{t('edit')} · {member.get('name', '')}", back=BackTo(till.member_route))
    button = primary("save-member", t("save"), save, busy=attempt.busy)
    return screen("/customers/edit", head, [scrolling(body)], [button])


def _sizes(form: ProfileForm) -> list[str]:
    return [*SIZES, *(name for name in form.sizes if name not in SIZES)][:4]


def _size(t: Words, form: ProfileForm, size: str, change: Any) -> ft.Control:
    def write(_name: str, value: str) -> None:
        change("sizes", {**form.sizes, size: value})

    return text_field(
        f"size-{size}", size_name(t, size), form.sizes.get(size, ""), write, limit=20, expand=1
    )


def _key(prefix: str, value: str) -> str:
    return f"{prefix}_{value.lower()}" if value else ""


def _chooser(name: str, change: Any) -> Any:
    return lambda key: change(name, key.removeprefix(f"{name}_").upper())
