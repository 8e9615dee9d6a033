"""What every component can ask for: the till of its session, and the words of its language."""

from typing import Any, TypeVar

import flet as ft

from staff_app.i18n import Words, either, words
from staff_app.till import Till

T = TypeVar("T")
TillContext = ft.create_context(None)


def use_till() -> Till:
    till: Any = ft.use_context(TillContext)
    return till  # type: ignore[no-any-return]


def use(observable: T) -> T:
    """Draw this component again when the observable changes."""
    return ft.use_state(observable)[0]


def use_words(till: Till) -> Words:
    return words(use(till.preferences).language)


def in_words(till: Till, said: Any) -> str:
    """A refusal or problem in the language of the screen: anything with `zh` and `en`."""
    zh = said["zh"] if isinstance(said, dict) else said.zh
    en = said["en"] if isinstance(said, dict) else said.en
    return either(till.preferences.language, zh, en)
