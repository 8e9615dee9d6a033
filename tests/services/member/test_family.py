"""Members' families (M7)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import family, profiles
from services.member.phones import Keyring
from shared.contracts.member import Member
from shared.contracts.member.birthdays import Birthday
from shared.contracts.member.family import GetFamily, RemoveRelative, SaveRelative
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller
from tests.services.member.conftest import events, registration

TODAY = datetime.now(UTC).date()
CHILD = Birthday(month=1, day=1, year=TODAY.year - 10)


@pytest.fixture
def save(
    session: Session, keys: Keyring, associate: Caller, register: Callable[..., Member]
) -> Callable[..., Any]:
    member = register()

    def made(**fields: Any) -> Any:
        given = {"id": new_id(), "member_id": member.id, "relation": "partner", "name": "家人"}
        return family.save(session, keys, associate, SaveRelative(**given | fields))

    return made


def test_m7_a_family_member_is_added_changed_and_removed(
    session: Session, save: Callable[..., Any]
) -> None:
    born = Birthday(calendar="lunar", month=8, day=15)
    added = save(born=born, gender="female", sizes={"top": "M"}, note="喜欢红色")
    assert (added.version, added.born, added.age, added.sizes) == (1, born, None, {"top": "M"})

    again = save(id=added.id, born=born, gender="female", sizes={"top": "M"}, note="喜欢红色")
    assert again == added
    changed = save(id=added.id, version=1, name=" 另 一位 ")
    assert (changed.version, changed.name, changed.born) == (2, "另 一位", None)
    assert save(id=added.id, version=1, name=" 另 一位 ") == changed
    listed = family.get_family(session, GetFamily(member_id=added.member_id))
    assert listed.items == [changed]

    removal = RemoveRelative(id=added.id, member_id=added.member_id, version=2)
    for _ in range(2):
        family.remove(session, removal)
    assert family.get_family(session, GetFamily(member_id=added.member_id)).items == []
    told = events(session, "member.family_changed")
    assert [each.split('"change":"')[1].split('"')[0] for each in told] == [
        "added", "changed", "removed",
    ]  # fmt: skip
    assert "红色" not in "".join(told)
    assert session.scalar(text("SELECT count(*) FROM relatives")) == 0


@pytest.mark.parametrize(
    ("fields", "young"),
    [
        ({"relation": "child", "born": CHILD}, True),
        ({"relation": "sibling", "born": CHILD}, True),
        ({"relation": "child"}, True),
        ({"relation": "grandchild", "born": Birthday(month=5, day=5)}, True),
        ({"relation": "child", "born": Birthday(month=1, day=1, year=TODAY.year - 14)}, False),
        ({"relation": "parent"}, False),
    ],
)
def test_a_child_under_14_needs_the_guardian_s_consent(
    session: Session, save: Callable[..., Any], fields: dict[str, Any], young: bool
) -> None:
    if young:
        with pytest.raises(Refusal, match="GUARDIAN_CONSENT_MISSING"):
            save(**fields)
        assert session.scalar(text("SELECT count(*) FROM relatives")) == 0
        assert save(**fields, guardian_consent=True).guardian_consent
    else:
        assert save(**fields).version == 1


def test_what_does_not_follow_is_refused(
    session: Session, keys: Keyring, associate: Caller, save: Callable[..., Any]
) -> None:
    added = save()
    store_id = session.scalar(text("SELECT id FROM stores"))
    other = profiles.register(session, keys, associate, registration(store_id, phone="13812345678"))
    cases: list[tuple[dict[str, Any], str]] = [
        ({"id": added.id, "version": 9}, "RELATIVE_CHANGED"),
        ({"id": added.id, "version": 0, "name": "x"}, "RELATIVE_ID_TAKEN"),
        ({"id": added.id, "member_id": other.id}, "RELATIVE_ID_TAKEN"),
        ({"version": 3}, "UNKNOWN_RELATIVE"),
        ({"member_id": new_id()}, "UNKNOWN_MEMBER"),
        ({"linked_member_id": new_id()}, "UNKNOWN_MEMBER"),
        ({"linked_member_id": added.member_id}, "UNKNOWN_MEMBER"),
        ({"born": Birthday(month=2, day=30)}, "INVALID_BIRTHDAY"),
    ]
    for fields, code in cases:
        with pytest.raises(Refusal) as refused:
            save(**fields)
        assert refused.value.code == code, fields
    with pytest.raises(Refusal, match="RELATIVE_CHANGED"):
        family.remove(session, RemoveRelative(id=added.id, member_id=added.member_id, version=7))
    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        family.get_family(session, GetFamily(member_id=new_id()))
    assert family.get_family(session, GetFamily(member_id=added.member_id)).items == [added]
    assert save(linked_member_id=other.id).linked_member_id == other.id


def test_a_family_has_a_limit(
    session: Session, save: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(family, "RELATIVES_LIMIT", 2)
    save(), save()

    with pytest.raises(Refusal, match="TOO_MANY_RELATIVES"):
        save()

    assert session.scalar(text("SELECT count(*) FROM relatives")) == 2
