"""When members have the privileges of the birthday rule, and what others are told of it."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import birthdays, calendars, profiles, windows
from services.member.phones import Keyring
from services.member.windows import Person, RuleInForce
from shared.contracts.member import Member
from shared.contracts.member.birthdays import Birthday, BirthdayRule, Privilege
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Role
from tests.services.member.conftest import events, open_store, registration, staff
from tests.services.member.test_birthdays import given_at, publish
from tests.services.member.test_calendars import birthdays as any_birthday
from tests.services.member.test_calendars import rules as any_rule

DAY = Privilege(code="day", name_zh="生日当天", name_en="Birthday", announce_days=7)
MONTH = Privilege(code="month", name_zh="生日当月", name_en="Month", span="month")
AROUND = Privilege(
    code="around", name_zh="前后", name_en="Around", span="days", days_before=3, days_after=2
)
PAST = datetime(2020, 1, 1, tzinfo=UTC)
zones = st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"}))


def at(text_: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text_).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def told(session: Session) -> list[dict[str, Any]]:
    return [json.loads(each)["data"] for each in events(session, "member.birthday_window")]


def spans(session: Session) -> list[tuple[str, str, str, bool]]:
    """Privilege, local start and end, and whether it was withdrawn."""
    zone = ZoneInfo("Asia/Shanghai")
    return [
        (
            each["privilege"],
            datetime.fromisoformat(each["starts_at"]).astimezone(zone).isoformat()[:10],
            datetime.fromisoformat(each["ends_at"]).astimezone(zone).isoformat()[:10],
            each["withdrawn"],
        )
        for each in told(session)
    ]


def test_l5_t8_a_window_is_told_ahead_once(
    session: Session, register: Callable[..., Member], store_id: UUID
) -> None:
    publish(session, BirthdayRule(privileges=[DAY]), valid_from=PAST)
    member = register()
    given_at(session, member, Birthday(month=3, day=10), at("2027-03-01T12:00"), store_id)
    assert told(session) == []

    assert birthdays.review(session, at("2027-03-02T23:59:59")) == 0
    assert birthdays.review(session, at("2027-03-03T00:00")) == 1
    assert birthdays.review(session, at("2027-03-03T00:00")) == 0

    (window,) = told(session)
    assert window["member_id"] == str(member.id)
    assert (window["privilege"], window["rule_version"], window["version"]) == ("day", 1, 1)
    assert spans(session) == [("day", "2027-03-10", "2027-03-11", False)]
    assert birthdays.review(session, at("2027-03-11T00:00")) == 1
    assert len(told(session)) == 1


@pytest.mark.parametrize(
    ("privilege", "born", "span"),
    [
        (MONTH, Birthday(month=3, day=10), ("2027-03-01", "2027-04-01")),
        (AROUND, Birthday(month=3, day=12), ("2027-03-09", "2027-03-15")),
        (AROUND, Birthday(month=3, day=8), ("2027-03-05", "2027-03-11")),
        # The second lunar month of 2027 is from 8 March to 6 April.
        (MONTH, Birthday(calendar="lunar", month=2, day=20), ("2027-03-08", "2027-04-07")),
    ],
)
def test_t8_whoever_registers_within_the_window_has_it_at_once(
    session: Session,
    register: Callable[..., Member],
    store_id: UUID,
    privilege: Privilege,
    born: Birthday,
    span: tuple[str, str],
) -> None:
    publish(session, BirthdayRule(privileges=[privilege]), valid_from=PAST)

    given_at(session, register(), born, at("2027-03-10T12:00"), store_id)

    assert spans(session) == [(privilege.code, *span, False)]


def test_l5_a_birthday_that_is_changed_brings_no_second_privilege_in_a_year(
    session: Session, register: Callable[..., Member], store_id: UUID
) -> None:
    publish(session, BirthdayRule(privileges=[DAY]), valid_from=PAST)
    member = register()
    given_at(session, member, Birthday(month=3, day=10), at("2027-03-10T09:00"), store_id)
    first = spans(session)
    assert first == [("day", "2027-03-10", "2027-03-11", False)]

    given_at(session, member, Birthday(month=3, day=12), at("2027-03-10T10:00"), store_id)
    lunar = Birthday(calendar="lunar", month=2, day=5)
    given_at(session, member, lunar, at("2027-03-10T11:00"), store_id)
    given_at(session, member, Birthday(month=12, day=1), at("2027-03-11T10:00"), store_id)
    for on in ("2027-03-12T00:00", "2027-11-24T00:00", "2027-12-02T00:00"):
        birthdays.review(session, at(on))
    assert spans(session) == first

    birthdays.review(session, at("2028-11-24T00:00"))
    assert spans(session)[1:] == [("day", "2028-12-01", "2028-12-02", False)]


def test_a_year_that_is_added_later_bars_nothing(
    session: Session, register: Callable[..., Member], store_id: UUID
) -> None:
    publish(session, BirthdayRule(privileges=[DAY, MONTH]), valid_from=PAST)
    member = register()
    given_at(session, member, Birthday(month=3, day=20), at("2027-03-10T09:00"), store_id)
    born = Birthday(month=3, day=20, year=1990)
    given_at(session, member, born, at("2027-03-10T10:00"), store_id)

    birthdays.review(session, at("2027-03-13T00:00"))

    assert [each[0] for each in spans(session)] == ["month", "day"]


def test_a_window_ahead_moves_with_the_birthday_and_keeps_its_id(
    session: Session, register: Callable[..., Member], store_id: UUID
) -> None:
    publish(session, BirthdayRule(privileges=[DAY]), valid_from=PAST)
    member = register()
    given_at(session, member, Birthday(month=3, day=12), at("2027-03-10T09:00"), store_id)
    given_at(session, member, Birthday(month=3, day=14), at("2027-03-10T10:00"), store_id)
    given_at(session, member, Birthday(month=5, day=1), at("2027-03-10T11:00"), store_id)
    birthdays.review(session, at("2027-04-24T00:00"))

    assert spans(session) == [
        ("day", "2027-03-12", "2027-03-13", False),
        ("day", "2027-03-14", "2027-03-15", False),
        ("day", "2027-03-14", "2027-03-15", True),
        ("day", "2027-05-01", "2027-05-02", False),
    ]
    assert [each["version"] for each in told(session)] == [1, 2, 3, 4]
    assert len({each["window_id"] for each in told(session)}) == 1


def test_a_new_rule_moves_what_is_ahead_and_leaves_what_has_opened(
    session: Session, register: Callable[..., Member], store_id: UUID
) -> None:
    publish(session, BirthdayRule(privileges=[DAY, MONTH]), valid_from=PAST)
    member = register()
    now = at("2027-03-10T09:00")
    given_at(session, member, Birthday(month=3, day=12), now, store_id)
    assert [each[0] for each in spans(session)] == ["day", "month"]

    publish(session, BirthdayRule(privileges=[AROUND]), valid_from=PAST + timedelta(days=1))
    assert birthdays.review(session, now) == 1

    assert spans(session)[2:] == [
        ("day", "2027-03-12", "2027-03-13", True),
        ("around", "2027-03-09", "2027-03-15", False),
    ]
    assert told(session)[-1]["rule_version"] == 2


def test_an_erased_birthday_takes_its_windows_back(
    session: Session, register: Callable[..., Member], store_id: UUID
) -> None:
    publish(session, BirthdayRule(privileges=[MONTH]), valid_from=PAST)
    member = register()
    given_at(session, member, Birthday(month=3, day=12), at("2027-03-10T09:00"), store_id)

    birthdays.forget(session, member.id, at("2027-03-10T10:00"))

    assert [(each["version"], each["withdrawn"]) for each in told(session)] == [
        (1, False), (2, True),
    ]  # fmt: skip
    assert session.scalar(text("SELECT count(*) FROM birthday_windows")) == 0


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles"])
def test_k34_the_midnight_window_is_that_of_the_home_store(session: Session, zone: str) -> None:
    publish(session, BirthdayRule(privileges=[DAY]), valid_from=PAST)
    store_id = open_store(session, zone)
    keys = Keyring({"k1": b"1" * 32}, "a long random string")
    command = registration(store_id, phone="+8613900000001")
    member = profiles.register(session, keys, staff(Role.ASSOCIATE, store_id), command)
    given_at(session, member, Birthday(month=2, day=29), at("2027-02-28T23:59", zone), store_id)

    (window,) = told(session)
    assert datetime.fromisoformat(window["starts_at"]) == at("2027-02-28T00:00", zone)
    assert datetime.fromisoformat(window["ends_at"]) == at("2027-03-01T00:00", zone)


@pytest.mark.parametrize(
    "privileges",
    [[DAY, DAY], [Privilege(code="x", name_zh="x", name_en="x", days_before=1)]],
)
def test_a_rule_that_makes_no_sense_is_refused(
    session: Session, privileges: list[Privilege]
) -> None:
    with pytest.raises(Refusal, match="INVALID_BIRTHDAY_RULE"):
        publish(session, BirthdayRule(privileges=privileges))

    assert session.scalar(text("SELECT count(*) FROM birthday_rules")) == 0


@given(
    birthday=any_birthday,
    rule=any_rule,
    zone=zones,
    now=st.integers(-630_000_000, 1_800_000_000).map(lambda each: PAST + timedelta(seconds=each)),
)
def test_k34_a_window_is_never_off_by_a_day(
    birthday: Birthday, rule: BirthdayRule, zone: str, now: datetime
) -> None:
    """At each instant a member has the privilege of the day exactly on the local day on which the
    birthday is kept, whatever birthday, zone and year."""
    assume(calendars.is_possible(birthday))
    body = BirthdayRule(
        day_30=rule.day_30, leap_month=rule.leap_month, february_29=rule.february_29,
        privileges=[Privilege(code="d", name_zh="d", name_en="d", announce_days=0)],
    )  # fmt: skip
    person = Person(
        member_id=new_id(), birthday=birthday, time_zone=zone, barred_until=None, windows=[]
    )
    today = now.astimezone(ZoneInfo(zone)).date()

    planned = windows.plan(person, RuleInForce(1, body), now)

    open_now = [each for each in planned.changed if each.starts_at <= now < each.ends_at]
    assert bool(open_now) == (calendars.next_kept(birthday, body, today).on == today)
    assert planned.changed == open_now
    assert planned.due_at > now
    later = windows.plan(person, RuleInForce(1, body), planned.due_at)
    opening = planned.due_at.astimezone(ZoneInfo(zone)).date()
    assert bool(later.changed) == (calendars.next_kept(birthday, body, opening).on == opening)
    assert planned.next_on >= date(today.year, 1, 1)
