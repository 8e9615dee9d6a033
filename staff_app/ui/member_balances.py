"""Points and wallet: what there is, what came and went, and why it adds up."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import CATALOGUE, Words, either
from staff_app.money import count, money
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.member_redemptions import Redemptions
from staff_app.ui.parts import card, named, note, quiet, row_of, secondary, skeleton

ACCOUNTS = (("POINTS", "points"), ("WALLET", "wallet"))
TOLD = frozenset({"adjusted", "paid_out", "expired", "transferred_in", "transferred_out"})
"""The reasons whose detail is for people; of the others it is a code or an id, for the books."""


@ft.component
def Balances() -> ft.Control:
    till = use_till()
    t = use_words(till)
    person = use(till.person)
    account = (person.member or {}).get("account")
    if not account:
        return ft.Text(t("nothing_booked_yet"))
    points = person.account == "POINTS"

    async def choose(event: Any) -> None:
        await till.member_work.statement(next(iter(event.control.selected), "POINTS"))

    switch = ft.SegmentedButton(
        segments=[ft.Segment(value=key, label=t(word)) for key, word in ACCOUNTS],
        selected=[person.account],
        show_selected_icon=False,
        on_change=choose,
    )
    frozen = account["pointsFrozen" if points else "walletFrozen"]
    shown: list[ft.Control] = [
        named("account", switch),
        *([note(t("frozen"), "stop")] if frozen else []),
        named("balance", card(*_figures(t, account, points), spacing=6)),
        Why(points, key=person.account),
        *([_to_mall(t, till), Redemptions()] if points else []),
        ft.Text(t("statement"), weight=ft.FontWeight.BOLD),
    ]
    if person.entries is None:
        shown.append(skeleton(3))
    elif not person.entries:
        shown.append(ft.Text(t("nothing_booked_yet"), color=ft.Colors.ON_SURFACE_VARIANT))
    else:
        rows = [_entry(t, till, entry, account["currency"]) for entry in person.entries]
        shown.append(named("entries", ft.Column(rows, spacing=10)))
    if person.entries_after:
        shown.append(quiet("more-entries", t("show_more"), till.member_work.more_entries))
    return ft.Column(shown, spacing=12, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _to_mall(t: Words, till: Any) -> ft.Control:
    return ft.Row([secondary("to-mall", t("mall"), till.begin_mall, ft.Icons.CARD_GIFTCARD)])


def _figures(t: Words, account: dict[str, Any], points: bool) -> list[ft.Control]:
    currency = account["currency"]
    if points:
        rows = [row_of(t("points"), count(account["points"]), strong=True)]
        if account["pointsHeld"]:
            rows.append(_small(t("held", amount=count(account["pointsHeld"]))))
        if account["pointsExpiring"]:
            told = t("expiring", count=count(account["pointsExpiring"]),
                     day=account["pointsValidUntil"])  # fmt: skip
            rows.append(_small(told))
        return rows
    principal, bonus = int(account["walletPrincipalMinor"]), int(account["walletBonusMinor"])
    rows = [
        row_of(t("wallet"), money(principal + bonus, currency), strong=True),
        row_of(t("principal"), money(principal, currency)),
        row_of(t("bonus"), money(bonus, currency)),
    ]
    if int(account["walletHeldMinor"]):
        rows.append(_small(t("held", amount=money(int(account["walletHeldMinor"]), currency))))
    return rows


@ft.component
def Why(points: bool) -> ft.Control:
    """What the balance adds up from, when it is asked for."""
    till = use_till()
    t = use_words(till)
    parts = use(till.person).balances or []
    opened, set_opened = ft.use_state(False)
    mine = [part for part in parts if (part["account"] == "points") == points]
    if not mine:
        return ft.Container(height=0)
    if not opened:
        return ft.Row([quiet("why-balance", t("why"), lambda: set_opened(True))])
    language = till.preferences.language
    rows: list[ft.Control] = [ft.Text(either(language, p["zh"], p["en"])) for p in mine]
    return named("balance-why", card(*rows, spacing=6))


def _entry(t: Words, till: Any, entry: dict[str, Any], currency: str) -> ft.Control:
    points = entry["account"] == "POINTS"
    value, after = int(entry["amount"]), int(entry["balanceAfter"])
    word = f"entry_{entry['reason']}"
    name = t(word) if word in CATALOGUE else entry["reason"]
    if not points:
        part = t("principal") if entry["account"] == "PRINCIPAL" else t("bonus")
        name = f"{name} · {part}"
    shown = count(value) if points else money(value, currency)
    left = count(after) if points else money(after, currency)
    gained = value > 0
    figures = ft.Column(
        [
            ft.Text(
                f"+{shown}" if gained else shown,
                weight=ft.FontWeight.BOLD,
                color=theme.GREEN if gained else None,
            ),
            _small(t("balance_after", amount=left)),
        ],
        spacing=0,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.END,
    )
    told = clock.at(entry["at"], till.desk.store)
    if entry["detail"] and entry["reason"] in TOLD:
        told = f"{told} · {entry['detail']}"
    words = ft.Column([ft.Text(name), _small(told)], spacing=0, expand=True)
    return ft.Row([words, figures])


def _small(text: str) -> ft.Control:
    return ft.Text(text, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT)
