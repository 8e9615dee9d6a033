"""What a member has had for points: handed over, waiting, or cancelled."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import Words, either
from staff_app.money import count
from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import card, named, quiet
from staff_app.ui.reasons import Reasons
from staff_app.work.desk import manages

REASONS = ("redeem_mistake", "redeem_regret")


@ft.component
def Redemptions() -> ft.Control:
    till = use_till()
    t = use_words(till)
    person = use(till.person)
    ft.on_mounted(till.mall_work.had)
    if not person.redemptions:
        return ft.Container(height=0)
    rows: list[ft.Control] = [RedemptionRow(each, key=each["id"]) for each in person.redemptions]
    title = ft.Text(t("redemptions"), weight=ft.FontWeight.BOLD)
    return named("redemptions", card(title, *rows, spacing=8))


@ft.component
def RedemptionRow(redemption: dict[str, Any]) -> ft.Control:
    """One of them; in its own store it is handed over, or cancelled by a manager with a reason."""
    till = use_till()
    t = use_words(till)
    desk = use(till.desk)
    attempt = use_attempt()
    sure, set_sure = ft.use_state(False)
    reason, set_reason = ft.use_state("")

    async def hand_over() -> None:
        await attempt.make(lambda: till.mall_work.hand_over(redemption), lambda: None)

    async def cancel() -> None:
        if reason:
            await attempt.make(
                lambda: till.cancel_redemption(redemption, t(reason)), lambda: set_sure(False)
            )

    status = redemption["status"].lower()
    here = redemption["storeId"] == (desk.device or {}).get("storeId")
    manager = manages(desk.staff)
    acts: list[ft.Control] = []
    if here and status == "waiting":
        acts.append(quiet(f"hand-over-{redemption['id']}", t("hand_over_now"), hand_over))
    if here and manager and status != "cancelled" and not sure:
        press = quiet(f"cancel-{redemption['id']}", t("cancel_redemption"), lambda: set_sure(True))
        acts.append(press)
    inside: list[ft.Control] = [_told(t, till, redemption, status)]
    if acts:
        inside.append(ft.Row(acts, alignment=ft.MainAxisAlignment.END))
    if sure:
        give_back = t("give_points_back", count=count(redemption["points"]))
        inside += [
            Reasons(REASONS, reason, set_reason),
            ft.Row([quiet(f"cancel-{redemption['id']}-now", give_back, cancel)]),
        ]
    return ft.Column([*inside, *attempt.note], spacing=0)


def _told(t: Words, till: Any, redemption: dict[str, Any], status: str) -> ft.Control:
    name = either(till.preferences.language, redemption["nameZh"], redemption["nameEn"])
    at = clock.at(redemption["redeemedAt"], till.desk.store)
    words = ft.Column(
        [
            ft.Text(f"{name} × {redemption['quantity']}"),
            ft.Text(
                f"{at} · {t(f'redemption_{status}')}",
                size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT,
            ),
        ],
        spacing=0,
        expand=True,
    )  # fmt: skip
    return ft.Row([words, ft.Text(f"-{count(redemption['points'])}")])
