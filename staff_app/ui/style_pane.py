"""A style in colours and sizes as it is here; of the cell that is tapped, who else has it."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import pane, scrolling
from staff_app.ui.parts import amount, card, empty, named, note, primary, row_of, skeleton
from staff_app.work.shelf import matrix

CELL_WIDTH, COLOUR_WIDTH = 56, 64
FITTING = 6
"""So many sizes stand beside each other on a phone."""


@ft.component
def StylePane(margin: int = theme.MARGIN) -> ft.Control:
    """`margin` is none within a screen, which has its own."""
    till = use_till()
    t = use_words(till)
    shelf = use(till.shelf)
    if shelf.style is None:
        if shelf.refusal:
            return pane([note(in_words(till, shelf.refusal), "stop")], margin=margin)
        return pane([empty(ft.Icons.STYLE_OUTLINED, t("choose_style"))], margin=margin)
    piece = till.shelf_work.piece()
    style = shelf.style
    price = amount(int(style["skus"][0]["priceMinor"]), style["skus"][0]["currency"], 18)
    shown: list[ft.Control] = [
        ft.Row(
            [
                ft.Text(f"{style['name']} · {style['code']}", weight=ft.FontWeight.BOLD,
                        expand=True),
                price,
            ]
        ),
        _matrix(t, till, style, shelf.sku_id),
        _elsewhere(t, shelf, piece) if piece else
        ft.Text(t("tap_a_cell"), color=ft.Colors.ON_SURFACE_VARIANT),
    ]  # fmt: skip
    foot: list[ft.Control] = []
    if piece:

        async def sell() -> None:
            till.go("/")
            await till.basket_work.add(piece)

        foot.append(primary("sell-this", t("sell_this"), sell))
    return pane([scrolling(shown)], foot, margin)


def _matrix(t: Words, till: Any, style: dict[str, Any], chosen: str) -> ft.Control:
    """As wide as the pane with the usual sizes; with more of them it scrolls."""
    colours, sizes, cells = matrix(style)
    fits = len(sizes) <= FITTING
    corner = ft.Container(width=COLOUR_WIDTH)
    head = [_head(size, fits) for size in sizes]
    rows: list[ft.Control] = [ft.Row([corner, *head], spacing=4)]
    for colour in colours:
        name = ft.Text(colour, max_lines=2, overflow=ft.TextOverflow.ELLIPSIS)
        row = [_cell(t, till, cells.get((colour, size)), chosen, fits) for size in sizes]
        rows.append(ft.Row([ft.Container(name, width=COLOUR_WIDTH), *row], spacing=4))
    title = ft.Text(t("in_this_store"), size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT)
    grid: ft.Control = ft.Column(rows, spacing=4)
    if not fits:
        grid = ft.Row([grid], scroll=ft.ScrollMode.AUTO)
    return named("matrix", card(title, grid, padding=12))


def _head(size: str, fits: bool) -> ft.Control:
    return ft.Container(
        ft.Text(size, weight=ft.FontWeight.BOLD, no_wrap=True),
        width=None if fits else CELL_WIDTH,
        expand=fits,
        alignment=ft.Alignment.CENTER,
    )


def _cell(t: Words, till: Any, sku: dict[str, Any] | None, chosen: str, fits: bool) -> ft.Control:
    width = None if fits else CELL_WIDTH
    if sku is None:
        return ft.Container(width=width, expand=fits, height=theme.TARGET)
    there = sku["available"] > 0
    picked = sku["id"] == chosen

    async def choose() -> None:
        await till.shelf_work.choose(sku["id"])

    paper = theme.GREEN_TINT if there else ft.Colors.SURFACE_CONTAINER_HIGH
    ink = theme.GREEN if there else ft.Colors.ON_SURFACE_VARIANT
    label = t("cell", colour=sku["colour"], size=sku["size"], count=sku["available"])
    face = ft.Container(
        ft.Text(str(sku["available"]), size=18, weight=ft.FontWeight.BOLD, color=ink),
        width=width,
        height=theme.TARGET,
        bgcolor=paper,
        border_radius=8,
        border=ft.Border.all(2, ft.Colors.PRIMARY if picked else ft.Colors.TRANSPARENT),
        alignment=ft.Alignment.CENTER,
        ink=True,
        on_click=choose,
    )
    return ft.Semantics(
        identifier=f"cell-{sku['code']}", content=face, label=label, expand=fits, button=True
    )


def _elsewhere(t: Words, shelf: Any, piece: dict[str, Any]) -> ft.Control:
    held = t("on_shelf", count=piece["onHand"], reserved=piece["reserved"])
    rows: list[ft.Control] = [
        ft.Text(f"{piece['colour']} · {piece['size']}", weight=ft.FontWeight.BOLD),
        ft.Text(f"{piece['code']} · {held}", size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT),
        row_of(t("in_this_store"), str(piece["available"]), strong=True),
        ft.Divider(height=1),
        ft.Text(t("other_stores"), weight=ft.FontWeight.BOLD),
    ]
    if shelf.elsewhere is None:
        rows.append(skeleton(2))
    elif not shelf.elsewhere:
        rows.append(ft.Text(t("nowhere"), color=ft.Colors.ON_SURFACE_VARIANT))
    else:
        rows += [
            row_of(level["store"]["name"], t("available", count=level["available"]))
            for level in shelf.elsewhere
        ]
    return named("elsewhere", card(*rows, spacing=8))
