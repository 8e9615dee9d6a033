"""How requests travel from the app's server to the gateway: httpx, and websockets for events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import websockets
from websockets.typing import Subprotocol

from staff_app.client import SignedOut, Unreachable
from staff_app.subscription import PROTOCOL, REJECTED, Subscription

FILE_SECONDS = 60
IDLE_SECONDS = 30
"""How long a connection is kept for the next request: less than the gateway keeps it."""


class HttpTransport:
    """One pool of connections for all sessions of a process."""

    def __init__(self, gateway_url: str, answer_seconds: float) -> None:
        self._seconds = answer_seconds
        self._url = f"{gateway_url.rstrip('/')}/graphql"
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(answer_seconds, connect=3),
            limits=httpx.Limits(
                max_connections=200, max_keepalive_connections=50, keepalive_expiry=IDLE_SECONDS
            ),
        )

    async def post(self, body: dict[str, Any], token: str | None) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            # httpx waits so long for each piece of an answer; one that trickles never ends.
            async with asyncio.timeout(self._seconds):
                answer = await self._client.post(self._url, json=body, headers=headers)
            decoded = answer.json()
        except (httpx.HTTPError, ValueError, TimeoutError) as error:
            raise Unreachable(type(error).__name__) from error
        if not isinstance(decoded, dict):
            raise Unreachable("no GraphQL answer")
        return answer.status_code, decoded

    async def carry(self, path: str, content: bytes | None, token: str) -> tuple[int, bytes]:
        address = f"{self._url.removesuffix('/graphql')}{path}"
        headers = {"Authorization": f"Bearer {token}"}
        method = "GET" if content is None else "POST"
        try:
            answer = await self._client.request(
                method, address, content=content, headers=headers, timeout=FILE_SECONDS
            )
        except httpx.HTTPError as error:
            raise Unreachable(type(error).__name__) from error
        return answer.status_code, answer.content

    async def subscribe(
        self, document: str, variables: dict[str, Any], token: str
    ) -> AsyncIterator[dict[str, Any]]:
        talk = Subscription(document, variables, token)
        try:
            async with websockets.connect(
                self._url.replace("http", "ws", 1), subprotocols=[Subprotocol(PROTOCOL)], proxy=None
            ) as socket:
                await socket.send(talk.greeting)
                async for text in socket:
                    reply, data = talk.heard(str(text))
                    if reply:
                        await socket.send(reply)
                    if data:
                        yield data
                    if talk.ended:
                        return
        except websockets.ConnectionClosed as error:
            if error.rcvd and error.rcvd.code in REJECTED:
                raise SignedOut from error
            raise Unreachable("the socket was closed") from error
        except (OSError, websockets.WebSocketException, ValueError) as error:
            raise Unreachable(type(error).__name__) from error

    async def close(self) -> None:
        await self._client.aclose()
