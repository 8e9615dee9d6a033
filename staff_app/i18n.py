"""The words of one language, from the catalogue; and of what the API says in both."""

from collections.abc import Callable

from staff_app.words import CATALOGUE

Words = Callable[..., str]

LANGUAGES = ("zh", "en")
NAMES = {"zh": "中文", "en": "English"}
"""Each language in its own words."""


def words(language: str) -> Words:
    """`t("take_payment", amount="¥268.00")` in one language."""
    place = LANGUAGES.index(language) if language in LANGUAGES else 0

    def t(key: str, **values: object) -> str:
        text = CATALOGUE[key][place]
        return text.format(**values) if values else text

    return t


def either(language: str, zh: str | None, en: str | None) -> str:
    """Of a name or sentence that the API gives in both languages."""
    return (en if language == "en" else zh) or zh or en or ""
