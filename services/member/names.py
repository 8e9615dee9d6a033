"""Names as they are typed on a Latin keyboard: in pinyin, or by the initials of its syllables.

A character may be read in several ways, surnames above all (单 is Shan, 曾 is Zeng), and a
dictionary cannot tell which one a person uses: every reading finds them.
"""

import functools
import itertools
import os
import re
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from services.member.models import NameKey

# The dictionary of phrases is of no use for names, and takes its time to load.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

from pypinyin import Style, pinyin

READINGS_LIMIT = 16
"""Readings of one name that are kept, the commonest first."""
_TYPED = re.compile("[a-z]{2,60}")
_CHINESE = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_PARTS = re.compile(f"{_CHINESE.pattern}|[^{_CHINESE.pattern[1:-1]}]+")


def keys_of(name: str) -> set[str]:
    """What a name with Chinese characters is also found by: 单顾客 by ``shanguke`` and ``sgk``."""
    found: set[str] = set()
    for reading in _spelled(name) if _CHINESE.search(name) else ():
        found |= {"".join(reading), "".join(syllable[0] for syllable in reading)}
    return found


def sounds_of(name: str) -> list[str]:
    """How a name may sound, in letters, the commonest first; none of a single letter."""
    spelled = _spelled(name) if _CHINESE.search(name) else ((_letters(name),),)
    sounds = dict.fromkeys("".join(reading) for reading in spelled)
    return [sound for sound in sounds if len(sound) > 1]


def typed(query: str) -> str | None:
    """The key that a query may be the beginning of; None if it cannot be one."""
    letters = _letters(query)
    return letters if _TYPED.fullmatch(letters) and query.isascii() else None


def index(session: Session, member_id: UUID, name: str) -> None:
    """Have a member found by the keys of this name, and by those of no earlier one."""
    session.execute(delete(NameKey).where(NameKey.member_id == member_id))
    rows = [{"key": key, "member_id": member_id} for key in sorted(keys_of(name))]
    if rows:
        session.execute(insert(NameKey).values(rows))


def _spelled(name: str) -> Iterable[tuple[str, ...]]:
    syllables = [readings for part in _PARTS.findall(name) if (readings := _readings(part))]
    return itertools.islice(itertools.product(*syllables), READINGS_LIMIT)


@functools.lru_cache(20_000)
def _readings(part: str) -> tuple[str, ...]:
    """How a character, or some letters between characters, may be read."""
    read = pinyin(part, style=Style.NORMAL, heteronym=True)
    letters = (_letters(each) for readings in read for each in readings)
    return tuple(dict.fromkeys(each for each in letters if each))


def _letters(text: str) -> str:
    return re.sub("[^a-z]", "", text.casefold())
