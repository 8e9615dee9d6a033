"""Why a line costs what it costs: a sheet that can be shown to the customer."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words, either
from staff_app.money import money
from staff_app.ui.parts import amount, named, primary, row_of

APPLIED = "APPLIED"
FAR = {"NOT_THIS_PIECE"}
"""Promotions that are for something else altogether: counted, not told one by one."""
SHOWN = 7
ROW_HEIGHT, REASONS_HEIGHT = 68, 300


def why_sheet(
    t: Words, language: str, priced: dict[str, Any], currency: str, close: Any
) -> ft.BottomSheet:
    near = [reason for reason in priced["reasons"] if reason["code"] not in FAR]
    near.sort(key=lambda reason: reason["code"] != APPLIED)
    said: list[ft.Control] = [_reason(t, language, reason, currency) for reason in near[:SHOWN]]
    if not near:
        said = [ft.Text(t("no_promotions"), color=ft.Colors.ON_SURFACE_VARIANT)]
    others = len(priced["reasons"]) - len(said) if near else len(priced["reasons"])
    if others:
        rest = t("other_promotions", count=others)
        said.append(ft.Text(rest, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT))
    inside: list[ft.Control] = [
        ft.Text(t("why_title"), size=theme.TITLE, weight=ft.FontWeight.BOLD),
        ft.Text(
            f"{priced['name']}　{priced['colour']} · {priced['size']} × {priced['quantity']}",
            color=ft.Colors.ON_SURFACE_VARIANT,
        ),
        row_of(t("list_price"), amount(int(priced["listMinor"]), currency)),
        ft.Divider(height=1),
        ft.Container(
            height=min(len(said) * ROW_HEIGHT, REASONS_HEIGHT),
            content=ft.ListView(said, spacing=8),
        ),
        ft.Divider(height=1),
        row_of(t("you_pay"), amount(int(priced["netMinor"]), currency, theme.TITLE), strong=True),
        primary("close-why", t("close"), close),
    ]
    return ft.BottomSheet(
        content=named(
            "why-sheet",
            ft.Container(
                padding=ft.Padding.only(left=20, right=20, bottom=20),
                content=ft.Column(inside, tight=True, spacing=12),
            ),
        ),
        show_drag_handle=True,
        animation_style=ft.AnimationStyle.no_animation(),
        scrollable=True,
        size_constraints=ft.BoxConstraints(max_width=theme.CONTENT_WIDTH),
    )


def _reason(t: Words, language: str, reason: dict[str, Any], currency: str) -> ft.Control:
    applied = reason["code"] == APPLIED
    icon = ft.Icons.CHECK_CIRCLE if applied else ft.Icons.REMOVE_CIRCLE_OUTLINE
    tint = theme.GREEN if applied else ft.Colors.OUTLINE
    row: list[ft.Control] = [
        ft.Icon(icon, color=tint, size=20),
        ft.Column(
            [
                ft.Text(
                    either(language, reason["nameZh"], reason["nameEn"]),
                    weight=ft.FontWeight.BOLD,
                ),
                ft.Text(
                    either(language, reason["textZh"], reason["textEn"]),
                    size=theme.SMALL,
                    color=ft.Colors.ON_SURFACE_VARIANT,
                ),
            ],
            spacing=2,
            expand=True,
        ),
    ]
    if applied and int(reason["amountMinor"]):
        shown = money(-abs(int(reason["amountMinor"])), currency)
        row.append(ft.Text(shown, weight=ft.FontWeight.BOLD, color=theme.GREEN))
    return ft.Semantics(
        label=t("applied") if applied else t("not_applied"),
        content=ft.Row(row, spacing=10, vertical_alignment=ft.CrossAxisAlignment.START),
    )
