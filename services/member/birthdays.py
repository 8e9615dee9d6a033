"""Members' birthdays: the rule about them, when each is next kept, and who has one soon (K34).

`next_on` is a local date of the member's home store. A row is looked at again when its birthday is
over there (`due_at`), or when another version of the rule has come into force: nobody sweeps over
all members.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.member import calendars
from services.member.calendars import DAY, start_of
from services.member.models import Store
from shared import outbox, telemetry
from shared.contracts import Envelope
from shared.contracts.directory import StoreChanged
from shared.contracts.member.birthdays import (
    Birthday,
    BirthdayRule,
    BirthdayRulePublished,
    BirthdayRules,
    BirthdayRuleVersion,
    GetBirthdays,
    ListBirthdayRules,
    PublishBirthdayRule,
    UpcomingBirthday,
)
from shared.errors import InvalidInput, Refusal
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller
from shared.stores import Store as StoreFacts
from shared.stores import require_store

EARLIEST_BIRTHDAY = date(1900, 1, 1)
REVIEW_LIMIT = 500
RULES_LIMIT = 500


class RuleInForce(Struct, frozen=True):
    """The rule at an instant; version 0 is what holds before any was published."""

    version: int = 0
    body: BirthdayRule = BirthdayRule()


class Given(Struct, frozen=True, kw_only=True):
    """A row of `birthdays` with what is needed to reckon it."""

    member_id: UUID
    calendar: str
    month: int
    day: int
    leap_month: bool
    year: int | None
    time_zone: str
    home_store_id: UUID

    @property
    def birthday(self) -> Birthday:
        return msgspec.convert(
            {name: getattr(self, name) for name in Birthday.__struct_fields__}, Birthday
        )


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
    if session.execute(_KEEP, parameters).one_or_none() is None:
        return False
    _reckon(session, [member_id], now)
    return True


def forget(session: Session, member_id: UUID) -> None:
    """Forget a member's birthday, as erasure and merging have to."""
    session.execute(_FORGET, {"member_id": member_id})


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
    parameters = {"now": now, "limit": limit, "version": in_force(session, now).version}
    due = list(session.scalars(_DUE, parameters, execution_options=telemetry.UNCOUNTED))
    if due:
        _reckon(session, due, now)
    return len(due)


def on_store_changed(session: Session, envelopes: list[Envelope[StoreChanged]]) -> None:
    """Look again at the birthdays of stores whose time zone is about to change."""
    zones = {e.data.store_id: e.data.time_zone for e in envelopes}
    session.execute(_REZONED, {"ids": list(zones), "zones": list(zones.values())})


def in_force(session: Session, now: datetime) -> RuleInForce:
    row = session.execute(
        _IN_FORCE, {"at": now}, execution_options=telemetry.UNCOUNTED
    ).one_or_none()
    if row is None:
        return RuleInForce()
    return RuleInForce(row.version, msgspec.convert(row.body, BirthdayRule))


def publish(session: Session, caller: Caller, command: PublishBirthdayRule) -> BirthdayRuleVersion:
    """Publish the next version of the rule; see `PublishBirthdayRule`."""
    caller.require_chain()
    at = command.valid_from
    if at is not None and at.tzinfo is None:
        raise InvalidInput("INVALID_INPUT", {"field": "$.valid_from", "reason": "no time zone"})
    session.execute(_ALONE)
    published = session.execute(_FIND, {"id": command.id}).one_or_none()
    if published is not None:
        version = _version_of(published)
        told = None if published.at_once else published.valid_from
        if version.rule != command.rule or told != at:
            raise Refusal("BIRTHDAY_RULE_ID_TAKEN")
        return version
    row = session.execute(
        _PUBLISH,
        {
            "id": command.id,
            "valid_from": at or datetime.now(UTC),
            "at_once": at is None,
            "author_id": caller.id,
            "body": msgspec.json.encode(command.rule).decode(),
        },
    ).one()
    version = _version_of(row)
    event = BirthdayRulePublished(
        rule_id=version.id, version=version.version, valid_from=version.valid_from
    )
    outbox.emit(session, (event, "birthday", version.version))
    return version


def list_rules(session: Session, command: ListBirthdayRules) -> BirthdayRules:
    rows = session.execute(_LIST, {"limit": RULES_LIMIT})
    return BirthdayRules(items=[_version_of(row) for row in rows])


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
    """Write when the birthdays of some members are next kept."""
    rule = in_force(session, now)
    rows: Any = session.execute(_LOCKED, {"member_ids": member_ids})
    written = []
    for row in rows:
        kept = Given(**row._mapping)
        zone = ZoneInfo(kept.time_zone)
        on = calendars.next_kept(kept.birthday, rule.body, now.astimezone(zone).date()).on
        due_at = start_of(on + DAY, zone)
        written.append({"member_id": kept.member_id, "next_on": on, "due_at": due_at})
    rows_json = msgspec.json.encode(written).decode()
    session.execute(_WRITE, {"rows": rows_json, "version": rule.version})


def _version_of(row: Row[Any]) -> BirthdayRuleVersion:
    return BirthdayRuleVersion(
        id=row.id,
        version=row.version,
        valid_from=row.valid_from,
        author_id=row.author_id,
        rule=msgspec.convert(row.body, BirthdayRule),
    )


_KEEP = text(
    """
    INSERT INTO birthdays AS b (member_id, calendar, month, day, leap_month, year, home_store_id,
        due_at)
    VALUES (:member_id, :calendar, :month, :day, :leap_month, :year, :store_id, :now)
    ON CONFLICT (member_id) DO UPDATE SET calendar = excluded.calendar, month = excluded.month,
        day = excluded.day, leap_month = excluded.leap_month, year = excluded.year
    WHERE (b.calendar, b.month, b.day, b.leap_month, b.year) IS DISTINCT FROM
        (excluded.calendar, excluded.month, excluded.day, excluded.leap_month, excluded.year)
    RETURNING b.member_id
    """
)
_FORGET = text("DELETE FROM birthdays WHERE member_id = :member_id")
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
_LOCKED = text(
    """
    SELECT b.member_id, b.calendar, b.month, b.day, b.leap_month, b.year, b.home_store_id,
        s.time_zone
    FROM birthdays b JOIN stores s ON s.id = b.home_store_id
    WHERE b.member_id = ANY(CAST(:member_ids AS uuid[]))
    ORDER BY b.member_id FOR NO KEY UPDATE OF b
    """
)
_WRITE = text(
    """
    UPDATE birthdays b SET next_on = r.next_on, due_at = r.due_at, rule_version = :version
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(member_id uuid, next_on date, due_at timestamptz)
    WHERE b.member_id = r.member_id
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
_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('birthday_rules'))")
_FIND = text("SELECT * FROM birthday_rules WHERE id = :id")
_PUBLISH = text(
    "INSERT INTO birthday_rules (version, id, valid_from, at_once, author_id, body)"
    " SELECT coalesce(max(version), 0) + 1, :id, :valid_from, :at_once, :author_id,"
    " CAST(:body AS jsonb) FROM birthday_rules RETURNING *"
)
_LIST = text("SELECT * FROM birthday_rules ORDER BY version DESC LIMIT :limit")
_IN_FORCE = text(
    "SELECT version, body FROM birthday_rules WHERE valid_from <= :at"
    " ORDER BY valid_from DESC, version DESC LIMIT 1"
)
