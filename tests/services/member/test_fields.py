"""Custom fields of members and contacts: filled in, read and found by, each with its rights."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from services.member import definitions, profiles, search
from services.member.phones import Keyring
from shared.contracts import errors_of
from shared.contracts.member import (
    Consent,
    FindMembers,
    GetMembers,
    Member,
    RevealPhone,
    UpdateMember,
)
from shared.contracts.member.fields import (
    DateField,
    FieldValue,
    FormulaField,
    LocationField,
    MoneyField,
    MultiChoiceField,
    NumberField,
    PhoneField,
)
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.seal import Caller, Role
from shared.service import decode
from tests.services.member.conftest import AGREED, contents, events, open_store, registration, staff
from tests.services.member.field_shop import COLOURS, OTHER_PHONE, field, publish


@pytest.fixture
def change(
    session: Session, keys: Keyring, associate: Caller
) -> Callable[..., dict[str, FieldValue]]:
    """`change(member, {"wechat": "x"})`: the fields the caller sees afterwards."""

    def changed(
        member: Member, fields: dict[str, Any], caller: Caller = associate
    ) -> dict[str, FieldValue]:
        (now,) = profiles.get_members(session, keys, caller, GetMembers(ids=[member.id])).items
        command = UpdateMember(member_id=member.id, version=now.version, fields=fields)
        return by_key(profiles.update_member(session, keys, caller, command))

    return changed


def by_key(member: Member) -> dict[str, FieldValue]:
    return {each.key: each for each in member.fields}


def refusal_of(session: Session, call: Callable[[], Any]) -> Refusal:
    before = contents(session)
    with pytest.raises(Refusal) as refused:
        call()
    assert contents(session) == before
    return refused.value


def test_values_of_every_type_are_kept_with_the_member(
    session: Session, register: Callable[..., Member]
) -> None:
    many = MultiChoiceField(options=COLOURS.options)
    kinds = {
        "words": None, "weight": NumberField(scale=1), "fee": MoneyField(currency="CNY"),
        "wedding": DateField(), "colour": COLOURS, "colours": many, "second": PhoneField(),
        "home": LocationField(),
    }  # fmt: skip
    for place, (key, kind) in enumerate(kinds.items()):
        publish(session, field(key, kind, position=place))

    located = Consent(purpose="location", notice_version="2025-01", granted=True)
    member = register(
        consents=[AGREED, located],
        fields={
            "home": {"latitude": 31.2, "longitude": 121.4}, "words": "喜欢丝绸", "weight": "60",
            "fee": "9900", "wedding": "2020-05-20", "colour": "red", "colours": ["blue", "red"],
            "second": OTHER_PHONE,
        }
    )  # fmt: skip

    assert [(each.key, each.version, each.value) for each in member.fields] == [
        ("words", 1, "喜欢丝绸"),
        ("weight", 1, "60.0"),
        ("fee", 1, "9900"),
        ("wedding", 1, "2020-05-20"),
        ("colour", 1, "red"),
        ("colours", 1, ["red", "blue"]),
        ("second", 1, "+86 139****4321"),
        ("home", 1, {"latitude": 31.2, "longitude": 121.4}),
    ]


def test_a_value_is_changed_and_cleared_by_itself(
    session: Session, register: Callable[..., Member], change: Callable[..., Any]
) -> None:
    publish(session, field("wechat"))
    publish(session, field("qq"))
    member = register(fields={"wechat": "lily", "qq": "12345"})
    publish(session, field("wechat", position=1), version=1)

    assert change(member, {"wechat": "lily88"}) == {
        "qq": FieldValue(key="qq", version=1, value="12345"),
        "wechat": FieldValue(key="wechat", version=2, value="lily88"),
    }
    assert list(change(member, {"qq": None})) == ["wechat"]
    assert change(member, {"wechat": "  "}) == {}
    told = [msgspec.json.decode(each)["data"] for each in events(session, "member.updated")]
    assert [each["fields"] for each in told] == [
        ["fields.wechat"], ["fields.qq"], ["fields.wechat"],
    ]  # fmt: skip
    assert [each["version"] for each in told] == [2, 3, 4]


def test_a_version_that_was_not_seen_is_refused(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> None:
    publish(session, field("wechat"))
    member = register()
    command = UpdateMember(member_id=member.id, version=1, fields={"wechat": "a"})
    first = profiles.update_member(session, keys, associate, command)

    assert profiles.update_member(session, keys, associate, command) == first
    other = msgspec.structs.replace(command, fields={"wechat": "b"})
    refusal = refusal_of(session, lambda: profiles.update_member(session, keys, associate, other))
    assert refusal.code == "MEMBER_CHANGED"


def test_what_stays_is_not_judged_again(
    session: Session, register: Callable[..., Member], change: Callable[..., Any]
) -> None:
    publish(session, field("colour", COLOURS))
    publish(session, field("second", PhoneField()))
    member = register(fields={"colour": "red", "second": OTHER_PHONE})
    blue = msgspec.structs.replace(COLOURS, options=COLOURS.options[1:])
    publish(session, field("colour", blue), version=1)
    before = contents(session)

    again = change(member, {"colour": "red", "second": "+86 139****4321"})
    change(member, {"second": f"+86 {OTHER_PHONE}"})

    assert contents(session) == before
    assert again == by_key(member)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"missing": "x"}, "UNKNOWN_FIELD"),
        ({"ended": "x"}, "UNKNOWN_FIELD"),
        ({"visit": "x"}, "UNKNOWN_FIELD"),
        ({"theirs": "x"}, "FIELD_FORBIDDEN"),
        ({"secret": "x"}, "FIELD_FORBIDDEN"),
        ({"sum": "1"}, "FIELD_FORBIDDEN"),
        ({"colour": "green"}, "FIELD_INVALID"),
        ({"second": "12"}, "FIELD_INVALID"),
        ({"must": None}, "FIELD_REQUIRED"),
        ({"must": " "}, "FIELD_REQUIRED"),
    ],
)
def test_what_may_not_be_filled_in_is_refused_and_changes_nothing(
    session: Session, keys: Keyring, store_id: UUID, associate: Caller,
    register: Callable[..., Member], fields: dict[str, Any], code: str,
) -> None:  # fmt: skip
    publish(session, field("ended", active=False))
    publish(session, field("visit", subject="contact"))
    publish(session, field("theirs", edited_by=[Role.STORE_MANAGER]))
    publish(session, field("secret", seen_by=[Role.AUDITOR], edited_by=[]))
    publish(session, field("sum", FormulaField(expression="1"), edited_by=[]))
    publish(session, field("colour", COLOURS))
    publish(session, field("second", PhoneField()))
    publish(session, field("must", required=True))
    member = register(fields={"must": "x"})
    update = UpdateMember(member_id=member.id, version=1, city="上海", fields=fields)
    new = registration(store_id, phone="13700001111", fields={"must": "x"} | fields)

    for call in (
        lambda: profiles.update_member(session, keys, associate, update),
        lambda: profiles.register(session, keys, associate, new),
    ):
        refusal = refusal_of(session, call)
        assert refusal.code == code
        assert isinstance(refusal, Forbidden) == (code == "FIELD_FORBIDDEN")
        sentence = errors_of("member")[code]
        assert "12" not in sentence.en.format(**refusal.parameters)
        assert sentence.zh.format(**refusal.parameters)


def test_required_is_asked_of_those_who_may_edit(
    session: Session, keys: Keyring, store_id: UUID, associate: Caller, manager: Caller
) -> None:
    publish(session, field("must", required=True, edited_by=[Role.STORE_MANAGER]))
    refusal = refusal_of(
        session, lambda: profiles.register(session, keys, manager, registration(store_id))
    )

    member = profiles.register(session, keys, associate, registration(store_id))

    assert refusal.code == "FIELD_REQUIRED"
    assert refusal.parameters == {"key": "must", "label_zh": "字段", "label_en": "Field must"}
    assert member.fields == []
    update = UpdateMember(member_id=member.id, version=1, city="上海")
    assert profiles.update_member(session, keys, manager, update).city == "上海"


def test_a_registration_sent_again_is_not_judged_by_later_fields(
    session: Session, keys: Keyring, store_id: UUID, associate: Caller
) -> None:
    publish(session, field("second", PhoneField()))
    command = registration(store_id, fields={"second": OTHER_PHONE})
    first = profiles.register(session, keys, associate, command)
    publish(session, field("must", required=True))
    publish(session, field("second", PhoneField(), active=False), version=1)

    again = profiles.register(session, keys, associate, command)

    assert again == msgspec.structs.replace(first, fields=[])
    other = msgspec.structs.replace(command, fields={})
    refusal = refusal_of(session, lambda: profiles.register(session, keys, associate, other))
    assert refusal.code == "MEMBER_ID_TAKEN"


def test_who_may_not_see_a_field_neither_reads_nor_finds_by_it(
    session: Session, keys: Keyring, register: Callable[..., Member], store_id: UUID,
    change: Callable[..., Any], manager: Caller, associate: Caller,
) -> None:  # fmt: skip
    only = [Role.STORE_MANAGER]
    publish(session, field("wechat", searchable=True, seen_by=only, edited_by=only))
    member = register()
    change(member, {"wechat": "Lily88"}, manager)

    def seen(caller: Caller) -> tuple[int, int]:
        got = profiles.get_members(session, keys, caller, GetMembers(ids=[member.id])).items
        found = search.find(session, keys, caller, FindMembers(query="lily88")).items
        return len(got[0].fields), len(found)

    assert seen(manager) == (1, 1)
    assert seen(associate) == (0, 0)
    assert seen(staff(Role.AUDITOR, store_id)) == (0, 0)
    publish(session, field("wechat", searchable=True, active=False), version=1)
    assert seen(manager) == (0, 0)
    publish(session, field("wechat"), version=2)
    assert seen(associate) == (1, 0)
    publish(session, field("wechat", searchable=True), version=3)
    assert seen(associate) == (1, 1)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ＬＩＬＹ 88", True), ("lily", False), ("红色", True), ("RED", True), ("blue", False),
        (OTHER_PHONE, True), ("+86 139 8765 4321", True), ("丝绸", False), ("顾客明", True),
    ],
)  # fmt: skip
def test_members_are_found_by_exact_values(
    session: Session, keys: Keyring, register: Callable[..., Member], query: str, found: bool
) -> None:
    publish(session, field("wechat", searchable=True))
    publish(session, field("colour", COLOURS, searchable=True))
    publish(session, field("second", PhoneField(), searchable=True))
    publish(session, field("likes"))
    fields = {"wechat": "lily 88", "colour": "red", "second": OTHER_PHONE, "likes": "丝绸"}
    member = register(fields=fields)
    register(phone="13700001111", name="访客乙", fields={"wechat": "other"})

    answer = search.find(
        session, keys, staff(Role.ASSOCIATE, open_store(session)), FindMembers(query=query)
    )

    assert [each.id for each in answer.items] == ([member.id] if found else [])


def test_a_name_and_a_value_alike_are_both_found(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> None:
    publish(session, field("nickname", searchable=True))
    begins = register(name="Lily Anne")
    called = register(phone="13700001111", fields={"nickname": "lily"})
    register(phone="13700002222", name="Kim", fields={"nickname": "lil"})

    answer = search.find(session, keys, associate, FindMembers(query="Lily"))

    assert [each.id for each in answer.items] == [called.id, begins.id]


def test_phones_in_fields_are_kept_as_phones_are(
    session: Session, keys: Keyring, register: Callable[..., Member], change: Callable[..., Any],
    manager: Caller,
) -> None:  # fmt: skip
    publish(session, field("second", PhoneField(), searchable=True))
    member = register(fields={"second": OTHER_PHONE})
    change(member, {"second": "13700001111"})
    change(member, {"second": OTHER_PHONE})
    reveal = RevealPhone(member_id=member.id, purpose="called back", field="second")

    assert profiles.reveal_phone(session, keys, manager, reveal).phone == f"+86{OTHER_PHONE}"

    kept = str(session.execute(text("SELECT * FROM members")).all())
    told = "".join(session.scalars(text("SELECT envelope FROM outbox")))
    for number in (OTHER_PHONE, "13700001111", "'4321'", '"4321"', "'1111'", '"1111"'):
        assert number not in kept
        assert number not in told
    (look,) = map(msgspec.json.decode, events(session, "member.phone_revealed"))
    assert look["data"]["field"] == "second"


@pytest.mark.parametrize("key", ["second", "words", "missing", "secret"])
def test_a_field_without_a_phone_to_see_is_refused(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller, key: str
) -> None:
    publish(session, field("second", PhoneField()))
    publish(session, field("words"))
    only = [Role.ASSOCIATE]
    publish(session, field("secret", PhoneField(), seen_by=only, edited_by=only))
    member = register(fields={"words": "x", "secret": OTHER_PHONE})
    reveal = RevealPhone(member_id=member.id, purpose="called back", field=key)

    refusal = refusal_of(session, lambda: profiles.reveal_phone(session, keys, manager, reveal))

    assert refusal.code == "UNKNOWN_FIELD"


def test_formulas_are_reckoned_when_they_are_read(
    session: Session, keys: Keyring, register: Callable[..., Member], change: Callable[..., Any],
    store_id: UUID,
) -> None:  # fmt: skip
    publish(session, field("waist", NumberField(scale=1), seen_by=[Role.ASSOCIATE],
                           edited_by=[Role.ASSOCIATE]))  # fmt: skip
    publish(session, field("fee", MoneyField(currency="CNY")))
    formulas = {
        "f1": FormulaField(expression="waist / member.height_cm", scale=2),
        "f2": FormulaField(expression="fee / 8", result="money", currency="CNY"),
        "f3": FormulaField(expression="age(member.birthday)"),
        "f4": FormulaField(expression="member.purchases = 0", result="truth"),
        "f5": FormulaField(expression="member.registered_on - member.last_purchase_on"),
    }
    for key, formula in formulas.items():
        publish(session, field(key, formula, edited_by=[]))
    member = register(height_cm=160, birthday=date(1990, 6, 15), fields={"fee": "100"})
    today = datetime.now(UTC)

    shown = change(member, {"waist": "70.5"})

    assert {key: shown[key].value for key in shown} == {
        "waist": "70.5", "fee": "100", "f1": "0.44", "f2": "13", "f4": True,
        "f3": str(today.year - 1990 - ((today.month, today.day) < (6, 15))),
    }  # fmt: skip
    manager = staff(Role.STORE_MANAGER, store_id)
    (seen,) = profiles.get_members(session, keys, manager, GetMembers(ids=[member.id])).items
    assert "waist" not in by_key(seen)
    assert by_key(seen)["f1"].value == "0.44"
    assert "f1" not in change(member, {"waist": None})


def test_many_members_are_read_by_one_statement(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> None:
    publish(session, field("second", PhoneField()))
    publish(session, field("old", FormulaField(expression="member.purchases"), edited_by=[]))
    members = [
        register(phone=f"1380000000{n}", fields={"second": f"1390000000{n}"}) for n in range(5)
    ]
    definitions.remembered(session)
    statements: list[str] = []
    engine = session.connection().engine

    def count(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(engine, "before_cursor_execute", count)
    read = profiles.get_members(
        session, keys, associate, GetMembers(ids=[each.id for each in members])
    )
    event.remove(engine, "before_cursor_execute", count)

    assert [len(each.fields) for each in read.items] == [2] * 5
    assert len(statements) == 1


@pytest.mark.parametrize("fields", [{"Wechat": "x"}, {"a b": 1}, {"": 1}, {"a\n": 1}, [], "x"])
def test_keys_of_another_shape_are_refused_at_the_border(store_id: UUID, fields: Any) -> None:
    raw = msgspec.to_builtins(registration(store_id)) | {"fields": fields}

    with pytest.raises(InvalidInput, match="fields"):
        decode(raw, type(registration(store_id)))
