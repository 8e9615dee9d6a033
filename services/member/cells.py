"""Cells of a file as people write them, read as what is kept; pure, and one fault at a time."""

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from services.member import cards
from shared.contracts import PLAIN
from shared.contracts.member.fields import (
    ChoiceField,
    DateField,
    FieldKind,
    FieldOption,
    MoneyField,
    MultiChoiceField,
    NumberField,
)

POINTS_LIMIT = 10**10
AMOUNT_LIMIT = Decimal(10**10)
_GENDERS = {
    "female": "女 女士 女性 f female woman ms mrs",
    "male": "男 男士 男性 m male man mr",
    "other": "其他 其它 other",
    "": "未知 保密 不详 unknown none 0 -",
}
_YES = ["是", "同意", "已同意", "有", "yes", "y", "true", "t", "1", "✓", "√", "ok"]
_NO = ["否", "不同意", "未同意", "拒绝", "无", "没有", "no", "n", "false", "f", "0", "×", "x"]
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SEPARATORS = re.compile(r"[,，;；、|/\n]+")
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_PLAIN_TEXT = re.compile(PLAIN)
_GENDER_OF = {word: gender for gender, words in _GENDERS.items() for word in words.split()}


class Wrong(Exception):
    """A cell that cannot be read; the code of its fault."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def plain(cell: str, limit: int) -> str:
    """A line of text of at most `limit` characters."""
    text = " ".join(cell.split())
    if len(text) > limit or not _PLAIN_TEXT.fullmatch(text):
        raise Wrong("ROW_TEXT")
    return text


def gender(cell: str) -> str | None:
    try:
        return _GENDER_OF[_word(cell)] or None
    except KeyError:
        raise Wrong("ROW_CHOICE") from None


def agreed(cell: str) -> bool:
    word = _word(cell)
    if word not in _YES and word not in _NO:
        raise Wrong("ROW_CHOICE")
    return word in _YES


def day(cell: str) -> date:
    """A date in any of the forms 2001-02-03, 2001/2/3, 2001.2.3, 2001年2月3日, 20010203."""
    text = unicodedata.normalize("NFKC", cell).strip()
    found = _DATE.fullmatch(text) or _COMPACT.fullmatch(text)
    try:
        if found:
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    raise Wrong("ROW_DATE")


def tags(cell: str) -> list[str]:
    """Separated by commas, semicolons, 、 | or /; at most 20 of 30 characters."""
    found = sorted({plain(each, 30) for each in _SEPARATORS.split(cell) if each.strip()})
    if len(found) > 20:
        raise Wrong("ROW_TEXT")
    return found


def card(cell: str) -> str:
    code = cards.brought(cell)
    if code is None:
        raise Wrong("ROW_CARD")
    return code


def channel(cell: str) -> str:
    if not _CODE.fullmatch(cell.strip()):
        raise Wrong("ROW_CHOICE")
    return cell.strip()


def points(cell: str) -> int:
    """Whole and not negative; 1,200 and 1200.00 are 1200."""
    number = _number(cell)
    if number != number.to_integral_value() or not 0 <= number <= POINTS_LIMIT:
        raise Wrong("ROW_NUMBER")
    return int(number)


def money(cell: str) -> int:
    """Minor units of an amount as it is written: ¥1,234.50 is 123450. Not negative."""
    number = _number(re.sub(r"^[¥￥$]|元$", "", unicodedata.normalize("NFKC", cell).strip()))
    minor = number * 100
    if minor != minor.to_integral_value() or not 0 <= number <= AMOUNT_LIMIT:
        raise Wrong("ROW_NUMBER")
    return int(minor)


def whole(cell: str, lowest: int, highest: int) -> int:
    number = _number(cell)
    if number != number.to_integral_value() or not lowest <= number <= highest:
        raise Wrong("ROW_NUMBER")
    return int(number)


def field_value(kind: FieldKind, cell: str) -> Any:
    """A cell as the value of a custom field travels; the field itself is to judge it."""
    text = cell.strip()
    match kind:
        case NumberField():
            return format(_number(text), "f")
        case MoneyField():
            return str(money(text))
        case DateField():
            return day(text).isoformat()
        case ChoiceField():
            return _option(kind.options, text)
        case MultiChoiceField():
            chosen = [_option(kind.options, each) for each in _SEPARATORS.split(text) if each]
            return list(dict.fromkeys(chosen))
        case _:
            return text


def _option(options: list[FieldOption], text: str) -> str:
    """The key of an option that is named by its key or one of its labels."""
    wanted = _word(text)
    for option in options:
        if wanted in map(_word, (option.key, option.label_zh, option.label_en)):
            return option.key
    raise Wrong("ROW_CHOICE")


def _number(text: str) -> Decimal:
    written = unicodedata.normalize("NFKC", text).strip()
    if _GROUPED.fullmatch(written):
        written = written.replace(",", "")
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,10})?", written):
        raise Wrong("ROW_NUMBER")
    try:
        return Decimal(written)
    except InvalidOperation:
        raise Wrong("ROW_NUMBER") from None


def _word(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
