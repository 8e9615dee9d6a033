"""Whom a task can be for: the staff, and who looks after which member.

Directory tells of its staff, member of who looks after whom. When somebody leaves, or a member is
looked after by another associate, or is merged into another, the open tasks go along.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from services.campaign.models import Staff
from services.campaign.task_history import stepped
from shared.contracts import Envelope
from shared.contracts.directory import StaffChanged
from shared.contracts.member import MemberRegistered
from shared.contracts.member.associates import AssociatesChanged, LookedAfter
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
from shared.contracts.member.imports import Arrival, MembersImported
from shared.copies import keep_newest
from shared.errors import Refusal
from shared.stores import Store

FIRST = 1
"""The version of a member who registers."""


def require_at_work(session: Session, store: Store, staff_id: UUID) -> None:
    """Raise UNKNOWN_ASSOCIATE unless they work in the store."""
    asked = {"id": staff_id, "places": [store.id, store.franchisee_id, store.region_id]}
    if session.scalar(_AT_WORK, asked) is None:
        raise Refusal("UNKNOWN_ASSOCIATE", {"associate_id": staff_id})


def on_staff_changed(
    session: Session, envelopes: list[Envelope[StaffChanged]], now: datetime
) -> None:
    """Keep the newest; what those have to do who do not work in its store any more goes to the
    store's staff."""
    newest = {e.data.staff_id: e.data for e in sorted(envelopes, key=lambda e: e.data.version)}
    rows = [
        {"id": each.staff_id, "version": each.version, "scope_kind": each.scope_kind.value,
         "scope_id": each.scope_id, "active": each.active}
        for each in newest.values()
    ]  # fmt: skip
    keep_newest(session, Staff, rows)
    left = session.execute(_LEFT, {"ids": sorted(newest)}).all()
    stepped(session, left, "moved", now)


def on_member_registered(
    session: Session, envelopes: list[Envelope[MemberRegistered]], now: datetime
) -> None:
    """Where somebody is at home, and who looks after them from the first day."""
    keep(session, [_since(FIRST, each.data) for each in envelopes], now)


def on_members_imported(
    session: Session, envelopes: list[Envelope[MembersImported]], now: datetime
) -> None:
    """The same of those who came with imports."""
    told = (each for envelope in envelopes for each in envelope.data.items)
    keep(session, [_since(each.version, each) for each in told], now)


def on_associates_changed(
    session: Session, envelopes: list[Envelope[AssociatesChanged]], now: datetime
) -> None:
    """Keep who looks after whom, and hand the open tasks about these members on to them."""
    keep(session, [each for envelope in envelopes for each in envelope.data.items], now)


def keep(session: Session, told: Iterable[LookedAfter], now: datetime) -> None:
    """Take over who looks after members; older versions change nothing."""
    newest = _newest(told)
    if not newest:
        return
    rows = msgspec.json.encode([newest[id_] for id_ in sorted(newest)]).decode()
    changed = session.execute(_KEEP, {"rows": rows}).all()
    pairs = [(row.id, row.former_id, row.associate_id) for row in changed if row.moved]
    follow(session, pairs, now)


def follow(
    session: Session, changes: Sequence[tuple[UUID, UUID | None, UUID | None]], now: datetime
) -> None:
    """Of each (member, former associate, new one): the open tasks about the member that are the
    former's go to the new one, or to the store's staff where that one does not work."""
    rows = [
        {"member_id": member_id, "former_id": former, "associate_id": associate}
        for member_id, former, associate in changes
        if former is not None
    ]
    if not rows:
        return
    moved = session.execute(_FOLLOW, {"rows": msgspec.json.encode(rows).decode()}).all()
    stepped(session, moved, "moved", now)


def on_member_merged(
    session: Session, envelopes: list[Envelope[MemberMerged]], now: datetime
) -> None:
    """What the associates of merged members had to do for them goes to the survivor's."""
    for row in _parted_or_joined(session, _STAND_FOR, envelopes):
        follow(session, [(row.id, row.associate_id, row.of_survivor)], now)


def on_member_unmerged(
    session: Session, envelopes: list[Envelope[MemberUnmerged]], now: datetime
) -> None:
    """And back, once they are two again."""
    for row in _parted_or_joined(session, _STAND_ALONE, envelopes):
        follow(session, [(row.id, row.of_survivor, row.associate_id)], now)


def _since(version: int, told: MemberRegistered | Arrival) -> LookedAfter:
    return LookedAfter(
        member_id=told.member_id,
        version=version,
        associate_id=told.associate_id,
        home_store_id=told.home_store_id,
    )


def _newest(told: Iterable[LookedAfter]) -> dict[UUID, LookedAfter]:
    """The newest of each member; a home that only an older one names, stays."""
    newest: dict[UUID, LookedAfter] = {}
    for each in sorted(told, key=lambda each: each.version):
        home_store_id = each.home_store_id
        if home_store_id is None and each.member_id in newest:
            home_store_id = newest[each.member_id].home_store_id
        newest[each.member_id] = msgspec.structs.replace(each, home_store_id=home_store_id)
    return newest


def _parted_or_joined(
    session: Session,
    query: TextClause,
    envelopes: Sequence[Envelope[MemberMerged] | Envelope[MemberUnmerged]],
) -> list[Any]:
    """The members of merges whom it concerns as things are now, with both associates."""
    rows: list[Any] = []
    for envelope in envelopes:
        merge = envelope.data
        asked = {"ids": merge.member_ids, "survivor_id": merge.survivor_id}
        rows += session.execute(query, asked).all()
    return rows


_WORKS = """(s.active AND (s.scope_kind = 'chain'
  OR s.scope_id IN (st.id, st.franchisee_id, st.region_id)))"""
_AT_WORK = text(
    "SELECT id FROM staff WHERE id = :id AND active"
    " AND (scope_kind = 'chain' OR scope_id = ANY(CAST(:places AS uuid[])))"
)
_LEFT = text(
    f"""
    UPDATE tasks t SET associate_id = NULL, version = t.version + 1
    FROM staff s, stores st
    WHERE s.id = ANY(CAST(:ids AS uuid[])) AND t.associate_id = s.id AND t.state = 'open'
      AND st.id = t.store_id AND NOT {_WORKS}
    RETURNING t.*
    """
)
# What was before is read and locked first: what is written below waits for it, being sorted.
_KEEP = text(
    """
    WITH told AS (
      SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(member_id uuid, version bigint,
        associate_id uuid, home_store_id uuid)
    ), former AS MATERIALIZED (
      SELECT m.id, m.associate_id FROM members m JOIN told ON told.member_id = m.id
      ORDER BY m.id FOR UPDATE OF m
    ), kept AS (
      INSERT INTO members AS m (id, associate_id, associate_version, home_store_id)
      SELECT member_id, told.associate_id, version, told.home_store_id
      FROM told LEFT JOIN former ON former.id = member_id
      ORDER BY member_id
      ON CONFLICT (id) DO UPDATE SET
        associate_id = CASE WHEN m.associate_version < excluded.associate_version
          THEN excluded.associate_id ELSE m.associate_id END,
        associate_version = greatest(m.associate_version, excluded.associate_version),
        home_store_id = coalesce(m.home_store_id, excluded.home_store_id)
      WHERE m.associate_version < excluded.associate_version
        OR (m.home_store_id IS NULL AND excluded.home_store_id IS NOT NULL)
      RETURNING m.id, m.associate_id
    )
    SELECT kept.id, kept.associate_id, former.associate_id AS former_id,
      kept.associate_id IS DISTINCT FROM former.associate_id AND former.id IS NOT NULL AS moved
    FROM kept LEFT JOIN former ON former.id = kept.id ORDER BY kept.id
    """
)
# A task that somebody's leaving has given to the store's staff was theirs as well.
_FOLLOW = text(
    f"""
    WITH told AS (
      SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(member_id uuid, former_id uuid,
        associate_id uuid)
    ), people AS (
      SELECT m.id, told.former_id, told.associate_id FROM told JOIN members m
        ON m.id = told.member_id OR m.survivor_id = told.member_id
    ), wanted AS MATERIALIZED (
      SELECT t.id, (SELECT s.id FROM staff s, stores st WHERE s.id = people.associate_id
        AND st.id = t.store_id AND {_WORKS}) AS associate_id
      FROM tasks t JOIN people ON people.id = t.member_id
      WHERE t.state = 'open' AND (t.associate_id = people.former_id OR (t.associate_id IS NULL
        AND EXISTS (SELECT FROM task_steps now JOIN task_steps before
          ON before.task_id = now.task_id AND before.number = now.number - 1
          WHERE now.task_id = t.id AND now.number = t.version AND now.act = 'moved'
            AND before.to_id = people.former_id)))
      ORDER BY t.id FOR UPDATE OF t
    )
    UPDATE tasks t SET associate_id = wanted.associate_id, version = t.version + 1
    FROM wanted WHERE t.id = wanted.id AND t.associate_id IS DISTINCT FROM wanted.associate_id
    RETURNING t.*
    """
)
_OF_SURVIVOR = """SELECT m.id, m.associate_id, s.associate_id AS of_survivor
  FROM members m, members s WHERE m.id = ANY(CAST(:ids AS uuid[])) AND s.id = :survivor_id"""
# As things are now: a merge that was undone since, or a later one, is not followed.
_STAND_FOR = text(f"{_OF_SURVIVOR} AND m.survivor_id = s.id ORDER BY m.id")
_STAND_ALONE = text(f"{_OF_SURVIVOR} AND m.survivor_id IS DISTINCT FROM s.id ORDER BY m.id")
