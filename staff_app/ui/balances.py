"""What a member has after a sale or a return, and whether it is booked yet."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.money import count, money
from staff_app.ui.parts import card, named, row_of


def balances(
    t: Words,
    name: str | None,
    moved: list[ft.Control],
    after: tuple[int, int] | None,
    currency: str,
    booked: bool,
    given_up: bool,
) -> ft.Control:
    """`moved` is what the document does to the account; `after` are points and wallet (minor units)
    as they are, or will be once it is booked."""
    state, icon, tint = t("booking"), ft.Icons.SCHEDULE, theme.AMBER
    if booked:
        state, icon, tint = t("booked"), ft.Icons.CHECK_CIRCLE_OUTLINE, theme.GREEN
    elif given_up:
        state = t("booking_late")
    rows = list(moved)
    if after:
        rows.append(row_of(t("points_after"), count(after[0]), strong=True))
        rows.append(row_of(t("wallet_after"), money(after[1], currency)))
    title = ft.Row(
        [
            ft.Text(
                name or t("balances"), weight=ft.FontWeight.BOLD, expand=True, no_wrap=True,
                overflow=ft.TextOverflow.ELLIPSIS,
            ),
            ft.Icon(icon, size=18, color=tint),
            named(
                "booking",
                ft.Text(state, size=theme.SMALL, weight=ft.FontWeight.BOLD, color=tint),
            ),
        ],
        spacing=6,
    )  # fmt: skip
    return named("balances", card(title, *rows, spacing=6))


def after_booking(booked: dict[str, Any] | None) -> tuple[int, int] | None:
    """Points and wallet as a booking told them."""
    return (booked["pointsAfter"], int(booked["walletAfterMinor"])) if booked else None
