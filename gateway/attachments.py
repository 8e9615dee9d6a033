"""Files of custom fields over HTTP, with the token of the API.

    POST /files/{id}?member=…&key=…&name=…[&subject=contact&owner=…]   the file as the body
    GET  /files/{id}                                                   the file, to be saved

The file is passed on in pieces as it comes, so that its size costs no memory; what it is, and how
long it may be, the member service says with the first piece. Nothing is ever shown in place: it
goes out under a name of its own, as what it was recognised as, and no browser may guess otherwise.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import cast
from urllib.parse import quote
from uuid import UUID

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.context import Context
from gateway.transfers import answer, call, problem, uuid_of
from shared.contracts import decode
from shared.contracts.member.files import (
    PIECE_BYTES,
    AddFilePiece,
    BeginFile,
    EndFile,
    FilePiece,
    KeptFile,
    ReadFile,
)
from shared.errors import Refusal, Unavailable

FILES_AT_ONCE = 16
PULL_SECONDS = 30


class Attachments:
    """The endpoints; `context_of` reads the token and gives calls in the caller's name."""

    def __init__(self, context_of: Callable[[Request], Context]) -> None:
        self._context_of = context_of
        self._slots = asyncio.Semaphore(FILES_AT_ONCE)

    def routes(self) -> list[Route]:
        return [
            Route("/files/{id}", self.upload, methods=["POST"]),
            Route("/files/{id}", self.download, methods=["GET"]),
        ]

    async def upload(self, request: Request) -> Response:
        """A file for a field of a member or contact; see `BeginFile`."""
        try:
            context = self._context_of(request)
            begin = _begun(request)
            if self._slots.locked():
                zh, en = "文件较多，请稍后再试", "Too many files; wait a moment"
                return problem(503, "BUSY", zh, en)
            async with self._slots:
                await call(context, begin)
                kept = await _take(context, request, begin.id)
        except (Refusal, Unavailable) as error:
            return answer(error, request)
        except (ClientDisconnect, TimeoutError):
            return problem(400, "CUT_OFF", "上传中断", "The upload was cut off")
        return Response(msgspec.json.encode(kept), 200, media_type="application/json")

    async def download(self, request: Request) -> Response:
        """A file, for who sees its field."""
        try:
            context = self._context_of(request)
            file_id = uuid_of(request.path_params["id"])
            first: FilePiece = await call(context, ReadFile(id=file_id))
        except (Refusal, Unavailable) as error:
            return answer(error, request)
        name = quote(first.file.name, safe="")
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Content-Length": str(first.file.size_bytes),
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        pieces = _pieces(context, file_id, first)
        return StreamingResponse(pieces, media_type=first.file.media_type, headers=headers)


def _begun(request: Request) -> BeginFile:
    """What the address says of a file."""
    told = request.query_params
    raw = {
        "id": request.path_params["id"],
        "subject": told.get("subject", "member"),
        "key": told.get("key"),
        "member_id": told.get("member"),
        "owner_id": told.get("owner") or told.get("member"),
        "name": told.get("name"),
    }
    return cast(BeginFile, decode(raw, BeginFile))


async def _take(context: Context, request: Request, file_id: UUID) -> KeptFile:
    """Pass a body on, a piece at a time."""
    digest, waiting, place = hashlib.sha256(), bytearray(), 0
    stream = request.stream()
    while True:
        async with asyncio.timeout(PULL_SECONDS):
            chunk = await anext(stream, None)
        if chunk is None:
            break
        digest.update(chunk)
        waiting += chunk
        while len(waiting) >= PIECE_BYTES:
            content = bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
            await call(context, AddFilePiece(id=file_id, place=place, content=content))
            place += 1
    if waiting:
        await call(context, AddFilePiece(id=file_id, place=place, content=bytes(waiting)))
    kept: KeptFile = await call(context, EndFile(id=file_id, sha256=digest.hexdigest()))
    return kept


async def _pieces(context: Context, file_id: UUID, first: FilePiece) -> AsyncIterator[bytes]:
    yield first.content
    for place in range(1, first.pieces):
        read: FilePiece = await call(context, ReadFile(id=file_id, place=place))
        yield read.content
