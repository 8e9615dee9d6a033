"""A crowd: members by the hundred thousand with their ledger, written straight into the tables.

Only for a throw-away stack that measures how things go at that size. Through the front door a
million members take ten minutes and ten million entries hours, and what is measured is how a full
database answers, not how it was filled. So the rows are copied in: member's from here, by the
functions of the service itself (keys of phones and names, card codes, terms of fields), and
loyalty's and campaign's by `generate_series`. They are as the services would have written them: the
audit finds nothing in them. Triggers and foreign keys rest meanwhile, and indexes are made anew.

Each member agreed to membership, has a birthday in seven of ten cases, a tag in one of three, the
field `LOCKER`, and openings of imports that were long ago: four lots of points, of which the first
is past its time but not yet due (`night_falls`), and some money. Nobody has bought anything yet.
"""

import importlib
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from infra.demo import words
from infra.failure import Failure
from infra.migrations import database_url
from infra.state import ROOT

LOCKER = "locker"
"""The custom field each has: a text that is searched by."""
NOTICE = "2026-01"
CITIES = ("上海", "杭州", "苏州", "成都", None)
TAGS = ("VIP", "新客", "会员日")
BATCH = 50_000
SQL = ROOT / "infra" / "crowd_sql"
TABLES = {
    "member": "members identifiers name_keys consents consent_states happenings birthdays"
    " member_tiers",
    "loyalty": "members accounts member_accounts balances transactions entries openings",
    "campaign": "members",
}
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many members in these stores, each with four openings of points and one of money: ten
    entries. `phones` is where their national numbers begin; the first `handed` are looked after by
    the associate. `tier` and `ladder_version` are what all have reached."""

    members: int
    stores: Sequence[str]
    associate_id: str
    today: date
    ladder_version: int
    expiry_version: int
    field_version: int
    time_zone: str = "Asia/Shanghai"
    tier: str = "silver"
    phones: int = 15_000_000_000
    handed: int = 10_000

    def member_id(self, number: int) -> str:
        return f"019a0000-0000-7000-8001-{number:012x}"

    def phone(self, number: int) -> str:
        return f"+86{self.phones + number}"

    def locker(self, number: int) -> str:
        return f"L-{number:07}"

    @property
    def entries(self) -> int:
        return self.members * 10

    def lot(self, number: int) -> tuple[date, date, datetime]:
        """Of which day points are, their last day, and the instant it ends: those of the first
        lot ended some days ago, the others are of this year."""
        earned = self.today - timedelta(days=375 if number == 0 else 30 * number)
        earned = earned.replace(day=min(earned.day, 28))
        until = earned.replace(year=earned.year + 1)
        ends = datetime.combine(until + timedelta(days=1), time.min, ZoneInfo(self.time_zone))
        return earned, until, ends


def fill(environment: Mapping[str, str], crowd: Crowd, tell: Tell = lambda step: None) -> None:
    """Write the crowd into the databases of a stack; what is there already stays.

    In a process of its own: this one keeps clear of the services' code.
    """
    asked = {"crowd": crowd, "environment": {name: environment[name] for name in _NEEDED}}
    with subprocess.Popen(
        [sys.executable, "-m", "infra.crowd"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018
        process.stdin.write(msgspec.json.encode(asked).decode())
        process.stdin.close()
        for line in process.stdout:
            tell(line.strip())
        said = process.stderr.read()
    if process.returncode != 0:
        raise Failure(f"the crowd could not be written:\n{said[-3000:]}")


def main() -> None:
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=_Asked)
    _fill(asked.environment, asked.crowd, lambda step: print(step, flush=True))


def _fill(environment: Mapping[str, str], crowd: Crowd, tell: Tell) -> None:
    server = environment["DATABASE_URL"]
    named = {
        "members": crowd.members,
        "stores": [UUID(store) for store in crowd.stores],
        "associate": crowd.associate_id,
        "handed": crowd.handed,
        "notice": NOTICE,
        "tags": list(TAGS),
        "tier": crowd.tier,
        "ladder_version": crowd.ladder_version,
    }
    with _loading(server, "member", crowd) as connection:
        if connection is not None:
            tell("members")
            _copy_members(connection, environment, crowd)
            tell("consents, timelines")
            _run(connection, "member", named)
    with _loading(server, "loyalty", crowd) as connection:
        if connection is not None:
            tell("accounts")
            counters = _make_counters(connection, crowd)
            _run(connection, "loyalty", named)
            for number, opening in enumerate(_openings(crowd)):
                tell(f"entries, {number * 2 * crowd.members:,} of {crowd.entries:,}")
                unit = {"counters": counters[opening["unit"]], "lot": number}
                _run(connection, "opening", named | opening | unit)
    with _loading(server, "campaign", crowd) as connection:
        if connection is not None:
            tell("copies")
            _run(connection, "campaign", named)
    tell("sums of the ledger")
    _gather(server)


def night_falls(environment: Mapping[str, str]) -> None:
    """From now on the oldest points of everybody are due to expire."""
    with connect(environment["DATABASE_URL"], "loyalty") as connection:
        connection.execute("UPDATE balances SET expiry_due = now() WHERE expiry_due = 'infinity'")


@contextmanager
def _loading(server: str, service: str, crowd: Crowd) -> Iterator[psycopg.Connection | None]:
    """A transaction for which triggers and keys rest, and indexes that guard nothing are made anew
    at its end; None where the crowd is there already."""
    tables = TABLES[service].split()
    with connect(server, service) as connection:
        if _is_there(connection, service, crowd):
            yield None
            return
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
            connection.execute(_ID_OF)
            indexes = connection.execute(_INDEXES, (tables,)).fetchall()
            for name, _ in indexes:
                connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
            yield connection
            for _, definition in indexes:
                connection.execute(definition)
        for table in tables:
            connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))


def _is_there(connection: psycopg.Connection, service: str, crowd: Crowd) -> bool:
    """Whether this very crowd was written before; raises `Failure` where another one was."""
    column = sql.Identifier("member_id" if service == "loyalty" else "id")
    ids = [crowd.member_id(number) for number in (0, crowd.members - 1, crowd.members)]
    query = sql.SQL("SELECT {column}::text FROM members WHERE {column} = ANY(%s)")
    found = {row[0] for row in connection.execute(query.format(column=column), (ids,))}
    if found and found != set(ids[:2]):
        raise Failure("there is a crowd of another size in this stack")
    return bool(found)


def connect(server: str, service: str) -> psycopg.Connection:
    url = make_url(server).set(drivername="postgresql", database=f"chainstitch_{service}")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def _run(connection: psycopg.Connection, file: str, named: Mapping[str, Any]) -> None:
    """The statements of a file, one by one."""
    for statement in (SQL / f"{file}.sql").read_text().split(";\n"):
        if statement.strip():
            connection.execute(statement.encode(), named)


def _openings(crowd: Crowd) -> Iterator[dict[str, Any]]:
    """What each of the five imports brought everybody, the first that was earned first."""
    for number, months in enumerate((0, 3, 2, 1)):
        earned, until, ends = crowd.lot(months)
        yield {
            "unit": "points", "account": 2, "amount": 50, "after": 50 * (number + 1),
            "earned_on": earned, "until": until, "ends": ends, "day": earned,
            "expiry_version": crowd.expiry_version,
            "at": datetime.now(UTC) - timedelta(days=6 - number),
        }  # fmt: skip
    yield {
        "unit": "CNY", "account": 3, "amount": 2_000, "after": 2_000, "earned_on": None,
        "until": None, "ends": None, "day": crowd.today, "expiry_version": None,
        "at": datetime.now(UTC) - timedelta(days=2),
    }  # fmt: skip


def _copy_members(
    connection: psycopg.Connection, environment: Mapping[str, str], crowd: Crowd
) -> None:
    """Profiles, keys of names and birthdays, as the service would write them."""
    people = _People(environment, crowd)
    for start in range(0, crowd.members, BATCH):
        numbers = range(start, min(crowd.members, start + BATCH))
        drawn = [people.draw(number) for number in numbers]
        for table, columns, rows in (
            ("members", _MEMBER, [each.profile for each in drawn]),
            ("name_keys", "key member_id", [row for each in drawn for row in each.keys]),
            ("birthdays", _BIRTHDAY, [each.birthday for each in drawn if each.birthday]),
        ):
            copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns.split()))
            )
            with connection.cursor() as cursor, cursor.copy(copy) as file:
                for row in rows:
                    file.write_row(row)


@dataclass(frozen=True, slots=True)
class _Drawn:
    profile: tuple[Any, ...]
    keys: list[tuple[str, str]]
    birthday: tuple[Any, ...] | None


class _People:
    """Draws people, the same ones every time."""

    def __init__(self, environment: Mapping[str, str], crowd: Crowd) -> None:
        phones = importlib.import_module("services.member.phones")
        settings = importlib.import_module("shared.settings").PhoneSettings
        self._keys = phones.Keyring.of(
            settings(
                phone_keys=environment["PHONE_KEYS"], phone_hash_key=environment["PHONE_HASH_KEY"]
            )
        )
        self._names = importlib.import_module("services.member.names")
        self._cards = importlib.import_module("services.member.cards")
        self._values = importlib.import_module("services.member.values")
        self._windows = importlib.import_module("services.member.windows")
        self._birthday = importlib.import_module("shared.contracts.member.birthdays").Birthday
        self._kind = importlib.import_module("shared.contracts.member.fields").TextField()
        self._crowd = crowd
        self._now = datetime.now(UTC)
        # S311: what is drawn here guards nothing.
        self._draw = random.Random(1)
        self._keys_of: dict[str, set[str]] = {}

    def draw(self, number: int) -> _Drawn:
        crowd, draw = self._crowd, self._draw
        member_id, phone = UUID(crowd.member_id(number)), crowd.phone(number)
        name = draw.choice(words.SURNAMES) + "".join(draw.choices(words.GIVEN_FEMALE, k=2))
        if name not in self._keys_of:
            self._keys_of[name] = self._names.keys_of(name)
        born = None
        if draw.random() < 0.7:
            born = date(1960, 1, 1) + timedelta(days=draw.randrange(16_000))
        locker = crowd.locker(number)
        term = self._keys.term_of(LOCKER, self._values.term(self._kind, locker))
        field = {"value": locker, "version": crowd.field_version, "term": term}
        profile = (
            member_id, 1, 1, self._cards.card_code(member_id), name,
            self._values.searchable(name), self._keys.encrypt(phone, member_id),
            self._keys.hash_of(phone), phone[-4:], draw.choice(("female", "male")), born,
            draw.choice(CITIES), "import", crowd.stores[number % len(crowd.stores)],
            crowd.associate_id if number < crowd.handed else None,
            [TAGS[number // 3 % len(TAGS)]] if number % 3 == 0 else [],
            self._keys.digest_of(f"crowd:{number}".encode()), Jsonb({LOCKER: field}), [term],
        )  # fmt: skip
        keys = [(key, str(member_id)) for key in self._keys_of[name]]
        return _Drawn(profile, keys, self._kept(member_id, number, born) if born else None)

    def _kept(self, member_id: UUID, number: int, born: date) -> tuple[Any, ...]:
        crowd = self._crowd
        birthday = self._birthday(month=born.month, day=born.day, year=born.year)
        person = self._windows.Person(
            member_id=member_id, birthday=birthday, time_zone=crowd.time_zone,
            barred_until=None, windows=[],
        )  # fmt: skip
        planned = self._windows.plan(person, self._windows.RuleInForce(), self._now)
        return (
            member_id, "solar", born.month, born.day, False, born.year,
            crowd.stores[number % len(crowd.stores)], planned.next_on, planned.due_at,
        )  # fmt: skip


def _make_counters(connection: psycopg.Connection, crowd: Crowd) -> dict[str, list[UUID]]:
    """The accounts of the stores that stand on the other side, by unit."""
    ledger = importlib.import_module("services.loyalty.ledger")
    made: dict[str, list[UUID]] = {}
    for kind, unit in (("points_opening", "points"), ("wallet_opening", "CNY")):
        for store in map(UUID, crowd.stores):
            account_id = ledger.counter_id(kind, unit, store)
            row = (account_id, kind, unit, store)
            connection.execute("INSERT INTO accounts (id, kind, unit, store_id)"
                               " VALUES (%s, %s, %s, %s)", row)  # fmt: skip
            made.setdefault(unit, []).append(account_id)
    return made


def _gather(server: str) -> None:
    """What the service would sum up in the background, in one go."""
    engine = create_engine(database_url(server, "chainstitch_loyalty"))
    for name in ("liability", "clearing"):
        module = importlib.import_module(f"services.loyalty.{name}")
        for _ in range(4):  # the mark sees first, then goes on
            with Session(engine) as session, session.begin():
                module.gather(session, batch=10**12)
    engine.dispose()


_NEEDED = ("DATABASE_URL", "PHONE_KEYS", "PHONE_HASH_KEY")
_MEMBER = (
    "id version event_sequence card_code name search_name phone_cipher phone_hash last_four gender"
    " birthday city source_channel home_store_id associate_id tags registration_digest fields"
    " found_by"
)
_BIRTHDAY = "member_id calendar month day leap_month year home_store_id next_on due_at"
_ID_OF = """
    CREATE FUNCTION pg_temp.id_of(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
        SELECT CAST('019a0000-0000-7000-' || lpad(to_hex(32768 + kind), 4, '0') || '-'
            || lpad(to_hex(n), 12, '0') AS uuid)
    $$
"""
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE NOT indisunique AND indrelid::regclass::text = ANY(%s)
"""


class _Asked(msgspec.Struct):
    crowd: Crowd
    environment: dict[str, str]


if __name__ == "__main__":
    main()
