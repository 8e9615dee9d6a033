"""What members have handed in and signed: files taken out, signatures shown; each is told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from services.member import attachments, fields, signatures
from services.member.fields import Owner
from services.member.models import FieldFile, Happening, Profile, Store
from services.member.phones import Keyring
from services.member.profiles import advance, locked
from services.member.views import group_of
from shared import disclosure, outbox
from shared.contracts.member.files import (
    FileDownloaded,
    FilePiece,
    ReadFile,
    ShowSignature,
    Signature,
    SignatureShown,
)
from shared.errors import Refusal
from shared.seal import Caller
from shared.stores import find_store


def read(
    session: Session, keys: Keyring, seal_key: str, caller: Caller, command: ReadFile, now: datetime
) -> FilePiece:
    """A piece of a file; see `ReadFile`."""
    row = session.execute(
        select(FieldFile.__table__).where(FieldFile.id == command.id, FieldFile.sha256.is_not(None))
    ).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_FILE")
    if command.grant is not None:
        if row.member_id not in disclosure.granted(command.grant, seal_key, caller, now):
            raise Refusal("UNKNOWN_FILE")
    else:
        _require_seen(session, caller, row)
        if command.place == 0:
            _tell_download(session, row)
    content = attachments.piece_of(session, keys, row.id, command.place)
    if content is None:
        raise Refusal("UNKNOWN_FILE")
    return FilePiece(file=attachments.shown(row), pieces=row.pieces, content=content)


def show(session: Session, keys: Keyring, caller: Caller, command: ShowSignature) -> Signature:
    """A signature with the words it stands below; see `ShowSignature`."""
    member = locked(session, command.member_id)
    owner_id, kept = member.id, member.fields
    if command.subject == "contact":
        note = _contact(session, caller, member.id, command.owner_id)
        owner_id, kept = note.id, note.fields
    owner = Owner(command.subject, owner_id, "", member.id)
    version, value = fields.signature_of(session, keys, caller, owner, kept, command.key)
    event = SignatureShown(member_id=member.id, owner_id=owner_id, field=command.key)
    outbox.emit(session, (event, member.id, advance(session, member)))
    return Signature(
        key=command.key,
        version=version,
        language=value["language"],
        text=signatures.words(session, command.subject, command.key, version, value),
        notice_version=value.get("notice_version"),
        signed_at=datetime.fromisoformat(value["signed_at"]),
        staff_id=UUID(value["staff_id"]),
        device_id=UUID(value["device_id"]) if value.get("device_id") else None,
        width=value["width"],
        height=value["height"],
        strokes=value["strokes"],
    )


def _contact(
    session: Session, caller: Caller, member_id: UUID, contact_id: UUID | None
) -> Row[Any]:
    """A note of the member, if the caller's scope has its store (K40)."""
    found = session.execute(
        select(Happening.__table__)
        .select_from(Happening)
        .join(Profile, Profile.id == Happening.member_id)
        .where(Happening.id == contact_id, Happening.member_id == group_of(member_id))
    ).one_or_none()
    if found is None or found.store_id is None:
        raise Refusal("UNKNOWN_SIGNATURE")
    if not find_store(session, Store, found.store_id).within(caller):
        raise Refusal("UNKNOWN_SIGNATURE")
    return found


def _require_seen(session: Session, caller: Caller, row: Row[Any]) -> None:
    """Raise UNKNOWN_FILE unless the caller sees the value it stands in, or has just uploaded it."""
    definition = attachments.of_kind(session, row.subject).get(row.key)
    if definition is None or not definition.seen_by(caller):
        raise Refusal("UNKNOWN_FILE")
    if row.used_at is None and row.uploaded_by == caller.id:
        return
    if row.loose_at is not None:
        raise Refusal("UNKNOWN_FILE")
    if row.subject == "contact":
        store_id = session.scalar(select(Happening.store_id).where(Happening.id == row.owner_id))
        if store_id is None or not find_store(session, Store, store_id).within(caller):
            raise Refusal("UNKNOWN_FILE")


def _tell_download(session: Session, row: Row[Any]) -> None:
    count = session.scalar(
        update(FieldFile)
        .where(FieldFile.id == row.id)
        .values(downloads=FieldFile.downloads + 1)
        .returning(FieldFile.downloads)
    )
    event = FileDownloaded(
        file_id=row.id, member_id=row.member_id, subject=row.subject, field=row.key
    )
    outbox.emit(session, (event, row.id, count or 1))
