"""Passes everything that is not the gateway's own to the staff app's process.

The app is a process of its own behind the same origin as the API, so that a browser needs no
cross-origin rights. HTTP and WebSocket; bodies stream; nothing is cached or changed.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import websockets
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

# RFC 9110, 7.6.1: these belong to one connection, not to the message.
_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "host", "content-length",
}  # fmt: skip
MESSAGE_LIMIT = 16 * 1024 * 1024
"""Bytes in a message of the app: a file that is chosen there comes as one."""


def proxy_to(url: str) -> Any:
    """An ASGI application that answers what the server at `url` answers."""
    client = httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(30, connect=3))
    socket_url = url.replace("http", "ws", 1).rstrip("/")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await _pass_socket(socket_url, WebSocket(scope, receive, send))
        else:
            response = await _pass_request(client, Request(scope, receive))
            await response(scope, receive, send)

    return application


async def _pass_request(client: httpx.AsyncClient, request: Request) -> Response:
    headers = [
        (name, value)
        for name, value in request.headers.raw
        if name.decode().lower() not in _HOP_BY_HOP
    ]
    path = httpx.URL(path=request.url.path, query=request.url.query.encode())
    body = await request.body()
    asked = client.build_request(request.method, path, headers=headers, content=body or None)
    if "accept-encoding" not in request.headers:
        asked.headers["accept-encoding"] = "identity"  # httpx would ask for gzip by itself
    try:
        answer = await client.send(asked, stream=True)
    except httpx.TransportError:
        return Response("The app is starting; reload in a moment.", 503)

    async def stream() -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.aiter_raw():
                yield chunk
        finally:
            await answer.aclose()

    response = StreamingResponse(stream(), answer.status_code)
    response.raw_headers = [
        (name.lower(), value)
        for name, value in answer.headers.raw
        if name.decode().lower() not in _HOP_BY_HOP - {"content-length"}
    ]
    return response


async def _pass_socket(base: str, browser: WebSocket) -> None:
    query = browser.scope["query_string"].decode()
    url = f"{base}{browser.url.path}" + (f"?{query}" if query else "")
    headers = {
        name: value
        for name, value in browser.headers.items()
        if name in ("cookie", "user-agent", "origin", "accept-language", "x-forwarded-for")
    }
    try:
        async with websockets.connect(
            url,
            additional_headers={k: v for k, v in headers.items() if k != "user-agent"},
            user_agent_header=headers.get("user-agent"),
            max_size=MESSAGE_LIMIT,
            compression=None,
            proxy=None,
        ) as app:
            await browser.accept()
            passing = [
                asyncio.create_task(_to_app(browser, app)),
                asyncio.create_task(_to_browser(app, browser)),
            ]
            _done, rest = await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            await asyncio.gather(*passing, return_exceptions=True)
    except (OSError, websockets.exceptions.WebSocketException):
        pass  # the app's end is gone: the browser's is closed below and reconnects
    finally:
        if browser.client_state.name != "DISCONNECTED":
            await _close(browser)


async def _close(browser: WebSocket) -> None:
    try:
        await browser.close(1012)
    except RuntimeError:
        return  # it was closed from the other side meanwhile


async def _to_app(browser: WebSocket, app: Any) -> None:
    try:
        while True:
            message = await browser.receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            await app.send(data if data is not None else message["text"])
    except (WebSocketDisconnect, websockets.exceptions.ConnectionClosed):
        return


async def _to_browser(app: Any, browser: WebSocket) -> None:
    async for data in app:
        if isinstance(data, bytes):
            await browser.send_bytes(data)
        else:
            await browser.send_text(data)
