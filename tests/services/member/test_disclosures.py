"""A person's data out (PIPL 44-45): who may, what comes, and that nobody else's does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from services.member import disclosure, disclosures, privacy_rules, profiles, tags, timeline
from services.member.phones import Keyring
from shared.contracts.member import Member, RecordContact, TagMember
from shared.contracts.member.disclosure import (
    PAGE_ROWS,
    BeginDisclosure,
    Disclosure,
    DisclosureRule,
    EndDisclosure,
    ReadMemberRecords,
)
from shared.contracts.member.fields import PhoneField
from shared.contracts.member.privacy import PublishPrivacyRule
from shared.disclosure import GRANT_SECONDS
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role
from tests.services.member.conftest import contents, events, open_store, registration, staff
from tests.services.member.field_shop import OTHER_PHONE, field, hq, publish
from tests.services.member.test_merging import Counter

NOW = datetime(2031, 5, 1, 8, tzinfo=UTC)
KEY = "key of seals"
Rows = dict[str, list[dict[str, Any]]]


def begun(session: Session, caller: Caller, member_id: UUID, **changes: Any) -> Disclosure:
    given = {"id": new_id(), "member_id": member_id, "purpose": "asked_by_member"}
    return disclosures.begin(session, KEY, caller, BeginDisclosure(**given | changes), NOW)


def everything(session: Session, keys: Keyring, caller: Caller, grant: str) -> Rows:
    """All rows of all pages, by table."""
    found: Rows = {}
    after = None
    while True:
        command = ReadMemberRecords(grant=grant, after=after)
        page = disclosure.read(session, keys, KEY, caller, command, NOW)
        assert all(row.keys() == set(page.columns) for row in page.rows)
        found.setdefault(page.table, []).extend(page.rows)
        if page.next is None:
            return found
        after = page.next


@pytest.fixture
def note(session: Session, keys: Keyring, store_id: UUID, associate: Caller) -> Callable[..., None]:
    def written(member: Member, text: str, **fields: Any) -> None:
        command = RecordContact(
            id=new_id(), member_id=member.id, store_id=store_id, kind="note", text=text,
            fields=fields,
        )  # fmt: skip
        timeline.record_contact(session, keys, associate, command)

    return written


def test_everything_about_one_person_comes_and_nothing_of_another(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    note: Callable[..., None],
    manager: Caller,
) -> None:
    publish(session, field("assistant", PhoneField()))
    publish(session, field("callback", PhoneField(), subject="contact"))
    one = register(name="顾客壬", city="苏州", fields={"assistant": OTHER_PHONE})
    other = register(name="顾客癸", phone="13611112222", city="扬州")
    for member, word in ((one, "真丝"), (other, "亚麻")):
        tags.tag(session, keys, manager, TagMember(member_id=member.id, add=[word]))
        note(member, f"喜欢{word}", **({"callback": OTHER_PHONE} if member is one else {}))

    found = everything(session, keys, manager, begun(session, manager, one.id).grant)

    (profile,) = found["members"]
    assert (profile["name"], profile["phone"], profile["city"], profile["tags"]) == (
        "顾客壬", "+8613812341234", "苏州", ["真丝"],
    )  # fmt: skip
    assert profile["home_store_id"].endswith("Nanjing Road")
    assert [each["value"] for each in profile["fields"]] == ["+8613987654321"]
    (written,) = [each for each in found["happenings"] if each["kind"] == "note"]
    assert written["text"] == "喜欢真丝"
    assert [each["value"] for each in written["fields"]] == ["+8613987654321"]
    assert [each["purpose"] for each in found["consents"]] == ["membership"]
    assert [each["purpose"] for each in found["disclosures"]] == ["asked_by_member"]
    assert not any(word in str(found) for word in ("顾客癸", "13611112222", "亚麻", str(other.id)))


def test_fields_the_caller_may_not_see_come_as_well(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller
) -> None:
    secret = field("nickname", seen_by=[Role.ASSOCIATE], edited_by=[Role.ASSOCIATE])
    publish(session, secret)
    member = register(fields={"nickname": "小明"})

    found = everything(session, keys, manager, begun(session, manager, member.id).grant)

    assert [each["value"] for each in found["members"][0]["fields"]] == ["小明"]


def test_a_long_history_comes_page_by_page(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    note: Callable[..., None],
    manager: Caller,
) -> None:
    member = register()
    count = PAGE_ROWS * 2 + 1
    told = [
        {"id": new_id(), "member_id": member.id, "at": NOW, "kind": "tier"} for _ in range(count)
    ]
    timeline.tell(session, told)

    found = everything(session, keys, manager, begun(session, manager, member.id).grant)

    ids = [each["id"] for each in found["happenings"] if each["kind"] == "tier"]
    assert sorted(ids) == sorted(str(each["id"]) for each in told)


def test_nothing_is_read_without_a_grant_of_ones_own(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller
) -> None:
    grant = begun(session, manager, register().id).grant
    body, signature = grant.split(".")
    late = NOW + timedelta(seconds=GRANT_SECONDS + 1)
    refused: list[tuple[str, Caller, datetime, str]] = [
        (grant, hq(), NOW, "FORBIDDEN_SCOPE"),
        (grant, manager, late, "FORBIDDEN_SCOPE"),
        (f"{body[:-4]}AAAA.{signature}", manager, NOW, "UNSEALED"),
        ("", manager, NOW, "UNSEALED"),
    ]
    for text, caller, now, code in refused:
        with pytest.raises(Forbidden, match=code):
            disclosure.read(session, keys, KEY, caller, ReadMemberRecords(grant=text), now)
    for after in ("x", "WzEsIiJd", "Wzk5LCJbXSJd"):
        command = ReadMemberRecords(grant=grant, after=after)
        with pytest.raises(InvalidInput, match="INVALID_CURSOR"):
            disclosure.read(session, keys, KEY, manager, command, NOW)


def test_who_asked_for_whom_is_told_once_and_so_is_how_much(
    session: Session, register: Callable[..., Member], manager: Caller
) -> None:
    member = register()
    asked = begun(session, manager, member.id)
    again = begun(session, manager, member.id, id=asked.id)
    assert again == asked
    ended = EndDisclosure(disclosure_id=asked.id, records={"member": 7}, whole=True)
    for _ in range(2):
        disclosures.end(session, manager, ended, NOW)

    (first,) = events(session, "member.disclosure_begun")
    (last,) = events(session, "member.disclosure_ended")
    assert str(member.id) in first
    assert '"purpose":"asked_by_member"' in first
    assert '"records":{"member":7}' in last
    with pytest.raises(Refusal, match="UNKNOWN_DISCLOSURE"):
        disclosures.end(session, hq(), ended, NOW)
    with pytest.raises(Refusal, match="DISCLOSURE_ID_TAKEN"):
        begun(session, manager, member.id, id=asked.id)


def test_other_stores_and_unknown_people_are_refused(
    session: Session, register: Callable[..., Member]
) -> None:
    member = register()
    before = contents(session)

    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        begun(session, staff(Role.STORE_MANAGER, open_store(session)), member.id)
    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        begun(session, hq(), new_id())

    assert contents(session) == before


def test_a_rule_says_who_and_how_many_a_day(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    store_id: UUID,
    associate: Caller,
    manager: Caller,
) -> None:
    one = register()
    second = registration(store_id, phone="13611112222")
    two = profiles.register(session, keys, associate, second)

    def rule(**changes: Any) -> None:
        command = PublishPrivacyRule(id=new_id(), body=DisclosureRule(**changes))
        privacy_rules.publish(session, hq(), command, NOW)

    rule(a_day=1)
    begun(session, manager, one.id)
    begun(session, manager, one.id)  # of the same person as often as needed
    with pytest.raises(Refusal, match="TOO_MANY_DISCLOSURES"):
        begun(session, manager, two.id)
    rule(hq_only=True)
    with pytest.raises(Forbidden, match="FORBIDDEN_ROLE"):
        begun(session, manager, two.id)
    assert begun(session, hq(), two.id).member_id == two.id


def test_who_was_merged_is_one_person_and_after_an_undo_two_again(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    note: Callable[..., None],
    manager: Caller,
) -> None:
    one, other = register(name="顾客壬"), register(name="顾客壬", phone="13611112222")
    note(other, "要加长裤")
    counter = Counter(session, keys, manager)
    merge = counter.merge(one.id, other.id)

    asked = begun(session, manager, other.id)
    found = everything(session, keys, manager, asked.grant)

    assert asked.member_id in (one.id, other.id)
    phones = {"+8613812341234", "+8613611112222"}
    assert {each["phone"] for each in found["members"]} == phones
    assert {each["value"] for each in found["identifiers"]} == phones
    assert [each["reason"] for each in found["merges"]] == ["同一人"]
    assert "要加长裤" in str(found["happenings"])

    counter.undo(merge.id)
    found = everything(session, keys, manager, begun(session, manager, one.id).grant)
    assert [each["phone"] for each in found["members"]] == ["+8613812341234"]
    assert "要加长裤" not in str(found)
    assert str(other.id) not in str(found)
