"""How it looks: one seed colour, one family of type, a grid of eight."""

import flet as ft

SEED = "#6B2D5C"
FONT = "NotoSansSC"
GREEN = "#1B6E3C"
AMBER = "#8A5300"
GREEN_TINT = "#DDF2E3"
AMBER_TINT = "#FFEBCC"
TIERS = {"silver": "#5F6B77", "gold": "#8A6508", "diamond": "#2F689C"}
"""Darker than the metals, so that white on them reads."""

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
    page.theme = _theme()
    page.dark_theme = _theme()
    page.theme_mode = ft.ThemeMode.LIGHT
    page.theme_animation_style = ft.AnimationStyle.no_animation()


def _theme() -> ft.Theme:
    return ft.Theme(
        color_scheme_seed=SEED,
        font_family=FONT,
        visual_density=ft.VisualDensity.STANDARD,
        page_transitions=ft.PageTransitionsTheme(
            android=ft.PageTransitionTheme.NONE,
            ios=ft.PageTransitionTheme.NONE,
            linux=ft.PageTransitionTheme.NONE,
            macos=ft.PageTransitionTheme.NONE,
            windows=ft.PageTransitionTheme.NONE,
        ),
    )
