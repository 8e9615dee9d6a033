"""Sales this device still owes: how many, how old, and what can be done about each."""

import time
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.client import Refused, SignedOut, Unreachable
from staff_app.clock import at, told_here
from staff_app.i18n import Words
from staff_app.money import count, money
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen
from staff_app.ui.parts import (
    amount,
    card,
    edge,
    empty,
    named,
    note,
    primary,
    quiet,
    row_of,
    secondary,
)
from staff_app.work.desk import manages
from staff_app.work.outbox import is_alone, kind_of, minor_of, points_of

REASON_LENGTH = 2


@ft.component
def UnsentSales() -> ft.View:
    till = use_till()
    t = use_words(till)
    unsent, alone = use(till.unsent), use(till.alone)
    head = bar(t("unsent"), back=BackTo("/"))
    if not unsent.sales:
        done = primary("next-sale", t("next_sale"), lambda: till.go("/"))
        said = t("none_unsent")
        if alone.ready:
            time_ = at(alone.contact_at, till.desk.store)
            said = f"{said}\n{t('alone_kept', styles=count(alone.styles), time=time_)}"
        return screen("/unsent", head, [empty(ft.Icons.CLOUD_DONE_OUTLINED, said)], [done])
    rows: list[ft.Control] = [_sum(t, till, unsent.sales)]
    rows += [UnsentSale(sale, key=sale["id"]) for sale in unsent.sales]
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
    when = at(told_here(sale["saved_at"]), till.desk.store)
    inside = _sold(t, sale) if sold else _promised(t, sale)
    inside.insert(
        1,
        ft.Text(
            t("saved_at", time=when, staff=sale["staff"]),
            size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT,
        ),
    )  # fmt: skip
    if is_alone(sale):
        offline = sale["input"].get("offline")
        told = t("alone_sale", receipt=offline["receipt"]) if offline else t("alone_left")
        inside.insert(1, ft.Text(told, size=theme.SMALL))
    if sale.get("refusal") and is_alone(sale):
        inside.append(note(in_words(till, sale["refusal"]), "stop"))
        inside.append(Acceptance(sale))
    elif sale.get("refusal"):
        inside.append(note(in_words(till, sale["refusal"]), "stop"))
        done = secondary(f"put-back-{sale['id']}", t("put_in_basket"), put_back)
        if not sold:
            done = secondary(f"dismiss-{sale['id']}", t("understood"), dismiss)
        inside.append(done)
    return named(f"unsent-{sale['id']}", card(*inside, spacing=4))


@ft.component
def Acceptance(sale: dict[str, Any]) -> ft.Control:
    """A sale that was made and broke a rule: a manager says why it is booked all the same."""
    till = use_till()
    t = use_words(till)
    reason, set_reason = ft.use_state("")
    trouble, set_trouble = ft.use_state("")

    async def accept() -> None:
        try:
            number = await till.outbox.accept(sale, reason.strip())
        except Refused as refused:
            set_trouble(in_words(till, refused))
        except (Unreachable, SignedOut):
            set_trouble(t("no_answer"))
        else:
            till.say("alone_accepted", number=number)

    async def again() -> None:
        await till.outbox.again(sale)

    resend = quiet(f"send-again-{sale['id']}", t("alone_send_again"), again)
    if not manages(till.desk.staff):
        said = ft.Text(t("alone_ask_manager"), size=theme.SMALL)
        return ft.Column([said, resend], spacing=4)
    field = ft.TextField(
        value=reason, label=t("alone_accept_reason"), border=edge(), max_length=200,
        on_change=lambda event: set_reason(event.control.value or ""),
    )  # fmt: skip
    inside: list[ft.Control] = [named(f"reason-{sale['id']}", field)]
    if trouble:
        inside.append(note(trouble, "stop"))
    ready = len(reason.strip()) >= REASON_LENGTH
    button = secondary(f"accept-{sale['id']}", t("alone_accept"), accept if ready else None)
    return ft.Column([*inside, ft.Row([button, resend], wrap=True)], spacing=8)


def _sum(t: Words, till: Any, sales: list[dict[str, Any]]) -> ft.Control:
    """How much waits, and since when."""
    minor = sum(minor_of(sale) for sale in sales if kind_of(sale) != "return")
    said = t("unsent_sum", amount=money(minor, till.desk.currency), age=age(t, sales))
    return named("unsent-sum", ft.Text(said, color=ft.Colors.ON_SURFACE_VARIANT))


def age(t: Words, sales: list[dict[str, Any]]) -> str:
    """How long the oldest of these waits."""
    minutes = max(int(time.time() - min(sale["saved_at"] for sale in sales)), 0) // 60
    if minutes < 1:
        return str(t("age_now"))
    for word, size, below in (("age_minutes", 1, 60), ("age_hours", 60, 1440)):
        if minutes < below:
            return str(t(word, count=minutes // size))
    return str(t("age_days", count=minutes // 1440))


def _sold(t: Words, sale: dict[str, Any]) -> list[ft.Control]:
    lines = sale["basket"]["lines"]
    pieces = t("pieces", count=sum(line["quantity"] for line in lines))
    total = amount(int(sale["input"]["totalMinor"]), sale["input"]["currency"], 18)
    names = t("comma").join(line["name"] for line in lines[:3])
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
