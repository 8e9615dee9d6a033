"""How alike two members are: what speaks for and against their being one person, pure functions.

Whoever may be alike shares a key (`keys_of`): a name as it sounds together with something else, or
something that few have in common. Only those are compared, never everybody with everybody.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from uuid import UUID

import msgspec

from services.member import names, phones
from shared.contracts.member.duplicates import Difference, DuplicateRule, Likeness

HIGHEST = 100
HEIGHT_CM = 1
"""Heights that differ by more are different."""
_AGAINST: tuple[Difference, ...] = ("birthday_differs", "gender_differs", "related")


class Born(msgspec.Struct, frozen=True):
    """A birthday as it was given, and the date of birth in the solar calendar, where the year is
    known."""

    calendar: str
    month: int
    day: int
    leap_month: bool
    on: date | None

    @property
    def days(self) -> set[str]:
        """The days of a year it may be known by."""
        given = f"{self.calendar} {self.month}-{self.day} {int(self.leap_month)}"
        return {given} | ({f"solar {self.on.month}-{self.on.day} 0"} if self.on else set())


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared of an open member: of all who were merged into it, but for where they are at
    home. `phones` are E.164; `names` and `city` as `searchable` makes them."""

    id: UUID
    ids: list[UUID]
    names: list[str]
    born: list[Born]
    phones: list[str]
    wechats: list[str]
    emails: list[str]
    accounts: list[str]
    home_store_id: UUID
    city: str | None
    height_cm: int | None
    gender: str | None
    relatives: set[UUID]


class Finding(msgspec.Struct, frozen=True):
    """One thing that speaks for it (`points` > 0) or against it; `rests_on` are the values."""

    code: Likeness | Difference
    points: int
    rests_on: str


def keys_of(person: Person) -> set[str]:
    """What a person is looked up by."""
    days = {day for born in person.born for day in born.days}
    ends = {number[-4:] for number in person.phones}
    found = {f"day {day} {end}" for day in days for end in ends}
    for name in person.names:
        sound = (names.sounds_of(name) or [name])[0]
        found |= {f"name {sound} {rest}" for rest in (*days, *ends, person.home_store_id)}
    found |= {f"wechat {each}" for each in person.wechats}
    found |= {f"email {_loose(each)}" for each in person.emails}
    return found | {f"account {each.casefold()}" for each in person.accounts}


def lookups_of(person: Person) -> set[str]:
    """As `keys_of`, with what others may have that names this person's phone."""
    numbers = {part for number in person.phones for part in (number[1:], _national(number))}
    return keys_of(person) | {f"wechat {number}" for number in numbers}


def phones_meant(person: Person) -> set[str]:
    """The numbers that WeChat names of this person are, if they are any."""
    meant = (phones.recognise(each, phones.DEFAULT_COUNTRY) for each in person.wechats)
    return {number for number in meant if number}


def findings(one: Person, other: Person, rule: DuplicateRule) -> list[Finding]:
    """What speaks for and against two being one person; what weighs nothing is left out."""
    weights = msgspec.structs.asdict(rule)
    found = []
    for code, rests_on in _found(one, other):
        points = -weights[code] if code in _AGAINST else weights[code]
        if points:
            found.append(Finding(code, points, rests_on))
    return found


def score(found: Iterable[Finding]) -> int:
    """Their sum, from 0 to 100."""
    return max(0, min(HIGHEST, sum(each.points for each in found)))


def _found(one: Person, other: Person) -> Iterator[tuple[Likeness | Difference, str]]:
    yield from _of_names(one, other)
    yield from _of_birthdays(one, other)
    yield from _of_phones(one, other)
    both: tuple[tuple[Likeness, set[str], set[str]], ...] = (
        ("wechat_same", set(one.wechats), set(other.wechats)),
        ("wechat_is_phone", phones_meant(one), set(other.phones)),
        ("wechat_is_phone", set(one.phones), phones_meant(other)),
        ("email_nearly_same", set(map(_loose, one.emails)), set(map(_loose, other.emails))),
        ("account_same", _folded(one.accounts), _folded(other.accounts)),
        ("home_store_same", {str(one.home_store_id)}, {str(other.home_store_id)}),
        ("city_same", {one.city or ""} - {""}, {other.city or ""} - {""}),
    )
    seen: set[str] = set()
    for code, ones, others in both:
        if shared := sorted(ones & others):
            if code not in seen:
                yield code, " ".join(shared)
            seen.add(code)
    if one.height_cm and other.height_cm and abs(one.height_cm - other.height_cm) <= HEIGHT_CM:
        yield "height_same", f"{min(one.height_cm, other.height_cm)}"
    if one.gender and other.gender and one.gender != other.gender:
        yield "gender_differs", ""
    if one.relatives & set(other.ids) or other.relatives & set(one.ids):
        yield "related", ""


def _of_names(one: Person, other: Person) -> Iterator[tuple[Likeness, str]]:
    if shared := sorted(set(one.names) & set(other.names)):
        yield "name_same", " ".join(shared)
        return
    ones, others = ({s for name in each.names for s in names.sounds_of(name)}
                    for each in (one, other))  # fmt: skip
    if shared := sorted(ones & others):
        yield "name_sounds_same", " ".join(shared)


def _of_birthdays(one: Person, other: Person) -> Iterator[tuple[Likeness | Difference, str]]:
    if not (one.born and other.born):
        return
    dates = {each.on for each in one.born} & {each.on for each in other.born} - {None}
    if dates:
        yield "birthday_same", " ".join(sorted(map(str, dates)))
        return
    pairs = [(a, b) for a in one.born for b in other.born]
    days = {day for a, b in pairs if not (a.on and b.on) for day in a.days & b.days}
    if days:
        yield "day_of_birth_same", " ".join(sorted(days))
    elif all((a.on and b.on) or a.calendar == b.calendar for a, b in pairs):
        yield "birthday_differs", ""


def _of_phones(one: Person, other: Person) -> Iterator[tuple[Likeness, str]]:
    pairs = [tuple(sorted((a, b))) for a in one.phones for b in other.phones]
    if near := sorted(" ".join(pair) for pair in pairs if _nearly(*pair)):
        yield "phone_nearly_same", " ".join(near)
    elif alike := sorted(" ".join(pair) for pair in pairs if pair[0][-4:] == pair[1][-4:]):
        yield "last_four_same", " ".join(alike)


def _nearly(one: str, other: str) -> bool:
    """One digit differs, or two neighbours changed places: how numbers are mistyped."""
    if len(one) != len(other):
        return False
    apart = [place for place in range(len(one)) if one[place] != other[place]]
    if len(apart) == 2 and apart[1] == apart[0] + 1:
        first, second = apart
        return (one[first], one[second]) == (other[second], other[first])
    return len(apart) == 1


def _national(number: str) -> str:
    return number.removeprefix("+86").removeprefix("+")


def _loose(email: str) -> str:
    local, _, host = email.partition("@")
    return f"{re.sub('[._-]', '', local.partition('+')[0])}@{host}"


def _folded(accounts: list[str]) -> set[str]:
    return {each.casefold() for each in accounts}
