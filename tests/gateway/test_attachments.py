"""Files of custom fields over HTTP, with a member service that answers in this process."""

import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from gateway.app import Gateway
from gateway.disclosures import READS
from shared.contracts import Done
from shared.contracts.member.disclosure import BeginDisclosure, Disclosure, EndDisclosure, Records
from shared.contracts.member.files import (
    PIECE_BYTES,
    AddFilePiece,
    BeginFile,
    EndFile,
    FilePiece,
    KeptFile,
    ReadFile,
)
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Role
from tests.gateway.conftest import FakeRpc

pytestmark = pytest.mark.anyio
CONTENT = b"%PDF-" + bytes(range(256)) * 2_000
MEMBER = UUID("0190a000-0000-7000-8000-0000000000aa")
FILE = KeptFile(
    id=UUID("0190a000-0000-7000-8000-0000000000bb"), name='表 "a";.pdf',
    media_type="application/pdf", size_bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)  # fmt: skip
ADDRESS = f"/files/{FILE.id}?member={MEMBER}&key=papers&name=a.pdf"


@pytest.fixture
async def files(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    routes = [*gateway.attachments.routes(), *gateway.disclosures.routes()]
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as made:
        yield made


def as_(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def pieces(command: ReadFile) -> FilePiece:
    start = command.place * PIECE_BYTES
    return FilePiece(file=FILE, pieces=2, content=CONTENT[start : start + PIECE_BYTES])


async def test_a_file_is_passed_on_in_pieces(
    files: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str]
) -> None:
    rpc.answers = {BeginFile: Done(), AddFilePiece: Done(), EndFile: FILE}

    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(CONTENT), 50_000):
            yield CONTENT[start : start + 50_000]

    answer = await files.post(ADDRESS, content=body(), headers=as_(token()))

    assert (answer.status_code, answer.json()["id"]) == (200, str(FILE.id))
    begin, *added, end = rpc.asked
    assert begin == BeginFile(
        id=FILE.id, key="papers", member_id=MEMBER, owner_id=MEMBER, name="a.pdf"
    )
    assert [(each.place, len(each.content)) for each in added] == [  # type: ignore[attr-defined]
        (0, PIECE_BYTES),
        (1, len(CONTENT) - PIECE_BYTES),
    ]
    assert end == EndFile(id=FILE.id, sha256=FILE.sha256)


@pytest.mark.parametrize(
    ("address", "error", "status", "code"),
    [
        (ADDRESS, Refusal("FILE_KIND", {"kinds": "PNG"}), 409, "FILE_KIND"),
        (ADDRESS, Forbidden("FIELD_FORBIDDEN", {"key": "papers"}), 403, "FIELD_FORBIDDEN"),
        ("/files/x?member=y&key=papers&name=a", None, 400, "INVALID_INPUT"),
        (f"/files/{FILE.id}?member={MEMBER}&key=papers", None, 400, "INVALID_INPUT"),
    ],
)
async def test_a_refusal_ends_the_upload(
    files: httpx.AsyncClient,
    rpc: FakeRpc,
    token: Callable[..., str],
    address: str,
    error: Exception | None,
    status: int,
    code: str,
) -> None:
    rpc.answers = {BeginFile: error}

    answer = await files.post(address, content=CONTENT, headers=as_(token()))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert all(isinstance(each, BeginFile) for each in rpc.asked)


async def test_nobody_is_served_without_a_token(files: httpx.AsyncClient, rpc: FakeRpc) -> None:
    assert (await files.post(ADDRESS, content=CONTENT)).status_code == 401
    assert (await files.get(f"/files/{FILE.id}")).status_code == 401
    assert rpc.asked == []


async def test_a_file_is_saved_and_never_shown_in_place(
    files: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str]
) -> None:
    rpc.answers = {ReadFile: pieces}

    answer = await files.get(f"/files/{FILE.id}", headers=as_(token()))

    assert answer.content == CONTENT
    told = answer.headers
    assert told["content-disposition"] == "attachment; filename*=UTF-8''%E8%A1%A8%20%22a%22%3B.pdf"
    assert (told["content-type"], told["x-content-type-options"]) == (FILE.media_type, "nosniff")
    assert (told["cache-control"], "sandbox" in told["content-security-policy"]) == (
        "no-store", True,
    )  # fmt: skip


async def test_a_persons_files_stand_in_the_page_about_them(
    files: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str]
) -> None:
    row = {"id": str(FILE.id), "name": FILE.name, "media_type": FILE.media_type, "pieces": 2}
    page = Records(
        table="field_files", title_zh="文件", title_en="Files", columns=["name"], rows=[row],
        next=None,
    )  # fmt: skip
    none = Records(table="rows", title_zh="行", title_en="Rows", columns=[], rows=[], next=None)
    answers: dict[type, Any] = {
        BeginDisclosure: Disclosure(
            id=new_id(), member_id=MEMBER, name="顾客", card_code="M1",
            begun_at=datetime(2031, 5, 1, tzinfo=UTC), grant="granted",
        ),
        EndDisclosure: Done(),
        ReadFile: pieces,
        **dict.fromkeys(READS.values(), none),
        READS["member"]: page,
    }  # type: ignore[dict-item]  # fmt: skip
    rpc.answers = answers
    asked = {"member_id": str(MEMBER), "purpose": "asked_by_member"}

    answer = await files.post("/disclosures", json=asked, headers=as_(token(Role.STORE_MANAGER)))

    link = f'id="file-{FILE.id}" download="表 &quot;a&quot;;.pdf"'
    assert link in answer.text
    (encoded,) = [
        each.split('"')[0] for each in answer.text.split("data:application/pdf;base64,")[1:]
    ]
    assert base64.b64decode(encoded) == CONTENT
    read = [each for each in rpc.asked if isinstance(each, ReadFile)]
    assert [(each.place, each.grant) for each in read] == [(0, "granted"), (1, "granted")]
