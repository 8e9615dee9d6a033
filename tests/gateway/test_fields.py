"""Custom fields through the API: values and forms are JSON, rights and refusals are typed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.contracts.member import (
    Field,
    FieldInput,
    FieldValue,
    Form,
    GetForm,
    Member,
    PublishField,
    UpdateMember,
)
from shared.contracts.member.fields import MoneyField
from shared.errors import Forbidden, Refusal
from shared.seal import Role
from tests.gateway.conftest import FakeRpc, ask

pytestmark = pytest.mark.anyio
Token = Callable[..., str]
PLACE = {"latitude": 31.2304, "longitude": -121.5, "label": "外滩"}
UPDATE = """mutation($id: ID!, $fields: Json) { updateMember(input: {
    memberId: $id, version: 1, fields: $fields
}) { member { fields { key version value } } refusal { code messageZh messageEn } } }"""
INLINE = """mutation($id: ID!) { updateMember(input: { memberId: $id, version: 1, fields: {
    home: {latitude: 31.2304, longitude: -121.5, label: "外滩"}, likes: ["a"], gone: null
} }) { member { id } } }"""
PUBLISH = """mutation($input: PublishFieldInput!) { publishField(input: $input) {
    field { version editable field { key kind seenBy } document } refusal { code messageEn } } }"""


def member(**fields: Any) -> Member:
    return Member(
        id=uuid4(), version=2, card_code="C", name="会员", phone_masked="+86 1",
        source_channel="x", home_store_id=uuid4(), registered_at=datetime.now(UTC), **fields,
    )  # fmt: skip


async def test_values_go_in_and_out_as_json(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token
) -> None:
    values = [
        FieldValue(key="home", version=3, value=PLACE), FieldValue(key="n", version=1, value="2.5")
    ]  # fmt: skip
    rpc.answers[UpdateMember] = member(fields=values)
    fields = {"home": PLACE, "likes": ["a", "b"], "gone": None}

    answer = await ask(client, UPDATE, token(), id=str(uuid4()), fields=fields)

    assert answer["data"]["updateMember"]["member"]["fields"] == [
        {"key": "home", "version": 3, "value": PLACE}, {"key": "n", "version": 1, "value": "2.5"}
    ]  # fmt: skip
    (command,) = rpc.asked
    assert isinstance(command, UpdateMember)
    assert command.fields == fields


async def test_values_may_be_written_into_the_query(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token
) -> None:
    rpc.answers[UpdateMember] = member()

    assert "errors" not in await ask(client, INLINE, token(), id=str(uuid4()))

    (command,) = rpc.asked
    assert isinstance(command, UpdateMember)
    assert command.fields == {"home": PLACE, "likes": ["a"], "gone": None}


async def test_a_refused_value_names_its_field_in_both_languages(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token
) -> None:
    rpc.answers[UpdateMember] = Refusal("FIELD_INVALID", {
        "key": "n", "label_zh": "体重", "label_en": "Weight", "reason_zh": "应为数字",
        "reason_en": "a number is expected",
    })  # fmt: skip
    answer = await ask(client, UPDATE, token(), id=str(uuid4()), fields={"n": "x"})
    assert answer["data"]["updateMember"]["refusal"] == {
        "code": "FIELD_INVALID", "messageZh": "“体重”有误：应为数字",
        "messageEn": "“Weight” is not right: a number is expected",
    }  # fmt: skip

    rpc.answers[UpdateMember] = Forbidden("FIELD_FORBIDDEN", {"key": "n"})
    answer = await ask(client, UPDATE, token(), id=str(uuid4()), fields={"n": "1"})
    (shown,) = answer["errors"]
    assert (shown["extensions"]["code"], shown["extensions"]["kind"]) == (
        "FIELD_FORBIDDEN", "FORBIDDEN",
    )  # fmt: skip


@pytest.mark.parametrize("fields", [[], "x", {"Not A Key": 1}])
async def test_what_is_no_set_of_values_goes_to_no_service(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token, fields: Any
) -> None:
    answer = await ask(client, UPDATE, token(), id=str(uuid4()), fields=fields)

    assert answer["data"]["updateMember"]["refusal"]["code"] == "INVALID_INPUT"
    assert rpc.asked == []


async def test_a_field_is_published(client: httpx.AsyncClient, rpc: FakeRpc, token: Token) -> None:
    rpc.answers[PublishField] = lambda command: Field(
        id=command.id, version=1, author_id=uuid4(), valid_from=datetime.now(UTC),
        field=command.field, editable=False, document={"type": "string"},
    )  # fmt: skip
    field = {
        "subject": "MEMBER", "key": "fee", "labelZh": "年费", "labelEn": "Yearly fee",
        "kind": {"type": "money", "currency": "CNY", "maximum_minor": 10000},
        "seenBy": ["ASSOCIATE", "STORE_MANAGER"], "editedBy": ["STORE_MANAGER"],
    }  # fmt: skip

    answer = await ask(
        client, PUBLISH, token(Role.HQ_OPERATIONS), input={"id": str(uuid4()), "field": field}
    )

    assert answer["data"]["publishField"]["field"] == {
        "version": 1, "editable": False, "document": {"type": "string"},
        "field": {
            "key": "fee", "seenBy": ["ASSOCIATE", "STORE_MANAGER"],
            "kind": {"type": "money", "currency": "CNY", "minimum_minor": None,
                     "maximum_minor": 10000},
        },
    }  # fmt: skip
    (command,) = rpc.asked
    assert isinstance(command, PublishField)
    assert isinstance(command.field, FieldInput)
    assert command.field.kind == MoneyField(currency="CNY", maximum_minor=10000)
    assert command.field.edited_by == [Role.STORE_MANAGER]


async def test_a_form_is_one_document(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token
) -> None:
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {}}
    rpc.answers[GetForm] = Form(document=document)

    answer = await ask(client, "{ memberForm(subject: CONTACT) { document } }", token())

    assert answer == {"data": {"memberForm": {"document": document}}}
    assert rpc.asked == [GetForm(subject="contact")]
