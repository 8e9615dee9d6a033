"""Names as they are typed on a Latin keyboard: in pinyin, or by the initials of its syllables.

A character may be read in several ways, surnames above all (单 is Shan, 曾 is Zeng), and a
dictionary cannot tell which one a person uses: every reading finds them.
"""

import itertools
import os
import re
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


def keys_of(name: str) -> set[str]:
    """What a name with Chinese characters is also found by: 单顾客 by ``shanguke`` and ``sgk``."""
    if not _CHINESE.search(name):
        return set()
    syllables = [
        list(dict.fromkeys(letters for each in read if (letters := _letters(each))))
        for read in pinyin(name, style=Style.NORMAL, heteronym=True)
    ]
    readings = itertools.product(*(each for each in syllables if each))
    found: set[str] = set()
    for reading in itertools.islice(readings, READINGS_LIMIT):
        found |= {"".join(reading), "".join(syllable[0] for syllable in reading)}
    return found


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


def _letters(text: str) -> str:
    return re.sub("[^a-z]", "", text.casefold())
