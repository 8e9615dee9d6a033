"""Members who are probably one person: seen by who may merge them, accepted by that, or dismissed.

A pair is shown and decided by those within whose scope both are at home, as they alone may merge
them (K40). `comparing` finds the pairs.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from services.member import comparing, duplicate_rules, identifiers
from services.member.models import DuplicateRow, Profile, Store
from services.member.phones import Keyring
from services.member.profiles import one_line
from shared import outbox
from shared.contracts.member.duplicates import (
    WORDS,
    DismissDuplicate,
    Duplicate,
    DuplicateDismissed,
    DuplicateReason,
    ListDuplicates,
)
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller
from shared.stores import find_store, stores_within


def list_duplicates(session: Session, caller: Caller, command: ListDuplicates) -> Page[Duplicate]:
    """Proposals of the caller's stores, the likeliest first; see `ListDuplicates`."""
    table = DuplicateRow
    query = select(table.__table__).where(table.state == command.state)
    for member_id, home_id in (
        (table.first_id, table.first_home_id),
        (table.second_id, table.second_home_id),
    ):
        member, store = aliased(Profile), aliased(Store)
        # Who was merged or erased a moment ago is shown to nobody, nor who moved away.
        query = query.join(
            member,
            (member.id == member_id)
            & (member.home_store_id == home_id)
            & member.survivor_id.is_(None)
            & member.erased_at.is_(None),
        ).join(store, (store.id == home_id) & stores_within(store, caller))
    if command.member_id is not None:
        asked = identifiers.owner_of(session, command.member_id)
        query = query.where(or_(table.first_id == asked, table.second_id == asked))
    if command.after is not None:
        score, id_ = _after(command.after)
        query = query.where(or_(table.score < score, (table.score == score) & (table.id > id_)))
    rows = session.execute(query.order_by(table.score.desc(), table.id).limit(command.first + 1))
    found = [_shown(row) for row in rows]
    return page_of(found, command.first, lambda each: (each.score, str(each.id)))


def dismiss(session: Session, caller: Caller, command: DismissDuplicate) -> Duplicate:
    """Note that two are two, once; see `DismissDuplicate`."""
    reason = one_line(command.reason, "$.reason")
    row = session.execute(_LOCK, {"id": command.id}).one_or_none()
    if row is None or row.state == "merged":
        raise Refusal("UNKNOWN_DUPLICATE")
    for home_id in (row.first_home_id, row.second_home_id):
        if not find_store(session, Store, home_id).within(caller):
            raise Forbidden("FORBIDDEN_SCOPE")
    if row.state == "dismissed":
        return _shown(row)
    parameters = {"id": row.id, "by": caller.id, "reason": reason, "now": datetime.now(UTC)}
    decided = session.execute(_DISMISS, parameters).one()
    event = DuplicateDismissed(
        duplicate_id=row.id,
        member_id=row.first_id,
        other_id=row.second_id,
        score=row.score,
        rule_version=row.rule_version,
    )
    outbox.emit(session, (event, row.id, decided.version))
    return _shown(decided)


def merged(
    session: Session, caller: Caller, survivor_id: UUID, merged_id: UUID, moved_ids: Sequence[UUID]
) -> None:
    """Two are one now: their proposal is accepted, and others of who was merged are no more; the
    survivor is compared anew, with what both have."""
    pair = sorted((survivor_id, merged_id))
    session.execute(_LOCK_OF, {"ids": list(moved_ids)})
    parameters = {
        "ids": list(moved_ids), "first": pair[0], "second": pair[1], "by": caller.id,
        "now": datetime.now(UTC),
    }  # fmt: skip
    session.execute(_MERGED, parameters)


def parted(
    session: Session, keys: Keyring, caller: Caller, ids: tuple[UUID, UUID], reason: str
) -> None:
    """A merge was undone: the two are not proposed again for what is known of them now."""
    people = comparing.read(session, keys, ids)
    first, second = (people[id_] for id_ in sorted(ids))
    version, rule = duplicate_rules.in_force(session)
    verdict = comparing.judge(keys, first, second, rule)
    now = datetime.now(UTC)
    decided: dict[str, Any] = {
        "state": "dismissed", "score": verdict.score, "reasons": verdict.reasons,
        "evidence": verdict.evidence, "rule_version": version, "decided_by": caller.id,
        "decided_at": now, "decided_reason": reason, "first_home_id": first.home_store_id,
        "second_home_id": second.home_store_id,
    }  # fmt: skip
    statement = insert(DuplicateRow).values(
        id=new_id(), first_id=first.id, second_id=second.id, version=2, found_at=now, **decided
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["first_id", "second_id"],
            set_=decided | {"version": DuplicateRow.version + 1},
        )
    )


def _after(cursor: str) -> tuple[int, UUID]:
    score, id_ = decode_cursor(cursor, 2)
    try:
        return int(score), UUID(str(id_))
    except ValueError as error:
        raise InvalidInput("INVALID_CURSOR") from error


def _shown(row: Row[Any]) -> Duplicate:
    dismissed = row.state == "dismissed"
    return Duplicate(
        id=row.id,
        member_id=row.first_id,
        other_id=row.second_id,
        state="dismissed" if dismissed else "open",
        score=row.score,
        reasons=[
            DuplicateReason(code=code, points=points, zh=WORDS[code].zh, en=WORDS[code].en)
            for code, points in row.reasons
        ],
        rule_version=row.rule_version,
        found_at=row.found_at,
        dismissed_by=row.decided_by,
        dismissed_at=row.decided_at,
        dismiss_reason=row.decided_reason,
    )


_LOCK = text("SELECT * FROM duplicates WHERE id = :id FOR UPDATE")
_DISMISS = text(
    "UPDATE duplicates SET state = 'dismissed', version = version + 1, decided_by = :by,"
    " decided_at = :now, decided_reason = :reason WHERE id = :id RETURNING *"
)
# In the order in which proposals are written.
_LOCK_OF = text(
    "SELECT id FROM duplicates WHERE first_id = ANY(:ids) OR second_id = ANY(:ids)"
    " ORDER BY first_id, second_id FOR UPDATE"
)
_MERGED = text(
    """WITH accepted AS (
        UPDATE duplicates SET state = 'merged', version = version + 1, decided_by = :by,
            decided_at = :now, decided_reason = ''
        WHERE first_id = :first AND second_id = :second
    ) DELETE FROM duplicates WHERE state = 'open' AND (first_id, second_id) <> (:first, :second)
        AND (first_id = ANY(:ids) OR second_id = ANY(:ids))"""
)
