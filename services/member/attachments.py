"""Files in custom fields: uploaded in pieces, whole or not there, referred to by values, let go.

They are rows of this database and not files beside it: whoever copies the databases has them, an
erasure takes them in its own transaction, and no other server has to be kept. A file is small (a
picture, a scanned form); its pieces are encrypted with the key of phones, each bound to its place.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import definitions
from services.member.definitions import Definition
from services.member.models import FieldFile, FieldFilePiece, Profile
from services.member.phones import Keyring
from services.member.unfit import Unfit
from services.member.values import MEDIA
from shared.contracts import Done
from shared.contracts.member.fields import AttachmentField
from shared.contracts.member.files import (
    AddFilePiece,
    BeginFile,
    EndFile,
    KeptFile,
)
from shared.errors import Forbidden, Refusal
from shared.seal import Caller

LOOSE_DAYS = 7
"""A file that nothing refers to is kept so long: for a form that is not saved yet, and for a value
that was replaced by mistake."""
LOOSE_LIMIT = 50
"""Files that one of staff may have uploaded without saving."""
SWEEP_LIMIT = 200
_MARKS = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}
_TOLD = ("id", "name", "media_type", "size_bytes", "sha256")
_REFERRED = """EXISTS (
    SELECT FROM members m WHERE f.subject = 'member' AND m.id IN (
        SELECT g.id FROM members o JOIN members g ON g.id = coalesce(o.survivor_id, o.id)
            OR g.survivor_id = coalesce(o.survivor_id, o.id) WHERE o.id = f.member_id
    ) AND m.fields -> f.key -> 'value' @> jsonb_build_array(jsonb_build_object('id', f.id))
) OR EXISTS (
    SELECT FROM happenings h WHERE f.subject = 'contact' AND h.id = f.owner_id
        AND h.fields -> f.key -> 'value' @> jsonb_build_array(jsonb_build_object('id', f.id))
)"""
_LET_GO = text(f"DELETE FROM field_files f WHERE id = ANY(:ids) AND NOT ({_REFERRED}) RETURNING id")
_RECOUNT = text(
    f"UPDATE field_files f SET loose_at = CASE WHEN {_REFERRED} THEN NULL"
    " ELSE coalesce(f.loose_at, :now) END"
    " WHERE member_id = ANY(:ids) AND subject = 'member' AND used_at IS NOT NULL"
)
_KEEP = text("UPDATE field_files SET loose_at = NULL WHERE id = ANY(:ids) AND used_at IS NOT NULL")


def begin(session: Session, caller: Caller, command: BeginFile, now: datetime) -> Done:
    """Begin a file; see `BeginFile`."""
    definition = of_kind(session, command.subject).get(command.key)
    if definition is None:
        raise Refusal("UNKNOWN_FIELD", {"key": command.key})
    if not definition.edited_by(caller):
        raise Forbidden("FIELD_FORBIDDEN", {"key": command.key})
    member_id = _stands_for(session, command.member_id)
    owner_id = member_id if command.subject == "member" else command.owner_id
    own = (member_id, command.subject, owner_id, command.key, command.name, caller.id)
    known = _locked(session, command.id)
    if known is not None:
        there = (known.member_id, known.subject, known.owner_id, known.key, known.name)
        if (*there, known.uploaded_by) != own:
            raise Refusal("FILE_ID_TAKEN")
        if known.sha256 is None:
            session.execute(delete(FieldFilePiece).where(FieldFilePiece.file_id == known.id))
            _set(session, known.id, size_bytes=0, pieces=0, media_type=None)
        return Done()
    mine = (FieldFile.uploaded_by == caller.id, FieldFile.used_at.is_(None))
    waiting = session.scalar(
        select(func.count()).select_from(FieldFile).where(*mine, FieldFile.loose_at.is_not(None))
    )
    if (waiting or 0) >= LOOSE_LIMIT:
        raise Refusal("TOO_MANY_FILES", {"limit": LOOSE_LIMIT})
    kind = definition.field.kind
    made = session.scalar(
        insert(FieldFile)
        .values(
            id=command.id,
            member_id=member_id,
            subject=command.subject,
            owner_id=owner_id,
            key=command.key,
            name=command.name,
            field_version=definition.version,
            max_bytes=kind.max_bytes if isinstance(kind, AttachmentField) else 0,
            uploaded_by=caller.id,
            uploaded_at=now,
            loose_at=now,
        )
        .on_conflict_do_nothing()
        .returning(FieldFile.id)
    )
    if made is None:
        raise Refusal("FILE_ID_TAKEN")
    return Done()


def add_piece(session: Session, keys: Keyring, caller: Caller, command: AddFilePiece) -> Done:
    """Keep the next piece; see `AddFilePiece`."""
    row = _own(session, caller, command.id)
    if command.place < row.pieces or row.sha256 is not None:
        if piece_of(session, keys, row.id, command.place) != command.content:
            raise Refusal("FILE_BROKEN")
        return Done()
    if command.place > row.pieces:
        raise Refusal("FILE_BROKEN")
    media_type = row.media_type or _recognised(session, row, command.content)
    size = row.size_bytes + len(command.content)
    if size > row.max_bytes:
        raise Refusal("FILE_TOO_LARGE", {"limit_kb": row.max_bytes // 1024})
    sealed = keys.lock(command.content, _place(row.id, command.place))
    session.execute(
        insert(FieldFilePiece).values(file_id=row.id, place=command.place, content=sealed)
    )
    _set(session, row.id, size_bytes=size, pieces=row.pieces + 1, media_type=media_type)
    return Done()


def end(session: Session, keys: Keyring, caller: Caller, command: EndFile) -> KeptFile:
    """Close a file, if it is what was sent; see `EndFile`."""
    row = _own(session, caller, command.id)
    if row.sha256 is None:
        digest = hashlib.sha256()
        for place in range(row.pieces):
            digest.update(piece_of(session, keys, row.id, place) or b"")
        if not row.pieces or digest.hexdigest() != command.sha256:
            raise Refusal("FILE_BROKEN")
        _set(session, row.id, sha256=command.sha256)
        row = _own(session, caller, command.id)
    if row.sha256 != command.sha256:
        raise Refusal("FILE_BROKEN")
    return shown(row)


def found(
    session: Session,
    definition: Definition,
    group_of: UUID,
    owner_id: UUID,
    given: Any,
    kept: Sequence[dict[str, Any]],
) -> Any:
    """What is given for a field, with what is known of each file; raises `Unfit` for what is no
    whole file that was uploaded for it. `group_of`: whose it is to be."""
    if not given or not isinstance(given, list):
        return given
    known = {each["id"]: each for each in kept}
    ids = [each.get("id") if isinstance(each, dict) else each for each in given]
    wanted = [_uuid(each) for each in ids if each not in known]
    rows = {
        str(row.id): row
        for row in session.execute(
            select(FieldFile.__table__)
            .where(
                FieldFile.id.in_(wanted),
                FieldFile.sha256.is_not(None),
                FieldFile.key == definition.field.key,
                FieldFile.subject == definition.field.subject,
                _of(group_of, owner_id, definition.field.subject),
            )
            .order_by(FieldFile.id)
            .with_for_update()
        )
    }
    kind = definition.field.kind
    result = []
    for each in ids:
        if each in known:
            result.append(known[each])
            continue
        row = rows.get(str(_uuid(each)))
        if row is None:
            raise Unfit("没有这个文件，请重新上传", "there is no such file; upload it again")
        if isinstance(kind, AttachmentField):
            _require_allowed(kind, row.media_type, row.size_bytes)
        result.append({name: _plain(getattr(row, name)) for name in _TOLD})
    return result


def settle(
    session: Session,
    member_id: UUID,
    owner_id: UUID,
    before: dict[str, Any],
    after: dict[str, Any],
    now: datetime,
) -> None:
    """Have files follow the values of a member or contact: what came is used, what went is loose.
    To be called with what is written in the same transaction."""
    had, has = ids_in(before), ids_in(after)
    if has - had:
        session.execute(
            update(FieldFile)
            .where(FieldFile.id.in_(has - had))
            .values(
                member_id=member_id,
                owner_id=owner_id,
                used_at=func.coalesce(FieldFile.used_at, now),
                loose_at=None,
            )
        )
    if had - has:
        session.execute(
            update(FieldFile)
            .where(FieldFile.id.in_(had - has), FieldFile.loose_at.is_(None))
            .values(loose_at=now)
        )


def let_go(session: Session, ids: set[UUID]) -> None:
    """Delete files at once, but those that another value of the same person still refers to."""
    if ids:
        session.execute(_LET_GO, {"ids": sorted(ids)})


def recount(session: Session, member_ids: Sequence[UUID], now: datetime) -> None:
    """See which files of these members a value refers to, after a merge was undone."""
    session.execute(_RECOUNT, {"ids": list(member_ids), "now": now})


def sweep(session: Session, now: datetime) -> bool:
    """Delete what has been loose for a week; whether there may be more. A file that a value refers
    to again (an undone merge, the row of who was merged) is kept."""
    old = FieldFile.loose_at < now - timedelta(days=LOOSE_DAYS)
    ids = session.scalars(
        select(FieldFile.id).where(old).limit(SWEEP_LIMIT).with_for_update(skip_locked=True)
    ).all()
    if ids:
        session.execute(_LET_GO, {"ids": list(ids)})
        session.execute(_KEEP, {"ids": list(ids)})
    return len(ids) == SWEEP_LIMIT


def ids_in(kept: dict[str, Any]) -> set[UUID]:
    """The files that the values of a member or contact refer to."""
    return {
        UUID(each["id"])
        for entry in kept.values()
        if isinstance(entry.get("value"), list)
        for each in entry["value"]
        if isinstance(each, dict) and "id" in each
    }


def of_kind(session: Session, subject: str) -> dict[str, Definition]:
    """The fields of a subject that take files, by their keys."""
    return {
        each.field.key: each
        for each in definitions.in_force(session)
        if each.field.active
        and each.field.subject == subject
        and isinstance(each.field.kind, AttachmentField)
    }


def _recognised(session: Session, row: Row[Any], content: bytes) -> str:
    """What a file is, by its first bytes; raises FILE_KIND for what the field does not take."""
    found = next((kind for kind, mark in _MARKS.items() if content.startswith(mark)), None)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        found = "webp"
    definition = of_kind(session, row.subject).get(row.key)
    kind = definition.field.kind if definition else None
    allowed = kind.kinds if isinstance(kind, AttachmentField) else []
    if found is None or found not in allowed:
        raise Refusal("FILE_KIND", {"kinds": ", ".join(allowed).upper()})
    return MEDIA[found]


def _require_allowed(kind: AttachmentField, media_type: str, size_bytes: int) -> None:
    """What was uploaded by an older version of the field is judged by the newest."""
    if media_type not in {MEDIA[each] for each in kind.kinds}:
        raise Unfit("不接受这种文件", "this kind of file is not taken")
    if size_bytes > kind.max_bytes:
        limit = kind.max_bytes // 1024
        raise Unfit(f"文件最大 {limit} KB", f"a file has at most {limit} KB")


def _stands_for(session: Session, member_id: UUID) -> UUID:
    """The member an id stands for, or will: somebody may be on their way to be registered."""
    row = session.execute(
        select(Profile.survivor_id, Profile.erased_at).where(Profile.id == member_id)
    ).one_or_none()
    if row is not None and row.erased_at is not None:
        raise Refusal("UNKNOWN_MEMBER", {"member_id": member_id})
    return member_id if row is None or row.survivor_id is None else row.survivor_id


def _of(member_id: UUID, owner_id: UUID, subject: str) -> Any:
    group = select(Profile.id).where(Profile.survivor_id == member_id)
    whose = or_(FieldFile.member_id == member_id, FieldFile.member_id.in_(group))
    return whose if subject == "member" else (FieldFile.owner_id == owner_id)


def _own(session: Session, caller: Caller, file_id: UUID) -> Row[Any]:
    """A file that this caller is uploading, or has."""
    row = _locked(session, file_id)
    if row is None or row.uploaded_by != caller.id:
        raise Refusal("UNKNOWN_FILE")
    return row


def _locked(session: Session, file_id: UUID) -> Row[Any] | None:
    wanted = select(FieldFile.__table__).where(FieldFile.id == file_id)
    return session.execute(wanted.with_for_update()).one_or_none()


def _set(session: Session, file_id: UUID, **values: Any) -> None:
    session.execute(update(FieldFile).where(FieldFile.id == file_id).values(**values))


def piece_of(session: Session, keys: Keyring, file_id: UUID, place: int) -> bytes | None:
    """A piece in clear; None: there is none at this place."""
    sealed = session.scalar(
        select(FieldFilePiece.content).where(
            FieldFilePiece.file_id == file_id, FieldFilePiece.place == place
        )
    )
    return None if sealed is None else keys.unlock(sealed, _place(file_id, place))


def _place(file_id: UUID, place: int) -> UUID:
    """What a piece's encryption is bound to."""
    return uuid5(file_id, str(place))


def _uuid(given: Any) -> UUID:
    try:
        return UUID(given)
    except (TypeError, ValueError, AttributeError) as error:
        raise Unfit("应为已上传的文件", "uploaded files are expected") from error


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def shown(row: Row[Any]) -> KeptFile:
    """A file as it is told of."""
    return KeptFile(**{name: getattr(row, name) for name in _TOLD})
