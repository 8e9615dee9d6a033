"""Imports of members: the file that comes in, the dry run and the run that are asked for (M22).

A file's rows wait encrypted, some hundreds in one piece; `import_work` takes the pieces one by one,
each in a transaction of its own. A piece that is imported is gone, and the rest with the import.
"""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import Row, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.member import columns, consents, definitions
from services.member.models import ImportChunk, ImportFault, ImportKey, ImportRun, Store
from services.member.phones import Keyring
from shared import outbox
from shared.contracts import Done
from shared.contracts.member import fields as field_contract
from shared.contracts.member import imports as contract
from shared.contracts.member.consents import Consent
from shared.contracts.member.imports import (
    ROWS_LIMIT,
    BeginUpload,
    CancelImport,
    Cell,
    CheckImport,
    ColumnMapping,
    EndUpload,
    Fault,
    GetImport,
    ImportChanged,
    ListFaults,
    ListImports,
    MemberImport,
    StageRows,
    StartImport,
    Totals,
)
from shared.errors import Refusal
from shared.paging import Page, decode_cursor, decode_moment, page_of
from shared.seal import Caller, ScopeKind
from shared.stores import require_store

FIRST_ROW = 2
"""The number of the first row below the headers, as people count."""
CHUNK_ROWS = 500
"""Rows of one transaction: the service answers others in between."""
KEEP_DAYS = 7
"""A file that nobody starts is forgotten after so long."""
_SENTENCES = contract.FAULTS | field_contract.ERRORS
_FRESH = {
    "checked": 0,
    "faulty": 0,
    "found": 0,
    "points": 0,
    "principal_minor": 0,
    "bonus_minor": 0,
    "points_left_out": 0,
    "principal_left_out_minor": 0,
    "bonus_left_out_minor": 0,
}


def begin_upload(session: Session, caller: Caller, command: BeginUpload) -> MemberImport:
    """Take note of a file; see `BeginUpload`."""
    columns.check_headers(command.headers)
    session.execute(
        upsert(ImportRun)
        .values(
            id=command.id,
            version=1,
            state="uploading",
            file_name=command.file_name,
            headers=command.headers,
            caller=msgspec.to_builtins(caller),
            scope_kind=caller.scope_kind.value,
            scope_id=caller.scope_id,
        )
        .on_conflict_do_nothing()
    )
    row = session.execute(select(ImportRun.__table__).where(ImportRun.id == command.id)).one()
    mine = msgspec.convert(row.caller, Caller).id == caller.id
    if not mine or row.headers != command.headers:
        raise Refusal("IMPORT_ID_TAKEN")
    return _shown(session, row)


def stage(session: Session, keys: Keyring, caller: Caller, command: StageRows) -> Done:
    """Keep some rows; what is there already stays as it is. After the upload nothing is added."""
    row = _locked(session, caller, command.import_id)
    if row.state != "uploading":
        return Done()
    pieces = []
    for start in range(0, len(command.rows), CHUNK_ROWS):
        first, rows = command.first_row + start, command.rows[start : start + CHUNK_ROWS]
        content = zlib.compress(msgspec.msgpack.encode(rows), 1)
        sealed = keys.lock(content, _piece(command.import_id, first))
        pieces.append(
            {"import_id": row.id, "first_row": first, "rows": len(rows), "content": sealed}
        )
    session.execute(upsert(ImportChunk).values(pieces).on_conflict_do_nothing())
    session.execute(update(ImportRun).where(ImportRun.id == row.id).values(touched_at=func.now()))
    return Done()


def opened(keys: Keyring, chunk: Any) -> list[list[Cell]]:
    """The rows of a piece."""
    content = keys.unlock(chunk.content, _piece(chunk.import_id, chunk.first_row))
    return msgspec.msgpack.decode(zlib.decompress(content), type=list[list[Cell]])


def end_upload(session: Session, caller: Caller, command: EndUpload) -> MemberImport:
    """The file is whole; see `EndUpload`."""
    row = _locked(session, caller, command.import_id)
    if row.state != "uploading":
        if row.digest != command.digest:
            raise Refusal("IMPORT_ID_TAKEN")
        return _shown(session, row)
    if not 0 < command.rows <= ROWS_LIMIT:
        raise Refusal("IMPORT_ROWS", {"limit": ROWS_LIMIT})
    held = session.execute(
        select(
            func.coalesce(func.sum(ImportChunk.rows), 0),
            func.coalesce(func.max(ImportChunk.first_row + ImportChunk.rows), 0),
        ).where(ImportChunk.import_id == row.id)
    ).one()
    # Pieces that overlap or leave a gap would be of another file with the same id.
    if tuple(held) != (command.rows, command.rows + FIRST_ROW):
        raise Refusal("IMPORT_INCOMPLETE")
    return move(session, row, "uploaded", rows=command.rows, digest=command.digest)


def check(session: Session, caller: Caller, command: CheckImport) -> MemberImport:
    """Begin the dry run; see `CheckImport`."""
    row = _locked(session, caller, command.id)
    _require(row, "uploaded", "checking", "checked")
    if command.store_id is not None:
        require_store(session, Store, caller, command.store_id)
    columns.check_mapping(
        command.mapping,
        len(row.headers),
        definitions.in_force(session),
        caller,
        has_store=command.store_id is not None,
    )
    consents.require_fit(session, _asked_of_all(command))
    session.execute(delete(ImportFault).where(ImportFault.import_id == row.id))
    # Who was erased meanwhile is not forgotten by another dry run.
    session.execute(
        delete(ImportKey).where(ImportKey.import_id == row.id, ImportKey.row >= FIRST_ROW)
    )
    session.execute(
        update(ImportChunk).where(ImportChunk.import_id == row.id).values(checked=False)
    )
    plan = msgspec.to_builtins(command)
    return move(session, row, "checking", plan=plan, **_by(session, caller), **_FRESH)


def start(session: Session, caller: Caller, command: StartImport) -> MemberImport:
    """Begin the run; see `StartImport`."""
    row = _locked(session, caller, command.id)
    if row.state in ("running", "finished"):
        return _shown(session, row)
    _require(row, "checked")
    control = msgspec.convert(row.plan["control"], Totals)
    if control != in_file(row):
        raise Refusal(
            "IMPORT_CONTROL_TOTAL",
            {
                "points_stated": control.points_sum,
                "principal_stated_minor": control.principal_minor,
                "bonus_stated_minor": control.bonus_minor,
                "points_found": row.points,
                "principal_found_minor": row.principal_minor,
                "bonus_found_minor": row.bonus_minor,
            },
        )
    before = session.scalar(
        select(ImportRun.id).where(
            ImportRun.digest == row.digest,
            ImportRun.id != row.id,
            ImportRun.state.in_(("running", "finished")),
        )
    )
    if before is not None:
        raise Refusal("IMPORT_FILE_KNOWN", {"import_id": before})
    return move(session, row, "running", **_by(session, caller))


def cancel(session: Session, caller: Caller, command: CancelImport) -> MemberImport:
    """Stop an import and forget its file; see `CancelImport`."""
    row = _locked(session, caller, command.id)
    if row.state == "cancelled":
        return _shown(session, row)
    if row.state == "finished":
        raise Refusal("IMPORT_STATE", {"state": row.state})
    forget_rows(session, row.id)
    return move(session, row, "cancelled", **_by(session, caller))


def get(session: Session, caller: Caller, command: GetImport) -> MemberImport:
    """One import, as far as it is."""
    return _shown(session, _found(session, caller, command.id))


def list_imports(session: Session, caller: Caller, command: ListImports) -> Page[MemberImport]:
    """Newest first; see `ListImports`."""
    statement = select(ImportRun.__table__).order_by(
        ImportRun.created_at.desc(), ImportRun.id.desc()
    )
    if caller.scope_kind is not ScopeKind.CHAIN:
        statement = statement.where(
            ImportRun.scope_kind == caller.scope_kind.value, ImportRun.scope_id == caller.scope_id
        )
    if command.after is not None:
        key = tuple_(ImportRun.created_at, ImportRun.id)
        statement = statement.where(key < tuple_(*decode_moment(command.after)))
    rows = session.execute(statement.limit(command.first + 1)).all()
    items = [_shown(session, row) for row in rows]
    return page_of(items, command.first, lambda each: (each.created_at.isoformat(), str(each.id)))


def list_faults(session: Session, caller: Caller, command: ListFaults) -> Page[Fault]:
    """In the order of the file; see `ListFaults`."""
    row = _found(session, caller, command.import_id)
    key = tuple_(ImportFault.row, ImportFault.position)
    statement = select(ImportFault.__table__).where(ImportFault.import_id == row.id)
    if command.after is not None:
        statement = statement.where(key > tuple_(*map(int, decode_cursor(command.after, 2))))
    ordered = statement.order_by(ImportFault.row, ImportFault.position)
    rows = session.execute(ordered.limit(command.first + 1)).all()
    page = page_of(rows, command.first, lambda each: (each.row, each.position))
    items = [_said(row.headers, each) for each in page.items]
    return Page(items=items, cursors=page.cursors, has_next=page.has_next)


def move(session: Session, row: Row[Any], state: str, **values: Any) -> MemberImport:
    """Change the state of a locked import, and tell of it."""
    changed = session.execute(
        update(ImportRun)
        .where(ImportRun.id == row.id)
        .values(state=state, version=row.version + 1, touched_at=func.now(), **values)
        .returning(ImportRun.__table__)
    ).one()
    shown = _shown(session, changed)
    event = ImportChanged(
        import_id=shown.id,
        version=shown.version,
        state=shown.state,
        rows=shown.rows,
        faulty=shown.faulty,
        created=shown.created,
        filled=shown.filled,
        control=shown.control,
        booked=shown.booked,
    )
    outbox.emit(session, (event, shown.id, shown.version))
    return shown


def forget_rows(session: Session, import_id: UUID) -> None:
    """What was in the file is gone; what is wrong with it stays, as that names nobody."""
    session.execute(delete(ImportChunk).where(ImportChunk.import_id == import_id))
    session.execute(delete(ImportKey).where(ImportKey.import_id == import_id))


def forget_abandoned(session: Session, now: datetime) -> int:
    """Cancel imports that nobody has touched for a week; returns how many."""
    rows = session.execute(
        select(ImportRun.__table__)
        .where(
            ImportRun.state.in_(("uploading", "uploaded", "checked")),
            ImportRun.touched_at < now - timedelta(days=KEEP_DAYS),
        )
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        forget_rows(session, row.id)
        move(session, row, "cancelled")
    return len(rows)


def add_faults(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(ImportFault).values(list(rows)))


def in_file(row: Row[Any]) -> Totals:
    """What the rows that can be imported add up to."""
    return Totals(
        points_sum=row.points, principal_minor=row.principal_minor, bonus_minor=row.bonus_minor
    )


def _asked_of_all(command: CheckImport) -> list[Consent]:
    """What people are said to have agreed to; a version that never was in force proves nothing."""
    given = [("membership", command.notice_version)]
    if any(each.target == "marketing" for each in command.mapping):
        given.append(("marketing", command.marketing_notice_version or command.notice_version))
    return [
        msgspec.convert(
            {"purpose": purpose, "notice_version": version, "granted": True, "proof": "import"},
            Consent,
        )
        for purpose, version in given
    ]


def _piece(import_id: UUID, first_row: int) -> UUID:
    """What a piece's encryption is bound to."""
    return uuid5(import_id, str(first_row))


def _by(session: Session, caller: Caller) -> dict[str, Any]:
    return {"caller": msgspec.to_builtins(caller), "seal": session.info.get("caller")}


def _locked(session: Session, caller: Caller, import_id: UUID) -> Row[Any]:
    return _found(session, caller, import_id, lock=True)


def _found(session: Session, caller: Caller, import_id: UUID, *, lock: bool = False) -> Row[Any]:
    """An import the caller may see; raises `Refusal("UNKNOWN_IMPORT")`."""
    statement = select(ImportRun.__table__).where(ImportRun.id == import_id)
    row = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_IMPORT")
    own = (caller.scope_kind.value, caller.scope_id) == (row.scope_kind, row.scope_id)
    if not own and caller.scope_kind is not ScopeKind.CHAIN:
        raise Refusal("UNKNOWN_IMPORT")
    return row


def _require(row: Row[Any], *states: str) -> None:
    if row.state not in states:
        raise Refusal("IMPORT_STATE", {"state": row.state})


def _said(headers: list[str], row: Row[Any]) -> Fault:
    zh, en = _SENTENCES[row.code].said(row.parameters)
    column = row.column
    return Fault(
        row=row.row,
        column=column,
        header=headers[column] if column is not None else None,
        code=row.code,
        message_zh=zh,
        message_en=en,
    )


def _shown(session: Session, row: Row[Any]) -> MemberImport:
    plan = msgspec.convert(row.plan, CheckImport) if row.plan else None
    proposal: list[ColumnMapping] = []
    if plan is None:
        proposal = columns.proposed(row.headers, definitions.in_force(session))
    return MemberImport(
        id=row.id,
        version=row.version,
        state=row.state,
        file_name=row.file_name,
        headers=row.headers,
        proposal=proposal,
        mapping=plan.mapping if plan else [],
        existing=plan.existing if plan else "skip",
        currency=plan.currency if plan else "CNY",
        author_id=msgspec.convert(row.caller, Caller).id,
        created_at=row.created_at,
        finished_at=row.finished_at,
        rows=row.rows,
        checked=row.checked,
        faulty=row.faulty,
        found=row.found,
        done=row.done,
        created=row.created,
        filled=row.filled,
        control=plan.control if plan else Totals(),
        in_file=in_file(row),
        left_out=Totals(
            points_sum=row.points_left_out,
            principal_minor=row.principal_left_out_minor,
            bonus_minor=row.bonus_left_out_minor,
        ),
        booked=Totals(
            points_sum=row.points_booked,
            principal_minor=row.principal_booked_minor,
            bonus_minor=row.bonus_booked_minor,
        ),
    )
