"""Members are compared as they change: whoever shares a key with them, and nobody else (M11).

Triggers write down whose facts have changed in the transaction of the change; one worker at a time
(advisory lock) compares them within seconds. What it reads it reads after it has taken the changes:
what commits later has a row of its own to come. A new version of the rule, and members from before
there was any of this, are gone through once, some hundreds at a time. While a file is brought in it
rests, and goes on when that is over.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.member import calendars, duplicate_rules, likeness
from services.member.likeness import Born, Finding, Person
from services.member.phones import Keyring
from services.member.values import searchable
from shared import telemetry
from shared.contracts.member.birthdays import Birthday
from shared.contracts.member.duplicates import DuplicateRule
from shared.ids import new_id

LIMIT = 200
"""Members compared in one transaction."""
Pair = tuple[UUID, UUID]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing two open members came to; `evidence`: keyed hashes of what speaks for it."""

    score: int
    reasons: list[tuple[str, int]]
    evidence: list[int]
    proposed: bool


class Outcome:
    """What a batch has found, to be written at once."""

    def __init__(self, now: datetime, version: int) -> None:
        self.now = now
        self.version = version
        self.rows: list[dict[str, Any]] = []
        self.gone: list[UUID] = []

    def put(self, one: Person, other: Person, verdict: Verdict, row: Row[Any] | None) -> None:
        """Have a pair proposed; `row`: as it is now."""
        first, second = sorted((one, other), key=lambda each: each.id)
        self.rows.append(
            {
                "id": row.id if row else new_id(),
                "first_id": first.id,
                "second_id": second.id,
                "first_home_id": first.home_store_id,
                "second_home_id": second.home_store_id,
                "version": row.version if row else 1,
                "found_at": row.found_at if row and row.state == "open" else self.now,
                "score": verdict.score,
                "reasons": verdict.reasons,
                "evidence": verdict.evidence,
            }
        )

    def write(self, session: Session) -> None:
        if self.rows or self.gone:
            rows = msgspec.json.encode(self.rows).decode()
            parameters = {"rows": rows, "gone": self.gone, "rule_version": self.version}
            session.execute(_WRITE, parameters)


def step(session: Session, keys: Keyring, now: datetime) -> bool:
    """Compare some of those who have changed, else some of those a new version has not met yet.

    Returns whether there may be more to do. One replica at a time does it.
    """
    look = session.execute(_LOOK, execution_options=telemetry.UNCOUNTED).one()
    if not look.alone or look.importing or not (look.changed or look.run):
        return False
    if look.changed:
        changed = list(session.scalars(_TAKE, {"limit": LIMIT}))
        compare(session, keys, changed, now)
        return True
    run = session.execute(_RUN).one()
    ids = list(session.scalars(_NEXT, {"after": run.last_id, "limit": LIMIT}))
    compare(session, keys, ids, now)
    last_id = ids[-1] if ids else run.last_id
    session.execute(_PROGRESS, {"last_id": last_id, "done": len(ids) < LIMIT})
    return True


def compare(session: Session, keys: Keyring, ids: Iterable[UUID], now: datetime) -> None:
    """Keep what these members, or whoever they stand for, are looked up by, and propose those who
    are probably one person with them; take back what is no longer so."""
    version, rule = duplicate_rules.in_force(session)
    standing = session.execute(_STANDING, {"ids": list(ids)}).all()
    people = read(session, keys, {row.open_id for row in standing if row.open_id})
    closed = [row.id for row in standing if row.id not in people]
    _keep_keys(session, keys, people.values(), closed)
    pairs = _alike(session, keys, people.values(), rule.block_limit)
    known = _known(session, [*closed, *(id_ for each in people.values() for id_ in each.ids)])
    pairs |= {pair for pair, row in known.items() if row.state == "open"}
    others = {id_ for pair in pairs for id_ in pair} - people.keys() - set(closed)
    people |= read(session, keys, others)
    outcome = Outcome(now, version)
    apart = _dismissed(people.values(), known)
    for pair in sorted(pairs):
        row = known.get(pair)
        one, other = people.get(pair[0]), people.get(pair[1])
        verdict = judge(keys, one, other, rule) if one and other else None
        if verdict is None or not verdict.proposed:
            outcome.gone += [row.id] if row is not None and row.state == "open" else []
        elif not set(verdict.evidence) <= apart.get(pair, set()) and one and other:
            outcome.put(one, other, verdict, row)
    outcome.write(session)


def judge(keys: Keyring, one: Person, other: Person, rule: DuplicateRule) -> Verdict:
    """Whether two are to be proposed, and why."""
    found = likeness.findings(one, other, rule)
    score = likeness.score(found)
    return Verdict(
        score=score,
        reasons=[(each.code, each.points) for each in found],
        evidence=sorted(_hashed(keys, each) for each in found if each.points > 0),
        proposed=score >= rule.propose_from,
    )


def read(session: Session, keys: Keyring, ids: Iterable[UUID]) -> dict[UUID, Person]:
    """What is compared of these members, each with what of others was merged into it; those who
    are no longer open are left out."""
    asked = sorted(ids)
    if not asked:
        return {}
    groups: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(_PROFILES, {"ids": asked}):
        groups[row.person].append(row)
    all_ids = [row.id for rows in groups.values() for row in rows]
    linked: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(_IDENTIFIERS, {"ids": all_ids}):
        linked[row.member_id].append(row)
    related: dict[UUID, set[UUID]] = defaultdict(set)
    for row in session.execute(_RELATIVES, {"ids": all_ids}):
        related[row.member_id].add(row.linked_member_id)
    people = {}
    for person, rows in groups.items():
        head = next((row for row in rows if row.id == person), None)
        if head is not None:
            identifiers = [each for row in rows for each in linked[row.id]]
            relatives = set[UUID]().union(*(related[row.id] for row in rows))
            people[person] = _person(keys, head, rows, identifiers, relatives)
    return people


def _person(
    keys: Keyring,
    head: Row[Any],
    rows: Sequence[Row[Any]],
    identifiers: Sequence[Row[Any]],
    relatives: set[UUID],
) -> Person:
    values: dict[str, list[str]] = defaultdict(list)
    for each in identifiers:
        values[each.kind].append(keys.decrypt(each.cipher, each.member_id))
    wechats = [searchable(row.wechat) for row in rows if row.wechat]
    return Person(
        id=head.id,
        ids=[row.id for row in rows],
        names=sorted({row.search_name for row in rows}),
        born=[born for row in rows if (born := _born(row)) is not None],
        phones=sorted(values["phone"]),
        wechats=sorted(set(wechats)),
        emails=sorted(values["email"]),
        accounts=sorted(values["shop_account"]),
        home_store_id=head.home_store_id,
        city=searchable(head.city) if head.city else None,
        height_cm=head.height_cm,
        gender=head.gender,
        relatives=relatives,
    )


def _born(row: Row[Any]) -> Born | None:
    if row.month is None:
        on: date | None = row.birthday
        return None if on is None else Born("solar", on.month, on.day, False, on)
    given = Birthday(
        calendar=row.calendar, month=row.month, day=row.day, leap_month=row.leap_month,
        year=row.year,
    )  # fmt: skip
    return Born(row.calendar, row.month, row.day, row.leap_month, calendars.date_of_birth(given))


def _keep_keys(
    session: Session, keys: Keyring, people: Iterable[Person], closed: Sequence[UUID]
) -> None:
    """Have these people looked up by what they have now, and those who are not open by nothing."""
    rows, ids = [], list(closed)
    for person in people:
        ids += person.ids
        hashed = {keys.block_of(key) for key in likeness.keys_of(person)}
        rows += [{"key": key, "member_id": person.id} for key in sorted(hashed)]
    session.execute(_KEYS, {"ids": ids, "rows": msgspec.json.encode(rows).decode()})


def _alike(
    session: Session, keys: Keyring, people: Iterable[Person], block_limit: int
) -> set[Pair]:
    """Whom each of these is to be compared with; not those whom only too common a key joins."""
    asked: dict[int, set[UUID]] = defaultdict(set)
    numbers: dict[bytes, set[UUID]] = defaultdict(set)
    for person in people:
        for key in likeness.lookups_of(person):
            asked[keys.block_of(key)].add(person.id)
        for number in likeness.phones_meant(person):
            numbers[keys.hash_of(number)].add(person.id)
    pairs: set[Pair] = set()
    parameters = {"keys": sorted(asked), "limit": block_limit + 1}
    for row in session.execute(_SHARED, parameters):
        if len(row.ids) <= block_limit:
            pairs |= {_pair(one, id_) for one in asked[row.key] for id_ in row.ids if one != id_}
    for row in session.execute(_NUMBERS, {"hashes": list(numbers)}) if numbers else ():
        pairs |= {_pair(one, row.person) for one in numbers[row.hash] if one != row.person}
    return pairs


def _known(session: Session, ids: list[UUID]) -> dict[Pair, Row[Any]]:
    rows = session.execute(_ROWS, {"ids": ids})
    return {(row.first_id, row.second_id): row for row in rows}


def _dismissed(people: Iterable[Person], known: dict[Pair, Row[Any]]) -> dict[Pair, set[int]]:
    """What did not convince whoever dismissed two, under any of the ids they have."""
    person_of = {id_: person.id for person in people for id_ in person.ids}
    apart: dict[Pair, set[int]] = defaultdict(set)
    for (first, second), row in known.items():
        if row.state == "dismissed":
            pair = _pair(person_of.get(first, first), person_of.get(second, second))
            apart[pair] |= set(row.evidence)
    return apart


def _hashed(keys: Keyring, finding: Finding) -> int:
    return keys.block_of(f"evidence {finding.code} {finding.rests_on}")


def _pair(one: UUID, other: UUID) -> Pair:
    return (one, other) if one < other else (other, one)


_LOOK = text("""
SELECT pg_try_advisory_xact_lock(hashtext('member.duplicates')) AS alone,
    EXISTS (SELECT FROM duplicate_changes) AS changed,
    EXISTS (SELECT FROM duplicate_run WHERE NOT done) AS run,
    EXISTS (SELECT FROM imports WHERE state = 'running' AND done < rows) AS importing
""")
_TAKE = text("""
WITH taken AS (
    DELETE FROM duplicate_changes WHERE id = ANY(ARRAY(
        SELECT id FROM duplicate_changes ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    )) RETURNING member_id
) SELECT DISTINCT member_id FROM taken
""")
_RUN = text("SELECT * FROM duplicate_run FOR UPDATE")
_NEXT = text("""
SELECT id FROM members WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)
ORDER BY id LIMIT :limit
""")
_PROGRESS = text("UPDATE duplicate_run SET last_id = :last_id, done = :done")
_STANDING = text("""
SELECT m.id, CASE WHEN m.erased_at IS NULL THEN coalesce(m.survivor_id, m.id) END AS open_id
FROM members AS m WHERE m.id = ANY(:ids)
""")
_PROFILES = text("""
SELECT coalesce(m.survivor_id, m.id) AS person, m.id, m.search_name, m.wechat, m.city, m.height_cm,
    m.gender, m.home_store_id, m.birthday, b.calendar, b.month, b.day, b.leap_month, b.year
FROM members AS m LEFT JOIN birthdays AS b ON b.member_id = m.id
WHERE (m.id = ANY(:ids) AND m.survivor_id IS NULL OR m.survivor_id = ANY(:ids))
    AND m.erased_at IS NULL ORDER BY m.id
""")
_IDENTIFIERS = text("""
SELECT member_id, kind, cipher FROM identifiers
WHERE member_id = ANY(:ids) AND kind IN ('phone', 'email', 'shop_account')
""")
_RELATIVES = text("""
SELECT member_id, linked_member_id FROM relatives
WHERE member_id = ANY(:ids) AND linked_member_id IS NOT NULL
""")
_KEYS = text("""
WITH wanted AS (
    SELECT key, member_id FROM json_to_recordset(CAST(:rows AS json)) AS w
        (key bigint, member_id uuid)
), gone AS (
    DELETE FROM duplicate_keys AS k WHERE member_id = ANY(:ids) AND NOT EXISTS (
        SELECT FROM wanted WHERE wanted.key = k.key AND wanted.member_id = k.member_id)
) INSERT INTO duplicate_keys (key, member_id) SELECT key, member_id FROM wanted
ON CONFLICT DO NOTHING
""")
# One more than the limit tells that a key is too common.
_SHARED = text("""
SELECT asked.key, shared.ids FROM unnest(CAST(:keys AS bigint[])) AS asked(key)
CROSS JOIN LATERAL (SELECT array_agg(member_id) AS ids FROM (
    SELECT member_id FROM duplicate_keys WHERE key = asked.key LIMIT :limit
) AS few) AS shared WHERE shared.ids IS NOT NULL
""")
_NUMBERS = text("""
SELECT i.hash, coalesce(m.survivor_id, m.id) AS person FROM identifiers AS i
JOIN members AS m ON m.id = i.member_id WHERE i.kind = 'phone' AND i.hash = ANY(:hashes)
""")
_ROWS = text("SELECT * FROM duplicates WHERE first_id = ANY(:ids) OR second_id = ANY(:ids)")
# What was decided meanwhile stands: a proposal is written over only as the comparison found it.
_WRITE = text("""
WITH gone AS (
    DELETE FROM duplicates WHERE id = ANY(:gone) AND state = 'open'
) INSERT INTO duplicates AS d (id, first_id, second_id, first_home_id, second_home_id, state,
    version, score, reasons, evidence, rule_version, found_at)
SELECT id, first_id, second_id, first_home_id, second_home_id, 'open', version, score, reasons,
    evidence, :rule_version, found_at
FROM json_to_recordset(CAST(:rows AS json)) AS r(id uuid, first_id uuid, second_id uuid,
    first_home_id uuid, second_home_id uuid, version int, score int, reasons jsonb,
    evidence bigint[], found_at timestamptz)
ON CONFLICT (first_id, second_id) DO UPDATE SET first_home_id = excluded.first_home_id,
    second_home_id = excluded.second_home_id, state = 'open', score = excluded.score,
    reasons = excluded.reasons, evidence = excluded.evidence, found_at = excluded.found_at,
    rule_version = excluded.rule_version, decided_by = NULL, decided_at = NULL,
    decided_reason = NULL
WHERE d.version = excluded.version AND d.state <> 'merged'
    AND (d.state, d.score, d.reasons, d.evidence, d.rule_version, d.first_home_id,
        d.second_home_id) IS DISTINCT FROM ('open', excluded.score, excluded.reasons,
        excluded.evidence, excluded.rule_version, excluded.first_home_id, excluded.second_home_id)
""")
