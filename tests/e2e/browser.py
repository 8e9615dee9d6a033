"""The phone or the tablet that the journeys are walked with, and the language it speaks."""

import re
import string
from pathlib import Path
from typing import Any, Literal, NamedTuple

from playwright.sync_api import Browser

from infra import browser
from infra.browser import launched
from staff_app.i18n import LANGUAGES, words
from staff_app.words import CATALOGUE

__all__ = ["PHONE_ZH", "SIZES", "TABLET_EN", "VARIANTS", "Phone", "Variant", "launched", "sentence"]

SIZES = {"phone": (390, 844), "tablet": (1180, 820)}


class Variant(NamedTuple):
    """How the app is shown."""

    size: str
    language: str

    def __str__(self) -> str:
        return f"{self.size}-{self.language}"


VARIANTS = [Variant(size, language) for size in SIZES for language in LANGUAGES]
PHONE_ZH, TABLET_EN = VARIANTS[0], VARIANTS[-1]


class Phone(browser.Phone):
    """A device of one size and language. What it has to tell is named by its key in the catalogue,
    so that a test is written once for all of them."""

    def __init__(
        self,
        browser: Browser,
        origin: str,
        pictures: Path | None,
        variant: Variant = PHONE_ZH,
        service_workers: Literal["allow", "block"] = "block",
    ) -> None:
        super().__init__(browser, origin, pictures, SIZES[variant.size], service_workers)
        self.variant = variant

    def become(self, variant: Variant) -> None:
        """The window gets another size, and somebody chooses another language: on a screen that
        has the button for it."""
        if SIZES[variant.size] != self.size:
            self.resize(SIZES[variant.size])
            if self.named("tab-home").count():  # a rail has a way more than a bar
                (self.shows if variant.size == "tablet" else self.is_gone)("tab-orders")
        self.variant = variant
        self.choose_language()

    def choose_language(self) -> None:
        """By the button that names the other one, where that is the one to speak."""
        self.shows("language")
        other = words(self.variant.language)("other_language")
        if other not in self.text("language"):
            self.press("language")
        self.sees(other, within="language")

    def tells(self, key: str, within: str | None = None, **values: Any) -> None:
        """Wait until a sentence of the catalogue is said, with any values if none are given."""
        self._until_said([self._sentence(key, values)], within)

    def tells_one_of(self, *keys: str) -> str:
        """Wait until one of them is said; which."""
        return keys[self._until_said([self._sentence(key, {}) for key in keys])]

    def _sentence(self, key: str, values: dict[str, Any]) -> re.Pattern[str]:
        language = self.variant.language
        if not values:
            return sentence(CATALOGUE[key][LANGUAGES.index(language)])
        said = re.escape(words(language)(key, **values))
        return re.compile(rf"(?<!\d){said}(?!\d)")  # 1 sale is not in "11 sales"


def sentence(text: str) -> re.Pattern[str]:
    """What a text of the catalogue can become, whatever is put into it."""
    return re.compile(
        "".join(
            re.escape(literal) + (".*" if name is not None else "")
            for literal, name, *_ in string.Formatter().parse(text)
        )
    )
