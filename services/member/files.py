"""Operations on files of members: what is imported (M22) and what is exported (M23)."""

from typing import Any

from services.member import exports, imports
from shared.contracts import Done
from shared.contracts.member import exports as taken
from shared.contracts.member.imports import (
    BeginUpload,
    CancelImport,
    CheckImport,
    EndUpload,
    Fault,
    GetImport,
    ListFaults,
    ListImports,
    MemberImport,
    StageRows,
    StartImport,
)
from shared.paging import Page
from shared.seal import HQ, MANAGERS, Caller, Role
from shared.service import operation

IMPORTERS = HQ | {Role.FRANCHISE_OWNER}


class Files:
    """The part of the service that deals with files; the dependencies are the service's."""

    transaction: Any
    phone_keys: Any

    @operation(BeginUpload, roles=IMPORTERS)
    def begin_upload(self, caller: Caller, command: BeginUpload) -> MemberImport:
        with self.transaction() as session:
            return imports.begin_upload(session, caller, command)

    @operation(StageRows, roles=IMPORTERS)
    def stage_rows(self, caller: Caller, command: StageRows) -> Done:
        with self.transaction() as session:
            return imports.stage(session, self.phone_keys, caller, command)

    @operation(EndUpload, roles=IMPORTERS)
    def end_upload(self, caller: Caller, command: EndUpload) -> MemberImport:
        with self.transaction() as session:
            return imports.end_upload(session, caller, command)

    @operation(CheckImport, roles=IMPORTERS)
    def check_import(self, caller: Caller, command: CheckImport) -> MemberImport:
        with self.transaction() as session:
            return imports.check(session, caller, command)

    @operation(StartImport, roles=IMPORTERS)
    def start_import(self, caller: Caller, command: StartImport) -> MemberImport:
        with self.transaction() as session:
            return imports.start(session, caller, command)

    @operation(CancelImport, roles=IMPORTERS)
    def cancel_import(self, caller: Caller, command: CancelImport) -> MemberImport:
        with self.transaction() as session:
            return imports.cancel(session, caller, command)

    @operation(GetImport, roles=IMPORTERS)
    def get_import(self, caller: Caller, command: GetImport) -> MemberImport:
        with self.transaction() as session:
            return imports.get(session, caller, command)

    @operation(ListImports, roles=IMPORTERS)
    def list_imports(self, caller: Caller, command: ListImports) -> Page[MemberImport]:
        with self.transaction() as session:
            return imports.list_imports(session, caller, command)

    @operation(ListFaults, roles=IMPORTERS)
    def list_faults(self, caller: Caller, command: ListFaults) -> Page[Fault]:
        with self.transaction() as session:
            return imports.list_faults(session, caller, command)

    @operation(taken.BeginExport, roles=MANAGERS)
    def begin_export(self, caller: Caller, command: taken.BeginExport) -> taken.Export:
        with self.transaction() as session:
            return exports.begin(session, caller, command)

    @operation(taken.ReadExport, roles=MANAGERS)
    def read_export(self, caller: Caller, command: taken.ReadExport) -> taken.ExportedRows:
        with self.transaction() as session:
            return exports.read(session, self.phone_keys, caller, command)

    @operation(taken.EndExport, roles=MANAGERS)
    def end_export(self, caller: Caller, command: taken.EndExport) -> Done:
        with self.transaction() as session:
            return exports.end(session, caller, command)
