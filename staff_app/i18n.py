"""The words of one language, from the catalogue; and of what the API says in both."""

import string
from collections.abc import Callable

from staff_app.words import CATALOGUE

Words = Callable[..., str]

LANGUAGES = ("zh", "en")
NAMES = {"zh": "中文", "en": "English"}
"""Each language in its own words."""


class _Numbers(string.Formatter):
    """Knows one from many: ``{count:sale|sales}`` → ``1 sale``, ``1,200 sales``."""

    def format_field(self, value: object, format_spec: str) -> str:
        if "|" not in format_spec:
            return super().format_field(value, format_spec)
        one, many = format_spec.split("|")
        return f"{value} {one if str(value) == '1' else many}"


_NUMBERS = _Numbers()
_QUOTES = str.maketrans("“”‘’", "\"\"''")
"""In the app's font these are as wide as a Chinese character, which tears an English word apart."""


def words(language: str) -> Words:
    """`t("take_payment", amount="¥268.00")` in one language."""
    place = LANGUAGES.index(language) if language in LANGUAGES else 0

    def t(key: str, **values: object) -> str:
        text = CATALOGUE[key][place]
        return _NUMBERS.format(text, **values) if values else text

    return t


def either(language: str, zh: str | None, en: str | None) -> str:
    """Of a name or sentence that the API gives in both languages."""
    if language == "en" and en:
        return en.translate(_QUOTES)
    return zh or en or ""
