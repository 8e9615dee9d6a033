"""Tier and what is missing to the next, coupons, tags."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import Words, either
from staff_app.money import count, short
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.member_strip import tier_badge
from staff_app.ui.parts import amount, card, edge, icon_button, named, quiet, row_of
from staff_app.work.desk import is_of_hq

TAG_LONGEST = 30


@ft.component
def Overview() -> ft.Control:
    till = use_till()
    person = use(till.person)
    member = person.member or {}
    return ft.Column(
        [TierCard(), CouponCard(), TagCard(member.get("tags", []), key="tags")],
        spacing=12,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


@ft.component
def TierCard() -> ft.Control:
    till = use_till()
    t = use_words(till)
    person = use(till.person)
    language = till.preferences.language
    account = (person.member or {}).get("account")
    if not account or not account["basis"]:
        return ft.Container(height=0)
    head = ft.Row(
        [
            ft.Text(t("tier"), weight=ft.FontWeight.BOLD),
            tier_badge(t, language, account),
            ft.Container(expand=True),
            quiet("why-tier", t("why"), till.member_work.why_tier),
        ],
        spacing=8,
    )
    shown: list[ft.Control] = [head]
    if account["missing"]:
        progress, missing = int(account["progress"]), int(account["missing"])
        shown.append(
            ft.ProgressBar(value=progress / max(progress + missing, 1), bar_height=8,
                           border_radius=4)
        )  # fmt: skip
        tier = either(language, account["nextTierNameZh"], account["nextTierNameEn"])
        lacks = _in_unit(account, missing)
        shown.append(ft.Text(t("tier_missing", amount=lacks, tier=tier)))
    elif account["tier"]:
        shown.append(ft.Text(t("tier_top"), color=ft.Colors.ON_SURFACE_VARIANT))
    if person.tier:
        shown += _why(t, language, person.tier)
    if is_of_hq(till.desk.staff):
        way = quiet("set-tier", t("set_tier"), lambda: till.go("/customers/tier"))
        shown.append(ft.Row([way], alignment=ft.MainAxisAlignment.END))
    return named("tier-card", card(*shown, spacing=6))


def _in_unit(account: dict[str, Any], value: int) -> str:
    return count(value) if account["basis"] == "points" else short(value, account["currency"])


def _why(t: Words, language: str, why: dict[str, Any]) -> list[ft.Control]:
    """The rule in words, and the purchases the sum is made of."""
    rows: list[ft.Control] = [
        ft.Divider(height=1),
        ft.Text(t("tier_why"), weight=ft.FontWeight.BOLD),
        ft.Text(either(language, why["zh"], why["en"])),
    ]
    for part in why["parts"]:
        value: ft.Control = ft.Text(count(int(part["amount"])))
        if why["basis"] != "points":
            value = amount(int(part["amount"]), why["currency"] or "CNY",
                           weight=ft.FontWeight.NORMAL)  # fmt: skip
        kind = t({"void": "void_on", "return": "return_on"}.get(part["kind"], "sale_on"))
        rows.append(row_of(f"{part['businessDate']} {kind}", value))
    return [named("tier-why", ft.Column(rows, spacing=6))]


@ft.component
def CouponCard() -> ft.Control:
    till = use_till()
    t = use_words(till)
    person = use(till.person)
    usable = [coupon for coupon in person.coupons if _is_left(coupon)]
    rows: list[ft.Control] = [CouponRow(coupon, key=coupon["code"]) for coupon in usable]
    if not usable:
        rows = [ft.Text(t("no_coupons"), color=ft.Colors.ON_SURFACE_VARIANT)]
    title = ft.Text(t("coupons"), weight=ft.FontWeight.BOLD)
    return named("coupons", card(title, *rows, spacing=4))


def _is_left(coupon: dict[str, Any]) -> bool:
    cap = coupon["capTotal"]
    return cap is None or coupon["used"] + coupon["held"] < cap


@ft.component
def CouponRow(coupon: dict[str, Any]) -> ft.Control:
    till = use_till()
    t = use_words(till)

    async def use_it() -> None:
        member = till.person.member
        if member and (till.basket.member or {}).get("id") != member["id"]:
            await till.attach(member)
        await till.basket_work.add_coupon(coupon["code"])
        till.say("coupon_added")

    details = coupon["code"]
    if coupon["validUntil"]:
        last, _ = clock.last_day(coupon["validUntil"], till.desk.store)
        details = f"{details} · {t('valid_until', day=last.isoformat())}"
    return ft.Row(
        [
            ft.Column(
                [
                    ft.Text(either(till.preferences.language, coupon["nameZh"], coupon["nameEn"])),
                    ft.Text(details, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT),
                ],
                spacing=0,
                expand=True,
            ),
            quiet(f"use-{coupon['code']}", t("use_coupon"), use_it),
        ]
    )


@ft.component
def TagCard(tags: list[str]) -> ft.Control:
    till = use_till()
    t = use_words(till)
    person = use(till.person)
    by_rule = (person.member or {}).get("tagsByRule", [])
    adding, set_adding = ft.use_state(False)
    text, set_text = ft.use_state("")
    why, set_why = ft.use_state(None)

    async def add() -> None:
        if text.strip():
            await till.member_work.change_tags(add=text)
            set_text("")
            set_adding(False)

    async def explain(tag: str) -> None:
        set_why(await till.member_work.why_tag(tag))

    chips = [TagChip(tag, tag in by_rule, explain, key=tag) for tag in tags]
    row: list[ft.Control] = [*chips]
    if not adding:
        row.append(quiet("add-tag", t("add_tag"), lambda: set_adding(True), ft.Icons.ADD))
    shown: list[ft.Control] = [
        ft.Text(t("tags"), weight=ft.FontWeight.BOLD),
        ft.Row(row, wrap=True, spacing=8, run_spacing=4),
    ]
    if adding:
        field = ft.TextField(
            value=text,
            label=t("tag"),
            border=edge(),
            max_length=TAG_LONGEST,
            counter=ft.Container(width=0, height=0),
            autofocus=True,
            on_change=lambda e: set_text(e.control.value or ""),
            on_submit=add,
        )
        save = icon_button("save-tag", ft.Icons.CHECK, t("save"), add)
        shown.append(ft.Row([ft.Container(named("tag-text", field), expand=True), save]))
    if why:
        shown.append(named("tag-why", _tag_why(t, till.preferences.language, why)))
    return named("tags", card(*shown, spacing=6))


@ft.component
def TagChip(tag: str, by_rule: bool, explain: Any) -> ft.Control:
    """By rule: a tap says why. By hand: it can be taken off, and put back."""
    till = use_till()
    t = use_words(till)

    async def undo() -> None:
        await till.member_work.change_tags(add=tag)

    async def remove() -> None:
        await till.member_work.change_tags(remove=tag)
        till.say("tag_off", undo=undo, tag=tag)

    async def ask() -> None:
        await explain(tag)

    if by_rule:
        label = f"{tag} · {t('by_rule')}"
        return named(f"tag-{tag}", ft.Chip(label=label, on_click=ask))
    chip = ft.Chip(
        label=tag,
        on_click=ask,
        on_delete=remove,
        delete_icon_tooltip=t("remove_tag", tag=tag),
    )
    return named(f"tag-{tag}", chip)


def _tag_why(t: Words, language: str, why: dict[str, Any]) -> ft.Control:
    reasons = why["reasons"] or why["now"]
    rows: list[ft.Control] = [ft.Text(t("tag_why", tag=why["tag"]), weight=ft.FontWeight.BOLD)]
    rows += [ft.Text(either(language, reason["zh"], reason["en"])) for reason in reasons]
    if why["byHand"]:
        rows.append(ft.Text(t("tag_by_hand")))
    return ft.Column(rows, spacing=4)
