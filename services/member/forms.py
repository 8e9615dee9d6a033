"""Forms as JSON Schema 2020-12, so that any client can draw and check one.

What the standard has no word for (both labels, order, bounds of numbers that travel as text) is in
the annotation ``x-field``, which validators pass over.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from services.member.values import LABEL_LIMIT
from shared.contracts.member.fields import (
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
    for name in ("expression", "options", "pattern"):
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
            **{name: value for name, value in details.items() if value is not None},
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


def _place() -> Json:
    return {
        "type": "object",
        "properties": {
            "latitude": {"type": "number", "minimum": -90, "maximum": 90},
            "longitude": {"type": "number", "minimum": -180, "maximum": 180},
            "label": {"type": "string", "maxLength": LABEL_LIMIT},
        },
        "required": ["latitude", "longitude"],
        "additionalProperties": False,
    }
