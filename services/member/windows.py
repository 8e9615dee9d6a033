"""When members have the privileges of the birthday rule: pure functions (L5, T8).

A window is one privilege of one member for one calendar year. It is told before it opens; until
then it may be moved or withdrawn. What has opened stays as it is, whatever changes: so a year's
privilege can be had once, however often a birthday is changed.
"""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from services.member import calendars
from services.member.calendars import DAY, start_of
from shared.contracts.member.birthdays import Birthday, BirthdayRule, BirthdayWindow, Privilege
from shared.ids import new_id


class RuleInForce(Struct, frozen=True):
    """The rule at an instant; version 0 is what holds before any was published."""

    version: int = 0
    body: BirthdayRule = BirthdayRule()


class Window(Struct, frozen=True, kw_only=True):
    """A row of `birthday_windows`."""

    id: UUID
    member_id: UUID
    privilege: str
    year: int
    version: int
    rule_version: int
    starts_at: datetime
    ends_at: datetime
    withdrawn: bool
    coupon_promotion_id: UUID | None

    def event(self) -> BirthdayWindow:
        return BirthdayWindow(
            window_id=self.id,
            version=self.version,
            member_id=self.member_id,
            privilege=self.privilege,
            rule_version=self.rule_version,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            withdrawn=self.withdrawn,
            coupon_promotion_id=self.coupon_promotion_id,
        )


class Person(Struct, frozen=True, kw_only=True):
    """A member as reckoning sees one. Birthdays before `barred_until` bring no privilege."""

    member_id: UUID
    birthday: Birthday
    time_zone: str
    barred_until: date | None
    windows: list[Window]


class Plan(Struct, frozen=True):
    """The next birthday, the windows to write and tell, and when to look again."""

    next_on: date
    changed: list[Window]
    due_at: datetime


def plan(person: Person, rule: RuleInForce, now: datetime) -> Plan:
    """What is to be written of a member's birthday at an instant."""
    zone = ZoneInfo(person.time_zone)
    today = now.astimezone(zone).date()
    next_on = calendars.next_kept(person.birthday, rule.body, today).on
    due_at = start_of(next_on + DAY, zone)
    known = {(window.privilege, window.year): window for window in person.windows}
    wanted: dict[tuple[str, int], Window] = {}
    for kept in calendars.around(person.birthday, rule.body, today):
        if person.barred_until is not None and kept.on < person.barred_until:
            continue
        for privilege in rule.body.privileges:
            key = privilege.code, kept.year
            window = _window(person, rule, privilege, kept, zone, known.get(key))
            told_at = window.starts_at - timedelta(days=privilege.announce_days)
            if told_at > now:
                due_at = min(due_at, told_at)
            elif window.ends_at > now:
                wanted[key] = window
    return Plan(next_on, _changes(known, wanted, now), due_at)


def span_of(privilege: Privilege, birthday: Birthday, on: date) -> tuple[date, date]:
    """First and last local day of a privilege around a kept birthday."""
    match privilege.span:
        case "day":
            return on, on
        case "month":
            return calendars.month_of(birthday, on)
        case "days":
            return on - privilege.days_before * DAY, on + privilege.days_after * DAY


def _window(
    person: Person,
    rule: RuleInForce,
    privilege: Privilege,
    kept: calendars.Kept,
    zone: ZoneInfo,
    known: Window | None,
) -> Window:
    """The window as the rule has it, as the next version of the one that is known."""
    first, last = span_of(privilege, person.birthday, kept.on)
    return Window(
        id=known.id if known else new_id(),
        member_id=person.member_id,
        privilege=privilege.code,
        year=kept.year,
        version=known.version + 1 if known else 1,
        rule_version=rule.version,
        starts_at=start_of(first, zone),
        ends_at=start_of(last + DAY, zone),
        withdrawn=False,
        coupon_promotion_id=privilege.coupon_promotion_id,
    )


def _changes(
    known: dict[tuple[str, int], Window], wanted: dict[tuple[str, int], Window], now: datetime
) -> list[Window]:
    ahead = {
        key: window for key, window in known.items() if window.withdrawn or window.starts_at > now
    }
    withdrawn = [
        replace(window, withdrawn=True, version=window.version + 1)
        for key, window in ahead.items()
        if key not in wanted and not window.withdrawn
    ]
    written = [
        window
        for key, window in wanted.items()
        if key not in known
        or (key in ahead and replace(window, version=ahead[key].version) != ahead[key])
    ]
    return withdrawn + written
