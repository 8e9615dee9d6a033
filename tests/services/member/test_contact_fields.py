"""Custom fields of what staff write down: as those of members, but never changed."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import timeline
from services.member.phones import Keyring
from shared.contracts.member import GetTimeline, Member, RecordContact
from shared.contracts.member.fields import DateField, FormulaField, PhoneField
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller, Role
from tests.services.member.conftest import contents
from tests.services.member.field_shop import COLOURS, OTHER_PHONE, field, publish


def refusal_of(session: Session, call: Callable[[], object]) -> Refusal:
    before = contents(session)
    with pytest.raises(Refusal) as refused:
        call()
    assert contents(session) == before
    return refused.value


def test_contacts_have_fields_too(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller,
    manager: Caller, store_id: UUID,
) -> None:  # fmt: skip
    only = [Role.ASSOCIATE]
    publish(session, field("mood", COLOURS, subject="contact", required=True, seen_by=only,
                           edited_by=only))  # fmt: skip
    publish(session, field("friend", PhoneField(), subject="contact"))
    publish(session, field("due", DateField(), subject="contact"))
    publish(session, field("age", FormulaField(expression="age(due)"), subject="contact",
                           edited_by=[]))  # fmt: skip
    member = register()
    given = {"mood": "red", "friend": OTHER_PHONE, "due": "2020-02-01"}
    bare = RecordContact(
        id=new_id(), member_id=member.id, store_id=store_id, kind="visit",
        happened_at=datetime(2025, 1, 31, 18, tzinfo=UTC),
    )  # fmt: skip
    command = msgspec.structs.replace(bare, fields=given)
    refusal = refusal_of(session, lambda: timeline.record_contact(session, keys, associate, bare))

    first = timeline.record_contact(session, keys, associate, command)
    publish(session, field("other", subject="contact", required=True))
    again = timeline.record_contact(session, keys, associate, command)

    assert refusal.code == "FIELD_REQUIRED"
    assert first == again
    # In Shanghai it was the first of February already.
    assert {each.key: each.value for each in first.fields} == {
        "mood": "red", "friend": "+86 139****4321", "due": "2020-02-01", "age": "5",
    }  # fmt: skip
    shown = timeline.get_timeline(session, keys, manager, GetTimeline(member_id=member.id)).items
    assert [sorted(field.key for field in each.fields) for each in shown if each.fields] == [
        ["age", "due", "friend"]
    ]
    assert OTHER_PHONE not in str(session.execute(text("SELECT * FROM happenings")).all())
    assert OTHER_PHONE not in "".join(session.scalars(text("SELECT envelope FROM outbox")))
    changed = msgspec.structs.replace(command, fields=given | {"mood": "blue"})
    refusal = refusal_of(
        session, lambda: timeline.record_contact(session, keys, associate, changed)
    )
    assert refusal.code == "HAPPENING_ID_TAKEN"
