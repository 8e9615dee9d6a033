"""Stock: find a style, see it in colours and sizes; the ways to receive, adjust and count."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.ui.code_field import CodeField
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, head, place, screen
from staff_app.ui.parts import amount, empty, figures, list_row, note, secondary, skeleton
from staff_app.ui.style_pane import StylePane
from staff_app.work.desk import manages


@ft.component
def Stock() -> ft.Control:
    till = use_till()
    t = use_words(till)
    shelf, desk = use(till.shelf), use(till.desk)
    wide = use(till.layout).wide

    async def look_up(text: str) -> None:
        found = await till.shelf_work.look_up(text)
        if found:
            await till.open_style(found["styleId"], found["id"])

    kinds = ["receive"]
    if manages(desk.staff):
        kinds += ["adjust", "count"]
    icons = {"receive": ft.Icons.INVENTORY_2_OUTLINED, "adjust": ft.Icons.TUNE,
             "count": ft.Icons.CHECKLIST}  # fmt: skip
    doing = [secondary(kind, t(kind), _begin(till, kind), icons[kind], expand=True)
             for kind in kinds]  # fmt: skip
    ways = ft.Row([ft.Container(way, expand=True) for way in doing], spacing=8)
    field = CodeField("stock-query", t("stock_hint"), look_up, keeps=shelf.query)
    body: list[ft.Control] = [ft.Row([field]), _found(t, till, shelf)]
    if shelf.refusal:
        body.insert(1, note(in_words(till, shelf.refusal), "stop"))
    beside = StylePane() if wide else None
    return place(head("/stock", t("stock")), body, [ways], aside=beside)


@ft.component
def Style() -> ft.View:
    """One style on a screen of its own."""
    till = use_till()
    t = use_words(till)
    name = (use(till.shelf).style or {}).get("name") or t("stock")
    return screen("/stock/style", bar(name, back=BackTo("/stock")), [StylePane(margin=0)])


def _begin(till: Any, kind: str) -> Any:
    async def begin() -> None:
        await till.begin_stock(kind)

    return begin


def _found(t: Words, till: Any, shelf: Any) -> ft.Control:
    if shelf.searching:
        return skeleton()
    if shelf.styles is None:
        return empty(ft.Icons.STYLE_OUTLINED, t("stock_start"))
    if not shelf.styles:
        text = f"{t('not_found', text=shelf.query)}\n{t('not_found_hint')}"
        return empty(ft.Icons.SEARCH_OFF, text)
    shown = (shelf.style or {}).get("id") if till.layout.wide else None
    rows = [
        StyleRow(style, style["styleId"] == shown, key=style["styleId"]) for style in shelf.styles
    ]
    return ft.ListView(rows, expand=True, spacing=0)


@ft.component
def StyleRow(style: dict[str, Any], chosen: bool) -> ft.Control:
    till = use_till()
    t = use_words(till)
    here = style["available"] > 0

    async def look_at() -> None:
        await till.open_style(style["styleId"])

    told = t("available", count=style["available"]) if here else t("none_available")
    what = ft.Column(
        [
            ft.Text(style["name"], max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            ft.Text(style["styleCode"], size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT),
        ],
        spacing=2,
        expand=True,
        alignment=ft.MainAxisAlignment.CENTER,
    )
    there = ft.Text(told, size=theme.SMALL, color=theme.GREEN if here else ft.Colors.ERROR)
    right = figures(amount(int(style["priceMinor"]), style["currency"]), there)
    return list_row(f"style-{style['styleCode']}", ft.Row([what, right]), look_at, chosen)
