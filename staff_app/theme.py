"""How it looks: one seed colour, one family of type, a grid of eight."""

import flet as ft

SEED = "#6B2D5C"
FONT = "NotoSansSC"
GREEN, GREEN_TINT = ft.Colors.ON_TERTIARY_FIXED, ft.Colors.TERTIARY_FIXED
AMBER, AMBER_TINT = ft.Colors.ON_SECONDARY_FIXED, ft.Colors.SECONDARY_FIXED
"""Done and attention, ink and paper: roles of the scheme that no control uses by itself, so that
each has a value by day and one by night."""
TIERS = {"silver": "#5F6B77", "gold": "#8A6508", "diamond": "#2F689C"}
"""Darker than the metals, so that white on them reads."""

LOOKS = ("light", "dark", "system")

MARGIN = 16
CORNER = 12
TARGET = 48
PRIMARY_HEIGHT = 56
CONTENT_WIDTH = 640
WIDE_FROM = 840
LEFT_PANE, RIGHT_PANE = 11, 9
"""How two panes share the width."""

HUGE, LARGE, TITLE, BODY, SMALL = 40, 28, 22, 16, 14
TINY = 12


def apply(page: ft.Page) -> None:
    page.title = "Chainstitch"
    page.theme = _theme(
        ft.ColorScheme(
            on_tertiary_fixed="#1B6E3C", tertiary_fixed="#DDF2E3",
            on_secondary_fixed="#8A5300", secondary_fixed="#FFEBCC",
        )
    )  # fmt: skip
    page.dark_theme = _theme(
        ft.ColorScheme(
            on_tertiary_fixed="#8FD9A8", tertiary_fixed="#12351F",
            on_secondary_fixed="#FFCB7D", secondary_fixed="#432C05",
        )
    )  # fmt: skip
    page.theme_mode = ft.ThemeMode.LIGHT
    page.theme_animation_style = ft.AnimationStyle.no_animation()


def shine(page: ft.Page, look: str) -> None:
    """`light`, `dark`, or as the device has it (`system`)."""
    wanted = ft.ThemeMode(look) if look in LOOKS else ft.ThemeMode.LIGHT
    if page.theme_mode != wanted:
        page.theme_mode = wanted
        page.schedule_update()


def _theme(colours: ft.ColorScheme) -> ft.Theme:
    return ft.Theme(
        color_scheme_seed=SEED,
        color_scheme=colours,
        font_family=FONT,
        visual_density=ft.VisualDensity.STANDARD,
        segmented_button_theme=ft.SegmentedButtonTheme(
            style=ft.ButtonStyle(padding=ft.Padding.symmetric(horizontal=12, vertical=14))
        ),
        page_transitions=ft.PageTransitionsTheme(
            android=ft.PageTransitionTheme.NONE,
            ios=ft.PageTransitionTheme.NONE,
            linux=ft.PageTransitionTheme.NONE,
            macos=ft.PageTransitionTheme.NONE,
            windows=ft.PageTransitionTheme.NONE,
        ),
    )
