"""Bars beside each other, one for each value: drawn for the eye, said for who does not see them."""

import flet as ft

from staff_app import theme

HEIGHT = 96
LEAST = 2


@ft.component
def Bars(identifier: str, values: list[int], said: list[str], title: str) -> ft.Control:
    """`said` is what each value is, in words; pressed long, a bar says it. Below zero there is no
    bar but a mark in red."""
    most = max(max(values, default=0), 1)
    bars = [_bar(value, most, text) for value, text in zip(values, said, strict=True)]
    told = "；".join(text for value, text in zip(values, said, strict=True) if value)
    return ft.Semantics(
        identifier=identifier,
        label=f"{title}: {told}",
        exclude_semantics=True,
        content=ft.Row(
            bars,
            spacing=2,
            height=HEIGHT,
            vertical_alignment=ft.CrossAxisAlignment.END,
        ),
    )


def _bar(value: int, most: int, text: str) -> ft.Control:
    below = value < 0
    return ft.Container(
        height=max(round(HEIGHT * value / most), LEAST),
        expand=True,
        bgcolor=ft.Colors.ERROR if below else ft.Colors.PRIMARY,
        opacity=1 if value else 0.3,
        border_radius=theme.CORNER // 4,
        tooltip=text,
    )
