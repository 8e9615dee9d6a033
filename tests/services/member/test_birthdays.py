"""Birthdays of members: given, next kept, soon; the rule about them, by version."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.member import birthday_rules, birthdays, profiles
from services.member.models import Store
from services.member.phones import Keyring
from services.member.service import MemberService
from shared.contracts.directory import StoreChanged
from shared.contracts.member import Member, UpdateMember
from shared.contracts.member.birthdays import (
    Birthday,
    BirthdayRule,
    GetBirthdays,
    ListBirthdayRules,
    PublishBirthdayRule,
)
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.stores import find_store
from tests.services.member.conftest import events, open_store, registration, staff
from tests.services.member.test_profiles import refusal_of
from tests.services.member.test_purchases import envelope

HQ = Caller(
    kind="staff",
    id=new_id(),
    roles=frozenset({Role.HQ_OPERATIONS}),
    scope_kind=ScopeKind.CHAIN,
    scope_id=None,
)
NOW = datetime(2027, 3, 10, 4, tzinfo=UTC)
FEBRUARY_29 = Birthday(month=2, day=29)


def given_at(
    session: Session, member: Member, born: Birthday, now: datetime, store_id: UUID
) -> None:
    store = birthdays.require_store(session, birthdays.Store, HQ, store_id)
    assert birthdays.keep(session, member.id, born, store, now)


def next_on(session: Session, member: Member) -> date:
    found: date = session.execute(
        text("SELECT next_on FROM birthdays WHERE member_id = :id"), {"id": member.id}
    ).scalar_one()
    return found


def publish(session: Session, rule: BirthdayRule, **fields: Any) -> Any:
    command = PublishBirthdayRule(**{"id": new_id(), "rule": rule} | fields)
    return birthday_rules.publish(session, HQ, command)


def test_a_lunar_birthday_with_its_year_has_a_date_of_birth_and_an_age(
    register: Callable[..., Member],
) -> None:
    born = Birthday(calendar="lunar", month=8, day=15, year=1990)

    member = register(born=born)

    assert (member.born, member.birthday) == (born, date(1990, 10, 3))
    assert member.next_birthday is not None
    assert member.age is not None
    assert member.age >= 36


def test_month_and_day_are_enough(register: Callable[..., Member]) -> None:
    member = register(born=Birthday(month=5, day=20))

    assert (member.birthday, member.age) == (None, None)
    assert member.next_birthday is not None
    assert (member.next_birthday.month, member.next_birthday.day) == (5, 20)


def test_a_birthday_as_a_date_is_a_solar_one(register: Callable[..., Member]) -> None:
    assert register(birthday=date(1990, 2, 28)).born == Birthday(month=2, day=28, year=1990)


def test_m2_m6_the_rest_of_the_profile(
    session: Session, keys: Keyring, associate: Caller, register: Callable[..., Member]
) -> None:
    member = register(
        wechat=" 小明 的号 ", spending_power="high", style_preferences=["通勤", "通勤", " 极简 "]
    )

    assert (member.wechat, member.spending_power) == ("小明 的号", "high")
    assert member.style_preferences == ["通勤", "极简"]
    changed = profiles.update_member(
        session, keys, associate,
        UpdateMember(member_id=member.id, version=1, wechat="m2", style_preferences=[]),
    )  # fmt: skip
    assert (changed.wechat, changed.style_preferences) == ("m2", [])
    assert changed.spending_power == "high"
    (told,) = events(session, "member.updated")
    assert '"fields":["style_preferences","wechat"]' in told


@pytest.mark.parametrize(
    "fields",
    [
        {"born": Birthday(month=2, day=30)},
        {"born": Birthday(month=1, day=1, year=2099)},
        {"born": Birthday(calendar="lunar", month=3, day=1, leap_month=True, year=2000)},
        {"born": Birthday(month=1, day=1), "birthday": date(1990, 1, 1)},
    ],
)
def test_what_is_no_birthday_is_refused(
    session: Session, register: Callable[..., Member], fields: dict[str, Any]
) -> None:
    assert refusal_of(session, lambda: register(**fields)).code == "INVALID_BIRTHDAY"


def test_a_birthday_that_changes_is_told_without_saying_which_it_is(
    session: Session, keys: Keyring, associate: Caller, register: Callable[..., Member]
) -> None:
    member = register(birthday=date(1990, 2, 28))
    born = Birthday(calendar="lunar", month=2, day=3)
    command = UpdateMember(member_id=member.id, version=1, born=born)

    changed = profiles.update_member(session, keys, associate, command)

    assert (changed.version, changed.born, changed.birthday) == (2, born, None)
    (told,) = events(session, "member.updated")
    assert '"fields":["birthday"]' in told
    assert profiles.update_member(session, keys, associate, command) == changed
    same = UpdateMember(member_id=member.id, version=2, born=born)
    assert profiles.update_member(session, keys, associate, same).version == 2


@pytest.mark.parametrize(
    ("zone", "last_instant"),
    [
        ("Asia/Shanghai", datetime(2027, 3, 10, 15, 59, 59, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2027, 3, 11, 7, 59, 59, tzinfo=UTC)),
    ],
)
def test_k34_a_birthday_lasts_until_midnight_in_the_home_store(
    session: Session, zone: str, last_instant: datetime
) -> None:
    store_id = open_store(session, zone)
    member = _member_of(session, store_id)
    given_at(session, member, Birthday(month=3, day=10), NOW + timedelta(hours=8), store_id)

    birthdays.review(session, last_instant)
    assert next_on(session, member) == date(2027, 3, 10)

    assert birthdays.review(session, last_instant + timedelta(seconds=1)) == 1
    assert next_on(session, member) == date(2028, 3, 10)
    assert birthdays.review(session, last_instant + timedelta(seconds=2)) == 0


def _member_of(session: Session, store_id: UUID) -> Member:
    keys = Keyring({"k1": b"1" * 32}, "a long random string")
    command = registration(store_id, phone="+8613900000001")
    return profiles.register(session, keys, staff(Role.ASSOCIATE, store_id), command)


def test_k34_29_february_by_the_rule_in_force(
    session: Session, register: Callable[..., Member], store_id: UUID
) -> None:
    member = register()
    given_at(session, member, FEBRUARY_29, datetime(2027, 1, 5, tzinfo=UTC), store_id)
    assert next_on(session, member) == date(2027, 2, 28)

    scheduled = datetime(2027, 1, 10, tzinfo=UTC)
    publish(session, BirthdayRule(february_29="march_1"), valid_from=scheduled)
    assert birthdays.review(session, scheduled - timedelta(seconds=1)) == 0
    assert birthdays.review(session, scheduled) == 1
    assert next_on(session, member) == date(2027, 3, 1)
    assert birthdays.review(session, scheduled) == 0


def test_k34_leap_months_by_the_rule_in_force(
    session: Session, register: Callable[..., Member], store_id: UUID
) -> None:
    member = register()
    born = Birthday(calendar="lunar", month=6, day=1, leap_month=True)
    given_at(session, member, born, datetime(2025, 7, 1, tzinfo=UTC), store_id)
    assert next_on(session, member) == date(2025, 7, 25)
    birthdays.review(session, datetime(2025, 7, 25, 16, tzinfo=UTC))
    assert next_on(session, member) == date(2026, 7, 14)


def test_a_store_that_moves_to_another_time_zone(
    session: Session, register: Callable[..., Member], store_id: UUID
) -> None:
    member = register()
    # It is 12:00 in Shanghai, and still the evening before in Los Angeles.
    given_at(session, member, Birthday(month=3, day=9), NOW, store_id)
    assert next_on(session, member) == date(2028, 3, 9)
    store = msgspec.structs.asdict(find_store(session, Store, store_id))
    moved = store | {"store_id": store.pop("id"), "version": 2, "time_zone": "America/Los_Angeles"}

    MemberService.on_store_changed(session, [envelope(StoreChanged(**moved), store_id, 2)])

    later = datetime.now(UTC) + timedelta(seconds=1)
    assert birthdays.review(session, max(NOW, later)) == 1
    assert birthdays.review(session, max(NOW, later)) == 0


def test_who_has_a_birthday_soon_by_pages(
    session: Session, keys: Keyring, associate: Caller, store_id: UUID
) -> None:
    days = [10, 10, 11, 17, 18, 9]
    found = []
    for number, day in enumerate(days):
        command = registration(store_id, phone=f"1390000000{number}")
        member = profiles.register(session, keys, associate, command)
        given_at(session, member, Birthday(month=3, day=day, year=1987), NOW, store_id)
        found.append(member.id)

    command = GetBirthdays(store_id=store_id, days=7, first=3)
    page = birthdays.get_birthdays(session, associate, command, NOW)

    assert [each.member_id for each in page.items] == [*sorted(found[:2]), found[2]]
    assert [(each.on.day, each.days_left, each.turns) for each in page.items] == [
        (10, 0, 40), (10, 0, 40), (11, 1, 40),
    ]  # fmt: skip
    assert page.has_next
    rest = GetBirthdays(store_id=store_id, days=7, first=3, after=page.cursors[-1])
    after = birthdays.get_birthdays(session, associate, rest, NOW)
    assert [each.member_id for each in after.items] == [found[3]]
    assert not after.has_next
    bad = GetBirthdays(store_id=store_id, after="x")
    with pytest.raises(InvalidInput, match="INVALID_CURSOR"):
        birthdays.get_birthdays(session, associate, bad, NOW)
    with pytest.raises(Forbidden):
        birthdays.get_birthdays(session, staff(Role.ASSOCIATE, new_id()), command, NOW)


def test_soon_and_due_are_found_by_an_index(session: Session, store_id: UUID) -> None:
    session.execute(text("SET LOCAL enable_seqscan = off"))
    for statement, parameters, index in (
        (
            birthdays._SOON,
            {"store_id": store_id, "today": date(2027, 1, 1), "until": date(2027, 1, 8),
             "after": date(2027, 1, 1), "after_id": new_id(), "limit": 50},
            "ix_birthdays_home_store_id",
        ),
        (birthdays._DUE, {"now": NOW, "version": 1, "limit": 500}, "ix_birthdays_due_at"),
    ):  # fmt: skip
        plan = session.execute(text(f"EXPLAIN {statement.text}"), parameters).scalars()
        assert index in "\n".join(plan)


def test_a_rule_is_published_once_by_the_chain(session: Session, manager: Caller) -> None:
    command = PublishBirthdayRule(id=new_id(), rule=BirthdayRule(day_30="following_day"))

    first = birthday_rules.publish(session, HQ, command)

    assert first.version == 1
    assert birthday_rules.publish(session, HQ, command) == first
    assert publish(session, BirthdayRule()).version == 2
    listed = birthday_rules.list_rules(session, ListBirthdayRules()).items
    assert [each.version for each in listed] == [2, 1]
    other = PublishBirthdayRule(id=command.id, rule=BirthdayRule())
    with pytest.raises(Refusal, match="BIRTHDAY_RULE_ID_TAKEN"):
        birthday_rules.publish(session, HQ, other)
    with pytest.raises(Forbidden):
        birthday_rules.publish(
            session, manager, PublishBirthdayRule(id=new_id(), rule=BirthdayRule())
        )
    with pytest.raises(InvalidInput):
        publish(session, BirthdayRule(), valid_from=NOW.replace(tzinfo=None))
    assert len(events(session, "member.birthday_rule_published")) == 2
    with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
        session.execute(text("UPDATE birthday_rules SET version = 9"))


def test_a_forgotten_birthday_is_gone(session: Session, register: Callable[..., Member]) -> None:
    member = register(born=Birthday(month=5, day=20))

    birthdays.forget(session, member.id, NOW)

    assert session.scalar(text("SELECT count(*) FROM birthdays")) == 0
