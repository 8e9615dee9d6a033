"""One piece in the basket: what it is, how many, what it costs, and why."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.state import Line
from staff_app.ui.context import use_till, use_words
from staff_app.ui.parts import amount, icon_button, named
from staff_app.ui.why import why_sheet


@ft.component
def BasketLine(line: Line, priced: dict[str, Any] | None, currency: str) -> ft.Control:
    till = use_till()
    t = use_words(till)
    page = ft.context.page

    async def fewer() -> None:
        if line.quantity > 1:
            await till.basket_work.set_quantity(line, line.quantity - 1)
        else:
            await remove()

    async def more() -> None:
        await till.basket_work.set_quantity(line, line.quantity + 1)

    async def undo() -> None:
        await till.basket_work.undo_remove(line)

    async def remove() -> None:
        await till.basket_work.remove(line)
        till.say("removed", undo=undo, name=line.name)

    def why() -> None:
        if priced:
            sheet = why_sheet(t, till.preferences.language, priced, currency, page.pop_dialog)
            page.show_dialog(sheet)

    return ft.Container(
        padding=ft.Padding.symmetric(vertical=6),
        content=ft.Row(
            [
                _swatch(line),
                ft.Column([_name(t, line), _stepper(t, line, fewer, more)], spacing=0, expand=True),
                _price(t, line, priced, currency, why),
            ],
            spacing=12,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        ),
    )


def _swatch(line: Line) -> ft.Control:
    """Where there is no picture: the style code on a quiet square."""
    return ft.Container(
        width=56,
        height=56,
        border_radius=8,
        bgcolor=ft.Colors.SECONDARY_CONTAINER,
        alignment=ft.Alignment.CENTER,
        padding=2,
        content=ft.Text(
            line.style_code,
            size=11,
            color=ft.Colors.ON_SECONDARY_CONTAINER,
            text_align=ft.TextAlign.CENTER,
            max_lines=2,
            overflow=ft.TextOverflow.ELLIPSIS,
        ),
    )


def _name(t: Words, line: Line) -> ft.Control:
    return ft.Column(
        [
            ft.Text(line.name, size=theme.BODY, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            ft.Text(
                t("piece_of", colour=line.colour, size=line.size),
                size=theme.SMALL,
                color=ft.Colors.ON_SURFACE_VARIANT,
                max_lines=1,
                overflow=ft.TextOverflow.ELLIPSIS,
            ),
        ],
        spacing=0,
    )


def _stepper(t: Words, line: Line, fewer: Any, more: Any) -> ft.Control:
    last = line.quantity == 1
    return ft.Row(
        [
            icon_button(
                f"fewer-{line.number}",
                ft.Icons.DELETE_OUTLINE if last else ft.Icons.REMOVE,
                t("remove") if last else t("fewer"),
                fewer,
            ),
            ft.Text(
                str(line.quantity), size=theme.BODY, weight=ft.FontWeight.BOLD, width=28,
                text_align=ft.TextAlign.CENTER,
            ),
            icon_button(f"more-{line.number}", ft.Icons.ADD, t("more"), more),
        ],
        spacing=0,
        tight=True,
    )  # fmt: skip


def _price(
    t: Words, line: Line, priced: dict[str, Any] | None, currency: str, why: Any
) -> ft.Control:
    if priced is None or priced["quantity"] != line.quantity:
        waiting = amount(
            line.price_minor * line.quantity, currency, color=ft.Colors.ON_SURFACE_VARIANT
        )
        return ft.Container(width=104, alignment=ft.Alignment.CENTER_RIGHT, content=waiting)
    net, full = int(priced["netMinor"]), int(priced["listMinor"])
    shown: list[ft.Control] = [amount(net, currency)]
    if net != full:
        shown.insert(
            0,
            amount(
                full, currency, theme.TINY, ft.FontWeight.NORMAL,
                ft.Colors.ON_SURFACE_VARIANT, struck=True,
            ),
        )  # fmt: skip
    reason = ft.Text(
        t("why"),
        size=theme.TINY,
        color=theme.GREEN if net != full else ft.Colors.PRIMARY,
        weight=ft.FontWeight.BOLD,
    )
    return named(
        f"why-{line.number}",
        ft.Container(
            width=104,
            height=64,
            border_radius=8,
            ink=True,
            on_click=why,
            alignment=ft.Alignment.CENTER_RIGHT,
            padding=ft.Padding.only(right=4),
            content=ft.Column(
                [*shown, reason],
                spacing=0,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.END,
            ),
        ),
    )
