"""A tier by hand, by HQ: which, until when, and why; or back to what was bought."""

from datetime import date
from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import Words, either
from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import card, empty, named, note, primary, quiet, skeleton, tick
from staff_app.ui.person_fields import text_field

ROUTE = "/customers/tier"
WHY_LONGEST = 200
WHY_SHORTEST = 2


@ft.component
def SetTier() -> ft.View:
    till = use_till()
    t = use_words(till)
    state, person = use(till.tier_by_hand), use(till.person)
    language = till.preferences.language
    form, set_form = ft.use_state({"tier": "", "until": "", "why": "", "exactly": False})
    attempt = use_attempt()
    ft.on_mounted(till.tier_work.learn)
    head = bar(f"{t('set_tier')} · {(person.member or {}).get('name', '')}",
               back=BackTo(till.member_route))  # fmt: skip
    if state.refusal:
        said = named("trouble", note(in_words(till, state.refusal), "stop"))
        return screen(ROUTE, head, [said, ft.Container(expand=True)])
    if state.settings is None:
        again = quiet("ask-again", t("try_again"), till.tier_work.learn)
        return screen(ROUTE, head, [skeleton(), again])
    if not state.tiers:
        return screen(ROUTE, head, [empty(ft.Icons.WORKSPACE_PREMIUM_OUTLINED, t("no_ladder"))])

    def change(name: str, value: Any) -> None:
        set_form(lambda known: {**known, name: value})

    def named_tier(code: str | None) -> str:
        return either(language, *till.tier_work.name_of(code))

    async def give(tier: str | None) -> None:
        async def send() -> None:
            await till.set_tier(tier, form["until"], form["exactly"], form["why"])

        await attempt.make(send, done)

    async def save() -> None:
        if ready and not _is_day(form["until"]):
            attempt.say(t("date_hint"))
        elif ready:
            await give(form["tier"])

    async def take_back() -> None:
        if why:
            await give(None)

    def done() -> None:
        till.say("tier_is_set")
        till.back_to_member()

    why = len(form["why"].strip()) >= WHY_SHORTEST
    ready = bool(form["tier"]) and why
    body: list[ft.Control] = [
        *_now(t, till, named_tier, take_back, why),
        ft.Text(t("set_tier_which"), weight=ft.FontWeight.BOLD),
        _tiers(state.tiers, language, form["tier"], change),
        text_field("until", t("set_tier_until"), form["until"], change, limit=10),
        tick("tier-exactly", t("set_tier_exactly"), form["exactly"],
             lambda exactly: change("exactly", exactly)),
        text_field("why", t("set_tier_why"), form["why"], change, limit=WHY_LONGEST),
        *attempt.note,
        *_before(t, till, state.settings, named_tier),
    ]  # fmt: skip
    text = t("set_tier_now", tier=named_tier(form["tier"])) if ready else t("set_tier_choose")
    button = primary("set-tier-now", text, save, not ready, attempt.busy)
    return screen(ROUTE, head, [scrolling(body)], [button])


def _is_day(text: str) -> bool:
    """Nothing, or a day as it is written everywhere here."""
    try:
        return not text.strip() or bool(date.fromisoformat(text.strip()))
    except ValueError:
        return False


def _tiers(tiers: list[dict[str, Any]], language: str, chosen: str, change: Any) -> ft.Control:
    chips = [
        named(
            f"tier-{tier['code']}",
            ft.Chip(
                label=ft.Text(either(language, tier["name_zh"], tier["name_en"]), size=theme.BODY),
                selected=tier["code"] == chosen,
                show_checkmark=False,
                padding=ft.Padding.symmetric(horizontal=8, vertical=13),
                on_select=lambda _event, code=tier["code"]: change("tier", code),
            ),
        )
        for tier in tiers
    ]
    return ft.Row(list(chips), wrap=True, spacing=8, run_spacing=8)


def _now(t: Words, till: Any, named_tier: Any, take_back: Any, why: bool) -> list[ft.Control]:
    """What is set, and the way back, which needs a reason as well."""
    current = till.tier_work.current
    if current is None:
        return []
    told = [t("set_now", tier=named_tier(current["tier"]))]
    if current["until"]:
        told.append(t("valid_until", day=current["until"]))
    row: list[ft.Control] = [ft.Text(" · ".join(told), expand=True)]
    if why:
        row.append(quiet("take-tier-back", t("set_tier_back"), take_back))
    return [named("tier-now", card(ft.Row(row), ft.Text(current["reason"], size=theme.SMALL)))]


def _before(
    t: Words, till: Any, settings: list[dict[str, Any]], named_tier: Any
) -> list[ft.Control]:
    rows = [
        ft.Text(
            " · ".join(
                [
                    clock.at(each["at"], till.desk.store),
                    named_tier(each["tier"]) if each["tier"] else t("taken_back"),
                    each["reason"],
                ]
            ),
            size=theme.SMALL,
        )
        for each in settings[1 if till.tier_work.current else 0 :]
    ]
    if not rows:
        return []
    return [card(ft.Text(t("set_before"), weight=ft.FontWeight.BOLD), *rows, spacing=4)]
