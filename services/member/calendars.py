"""On which day a birthday is kept, by the solar or the lunar calendar: pure functions (K34).

The lunar calendar is that of GB/T 33661-2017, counted in Beijing time wherever a store is. borax
has it as a table from 1900 to 2100, which agrees with an astronomical reckoning on every day but
those of one month each of 2089 and 2097. What a year lacks is decided by the shop's `BirthdayRule`.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from borax.calendars.lunardate import LCalendars, LunarDate
from msgspec import Struct

from shared.contracts.member.birthdays import Birthday, BirthdayRule

LONGEST_LUNAR_MONTH = 30
LEAP_YEAR = 2000
DAY = timedelta(days=1)
# A lunar year ends in January or February: its twelfth month counts for the solar year it lies in.
LAST_LUNAR_MONTH = 12


class Kept(Struct, frozen=True, order=True):
    """A birthday as it is kept once: the local date, and the calendar year it counts for."""

    on: date
    year: int


def is_possible(birthday: Birthday) -> bool:
    """Whether there is such a day, in the year of birth if that is known."""
    if birthday.calendar == "solar":
        if birthday.leap_month:
            return False
        return _solar(birthday.year or LEAP_YEAR, birthday.month, birthday.day) is not None
    if birthday.day > LONGEST_LUNAR_MONTH:
        return False
    return birthday.year is None or date_of_birth(birthday) is not None


def date_of_birth(birthday: Birthday) -> date | None:
    """The solar date somebody was born on; None without a year, or if there is no such day."""
    if birthday.year is None:
        return None
    if birthday.calendar == "solar":
        return _solar(birthday.year, birthday.month, birthday.day)
    try:
        leap = int(birthday.leap_month)
        born: date = LunarDate(birthday.year, birthday.month, birthday.day, leap).to_solar_date()
    except ValueError:
        return None
    return born


def next_kept(birthday: Birthday, rule: BirthdayRule, today: date) -> Kept:
    """The birthday that is today or comes next."""
    return next(kept for kept in around(birthday, rule, today) if kept.on >= today)


def around(birthday: Birthday, rule: BirthdayRule, today: date) -> list[Kept]:
    """The birthdays of some years about `today`, in their order: one for each calendar year.

    At least the last one before `today`, and two that are today or later.
    """
    return [_kept(birthday, rule, today.year + offset) for offset in range(-2, 3)]


def month_of(birthday: Birthday, on: date) -> tuple[date, date]:
    """First and last day of the month, by the birthday's calendar, in which `on` lies."""
    if birthday.calendar == "solar":
        first = on.replace(day=1)
        return first, (first + 31 * DAY).replace(day=1) - DAY
    lunar = LunarDate.from_solar_date(on.year, on.month, on.day)
    first = on - (lunar.day - 1) * DAY
    return first, first + (LCalendars.ndays(lunar.year, lunar.month, lunar.leap) - 1) * DAY


def age_on(born: date, today: date) -> int:
    """Full years; somebody born on 29 February completes one on 1 March of a common year."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def turns(birthday: Birthday, on: date) -> int | None:
    """The age somebody turns on a kept birthday, by its own calendar."""
    if birthday.year is None:
        return None
    if birthday.calendar == "solar":
        return on.year - birthday.year
    return int(LunarDate.from_solar_date(on.year, on.month, on.day).year) - birthday.year


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC; also where clocks skip midnight."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _kept(birthday: Birthday, rule: BirthdayRule, year: int) -> Kept:
    if birthday.calendar == "solar":
        on = _solar(year, birthday.month, birthday.day)
        if on is None:  # 29 February
            on = date(year, 2, 28) if rule.february_29 == "february_28" else date(year, 3, 1)
        return Kept(on, year)
    return Kept(_lunar(birthday, rule, year - (birthday.month == LAST_LUNAR_MONTH)), year)


def _lunar(birthday: Birthday, rule: BirthdayRule, lunar_year: int) -> date:
    year, month, leap = lunar_year, birthday.month, birthday.leap_month
    if leap and LCalendars.leap_month(year) != month:
        leap = False
        if rule.leap_month == "following_month":
            year, month = (year + 1, 1) if month == LAST_LUNAR_MONTH else (year, month + 1)
    days = LCalendars.ndays(year, month, int(leap))
    on: date = LunarDate(year, month, min(birthday.day, days), int(leap)).to_solar_date()
    if birthday.day > days and rule.day_30 == "following_day":
        on += DAY
    return on


def _solar(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
