"""What a field may be that HQ defines for members and for contacts; part of the member contract.

Values travel as JSON: a number and an amount in minor units as strings, a date as YYYY-MM-DD, a
choice as the key of its option, a location as {latitude, longitude, accuracy_m, label}. Files are
given as a list of ids (`files`) and told as {id, name, media_type, size_bytes, sha256}; a signature
is given as `{version, language, notice_version, width, height, strokes}` and told without its
strokes (`ShowSignature`). Formulas are described in `services/member/formulas.py`.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import PLAIN, Code, Currency, Message, Minor, Name, Sentence
from shared.contracts.member.consents import Purpose
from shared.seal import Role

FieldKey = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$(?!\n)")]
FieldSubject = Literal["member", "contact"]
FieldResult = Literal["number", "money", "truth"]
FieldValues = Annotated[dict[FieldKey, Any], Meta(max_length=200)]
"""Values by key; null takes a value away."""
DecimalText = Annotated[str, Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$(?!\n)")]
Scale = Annotated[int, Meta(ge=0, le=6)]
"""Digits after the decimal point."""
FileKind = Literal["jpeg", "png", "webp", "pdf"]
SignedText = Annotated[str, Meta(max_length=2_000, pattern=PLAIN)]
FILE_BYTES_LIMIT = 8 * 1024**2
FILES_LIMIT = 10
POINTS_LIMIT = 1_000
"""Points in all strokes of a signature."""

ERRORS = {
    "UNKNOWN_FIELD": Sentence(zh="没有“{key}”这个字段", en="There is no field “{key}”"),
    "FIELD_FORBIDDEN": Sentence(
        zh="您的岗位不能填写“{key}”", en="Your role may not fill in “{key}”"
    ),
    "FIELD_REQUIRED": Sentence(zh="请填写“{label_zh}”", en="“{label_en}” has to be filled in"),
    "FIELD_INVALID": Sentence(
        zh="“{label_zh}”有误：{reason_zh}", en="“{label_en}” is not right: {reason_en}"
    ),
    "LOCATION_CONSENT_MISSING": Sentence(
        zh="保存“{label_zh}”前，请先征得会员同意记录位置",
        en="Before “{label_en}” is kept, the member has to agree that their location is",
    ),
    "INVALID_FIELD": Sentence(
        zh="字段设置有误：{reason_zh}", en="The field is not right: {reason_en}"
    ),
    "FIELD_TYPE_FIXED": Sentence(
        zh="字段“{key}”的类型和币种不能更改，请新建字段",
        en="The type and currency of “{key}” never change; define a new field",
    ),
    "FIELD_CHANGED": Sentence(
        zh="字段刚被他人修改，请刷新后再改",
        en="Someone else changed this field; look again",
    ),
    "FIELD_ID_TAKEN": Sentence(
        zh="该字段版本编号已用于其他内容", en="This id was used for another version of a field"
    ),
}


class FieldOption(Message, frozen=True, kw_only=True):
    """What may be chosen. The key stays; one that is left out cannot be chosen any more."""

    key: Code
    label_zh: Name
    label_en: Name


Options = Annotated[list[FieldOption], Meta(min_length=1, max_length=200)]


class TextField(Message, frozen=True, kw_only=True, tag="text"):
    """`pattern` is found anywhere unless anchored; no look-around, no back-references (it takes
    linear time)."""

    min_length: Annotated[int, Meta(ge=0, le=500)] = 0
    max_length: Annotated[int, Meta(ge=1, le=500)] = 500
    pattern: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)] | None = None


class NumberField(Message, frozen=True, kw_only=True, tag="number"):
    """A decimal number with at most `scale` digits after the point."""

    scale: Scale = 0
    minimum: DecimalText | None = None
    maximum: DecimalText | None = None


class MoneyField(Message, frozen=True, kw_only=True, tag="money"):
    """Minor units of one currency."""

    currency: Currency
    minimum_minor: Minor | None = None
    maximum_minor: Minor | None = None


class DateField(Message, frozen=True, kw_only=True, tag="date"):
    earliest: date | None = None
    latest: date | None = None


class ChoiceField(Message, frozen=True, kw_only=True, tag="choice"):
    options: Options


class MultiChoiceField(Message, frozen=True, kw_only=True, tag="multi_choice"):
    options: Options
    max_items: Annotated[int, Meta(ge=1, le=200)] | None = None


class PhoneField(Message, frozen=True, kw_only=True, tag="phone"):
    """Kept encrypted and shown masked, as the member's own phone is."""


class LocationField(Message, frozen=True, kw_only=True, tag="location"):
    """Degrees of latitude and longitude (WGS 84), how accurate they are in metres, and what people
    call the place. The member has to have agreed to `location` (LOCATION_CONSENT_MISSING).

    It is kept coarse: where somebody lives is sensitive (PIPL 28). `digits` of a degree stay after
    the point; 2 are about a kilometre, 3 about a hundred metres.
    """

    digits: Annotated[int, Meta(ge=0, le=3)] = 2


class AttachmentField(Message, frozen=True, kw_only=True, tag="attachment"):
    """At most `max_items` files of these kinds, each of at most `max_bytes`. What a file is, its
    first bytes say."""

    kinds: Annotated[tuple[FileKind, ...], Meta(min_length=1, max_length=4)] = (
        "jpeg", "png", "webp", "pdf",
    )  # fmt: skip
    max_bytes: Annotated[int, Meta(ge=1_024, le=FILE_BYTES_LIMIT)] = 5 * 1024**2
    max_items: Annotated[int, Meta(ge=1, le=FILES_LIMIT)] = 5


class SignatureField(Message, frozen=True, kw_only=True, tag="signature"):
    """A name drawn below a text: these words, or the notice of `notice` in force. The version of
    the field (and of the notice) that was signed is kept with it."""

    text_zh: SignedText = ""
    text_en: SignedText = ""
    notice: Purpose | None = None


class FormulaField(Message, frozen=True, kw_only=True, tag="formula"):
    """Reckoned from other fields whenever it is read; money is in minor units of `currency`."""

    expression: Annotated[str, Meta(min_length=1, max_length=500, pattern=PLAIN)]
    result: FieldResult = "number"
    scale: Scale = 0
    currency: Currency | None = None


FieldKind = (
    TextField
    | NumberField
    | MoneyField
    | DateField
    | ChoiceField
    | MultiChoiceField
    | PhoneField
    | LocationField
    | AttachmentField
    | SignatureField
    | FormulaField
)


class FieldInput(Message, frozen=True, kw_only=True):
    """A field as HQ defines it. Whoever may edit one may also see it; `searchable` is for texts,
    choices and phones; `required` asks those who may edit it. `at_registration`: of members, asked
    for on the form of a new one, as required ones are anyway. Not `active`: neither shown nor asked
    for, and what was filled in stays."""

    subject: FieldSubject
    key: FieldKey
    label_zh: Name
    label_en: Name
    kind: FieldKind
    required: bool = False
    at_registration: bool = False
    searchable: bool = False
    position: Annotated[int, Meta(ge=0, le=9_999)] = 0
    seen_by: Annotated[list[Role], Meta(min_length=1, max_length=20)]
    edited_by: Annotated[list[Role], Meta(max_length=20)] = []
    active: bool = True


class FieldValue(Message, frozen=True, kw_only=True):
    """A value, and the version of the definition that judged it (of a formula: reckoned it)."""

    key: str
    version: int
    value: Any


class Field(Message, frozen=True, kw_only=True):
    """A version of a field. `editable` is for the caller; `document` is JSON Schema 2020-12."""

    id: UUID
    version: int
    author_id: UUID
    valid_from: datetime
    field: FieldInput
    editable: bool
    document: dict[str, Any]


class Fields(Message, frozen=True, kw_only=True):
    items: list[Field]


class Form(Message, frozen=True, kw_only=True):
    """`document`: one JSON Schema 2020-12 of `fields` as the caller may see and fill them in."""

    document: dict[str, Any]
