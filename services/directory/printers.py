"""Which receipt printer a store has, or one of its devices: versioned, and only in the store's own
network, so that nobody can make the gateway talk to whatever they like."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.directory import scope
from services.directory.models import Device, PrinterVersion
from shared import outbox
from shared.contracts.directory.printers import (
    ListPrinters,
    Printer,
    Printers,
    PrinterSaved,
    SavePrinter,
)
from shared.errors import Refusal
from shared.seal import Caller
from shared.settings import PrinterSettings


def save(session: Session, caller: Caller, command: SavePrinter, now: datetime) -> Printer:
    """The next version of a level; raises `Refusal`, `Forbidden`."""
    scope.require_store(session, caller, command.store_id)
    if command.address is not None and not PrinterSettings().reaches(command.address):
        raise Refusal("PRINTER_ADDRESS", {"address": command.address})
    if command.device_id is not None:
        device = session.get(Device, command.device_id)
        if device is None or device.store_id != command.store_id:
            raise Refusal("UNKNOWN_DEVICE")
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("directory.printers"))))
    content = {name: getattr(command, name) for name in command.__struct_fields__}
    saved = session.get(PrinterVersion, command.id)
    if saved is not None:
        if any(getattr(saved, name) != value for name, value in content.items()):
            raise Refusal("ID_TAKEN")
        return _shown(saved)
    before = _newest(session, command.store_id, command.device_id)
    version = before.version + 1 if before else 1
    made = PrinterVersion(**content, version=version, author_id=caller.id, valid_from=now)
    session.add(made)
    session.flush()
    event = PrinterSaved(
        store_id=made.store_id,
        device_id=made.device_id,
        version=version,
        address=made.address,
        port=made.port,
    )
    outbox.emit(session, (event, f"printer/{made.device_id or made.store_id}", version))
    return _shown(made)


def list_printers(session: Session, caller: Caller, command: ListPrinters) -> Printers:
    """Raises `Refusal("UNKNOWN_STORE")`, `Forbidden("FORBIDDEN_SCOPE")`."""
    scope.find_within(session, caller, command.store_id)
    levels = [_newest(session, command.store_id, None)]
    if command.device_id is not None:
        levels.insert(0, _newest(session, command.store_id, command.device_id))
    return Printers(items=[_shown(level) for level in levels if level and level.address])


def _newest(session: Session, store_id: UUID, device_id: UUID | None) -> PrinterVersion | None:
    return session.scalar(
        select(PrinterVersion)
        .where(
            PrinterVersion.store_id == store_id,
            PrinterVersion.device_id.is_not_distinct_from(device_id),
        )
        .order_by(PrinterVersion.version.desc())
        .limit(1)
    )


def _shown(level: PrinterVersion) -> Printer:
    return Printer(
        store_id=level.store_id,
        device_id=level.device_id,
        version=level.version,
        address=level.address,
        port=level.port,
        paper=level.paper,
        characters=level.characters,
        drawer=level.drawer,
        author_id=level.author_id,
        valid_from=level.valid_from,
    )
