"""nameko's RPC wire format over aio-pika: the only place of the gateway that knows of it.

One robust connection, one reply queue, a deadline and a message expiry on every call. A stopped
service shows as a missed deadline, since its durable queue is still there; a service that was never
declared is returned by the broker at once (`mandatory`).
"""

import asyncio
import uuid
from typing import Any, TypeVar

import aio_pika
import msgspec
from aio_pika.abc import AbstractIncomingMessage

from shared import telemetry
from shared.contracts import Command, answer_of, operation_of, service_of
from shared.errors import Forbidden, InvalidInput, Refusal, Unavailable

A = TypeVar("A")

_REFUSALS = {kind.__name__: kind for kind in (Refusal, Forbidden, InvalidInput)}


class RemoteFault(Exception):
    """A service failed in a way it did not foresee; its log says how."""


class Rpc:
    """Calls to all services. `connect` before use; `close` at the end."""

    def __init__(self, amqp_uri: str, timeout_seconds: float) -> None:
        self._uri = amqp_uri
        self._seconds = timeout_seconds
        self._route = str(uuid.uuid4())
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._sent = telemetry.MESSAGES.labels("gateway", "request")

    async def connect(self) -> None:
        self.connection = await aio_pika.connect_robust(self._uri, heartbeat=20, timeout=5)
        self._channel = await self.connection.channel(on_return_raises=True)
        self._exchange = await self._channel.declare_exchange(
            "nameko-rpc", aio_pika.ExchangeType.TOPIC, durable=True
        )
        queue = await self._channel.declare_queue(
            f"rpc.reply-gateway-{self._route}", durable=True, arguments={"x-expires": 300_000}
        )
        await queue.bind(self._exchange, self._route)
        await queue.consume(self._on_reply, no_ack=True)

    async def close(self) -> None:
        await self.connection.close()

    @property
    def connected(self) -> bool:
        return not self.connection.is_closed and self.connection.connected.is_set()

    async def call(self, command: Command[A], seal: str | None) -> A:
        """The service's answer. Raises its `Refusal`, `Unavailable`, or `RemoteFault`."""
        kind = type(command)
        correlation = uuid.uuid4().hex
        message = aio_pika.Message(
            msgspec.json.encode({"args": [command], "kwargs": {}}),
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=correlation,
            reply_to=self._route,
            expiration=self._seconds,
            headers={"nameko.caller": seal} if seal else {},
        )
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[correlation] = reply
        try:
            async with asyncio.timeout(self._seconds):
                self._sent.inc()
                await self._exchange.publish(
                    message, f"{service_of(kind)}.{operation_of(kind)}", mandatory=True
                )
                body = await reply
        except (
            TimeoutError,
            aio_pika.exceptions.AMQPError,
            ConnectionError,
            RuntimeError,
        ) as error:
            raise Unavailable(service_of(kind)) from error
        finally:
            self._waiting.pop(correlation, None)
        if body["error"]:
            raise _error(body["error"], service_of(kind))
        answer: A = msgspec.convert(body["result"], answer_of(kind))
        return answer

    async def _on_reply(self, message: AbstractIncomingMessage) -> None:
        waiting = self._waiting.get(message.correlation_id or "")
        if waiting and not waiting.done():
            waiting.set_result(msgspec.json.decode(message.body))


def _error(error: dict[str, Any], service: str) -> Exception:
    """The exception a service raised, rebuilt from nameko's description of it."""
    kind, arguments = error["exc_type"], error.get("exc_args", [])
    if kind in _REFUSALS:
        return _REFUSALS[kind](*arguments)
    if kind == "Unavailable":
        return Unavailable(service)
    return RemoteFault(f"{service}: {kind} {error.get('value')}")
