"""Fields that HQ defines at run time, drawn from the JSON Schema of the gateway."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.money import money
from staff_app.ui.parts import edge, named
from staff_app.ui.rich_fields import FilesField, PlaceField, SavedFiles
from staff_app.ui.signing import ShownSignature, SignatureField

Schema = dict[str, Any]


def labels(schema: Schema, language: str) -> str:
    told = schema.get("x-field", {}).get("labels", {})
    return str(told.get("en" if language == "en" else "zh-CN") or schema.get("title", ""))


def kind_of(schema: Schema) -> str:
    """What is drawn: `choice`, `choices`, `files`, `signature`, `place`, `money`, `date`, `number`,
    `truth`, or `text`."""
    if "oneOf" in schema:
        return "choice"
    if schema.get("type") == "array":
        return "files" if "x-file" in schema.get("items", {}) else "choices"
    if schema.get("type") == "object":
        return "signature" if schema.get("format") == "signature" else "place"
    if schema.get("format") == "date":
        return "date"
    if schema.get("type") == "boolean":
        return "truth"
    kind = str(schema.get("x-field", {}).get("type", "text"))
    return kind if kind in ("money", "number") else "text"


def shown_value(t: Words, language: str, schema: Schema, value: Any) -> str:
    """A value in words; of a file and of a signature it is more than that (`shown_field`)."""
    kind = kind_of(schema)
    if kind == "choice":
        return _option(schema["oneOf"], value, language)
    if kind == "choices":
        return t("comma").join(_option(schema["items"]["oneOf"], each, language) for each in value)
    if kind == "money":
        return money(int(value), schema["x-field"].get("currency") or "CNY")
    if kind == "place":
        accuracy = f" ±{value['accuracy_m']} m" if value.get("accuracy_m") else ""
        at = f"{value['latitude']}, {value['longitude']}{accuracy}"
        return f"{value['label']}（{at}）" if value.get("label") else at
    if kind == "truth":
        return t("yes") if value else t("no")
    return str(value)


def shown_field(
    t: Words, language: str, key: str, schema: Schema, value: Any, note_id: str = ""
) -> Any:
    """What a value is; files and signatures can be opened."""
    kind = kind_of(schema)
    if kind == "files":
        return SavedFiles(value, key=key)
    if kind == "signature":
        return ShownSignature(key, value, note_id, key=key)
    return ft.Text(
        shown_value(t, language, schema, value),
        size=theme.BODY,
        expand=True,
        max_lines=3,
        text_align=ft.TextAlign.RIGHT,
        overflow=ft.TextOverflow.ELLIPSIS,
    )


def drawn_fields(
    document: Schema, language: str, t: Words, values: dict[str, Any], change: Any, **whose: str
) -> list[Any]:
    """A control for each field of a form that may be filled in; see `CustomField`."""
    required = document.get("required", [])
    return [
        CustomField(key, each, key in required, language, t, values.get(key), change,
                    key=key, **whose)
        for key, each in document.get("properties", {}).items() if not each.get("readOnly")
    ]  # fmt: skip


def at_registration(document: Schema) -> Schema:
    """What of a form somebody new is asked for: what is required, and what HQ marked for it."""
    required = document.get("required", [])
    asked = {
        key: each
        for key, each in document.get("properties", {}).items()
        if key in required or each.get("x-field", {}).get("at_registration")
    }
    return {"properties": asked, "required": required}


def lacking(document: Schema, values: dict[str, Any], language: str) -> str:
    """The name of the first required field that is empty, or nothing."""
    fields = document.get("properties", {})
    empty = (key for key in document.get("required", []) if values.get(key) in (None, "", []))
    return next((labels(fields[key], language) for key in empty), "")


def has_place(document: Schema, values: dict[str, Any]) -> bool:
    """Whether a place was filled in, which needs a consent of its own."""
    fields = document.get("properties", {})
    return any(values.get(key) and kind_of(each) == "place" for key, each in fields.items())


@ft.component
def CustomField(
    key: str,
    schema: Schema,
    needed: bool,
    language: str,
    t: Words,
    value: Any,
    change: Any,
    note_id: str = "",
    newcomer: str = "",
) -> Any:
    """A control for one field; `change` gets its key and value, None where it was emptied.
    `note_id`: of a note that is being written; `newcomer`: of somebody who is not a member yet;
    else it is of the member that is looked at."""
    label = labels(schema, language)
    if needed:
        label = f"{label}（{t('must_fill')}）"
    kind = kind_of(schema)
    if kind == "choice":
        return _choices(f"field-{key}", label, schema["oneOf"], language, [value] if value else [],
                        lambda chosen: change(key, chosen[-1] if chosen else None))  # fmt: skip
    if kind == "choices":
        return _choices(f"field-{key}", label, schema["items"]["oneOf"], language, value or [],
                        lambda chosen: change(key, chosen or None), several=True)  # fmt: skip
    if kind == "files":
        return FilesField(key, schema, label, value, change, note_id, newcomer)
    if kind == "signature":
        return SignatureField(key, schema, label, value, change)
    if kind == "place":
        return PlaceField(key, label, value, change)
    digits = kind in ("money", "number")
    shown = _in_units(value) if kind == "money" and value else value
    field = ft.TextField(
        value=str(shown or ""),
        label=label,
        hint_text=t("date_hint") if kind == "date" else None,
        border=edge(),
        max_length=schema.get("maxLength"),
        counter=ft.Container(width=0, height=0),
        keyboard_type=ft.KeyboardType.NUMBER if digits else ft.KeyboardType.TEXT,
        on_change=lambda e: change(key, _typed(kind, e.control.value or "")),
    )
    return named(f"field-{key}", field)


def _choices(
    identifier: str, label: str, options: list[Schema], language: str, chosen: list[str],
    change: Any, several: bool = False,
) -> ft.Control:  # fmt: skip
    def tap(option: str) -> None:
        rest = [each for each in chosen if each != option] if several else []
        change(rest if option in chosen else [*rest, option])

    chips = [
        named(
            f"{identifier}-{option['const']}",
            ft.Chip(
                label=_option(options, option["const"], language),
                selected=option["const"] in chosen,
                show_checkmark=several,
                padding=ft.Padding.symmetric(horizontal=4, vertical=13),
                on_select=lambda _event, key=option["const"]: tap(key),
            ),
        )
        for option in options
    ]
    row = ft.Row(list(chips), wrap=True, spacing=8, run_spacing=4)
    head = ft.Text(label, color=ft.Colors.ON_SURFACE_VARIANT)
    return named(identifier, ft.Column([head, row], spacing=4))


def _option(options: list[Schema], key: str, language: str) -> str:
    found = next((each for each in options if each["const"] == key), None)
    if found is None:
        return key  # an option HQ has taken away since
    told = found.get("x-labels", {})
    return str(told.get("en" if language == "en" else "zh-CN") or found["title"])


def _in_units(minor: Any) -> str:
    whole, rest = divmod(int(minor), 100)
    return f"{whole}.{rest:02d}" if rest else str(whole)


def _typed(kind: str, text: str) -> Any:
    """What the API takes: money in minor units, nothing as None."""
    text = text.strip()
    if not text:
        return None
    if kind != "money":
        return text
    whole, _, rest = text.partition(".")
    digits = whole + (rest + "00")[:2]
    return digits.lstrip("0") or "0" if digits.isdigit() else text
