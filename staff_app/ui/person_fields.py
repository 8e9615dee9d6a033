"""Fields of a person: a text, and a birthday in the calendar they use."""

import functools
from typing import Any

import flet as ft

from staff_app.i18n import Words
from staff_app.ui.parts import edge, named, tick
from staff_app.ui.reasons import Reasons

CALENDARS = ("solar", "lunar")


def birthday_fields(t: Words, form: Any, change: Any) -> list[ft.Control]:
    """Year (may be left out), month and day, in the calendar the person uses."""
    lunar = form.calendar == "lunar"
    row: list[ft.Control] = [Reasons(CALENDARS, form.calendar, lambda key: change("calendar", key))]
    if lunar:
        row.append(
            tick("leap-month", t("leap_month"), form.leap, functools.partial(change, "leap"))
        )
    return [
        ft.Text(t("birthday"), color=ft.Colors.ON_SURFACE_VARIANT),
        ft.Row(row),
        ft.Row(
            [
                text_field("year", t("year"), form.year, change, digits=True, limit=4, expand=2),
                text_field("month", t("month"), form.month, change, digits=True, limit=2, expand=1),
                text_field("day", t("day"), form.day, change, digits=True, limit=2, expand=1),
            ],
            spacing=8,
        ),
    ]


def text_field(
    name: str, label: str, value: str, change: Any, digits: bool = False, limit: int = 60,
    expand: int | None = None,
) -> ft.Control:  # fmt: skip
    field = ft.TextField(
        value=value,
        label=label,
        border=edge(),
        max_length=limit,
        counter=ft.Container(width=0, height=0),
        keyboard_type=ft.KeyboardType.NUMBER if digits else ft.KeyboardType.TEXT,
        input_filter=ft.NumbersOnlyInputFilter() if digits else None,
        on_change=lambda e: change(name, e.control.value or ""),
    )
    return ft.Container(named(f"member-{name}", field), expand=expand)
