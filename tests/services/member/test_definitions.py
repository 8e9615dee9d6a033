"""Definitions of custom fields: published by HQ, versioned, listed, and drawn as JSON Schema."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import definitions, forms
from shared.contracts import errors_of
from shared.contracts.member import GetFields, GetForm
from shared.contracts.member.fields import (
    ChoiceField,
    DateField,
    Field,
    FieldKind,
    FieldOption,
    FormulaField,
    LocationField,
    MoneyField,
    MultiChoiceField,
    NumberField,
    PhoneField,
    TextField,
)
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role
from tests.services.member.conftest import contents, events
from tests.services.member.field_shop import COLOURS, STAFF, field, hq, publish

TWICE = [FieldOption(key="a", label_zh="甲", label_en="A")] * 2


def refusal_of(session: Session, call: Callable[[], Any]) -> Refusal:
    before = contents(session)
    with pytest.raises(Refusal) as refused:
        call()
    assert contents(session) == before
    return refused.value


def listed(session: Session, caller: Caller, **changes: Any) -> list[Field]:
    return definitions.get_fields(session, caller, GetFields(**changes)).items


def test_every_version_is_kept_with_its_author(session: Session) -> None:
    first = publish(session, field("wechat"))
    second = publish(session, field("wechat", required=True), version=1)

    assert (first.version, second.version) == (1, 2)
    assert listed(session, hq()) == [msgspec.structs.replace(second, editable=False)]
    history = listed(session, hq(), history=True)
    assert [(each.version, each.field.required) for each in history] == [(2, True), (1, False)]
    assert [each.author_id for each in history] == [second.author_id, first.author_id]
    told = [msgspec.json.decode(each) for each in events(session, "member.field_published")]
    assert [(each["subject"], each["sequence"]) for each in told] == [
        ("member.wechat", 1), ("member.wechat", 2),
    ]  # fmt: skip


def test_publishing_is_done_once(session: Session) -> None:
    id_ = new_id()
    first = publish(session, field("wechat"), id=id_)
    publish(session, field("wechat", position=3), version=1)

    assert publish(session, field("wechat"), id=id_) == first
    again = refusal_of(session, lambda: publish(session, field("wechat", position=9), id=id_))
    assert again.code == "FIELD_ID_TAKEN"


@pytest.mark.parametrize("version", [0, 2])
def test_who_has_not_seen_the_newest_version_is_refused(session: Session, version: int) -> None:
    publish(session, field("wechat"))

    refusal = refusal_of(session, lambda: publish(session, field("wechat"), version=version))

    assert refusal.code == "FIELD_CHANGED"


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        (TextField(), NumberField()),
        (COLOURS, MultiChoiceField(options=COLOURS.options)),
        (MoneyField(currency="CNY"), MoneyField(currency="JPY")),
    ],
)
def test_a_type_never_changes(session: Session, kind: FieldKind, other: FieldKind) -> None:
    publish(session, field("thing", kind))

    refusal = refusal_of(session, lambda: publish(session, field("thing", other), version=1))

    assert refusal.code == "FIELD_TYPE_FIXED"


@pytest.mark.parametrize(
    "wrong",
    [
        field("x", TextField(min_length=5, max_length=4)),
        field("x", TextField(pattern="(")),
        field("x", NumberField(minimum="2", maximum="1.5")),
        field("x", MoneyField(currency="CNY", minimum_minor=2, maximum_minor=1)),
        field("x", DateField(earliest=date(2025, 1, 2), latest=date(2025, 1, 1))),
        field("x", ChoiceField(options=TWICE)),
        field("x", MultiChoiceField(options=TWICE)),
        field("x", seen_by=[Role.AUDITOR]),
        field("x", NumberField(), searchable=True),
        field("x", subject="contact", searchable=True),
        field("x", FormulaField(expression="1")),
        field("x", FormulaField(expression="1"), edited_by=[], required=True),
        field("x", FormulaField(expression="1 +"), edited_by=[]),
        field("x", FormulaField(expression="x"), edited_by=[]),
        field("x", FormulaField(expression="words"), edited_by=[]),
        field("x", FormulaField(expression="1"), edited_by=[], at_registration=True),
        field("x", subject="contact", at_registration=True),
        field("x", FormulaField(expression="ended"), edited_by=[]),
        field("x", FormulaField(expression="sum"), edited_by=[]),
        field("x", FormulaField(expression="fee > 1"), edited_by=[]),
        field("x", FormulaField(expression="fee", result="truth"), edited_by=[]),
        field("x", FormulaField(expression="fee", result="money"), edited_by=[]),
        field("x", FormulaField(expression="fee + yen"), edited_by=[]),
        field("x", FormulaField(expression="fee", result="money", currency="JPY"), edited_by=[]),
        field("x", FormulaField(expression="age(member.birthday)"), edited_by=[],
              subject="contact"),
    ],
)  # fmt: skip
def test_a_definition_that_makes_no_sense_is_refused(session: Session, wrong: Any) -> None:
    publish(session, field("words"))
    publish(session, field("fee", MoneyField(currency="CNY")))
    publish(session, field("yen", MoneyField(currency="JPY")))
    publish(session, field("ended", NumberField(), active=False))
    publish(session, field("sum", FormulaField(expression="fee"), edited_by=[]))

    refusal = refusal_of(session, lambda: publish(session, wrong))

    assert refusal.code == "INVALID_FIELD"
    sentence = errors_of("member")[refusal.code]
    assert re.search("[\u4e00-\u9fff]", sentence.zh.format(**refusal.parameters))
    assert refusal.parameters["reason_en"] in sentence.en.format(**refusal.parameters)


def test_there_is_an_end_to_fields(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "FIELDS_LIMIT", 1)
    publish(session, field("one"))

    assert refusal_of(session, lambda: publish(session, field("two"))).code == "INVALID_FIELD"
    publish(session, field("one", position=4), version=1)
    publish(session, field("two", subject="contact"))


def test_only_the_whole_chain_publishes(session: Session, manager: Caller) -> None:
    command = definitions.PublishField(id=new_id(), field=field("wechat"))

    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        definitions.publish(session, manager, command)


def test_fields_are_listed_as_the_caller_may_see_them(session: Session, associate: Caller) -> None:
    publish(session, field("later", position=2, edited_by=[]))
    publish(session, field("first", position=1))
    publish(session, field("secret", seen_by=[Role.STORE_MANAGER], edited_by=[]))
    publish(session, field("ended", active=False))
    publish(session, field("visit", subject="contact"))

    mine = listed(session, associate)

    assert [(each.field.key, each.editable) for each in mine] == [("first", True), ("later", False)]
    assert [each.field.key for each in listed(session, hq())] == [
        "ended", "secret", "first", "later",
    ]  # fmt: skip
    assert [each.field.key for each in listed(session, hq(), subject="contact")] == ["visit"]
    assert [each.field.key for each in listed(session, associate, history=True)] == [
        "first", "later",
    ]  # fmt: skip


KINDS: dict[str, FieldKind] = {
    "text": TextField(min_length=2, max_length=9, pattern="^[a-z]+$"),
    "number": NumberField(scale=2, minimum="0"),
    "whole": NumberField(),
    "money": MoneyField(currency="CNY", maximum_minor=500),
    "date": DateField(earliest=date(2020, 1, 1)),
    "choice": COLOURS,
    "many": MultiChoiceField(options=COLOURS.options, max_items=1),
    "phone": PhoneField(),
    "place": LocationField(),
}
FORMULAS = {
    "sum": FormulaField(expression="number * 2", scale=1),
    "old": FormulaField(expression="age(member.birthday) >= 60", result="truth"),
}


def test_a_form_is_json_schema_2020_12(session: Session, associate: Caller) -> None:
    for place, (key, kind) in enumerate(KINDS.items()):
        publish(session, field(key, kind, position=place, required=key in ("text", "date")))
    for key, formula in FORMULAS.items():
        publish(session, field(key, formula, position=50, edited_by=[]))
    publish(session, field("theirs", required=True, edited_by=[Role.STORE_MANAGER], position=99))
    publish(session, field("secret", seen_by=[Role.AUDITOR], edited_by=[]))

    form = definitions.get_form(session, associate, GetForm()).document

    assert form["$schema"] == forms.DIALECT == "https://json-schema.org/draft/2020-12/schema"
    assert list(form["properties"]) == [*KINDS, "old", "sum", "theirs"]
    assert form["required"] == ["text", "date"]
    assert form["additionalProperties"] is False
    shown = form["properties"]
    assert {key for key in shown if shown[key]["readOnly"]} == {"old", "sum", "theirs"}
    assert shown["choice"] == {
        "title": "字段",
        "type": "string",
        "oneOf": [
            {"const": "red", "title": "红色", "x-labels": {"zh-CN": "红色", "en": "Red"}},
            {"const": "blue", "title": "蓝色", "x-labels": {"zh-CN": "蓝色", "en": "Blue"}},
        ],
        "readOnly": False,
        "x-field": {
            "labels": {"zh-CN": "字段", "en": "Field choice"}, "order": 5, "version": 1,
            "searchable": False, "at_registration": False, "type": "choice",
        },
    }  # fmt: skip
    assert shown["number"]["x-field"]["minimum"] == "0"
    assert shown["money"]["x-field"]["currency"] == "CNY"
    assert "expression" not in str(form)
    assert msgspec.json.decode(msgspec.json.encode(form)) == form


@pytest.mark.parametrize(
    ("key", "fits", "does_not"),
    [
        ("text", ["ab", "abcdefghi"], ["a", "abcdefghij", "A1", 7, None]),
        ("number", ["0", "-12.34", "1.5"], ["1.234", "1.", ".5", "x", 1]),
        ("whole", ["12", "-3"], ["1.0", ""]),
        ("money", ["500", "-1"], ["5.00", "", 5]),
        ("date", ["2025-02-28"], ["28.2.2025", "2025-2-28", 2025]),
        ("choice", ["red", "blue"], ["green", "", ["red"]]),
        ("many", [[], ["red"]], [["red", "blue"], ["green"], ["red", "red"], "red"]),
        ("phone", ["+86 138 1234 1234"], [13812341234, "1" * 41]),
        ("place", [{"latitude": 1, "longitude": -2.5, "label": "x"}],
         [{"latitude": 1}, {"latitude": 91, "longitude": 0}, "x",
          {"latitude": 1, "longitude": 2, "height": 3}]),
        ("sum", ["2.5", "-3"], ["2.55"]),
        ("old", [True], ["true"]),
    ],
)  # fmt: skip
def test_the_schema_of_a_type_tells_what_fits(
    key: str, fits: list[Any], does_not: list[Any]
) -> None:
    kind = (KINDS | FORMULAS)[key]
    schema = forms.document(field(key, kind), 1, True)

    assert [each for each in fits if not valid(schema, each)] == []
    assert [each for each in does_not if valid(schema, each)] == []


def test_form_of_contacts(session: Session, associate: Caller) -> None:
    publish(session, field("mood", COLOURS, subject="contact", seen_by=STAFF))

    form = definitions.get_form(session, associate, GetForm(subject="contact")).document

    assert list(form["properties"]) == ["mood"]
    assert form["x-titles"] == {"zh-CN": "跟进记录", "en": "Contact"}


def test_memory_lasts_seconds_only(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert definitions.remembered(session) == []
    body = msgspec.json.encode(field("wechat")).decode()
    session.execute(
        text(
            "INSERT INTO field_versions VALUES ('member', 'wechat', 1, :id, :id, now(),"
            " CAST(:body AS jsonb))"
        ),
        {"id": new_id(), "body": body},
    )

    assert definitions.remembered(session) == []
    monkeypatch.setattr(definitions.time, "monotonic", lambda: 10.0**9)
    assert [each.field.key for each in definitions.remembered(session)] == ["wechat"]


def valid(schema: dict[str, Any], value: Any) -> bool:
    """Whether a value fits a schema, for the few words of JSON Schema that forms are made of."""
    kinds: dict[str, Any] = {
        "string": str, "boolean": bool, "number": (int, float), "array": list, "object": dict,
    }  # fmt: skip
    if not isinstance(value, kinds[schema["type"]]):
        return False
    checks: dict[str, Callable[[Any], bool]] = {
        "minLength": lambda limit: len(value) >= limit,
        "maxLength": lambda limit: len(value) <= limit,
        "pattern": lambda pattern: re.search(pattern, value) is not None,
        "minimum": lambda limit: value >= limit,
        "maximum": lambda limit: value <= limit,
        "oneOf": lambda options: sum(each["const"] == value for each in options) == 1,
        "items": lambda items: all(valid(items, each) for each in value),
        "uniqueItems": lambda _: len(set(value)) == len(value),
        "maxItems": lambda limit: len(value) <= limit,
        "properties": lambda parts: all(valid(parts[key], value[key]) for key in value
                                        if key in parts),
        "required": lambda names: set(names) <= set(value),
        "additionalProperties": lambda _: set(value) <= set(schema["properties"]),
    }  # fmt: skip
    known = {"type", "title", "readOnly", "x-field", "format"}
    return all(checks[word](said) for word, said in schema.items() if word not in known)
