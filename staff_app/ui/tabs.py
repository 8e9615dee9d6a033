"""The ways through the app: a bar at the foot of a phone, a rail beside the panes of a tablet."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.ui.context import use, use_till, use_words

PLACES: tuple[tuple[str, str, Any, str], ...] = (
    ("home", "/home", ft.Icons.HOME_OUTLINED, "tab_home"),
    ("sale", "/", ft.Icons.SHOPPING_BAG_OUTLINED, "tab_sale"),
    ("members", "/customers", ft.Icons.PEOPLE_OUTLINE, "tab_members"),
    ("stock", "/stock", ft.Icons.INVENTORY_2_OUTLINED, "tab_stock"),
    ("orders", "/orders", ft.Icons.RECEIPT_LONG_OUTLINED, "tab_orders"),
    ("more", "/more", ft.Icons.MORE_HORIZ, "tab_more"),
)
BAR_HEIGHT, RAIL_WIDTH = 64, 88
ONLY_WIDE = {"orders"}
"""There is room for five in reach of a thumb: the others are reached from home."""


@ft.component
def Tabs(current: str) -> ft.Control:
    """Below, where the screen is narrow."""
    till = use_till()
    t = use_words(till)
    if use(till.layout).wide:
        return ft.Container(height=0)
    here = "home" if current in ONLY_WIDE else current
    return ft.Container(
        height=BAR_HEIGHT,
        bgcolor=ft.Colors.SURFACE_CONTAINER,
        content=ft.Row(
            [_place(t, till, *place, here) for place in PLACES if place[0] not in ONLY_WIDE],
            spacing=0,
        ),
    )


@ft.component
def Rail(current: str) -> ft.Control:
    """Beside, where the screen is wide."""
    till = use_till()
    t = use_words(till)
    if not use(till.layout).wide:
        return ft.Container(width=0)
    places = [
        ft.Container(_place(t, till, *place, current), height=72, width=RAIL_WIDTH)
        for place in PLACES
    ]
    return ft.Container(
        width=RAIL_WIDTH,
        bgcolor=ft.Colors.SURFACE_CONTAINER,
        padding=ft.Padding.only(top=8),
        content=ft.Column(list(places), spacing=4),
    )


def _place(
    t: Words, till: Any, name: str, route: str, icon: Any, word: str, current: str
) -> ft.Control:
    chosen = name == current
    tint = ft.Colors.PRIMARY if chosen else ft.Colors.ON_SURFACE_VARIANT
    weight = ft.FontWeight.BOLD if chosen else ft.FontWeight.NORMAL
    face = ft.Column(
        [
            ft.Container(
                ft.Icon(icon, size=24, color=tint),
                bgcolor=ft.Colors.PRIMARY_CONTAINER if chosen else None,
                border_radius=16,
                padding=ft.Padding.symmetric(horizontal=16, vertical=2),
            ),
            ft.Text(t(word), size=theme.TINY, weight=weight, color=tint, no_wrap=True),
        ],
        spacing=2,
        alignment=ft.MainAxisAlignment.CENTER,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
    )
    pressed = ft.Container(
        face, ink=True, on_click=lambda: till.go(route), alignment=ft.Alignment.CENTER, expand=True
    )
    return ft.Semantics(
        identifier=f"tab-{name}", content=ft.Row([pressed], expand=True), expand=True, button=True
    )
