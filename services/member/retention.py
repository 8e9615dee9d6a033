"""What is personal goes when its time is over, by the rule in force (PIPL 19).

Once a day all members are looked at, some hundreds in a transaction: what is due is blanked, and
what went is written down (never what it was), in the same transaction as how far the run is. So a
run that is broken off goes on where it was, and nothing is counted twice. A preview is the same
run without a change.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, get_args
from uuid import UUID

import msgspec
from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import attachments, birthdays, erasures, fields, privacy_rules, retention_rules
from services.member.models import Profile
from services.member.models import RetentionRemoval as RemovalRow
from services.member.models import RetentionRun as RunRow
from services.member.profiles import advance
from services.member.retention_rules import Moments
from shared import outbox, telemetry
from shared.contracts.member import ContactKind, MemberUpdated
from shared.contracts.member.retention import (
    DueLater,
    ExplainRetention,
    GetRetentionRun,
    PreviewRetention,
    Removed,
    Retention,
    RetentionItem,
    RetentionRan,
    RetentionRule,
    RetentionRun,
)
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller

BATCH = 500
EVERY = timedelta(days=1)
SHOWN_LIMIT = 500
BLANKS: dict[str, dict[str, Any]] = {
    "birthday": {"birthday": None},
    "gender": {"gender": None},
    "city": {"city": None},
    "wechat": {"wechat": None},
    "body": {"height_cm": None, "sizes": {}},
    "taste": {"style": None, "style_preferences": [], "spending_power": None},
}
"""What columns of the profile become."""
_TRY_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('member.retention'))")
_NOTES = """
FROM happenings WHERE member_id = :member_id AND kind = ANY(:kinds)
    AND (coalesce(text, '') <> '' OR fields <> '{}') AND (CAST(:months AS int) IS NULL OR :as_of >=
    (at AT TIME ZONE 'UTC' + make_interval(months => :months)) AT TIME ZONE 'UTC')
"""
_MEMBERS = text("""
SELECT m.*, m.registered_at AS creation, coalesce(m.survivor_id, m.id) AS person_id,
    EXISTS (SELECT FROM birthdays b WHERE b.member_id = m.id) AS born,
    (SELECT count(*) FROM relatives r WHERE r.member_id = m.id) AS relatives,
    (SELECT max(f.last_at) FROM purchase_facts f WHERE f.member_id = ANY(one.ids)) AS bought,
    (SELECT max(h.at) FROM happenings h WHERE h.member_id = ANY(one.ids) AND kind = ANY(:kinds))
        AS met,
    (SELECT max(c.recorded_at) FROM consents c WHERE c.member_id = ANY(one.ids)
        AND c.purpose = 'marketing' AND NOT c.granted AND NOT EXISTS (
            SELECT FROM consent_states s WHERE s.member_id = ANY(one.ids)
            AND s.purpose = 'marketing' AND s.granted)) AS withdrawn
FROM members m CROSS JOIN LATERAL (
    SELECT array_agg(g.id) AS ids FROM members g
    WHERE g.id = coalesce(m.survivor_id, m.id) OR g.survivor_id = coalesce(m.survivor_id, m.id)
) AS one
WHERE m.id = ANY(:ids) AND m.erased_at IS NULL ORDER BY m.id FOR NO KEY UPDATE OF m
""")
_COUNT_NOTES = text(f"SELECT count(*) AS notes, max(at) AS newest {_NOTES}")
_BLANK_NOTES = text(
    "UPDATE happenings SET text = NULL, fields = '{}', fields_digest = NULL"
    f" WHERE id IN (SELECT id {_NOTES})"
)
_FORGET_FILES = text(
    f"DELETE FROM field_files WHERE subject = 'contact' AND owner_id IN (SELECT id {_NOTES})"
)
_FORGET_FAMILY = text("DELETE FROM relatives WHERE member_id = :member_id")
_ASKED = text(
    "SELECT EXISTS (SELECT FROM erasures WHERE member_id = :member_id"
    " AND (reason = 'retention' AND requested_at >= :due_at"
    " OR status IN ('requested', 'asking', 'erasing')))"
)


class Due(NamedTuple):
    """Something of a member that is due, and since when its time was counted."""

    item: RetentionItem
    since: datetime
    rows: int


def preview(
    session: Session, caller: Caller, command: PreviewRetention, now: datetime
) -> RetentionRun:
    """Begin a preview; see `PreviewRetention`."""
    caller.require_chain()
    retention_rules.check(session, command.rule)
    body = msgspec.to_builtins(command.rule)
    run = session.get(RunRow, command.id)
    if run is None:
        _begin(session, command.id, None, caller.id, body, now)
        run = session.get_one(RunRow, command.id)
    elif run.version is not None or run.body != body:
        raise Refusal("RETENTION_RUN_ID_TAKEN")
    return _shown(run)


def get_run(session: Session, command: GetRetentionRun) -> RetentionRun:
    run = session.get(RunRow, command.id)
    if run is None:
        raise Refusal("UNKNOWN_RETENTION_RUN")
    return _shown(run)


def explain(session: Session, command: ExplainRetention) -> Retention:
    """Why something of a member is empty, and what will be; see `ExplainRetention`."""
    person = func.coalesce(Profile.survivor_id, Profile.id)
    asked = session.scalar(select(person).where(Profile.id == command.member_id))
    rows = [] if asked is None else _read(session, [asked])
    if not rows:
        raise Refusal("UNKNOWN_MEMBER", {"member_id": command.member_id})
    removals = session.execute(
        select(RemovalRow.__table__)
        .join(Profile, Profile.id == RemovalRow.member_id)
        .where(person == asked)
        .order_by(RemovalRow.id.desc())
        .limit(SHOWN_LIMIT)
    )
    rule = privacy_rules.in_force(session, RetentionRule)
    moments = _moments(rows[0])
    return Retention(
        member_id=rows[0].id,
        version=rule[0] if rule else None,
        removed=[msgspec.convert(each, Removed, from_attributes=True) for each in removals],
        later=[_later(item, moments) for item in (rule[1].items if rule else [])],
    )


def step(session: Session, now: datetime, limit: int = BATCH) -> bool:
    """Look at the next members of the run that is open, or begin the one that is due; whether there
    is more to do. One replica at a time does it."""
    if not session.scalar(_TRY_ALONE, execution_options=telemetry.UNCOUNTED):
        return False
    open_runs = select(RunRow).where(RunRow.state != "done").order_by(RunRow.as_of, RunRow.id)
    run = session.scalar(open_runs.limit(1), execution_options=telemetry.UNCOUNTED)
    if run is None:
        return _begin_due(session, now)
    rule = msgspec.convert(run.body, RetentionRule)
    beyond = [] if run.last_id is None else [Profile.id > run.last_id]
    ids = list(session.scalars(select(Profile.id).where(*beyond).order_by(Profile.id).limit(limit)))
    counts = dict(run.counts)
    for row in _read(session, ids):
        found = _due(session, row, rule.items, run.as_of)
        for due in found:
            counts[due.item.subject] = counts.get(due.item.subject, 0) + 1
        if found and run.version is not None:
            _take(session, row, found, run, now)
            _write_down(session, row, found, run, now)
    over = len(ids) < limit
    session.execute(
        update(RunRow)
        .where(RunRow.id == run.id)
        .values(
            state="done" if over else "running",
            last_id=ids[-1] if ids else run.last_id,
            looked_at=RunRow.looked_at + len(ids),
            counts=counts,
        )
    )
    if over and run.version is not None:
        event = RetentionRan(
            run_id=run.id, version=run.version, looked_at=run.looked_at, counts=counts
        )
        outbox.emit(session, (event, run.id, 1))
    return True


def _begin_due(session: Session, now: datetime) -> bool:
    """Begin a run of the rule in force, unless one of its version began within a day."""
    rule = privacy_rules.in_force(session, RetentionRule)
    if rule is None or not rule[1].items:
        return False
    last = select(func.max(RunRow.as_of)).where(RunRow.version == rule[0])
    began = session.scalar(last, execution_options=telemetry.UNCOUNTED)
    if began is not None and began > now - EVERY:
        return False
    author_id = privacy_rules.author_of(session, RetentionRule, rule[0])
    _begin(session, new_id(), rule[0], author_id, msgspec.to_builtins(rule[1]), now)
    return True


def _begin(
    session: Session, id_: UUID, version: int | None, author_id: UUID, body: Any, now: datetime
) -> None:
    members = session.scalar(select(func.count()).select_from(Profile)) or 0
    session.execute(
        insert(RunRow).values(
            id=id_, version=version, author_id=author_id, body=body, as_of=now, members=members
        )
    )


def _read(session: Session, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The members, locked, with what happened last with the person each stands for."""
    kinds = list(get_args(ContactKind))
    return session.execute(_MEMBERS, {"ids": list(ids), "kinds": kinds}).all()


def _moments(row: Row[Any]) -> Moments:
    bought = row.bought or row.creation
    met = max(bought, row.met or row.creation)
    return Moments(row.creation, bought, met, row.withdrawn)


def _due(
    session: Session, row: Row[Any], items: Iterable[RetentionItem], as_of: datetime
) -> list[Due]:
    """What of a member is due, and is there."""
    moments = _moments(row)
    found = []
    for item in items:
        if item.subject == "notes" and row.met is None:
            continue
        if item.subject == "notes" and item.after == "creation":
            count = session.execute(_COUNT_NOTES, _notes(row, item, as_of)).one()
            found.append(Due(item, count.newest or as_of, count.notes))
            continue
        start = retention_rules.since(moments, item.after)
        if start is not None and retention_rules.due_at(item, start) <= as_of:
            found.append(Due(item, start, _there(session, row, item, start, as_of)))
    return [due for due in found if due.rows]


def _there(
    session: Session, row: Row[Any], item: RetentionItem, start: datetime, as_of: datetime
) -> int:
    """How much there is of a subject."""
    subject = item.subject
    if subject == "notes":
        return int(session.execute(_COUNT_NOTES, _notes(row, item, as_of)).one().notes)
    if subject == "family":
        return int(row.relatives)
    if subject == "birthday":
        return int(row.born or row.birthday is not None)
    if subject == "person":
        asked = {"member_id": row.id, "due_at": retention_rules.due_at(item, start)}
        return int(row.person_id == row.id and not session.scalar(_ASKED, asked))
    key = subject.partition("fields.")[2]
    if key:
        return int(key in row.fields)
    return int(any(getattr(row, name) for name in BLANKS[subject]))


def _take(
    session: Session, row: Row[Any], found: Sequence[Due], run: RunRow, now: datetime
) -> None:
    """Take away what is due of a member."""
    values: dict[str, Any] = {}
    kept, told = dict(row.fields), []
    for due in found:
        subject = due.item.subject
        if subject == "person":
            erasures.ask_by_rule(session, row.id, run.author_id, now)
            continue
        if subject == "notes":
            notes = _notes(row, due.item, run.as_of)
            session.execute(_FORGET_FILES, notes)
            session.execute(_BLANK_NOTES, notes)
            continue
        told.append(subject)
        values |= BLANKS.get(subject, {})
        kept.pop(subject.partition("fields.")[2], None)
        if subject == "birthday":
            birthdays.forget(session, row.id, now)
        if subject == "family":
            session.execute(_FORGET_FAMILY, {"member_id": row.id})
    if kept != row.fields:
        values |= {"fields": kept, "found_by": fields.terms_of(kept)}
    if told:
        version = row.version + 1
        # An erasure that was asked for has counted an event as well.
        current = session.execute(select(Profile.__table__).where(Profile.id == row.id)).one()
        sequence = advance(session, current, version=version, **values)
        event = MemberUpdated(member_id=row.id, version=version, fields=sorted(told))
        outbox.emit(session, (event, row.id, sequence))
        attachments.let_go(session, attachments.ids_in(row.fields) - attachments.ids_in(kept))


def _notes(row: Row[Any], item: RetentionItem, as_of: datetime) -> dict[str, Any]:
    """Which notes: those old enough by themselves, or all of them."""
    months = item.months if item.after == "creation" else None
    kinds = list(get_args(ContactKind))
    return {"member_id": row.id, "kinds": kinds, "months": months, "as_of": as_of}


def _write_down(
    session: Session, row: Row[Any], found: Sequence[Due], run: RunRow, now: datetime
) -> None:
    rows = [
        {
            "run_id": run.id,
            "member_id": row.id,
            "subject": due.item.subject,
            "version": run.version,
            "after": due.item.after,
            "since": due.since,
            "at": now,
            "rows": due.rows,
        }
        for due in found
    ]
    session.execute(insert(RemovalRow).values(rows))


def _later(item: RetentionItem, moments: Moments) -> DueLater:
    start = retention_rules.since(moments, item.after)
    return DueLater(
        subject=item.subject,
        months=item.months,
        after=item.after,
        since=start,
        due_at=None if start is None else retention_rules.due_at(item, start),
    )


def _shown(run: RunRow) -> RetentionRun:
    return RetentionRun(**{n: getattr(run, n) for n in RetentionRun.__struct_fields__})
