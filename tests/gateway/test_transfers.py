"""Files over HTTP, with a member service that answers in this process."""

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from gateway.app import Gateway
from shared.contracts import Done
from shared.contracts.member.exports import (
    BeginExport,
    EndExport,
    Export,
    ExportedRows,
    ReadExport,
)
from shared.contracts.member.imports import (
    BeginUpload,
    EndUpload,
    Fault,
    GetImport,
    ListFaults,
    MemberImport,
    StageRows,
    Totals,
)
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.paging import Page
from shared.seal import Role
from tests.gateway.conftest import FakeRpc

pytestmark = pytest.mark.anyio
IMPORT = new_id()
FILE = "姓名,手机\n顾客,13812341234\n\n乙,139\n".encode("gb18030")


@pytest.fixture
async def files(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=gateway.transfers.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as made:
        yield made


def an_import(state: str = "uploading") -> MemberImport:
    none = dict.fromkeys(("rows", "checked", "faulty", "found", "done", "created", "filled"), 0)
    sums = dict.fromkeys(("control", "in_file", "left_out", "booked"), Totals())
    return msgspec.convert(
        {
            "id": IMPORT, "version": 1, "state": state, "file_name": "", "headers": [],
            "proposal": [], "mapping": [], "existing": "skip", "currency": "CNY",
            "author_id": IMPORT, "created_at": datetime.now(UTC), "finished_at": None,
            **none, **sums,
        },
        MemberImport,
        from_attributes=True,
    )  # fmt: skip


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_file_goes_to_the_member_service_row_by_row(
    files: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str]
) -> None:
    rpc.answers = {
        BeginUpload: an_import(), StageRows: Done(), EndUpload: an_import("uploaded"),
    }  # fmt: skip

    answer = await files.post(
        f"/imports/{IMPORT}", params={"name": "老.csv"}, content=FILE,
        headers=bearer(token(Role.HQ_OPERATIONS)),
    )  # fmt: skip

    assert (answer.status_code, answer.json()["state"]) == (200, "uploaded")
    assert rpc.asked == [
        BeginUpload(id=IMPORT, file_name="老.csv", headers=["姓名", "手机"]),
        StageRows(import_id=IMPORT, first_row=2, rows=[["顾客", "13812341234"], [], ["乙", "139"]]),
        EndUpload(import_id=IMPORT, rows=3, digest=hashlib.sha256(FILE).hexdigest()),
    ]


async def test_a_file_that_is_there_is_not_sent_again(
    files: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str]
) -> None:
    rpc.answers = {BeginUpload: an_import("running"), EndUpload: an_import("running")}

    answer = await files.post(
        f"/imports/{IMPORT}", content=FILE, headers=bearer(token(Role.HQ_OPERATIONS))
    )

    assert answer.json()["state"] == "running"
    assert [type(each) for each in rpc.asked] == [BeginUpload, EndUpload]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"PK\x03\x04 nothing", 422, "UNREADABLE_FILE"),
        ("姓名\n".encode() + "顾客\n".encode("gb18030"), 422, "UNREADABLE_FILE"),
    ],
)
async def test_what_cannot_be_read_is_a_problem(
    files: httpx.AsyncClient,
    rpc: FakeRpc,
    token: Callable[..., str],
    content: bytes,
    status: int,
    code: str,
) -> None:
    rpc.answers = {BeginUpload: an_import(), StageRows: Done(), EndUpload: an_import()}

    answer = await files.post(
        f"/imports/{IMPORT}", params={"encoding": "utf-8"}, content=content,
        headers=bearer(token(Role.HQ_OPERATIONS)),
    )  # fmt: skip

    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert EndUpload not in map(type, rpc.asked)


async def test_a_file_that_is_too_large_is_cut_off(
    gateway: Gateway, files: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str]
) -> None:
    gateway.transfers._limit_bytes = 10
    rpc.answers = {BeginUpload: an_import()}

    answer = await files.post(
        f"/imports/{IMPORT}", content=FILE, headers=bearer(token(Role.HQ_OPERATIONS))
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(Forbidden("FORBIDDEN_ROLE"), 403), (Refusal("IMPORT_NO_HEADER"), 409)],
)
async def test_a_refusal_is_a_problem_with_both_sentences(
    files: httpx.AsyncClient,
    rpc: FakeRpc,
    token: Callable[..., str],
    refusal: Refusal,
    status: int,
) -> None:
    rpc.answers = {BeginUpload: refusal}

    answer = await files.post(
        f"/imports/{IMPORT}", content=FILE, headers=bearer(token(Role.ASSOCIATE))
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, refusal.code)
    assert problem["messageZh"] != problem["messageEn"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}])
async def test_nobody_sends_or_takes_files_without_a_token(
    files: httpx.AsyncClient, rpc: FakeRpc, headers: dict[str, str]
) -> None:
    for method, path in (
        ("POST", f"/imports/{IMPORT}"), ("GET", f"/imports/{IMPORT}/faults.csv"),
        ("POST", "/exports"),
    ):  # fmt: skip
        answer = await files.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert rpc.asked == []


async def test_faults_are_a_file(
    files: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str]
) -> None:
    fault = Fault(
        row=3, column=1, header="=手机", code="ROW_PHONE", message_zh="错", message_en="bad"
    )
    rpc.answers = {
        GetImport: an_import("checked"),
        ListFaults: Page(items=[fault], cursors=["x"], has_next=False),
    }

    answer = await files.get(
        f"/imports/{IMPORT}/faults.csv", headers=bearer(token(Role.HQ_OPERATIONS))
    )

    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.text.splitlines()[1] == "3,'=手机,ROW_PHONE,错,bad"


def exported(rpc: FakeRpc) -> None:
    pages = {None: ExportedRows(rows=[["=1+1"], ["甲"]], next=IMPORT),
             IMPORT: ExportedRows(rows=[["乙"]], next=None)}  # fmt: skip
    begun: Any = lambda asked: Export(id=asked.id, columns=["name"], headers=["姓名"])  # noqa: E731
    rpc.answers = {
        BeginExport: begun, ReadExport: lambda asked: pages[asked.after], EndExport: Done(),
    }  # fmt: skip


async def test_members_are_a_file_that_excel_opens(
    files: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str]
) -> None:
    exported(rpc)

    answer = await files.post(
        "/exports", json={"columns": ["name"], "tag": "VIP"},
        headers=bearer(token(Role.HQ_OPERATIONS)),
    )  # fmt: skip

    assert answer.content == "\ufeff姓名\r\n'=1+1\r\n甲\r\n乙\r\n".encode()
    begun = rpc.asked[0]
    assert isinstance(begun, BeginExport)
    assert begun.tag == "VIP"
    assert rpc.asked[-1] == EndExport(export_id=begun.id)


async def test_members_are_a_workbook(
    files: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str]
) -> None:
    exported(rpc)

    answer = await files.post(
        "/exports", json={"format": "xlsx"}, headers=bearer(token(Role.HQ_OPERATIONS))
    )

    assert answer.content.startswith(b"PK\x03\x04")
    assert isinstance(rpc.asked[-1], EndExport)
