"""What several do at once, on connections of their own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import definitions, profiles, tags
from services.member.phones import Keyring
from shared.contracts.member import (
    Field,
    GetMembers,
    Member,
    PublishField,
    TagMember,
    UpdateMember,
)
from shared.database import Database
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Role
from shared.stores import forget_stores
from tests.services.member.conftest import events, open_store, registration, staff
from tests.services.member.field_shop import field, hq

pytestmark = pytest.mark.long


@pytest.fixture
def database(own_database: Callable[..., Database]) -> Iterator[Database]:
    forget_stores()
    definitions.forget()
    yield own_database("member")
    forget_stores()
    definitions.forget()


def attempt(database: Database, call: Callable[[Session], Any]) -> Any:
    try:
        with database.transaction() as session:
            return call(session)
    except Refusal as refusal:
        return refusal


def at_once(database: Database, calls: list[Callable[[Session], Any]]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda call: attempt(database, call), calls))


def test_ten_who_register_one_phone_at_once_make_one_member(
    database: Database, keys: Keyring
) -> None:
    with database.transaction() as session:
        store_id = open_store(session)
    caller = staff(Role.ASSOCIATE, store_id)
    commands = [registration(store_id) for _ in range(10)]

    answers = at_once(
        database,
        [
            lambda session, command=command: profiles.register(session, keys, caller, command)
            for command in commands
        ],
    )

    members = [answer for answer in answers if isinstance(answer, Member)]
    assert len(members) == 1
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert {(each.code, each.parameters["member_id"]) for each in refused} == {
        ("PHONE_TAKEN", members[0].id)
    }
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM members")) == 1
        assert len(events(session, "member.registered")) == 1


def test_one_command_sent_ten_times_at_once_is_one_member_with_one_answer(
    database: Database, keys: Keyring
) -> None:
    with database.transaction() as session:
        store_id = open_store(session)
    caller = staff(Role.ASSOCIATE, store_id)
    command = registration(store_id)

    answers = at_once(database, [lambda s: profiles.register(s, keys, caller, command)] * 10)

    assert all(answer == answers[0] for answer in answers)
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM consents")) == 1
        assert len(events(session, "member.registered")) == 1


def test_of_ten_updates_of_one_version_at_once_one_is_done(
    database: Database, keys: Keyring
) -> None:
    with database.transaction() as session:
        store_id = open_store(session)
        caller = staff(Role.ASSOCIATE, store_id)
        member = profiles.register(session, keys, caller, registration(store_id))
    updates = [
        UpdateMember(member_id=member.id, version=1, name=f"Name {number}") for number in range(10)
    ]

    answers = at_once(
        database,
        [
            lambda session, update=update: profiles.update_member(session, keys, caller, update)
            for update in updates
        ],
    )

    done = [answer for answer in answers if isinstance(answer, Member)]
    assert len(done) == 1
    assert {each.code for each in answers if isinstance(each, Refusal)} == {"MEMBER_CHANGED"}
    with database.transaction() as session:
        found = profiles.get_members(session, keys, caller, GetMembers(ids=[member.id]))
        assert found.items == done


def test_tags_put_on_at_once_are_all_there(database: Database, keys: Keyring) -> None:
    with database.transaction() as session:
        store_id = open_store(session)
        caller = staff(Role.ASSOCIATE, store_id)
        member = profiles.register(session, keys, caller, registration(store_id))
    commands = [TagMember(member_id=member.id, add=[f"tag {number}"]) for number in range(10)]

    at_once(
        database,
        [
            lambda session, command=command: tags.tag(session, keys, caller, command)
            for command in commands
        ],
    )

    with database.transaction() as session:
        found = profiles.get_members(session, keys, caller, GetMembers(ids=[member.id])).items[0]
        assert found.tags == [f"tag {number}" for number in range(10)]
        assert found.version == 11
        assert len(events(session, "member.tagged")) == 10


def test_of_ten_who_publish_a_field_at_once_one_is_heard(database: Database) -> None:
    caller = hq()
    commands = [PublishField(id=new_id(), field=field("race", position=n)) for n in range(10)]

    answers = at_once(
        database,
        [
            lambda session, command=command: definitions.publish(session, caller, command)
            for command in commands
        ],
    )

    assert len([answer for answer in answers if isinstance(answer, Field)]) == 1
    assert {each.code for each in answers if isinstance(each, Refusal)} == {"FIELD_CHANGED"}


def test_one_field_published_ten_times_at_once_is_one_version(database: Database) -> None:
    caller, command = hq(), PublishField(id=new_id(), field=field("again"))

    answers = at_once(database, [lambda s: definitions.publish(s, caller, command)] * 10)

    assert all(answer == answers[0] for answer in answers)
    with database.transaction() as session:
        told = [each for each in events(session, "member.field_published") if "again" in each]
        assert len(told) == 1
