"""Operations on files of members: what is imported (M22), exported (M23) and attached (N2)."""

from datetime import UTC, datetime
from typing import Any

from services.member import attachments, exports, imports, papers
from shared.contracts import Done
from shared.contracts.member import exports as taken
from shared.contracts.member.files import (
    AddFilePiece,
    BeginFile,
    EndFile,
    FilePiece,
    KeptFile,
    ReadFile,
    ShowSignature,
    Signature,
)
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
from shared.seal import HQ, MANAGERS, READERS, SELLERS, Caller, Role
from shared.service import operation

ATTACHERS = SELLERS | MANAGERS
IMPORTERS = HQ | {Role.FRANCHISE_OWNER}


class Files:
    """The part of the service that deals with files; the dependencies are the service's."""

    transaction: Any
    phone_keys: Any
    seal_key: Any

    @operation(BeginFile, roles=ATTACHERS)
    def begin_file(self, caller: Caller, command: BeginFile) -> Done:
        with self.transaction() as session:
            return attachments.begin(session, caller, command, datetime.now(UTC))

    @operation(AddFilePiece, roles=ATTACHERS)
    def add_file_piece(self, caller: Caller, command: AddFilePiece) -> Done:
        with self.transaction() as session:
            return attachments.add_piece(session, self.phone_keys, caller, command)

    @operation(EndFile, roles=ATTACHERS)
    def end_file(self, caller: Caller, command: EndFile) -> KeptFile:
        with self.transaction() as session:
            return attachments.end(session, self.phone_keys, caller, command)

    @operation(ReadFile, roles=READERS)
    def read_file(self, caller: Caller, command: ReadFile) -> FilePiece:
        now = datetime.now(UTC)
        with self.transaction() as session:
            return papers.read(session, self.phone_keys, self.seal_key, caller, command, now)

    @operation(ShowSignature, roles=READERS)
    def show_signature(self, caller: Caller, command: ShowSignature) -> Signature:
        with self.transaction() as session:
            return papers.show(session, self.phone_keys, caller, command)

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
