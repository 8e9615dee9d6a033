"""Everything that happened with a member, newest first, and what staff wrote down."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import CATALOGUE, Words, either
from staff_app.money import count, money
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.custom_fields import labels, shown_field
from staff_app.ui.parts import named, quiet, row_of, skeleton
from staff_app.ui.task_ways import begin_task_of_member

ICONS = {
    "NOTE": ft.Icons.EDIT_NOTE, "VISIT": ft.Icons.STOREFRONT_OUTLINED,
    "ENQUIRY": ft.Icons.HELP_OUTLINE, "CALL": ft.Icons.CALL_OUTLINED,
    "MESSAGE": ft.Icons.CHAT_BUBBLE_OUTLINE, "PURCHASE": ft.Icons.SHOPPING_BAG_OUTLINED,
    "RETURN": ft.Icons.UNDO, "VOID": ft.Icons.BLOCK, "POINTS": ft.Icons.STARS_OUTLINED,
    "TOP_UP": ft.Icons.ACCOUNT_BALANCE_WALLET_OUTLINED, "TIER": ft.Icons.TRENDING_UP,
    "COUPON": ft.Icons.CONFIRMATION_NUMBER_OUTLINED, "JOINED": ft.Icons.CARD_MEMBERSHIP,
    "TIER_LAPSING": ft.Icons.TRENDING_DOWN, "NEAR_TIER": ft.Icons.TRENDING_UP,
    "HANDED_OVER": ft.Icons.SWAP_HORIZ, "MERGED": ft.Icons.CALL_MERGE,
    "UNMERGED": ft.Icons.CALL_SPLIT,
}  # fmt: skip


@ft.component
def Contacts() -> ft.Control:
    till = use_till()
    t = use_words(till)
    person = use(till.person)

    async def choose(event: Any) -> None:
        await till.member_work.timeline("notes" in event.control.selected)

    switch = ft.SegmentedButton(
        segments=[
            ft.Segment(value="all", label=t("all_happenings")),
            ft.Segment(value="notes", label=t("only_notes")),
        ],
        selected=["notes" if person.only_notes else "all"],
        show_selected_icon=False,
        on_change=choose,
    )
    new = quiet("member-task", t("new_task"), lambda: begin_task_of_member(till), ft.Icons.ADD_TASK)
    shown: list[ft.Control] = [named("which-happenings", switch), ft.Row([new])]
    if person.happenings is None:
        shown.append(skeleton(3))
    elif not person.happenings:
        shown.append(ft.Text(t("no_happenings"), color=ft.Colors.ON_SURFACE_VARIANT))
    else:
        form = (person.note_form or {}).get("properties", {})
        rows = [_happening(t, till, each, form) for each in person.happenings]
        shown.append(named("happenings", ft.Column(rows, spacing=12)))
    if person.happenings_after:
        shown.append(quiet("more-happenings", t("show_more"), till.member_work.more_happenings))
    return ft.Column(shown, spacing=12, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _happening(t: Words, till: Any, happening: dict[str, Any], form: dict[str, Any]) -> ft.Control:
    kind = happening["kind"]
    word = f"kind_{kind.lower()}"
    name = t(word) if word in CATALOGUE else kind
    figures = _figures(till, happening)
    where = [
        clock.at(happening["at"], till.desk.store),
        (happening["store"] or {}).get("name", ""),
        (happening["staff"] or {}).get("name", ""),
    ]
    lines: list[ft.Control] = [
        ft.Row([ft.Text(name, weight=ft.FontWeight.BOLD, expand=True), ft.Text(figures)], spacing=8)
    ]
    if happening["text"]:
        lines.append(ft.Text(happening["text"]))
    language = till.preferences.language
    for field in happening["fields"]:
        key, schema = field["key"], form.get(field["key"])
        if schema:
            value = shown_field(t, language, key, schema, field["value"], happening["id"])
            lines.append(row_of(labels(schema, language), value))
    told = " · ".join(part for part in where if part)
    lines.append(ft.Text(told, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT))
    return ft.Row(
        [
            ft.Icon(ICONS.get(kind, ft.Icons.CIRCLE_OUTLINED), size=22,
                    color=ft.Colors.ON_SURFACE_VARIANT),
            ft.Column(lines, spacing=0, expand=True),
        ],
        spacing=12,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )  # fmt: skip


def _figures(till: Any, happening: dict[str, Any]) -> str:
    if happening["points"] is not None:
        return f"{'+' if happening['points'] > 0 else ''}{count(happening['points'])}"
    if happening["amountMinor"] is not None:
        return money(int(happening["amountMinor"]), happening["currency"] or till.desk.currency)
    if happening["couponCode"]:
        return str(happening["couponCode"])
    language = till.preferences.language
    return either(language, happening["tierNameZh"], happening["tierNameEn"])
