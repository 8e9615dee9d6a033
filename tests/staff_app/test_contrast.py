"""What is written on what can be read, by day and by night: 4.5 to 1 at least (WCAG 2.2 AA); and
what is tapped is as high as a thumb."""

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from staff_app import theme

PAPERS = {
    "light": ("#FFF8F9", "#FEF0F6", "#FFD7EF"),
    "dark": ("#181215", "#201A1E", "#69355B"),
}
"""Screen, card and chosen row, as the browser makes them of the seed colour."""
LEAST = 4.5


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, by WCAG."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(ink: str, paper: str) -> float:
    lighter, darker = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def schemes() -> dict[str, Any]:
    page: Any = SimpleNamespace()
    theme.apply(page)
    return {"light": page.theme.color_scheme, "dark": page.dark_theme.color_scheme}


@pytest.mark.parametrize("look", ["light", "dark"])
def test_done_and_attention_can_be_read_on_their_paper_and_on_the_screen(look: str) -> None:
    scheme = schemes()[look]
    inks = {
        "done": (scheme.on_tertiary_fixed, scheme.tertiary_fixed),
        "attention": (scheme.on_secondary_fixed, scheme.secondary_fixed),
    }
    pale = {
        (name, paper): round(contrast(ink, paper), 2)
        for name, (ink, tint) in inks.items()
        for paper in (tint, *PAPERS[look])
        if contrast(ink, paper) < LEAST
    }

    assert pale == {}


def test_white_can_be_read_on_every_tier() -> None:
    pale = {tier for tier, colour in theme.TIERS.items() if contrast("#FFFFFF", colour) < LEAST}

    assert pale == set()


def test_the_formula_is_the_one_of_the_standard() -> None:
    assert round(contrast("#000000", "#FFFFFF"), 1) == 21.0
    assert round(contrast("#777777", "#FFFFFF"), 2) == 4.48


def test_what_one_chooses_is_as_high_as_a_thumb() -> None:
    """A line of text is 22 high: with 13 above and below it is 48."""
    low = []
    for path in sorted(Path("staff_app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "ft.Chip":
                given = {each.arg: ast.unparse(each.value) for each in node.keywords}
                if "on_select" in given and "vertical=13" not in given.get("padding", ""):
                    low.append(f"{path}:{node.lineno}")
    assert low == []
