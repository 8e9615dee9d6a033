"""Calls from one service to another: typed, with a deadline, never executed late.

A request to a stopped service would wait in its durable queue and run whenever that service comes
back: every message expires when its caller stops waiting. The caller's seal travels along.
"""

from typing import Any, TypeVar

import msgspec
from nameko.extensions import DependencyProvider
from nameko.rpc import MethodProxy, ReplyListener

from shared import green, telemetry
from shared.contracts import Command, answer_of, operation_of, service_of
from shared.errors import Unavailable

A = TypeVar("A")


class Pending:
    """An answer that is on its way."""

    def __init__(self, reply: Any, command: Command[Any], seconds: float) -> None:
        self._reply = reply
        self._command = command
        self._seconds = seconds

    def result(self) -> Any:
        """The answer; raises the remote `Refusal`, or `Unavailable` when none comes in time."""
        with green.deadline(self._seconds, Unavailable(service_of(type(self._command)))):
            raw = self._reply.result()
        return msgspec.convert(raw, answer_of(type(self._command)))


class Caller:
    """Sends commands in the name of the worker that holds it."""

    def __init__(self, worker: Any, replies: Any, seconds: float) -> None:
        self._worker = worker
        self._replies = replies
        self._seconds = seconds

    def start(self, command: Command[A]) -> Pending:
        """Send a command; go on; ask the result for the answer later."""
        kind = type(command)
        telemetry.MESSAGES.labels(self._worker.service_name, "request").inc()
        method = MethodProxy(
            self._worker,
            service_of(kind),
            operation_of(kind),
            self._replies,
            expiration=self._seconds,
            delivery_mode=1,
        )
        with green.deadline(self._seconds, Unavailable(service_of(kind))):
            reply = method.call_async(msgspec.to_builtins(command))
        return Pending(reply, command, self._seconds)

    def call(self, command: Command[A]) -> A:
        """Send a command and wait for its answer."""
        answer: A = self.start(command).result()
        return answer


class Services(DependencyProvider):
    """Injects a `Caller` into a service that may call others."""

    replies = ReplyListener()

    def get_dependency(self, worker_ctx: Any) -> Caller:
        return Caller(worker_ctx, self.replies, self.container.config["rpc_timeout_seconds"])
