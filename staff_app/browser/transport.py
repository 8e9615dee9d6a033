"""How requests travel from a browser to the gateway: its own fetch and its own WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from staff_app.client import SignedOut, Unreachable
from staff_app.subscription import PROTOCOL, REJECTED, Subscription

FILE_SECONDS = 60.0
PING_SECONDS = 20.0
"""A socket that said nothing for so long is asked: a phone that changed its network is not told."""
_CLOSED = "closed"


class BrowserTransport:
    """`graphql_url` is absolute and of the page's own origin."""

    def __init__(self, graphql_url: str, answer_seconds: float) -> None:
        self._url = graphql_url
        self._seconds = answer_seconds

    async def post(self, body: dict[str, Any], token: str | None) -> tuple[int, dict[str, Any]]:
        from pyodide.http import pyfetch  # type: ignore[import-not-found]

        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with asyncio.timeout(self._seconds):
                answer = await pyfetch(
                    self._url, method="POST", headers=headers, body=json.dumps(body),
                    cache="no-store", credentials="omit",
                )  # fmt: skip
                decoded = json.loads(await answer.string())
        except (OSError, ValueError, TimeoutError) as error:
            raise Unreachable(type(error).__name__) from error
        if not isinstance(decoded, dict):
            raise Unreachable("no GraphQL answer")
        return int(answer.status), decoded

    async def carry(self, path: str, content: bytes | None, token: str) -> tuple[int, bytes]:
        from pyodide.ffi import to_js
        from pyodide.http import pyfetch

        address = f"{self._url.removesuffix('/graphql')}{path}"
        asked: dict[str, Any] = {"method": "GET"}
        if content is not None:
            asked = {"method": "POST", "body": to_js(content)}
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with asyncio.timeout(FILE_SECONDS):
                answer = await pyfetch(
                    address, headers=headers, cache="no-store", credentials="omit", **asked
                )
                return int(answer.status), await answer.bytes()
        except (OSError, ValueError, TimeoutError) as error:
            raise Unreachable(type(error).__name__) from error

    async def subscribe(
        self, document: str, variables: dict[str, Any], token: str
    ) -> AsyncIterator[dict[str, Any]]:
        talk = Subscription(document, variables, token)
        socket = Socket(self._url.replace("http", "ws", 1))
        try:
            await socket.heard(self._seconds)
            socket.say(talk.greeting)
            while not talk.ended:
                try:
                    text = await socket.heard(PING_SECONDS if talk.accepted else self._seconds)
                except TimeoutError:
                    if not talk.accepted:
                        raise
                    socket.say('{"type": "ping"}')
                    text = await socket.heard(self._seconds)
                reply, data = talk.heard(text)
                if reply:
                    socket.say(reply)
                if data:
                    yield data
        except (TimeoutError, ValueError) as error:
            raise Unreachable(type(error).__name__) from error
        finally:
            socket.close()


class Socket:
    """A WebSocket of the browser as something to wait for. The first thing heard is empty: it is
    open."""

    def __init__(self, url: str) -> None:
        import js  # type: ignore[import-not-found]
        from pyodide.ffi import create_proxy  # type: ignore[import-not-found]

        self._queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._socket = js.WebSocket.new(url, PROTOCOL)
        put = self._queue.put_nowait
        listeners = {
            "open": lambda _event: put(("said", "")),
            "message": lambda event: put(("said", str(event.data))),
            "close": lambda event: put((_CLOSED, int(event.code))),
        }
        self._listeners = {kind: create_proxy(act) for kind, act in listeners.items()}
        for kind, act in self._listeners.items():
            self._socket.addEventListener(kind, act)

    async def heard(self, seconds: float) -> str:
        """Raises `TimeoutError`, `Unreachable`, `SignedOut`."""
        async with asyncio.timeout(seconds):
            kind, what = await self._queue.get()
        if kind == _CLOSED:
            if what in REJECTED:
                raise SignedOut
            raise Unreachable("the socket was closed")
        return str(what)

    def say(self, text: str) -> None:
        self._socket.send(text)

    def close(self) -> None:
        for kind, act in self._listeners.items():
            self._socket.removeEventListener(kind, act)
            act.destroy()
        self._socket.close()
