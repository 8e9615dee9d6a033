"""The member in sight: name, tier, points, wallet, and the one thing worth saying now."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words, either
from staff_app.money import count, money, short
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import icon_button, named


@ft.component
def MemberStrip() -> ft.Control:
    """Above the basket: the member, or the way to one."""
    till = use_till()
    t = use_words(till)
    member = use(till.basket).member
    if member is None:
        return named("find-member", _invitation(t, lambda: till.go("/members")))

    async def remove() -> None:
        await till.basket_work.attach(None)

    language = till.preferences.language

    async def look_at() -> None:
        await till.open_member(member["id"], back_to="/")

    return named("member-strip", _strip(t, language, member, look_at, remove))


def tier_badge(t: Words, language: str, account: dict[str, Any]) -> ft.Control:
    name = either(language, account["tierNameZh"], account["tierNameEn"]) or t("no_tier")
    color = theme.TIERS.get(str(account["tier"] or "").lower(), ft.Colors.SECONDARY)
    return ft.Container(
        content=ft.Text(name, size=theme.TINY, color=ft.Colors.WHITE, no_wrap=True),
        bgcolor=color,
        border_radius=8,
        padding=ft.Padding.symmetric(horizontal=8, vertical=2),
    )


def nudge(t: Words, language: str, account: dict[str, Any]) -> str:
    """“再消费 ¥10 升级金卡”, where the tier is near enough to mention."""
    if not account["nudge"] or not account["missing"]:
        return ""
    tier = either(language, account["nextTierNameZh"], account["nextTierNameEn"])
    missing = int(account["missing"])
    if account["basis"] == "points":
        return t("nudge_points", amount=count(missing), tier=tier)
    return t("nudge_spend", amount=short(missing, account["currency"]), tier=tier)


def wallet_of(account: dict[str, Any]) -> int:
    return int(account["walletPrincipalMinor"]) + int(account["walletBonusMinor"])


def _invitation(t: Words, on_click: Any) -> ft.Control:
    return ft.OutlinedButton(
        content=ft.Row(
            [
                ft.Icon(ft.Icons.PERSON_ADD_ALT, size=22),
                ft.Text(t("add_member"), size=theme.BODY),
                ft.Text(
                    t("add_member_hint"), size=theme.TINY, color=ft.Colors.ON_SURFACE_VARIANT,
                    expand=True, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS,
                ),
            ],
            spacing=10,
        ),
        height=theme.PRIMARY_HEIGHT,
        on_click=on_click,
        style=ft.ButtonStyle(
            shape=ft.RoundedRectangleBorder(radius=theme.CORNER),
            padding=ft.Padding.symmetric(horizontal=14),
        ),
    )  # fmt: skip


def _strip(
    t: Words, language: str, member: dict[str, Any], look_at: Any, remove: Any
) -> ft.Control:
    account = member["account"]
    ink = ft.Colors.ON_PRIMARY_CONTAINER
    name: list[ft.Control] = [
        ft.Text(
            member["name"], size=theme.BODY, weight=ft.FontWeight.BOLD, color=ink,
            no_wrap=True, expand=True, expand_loose=True, overflow=ft.TextOverflow.ELLIPSIS,
        )
    ]  # fmt: skip
    figures: list[ft.Control] = [
        ft.Text(member["phoneMasked"], size=theme.TINY, color=ink, no_wrap=True)
    ]
    said = ""
    if account:
        name.append(tier_badge(t, language, account))
        figures = [
            _figure(t("points"), count(account["points"]), ink),
            _figure(t("wallet"), money(wallet_of(account), account["currency"]), ink),
        ]
        said = nudge(t, language, account)
    inside: list[ft.Control] = [ft.Row(name, spacing=8), ft.Row(figures, spacing=16)]
    if said:
        inside.append(
            ft.Row(
                [
                    ft.Icon(ft.Icons.TRENDING_UP, size=16, color=ink),
                    ft.Text(said, size=theme.SMALL, weight=ft.FontWeight.BOLD, color=ink),
                ],
                spacing=6,
            )
        )
    known = named(
        "open-member",
        ft.Container(
            ft.Column(inside, spacing=4), on_click=look_at, ink=True, tooltip=t("open_member")
        ),
    )
    close = icon_button("remove-member", ft.Icons.CLOSE, t("remove_member"), remove, ink)
    return ft.Container(
        content=ft.Row([ft.Container(known, expand=True), close]),
        bgcolor=ft.Colors.PRIMARY_CONTAINER,
        border_radius=theme.CORNER,
        padding=ft.Padding.only(left=14, top=8, bottom=8, right=4),
    )


def _figure(label: str, value: str, color: Any) -> ft.Control:
    return ft.Row(
        [
            ft.Text(label, size=theme.TINY, color=color),
            ft.Text(value, size=theme.SMALL, weight=ft.FontWeight.BOLD, color=color),
        ],
        spacing=4,
        tight=True,
    )
