"""A small TCP proxy in front of database and broker, which can be told to cut and to delay.

    python -m infra.proxy CONTROL_SOCKET NAME=PORT=HOST:PORT...

It listens on 127.0.0.1. Whoever holds the control socket sends one JSON object a line and gets one
back: {"do": "status"}, {"do": "cut"} (closes every connection) or {"do": "delay", "ms": 300,
"seconds": 3} (holds everything back for so long, in both directions).
"""

import asyncio
import json
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

CHUNK = 65_536
ASK_SECONDS = 5
DELAY_LIMIT_MS = 10_000


class Proxy:
    """All routes of a stack, and what is being done to them."""

    def __init__(self) -> None:
        self._open: set[asyncio.StreamWriter] = set()
        self._delay_seconds = 0.0
        self._delay_until = 0.0

    async def serve(self, control: Path, routes: dict[int, tuple[str, int]]) -> None:
        """Listen until the process ends."""
        servers = []
        for port, target in routes.items():
            connect = _Route(self, target).connect
            servers.append(await asyncio.start_server(connect, "127.0.0.1", port))
        control.unlink(missing_ok=True)
        servers.append(await asyncio.start_unix_server(self._obey, str(control)))
        control.chmod(0o600)
        await asyncio.gather(*(server.serve_forever() for server in servers))

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes from one side until either side is gone."""
        self._open.add(writer)
        try:
            while chunk := await reader.read(CHUNK):
                if time.monotonic() < self._delay_until:
                    await asyncio.sleep(self._delay_seconds)
                writer.write(chunk)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    def cut(self) -> int:
        """Close every connection as a broken network would, without a goodbye; how many."""
        cut = list(self._open)
        for writer in cut:
            writer.transport.abort()
        return len(cut)

    def delay(self, milliseconds: float, seconds: float) -> None:
        self._delay_seconds = min(milliseconds, DELAY_LIMIT_MS) / 1000
        self._delay_until = time.monotonic() + seconds

    async def _obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(json.dumps(self._answer(line)).encode() + b"\n")
            await writer.drain()
        writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            if asked["do"] == "cut":
                return {"cut": self.cut()}
            if asked["do"] == "delay":
                self.delay(float(asked["ms"]), float(asked["seconds"]))
        except (ValueError, KeyError, TypeError) as error:
            return {"error": repr(error)}
        return {"connections": len(self._open)}


class _Route:
    """One port, and where what comes to it goes on to."""

    def __init__(self, proxy: Proxy, target: tuple[str, int]) -> None:
        self._proxy = proxy
        self._target = target

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward_reader, onward_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(
            self._proxy.carry(reader, onward_writer), self._proxy.carry(onward_reader, writer)
        )


def tell(control: Path, **order: Any) -> dict[str, Any]:
    """Send one order to a running proxy; its answer. Raises `OSError` when there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ASK_SECONDS)
        connection.connect(str(control))
        connection.sendall(json.dumps(order).encode() + b"\n")
        answer: dict[str, Any] = json.loads(connection.makefile().readline())
        return answer


def is_ready(control: Path) -> bool:
    try:
        return "connections" in tell(control, do="status")
    except (OSError, ValueError):
        return False


def main(arguments: list[str]) -> None:
    routes = {}
    for argument in arguments[1:]:
        _, port, target = argument.split("=")
        host, _, onward = target.rpartition(":")
        routes[int(port)] = (host, int(onward))
    with suppress(KeyboardInterrupt):
        asyncio.run(Proxy().serve(Path(arguments[0]), routes))


if __name__ == "__main__":
    main(sys.argv[1:])
