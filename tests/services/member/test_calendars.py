"""On which day a birthday is kept: both calendars, what a year lacks, every time zone (K34)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.member import calendars
from services.member.calendars import DAY
from shared.contracts.member.birthdays import Birthday, BirthdayRule

DEFAULT = BirthdayRule()
OTHER = BirthdayRule(
    day_30="following_day", leap_month="following_month", february_29="march_1"
)  # fmt: skip


def lunar(month: int, day: int, leap: bool = False, year: int | None = None) -> Birthday:
    return Birthday(calendar="lunar", month=month, day=day, leap_month=leap, year=year)


def solar(month: int, day: int, year: int | None = None) -> Birthday:
    return Birthday(month=month, day=day, year=year)


NEW_YEARS = [
    "2020-01-25", "2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29",
    "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03", "2031-01-23",
    "2032-02-11", "2033-01-31", "2034-02-19", "2035-02-08", "2036-01-28", "2037-02-15",
    "2038-02-04", "2039-01-24", "2040-02-12",
]  # fmt: skip
MID_AUTUMNS = [
    "2020-10-01", "2021-09-21", "2022-09-10", "2023-09-29", "2024-09-17", "2025-10-06",
    "2026-09-25", "2027-09-15", "2028-10-03", "2029-09-22", "2030-09-12", "2031-10-01",
    "2032-09-19", "2033-09-08", "2034-09-27",
]  # fmt: skip


@pytest.mark.parametrize("on", [date.fromisoformat(each) for each in NEW_YEARS])
def test_k34_lunar_new_years_are_those_of_the_almanac(on: date) -> None:
    new_year = lunar(1, 1)

    assert calendars.next_kept(new_year, DEFAULT, date(on.year, 1, 1)).on == on
    assert calendars.date_of_birth(lunar(1, 1, year=on.year)) == on


@pytest.mark.parametrize("on", [date.fromisoformat(each) for each in MID_AUTUMNS])
def test_k34_the_fifteenth_of_the_eighth_month_is_that_of_the_almanac(on: date) -> None:
    assert calendars.next_kept(lunar(8, 15), DEFAULT, date(on.year, 3, 1)).on == on


@pytest.mark.parametrize(
    ("year", "month", "first"),
    [
        (2023, 2, date(2023, 3, 22)),
        (2025, 6, date(2025, 7, 25)),
        (2028, 5, date(2028, 6, 23)),
        (2031, 3, date(2031, 4, 22)),
        (2033, 11, date(2033, 12, 22)),
    ],
)
def test_k34_a_birthday_in_a_leap_month_is_kept_there_when_there_is_one(
    year: int, month: int, first: date
) -> None:
    in_leap, ordinary = lunar(month, 1, leap=True), lunar(month, 1)

    assert calendars.next_kept(in_leap, DEFAULT, date(year, 3, 1)).on == first
    before = calendars.next_kept(ordinary, DEFAULT, date(year, 2, 1)).on
    assert first - before in (29 * DAY, 30 * DAY)
    # A year later there is none: the ordinary month of that number, or the one after it.
    without = calendars.next_kept(in_leap, DEFAULT, first + DAY).on
    assert without == calendars.next_kept(ordinary, DEFAULT, first + DAY).on
    later = calendars.next_kept(in_leap, OTHER, first + DAY).on
    assert later == calendars.next_kept(lunar(month % 12 + 1, 1), DEFAULT, without).on


def test_k34_day_30_of_a_month_of_29_days_is_by_default_the_29th() -> None:
    eve = lunar(12, 30)  # the twelfth month of 2024 has 29 days, that of 2023 has 30

    assert calendars.next_kept(eve, DEFAULT, date(2024, 2, 1)).on == date(2024, 2, 9)
    assert calendars.next_kept(eve, DEFAULT, date(2025, 1, 1)).on == date(2025, 1, 28)
    assert calendars.next_kept(eve, OTHER, date(2025, 1, 1)).on == date(2025, 1, 29)


def test_k34_29_february_of_a_common_year_is_by_default_the_28th() -> None:
    born = solar(2, 29, 2000)

    assert calendars.next_kept(born, DEFAULT, date(2027, 1, 1)).on == date(2027, 2, 28)
    assert calendars.next_kept(born, OTHER, date(2027, 1, 1)).on == date(2027, 3, 1)
    assert calendars.next_kept(born, DEFAULT, date(2028, 1, 1)).on == date(2028, 2, 29)
    assert calendars.next_kept(born, DEFAULT, date(2028, 2, 29)).on == date(2028, 2, 29)


@pytest.mark.parametrize(
    "impossible",
    [
        solar(2, 30), solar(4, 31), solar(2, 29, 2023), lunar(1, 31), lunar(3, 1, True, 2023),
        Birthday(month=3, day=1, leap_month=True), lunar(12, 30, year=2024),
    ],
)  # fmt: skip
def test_days_that_are_none(impossible: Birthday) -> None:
    assert not calendars.is_possible(impossible)


@pytest.mark.parametrize(
    "possible", [solar(2, 29), lunar(12, 30), lunar(2, 1, True, 2023), lunar(10, 30, True)]
)
def test_days_that_may_be_without_a_year(possible: Birthday) -> None:
    assert calendars.is_possible(possible)


def test_the_month_of_a_birthday_is_one_of_its_own_calendar() -> None:
    leap = lunar(6, 10, leap=True)

    assert calendars.month_of(solar(2, 29), date(2027, 2, 28)) == (
        date(2027, 2, 1), date(2027, 2, 28),
    )  # fmt: skip
    assert calendars.month_of(solar(12, 5), date(2027, 12, 5)) == (
        date(2027, 12, 1), date(2027, 12, 31),
    )  # fmt: skip
    assert calendars.month_of(leap, date(2025, 8, 3)) == (date(2025, 7, 25), date(2025, 8, 22))


def test_ages() -> None:
    assert calendars.age_on(date(2000, 2, 29), date(2027, 2, 28)) == 26
    assert calendars.age_on(date(2000, 2, 29), date(2027, 3, 1)) == 27
    assert calendars.turns(lunar(12, 1, year=2000), date(2024, 12, 31)) == 24
    assert calendars.turns(solar(5, 1), date(2027, 5, 1)) is None


birthdays = st.one_of(
    st.builds(solar, st.integers(1, 12), st.integers(1, 31)),
    st.builds(lunar, st.integers(1, 12), st.integers(1, 30), st.booleans()),
)
rules = st.sampled_from([DEFAULT, OTHER])
days = st.dates(date(1990, 1, 1), date(2080, 12, 31))
zones = st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"})).map(ZoneInfo)


@given(birthday=birthdays, rule=rules, today=days)
def test_k34_one_birthday_counts_for_every_year(
    birthday: Birthday, rule: BirthdayRule, today: date
) -> None:
    assume(calendars.is_possible(birthday))

    around = calendars.around(birthday, rule, today)

    assert around == sorted(around)
    assert [kept.year for kept in around] == list(range(today.year - 2, today.year + 3))
    assert all(abs(kept.on - date(kept.year, 7, 1)) < timedelta(days=240) for kept in around)
    assert around[0].on < today
    assert sum(kept.on >= today for kept in around) >= 2
    following = next(kept for kept in around if kept.on >= today)
    assert calendars.next_kept(birthday, rule, today) == following
    assert following.on - today < timedelta(days=390)


@given(birthday=birthdays, today=days)
def test_k34_a_birthday_is_kept_on_its_own_day_wherever_the_year_has_it(
    birthday: Birthday, today: date
) -> None:
    assume(calendars.is_possible(birthday))

    for kept in calendars.around(birthday, DEFAULT, today):
        if birthday.calendar == "solar":
            assert (kept.on.month, kept.on.day) in {
                (birthday.month, birthday.day), (2, 28),
            }  # fmt: skip
        else:
            first, last = calendars.month_of(birthday, kept.on)
            assert (kept.on - first).days + 1 == min(birthday.day, (last - first).days + 1)


@given(day=days, zone=zones)
def test_k34_a_day_begins_with_its_first_local_instant(day: date, zone: ZoneInfo) -> None:
    tick = timedelta(seconds=1)
    starts_at = calendars.start_of(day, zone)
    # A zone may skip a whole day, when it changes sides of the date line.
    assume((starts_at + 12 * timedelta(hours=1)).astimezone(zone).date() == day)

    assert starts_at.astimezone(zone).date() == day
    assert (starts_at - tick).astimezone(zone).date() < day


def test_midnight_that_a_zone_skips() -> None:
    """In Santiago clocks went from 23:59 on to 01:00."""
    starts_at = calendars.start_of(date(2023, 9, 3), ZoneInfo("America/Santiago"))

    assert starts_at == datetime(2023, 9, 3, 4, tzinfo=UTC)
