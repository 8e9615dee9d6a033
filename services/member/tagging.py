"""Keeps the tags of rules: who has changed is judged, who is due, and who a new version may meet.

Triggers write down whose facts have changed in the transaction of the change; one worker at a time
(advisory lock) judges them within a second or so, by the rules that ask for those facts. It reads
the facts after it has taken the changes: what commits later has a row of its own to come. So a
fact and the newest version always meet, whichever comes first, and nobody sweeps over all members.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import tag_facts
from services.member.tag_facts import Known
from services.member.tag_judging import IN_FORCE, Rule, Verdict, in_force, judge, rule_of
from services.member.tags import all_tags
from shared import outbox, telemetry
from shared.contracts.member.tag_rules import TagCause, TagsRevised

LIMIT = 500
"""Changes, members due, or members of a run, in one transaction."""
SAMPLE = 20

log = structlog.get_logger()


class Change(NamedTuple):
    """A tag that comes or goes."""

    member_id: UUID
    tag: str
    version: int
    given: bool
    cause: TagCause
    facts: dict[str, Any]


class InForce(msgspec.Struct, frozen=True):
    """A version of a rule, as it is written."""

    tag: str
    version: int
    ended: bool
    body: dict[str, Any]
    kinds: dict[str, str]


class Work(msgspec.Struct, frozen=True):
    """What there is to do: the newest versions, whose time has come, whose facts have changed (with
    whom the id stands for since a merge)."""

    rules: list[InForce]
    due: list[tuple[UUID, str]]
    changed: list[tuple[UUID, UUID | None, list[str]]]


class Outcome:
    """What a batch has found, to be written at once."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.changes: list[Change] = []
        self.kept: list[dict[str, Any]] = []
        self.due: list[dict[str, Any]] = []
        self.no_longer_due: list[dict[str, Any]] = []

    def add(self, rule: Rule, known: Known, verdict: Verdict, cause: TagCause) -> None:
        held = known.held.get(rule.tag)
        key = {"member_id": known.id, "tag": rule.tag}
        if verdict.holds != (held is not None):
            self.changes.append(
                Change(known.id, rule.tag, rule.version, verdict.holds, cause, verdict.facts)
            )
        elif verdict.holds and held != rule.version:
            self.kept.append(key | {"version": rule.version, "facts": verdict.facts})
        due = known.dues.get(rule.tag)
        if verdict.due_at is None and due is not None:
            self.no_longer_due.append(key)
        elif verdict.due_at is not None and (
            due is None or datetime.fromisoformat(due) != verdict.due_at
        ):
            self.due.append(key | {"due_at": verdict.due_at})

    def write(self, session: Session) -> None:
        if self.changes:
            rows = session.execute(_APPLY, {"now": self.now, "changes": _json(self.changes)})
            outbox.emit(session, *(_told(row) for row in rows))
        if self.kept or self.due or self.no_longer_due:
            session.execute(
                _KEEP,
                {
                    "kept": _json(self.kept),
                    "due": _json(self.due),
                    "gone": _json(self.no_longer_due),
                },
            )


def step(session: Session, now: datetime) -> bool:
    """Judge some of those who have changed or are due, then some of the run that is next.

    Returns whether there may be more to do. One replica at a time does it.
    """
    look = session.execute(_LOOK, {"now": now}, execution_options=telemetry.UNCOUNTED).one()
    if not look.alone or not (look.changed or look.due or look.run):
        return False
    more = False
    if look.changed or look.due:
        taken = session.execute(_TAKE, {"now": now, "limit": LIMIT}).scalar_one()
        work = msgspec.json.decode(taken, type=Work)
        rules = {row.tag: rule_of(row, row.ended) for row in work.rules}
        outcome = Outcome(now)
        _judge(session, rules, _asked(work, rules), outcome)
        outcome.write(session)
        more = LIMIT in (len(work.due), len(work.changed))
    return (look.run and _advance(session, now)) or more


def _asked(work: Work, rules: dict[str, Rule]) -> dict[UUID, dict[str, TagCause]]:
    """Whom to judge by which rules, and why."""
    asked: dict[UUID, dict[str, TagCause]] = {}
    for member_id, tag in work.due:
        asked.setdefault(member_id, {})[tag] = "time"
    reads = {tag: rule.groups for tag, rule in rules.items() if rule.node is not None}
    for member_id, survivor_id, facts in work.changed:
        # What changes of who was merged changes the survivor, who is judged by the facts of all.
        whom = {member_id, survivor_id or member_id}
        for tag, groups in reads.items():
            if "*" in facts or not groups.isdisjoint(facts):
                for id_ in whom:
                    asked.setdefault(id_, {})[tag] = "change"
    return asked


def _judge(
    session: Session,
    rules: dict[str, Rule],
    asked: dict[UUID, dict[str, TagCause]],
    outcome: Outcome,
) -> None:
    wanted = [rules[tag] for tag in {tag for tags in asked.values() for tag in tags}]
    for known in _read(session, asked, wanted, outcome.now):
        for tag, cause in asked[known.id].items():
            outcome.add(rules[tag], known, judge(rules[tag], known, outcome.now), cause)


def _read(session: Session, ids: Iterable[UUID], rules: list[Rule], now: datetime) -> list[Known]:
    if not rules:
        return []
    parts = frozenset[str]().union(*(rule.parts for rule in rules))
    return tag_facts.read(session, ids, parts, max(rule.days for rule in rules), now)


def _advance(session: Session, now: datetime) -> bool:
    """Judge the next members of the run that is next; whether there may be more runs.

    The rules are read after the run, which may have been published a moment ago.
    """
    run = session.execute(_RUN, {"now": now}).one_or_none()
    if run is None:
        return False
    rules = in_force(session, now)
    if run.kind == "rule" and run.version != rules[run.tag].version:
        session.execute(_STATE, {"id": run.id, "state": "replaced"})
        return True
    rule = rules[run.tag] if run.kind == "rule" else rule_of(run, ended=False)
    # An ended rule asks for nothing: only those it still has to do with are looked up.
    statement = _NEXT_HELD if rule.node is None else _NEXT
    asked = {"after": run.last_id, "limit": LIMIT}
    if rule.node is None:
        asked["tag"] = run.tag
    ids = list(session.scalars(statement, asked))
    outcome, figures = Outcome(now), {"matched": 0, "given": 0, "taken": 0}
    sample = list(run.sample_ids)
    for known in tag_facts.read(session, ids, rule.parts, rule.days, now):
        verdict = judge(rule, known, now)
        held = rule.tag in known.held
        figures["matched"] += verdict.holds
        figures["given"] += verdict.holds and not held
        figures["taken"] += held and not verdict.holds
        if verdict.holds and len(sample) < SAMPLE:
            sample.append(known.id)
        if run.kind == "rule":
            outcome.add(rule, known, verdict, "rule")
    outcome.write(session)
    done = len(ids) < LIMIT
    progress = {
        "id": run.id, "last_id": ids[-1] if ids else run.last_id, "looked_at": len(ids),
        "sample_ids": sample, "state": "done" if done else "running",
        "ended": rule.node is None, "tag": run.tag, **figures,
    }  # fmt: skip
    session.execute(_PROGRESS, progress)
    if done:
        log.info("members judged", kind=run.kind, version=run.version)
    return True


def _told(row: Any) -> tuple[TagsRevised, UUID, int]:
    tags = all_tags(row.tags, row.rule_tags)
    event = TagsRevised(member_id=row.id, version=row.event_sequence, tags=tags)
    return event, row.id, row.event_sequence


def _json(rows: list[Any]) -> str:
    plain = [each._asdict() if isinstance(each, Change) else each for each in rows]
    return msgspec.json.encode(plain).decode()


_LOOK = text("""
SELECT pg_try_advisory_xact_lock(hashtext('tags.rules')) AS alone,
    EXISTS (SELECT FROM tag_changes) AS changed,
    EXISTS (SELECT FROM tag_dues WHERE due_at <= :now) AS due,
    EXISTS (SELECT FROM tag_runs WHERE state IN ('waiting', 'running') AND starts_at <= :now)
        AS run
""")
_TAKE = text(f"""
WITH taken AS (
    DELETE FROM tag_changes WHERE id = ANY(ARRAY(
        SELECT id FROM tag_changes ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    )) RETURNING member_id, facts
), due AS (
    SELECT member_id, tag FROM tag_dues WHERE due_at <= :now ORDER BY due_at LIMIT :limit
), rules AS ({IN_FORCE})
SELECT CAST(json_build_object(
    'rules', (SELECT coalesce(json_agg(rules), '[]') FROM rules),
    'due', (SELECT coalesce(json_agg(json_build_array(member_id, tag)), '[]') FROM due),
    'changed', (SELECT coalesce(json_agg(json_build_array(taken.member_id, m.survivor_id, facts)),
        '[]') FROM taken LEFT JOIN members AS m ON m.id = taken.member_id)
) AS text)
""")
_RUN = text("""
SELECT * FROM tag_runs WHERE state IN ('waiting', 'running') AND starts_at <= :now
ORDER BY kind = 'rule', starts_at, id LIMIT 1 FOR UPDATE
""")
_STATE = text("UPDATE tag_runs SET state = :state WHERE id = :id")
_NEXT = text("""
SELECT id FROM members WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)
ORDER BY id LIMIT :limit
""")
_NEXT_HELD = text("""
SELECT member_id FROM (
    SELECT member_id FROM rule_tags WHERE tag = :tag
    UNION SELECT member_id FROM tag_dues WHERE tag = :tag
) AS concerned WHERE CAST(:after AS uuid) IS NULL OR member_id > CAST(:after AS uuid)
ORDER BY member_id LIMIT :limit
""")
# How many there are is counted when the run begins; what an ended rule has to do with is few.
_PROGRESS = text("""
UPDATE tag_runs SET state = :state, last_id = :last_id,
    looked_at = looked_at + :looked_at, matched = matched + :matched, given = given + :given,
    taken = taken + :taken, sample_ids = :sample_ids,
    members = CASE WHEN :state = 'done' THEN looked_at + :looked_at WHEN state = 'running'
        THEN members WHEN :ended THEN (SELECT count(*) FROM rule_tags WHERE tag = :tag)
        ELSE (SELECT count(*) FROM members) END
WHERE id = :id
""")
# Members are locked in the order of their ids, as everybody does who takes several.
_APPLY = text("""
WITH told AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:changes AS jsonb)) AS c
        (member_id uuid, tag text, version int, given bool, cause text, facts jsonb)
), locked AS MATERIALIZED (
    SELECT id, rule_tags FROM members WHERE id IN (SELECT member_id FROM told)
    ORDER BY id FOR NO KEY UPDATE
), put AS (
    INSERT INTO rule_tags (member_id, tag, version, since, facts)
    SELECT member_id, tag, version, :now, facts FROM told WHERE given
), taken AS (
    DELETE FROM rule_tags AS r USING told
    WHERE NOT told.given AND r.member_id = told.member_id AND r.tag = told.tag
), noted AS (
    INSERT INTO tag_history (member_id, tag, version, given, at, cause)
    SELECT member_id, tag, version, given, :now, cause FROM told
)
UPDATE members SET event_sequence = members.event_sequence + 1, rule_tags = ARRAY(
    (SELECT unnest(locked.rule_tags) EXCEPT
     SELECT tag FROM told WHERE told.member_id = locked.id AND NOT given)
    UNION SELECT tag FROM told WHERE told.member_id = locked.id AND given)
FROM locked WHERE members.id = locked.id
RETURNING members.id, members.tags, members.rule_tags, members.event_sequence
""")
_KEEP = text("""
WITH kept AS (
    UPDATE rule_tags AS r SET version = k.version, facts = k.facts
    FROM jsonb_to_recordset(CAST(:kept AS jsonb)) AS k
        (member_id uuid, tag text, version int, facts jsonb)
    WHERE r.member_id = k.member_id AND r.tag = k.tag
), gone AS (
    DELETE FROM tag_dues AS d
    USING jsonb_to_recordset(CAST(:gone AS jsonb)) AS g(member_id uuid, tag text)
    WHERE d.member_id = g.member_id AND d.tag = g.tag
)
INSERT INTO tag_dues (member_id, tag, due_at)
SELECT member_id, tag, due_at FROM jsonb_to_recordset(CAST(:due AS jsonb))
    AS d(member_id uuid, tag text, due_at timestamptz)
ON CONFLICT (member_id, tag) DO UPDATE SET due_at = excluded.due_at
""")
