"""A person's data out, over HTTP: everything that every service holds, as one file.

    POST /disclosures   `BeginDisclosure` as JSON; answers the file

The file is written while it is read, page by page, and is nowhere but in the answer.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import person_page
from gateway.context import Context
from gateway.transfers import answer, asked, call, file
from shared.contracts import Command
from shared.contracts.campaign import ReadCampaignRecords
from shared.contracts.directory.disclosure import ReadDirectoryRecords
from shared.contracts.loyalty.disclosure import ReadLoyaltyRecords
from shared.contracts.member.disclosure import (
    BeginDisclosure,
    Disclosure,
    DisclosurePurpose,
    EndDisclosure,
    ReadMemberRecords,
    Records,
)
from shared.contracts.member.files import FilePiece, ReadFile
from shared.contracts.order.disclosure import ReadOrderRecords
from shared.errors import Refusal, Unavailable

PAGES_LIMIT = 100_000
"""Of one service; more than anybody can have."""
READS: dict[str, Callable[..., Command[Any]]] = {
    "member": ReadMemberRecords,
    "order": ReadOrderRecords,
    "loyalty": ReadLoyaltyRecords,
    "campaign": ReadCampaignRecords,
    "directory": ReadDirectoryRecords,
}
"""Every service that holds something about a person."""


class Disclosures:
    """The endpoint; `context_of` reads the token and gives calls in the caller's name."""

    def __init__(self, context_of: Callable[[Request], Context]) -> None:
        self._context_of = context_of

    def routes(self) -> list[Route]:
        return [Route("/disclosures", self.disclose, methods=["POST"])]

    async def disclose(self, request: Request) -> Response:
        """The file of one person."""
        try:
            context = self._context_of(request)
            command: BeginDisclosure = await asked(request, BeginDisclosure)
            begun: Disclosure = await call(context, command)
        except (Refusal, Unavailable) as error:
            return answer(error, request)
        pieces = _pieces(context, begun, command.purpose)
        return file(pieces, "text/html; charset=utf-8", "personal-data.html")


async def _pieces(
    context: Context, begun: Disclosure, purpose: DisclosurePurpose
) -> AsyncIterator[bytes]:
    """The file; however it ends, how much was read is told."""
    records = dict.fromkeys(READS, 0)
    whole = False
    try:
        yield person_page.head(begun, purpose)
        for service in READS:
            yield person_page.chapter(service)
            async for page in _pages(context, service, begun.grant):
                records[service] += len(page.rows)
                yield person_page.section(service, page)
                if page.table == "field_files":
                    for row in page.rows:
                        async for piece in _file(context, begun.grant, row):
                            yield piece
        whole = True
        yield person_page.end(records)
    finally:
        ended = EndDisclosure(disclosure_id=begun.id, records=records, whole=whole)
        await asyncio.shield(call(context, ended))


async def _file(context: Context, grant: str, row: dict[str, Any]) -> AsyncIterator[bytes]:
    """A file of the person, within the page: a piece at a time, as a link that saves it."""
    yield person_page.file_head(row)
    for place in range(row["pieces"]):
        read: FilePiece = await call(
            context, ReadFile(id=UUID(row["id"]), place=place, grant=grant)
        )
        yield base64.b64encode(read.content)
    yield person_page.file_end(row)


async def _pages(context: Context, service: str, grant: str) -> AsyncIterator[Records]:
    """The pages of a service that have rows."""
    after: str | None = None
    for _ in range(PAGES_LIMIT):
        page: Records = await call(context, READS[service](grant=grant, after=after))
        if page.rows:
            yield page
        after = page.next
        if after is None:
            return
