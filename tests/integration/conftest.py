"""One small chain in the run's stack, and SQL access to each service's database."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
import websockets

from tests.conftest import RunningStack
from tests.integration.shop import Shop

Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shop(stack: RunningStack) -> Shop:
    made = Shop(
        stack.urls["graphql"].removesuffix("/graphql"),
        stack.environment["BOOTSTRAP_ADMIN_PASSWORD"],
    )
    return asyncio.run(made.build())


@pytest.fixture
def rows(stack: RunningStack) -> Rows:
    """`rows("order", "SELECT …", value)`: what is in a service's database."""

    def read(service: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        address = f"{stack.environment['DATABASE_URL']}/chainstitch_{service}"
        with psycopg.connect(address) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    return read


@pytest.fixture
async def subscribe(shop: Shop, stack: RunningStack) -> AsyncIterator[Any]:
    """`await subscribe(token, query)`: a graphql-transport-ws stream."""
    opened = []

    async def stream(token: str | None, query: str, **variables: Any) -> Any:
        url = stack.urls["graphql"].replace("http", "ws", 1)
        protocol = websockets.Subprotocol("graphql-transport-ws")
        socket = await websockets.connect(url, subprotocols=[protocol])
        opened.append(socket)
        payload = {"accessToken": token} if token else {}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        body = {"query": query, "variables": variables}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": body}))
        return socket

    yield stream
    for socket in opened:
        await socket.close()
