"""Forms as JSON Schema 2020-12, so that any client can draw and check one.

What the standard has no word for (both labels, order, bounds of numbers that travel as text) is in
the annotation ``x-field``, which validators pass over.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from services.member.values import ACCURACY_LIMIT, LABEL_LIMIT, MEDIA
from shared.contracts.member.fields import (
    POINTS_LIMIT,
    AttachmentField,
    ChoiceField,
    DateField,
    Field,
    FieldInput,
    FieldKind,
    FieldOption,
    FieldSubject,
    FormulaField,
    LocationField,
    MoneyField,
    MultiChoiceField,
    NumberField,
    PhoneField,
    SignatureField,
    TextField,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = {"member": ("会员信息", "Member"), "contact": ("跟进记录", "Contact")}
Json = dict[str, Any]


def form(subject: FieldSubject, fields: Iterable[Field]) -> Json:
    """One document of all fields, in their order; asked for is what the caller may fill in."""
    shown = list(fields)
    zh, en = _TITLES[subject]
    return {
        "$schema": DIALECT,
        "$id": f"urn:chainstitch:form:{subject}",
        "title": zh,
        "x-titles": {"zh-CN": zh, "en": en},
        "type": "object",
        "properties": {each.field.key: each.document for each in shown},
        "required": [each.field.key for each in shown if each.field.required and each.editable],
        "additionalProperties": False,
    }


def document(field: FieldInput, version: int, editable: bool) -> Json:
    """One field; `editable` is whether the caller may fill it in."""
    details = msgspec.to_builtins(field.kind)
    for name in ("expression", "options", "pattern", "text_zh", "text_en"):
        details.pop(name, None)
    return {
        "title": field.label_zh,
        **_shape(field.kind),
        "readOnly": not editable,
        "x-field": {
            "labels": {"zh-CN": field.label_zh, "en": field.label_en},
            "order": field.position,
            "version": version,
            "searchable": field.searchable,
            "at_registration": field.at_registration,
            **{name: value for name, value in details.items() if value is not None},
            **_signed(field.kind),
        },
    }


def _shape(kind: FieldKind) -> Json:
    match kind:
        case TextField():
            shape: Json = {"type": "string", "maxLength": kind.max_length}
            if kind.min_length:
                shape["minLength"] = kind.min_length
            return shape | ({} if kind.pattern is None else {"pattern": kind.pattern})
        case NumberField():
            return _decimal(kind.scale)
        case MoneyField():
            return {"type": "string", "pattern": "^-?[0-9]{1,15}$"}
        case DateField():
            return {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
        case ChoiceField():
            return {"type": "string", "oneOf": _options(kind.options)}
        case MultiChoiceField():
            items = {"type": "string", "oneOf": _options(kind.options)}
            limit = kind.max_items or len(kind.options)
            return {"type": "array", "items": items, "uniqueItems": True, "maxItems": limit}
        case PhoneField():
            return {"type": "string", "format": "phone", "maxLength": 40}
        case LocationField():
            return _place()
        case AttachmentField():
            return _files(kind)
        case SignatureField():
            return _signature()
        case FormulaField():
            return {"type": "boolean"} if kind.result == "truth" else _decimal(kind.scale)


def _decimal(scale: int) -> Json:
    fraction = rf"(\.[0-9]{{1,{scale}}})?" if scale else ""
    return {"type": "string", "pattern": f"^-?[0-9]+{fraction}$"}


def _options(options: list[FieldOption]) -> list[Json]:
    return [
        {
            "const": option.key,
            "title": option.label_zh,
            "x-labels": {"zh-CN": option.label_zh, "en": option.label_en},
        }
        for option in options
    ]


def _signed(kind: FieldKind) -> Json:
    """The words that are signed, where they are the field's own."""
    if not isinstance(kind, SignatureField) or kind.notice is not None:
        return {}
    return {"text": {"zh-CN": kind.text_zh, "en": kind.text_en}}


def _files(kind: AttachmentField) -> Json:
    """Uploaded files by their ids; what they are stands in the annotations of what they hold."""
    media = [MEDIA[each] for each in kind.kinds]
    file = {
        "type": "string",
        "format": "uuid",
        "x-file": {
            "anyOf": [{"contentMediaType": each, "contentEncoding": "base64"} for each in media],
            "maxBytes": kind.max_bytes,
            "upload": "/files/{id}",
        },
    }
    return {"type": "array", "items": file, "uniqueItems": True, "maxItems": kind.max_items}


def _signature() -> Json:
    point = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2,
             "maxItems": 2}  # fmt: skip
    return {
        "type": "object",
        "format": "signature",
        "properties": {
            "version": {"type": "integer"},
            "language": {"enum": ["zh", "en"]},
            "notice_version": {"type": "string"},
            "width": {"type": "integer", "minimum": 1},
            "height": {"type": "integer", "minimum": 1},
            "strokes": {
                "type": "array",
                "items": {"type": "array", "items": point, "maxItems": POINTS_LIMIT},
                "minItems": 1,
            },
        },
        "required": ["version", "language", "width", "height", "strokes"],
        "additionalProperties": False,
    }


def _place() -> Json:
    return {
        "type": "object",
        "format": "location",
        "properties": {
            "latitude": {"type": "number", "minimum": -90, "maximum": 90},
            "longitude": {"type": "number", "minimum": -180, "maximum": 180},
            "accuracy_m": {"type": "number", "minimum": 0, "maximum": ACCURACY_LIMIT},
            "label": {"type": "string", "maxLength": LABEL_LIMIT},
        },
        "required": ["latitude", "longitude"],
        "additionalProperties": False,
    }
