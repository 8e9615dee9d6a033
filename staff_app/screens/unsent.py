"""Sales this device still owes: how many, how old, and what can be done about each."""

import time
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.money import count
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen
from staff_app.ui.parts import (
    amount,
    card,
    empty,
    named,
    note,
    primary,
    row_of,
    secondary,
)
from staff_app.work.outbox import kind_of, minor_of, points_of


@ft.component
def UnsentSales() -> ft.View:
    till = use_till()
    t = use_words(till)
    unsent = use(till.unsent)
    head = bar(t("unsent"), back=BackTo("/"))
    if not unsent.sales:
        done = primary("next-sale", t("next_sale"), lambda: till.go("/"))
        return screen("/unsent", head, [empty(ft.Icons.CLOUD_DONE_OUTLINED, t("none_unsent"))],
                      [done])  # fmt: skip
    rows = [UnsentSale(sale, key=sale["id"]) for sale in unsent.sales]
    send = primary("send-now", t("send_now"), till.outbox.wake, busy=bool(unsent.sending))
    return screen(
        "/unsent",
        head,
        [note(t("unsent_hint")), ft.ListView(rows, expand=True, spacing=12)],
        [send],
    )


@ft.component
def UnsentSale(sale: dict[str, Any]) -> ft.Control:
    till = use_till()
    t = use_words(till)

    async def put_back() -> None:
        if till.basket.lines:
            till.say("basket_in_use")
            return
        await till.checkout.restore(sale)
        till.go("/")

    async def dismiss() -> None:
        await till.outbox.forget(sale["id"])

    sold = kind_of(sale) == "sale"
    at = time.strftime("%m-%d %H:%M", time.localtime(sale["saved_at"]))
    inside = _sold(t, sale) if sold else _promised(t, sale)
    inside.insert(
        1,
        ft.Text(
            t("saved_at", time=at, staff=sale["staff"]),
            size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT,
        ),
    )  # fmt: skip
    if sale.get("refusal"):
        inside.append(note(in_words(till, sale["refusal"]), "stop"))
        done = secondary(f"put-back-{sale['id']}", t("put_in_basket"), put_back)
        if not sold:
            done = secondary(f"dismiss-{sale['id']}", t("understood"), dismiss)
        inside.append(done)
    return named(f"unsent-{sale['id']}", card(*inside, spacing=4))


def _sold(t: Words, sale: dict[str, Any]) -> list[ft.Control]:
    lines = sale["basket"]["lines"]
    pieces = t("pieces", count=sum(line["quantity"] for line in lines))
    total = amount(int(sale["input"]["totalMinor"]), sale["input"]["currency"], 18)
    names = "，".join(line["name"] for line in lines[:3])
    return [
        row_of(pieces, total, strong=True),
        ft.Text(names, size=theme.SMALL, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
    ]


def _promised(t: Words, sale: dict[str, Any]) -> list[ft.Control]:
    points = points_of(sale)
    if points is not None:
        spent = ft.Text(t("count_points", count=count(points)), weight=ft.FontWeight.BOLD)
        return [row_of(t("redeem_unsent", about=sale["about"]), spent, strong=True)]
    back = kind_of(sale) == "return"
    word = "return_unsent" if back else "top_up_unsent"
    minor = -minor_of(sale) if back else minor_of(sale)
    told = amount(minor, sale["currency"], 18)
    return [row_of(t(word, about=sale["about"]), told, strong=True)]
