"""What tests of imports share: an importer, a file that is uploaded, checked and run to its end."""

import hashlib
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import import_work, imports
from services.member.phones import Keyring
from shared.contracts import Envelope
from shared.contracts.member.imports import (
    Arrival,
    BeginUpload,
    CheckImport,
    ColumnMapping,
    EndUpload,
    ListFaults,
    MemberImport,
    MembersImported,
    StageRows,
    StartImport,
    Totals,
)
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind

HEADERS = ["姓名", "手机", "门店", "积分", "储值余额", "赠金"]
MAPPING = [
    ColumnMapping(column=column, target=target)
    for column, target in enumerate(("name", "phone", "home_store", "points", "principal", "bonus"))
]


def hq() -> Caller:
    return Caller(
        kind="staff",
        id=new_id(),
        roles=frozenset({Role.HQ_OPERATIONS}),
        scope_kind=ScopeKind.CHAIN,
    )


def row(number: int, store: str = "", points: str = "", **cells: Any) -> list[str | None]:
    """A row of `HEADERS`; its phone follows from its number."""
    return [
        cells.get("name", f"会员{number}"),
        cells.get("phone", f"1380{number:07d}"),
        store,
        points,
        cells.get("principal", ""),
        cells.get("bonus", ""),
    ]


class ImportShop:
    """Imports in one session, as one caller."""

    def __init__(self, session: Session, keys: Keyring, store_id: UUID) -> None:
        self.session = session
        self.keys = keys
        self.store_id = store_id
        self.caller = hq()

    def upload(self, rows: list[list[str | None]], headers: list[str] | None = None) -> UUID:
        import_id = new_id()
        self.begin(import_id, headers or HEADERS)
        self.send(import_id, rows)
        self.end(import_id, rows)
        return import_id

    def begin(self, import_id: UUID, headers: list[str]) -> MemberImport:
        command = BeginUpload(id=import_id, file_name="老会员.csv", headers=headers)
        return imports.begin_upload(self.session, self.caller, command)

    def send(self, import_id: UUID, rows: list[list[str | None]], first: int = 2) -> None:
        command = StageRows(import_id=import_id, first_row=first, rows=rows)
        imports.stage(self.session, self.keys, self.caller, command)

    def end(self, import_id: UUID, rows: list[list[str | None]]) -> MemberImport:
        digest = hashlib.sha256(repr(rows).encode()).hexdigest()
        command = EndUpload(import_id=import_id, rows=len(rows), digest=digest)
        return imports.end_upload(self.session, self.caller, command)

    def check(self, import_id: UUID, **fields: Any) -> MemberImport:
        """The dry run, to its end."""
        given = {"mapping": MAPPING, "store_id": self.store_id, "notice_version": "2025-01"}
        command = CheckImport(id=import_id, **(given | fields))
        imports.check(self.session, self.caller, command)
        self.work()
        return self.get(import_id)

    def start(self, import_id: UUID) -> MemberImport:
        return imports.start(self.session, self.caller, StartImport(id=import_id))

    def run(self, import_id: UUID) -> MemberImport:
        self.start(import_id)
        self.work()
        return self.get(import_id)

    def brought(self, rows: list[list[str | None]], **fields: Any) -> MemberImport:
        """A file that is uploaded, checked with the control total it has, and run."""
        import_id = self.upload(rows)
        checked = self.check(import_id, **fields)
        if checked.control != checked.in_file:
            self.check(import_id, **(fields | {"control": checked.in_file}))
        return self.run(import_id)

    def work(self) -> int:
        """Work until nothing is left to do; returns how many pieces there were."""
        pieces = 0
        while import_work.work(self.session, self.keys):
            pieces += 1
        return pieces

    def told(self) -> list[Arrival]:
        """Those whose arrival was told, in the order of the file."""
        rows = self.session.scalars(
            text("SELECT envelope FROM outbox WHERE type = 'member.members_imported' ORDER BY id")
        )
        each = (msgspec.json.decode(row, type=Envelope[MembersImported]) for row in rows)
        return [item for envelope in each for item in envelope.data.items]

    def get(self, import_id: UUID) -> MemberImport:
        return imports.get(self.session, self.caller, imports.GetImport(id=import_id))

    def faults(self, import_id: UUID) -> list[tuple[int, str | None, str]]:
        page = imports.list_faults(
            self.session, self.caller, ListFaults(import_id=import_id, first=200)
        )
        return [(each.row, each.header, each.code) for each in page.items]

    def count(self, table: str) -> int:
        return int(self.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def totals(points: int = 0, principal: int = 0, bonus: int = 0) -> Totals:
    return Totals(points_sum=points, principal_minor=principal, bonus_minor=bonus)
