"""Devices on the app's server without a browser: what a browser says to it, over a real socket.

Flet's wire: a binary frame is a 0 and a MessagePack pair of action and body. A device tells who it
is, keeps what it is asked to keep, and says which screen it is on; everything behind that is the
app itself with its session. Used to measure many sessions on one server process.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from infra.failure import Failure

REGISTER, PATCH, EVENT, PROPERTIES, CALL, CRASHED = 1, 2, 3, 4, 5, 6
PAGE = 1
"""The id of the page in every session."""
PREFIX = "chainstitch."
ANSWER_SECONDS = 30.0
FRAME_BYTES = 2**24
CLIENT: Mapping[str, Any] = {
    "width": 390, "height": 844, "web": True, "platform": "android", "pwa": False,
}  # fmt: skip


class AppSession:
    """One device. `kept` is what it keeps, by name; use it as ``async with``."""

    def __init__(self, url: str, kept: Mapping[str, Any]) -> None:
        self._url = f"{url.rstrip('/')}/ws".replace("http", "ws", 1)
        self._kept = {PREFIX + name: json.dumps(value) for name, value in kept.items()}
        self._patched = asyncio.Event()
        self._crash = ""
        self.patches = 0
        self.patched_bytes = 0

    async def __aenter__(self) -> "AppSession":
        self._socket: ClientConnection = await connect(self._url, max_size=FRAME_BYTES)
        self._listening = asyncio.create_task(self._listen())
        page = {**CLIENT, "route": "/home"}
        await self._send(REGISTER, {"session_id": "", "page_name": "", "page": page})
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._listening.cancel()
        await self._socket.close()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening

    async def go(self, route: str) -> float:
        """Open a screen; the seconds until the first of it was there."""
        self._patched.clear()
        began = time.perf_counter()
        await self._show(route)
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._patched.wait()
        if self._crash:
            raise Failure(f"a session of the app ended: {self._crash}")
        return time.perf_counter() - began

    async def _show(self, route: str) -> None:
        await self._send(PROPERTIES, {"id": PAGE, "props": {"route": route}})
        event = {"target": PAGE, "name": "route_change", "data": {"route": route}}
        await self._send(EVENT, event)

    async def _send(self, action: int, body: Mapping[str, Any]) -> None:
        await self._socket.send(b"\x00" + msgpack.packb([action, dict(body)]))

    async def _listen(self) -> None:
        try:
            async for frame in self._socket:
                if isinstance(frame, bytes) and frame[:1] == b"\x00":
                    await self._heard(frame[1:])
        except ConnectionClosed:
            self._crash = "the connection was closed"
            self._patched.set()

    async def _heard(self, packed: bytes) -> None:
        action, body = msgpack.unpackb(packed, strict_map_key=False)
        if action == PATCH:
            self.patches += 1
            self.patched_bytes += len(packed)
            self._patched.set()
        elif action == CALL:
            await self._answer(body)
        elif action == CRASHED:
            self._crash = str(body["message"])
            self._patched.set()

    async def _answer(self, call: dict[str, Any]) -> None:
        arguments, result = call.get("args") or {}, None
        if call["name"] == "get":
            result = self._kept.get(arguments["key"])
        elif call["name"] == "set":
            self._kept[arguments["key"]] = arguments["value"]
        elif call["name"] == "remove":
            self._kept.pop(arguments["key"], None)
        elif call["name"] == "push_route":
            await self._show(arguments["route"])
        said = {"control_id": call["control_id"], "call_id": call["call_id"]}
        await self._send(CALL, {**said, "result": result, "error": None})
