"""Exports: who takes out what of whom, and that it is told (M23)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from services.member import definitions, exports, profiles, tags
from services.member.models import Profile
from services.member.phones import Keyring
from services.member.service import MemberService
from shared.contracts.member import Member, PublishField, TagMember
from shared.contracts.member.exports import BeginExport, EndExport, ReadExport
from shared.contracts.member.fields import MoneyField
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller, Role
from tests.services.member.conftest import events, open_store, registration
from tests.services.member.field_shop import field
from tests.services.member.import_shop import hq

COLUMNS = ["name", "phone", "home_store"]


def taken(session: Session, keys: Keyring, caller: Caller, **fields: Any) -> list[list[str]]:
    """An export from begin to end, page by page."""
    given = {"id": new_id(), "columns": COLUMNS} | fields
    exports.begin(session, caller, BeginExport(**given))
    rows: list[list[str]] = []
    after: UUID | None = None
    while True:
        page = exports.read(session, keys, caller, ReadExport(export_id=given["id"], after=after))
        rows += page.rows
        after = page.next
        if after is None:
            break
    exports.end(session, caller, EndExport(export_id=given["id"]))
    return rows


@pytest.fixture
def elsewhere(session: Session, keys: Keyring) -> UUID:
    """A store in which one member is at home."""
    store_id = open_store(session)
    command = registration(store_id, phone="13900000001", name="外店客")
    profiles.register(session, keys, hq(), command)
    return store_id


def test_m23_members_are_taken_out_of_the_stores_of_the_caller(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    manager: Caller,
    store_id: UUID,
    elsewhere: UUID,
) -> None:
    """M23: a manager has those of the own store with masked phones, HQ all of them in full."""
    register(name="顾客明")

    own = taken(session, keys, manager)
    whole = taken(session, keys, hq())

    assert own == [["顾客明", "86 138****1234", f"S-{store_id}"]]
    assert sorted(whole) == [
        ["外店客", "13900000001", f"S-{elsewhere}"],
        ["顾客明", "13812341234", f"S-{store_id}"],
    ]


def test_an_associate_takes_nothing_out() -> None:
    for operation in ("begin_export", "read_export", "end_export"):
        (entrypoint,) = getattr(MemberService, operation).nameko_entrypoints
        assert Role.ASSOCIATE not in entrypoint.roles


def test_every_export_is_told_with_its_scope_columns_and_rows(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller
) -> None:
    register()

    taken(session, keys, manager)

    (begun,) = events(session, "member.export_begun")
    (ended,) = events(session, "member.export_ended")
    data = msgspec.json.decode(begun)["data"]
    assert (data["columns"], data["scope_kind"]) == (COLUMNS, "store")
    assert data["scope_id"] == str(manager.scope_id)
    assert msgspec.json.decode(ended)["data"]["rows"] == 1


def test_an_export_is_one_s_own_and_its_id_is_used_once(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller
) -> None:
    register()
    command = BeginExport(id=new_id())
    exports.begin(session, manager, command)

    with pytest.raises(Refusal, match="EXPORT_ID_TAKEN"):
        exports.begin(session, manager, command)
    with pytest.raises(Refusal, match="UNKNOWN_EXPORT"):
        exports.read(session, keys, hq(), ReadExport(export_id=command.id))

    assert session.scalar(text("SELECT rows FROM exports")) == 0


def test_many_members_come_in_pages(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    manager: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exports, "PAGE_ROWS", 2)
    for number in range(5):
        register(phone=f"1380000000{number}", name=f"客{number}")

    rows = taken(session, keys, manager, columns=["name"])

    assert sorted(rows) == [[f"客{number}"] for number in range(5)]


def test_only_members_with_a_tag(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller
) -> None:
    member = register(name="贵客")
    register(phone="13800000001")
    other = register(phone="13800000002", name="常客")
    tags.tag(session, keys, manager, TagMember(member_id=member.id, add=["VIP"]))
    session.execute(update(Profile).where(Profile.id == other.id).values(rule_tags=["VIP"]))

    rows = taken(session, keys, manager, columns=["name", "tags"], tag="VIP")

    assert rows == [["贵客", "VIP"], ["常客", "VIP"]]


def test_custom_fields_by_their_rights(
    session: Session, keys: Keyring, store_id: UUID, manager: Caller
) -> None:
    made = field("limit", kind=MoneyField(currency="CNY"), seen_by=[Role.HQ_OPERATIONS],
                 edited_by=[Role.HQ_OPERATIONS])  # fmt: skip
    definitions.publish(session, hq(), PublishField(id=new_id(), field=made))
    command = registration(store_id, fields={"limit": "12345"})
    profiles.register(session, keys, hq(), command)

    with pytest.raises(Refusal, match="EXPORT_COLUMN"):
        taken(session, keys, manager, columns=["fields.limit"])

    assert taken(session, keys, hq(), columns=["fields.limit"]) == [["123.45"]]
    everything = exports.begin(session, manager, BeginExport(id=new_id()))
    assert "fields.limit" not in everything.columns
