"""The gateway's public API, as the tools of this folder use it: demo, replay, bench and chaos.

They go through the same door as any franchisee's software, so that what they show is what it is.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from infra.failure import Failure

ATTEMPTS = 40
PAUSE_SECONDS = 0.25
# The outcome is unknown: the same input with the same ids may be sent again.
RETRIED = frozenset({"UNAVAILABLE", "INTERNAL", "RATE_LIMITED", "ORDER_IN_PROGRESS"})


class Refused(Exception):
    """The API said no: a typed refusal of a mutation, or an entry of `errors`."""

    def __init__(self, code: str, text: str, parameters: Mapping[str, str]) -> None:
        self.code = code
        self.text = text
        self.parameters = dict(parameters)
        super().__init__(f"{code}: {text}")


class Unanswered(Exception):
    """No answer came: the request may or may not have been carried out."""


class Api:
    """A signed-in caller. Use as ``async with Api(url) as api``."""

    def __init__(self, url: str, connections: int = 32, timeout_seconds: float = 20) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=connections, keepalive_expiry=30),
        )
        self._sign_in: tuple[str, dict[str, Any]] | None = None
        self._token: str | None = None
        self.identity: dict[str, Any] = {}

    async def __aenter__(self) -> "Api":
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._client.aclose()

    async def sign_in(self, mutation: str, **values: Any) -> dict[str, Any]:
        """Sign in by `signInWithPassword`, `signInWithPin` or `signInClient`."""
        self._sign_in = (mutation, values)
        name = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ accessToken"
            " identity { name storeId caller { id } } refusal { code messageEn } } }"
        )
        self._token = None
        payload = (await self.ask(document, input=values))[mutation]
        self._token = payload["accessToken"]
        self.identity = payload["identity"]
        return self.identity

    async def send(
        self, method: str, path: str, content: bytes | AsyncIterator[bytes] = b"", **query: str
    ) -> httpx.Response:
        """A request that is no GraphQL: a file that is taken or given."""
        headers = {"Authorization": f"Bearer {self._token}"}
        return await self._client.request(
            method, path, content=content, params=query, headers=headers
        )

    async def once(self, document: str, **variables: Any) -> dict[str, Any]:
        """One request. Raises `Refused`, or `Unanswered` when the outcome is unknown."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        body = {"query": document, "variables": variables}
        try:
            response = await self._client.post("/graphql", json=body, headers=headers)
            answer = response.json()
        except (httpx.TransportError, ValueError) as error:
            raise Unanswered(repr(error)) from error
        if answer.get("errors"):
            raise _refused(answer["errors"][0])
        data: dict[str, Any] = answer["data"]
        for payload in data.values():
            if isinstance(payload, dict) and payload.get("refusal"):
                refusal = payload["refusal"]
                pairs = {pair["name"]: pair["value"] for pair in refusal.get("parameters", [])}
                raise Refused(refusal["code"], refusal.get("messageEn", ""), pairs)
        return data

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """A request that is sent again, with the same ids, until there is an answer."""
        last: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                return await self.once(document, **variables)
            except Unanswered as error:
                last = error
            except Refused as error:
                if error.code == "UNAUTHENTICATED" and self._sign_in and self._token:
                    mutation, values = self._sign_in
                    await self.sign_in(mutation, **values)
                elif error.code not in RETRIED:
                    raise
                last = error
            await asyncio.sleep(PAUSE_SECONDS)
        raise Failure(f"The gateway did not answer: {last}")

    async def change(self, mutation: str, answer: str, **values: Any) -> Any:
        """Carry out a mutation by name; `answer` is the selection of its answer field."""
        name = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ {answer}"
            " refusal { code messageEn parameters { name value } } } }"
        )
        return (await self.ask(document, input=values))[mutation]


def _refused(error: dict[str, Any]) -> Refused:
    extensions = error.get("extensions") or {}
    parameters = extensions.get("parameters") or {}
    return Refused(extensions.get("code", "UNKNOWN"), error.get("message", ""), parameters)
