"""Merging two members who are one person, and undoing it (M12, K28, K35, K36).

Nothing of what is kept of a member is written anew: rows keep the id they came with and are read
through the group of the survivor (`views.group_of`). So an undo has only to take back what the
merge itself gave the survivor: what it lacked of the profile, tags, and the stricter consent.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import (
    attachments,
    birthdays,
    consents,
    duplicates,
    erasures,
    fields,
    filling,
    identifiers,
    looking_after,
    timeline,
)
from services.member.filling import Values
from services.member.models import Merge as MergeRow
from services.member.models import Profile, Store
from services.member.phones import Keyring
from services.member.profiles import one_line
from shared import outbox
from shared.contracts import Envelope
from shared.contracts.loyalty.merging import AccountsMerged
from shared.contracts.member import MemberTagged, MemberUpdated
from shared.contracts.member.identity import (
    ListMerges,
    MemberMerged,
    MemberUnmerged,
    Merge,
    MergeMembers,
    MergeOutcome,
    Merges,
    UndoMerge,
)
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller
from shared.stores import find_store

SHOWN_LIMIT = 100
_CHANGED = text(
    "INSERT INTO tag_changes (member_id, facts) SELECT unnest(CAST(:ids AS uuid[])), '{*}'"
)
_NUMBER = text("SELECT nextval('merge_numbers')")


def merge(session: Session, keys: Keyring, caller: Caller, command: MergeMembers) -> Merge:
    """Merge once; see `MergeMembers`."""
    reason = one_line(command.reason, "$.reason")
    earlier = _earlier(session, command, reason)
    if earlier is not None:
        return earlier
    rows = _locked(session, [command.member_id, command.other_id])
    earlier = _earlier(session, command, reason)
    if earlier is not None:
        return earlier
    if len(rows) == 1:
        raise Refusal("ALREADY_ONE")
    _require_scope(session, caller, rows)
    erasures.refuse_open(session, [row.id for row in rows])
    survivor, merged = _survivor_first(session, rows)
    values = filling.values_of(survivor)
    filled = filling.fill(session, keys, values, survivor.id, merged)
    moved_ids = _group(session, merged.id)
    number = session.scalars(_NUMBER).one()
    made = session.scalar(
        insert(MergeRow)
        .values(
            id=command.id,
            survivor_id=survivor.id,
            merged_id=merged.id,
            moved_ids=moved_ids,
            asked_ids=sorted({command.member_id, command.other_id}),
            number=number,
            reason=reason,
            merged_by=caller.id,
            filled=filled,
            consents=consents.be_stricter(session, caller, survivor.id, merged.id),
        )
        .on_conflict_do_nothing()
        .returning(MergeRow.id)
    )
    if made is None:
        raise Refusal("MERGE_ID_TAKEN")
    _stand_for(session, moved_ids, survivor.id)
    duplicates.merged(session, caller, survivor.id, merged.id, moved_ids)
    _judge_again(session, [survivor.id, *moved_ids])
    _write(session, caller, survivor, values, command.id, "merged")
    event = MemberMerged(
        merge_id=command.id,
        merged_id=merged.id,
        survivor_id=survivor.id,
        member_ids=moved_ids,
        number=number,
    )
    outbox.emit(session, (event, command.id, 1))
    return _shown(_row(session, command.id))


def undo(session: Session, keys: Keyring, caller: Caller, command: UndoMerge) -> Merge:
    """Undo a merge once; see `UndoMerge`."""
    reason = one_line(command.reason, "$.reason")
    row = _row(session, command.merge_id)
    heads = _lock(session, [row.survivor_id, row.merged_id])
    if len(heads) < 2:
        raise Refusal("MERGED_ERASED")
    row = _row(session, command.merge_id)
    by_id = {head.id: head for head in heads}
    survivor = by_id[row.survivor_id]
    _require_scope(session, caller, heads)
    if row.undone_at is not None:
        return _shown(row)
    if survivor.survivor_id is not None:
        raise Refusal("MERGE_COVERED")
    erasures.refuse_open(session, [survivor.id])
    number = session.scalars(_NUMBER).one()
    _note(session, row.id, undone_at=datetime.now(UTC), undone_by=caller.id, undo_reason=reason)
    rest = [id_ for id_ in row.moved_ids if id_ != row.merged_id]
    _stand_for(session, [row.merged_id], None)
    _stand_for(session, rest, row.merged_id)
    _judge_again(session, [survivor.id, *row.moved_ids])
    values = filling.values_of(survivor)
    filling.take_back(keys, values, row.filled)
    _fill_from_others(session, keys, survivor, values)
    consents.as_before(session, caller, survivor.id, row.consents)
    _write(session, caller, survivor, values, row.id, "unmerged")
    attachments.recount(session, [survivor.id, *row.moved_ids], datetime.now(UTC))
    duplicates.parted(session, keys, caller, (row.survivor_id, row.merged_id), reason)
    event = MemberUnmerged(
        merge_id=row.id,
        merged_id=row.merged_id,
        survivor_id=row.survivor_id,
        member_ids=row.moved_ids,
        number=number,
    )
    outbox.emit(session, (event, row.id, 2))
    return _shown(_row(session, row.id))


def list_merges(session: Session, caller: Caller, command: ListMerges) -> Merges:
    """The merges behind what a member is now, and those undone."""
    open_ = (Profile.id == command.member_id, Profile.erased_at.is_(None))
    if session.scalar(select(Profile.id).where(*open_)) is None:
        raise Refusal("UNKNOWN_MEMBER", {"member_id": command.member_id})
    group = _group(session, identifiers.owner_of(session, command.member_id))
    took_part = or_(MergeRow.survivor_id.in_(group), MergeRow.merged_id.in_(group))
    newest = select(MergeRow.__table__).where(took_part).order_by(MergeRow.number.desc())
    return Merges(items=[_shown(row) for row in session.execute(newest.limit(SHOWN_LIMIT))])


def on_accounts_merged(session: Session, envelopes: list[Envelope[AccountsMerged]]) -> None:
    """Note what loyalty has booked for merges and undos."""
    for each in sorted(envelopes, key=lambda envelope: envelope.data.merge_id):
        told = each.data
        outcome = MergeOutcome(
            points=told.points,
            principal_minor=told.principal_minor,
            bonus_minor=told.bonus_minor,
            spent_points=told.spent_points,
            spent_wallet_minor=told.spent_wallet_minor,
            kept_currency=told.kept_currency,
        )
        column = "undo_booked" if told.undone else "booked"
        _note(session, told.merge_id, **{column: msgspec.to_builtins(outcome)})


def _earlier(session: Session, command: MergeMembers, reason: str) -> Merge | None:
    """The merge that an equal command made; refuses an id used for something else."""
    row = session.execute(select(MergeRow.__table__).where(MergeRow.id == command.id)).one_or_none()
    if row is None:
        return None
    asked = sorted({command.member_id, command.other_id})
    if (row.asked_ids, row.reason) != (asked, reason):
        raise Refusal("MERGE_ID_TAKEN")
    return _shown(row)


def _locked(session: Session, asked: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The members these ids stand for, locked; one row if it is the same."""
    wanted = set(asked)
    while True:
        rows = _lock(session, wanted)
        for member_id in sorted(wanted - {row.id for row in rows}):
            raise Refusal("UNKNOWN_MEMBER", {"member_id": member_id})
        survivors = {row.survivor_id or row.id for row in rows}
        if survivors == wanted:
            return rows
        wanted = survivors


def _lock(session: Session, ids: Any) -> Sequence[Row[Any]]:
    known = (Profile.id.in_(ids), Profile.erased_at.is_(None))
    statement = select(Profile.__table__).where(*known).order_by(Profile.id)
    return session.execute(statement.with_for_update()).all()


def _require_scope(session: Session, caller: Caller, rows: Sequence[Row[Any]]) -> None:
    """Both have to be at home where the caller may work; whether the store is still open does not
    matter."""
    for row in rows:
        if not find_store(session, Store, row.home_store_id).within(caller):
            raise Forbidden("FORBIDDEN_SCOPE")


def _survivor_first(session: Session, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """The oldest identified member, else the oldest, and the other (K35)."""

    def rank(row: Row[Any]) -> tuple[bool, datetime, UUID]:
        known = identifiers.identified(session, _group(session, row.id))
        return not known, row.registered_at, row.id

    return sorted(rows, key=rank)


def _group(session: Session, member_id: UUID) -> list[UUID]:
    """The ids that stand for an open member, its own too."""
    own = or_(Profile.id == member_id, Profile.survivor_id == member_id)
    return list(session.scalars(select(Profile.id).where(own).order_by(Profile.id)))


def _stand_for(session: Session, member_ids: list[UUID], survivor_id: UUID | None) -> None:
    session.execute(
        update(Profile).where(Profile.id.in_(member_ids)).values(survivor_id=survivor_id)
    )


def _judge_again(session: Session, member_ids: Sequence[UUID]) -> None:
    """Whom a merge or its undo concerns is judged anew by every tag rule."""
    session.execute(_CHANGED, {"ids": sorted(member_ids)})


def _fill_from_others(session: Session, keys: Keyring, survivor: Row[Any], values: Values) -> None:
    """What one merge gave and its undo took, another that still stands may give as well."""
    standing = session.execute(
        select(MergeRow.id, MergeRow.merged_id, MergeRow.filled)
        .where(MergeRow.survivor_id == survivor.id, MergeRow.undone_at.is_(None))
        .order_by(MergeRow.number)
    ).all()
    for each in standing:
        other = session.execute(select(Profile.__table__).where(Profile.id == each.merged_id)).one()
        filled = filling.fill(session, keys, values, survivor.id, other)
        if filling.names_of(filled):
            _note(session, each.id, filled=filling.joined(each.filled, filled))


def _write(
    session: Session,
    caller: Caller,
    survivor: Row[Any],
    values: Values,
    merge_id: UUID,
    kind: str,
) -> None:
    """Write the survivor's profile as it is now, tell what has changed, and put the merge into the
    timeline."""
    changed = {name: v for name, v in values.items() if v != survivor._mapping[name]}
    happened: dict[str, Any] = {"member_id": survivor.id, "at": datetime.now(UTC)}
    who = caller.id if caller.kind == "staff" else None
    told = [happened | {"id": new_id(), "kind": kind, "staff_id": who, "document_id": merge_id}]
    if "associate_id" in changed:
        given = {"id": new_id(), "kind": "handed_over", "staff_id": changed["associate_id"]}
        told.append(happened | given)
    timeline.tell(session, told)
    if not changed:
        return
    if "birthday" in changed:
        _birthday(session, survivor, changed["birthday"])
    version, sequence = survivor.version + 1, survivor.event_sequence + 1
    updated = MemberUpdated(member_id=survivor.id, version=version, fields=sorted(changed))
    events: list[Any] = [(updated, survivor.id, sequence)]
    if "tags" in changed:
        sequence += 1
        tagged = MemberTagged(member_id=survivor.id, version=version, tags=changed["tags"])
        events.append((tagged, survivor.id, sequence))
    if "associate_id" in changed:
        events.append(looking_after.changed(survivor.id, version, changed["associate_id"]))
    if "fields" in changed:
        changed["found_by"] = fields.terms_of(changed["fields"])
    session.execute(
        update(Profile)
        .where(Profile.id == survivor.id)
        .values(version=version, event_sequence=sequence, **changed)
    )
    outbox.emit(session, *events)


def _birthday(session: Session, survivor: Row[Any], birthday: Any) -> None:
    if birthday is None:
        birthdays.forget(session, survivor.id, datetime.now(UTC))
        return
    store = find_store(session, Store, survivor.home_store_id)
    born = birthdays.given(birthday, None)
    birthdays.keep(session, survivor.id, born, store, datetime.now(UTC))


def _row(session: Session, merge_id: UUID) -> Row[Any]:
    row = session.execute(select(MergeRow.__table__).where(MergeRow.id == merge_id)).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_MERGE")
    return row


def _note(session: Session, merge_id: UUID, **values: Any) -> None:
    session.execute(update(MergeRow).where(MergeRow.id == merge_id).values(**values))


def _shown(row: Row[Any]) -> Merge:
    return Merge(
        id=row.id,
        survivor_id=row.survivor_id,
        merged_id=row.merged_id,
        reason=row.reason,
        merged_by=row.merged_by,
        merged_at=row.merged_at,
        filled=filling.names_of(row.filled),
        undone_at=row.undone_at,
        undone_by=row.undone_by,
        undo_reason=row.undo_reason,
        booked=msgspec.convert(row.booked, MergeOutcome | None),
        undo_booked=msgspec.convert(row.undo_booked, MergeOutcome | None),
    )
