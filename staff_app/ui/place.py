"""A place that the ways through the app lead to, between them and the edge of the screen."""

from collections.abc import Callable
from typing import Any

import flet as ft

from staff_app.ui.tabs import Rail, Tabs


@ft.component
def Place(tab: str, shown: Callable[[], Any]) -> ft.View:
    """One view for all places: from one to the next its frame stays, and only what it `shown` is
    drawn anew. The client would build the whole page again for another view."""
    return ft.View(
        route="place",
        padding=0,
        spacing=0,
        controls=[
            ft.SafeArea(
                expand=True,
                content=ft.Column(
                    [
                        ft.Row(
                            [Rail(tab), ft.Container(shown(), expand=True)],
                            expand=True,
                            spacing=0,
                            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
                        ),
                        Tabs(tab),
                    ],
                    spacing=0,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                ),
            )
        ],
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
