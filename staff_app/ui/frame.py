"""The frame of a screen: bar above, one column in the middle, the one button below."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import icon_button, named, note
from staff_app.ui.person_menu import PersonMenu

BAR_HEIGHT = 56


def screen(
    route: str,
    appbar: ft.AppBar | None,
    body: list[ft.Control],
    foot: list[ft.Control] | None = None,
) -> ft.View:
    """A screen of its own, above a place or instead of one.

    `body` fills the middle, the last expanding control of it scrolls; `foot` stays in reach.
    """
    if appbar is not None:
        appbar.title = _heading(route, appbar.title)
    return ft.View(
        route=route,
        appbar=appbar,
        padding=0,
        spacing=0,
        controls=[ft.SafeArea(content=_middle(body, foot), expand=True)],
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def place(
    head: ft.Control,
    body: list[ft.Control],
    foot: list[ft.Control] | None = None,
    aside: ft.Control | None = None,
) -> ft.Control:
    """What one of the places shows that the ways through the app lead to (see `Place`).

    `aside` is a second pane; the caller gives one only where there is room.
    """
    middle = _middle(body, foot)
    if aside is not None:
        middle = ft.Row(
            [
                ft.Container(pane([Banner(), *body], foot), expand=theme.LEFT_PANE),
                ft.VerticalDivider(width=1, color=ft.Colors.OUTLINE_VARIANT),
                ft.Container(aside, expand=theme.RIGHT_PANE),
            ],
            expand=True,
            spacing=0,
            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    return ft.Column(
        [head, middle],
        spacing=0,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _middle(body: list[ft.Control], foot: list[ft.Control] | None) -> ft.Control:
    return ft.Container(
        expand=True,
        alignment=ft.Alignment.TOP_CENTER,
        content=ft.Container(width=theme.CONTENT_WIDTH, content=pane([Banner(), *body], foot)),
    )


def pane(
    body: list[ft.Control], foot: list[ft.Control] | None = None, margin: int = theme.MARGIN
) -> ft.Control:
    """One column: what it shows, and below it what one does."""
    inside: list[ft.Control] = [
        ft.Container(
            expand=True,
            padding=ft.Padding.symmetric(horizontal=margin),
            content=ft.Column(
                body,
                expand=True,
                spacing=8,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
        )
    ]
    if foot:
        inside.append(
            ft.Container(
                padding=ft.Padding.only(left=margin, right=margin, top=8, bottom=theme.MARGIN),
                content=ft.Column(
                    foot, spacing=8, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
                ),
            )
        )
    return ft.Column(
        inside, expand=True, spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )


def scrolling(shown: list[ft.Control], spacing: int = 12) -> ft.Control:
    """Cards below each other, as many as there are."""
    return ft.Column(
        shown,
        spacing=spacing,
        expand=True,
        scroll=ft.ScrollMode.AUTO,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def bar(title: str, actions: list[ft.Control] | None = None, back: Any = None) -> ft.AppBar:
    """`back` is what the arrow does; without it there is none."""
    return ft.AppBar(
        title=_title(title),
        leading=back,
        automatically_imply_leading=False,
        toolbar_height=BAR_HEIGHT,
        title_spacing=0 if back else theme.MARGIN,
        actions=actions or [ft.Container(width=12)],
        actions_padding=ft.Padding.only(right=4),
    )


def head(
    route: str, title: str, actions: list[ft.Control] | None = None, back: Any = None
) -> ft.Control:
    """The bar of a place: what it is, what one does there, and who is at work."""
    heading = _heading(route, _title(title))
    heading.expand = True
    return ft.Container(
        height=BAR_HEIGHT,
        padding=ft.Padding.only(left=4 if back else theme.MARGIN, right=4),
        content=ft.Row([*([back] if back else []), heading, *(actions or []), PersonMenu()]),
    )


def _heading(route: str, title: Any) -> ft.Semantics:
    """By its name the screen that is shown is known; its address is told the browser later."""
    return ft.Semantics(identifier=f"at{route}", header=True, content=title)


def _title(text: str) -> ft.Text:
    return ft.Text(
        text,
        size=18,
        weight=ft.FontWeight.BOLD,
        no_wrap=True,
        overflow=ft.TextOverflow.ELLIPSIS,
    )


@ft.component
def BackTo(route: str) -> ft.Control:
    till = use_till()
    t = use_words(till)
    return icon_button("back", ft.Icons.ARROW_BACK, t("back"), lambda: till.go(route))


@ft.component
def LanguageButton() -> ft.Control:
    till = use_till()
    t = use_words(till)

    async def change() -> None:
        other = "zh" if till.preferences.language == "en" else "en"
        await till.desk_work.choose_language(other)

    return named(
        "language",
        ft.TextButton(content=t("other_language"), height=theme.TARGET, on_click=change),
    )


@ft.component
def Banner() -> ft.Control:
    """What stands in the way of everything: no answer from the system, and what goes on then."""
    till = use_till()
    t = use_words(till)
    network, alone = use(till.network), use(till.alone)
    if network.reached:
        return ft.Container(height=0)
    if not alone.ready:
        return named("offline", note(t("offline"), "stop"))
    reason = till.offline.why_not()
    return named("alone", note(t(reason or "alone"), "stop" if reason else "attention"))
