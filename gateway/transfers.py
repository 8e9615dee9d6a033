"""Files over HTTP: members come in as a table and go out as one, with the token of the API.

    POST /imports/{id}?name=…      the file as the body; what became of it is asked in GraphQL
    GET  /imports/{id}/faults.csv  every row that cannot be imported
    POST /exports                  `BeginExport` as JSON; answers the file

A file is read and written in a thread, a piece at a time, so that its size costs no memory. What is
wrong is a problem of RFC 9457 with the code and both sentences of the refusal.
"""

import asyncio
import codecs
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway import tables
from gateway.context import Context
from gateway.refusals import fault
from gateway.tables import Row, TooLarge, UnreadableFile
from shared.contracts import Command, decode
from shared.contracts.member.exports import (
    BeginExport,
    EndExport,
    Export,
    ExportedRows,
    ReadExport,
)
from shared.contracts.member.imports import (
    STAGED_LIMIT,
    BeginUpload,
    EndUpload,
    Fault,
    GetImport,
    ListFaults,
    MemberImport,
    StageRows,
)
from shared.errors import Forbidden, InvalidInput, Refusal, Unavailable
from shared.ids import new_id
from shared.paging import Page

BATCH_CHARACTERS = 200_000
PULL_SECONDS = 60
FILES_AT_ONCE = 4
ATTEMPTS = 4
PIECE_BYTES = 256 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ENCODINGS = {"utf-8": "utf-8-sig", "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030"}
_DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";"}
Send = Callable[[Command[Any]], Any]


class Transfers:
    """The endpoints; `context_of` reads the token and gives calls in the caller's name."""

    def __init__(self, context_of: Callable[[Request], Context], limit_bytes: int) -> None:
        self._context_of = context_of
        self._limit_bytes = limit_bytes
        self._slots = asyncio.Semaphore(FILES_AT_ONCE)

    def routes(self) -> list[Route]:
        return [
            Route("/imports/{id}", self.upload, methods=["POST"]),
            Route("/imports/{id}/faults.csv", self.faults, methods=["GET"]),
            Route("/exports", self.export, methods=["POST"]),
        ]

    async def upload(self, request: Request) -> Response:
        """A file of members; sent again with the same id it goes on where it was."""
        try:
            context = self._context_of(request)
            import_id = uuid_of(request.path_params["id"])
            if self._slots.locked():
                return problem(503, "BUSY", "文件较多，请稍后再试", "Too many files; wait a moment")
            async with self._slots:
                made = await self._take(request, context, import_id)
        except (UnreadableFile, TooLarge, Refusal, Unavailable) as error:
            return answer(error, request)
        except ClientDisconnect:
            return problem(400, "CUT_OFF", "上传中断", "The upload was cut off")
        return Response(msgspec.json.encode(made), 200, media_type="application/json")

    async def _take(self, request: Request, context: Context, import_id: UUID) -> MemberImport:
        loop, stream = asyncio.get_running_loop(), request.stream()

        def wait_for(coroutine: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result(PULL_SECONDS)

        async def pull() -> bytes:
            # An empty piece stands between the last one and the end.
            async for chunk in stream:
                if chunk:
                    return chunk
            return b""

        digest = hashlib.sha256()

        def chunks() -> Iterator[bytes]:
            for chunk in tables.chunks_of(lambda: wait_for(pull()), self._limit_bytes):
                digest.update(chunk)
                yield chunk

        def send(command: Command[Any]) -> Any:
            return wait_for(call(context, command))

        def take() -> MemberImport:
            name = request.query_params.get("name", "")[:200]
            with tempfile.TemporaryFile() as spool:
                rows = _rows(request, chunks(), spool)
                begun, count = stage(send, import_id, name, rows)
            if begun.state == "cancelled":
                return begun
            ended: MemberImport = send(
                EndUpload(import_id=import_id, rows=count, digest=digest.hexdigest())
            )
            return ended

        return await asyncio.to_thread(take)

    async def faults(self, request: Request) -> Response:
        """What is wrong with the rows of an import, as CSV."""
        try:
            context = self._context_of(request)
            import_id = uuid_of(request.path_params["id"])
            await call(context, GetImport(id=import_id))
        except (Refusal, Unavailable) as error:
            return answer(error, request)
        return file(_fault_lines(context, import_id), "text/csv; charset=utf-8", "faults.csv")

    async def export(self, request: Request) -> Response:
        """Members as a file; see `BeginExport`."""
        try:
            context = self._context_of(request)
            command: BeginExport = await asked(request, BeginExport)
            begun: Export = await call(context, command)
        except (Refusal, Unavailable) as error:
            return answer(error, request)
        if command.format == "csv":
            lines = _export_lines(context, begun)
            return file(lines, "text/csv; charset=utf-8", "members.csv")
        return file(_export_sheet(context, begun), XLSX, "members.xlsx")


def stage(send: Send, import_id: UUID, name: str, rows: Iterator[Row]) -> tuple[MemberImport, int]:
    """Send the rows of a file to the member service; returns the import and how many there were.
    Of a file that is there already nothing is sent again."""
    headers = [cell or "" for cell in next(rows, [])]
    titles = [header.strip()[:100] for header in headers] or [""]
    begun: MemberImport = send(BeginUpload(id=import_id, file_name=name, headers=titles))
    waiting: list[Row] = []
    first, characters, count = 2, 0, 0
    for row in rows:
        count += 1
        if begun.state != "uploading":
            continue
        waiting.append(row)
        characters += sum(len(cell or "") for cell in row)
        if len(waiting) == STAGED_LIMIT or characters > BATCH_CHARACTERS:
            send(StageRows(import_id=import_id, first_row=first, rows=waiting))
            first, characters, waiting = first + len(waiting), 0, []
    if waiting:
        send(StageRows(import_id=import_id, first_row=first, rows=waiting))
    return begun, count


def _rows(request: Request, chunks: Iterator[bytes], spool: Any) -> Iterator[Row]:
    """The rows of a file as it says it is: by its content, or its name."""
    first = next(chunks, b"")
    stated = request.query_params
    if first.startswith(b"PK\x03\x04"):
        # A workbook is read from its end; the file has no name, and goes with this request.
        spool.write(first)
        for chunk in chunks:
            spool.write(chunk)
        spool.seek(0)
        return tables.without_blank_end(tables.read_xlsx(spool))
    encoding = stated.get("encoding")
    if encoding is not None:
        encoding = _ENCODINGS.get(encoding.lower(), encoding)
    delimiter = _DELIMITERS.get(stated.get("delimiter", ""))

    def all_chunks() -> Iterator[bytes]:
        yield first
        yield from chunks

    return tables.without_blank_end(tables.read_csv(all_chunks(), encoding, delimiter))


async def call(context: Context, command: Command[Any]) -> Any:
    """Ask, and ask again when there was no answer: all that is asked here may be repeated."""
    for attempt in range(ATTEMPTS):
        try:
            return await context.call(command)
        except Unavailable:
            if attempt == ATTEMPTS - 1:
                raise
            await asyncio.sleep(attempt + 1)
    raise AssertionError("every attempt answers or raises")


async def asked(request: Request, kind: type[Command[Any]]) -> Any:
    """The command in the body of a request, with an id of ours where none is given."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > PIECE_BYTES:
            raise InvalidInput("INVALID_INPUT", {"field": "$", "reason": "too long"})
    try:
        raw = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput("INVALID_INPUT", {"field": "$", "reason": "no JSON"}) from error
    if isinstance(raw, dict):
        raw.setdefault("id", str(new_id()))
    return decode(raw, kind)


async def _pages(context: Context, export_id: UUID) -> AsyncIterator[list[list[str]]]:
    """The pages of an export; however it ends, how much was read is told."""
    after: UUID | None = None
    try:
        while True:
            read: ExportedRows = await call(context, ReadExport(export_id=export_id, after=after))
            yield read.rows
            after = read.next
            if after is None:
                return
    finally:
        await asyncio.shield(call(context, EndExport(export_id=export_id)))


async def _export_lines(context: Context, begun: Export) -> AsyncIterator[bytes]:
    yield codecs.BOM_UTF8 + tables.csv_line(begun.headers).encode()
    async for rows in _pages(context, begun.id):
        yield "".join(map(tables.csv_line, rows)).encode()


async def _export_sheet(context: Context, begun: Export) -> AsyncIterator[bytes]:
    loop, pages = asyncio.get_running_loop(), _pages(context, begun.id)

    def rows() -> Iterator[list[str]]:
        while page := asyncio.run_coroutine_threadsafe(_next(pages), loop).result(PULL_SECONDS):
            yield from page

    with tempfile.TemporaryFile() as spool:
        await asyncio.to_thread(tables.write_xlsx, spool, begun.headers, rows())
        spool.seek(0)
        while piece := await asyncio.to_thread(spool.read, PIECE_BYTES):
            yield piece


async def _next(pages: AsyncIterator[list[list[str]]]) -> list[list[str]]:
    """The next page that has rows, or none."""
    async for page in pages:
        if page:
            return page
    return []


async def _fault_lines(context: Context, import_id: UUID) -> AsyncIterator[bytes]:
    yield codecs.BOM_UTF8 + tables.csv_line(["行", "列", "代码", "说明", "Explanation"]).encode()
    after: str | None = None
    while True:
        page: Page[Fault] = await call(
            context, ListFaults(import_id=import_id, first=200, after=after)
        )
        lines = (
            [str(each.row), each.header or "", each.code, each.message_zh, each.message_en]
            for each in page.items
        )
        yield "".join(map(tables.csv_line, lines)).encode()
        if not page.has_next:
            return
        after = page.cursors[-1]


def file(content: AsyncIterator[bytes], media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(content, media_type=media_type, headers=headers)


def uuid_of(text: str) -> UUID:
    """The id in a path; raises `InvalidInput`."""
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput("INVALID_INPUT", {"field": "$.id", "reason": "no UUID"}) from error


def answer(error: Exception, request: Request) -> Response:
    """A refusal, an outage or an unreadable file as a problem."""
    if isinstance(error, UnreadableFile):
        return problem(422, "UNREADABLE_FILE", error.zh, error.en)
    if isinstance(error, TooLarge):
        zh, en = f"文件最大 {error.limit} 字节", f"A file has at most {error.limit} bytes"
        return problem(413, "TOO_LARGE", zh, en)
    described = fault(error, request.headers.get("accept-language", "zh-CN")).extensions or {}
    status = 409
    if isinstance(error, Forbidden):
        status = 401 if error.code == "UNSEALED" else 403
    elif isinstance(error, InvalidInput):
        status = 400
    elif isinstance(error, Unavailable):
        status = 503
    return problem(
        status,
        described["code"],
        described["messageZh"],
        described["messageEn"],
        described["parameters"],
    )


def problem(
    status: int, code: str, zh: str, en: str, parameters: dict[str, str] | None = None
) -> Response:
    """RFC 9457, with what the API says of refusals as extension members."""
    body = {
        "type": "about:blank",
        "title": en,
        "status": status,
        "detail": zh,
        "code": code,
        "messageZh": zh,
        "messageEn": en,
        "parameters": parameters or {},
    }
    return Response(msgspec.json.encode(body), status, media_type="application/problem+json")
