"""Buttons, amounts, notes and rows, each in one form."""

import inspect
from collections.abc import Callable
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.money import digits, sign

Press = Callable[..., Any]


def named(identifier: str, control: ft.Control, label: str | None = None) -> ft.Semantics:
    """A control under a name that tests find, and a label that is read out."""
    return ft.Semantics(identifier=identifier, content=control, label=label)


def primary(
    identifier: str, text: str, on_click: Press, disabled: bool = False, busy: bool = False
) -> ft.Control:
    """The one filled button of a screen."""
    content: Any = ft.Text(text, size=18, weight=ft.FontWeight.BOLD, no_wrap=True)
    if busy:
        ring = ft.ProgressRing(width=20, height=20, stroke_width=2.5, color=ft.Colors.ON_PRIMARY)
        content = ft.Row([ring, content], alignment=ft.MainAxisAlignment.CENTER, tight=True)
    button = ft.FilledButton(
        content=content,
        height=theme.PRIMARY_HEIGHT,
        expand=True,
        disabled=disabled,
        on_click=on_click,
        style=ft.ButtonStyle(
            shape=ft.RoundedRectangleBorder(radius=theme.CORNER),
            elevation=0,
            bgcolor={
                ft.ControlState.DISABLED: ft.Colors.SURFACE_CONTAINER_HIGHEST,
                ft.ControlState.DEFAULT: ft.Colors.PRIMARY,
            },
            color={
                ft.ControlState.DISABLED: ft.Colors.ON_SURFACE_VARIANT,
                ft.ControlState.DEFAULT: ft.Colors.ON_PRIMARY,
            },
        ),
    )
    return _own(identifier, ft.Row([button]))


def secondary(
    identifier: str, text: str, on_click: Press, icon: Any = None, expand: bool = False
) -> ft.Control:
    return named(
        identifier,
        ft.OutlinedButton(
            content=text,
            icon=icon,
            height=theme.TARGET,
            expand=expand,
            on_click=on_click,
            style=ft.ButtonStyle(
                shape=ft.RoundedRectangleBorder(radius=theme.CORNER),
                padding=ft.Padding.symmetric(horizontal=12),
            ),
        ),
    )


def quiet(identifier: str, text: str, on_click: Press, icon: Any = None) -> ft.Control:
    return named(
        identifier,
        ft.TextButton(content=text, icon=icon, height=theme.TARGET, on_click=on_click),
    )


def icon_button(
    identifier: str,
    icon: Any,
    label: str,
    on_click: Press,
    color: Any = None,
    disabled: bool = False,
) -> ft.Control:
    """An icon that can be pressed; `label` is its tooltip and what a screen reader says."""
    button = ft.IconButton(
        icon=icon,
        icon_color=color,
        tooltip=label,
        disabled=disabled,
        width=theme.TARGET,
        height=theme.TARGET,
        on_click=on_click,
    )
    # Without merging, the label would name a node around the button and not the button.
    return _own(identifier, ft.MergeSemantics(button))


def _own(identifier: str, control: ft.Control) -> ft.Semantics:
    """A button that may take the place of another. By its key it is not that one under a new name:
    the browser would go on calling it by the old one."""
    return ft.Semantics(identifier=identifier, key=identifier, content=control)


def tick(identifier: str, label: str, value: bool, change: Press) -> ft.Control:
    """Something that is so or not; `change` gets which. As high as a thumb needs."""

    async def changed(event: Any) -> None:
        # What was pressed: the control may have been drawn anew before this is heard.
        pressed = event.data if isinstance(event.data, bool) else event.control.value
        done = change(bool(pressed))
        if inspect.isawaitable(done):
            await done

    box = ft.Checkbox(label=label, value=value, on_change=changed)
    return named(identifier, ft.Container(box, height=theme.TARGET))


def switch(identifier: str, label: str, value: bool, change: Press) -> ft.Control:
    """On or off, at once; `change` gets the event. A screen reader says label and state as one."""
    row = row_of(label, ft.Switch(value=value, on_change=change))
    return named(identifier, ft.MergeSemantics(ft.Container(row, height=theme.TARGET)))


def edge(active: bool = False) -> ft.OutlineInputBorder:
    """The border of a field; a stronger one where the keypad writes."""
    side = ft.BorderSide(2, ft.Colors.PRIMARY) if active else None
    return ft.OutlineInputBorder(border_radius=theme.CORNER, side=side)


def amount(
    minor: int,
    currency: str,
    size: int = theme.BODY,
    weight: ft.FontWeight = ft.FontWeight.BOLD,
    color: Any = None,
    struck: bool = False,
) -> ft.Text:
    """Money: the sign smaller than the digits."""
    line = ft.TextDecoration.LINE_THROUGH if struck else None
    minus = "-" if minor < 0 else ""
    return ft.Text(
        spans=[
            ft.TextSpan(
                minus + sign(currency),
                ft.TextStyle(size=round(size * 0.7), weight=weight, color=color, decoration=line),
            ),
            ft.TextSpan(
                digits(abs(minor), currency),
                ft.TextStyle(size=size, weight=weight, color=color, decoration=line),
            ),
        ],
        no_wrap=True,
    )


def note(text: str, kind: str = "attention", action: ft.Control | None = None) -> ft.Control:
    """A sentence that wants to be read: `done`, `attention` or `stop`, never by colour alone."""
    icon, ink, paper = {
        "done": (ft.Icons.CHECK_CIRCLE_OUTLINE, theme.GREEN, theme.GREEN_TINT),
        "attention": (ft.Icons.INFO_OUTLINE, theme.AMBER, theme.AMBER_TINT),
        "stop": (ft.Icons.ERROR_OUTLINE, ft.Colors.ON_ERROR_CONTAINER, ft.Colors.ERROR_CONTAINER),
    }[kind]
    row: list[ft.Control] = [
        ft.Icon(icon, color=ink, size=20),
        ft.Text(text, size=theme.SMALL, color=ink, expand=True),
    ]
    if action is not None:
        row.append(action)
    return ft.Semantics(
        live_region=True,
        content=ft.Container(
            content=ft.Row(row, spacing=10),
            bgcolor=paper,
            border_radius=theme.CORNER,
            padding=ft.Padding.symmetric(horizontal=12, vertical=10),
        ),
    )


def row_of(label: str, value: ft.Control | str, strong: bool = False) -> ft.Control:
    """A label on the left, its figure on the right."""
    weight = ft.FontWeight.BOLD if strong else ft.FontWeight.NORMAL
    shown = ft.Text(value, weight=weight) if isinstance(value, str) else value
    return ft.Row(
        [ft.Text(label, weight=weight, expand=True), shown],
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


def card(*controls: ft.Control, padding: int = 16, spacing: int = 10) -> ft.Control:
    return ft.Container(
        content=ft.Column(list(controls), spacing=spacing),
        bgcolor=ft.Colors.SURFACE_CONTAINER_LOW,
        border_radius=theme.CORNER,
        padding=padding,
    )


def list_row(
    identifier: str, content: ft.Control, press: Press, chosen: bool = False, height: int = 72
) -> ft.Control:
    """A row of a list that opens something; `chosen`: what it opens is shown beside the list."""
    row = ft.Container(
        content,
        ink=True,
        height=height,
        border_radius=8,
        bgcolor=ft.Colors.PRIMARY_CONTAINER if chosen else None,
        padding=ft.Padding.symmetric(horizontal=8),
        on_click=press,
    )
    return ft.Semantics(identifier=identifier, content=row, selected=chosen or None)


def figures(*shown: ft.Control) -> ft.Control:
    """What one looks for in a row of a list, at its right."""
    return ft.Column(
        list(shown), spacing=2, tight=True, horizontal_alignment=ft.CrossAxisAlignment.END
    )


def empty(icon: Any, text: str, action: ft.Control | None = None) -> ft.Control:
    """Nothing here yet: one sentence and one thing to do."""
    inside: list[ft.Control] = [
        ft.Icon(icon, size=56, color=ft.Colors.OUTLINE),
        ft.Text(
            text, size=theme.BODY, color=ft.Colors.ON_SURFACE_VARIANT,
            text_align=ft.TextAlign.CENTER,
        ),
    ]  # fmt: skip
    if action is not None:
        inside.append(action)
    return ft.Container(
        expand=True,
        alignment=ft.Alignment.CENTER,
        padding=24,
        content=ft.Column(
            inside,
            tight=True,
            spacing=16,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        ),
    )


def skeleton(rows: int = 4) -> ft.Control:
    """Rows that are on their way."""
    bar = ft.Colors.SURFACE_CONTAINER_HIGH
    return ft.Column(
        [
            ft.Container(height=56, border_radius=theme.CORNER, bgcolor=bar, opacity=1 - at * 0.2)
            for at in range(rows)
        ],
        spacing=12,
    )
