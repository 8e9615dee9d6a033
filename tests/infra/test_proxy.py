"""The proxies between services and servers: they carry, cut and hold up."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra import ports, processes, proxy


@asynccontextmanager
async def proxied(folder: Path) -> AsyncIterator[tuple[int, Path]]:
    """A proxy in front of a server that says everything twice: its port and its control socket."""

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1000):
            writer.write(chunk * 2)
        writer.close()

    server = await asyncio.start_server(twice, "127.0.0.1", 0)
    target = server.sockets[0].getsockname()[1]
    port, control = ports.pick(), folder / "proxy.sock"
    task = asyncio.create_task(proxy.Proxy().serve(control, {port: ("127.0.0.1", target)}))
    try:
        while not await asyncio.to_thread(proxy.is_ready, control):
            await asyncio.sleep(0.01)
        yield port, control
    finally:
        task.cancel()
        server.close()


def run(folder: Path, work: Callable[[int, Path], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with proxied(folder) as (port, control):
            await asyncio.wait_for(work(port, control), 20)

    asyncio.run(inside())


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: bytes) -> bytes:
    writer.write(words)
    return await reader.readexactly(2 * len(words))


def test_it_carries_both_ways(tmp_path: Path) -> None:
    async def work(port: int, _control: Path) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await said(reader, writer, b"one") == b"oneone"

    run(tmp_path, work)


def test_a_cut_ends_every_connection_and_lets_new_ones_in(tmp_path: Path) -> None:
    async def work(port: int, control: Path) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await said(reader, writer, b"one")
        answer = await asyncio.to_thread(proxy.tell, control, do="cut")
        assert answer == {"cut": 2}
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        again = await asyncio.open_connection("127.0.0.1", port)
        assert await said(*again, b"two") == b"twotwo"

    run(tmp_path, work)


def test_a_delay_holds_up_and_passes(tmp_path: Path) -> None:
    async def work(port: int, control: Path) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await said(reader, writer, b"one")
        await asyncio.to_thread(proxy.tell, control, do="delay", ms=200, seconds=1)
        began = time.monotonic()
        assert await said(reader, writer, b"two") == b"twotwo"
        assert time.monotonic() - began >= 0.4  # there and back

    run(tmp_path, work)


def test_what_it_does_not_understand_changes_nothing(tmp_path: Path) -> None:
    async def work(port: int, control: Path) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = await asyncio.to_thread(proxy.tell, control, do="delay", ms="long")
        assert "error" in answer
        assert await said(reader, writer, b"one") == b"oneone"

    run(tmp_path, work)


def test_addresses_keep_user_and_path_and_change_their_host() -> None:
    environment = {
        "DATABASE_URL": "postgresql://me:secret@db.example",
        "AMQP_URI": "amqp://me:secret@broker.example:5673//",
    }
    taken = {"database_proxy": 1001, "broker_proxy": 1002}

    assert processes.through_proxies(environment, taken) == {
        "DATABASE_URL": "postgresql://me:secret@127.0.0.1:1001",
        "AMQP_URI": "amqp://me:secret@127.0.0.1:1002//",
    }
    assert processes.proxy_routes(environment, taken) == [
        "database_proxy=1001=db.example:5432",
        "broker_proxy=1002=broker.example:5673",
    ]
