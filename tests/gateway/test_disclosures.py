"""A person's data as one file, with services that answer in this process."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from gateway import disclosures
from gateway.app import Gateway
from gateway.disclosures import READS
from shared.contracts import Done, service_of
from shared.contracts.member.disclosure import (
    BeginDisclosure,
    Disclosure,
    EndDisclosure,
    Records,
)
from shared.errors import Forbidden, Unavailable
from shared.ids import new_id
from shared.seal import Role
from tests.gateway.conftest import FakeRpc

pytestmark = pytest.mark.anyio
NASTY = "</script><script>alert(1)</script>&amp;"
ASKED = {"member_id": str(new_id()), "purpose": "asked_by_member"}


class Read(HTMLParser):
    """A file as a program reads it (`records`, `end`), and the texts a person sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.records: dict[str, list[dict[str, Any]]] = {}
        self.end: dict[str, int] | None = None
        self.seen = ""
        self._inside: dict[str, str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self._inside = dict(attributes)
            assert self._inside["type"] == "application/json"

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is None:
            self.seen += data
        elif self._inside["class"] == "records":
            told = json.loads(data)
            name = f"{told['service']}.{told['table']}"
            self.records.setdefault(name, []).extend(told["rows"])
        else:
            self.end = json.loads(data)["records"]


def page(columns: list[str], rows: list[dict[str, Any]], following: str | None = None) -> Records:
    return Records(
        table="rows", title_zh="行", title_en="Rows", columns=columns, rows=rows, next=following
    )


@pytest.fixture
async def files(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=gateway.disclosures.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as made:
        yield made


@pytest.fixture
def answers(rpc: FakeRpc) -> FakeRpc:
    def told(command: Any) -> Records:
        if service_of(type(command)) != "order" or command.after is not None:
            return page(["name", "kind"], [{"name": NASTY, "kind": "note"}])
        row = {"at": "2031-05-01T10:00:00+02:00", "total_minor": -1205}
        return page(["at", "total_minor"], [row], "on")

    rpc.answers = {
        BeginDisclosure: Disclosure(
            id=new_id(), member_id=new_id(), name="顾客<b>", card_code="M1",
            begun_at=datetime(2031, 5, 1, tzinfo=UTC), grant="granted",
        ),
        EndDisclosure: Done(),
        **dict.fromkeys(READS.values(), told),
    }  # type: ignore[assignment]  # fmt: skip
    return rpc


async def ask(files: httpx.AsyncClient, token: str) -> httpx.Response:
    return await files.post(
        "/disclosures", json=ASKED, headers={"Authorization": f"Bearer {token}"}
    )


async def test_one_file_for_people_and_for_programs(
    files: httpx.AsyncClient, answers: FakeRpc, token: Callable[..., str]
) -> None:
    answer = await ask(files, token(Role.STORE_MANAGER))

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="personal-data.html"'
    found = Read(answer.text)
    assert set(found.records) == {f"{service}.rows" for service in READS}
    assert found.records["order.rows"] == [
        {"at": "2031-05-01T10:00:00+02:00", "total_minor": -1205},
        {"name": NASTY, "kind": "note"},
    ]
    assert found.end == {"member": 1, "order": 2, "loyalty": 1, "campaign": 1, "directory": 1}
    for words in ("顾客<b>", "2031-05-01 08:00:00 UTC", "-12.05", "备注 note", "行 · Rows", NASTY):
        assert words in found.seen
    ended = answers.asked[-1]
    assert isinstance(ended, EndDisclosure)
    assert (ended.whole, sum(ended.records.values())) == (True, 6)


async def test_a_file_that_breaks_off_has_no_end_and_that_is_told(
    files: httpx.AsyncClient,
    answers: FakeRpc,
    token: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.transfers.ATTEMPTS", 1)
    answers.answers[READS["loyalty"]] = Unavailable("loyalty")  # type: ignore[index]

    with pytest.raises(Unavailable):
        await ask(files, token(Role.STORE_MANAGER))

    ended = answers.asked[-1]
    assert isinstance(ended, EndDisclosure)
    assert not ended.whole
    assert ended.records == {"member": 1, "order": 2, "loyalty": 0, "campaign": 0, "directory": 0}


async def test_a_refusal_is_a_problem_and_nothing_is_read(
    files: httpx.AsyncClient, answers: FakeRpc, token: Callable[..., str]
) -> None:
    answers.answers[BeginDisclosure] = Forbidden("FORBIDDEN_SCOPE")

    answer = await ask(files, token(Role.STORE_MANAGER))

    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_SCOPE")
    assert [type(command) for command in answers.asked] == [BeginDisclosure]
    assert (await files.post("/disclosures", json=ASKED)).status_code == 401
    bad = await files.post(
        "/disclosures", json={"purpose": "x"},
        headers={"Authorization": f"Bearer {token(Role.STORE_MANAGER)}"},
    )  # fmt: skip
    assert bad.status_code == 400


def test_every_service_has_a_chapter() -> None:
    assert all(disclosures.person_page.chapter(service) for service in READS)
