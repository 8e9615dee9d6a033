"""The audit log: every audited event of every service with the caller who caused it (X11).

Append-only, and without personal data, since events carry none. A sign-in has no caller yet: who it
was is its subject.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text, tuple_
from sqlalchemy.orm import Session

from services.directory.models import AuditEntry
from services.directory.personal import ONLY_IDS
from shared.contracts import Envelope, Event
from shared.contracts import directory as contract
from shared.errors import Forbidden, InvalidInput
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller, unseal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
UNVERIFIED = "unverified"
"""The caller kind of an event whose seal this service cannot open (the key was changed)."""

# Of somebody erased only ids and figures are kept, also where an event comes late.
_RECORD = text(
    "INSERT INTO audit_entries (event_id, at, caller_kind, caller_id, type, subject, detail)"
    " SELECT event_id, at, caller_kind, caller_id, type, subject, CASE"
    " WHEN detail ->> 'member_id' IN (SELECT CAST(member_id AS text) FROM erased_members)"
    f" THEN {ONLY_IDS} ELSE detail END"
    " FROM jsonb_to_recordset(CAST(:entries AS jsonb)) AS entry (event_id uuid,"
    " at timestamptz, caller_kind text, caller_id uuid, type text, subject text, detail jsonb)"
    " ON CONFLICT (event_id) DO NOTHING"
)


def record(session: Session, envelopes: list[Envelope[Any]], seal_key: str) -> None:
    """One row an event, all in one statement."""
    entries = [_entry(envelope, seal_key) for envelope in envelopes]
    session.execute(_RECORD, {"entries": msgspec.json.encode(entries).decode()})


def list_audit(
    session: Session, caller: Caller, command: contract.ListAudit
) -> Page[contract.AuditEntry]:
    """Newest first. Entries know no store, so only who sees the whole chain may read them."""
    caller.require_chain()
    query = select(AuditEntry)
    filters = {
        AuditEntry.subject: command.subject,
        AuditEntry.caller_id: command.caller_id,
        AuditEntry.type: command.type,
    }
    for column, value in filters.items():
        if value is not None:
            query = query.where(column == value)
    if command.after is not None:
        query = query.where(tuple_(AuditEntry.at, AuditEntry.event_id) < _place(command.after))
    query = query.order_by(AuditEntry.at.desc(), AuditEntry.event_id.desc())
    rows = session.scalars(query.limit(command.first + 1))
    return page_of([_shown(row) for row in rows], command.first, _key)


def _entry(envelope: Envelope[Event], seal_key: str) -> dict[str, Any]:
    kind, caller_id = _caller(envelope.caller, seal_key)
    return {
        "event_id": envelope.id,
        "at": envelope.time,
        "caller_kind": kind,
        "caller_id": caller_id,
        "type": envelope.type,
        "subject": envelope.subject,
        "detail": envelope.data,
    }


def _caller(header: str | None, seal_key: str) -> tuple[str | None, UUID | None]:
    """Kind and id of the sealed caller, however long ago it was sealed."""
    if header is None:
        return None, None
    try:
        caller = unseal(header, seal_key, within_seconds=None)
    except Forbidden:
        return UNVERIFIED, None
    return caller.kind, caller.id


def _key(entry: contract.AuditEntry) -> tuple[int, str]:
    return (entry.at - EPOCH) // MICROSECOND, str(entry.event_id)


def _place(cursor: str) -> tuple[datetime, UUID]:
    at, event_id = decode_cursor(cursor, 2)
    try:
        return EPOCH + int(at) * MICROSECOND, UUID(str(event_id))
    except (ValueError, OverflowError) as error:
        raise InvalidInput("INVALID_CURSOR") from error


def _shown(row: AuditEntry) -> contract.AuditEntry:
    return contract.AuditEntry(
        event_id=row.event_id,
        at=row.at,
        caller_kind=row.caller_kind,
        caller_id=row.caller_id,
        type=row.type,
        subject=row.subject,
        detail=msgspec.json.encode(row.detail).decode(),
    )
