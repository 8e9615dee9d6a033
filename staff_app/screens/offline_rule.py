"""The chain's rule of selling without network, for HQ: the one in force, and the next version."""

from collections.abc import Callable
from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import Words
from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import (
    card,
    edge,
    empty,
    named,
    note,
    primary,
    row_of,
    secondary,
    skeleton,
    switch,
)
from staff_app.work.desk import is_of_hq
from staff_app.work.offline_rule import ROLES, Wrong

ROUTE = "/offline-rule"
STORES_SHOWN = 30
VERSIONS_SHOWN = 5
ROWS = (("hours", "member_days"), ("sale_minor", "total_minor"), ("pin_days", "pin_tries"))


@ft.component
def OfflineRuleScreen() -> ft.View:
    till = use_till()
    t = use_words(till)
    desk, rule = use(till.desk), use(till.offline_rule)
    work = till.offline_rule_work
    attempt = use_attempt()
    hq = is_of_hq(desk.staff)

    async def learn() -> None:
        if hq:
            await work.open()

    ft.on_mounted(learn)
    head = bar(t("offline_rule"), back=BackTo("/more"))
    if not hq:
        return screen(ROUTE, head, [empty(ft.Icons.WIFI_OFF, t("rule_of_hq"))])
    if not rule.known:
        return screen(ROUTE, head, _unknown(t, till, rule, learn))

    async def publish() -> None:
        wrong = work.wrong()
        if wrong:
            attempt.say(_said_of(t, wrong))
            return
        published: list[bool] = []

        async def send() -> None:
            published.append(await work.publish())

        def done() -> None:
            attempt.say("" if published[0] else t("rule_overtaken"))
            if published[0]:
                till.say("rule_published", version=str(rule.version))

        await attempt.make(send, done)

    def allow(event: Any) -> None:
        work.change(allowed=bool(event.control.value))

    text = t("rule_publish", version=work.next_version) if work.changed else t("rule_same")
    button = primary("publish-rule", text, publish, not work.changed, attempt.busy)
    body: list[ft.Control] = [
        _in_force(t, till, rule),
        switch("rule-allowed", t("rule_allowed"), rule.form.allowed, allow),
        *_numbers(t, rule, work),
        _small(t("rule_no_limit")),
        _who(t, till, rule),
        Stores(),
        *_before(t, till, rule),
    ]
    return screen(ROUTE, head, [scrolling(body)], [*attempt.note, button])


def _unknown(t: Words, till: Any, rule: Any, learn: Any) -> list[ft.Control]:
    if rule.refusal:
        return [
            named("trouble", note(in_words(till, rule.refusal), "stop")),
            ft.Column(expand=True),
        ]
    again = secondary("ask-again", t("try_again"), learn)
    return [skeleton(), ft.Row([again])]


def _said_of(t: Words, wrong: Wrong) -> str:
    name = t(f"rule_{wrong.field}")
    if wrong.most is None:
        return t("rule_sum_wrong", name=name)
    return t("rule_between", name=name, least=wrong.least, most=wrong.most)


def _in_force(t: Words, till: Any, rule: Any) -> ft.Control:
    store = till.desk.store
    current = next((each for each in rule.versions if each["version"] == rule.version), None)
    told = t("rule_built_in")
    if current:
        told = t("rule_version", version=rule.version, at=clock.at(current["validFrom"], store))
    rows = [row_of(t("rule_in_force"), told, strong=True), _small(t("rule_reaches"))]
    rows += [
        _small(
            t("rule_planned", version=each["version"], at=clock.at(each["validFrom"], store))
        )
        for each in rule.versions
        if each["validFrom"] > rule.now
    ]  # fmt: skip
    if rule.body["deviceIds"]:
        rows.append(_small(t("rule_devices", count=len(rule.body["deviceIds"]))))
    return named("rule-in-force", card(*rows, spacing=6))


def _who(t: Words, till: Any, rule: Any) -> ft.Control:
    names = {role: t(f"role_{role.lower()}") for role in (*ROLES, *sorted(rule.body["roles"]))}

    def choose(roles: frozenset[str]) -> None:
        till.offline_rule_work.change(roles=roles)

    return _several(t("rule_roles"), t("rule_all_roles"), "role", names, rule.form.roles, choose)


@ft.component
def Stores() -> ft.Control:
    """Those of the rule in force stand first; of a large chain one is looked for by its name."""
    till = use_till()
    t = use_words(till)
    rule = use(till.offline_rule)
    query, set_query = ft.use_state("")
    chosen = rule.form.stores
    ordered = sorted(rule.stores, key=lambda each: each["id"] not in rule.body["storeIds"])
    found = [each for each in ordered if query.strip() in each["name"]][:STORES_SHOWN]

    def choose(stores: frozenset[str]) -> None:
        till.offline_rule_work.change(stores=stores)

    names = {each["id"]: each["name"] for each in found}
    chips = _several(t("rule_stores"), t("rule_all_stores"), "store", names, chosen, choose)
    if len(rule.stores) <= STORES_SHOWN:
        return chips
    find = _field("find-store", t("rule_find_store"), query, set_query)
    return ft.Column([chips, find], spacing=8)


def _several(
    title: str, everything: str, kind: str, names: dict[str, str], chosen: frozenset[str],
    choose: Callable[[frozenset[str]], None],
) -> ft.Control:  # fmt: skip
    """Some of them, or none, which means every one."""
    chips = [_chip(f"{kind}-all", everything, not chosen, lambda: choose(frozenset()))]
    for key, name in names.items():

        def turn(key: str = key) -> None:
            choose(chosen ^ {key})

        chips.append(_chip(f"{kind}-{key}", name, key in chosen, turn))
    row = ft.Row(chips, wrap=True, spacing=8, run_spacing=8)
    return ft.Column([ft.Text(title, weight=ft.FontWeight.BOLD), row], spacing=8)


def _chip(identifier: str, name: str, selected: bool, press: Callable[[], None]) -> ft.Control:
    chip = ft.Chip(
        label=ft.Text(name, size=theme.BODY),
        selected=selected,
        show_checkmark=False,
        padding=ft.Padding.symmetric(horizontal=8, vertical=13),
        on_select=lambda _event: press(),
    )
    return named(identifier, chip)


def _numbers(t: Words, rule: Any, work: Any) -> list[ft.Control]:
    rows: list[ft.Control] = []
    for pair in ROWS:
        fields: list[ft.Control] = []
        for name in pair:

            def change(text: str, name: str = name) -> None:
                work.change(**{name: text})

            field = _field(f"rule-{name}", t(f"rule_{name}"), rule.form.texts[name], change, True)
            fields.append(ft.Container(field, expand=True))
        rows.append(ft.Row(fields, spacing=8))
    return rows


def _field(
    identifier: str, label: str, value: str, change: Callable[[str], Any], number: bool = False
) -> ft.Control:
    field = ft.TextField(
        value=value,
        label=label,
        border=edge(),
        keyboard_type=ft.KeyboardType.NUMBER if number else ft.KeyboardType.TEXT,
        text_align=ft.TextAlign.RIGHT if number else ft.TextAlign.LEFT,
        on_change=lambda e: change(e.control.value or ""),
    )
    return named(identifier, field)


def _before(t: Words, till: Any, rule: Any) -> list[ft.Control]:
    if not rule.versions:
        return []
    rows = [
        row_of(
            t("rule_version", version=each["version"],
              at=clock.at(each["validFrom"], till.desk.store)),
            t("rule_yes") if each["body"]["allowed"] else t("rule_no"),
        )
        for each in rule.versions[:VERSIONS_SHOWN]
    ]  # fmt: skip
    return [card(ft.Text(t("rule_before"), weight=ft.FontWeight.BOLD), *rows, spacing=6)]


def _small(text: str) -> ft.Control:
    return ft.Text(text, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT)
