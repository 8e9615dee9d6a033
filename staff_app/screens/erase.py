"""A member is erased: asked for with a reason, confirmed by somebody else, certified."""

from typing import Any

import flet as ft

from staff_app import clock
from staff_app.i18n import CATALOGUE, Words
from staff_app.money import count, money
from staff_app.ui.attempt import Attempt, use_attempt
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.member_strip import wallet_of
from staff_app.ui.parts import card, named, note, primary, quiet, row_of, secondary, skeleton
from staff_app.ui.reasons import Reasons
from staff_app.work.privacy import ON_ITS_WAY

ROUTE = "/customers/erase"
REASONS = ("erase_asked_by_member", "erase_consent_withdrawn", "erase_mistaken", "erase_legal")


@ft.component
def Erase() -> ft.View:
    till = use_till()
    t = use_words(till)
    state, person = use(till.privacy), use(till.person)
    attempt = use_attempt()
    ft.on_mounted(till.privacy_work.learn)
    name = (person.member or {}).get("name", "")
    head = bar(f"{t('erase')} · {name}" if name else t("erase"), back=BackTo(till.member_route))
    if state.refusal:
        said = named("trouble", note(in_words(till, state.refusal), "stop"))
        return screen(ROUTE, head, [said, ft.Container(expand=True)])
    if not state.known:
        again = quiet("ask-again", t("try_again"), till.privacy_work.learn)
        return screen(ROUTE, head, [skeleton(), again])
    erasure = state.erasure
    if erasure is None or erasure["status"] == "WITHDRAWN":
        return screen(ROUTE, head, [Asking(withdrawn=erasure is not None)])
    if erasure["status"] == "ERASED":
        to_members = primary("to-members", t("customers"), lambda: till.go("/customers"))
        return screen(ROUTE, head, [scrolling([_certificate(t, till, erasure)])], [to_members])
    if erasure["status"] in ON_ITS_WAY:
        again = primary("look-again", t("erase_look_again"), till.privacy_work.learn)
        told = named("on-its-way", note(t("erase_on_its_way")))
        return screen(ROUTE, head, [told, ft.Container(expand=True)], [again])
    return _requested(t, till, erasure, attempt, head)


@ft.component
def Asking(withdrawn: bool) -> ft.Control:
    """What it means, what is in the way, and why it is asked for."""
    till = use_till()
    t = use_words(till)
    account = (use(till.person).member or {}).get("account")
    reason, set_reason = ft.use_state("")
    attempt = use_attempt()
    wallet = wallet_of(account) if account else 0

    async def ask() -> None:
        told = reason.removeprefix("erase_").upper()
        if reason:
            await attempt.make(lambda: till.privacy_work.ask(told), lambda: None)

    shown: list[ft.Control] = [
        *([note(t("erase_withdrawn"), "done")] if withdrawn else []),
        note(t("erase_hint"), "stop"),
    ]
    if account:
        held = [row_of(t("points"), count(account["points"]), strong=True)]
        held.append(row_of(t("wallet"), money(wallet, account["currency"]), strong=True))
        shown.append(card(*held, spacing=6))
    if wallet:
        shown.append(note(t("erase_wallet", amount=money(wallet, account["currency"]))))
    shown += [
        ft.Text(t("erase_why"), weight=ft.FontWeight.BOLD),
        Reasons(REASONS, reason, set_reason),
        *attempt.note,
    ]
    button = primary("ask-erasure", t("erase_ask"), ask, not reason, attempt.busy)
    return ft.Column([scrolling(shown), ft.Container(button, padding=ft.Padding.only(bottom=16))],
                     expand=True)  # fmt: skip


def _requested(
    t: Words, till: Any, erasure: dict[str, Any], attempt: Attempt, head: ft.AppBar
) -> ft.View:
    """Whoever asked can take it back; somebody else confirms."""

    async def confirm() -> None:
        await attempt.make(till.privacy_work.confirm, lambda: None)

    async def withdraw() -> None:
        await attempt.make(till.privacy_work.withdraw, lambda: None)

    body: list[ft.Control] = [_asked(t, till, erasure)]
    if erasure["refusal"]:
        word = f"erase_stopped_{erasure['refusal'].lower()}"
        known = word in CATALOGUE
        text = t(word) if known else t("erase_stopped", code=erasure["refusal"])
        body.append(named("stopped", note(text, "stop")))
    later = erasure["confirmableFrom"] != erasure["requestedAt"]  # else clocks differ by a blink
    waits = later and erasure["confirmableFrom"] > clock.now().isoformat()
    if waits:
        time = clock.at(erasure["confirmableFrom"], till.desk.store)
        body.append(note(t("erase_wait", time=time)))
    withdrawing = secondary("withdraw-erasure", t("erase_withdraw"), withdraw)
    back = ft.Row([withdrawing], alignment=ft.MainAxisAlignment.CENTER)
    body += attempt.note
    if till.privacy_work.mine:
        body.append(named("second-person", note(t("erase_needs_second"))))
        other = primary("other-manager", t("erase_other"), till.hand_over)
        return screen(ROUTE, head, [scrolling(body)], [back, other])
    body.append(note(t("erase_hint"), "stop"))
    press = primary("confirm-erasure", t("erase_confirm"), confirm, waits, attempt.busy)
    return screen(ROUTE, head, [scrolling(body)], [back, press])


def _asked(t: Words, till: Any, erasure: dict[str, Any]) -> ft.Control:
    word = f"erase_{erasure['reason'].lower()}"
    return named(
        "erasure",
        card(
            ft.Text(t("erase_requested"), weight=ft.FontWeight.BOLD),
            row_of(t("asked_at"), clock.at(erasure["requestedAt"], till.desk.store)),
            row_of(t("erase_why"), t(word)),
            spacing=6,
        ),
    )


def _certificate(t: Words, till: Any, erasure: dict[str, Any]) -> ft.Control:
    """Who was erased by whom is an id: the certificate knows no names either."""
    store = till.desk.store
    rows: list[ft.Control] = [
        ft.Text(t("certificate"), weight=ft.FontWeight.BOLD),
        note(t("erased"), "done"),
        ft.Text(f"{t('certificate_number')} {erasure['id']}", selectable=True),
        row_of(t("asked_at"), clock.at(erasure["requestedAt"], store)),
        row_of(t("confirmed_at"), clock.at(erasure["confirmedAt"], store)),
        row_of(t("ended_at"), clock.at(erasure["endedAt"], store)),
        ft.Divider(height=1),
    ]
    for answer in erasure["answers"]:
        word = f"service_{answer['service']}"
        name = t(word) if word in CATALOGUE else answer["service"]
        gone = sum(each["rows"] for each in answer["destroyed"])
        told = t("rows_destroyed", count=count(gone), time=clock.at(answer["at"], store))
        rows.append(row_of(name, told))
    return named("certificate", card(*rows, spacing=6))
