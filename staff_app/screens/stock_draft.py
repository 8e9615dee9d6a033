"""Receive, adjust or count: scan piece by piece, change a number, book the list once."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.client import Refused, SignedOut, Unreachable
from staff_app.i18n import Words
from staff_app.ui.code_field import CodeField
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen
from staff_app.ui.keypad import keypad
from staff_app.ui.parts import (
    edge,
    empty,
    icon_button,
    named,
    note,
    primary,
    quiet,
)
from staff_app.ui.reasons import Reasons
from staff_app.ui.receipt_lines import piece_text
from staff_app.work.stock import QUANTITY_LIMIT, REASONS

ROUTE = "/stock/draft"
STARTS = {"receive": "receive_start", "adjust": "adjust_start", "count": "count_start"}


@ft.component
def StockDraft() -> ft.View:
    till = use_till()
    t = use_words(till)
    draft = use(till.draft)
    trouble, set_trouble = ft.use_state("")
    typing, set_typing = ft.use_state("")

    async def scanned(text: str) -> None:
        if not text:
            return
        try:
            found = await till.stock_work.scanned(text)
            set_trouble("" if found else t("not_found", text=text))
        except Refused as refused:
            set_trouble(in_words(till, refused))
        except (Unreachable, SignedOut):
            set_trouble(t("no_answer"))

    head = bar(t(draft.kind or "stock"), back=BackTo("/stock"))
    line = next((each for each in draft.lines if each["sku"]["id"] == typing), None)
    if draft.booked is not None:
        return _done(t, till, draft)
    if line:
        return screen(ROUTE, head, [HowMany(line, lambda: set_typing(""), key=typing)])
    body: list[ft.Control] = []
    if not draft.sent:
        field = CodeField("stock-scan", t("scan_pieces"), scanned)
        body.append(ft.Row([field]))
    if trouble:
        body.append(named("trouble", note(trouble, "stop")))
    if draft.refusal:
        body.append(named("refusal", note(in_words(till, draft.refusal), "stop")))
    elif draft.sent and not draft.busy:
        body.append(named("sent", note(t("stock_sent"))))
    if draft.kind == "adjust":
        body.append(Reasons(tuple(REASONS["adjust"]), draft.reason, _choose(till)))
    if draft.lines:
        rows = [DraftLine(each, set_typing, key=each["sku"]["id"]) for each in draft.lines]
        body.append(ft.ListView(rows, expand=True, spacing=0))
    else:
        body.append(empty(ft.Icons.QR_CODE_SCANNER, t(STARTS.get(draft.kind, "scan_pieces"))))
    return screen(ROUTE, head, body, _foot(t, till, draft))


def _choose(till: Any) -> Any:
    def choose(reason: str) -> None:
        till.choose_stock_reason(reason)

    return choose


def _foot(t: Words, till: Any, draft: Any) -> list[ft.Control]:
    if not draft.lines:
        return []
    foot: list[ft.Control] = []
    if draft.kind == "receive" and not draft.sent:
        foot.append(_reference(t, draft))
    if draft.kind == "count" and draft.levels is None:
        text = t("compare", count=till.stock_work.pieces)
        foot.append(primary("compare", text, till.stock_work.compare, busy=draft.busy))
    else:
        text = _books(t, till, draft)
        foot.append(primary("book-stock", text, till.stock_work.book, busy=draft.busy))
    if not draft.sent:
        anew = quiet("begin-anew", t("begin_anew"), till.drop_stock)
        foot.insert(0, ft.Row([anew], alignment=ft.MainAxisAlignment.CENTER))
    return foot


def _books(t: Words, till: Any, draft: Any) -> str:
    work = till.stock_work
    if draft.kind == "receive":
        return t("book_receive", count=work.pieces)
    if draft.kind == "adjust":
        return t("book_adjust", count=work.pieces)
    differing = sum(abs(work.difference(line)) for line in work.differences)
    return t("book_count", count=differing) if differing else t("book_even")


def _reference(t: Words, draft: Any) -> ft.Control:
    def change(event: Any) -> None:
        draft.reference = (event.control.value or "")[:100]

    return named(
        "delivery-number",
        ft.TextField(
            value=draft.reference, label=t("delivery_number"), border=edge(), dense=True,
            on_change=change,
        ),
    )  # fmt: skip


@ft.component
def DraftLine(line: dict[str, Any], type_count: Any) -> ft.Control:
    till = use_till()
    t = use_words(till)
    draft = use(till.draft)
    sku, quantity = line["sku"], line["quantity"]

    async def fewer() -> None:
        await till.stock_work.set_quantity(sku["id"], quantity - 1)

    async def more() -> None:
        await till.stock_work.set_quantity(sku["id"], quantity + 1)

    details = f"{sku['colour']} · {sku['size']} · {sku['code']}"
    number = ft.Container(
        ft.Text(str(quantity), size=18, weight=ft.FontWeight.BOLD),
        width=56,
        height=theme.TARGET,
        alignment=ft.Alignment.CENTER,
        border_radius=8,
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGH,
        ink=True,
        tooltip=t("set_count"),
        on_click=lambda: type_count(sku["id"]),
        disabled=draft.sent,
    )
    row: list[ft.Control] = [
        piece_text(sku, details),
        icon_button(f"fewer-{sku['code']}", ft.Icons.REMOVE, t("fewer"), fewer,
                    disabled=draft.sent),
        named(f"count-{sku['code']}", number),
        icon_button(f"more-{sku['code']}", ft.Icons.ADD, t("more"), more, disabled=draft.sent),
    ]  # fmt: skip
    shown: list[ft.Control] = [ft.Row(row, spacing=0)]
    if draft.kind == "count" and draft.levels is not None:
        shown.append(_difference(t, till, draft, line))
    return ft.Container(ft.Column(shown, spacing=0), padding=ft.Padding.symmetric(vertical=4))


def _difference(t: Words, till: Any, draft: Any, line: dict[str, Any]) -> ft.Control:
    """What the books say, and how far it is off: in red, and in words."""
    differs = till.stock_work.difference(line)
    books = t("counted_of", count=draft.levels.get(line["sku"]["id"], 0))
    told = f"{differs:+d}" if differs else t("counted_even")
    tint = ft.Colors.ERROR if differs else theme.GREEN
    return named(
        f"difference-{line['sku']['code']}",
        ft.Row(
            [
                ft.Text(books, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT, expand=True),
                ft.Text(told, weight=ft.FontWeight.BOLD, color=tint),
            ]
        ),
    )


@ft.component
def HowMany(line: dict[str, Any], close: Any) -> ft.Control:
    """A number by keypad, for what nobody scans one by one."""
    till = use_till()
    t = use_words(till)
    entry, set_entry = ft.use_state("")

    def press(key: str) -> None:
        known = entry[:-1] if key == "back" else entry + key
        if int(known or 0) <= QUANTITY_LIMIT:
            set_entry(known)

    async def done() -> None:
        await till.stock_work.set_quantity(line["sku"]["id"], int(entry or line["quantity"]))
        close()

    shown = entry or str(line["quantity"])
    tint = None if entry else ft.Colors.OUTLINE
    return ft.Column(
        [
            ft.Text(
                t("type_count", name=line["sku"]["name"]), text_align=ft.TextAlign.CENTER
            ),
            ft.Text(shown, size=theme.HUGE, weight=ft.FontWeight.BOLD, color=tint,
                    text_align=ft.TextAlign.CENTER),
            ft.Container(expand=True),
            keypad(t, press),
            ft.Container(
                primary("set-count", t("save"), done),
                padding=ft.Padding.only(bottom=theme.MARGIN),
            ),
        ],
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )  # fmt: skip


def _done(t: Words, till: Any, draft: Any) -> ft.View:
    shown = empty(ft.Icons.CHECK_CIRCLE, t("stock_booked", count=draft.booked))
    again = quiet("another-one", t("another_one"), till.stock_work.drop)
    foot = [
        ft.Row([again], alignment=ft.MainAxisAlignment.CENTER),
        primary("to-stock", t("to_stock"), lambda: till.go("/stock")),
    ]
    return screen(ROUTE, bar(t(draft.kind)), [shown], foot)
