"""Everything that is said to the gateway: GraphQL with a sign-in that renews itself.

Three things can come back besides an answer, and screens tell them apart: `Refused` (an expected
no, with its sentence in both languages), `Unreachable` (no answer: it may be sent again) and
`SignedOut` (somebody has to sign in first). How bytes travel is the transport's business.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from staff_app import queries

RENEW_BEFORE_SECONDS = 30
_SEND_AGAIN = {"UNAVAILABLE", "INTERNAL", "RATE_LIMITED"}


class Unreachable(Exception):
    """No answer in time, or none that says whether anything was done."""


class SignedOut(Exception):
    """There is no sign-in that the gateway accepts."""


class Refused(Exception):
    """An expected no. `payload` is the whole answer: a changed price brings its new quote."""

    def __init__(
        self, code: str, zh: str, en: str, parameters: dict[str, str], payload: Any
    ) -> None:
        super().__init__(code)
        self.code = code
        self.zh = zh
        self.en = en
        self.parameters = parameters
        self.payload = payload

    @property
    def told(self) -> dict[str, str]:
        """As screens and the device keep it."""
        return {"code": self.code, "zh": self.zh, "en": self.en}


class Transport(Protocol):
    """How requests travel: httpx on a server, the browser's own means on a device."""

    async def post(self, body: dict[str, Any], token: str | None) -> tuple[int, dict[str, Any]]:
        """Status and decoded body; raises `Unreachable`."""

    async def carry(self, path: str, content: bytes | None, token: str) -> tuple[int, bytes]:
        """Send a file to a path of the gateway, or (None) fetch one; raises `Unreachable`."""

    def subscribe(
        self, document: str, variables: dict[str, Any], token: str
    ) -> AsyncIterator[dict[str, Any]]:
        """The `data` of each event over graphql-transport-ws; raises `Unreachable`, `SignedOut`."""


@dataclass
class Tokens:
    """`expires_at` is in seconds since the epoch, by the clock of this process."""

    access: str = ""
    refresh: str = ""
    expires_at: float = 0.0

    @classmethod
    def of(cls, signed_in: dict[str, Any]) -> "Tokens":
        return cls(
            signed_in["accessToken"],
            signed_in["refreshToken"] or "",
            time.time() + (signed_in["expiresInSeconds"] or 0),
        )


async def _unknown() -> Tokens | None:
    return None


async def _ignored(_tokens: Tokens | None) -> None:
    return None


@dataclass
class Client:
    """One device's way to the gateway.

    `stored` reads the tokens the device keeps: another window of the same device may have renewed
    them, and a refresh token works once. `renewed` is told new ones, and None when they have ended.
    """

    transport: Transport
    tokens: Tokens | None = None
    stored: Callable[[], Awaitable[Tokens | None]] = _unknown
    renewed: Callable[[Tokens | None], Awaitable[None]] = _ignored
    reached: Callable[[bool], None] = lambda _reached: None
    late: Callable[[], Awaitable[Tokens]] | None = None
    """Signs in at the server whoever signed in on the device while it had no network."""
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, document: str, signed_in: bool = True, **variables: Any) -> dict[str, Any]:
        """The `data` of a query."""
        token = await self.access_token() if signed_in else None
        try:
            return await self._post(document, variables, token)
        except SignedOut:
            if not signed_in:
                raise
            await self._renew(token)
            return await self._post(document, variables, await self.access_token())

    async def tell(
        self, document: str, input_: dict[str, Any], signed_in: bool = True
    ) -> dict[str, Any]:
        """The payload of a document's one mutation (or query with a refusal)."""
        data = await self.ask(document, signed_in, input=input_)
        return answered(data)

    async def events(self, document: str, **variables: Any) -> AsyncIterator[dict[str, Any]]:
        """The `data` of each event until the connection or the token ends."""
        async for data in self.transport.subscribe(document, variables, await self.access_token()):
            yield data

    async def carry(self, path: str, content: bytes | None = None) -> bytes:
        """Send a file, or fetch one; raises `Refused`, `Unreachable`, `SignedOut`."""
        status, body = await self.transport.carry(path, content, await self.access_token())
        if status == 200:
            return body
        if status == 401:
            raise SignedOut
        try:
            said = json.loads(body)
            refused = Refused(
                said["code"], said["messageZh"], said["messageEn"], said["parameters"], said
            )
        except (ValueError, LookupError, TypeError) as error:
            raise Unreachable(f"status {status}") from error
        if status >= 500:
            raise Unreachable(refused.code)
        raise refused

    async def access_token(self) -> str:
        """A token that is good for the next seconds; raises `SignedOut`, `Unreachable`."""
        if self.tokens is None:
            await self._sign_in_late()
        if self.tokens is None:
            raise SignedOut
        if self.tokens.expires_at - time.time() < RENEW_BEFORE_SECONDS:
            await self._renew(self.tokens.access)
        return self.tokens.access

    async def _sign_in_late(self) -> None:
        async with self._renewing:
            late = self.late
            if self.tokens is not None or late is None:
                return
            try:
                tokens = await late()
            except Refused as error:
                self.late = None
                await self.renewed(None)
                raise SignedOut from error
            if self.late is not late:
                raise SignedOut  # the device was handed over meanwhile
            self.late, self.tokens = None, tokens
            await self.renewed(tokens)

    async def _renew(self, stale: str | None) -> None:
        """New tokens for old; whoever comes second finds it done."""
        async with self._renewing:
            if self.tokens is None:
                raise SignedOut
            kept = await self.stored()
            if kept and kept.refresh and kept.refresh != self.tokens.refresh:
                self.tokens = kept
            usable = self.tokens.expires_at - time.time() > RENEW_BEFORE_SECONDS
            if self.tokens.access != stale and usable:
                return
            await self._exchange(self.tokens.refresh)

    async def _exchange(self, refresh_token: str) -> None:
        try:
            variables = {"input": {"refreshToken": refresh_token}}
            signed_in = answered(await self._post(queries.REFRESH, variables, None))
        except (Refused, SignedOut) as error:
            self.tokens = None
            await self.renewed(None)
            raise SignedOut from error
        self.tokens = Tokens.of(signed_in)
        await self.renewed(self.tokens)

    async def _post(
        self, document: str, variables: dict[str, Any], token: str | None
    ) -> dict[str, Any]:
        try:
            status, body = await self.transport.post(
                {"query": document, "variables": variables}, token
            )
            data = _read(status, body)
        except Unreachable:
            self.reached(False)
            raise
        self.reached(True)
        return data


def answered(data: dict[str, Any]) -> dict[str, Any]:
    """The one payload in `data`; raises `Refused` if it is a refusal."""
    payload: dict[str, Any] = next(iter(data.values()))
    refusal = payload.get("refusal")
    if refusal:
        parameters = {pair["name"]: pair["value"] for pair in refusal["parameters"]}
        raise Refused(
            refusal["code"], refusal["messageZh"], refusal["messageEn"], parameters, payload
        )
    return payload


def _read(status: int, body: dict[str, Any]) -> dict[str, Any]:
    errors = body.get("errors")
    if not errors:
        if status != 200 or "data" not in body:
            raise Unreachable(f"status {status}")
        data: dict[str, Any] = body["data"]
        return data
    error = errors[0]
    said = error.get("extensions") or {}
    code = str(said.get("code", "INTERNAL"))
    if code == "UNAUTHENTICATED":
        raise SignedOut
    if code in _SEND_AGAIN or status >= 500:
        raise Unreachable(code)
    message = str(error.get("message", code))
    parameters = {name: str(value) for name, value in (said.get("parameters") or {}).items()}
    raise Refused(
        code, said.get("messageZh", message), said.get("messageEn", message), parameters, body
    )
