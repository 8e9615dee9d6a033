"""One value of a custom field: judged, shown and found, after the kind of the field.

What is kept is JSON: texts, decimals as text, minor units as a number, dates as YYYY-MM-DD, keys of
options, of files what they are. A phone is E.164 here; it is encrypted before it is kept, and so is
a signature (`fields`).
"""

import functools
import math
import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from services.member import formulas, phones, signatures
from services.member.unfit import Unfit
from shared.contracts import PLAIN
from shared.contracts.member.fields import (
    AttachmentField,
    ChoiceField,
    DateField,
    FieldKind,
    FieldOption,
    FormulaField,
    LocationField,
    MoneyField,
    MultiChoiceField,
    NumberField,
    PhoneField,
    SignatureField,
    TextField,
)

AMOUNT_LIMIT = 10**14
LABEL_LIMIT = 200
"""Characters in the name of a place."""
ACCURACY_LIMIT = 100_000
"""Metres."""
METRES_OF_A_DEGREE = 111_320
A_FILE = "file"
"""The term of a field that holds files, whichever they are."""
MEDIA = {
    "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "pdf": "application/pdf",
}  # fmt: skip
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]+)?")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_PLAIN = re.compile(PLAIN)


def searchable(text: str) -> str:
    """How texts are compared: without case, width and extra blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def judged(kind: FieldKind, given: Any, country: str) -> Any:
    """What is kept of a value; None for an empty one. Raises `Unfit`.

    `country` is the one whose national phone numbers are meant.
    """
    if given is None or given in ("", []):
        return None
    match kind:
        case TextField():
            return _text(kind, given)
        case NumberField():
            return _number(kind, given)
        case MoneyField():
            return _amount(kind, given)
        case DateField():
            return _date(kind, given)
        case ChoiceField():
            return _option(kind.options, given)
        case MultiChoiceField():
            return _chosen(kind, given)
        case PhoneField():
            return _phone(given, country)
        case LocationField():
            return _place(kind, given)
        case AttachmentField():
            return _files(kind, given)
        case SignatureField():
            return signatures.drawn(given)
        case FormulaField():
            raise Unfit("由公式计算，不能填写", "it is reckoned, not filled in")


def shown(kind: FieldKind, kept: Any) -> Any:
    """A kept value as it travels; an amount as a string, a phone masked."""
    if isinstance(kind, MoneyField):
        return str(kept)
    if isinstance(kind, SignatureField):
        return signatures.outline(kept)
    return phones.masked(kept) if isinstance(kind, PhoneField) else kept


def operand(kind: FieldKind, kept: Any) -> formulas.Value:
    """A kept value inside a formula; None for kinds that have no place there."""
    if isinstance(kind, NumberField | MoneyField):
        return Decimal(kept)
    return date.fromisoformat(kept) if isinstance(kind, DateField) else None


def term(kind: FieldKind, kept: Any) -> str | None:
    """What a kept value is found by. Of every text, choice and phone, so that a field can be made
    searchable later without a look at the members; of files, that there are some."""
    if isinstance(kind, TextField):
        return searchable(kept)
    if isinstance(kind, AttachmentField):
        return A_FILE
    return kept if isinstance(kind, ChoiceField | PhoneField) else None


def terms_meant(kind: FieldKind, query: str, country: str) -> list[str]:
    """The terms a query may stand for; an option is known by its key and both its labels."""
    wanted = searchable(query)
    if isinstance(kind, TextField):
        return [wanted]
    if isinstance(kind, ChoiceField):
        return [
            option.key
            for option in kind.options
            if wanted in map(searchable, (option.key, option.label_zh, option.label_en))
        ]
    number = phones.recognise(query, country) if isinstance(kind, PhoneField) else None
    return [number] if number else []


def reckoned(
    kind: FormulaField, values: dict[str, formulas.Value], today: date
) -> str | bool | None:
    """The result of a formula as it travels; None where something is missing."""
    result = formulas.value_of(formulas.parse(kind.expression), values, today)
    if result is None or isinstance(result, bool):
        return result
    if not isinstance(result, Decimal):
        return None
    return formulas.rounded(result, 0 if kind.result == "money" else kind.scale)


def check_pattern(pattern: str) -> None:
    """Raise `Unfit` for what is no regular expression of linear time."""
    try:
        _matcher(pattern)
    except SchemaError as error:
        raise Unfit("格式的正则表达式有误", "the pattern is no regular expression") from error


@functools.lru_cache(500)
def _matcher(pattern: str) -> TypeAdapter[str]:
    """Rust's expressions take linear time, so that no pattern can hold up the service."""
    return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])


def _text(kind: TextField, given: Any) -> str | None:
    if not isinstance(given, str) or not _PLAIN.fullmatch(given):
        raise Unfit("应为文字", "text is expected")
    text = given.strip()
    if not text:
        return None
    if len(text) < kind.min_length:
        raise Unfit(f"至少 {kind.min_length} 个字", f"at least {kind.min_length} characters")
    if len(text) > kind.max_length:
        raise Unfit(f"最多 {kind.max_length} 个字", f"at most {kind.max_length} characters")
    if kind.pattern is not None:
        try:
            _matcher(kind.pattern).validate_python(text)
        except ValidationError:
            raise Unfit("格式不对", "it does not have the right form") from None
    return text


def _number(kind: NumberField, given: Any) -> str:
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise Unfit("应为数字", "a number is expected")
    number = Decimal(text)
    if len(text.partition(".")[2].rstrip("0")) > kind.scale:
        raise Unfit(f"最多 {kind.scale} 位小数", f"at most {kind.scale} decimals")
    within(
        number,
        None if kind.minimum is None else Decimal(kind.minimum),
        None if kind.maximum is None else Decimal(kind.maximum),
    )
    return formulas.rounded(number, kind.scale) or "0"


def _amount(kind: MoneyField, given: Any) -> int:
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(text, str) or not _WHOLE.fullmatch(text) or abs(int(text)) > AMOUNT_LIMIT:
        raise Unfit("应为金额（最小货币单位）", "an amount in minor units is expected")
    within(int(text), kind.minimum_minor, kind.maximum_minor)
    return int(text)


def _date(kind: DateField, given: Any) -> str:
    try:
        day = date.fromisoformat(given)
    except (TypeError, ValueError):
        day = None
    # Other forms of ISO 8601 (20250131, 2025-W05-5) mean the same day, but sort differently.
    if day is None or day.isoformat() != given:
        raise Unfit("应为日期（年-月-日）", "a date (YYYY-MM-DD) is expected")
    within(day, kind.earliest, kind.latest)
    return day.isoformat()


def within(value: Any, lowest: Any, highest: Any) -> None:
    """Raise `Unfit` for what is not between the bounds there are."""
    if lowest is not None and value < lowest:
        raise Unfit(f"不能小于 {lowest}", f"not below {lowest}")
    if highest is not None and value > highest:
        raise Unfit(f"不能大于 {highest}", f"not above {highest}")


def _option(options: list[FieldOption], given: Any) -> str:
    if not any(option.key == given for option in options):
        raise Unfit("没有这个选项", "there is no such option")
    return str(given)


def _chosen(kind: MultiChoiceField, given: Any) -> list[str]:
    if not isinstance(given, list):
        raise Unfit("应为选项的列表", "a list of options is expected")
    wanted = {_option(kind.options, each) for each in given}
    if kind.max_items is not None and len(wanted) > kind.max_items:
        raise Unfit(f"最多选 {kind.max_items} 项", f"at most {kind.max_items} options")
    return [option.key for option in kind.options if option.key in wanted]


def _phone(given: Any, country: str) -> str:
    number = phones.recognise(given, country) if isinstance(given, str) else None
    if number is None:
        raise Unfit("不是有效的电话号码", "that is no phone number")
    return number


def _place(kind: LocationField, given: Any) -> dict[str, Any]:
    known = {"latitude", "longitude", "accuracy_m", "label"}
    if not isinstance(given, dict) or not given.keys() <= known:
        raise Unfit("应为经纬度", "latitude and longitude are expected")
    place: dict[str, Any] = {
        "latitude": _degrees(given.get("latitude"), 90, kind.digits),
        "longitude": _degrees(given.get("longitude"), 180, kind.digits),
    }
    accuracy = given.get("accuracy_m")
    if accuracy is not None:
        place["accuracy_m"] = _accuracy(accuracy, kind.digits)
    label = given.get("label")
    if label is not None:
        text = _text(TextField(max_length=LABEL_LIMIT), label)
        place |= {"label": text} if text else {}
    return place


def _degrees(given: Any, limit: int, digits: int) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) <= limit:
        raise Unfit("经纬度不对", "those are no degrees of latitude and longitude")
    return round(float(given), digits)


def _accuracy(given: Any, digits: int) -> int:
    """Whole metres, and no finer than what is kept of the place."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Unfit("精度应为米数", "the accuracy is expected in metres")
    metres: float = given
    within(metres, 0, ACCURACY_LIMIT)
    return max(math.ceil(metres), METRES_OF_A_DEGREE // int(10**digits) // 2)


def _files(kind: AttachmentField, given: Any) -> list[dict[str, Any]]:
    """Files as `attachments` found them; what was there already is not judged again there."""
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise Unfit("应为已上传的文件", "uploaded files are expected")
    if len(given) > kind.max_items:
        raise Unfit(f"最多 {kind.max_items} 个文件", f"at most {kind.max_items} files")
    if len({each["id"] for each in given}) < len(given):
        raise Unfit("同一文件出现了两次", "a file is there twice")
    return given
