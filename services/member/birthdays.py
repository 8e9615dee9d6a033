"""Members' birthdays: when each is next kept, and who has one soon (K34).

`next_on` is a local date of the member's home store. A row is looked at again when its birthday is
over there or a privilege is to be told (`due_at`), or when another version of the rule has come
into force: nobody sweeps over all members.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.member import birthday_rules, calendars, windows
from services.member.models import Store
from services.member.windows import Person, Window
from shared import outbox, telemetry
from shared.contracts import Envelope
from shared.contracts.directory import StoreChanged
from shared.contracts.member.birthdays import (
    Birthday,
    GetBirthdays,
    UpcomingBirthday,
)
from shared.errors import InvalidInput, Refusal
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller
from shared.stores import Store as StoreFacts
from shared.stores import require_store

EARLIEST_BIRTHDAY = date(1900, 1, 1)
REVIEW_LIMIT = 500
KEPT_DAYS = 800
"""How long windows are kept after their end: the next years are judged by them."""


def given(birthday: date | None, born: Birthday | None) -> Birthday | None:
    """What a command says; raises `Refusal("INVALID_BIRTHDAY")` when it says it twice."""
    if birthday is None:
        return born
    if born is not None:
        raise Refusal("INVALID_BIRTHDAY")
    return Birthday(month=birthday.month, day=birthday.day, year=birthday.year)


def date_of_birth(born: Birthday | None) -> date | None:
    """The solar date of birth, where the year is known."""
    return None if born is None else calendars.date_of_birth(born)


def check(born: Birthday | None, today: date) -> None:
    """Raise `Refusal("INVALID_BIRTHDAY")` for a day that is none, or nobody alive was born on."""
    if born is None:
        return
    on = date_of_birth(born)
    if not calendars.is_possible(born) or (on is not None and not EARLIEST_BIRTHDAY <= on <= today):
        raise Refusal("INVALID_BIRTHDAY")


def keep(
    session: Session, member_id: UUID, born: Birthday | None, store: StoreFacts, now: datetime
) -> bool:
    """Keep a birthday that was given for a locked or new member; whether that changed anything."""
    if born is None:
        return False
    values = msgspec.structs.asdict(born)
    parameters = values | {"member_id": member_id, "store_id": store.id, "now": now}
    parameters["time_zone"] = store.time_zone
    if session.execute(_KEEP, parameters).one_or_none() is None:
        return False
    _reckon(session, [member_id], now)
    return True


def arrive(session: Session, rows: Sequence[tuple[UUID, date, UUID]], now: datetime) -> None:
    """Keep the dates of birth of members who have none yet: (member, date, home store) each."""
    if not rows:
        return
    rule = birthday_rules.in_force(session, now)
    stores = list({store_id for _, _, store_id in rows})
    zones = {row.id: row.time_zone for row in session.execute(_ZONES, {"ids": stores})}
    written: list[dict[str, Any]] = []
    opened: list[Window] = []
    for member_id, born, store_id in rows:
        birthday = Birthday(month=born.month, day=born.day, year=born.year)
        person = Person(
            member_id=member_id,
            birthday=birthday,
            time_zone=zones[store_id],
            barred_until=None,
            windows=[],
        )
        planned = windows.plan(person, rule, now)
        opened += planned.changed
        due = {"next_on": planned.next_on, "due_at": planned.due_at}
        written.append({"member_id": member_id, "born": born, "store_id": store_id} | due)
    parameters = {
        "rows": msgspec.json.encode(written).decode(),
        "windows": msgspec.json.encode(opened).decode(),
        "version": rule.version,
    }
    session.execute(_ARRIVE, parameters)
    outbox.emit(session, *((window.event(), window.id, window.version) for window in opened))


def forget(session: Session, member_id: UUID, now: datetime) -> None:
    """Forget a member's birthday and take back what was told of it, as erasure has to."""
    rows = session.execute(_FORGET, {"member_id": member_id, "now": now}).all()
    told = [msgspec.convert(row.told, Window) for row in rows if row.open]
    outbox.emit(session, *((window.event(), window.id, window.version) for window in told))


def moved(session: Session, member_ids: list[UUID], now: datetime) -> None:
    """Reckon anew for members who have another home store now."""
    session.execute(_MOVED, {"member_ids": member_ids})
    _reckon(session, member_ids, now)


def review(session: Session, now: datetime, limit: int = REVIEW_LIMIT) -> int:
    """Reckon some of the birthdays that are due; returns how many, below `limit` none is left.

    One replica at a time does it.
    """
    if not session.scalar(_TRY_ALONE, execution_options=telemetry.UNCOUNTED):
        return 0
    parameters = {
        "now": now,
        "limit": limit,
        "version": birthday_rules.in_force(session, now).version,
    }
    due = list(session.scalars(_DUE, parameters, execution_options=telemetry.UNCOUNTED))
    if due:
        _reckon(session, due, now)
    return len(due)


def on_store_changed(session: Session, envelopes: list[Envelope[StoreChanged]]) -> None:
    """Look again at the birthdays of stores whose time zone is about to change."""
    zones = {e.data.store_id: e.data.time_zone for e in envelopes}
    session.execute(_REZONED, {"ids": list(zones), "zones": list(zones.values())})


def get_birthdays(
    session: Session, caller: Caller, command: GetBirthdays, now: datetime | None = None
) -> Page[UpcomingBirthday]:
    """Who of a store has a birthday soon; see `GetBirthdays`."""
    store = require_store(session, Store, caller, command.store_id)
    today = store.business_date(now or datetime.now(UTC))
    after, after_id = (today, UUID(int=0)) if command.after is None else _after(command.after)
    rows = session.execute(
        _SOON,
        {
            "store_id": store.id,
            "today": today,
            "until": today + timedelta(days=command.days),
            "after": max(after, today),
            "after_id": after_id if after >= today else UUID(int=0),
            "limit": command.first + 1,
        },
    )
    return page_of(
        [_upcoming(row, today) for row in rows],
        command.first,
        lambda each: (each.on.isoformat(), str(each.member_id)),
    )


def _after(cursor: str) -> tuple[date, UUID]:
    on, id_ = decode_cursor(cursor, 2)
    try:
        return date.fromisoformat(str(on)), UUID(str(id_))
    except ValueError as error:
        raise InvalidInput("INVALID_CURSOR") from error


def _upcoming(row: Row[Any], today: date) -> UpcomingBirthday:
    birthday = msgspec.convert(row, Birthday, from_attributes=True)
    return UpcomingBirthday(
        member_id=row.member_id,
        on=row.next_on,
        days_left=(row.next_on - today).days,
        turns=calendars.turns(birthday, row.next_on),
        calendar=birthday.calendar,
    )


def _reckon(session: Session, member_ids: list[UUID], now: datetime) -> None:
    """Write when the birthdays of some members are next kept, and what they have from it."""
    rule = birthday_rules.in_force(session, now)
    # Locked before the windows are read: what commits in between is seen.
    session.execute(_LOCK, {"member_ids": member_ids})
    found: Any = session.execute(_READ, {"member_ids": member_ids}).scalar_one()
    rows, changed = [], []
    for person in msgspec.json.decode(found, type=list[Person]):
        planned = windows.plan(person, rule, now)
        changed += planned.changed
        due = {"next_on": planned.next_on, "due_at": planned.due_at}
        rows.append({"member_id": person.member_id} | due)
    session.execute(
        _WRITE,
        {
            "rows": msgspec.json.encode(rows).decode(),
            "windows": msgspec.json.encode(changed).decode(),
            "version": rule.version,
            "forgotten": now - timedelta(days=KEPT_DAYS),
        },
    )
    outbox.emit(session, *((window.event(), window.id, window.version) for window in changed))


# Whoever had a privilege by another birthday has the next one in another calendar year.
_KEEP = text(
    """
    INSERT INTO birthdays AS b (member_id, calendar, month, day, leap_month, year, home_store_id,
        due_at)
    VALUES (:member_id, :calendar, :month, :day, :leap_month, :year, :store_id, :now)
    ON CONFLICT (member_id) DO UPDATE SET calendar = excluded.calendar, month = excluded.month,
        day = excluded.day, leap_month = excluded.leap_month, year = excluded.year,
        barred_until = CASE WHEN (b.calendar, b.month, b.day, b.leap_month)
            = (excluded.calendar, excluded.month, excluded.day, excluded.leap_month)
            THEN b.barred_until
            ELSE greatest(b.barred_until, (
                SELECT make_date(1 + CAST(extract(year FROM max(least(w.ends_at, :now))
                    AT TIME ZONE :time_zone) AS int), 1, 1)
                FROM birthday_windows w WHERE w.member_id = b.member_id
                    AND NOT w.withdrawn AND w.starts_at <= :now))
            END
    WHERE (b.calendar, b.month, b.day, b.leap_month, b.year) IS DISTINCT FROM
        (excluded.calendar, excluded.month, excluded.day, excluded.leap_month, excluded.year)
    RETURNING b.member_id
    """
)
_ARRIVE = text(
    """
    WITH born AS (
        INSERT INTO birthdays (member_id, calendar, month, day, leap_month, year, home_store_id,
            next_on, due_at, rule_version)
        SELECT member_id, 'solar', extract(month FROM born), extract(day FROM born), false,
            extract(year FROM born), store_id, next_on, due_at, :version
        FROM json_to_recordset(CAST(:rows AS json)) AS r(member_id uuid, born date,
            store_id uuid, next_on date, due_at timestamptz)
    )
    INSERT INTO birthday_windows
    SELECT r.* FROM json_to_recordset(CAST(:windows AS json)) AS r(id uuid, member_id uuid,
        privilege text, year smallint, version int, rule_version int, starts_at timestamptz,
        ends_at timestamptz, withdrawn boolean, coupon_promotion_id uuid)
    """
)
_ZONES = text("SELECT id, time_zone FROM stores WHERE id = ANY(CAST(:ids AS uuid[]))")
_FORGET = text(
    """
    WITH gone AS (DELETE FROM birthdays WHERE member_id = :member_id)
    DELETE FROM birthday_windows WHERE member_id = :member_id
    RETURNING json_build_object('id', id, 'member_id', member_id, 'privilege', privilege,
        'year', year, 'version', version + 1, 'rule_version', rule_version,
        'starts_at', starts_at, 'ends_at', ends_at, 'withdrawn', true,
        'coupon_promotion_id', coupon_promotion_id) AS told,
        NOT withdrawn AND ends_at > :now AS open
    """
)
_MOVED = text(
    "UPDATE birthdays b SET home_store_id = m.home_store_id FROM members m"
    " WHERE m.id = b.member_id AND b.member_id = ANY(CAST(:member_ids AS uuid[]))"
)
_REZONED = text(
    """
    UPDATE birthdays b SET due_at = now()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:zones AS text[])) AS changed(id, time_zone)
    JOIN stores s ON s.id = changed.id AND s.time_zone <> changed.time_zone
    WHERE b.home_store_id = s.id
    """
)
_TRY_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('birthdays.review'))")
# Each half is found by its own index.
_DUE = text(
    """
    SELECT member_id FROM (
        (SELECT member_id FROM birthdays WHERE due_at <= :now ORDER BY due_at LIMIT :limit)
        UNION
        (SELECT member_id FROM birthdays WHERE rule_version < :version LIMIT :limit)
        UNION
        (SELECT member_id FROM birthdays WHERE rule_version > :version LIMIT :limit)
    ) AS due LIMIT :limit
    """
)
_LOCK = text(
    "SELECT member_id FROM birthdays WHERE member_id = ANY(CAST(:member_ids AS uuid[]))"
    " ORDER BY member_id FOR NO KEY UPDATE"
)
_READ = text(
    """
    SELECT CAST(coalesce(json_agg(json_build_object(
        'member_id', b.member_id, 'time_zone', s.time_zone, 'barred_until', b.barred_until,
        'birthday', json_build_object('calendar', b.calendar, 'month', b.month, 'day', b.day,
            'leap_month', b.leap_month, 'year', b.year),
        'windows', (SELECT coalesce(json_agg(w), '[]') FROM birthday_windows w
            WHERE w.member_id = b.member_id)
    )), '[]') AS text)
    FROM birthdays b JOIN stores s ON s.id = b.home_store_id
    WHERE b.member_id = ANY(CAST(:member_ids AS uuid[]))
    """
)
_WRITE = text(
    """
    WITH written AS (
        INSERT INTO birthday_windows AS w
        SELECT r.* FROM json_to_recordset(CAST(:windows AS json)) AS r(id uuid, member_id uuid,
            privilege text, year smallint, version int, rule_version int, starts_at timestamptz,
            ends_at timestamptz, withdrawn boolean, coupon_promotion_id uuid)
        ON CONFLICT (member_id, privilege, year) DO UPDATE SET version = excluded.version,
            rule_version = excluded.rule_version, starts_at = excluded.starts_at,
            ends_at = excluded.ends_at, withdrawn = excluded.withdrawn,
            coupon_promotion_id = excluded.coupon_promotion_id
    ), reckoned AS (
        UPDATE birthdays b SET next_on = r.next_on, due_at = r.due_at, rule_version = :version
        FROM json_to_recordset(CAST(:rows AS json))
            AS r(member_id uuid, next_on date, due_at timestamptz)
        WHERE b.member_id = r.member_id RETURNING b.member_id
    )
    DELETE FROM birthday_windows w USING reckoned r
    WHERE w.member_id = r.member_id AND w.ends_at < :forgotten
    """
)
_SOON = text(
    """
    SELECT member_id, calendar, month, day, leap_month, year, next_on FROM birthdays
    WHERE home_store_id = :store_id AND next_on BETWEEN :today AND :until
        AND (next_on, member_id) > (:after, :after_id)
    ORDER BY next_on, member_id LIMIT :limit
    """
)
