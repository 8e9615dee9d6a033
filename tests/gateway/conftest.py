"""The gateway's endpoints over ASGI, with services that answer in this process."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from gateway.app import Gateway
from gateway.settings import GatewaySettings
from shared.contracts import Command
from shared.contracts.directory import Identity
from shared.seal import Caller, Role, ScopeKind, unseal

SEAL_KEY = "seal key of the tests"


class FakeRpc:
    """Answers by command type: a value, an exception, or a function of the command."""

    def __init__(self) -> None:
        self.answers: dict[type, Any] = {}
        self.asked: list[Command[Any]] = []
        self.callers: list[Caller | None] = []
        self.connected = True

    async def call(self, command: Command[Any], seal: str | None) -> Any:
        self.asked.append(command)
        self.callers.append(unseal(seal, SEAL_KEY) if seal else None)
        answer = self.answers[type(command)]
        if callable(answer):
            answer = answer(command)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def values() -> GatewaySettings:
    return GatewaySettings(
        amqp_uri=SecretStr("amqp://nowhere"),
        seal_key=SecretStr(SEAL_KEY),
        token_key=SecretStr("token key of the tests, long enough for HS256"),
        body_limit_bytes=20_000,
        app_url=None,
    )


@pytest.fixture
def rpc() -> FakeRpc:
    return FakeRpc()


@pytest.fixture
def gateway(values: GatewaySettings, rpc: FakeRpc) -> Gateway:
    made = Gateway(values)
    made.rpc = rpc  # type: ignore[assignment]
    return made


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Route("/graphql", gateway.post, methods=["POST"])])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as made:
        yield made


@pytest.fixture
def token(gateway: Gateway) -> Callable[..., str]:
    """`token(Role.ASSOCIATE)`: an access token of that role in one store."""

    def mint(role: Role = Role.ASSOCIATE, store: UUID | None = None) -> str:
        caller = Caller(
            kind="staff", id=uuid4(), roles=frozenset({role}),
            scope_kind=ScopeKind.STORE if store else ScopeKind.CHAIN, scope_id=store,
        )  # fmt: skip
        return gateway.tokens.mint(Identity(caller=caller, name="店员"))

    return mint


async def ask(
    client: httpx.AsyncClient, query: str, token: str | None = None, **variables: Any
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"query": query, "variables": variables}
    answer: dict[str, Any] = (await client.post("/graphql", json=body, headers=headers)).json()
    return answer
