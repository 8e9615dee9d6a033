"""What is known of a person: the usual, what HQ asks beside it, family, consents."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import CATALOGUE, Words
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.custom_fields import labels, shown_field
from staff_app.ui.member_merges import MergeCard
from staff_app.ui.member_rights import RightsCard
from staff_app.ui.parts import card, icon_button, named, quiet, row_of, skeleton, switch


@ft.component
def Profile() -> ft.Control:
    till = use_till()
    t = use_words(till)
    person = use(till.person)
    member = person.member
    if member is None:
        return skeleton(2)
    shown: list[ft.Control] = [named("profile", card(*_usual(t, member), spacing=6))]
    if person.family is None:
        return ft.Column([*shown, skeleton(2)], spacing=12)
    custom = _custom(t, till, member, person.form or {})
    if custom:
        title = ft.Text(t("more_fields"), weight=ft.FontWeight.BOLD)
        shown.append(named("custom-fields", card(title, *custom, spacing=6)))
    shown += [FamilyCard(), ConsentCard(), MergeCard(), RightsCard()]
    return ft.Column(shown, spacing=12, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _usual(t: Words, member: dict[str, Any]) -> list[ft.Control]:
    def worded(prefix: str, value: str | None) -> str:
        return t(f"{prefix}_{value.lower()}") if value else ""

    sizes = " · ".join(f"{size_name(t, s['name'])} {s['value']}" for s in member["sizes"])
    height = str(member["heightCm"] or "")
    facts = [
        ("gender", worded("gender", member["gender"])),
        ("birthday", birthday(t, member)),
        ("next_birthday", member["nextBirthday"]),
        ("city", member["city"]),
        ("wechat", member["wechat"]),
        ("height", height),
        ("sizes", sizes),
        ("style", member["style"]),
        ("style_shown", t("comma").join(member["stylePreferences"])),
        ("spending_power", worded("power", member["spendingPower"])),
        ("home_store", (member["homeStore"] or {}).get("name")),
        ("associate", (member["associate"] or {}).get("name")),
        ("source", source_of(t, member["sourceChannel"])),
    ]
    return [row_of(t(word), _value(value)) for word, value in facts if value]


def source_of(t: Words, channel: str) -> str:
    """How somebody came, in words where there are some for it."""
    return t(f"source_{channel}") if f"source_{channel}" in CATALOGUE else channel


def size_name(t: Words, name: str) -> str:
    """Of a size: top, bottom and shoe have words, others stand as HQ calls them."""
    return t(f"size_{name}") if f"size_{name}" in CATALOGUE else name


def birthday(t: Words, member: dict[str, Any]) -> str:
    """As it was given, in its own calendar, and the age where it is known."""
    told = day_of(t, member["born"])
    if told and member.get("age") is not None:
        told = f"{told} · {t('years_old', age=member['age'])}"
    return told


def day_of(t: Words, born: dict[str, Any] | None) -> str:
    if not born:
        return ""
    day = f"{born['month']:02d}-{born['day']:02d}"
    if born["leapMonth"]:
        day = t("leap_day", day=day)
    if born["year"]:
        day = f"{born['year']}-{day}"
    return t("birthday_on", calendar=t(born["calendar"].lower()), day=day)


def _custom(t: Words, till: Any, member: dict[str, Any], form: dict[str, Any]) -> list[ft.Control]:
    known = {each["key"]: each["value"] for each in member["fields"]}
    language = till.preferences.language
    return [
        row_of(labels(schema, language), shown_field(t, language, key, schema, known[key]))
        for key, schema in form.get("properties", {}).items()
        if known.get(key) is not None
    ]


@ft.component
def FamilyCard() -> ft.Control:
    till = use_till()
    t = use_words(till)
    family = use(till.person).family or []
    rows: list[ft.Control] = [RelativeRow(each, key=each["id"]) for each in family]
    if not rows:
        rows = [ft.Text(t("no_family"), color=ft.Colors.ON_SURFACE_VARIANT)]
    title = ft.Row(
        [
            ft.Text(t("family"), weight=ft.FontWeight.BOLD, expand=True),
            quiet("add-relative", t("add_relative"), lambda: till.go("/customers/relative"),
                  ft.Icons.ADD),
        ]
    )  # fmt: skip
    return named("family", card(title, *rows, spacing=6))


@ft.component
def RelativeRow(relative: dict[str, Any]) -> ft.Control:
    """Who it is; forgotten with a tap and a second one that says whom."""
    till = use_till()
    t = use_words(till)
    sure, set_sure = ft.use_state(False)

    async def remove() -> None:
        await till.member_work.remove_relative(relative)
        till.say("relative_gone", name=relative["name"])

    told = [day_of(t, relative["born"])]
    if relative["age"] is not None:
        told.append(t("years_old", age=relative["age"]))
    told.append(relative["note"])
    details = " · ".join(part for part in told if part)
    relation = t(f"relation_{relative['relation'].lower()}")
    words = ft.Column(
        [
            ft.Text(f"{relation} {relative['name']}"),
            ft.Text(details, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT),
        ],
        spacing=0,
        expand=True,
    )
    forget = t("remove_relative", name=relative["name"])
    last = icon_button(f"forget-{relative['id']}", ft.Icons.CLOSE, forget, lambda: set_sure(True))
    if sure:
        last = quiet(f"forget-{relative['id']}-now", forget, remove)
    return ft.Row([words, last])


@ft.component
def ConsentCard() -> ft.Control:
    """What was agreed to; all but membership can be given and taken back here, at once."""
    till = use_till()
    t = use_words(till)
    consents = use(till.person).consents or []
    rows: list[ft.Control] = []
    for consent in consents:
        purpose, granted = consent["purpose"], consent["granted"]
        told = t("agreed") if granted else t("refused")
        name = t(f"purpose_{purpose.lower()}")
        if purpose == "MEMBERSHIP":
            day = clock.day(consent["recordedAt"], till.desk.store)
            rows.append(row_of(name, f"{told} · {day}"))
            continue

        async def change(event: Any, purpose: str = purpose) -> None:
            await till.member_work.agree(purpose, bool(event.control.value))
            await till.member_work.again()

        rows.append(switch(purpose.lower(), name, granted, change))
    title = ft.Text(t("consents"), weight=ft.FontWeight.BOLD)
    return named("consents", card(title, *rows, spacing=6))


def _value(text: str | None) -> ft.Control:
    return ft.Text(
        text or "", size=theme.BODY, text_align=ft.TextAlign.RIGHT, expand=True, max_lines=3,
        overflow=ft.TextOverflow.ELLIPSIS,
    )  # fmt: skip
