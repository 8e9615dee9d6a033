"""The base of every service: operations that check seal, role and shape, and transactions.

class OrderService:
    name = "order"
    transaction = Transactions()

    @operation(GetOrders, roles=READERS)
    def get_orders(self, caller: Caller, command: GetOrders) -> Orders:
        with self.transaction() as session:
            return history.get_orders(session, caller, command)
"""

import itertools
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

import structlog
from nameko.exceptions import serialize
from nameko.extensions import DependencyProvider
from nameko.rpc import Rpc
from sqlalchemy.orm import Session

from shared import green, outbox, telemetry
from shared.contracts import Command, decode, operation_of
from shared.database import Database, is_outage
from shared.errors import Refusal, Unavailable
from shared.rpc import Line
from shared.seal import Role, unseal

log = structlog.get_logger()
CALLER_HEADER = "caller"
Method = TypeVar("Method", bound=Callable[..., Any])


class Transaction:
    """Units of work in one caller's name: ``with transaction() as session``.

    ``transaction.statement()`` is for reads, and for a change that is a single statement.
    """

    def __init__(self, database: Database, caller: str | None = None) -> None:
        self._database = database
        self._caller = caller

    def __call__(self) -> AbstractContextManager[Session]:
        return self._database.transaction(self._caller)

    def statement(self) -> AbstractContextManager[Session]:
        return self._database.statement(self._caller)

    def background(self) -> AbstractContextManager[Session]:
        """For timers."""
        return self._database.background()

    def side_by_side(self, number: int, step: Callable[[Session], bool], rests: float) -> None:
        """As `in_batches`, so many at a time: while one waits for the database, another reckons."""
        others = [green.spawn(self.in_batches, step, rests) for _ in range(number - 1)]
        try:
            self.in_batches(step, rests)
        finally:
            for other in others:
                other.wait()

    def in_batches(
        self, step: Callable[[Session], bool], rests: float, at_most: int | None = None
    ) -> None:
        """Take `step` in transactions of the background until it says that nothing more is to do,
        or the service is stopped.

        After each it rests `rests` times as long as that took, so that people hardly notice.
        """
        for _ in range(at_most) if at_most else itertools.count():
            started = time.monotonic()
            with self.background() as session:
                more = step(session)
            took = time.monotonic() - started
            if not more or self._database.stopping.wait(rests * took):
                return


class Operation(Rpc):
    """The entrypoint under `operation`: opens the seal, checks the role, decodes the command.

    `roles` None means that anyone may call it who can seal (sign-in: there is no caller yet).
    """

    line = Line()

    def __init__(
        self, command: type[Command[Any]], roles: frozenset[Role] | None, **options: Any
    ) -> None:
        self.command = command
        self.roles = roles
        super().__init__(expected_exceptions=(Refusal, Unavailable), **options)

    def bind(self, container: Any, method_name: str) -> "Operation":
        if method_name != operation_of(self.command):
            raise TypeError(f"{self.command.__name__} is not served by {method_name}")
        bound: Operation = super().bind(container, method_name)
        return bound

    def handle_message(self, body: Any, message: Any) -> None:
        started = time.perf_counter()
        context = self.unpack_message_headers(message)
        key = self.container.config["seal_key"]
        caller = None
        if self.roles is not None:
            caller = unseal(context.get(CALLER_HEADER), key)
            caller.require(self.roles)
        command = decode(body["args"][0], self.command)
        self.container.spawn_worker(
            self,
            (caller, command),
            {},
            context_data=context,
            handle_result=partial(self._answer, message, started),
        )

    def _answer(
        self, message: Any, started: float, worker: Any, result: Any, exc_info: Any
    ) -> tuple[Any, Any]:
        outcome = "answered"
        if exc_info is not None:
            error = exc_info[1]
            outcome = error.code if isinstance(error, Refusal) else "failed"
            away = is_outage(error) or isinstance(error, Unavailable)
            if away:
                log.warning("operation undecided", operation=self.method_name, error=repr(error))
            elif not isinstance(error, Refusal):
                log.error("operation failed", operation=self.method_name, exc_info=exc_info)
            if is_outage(error):
                service = self.container.service_name
                exc_info = (Unavailable, Unavailable(service), None)
        service = self.container.service_name
        seconds = time.perf_counter() - started
        telemetry.OPERATIONS.labels(service, self.method_name, outcome).observe(seconds)
        telemetry.MESSAGES.labels(service, "reply").inc()
        self.line.reply(message, result, serialize(exc_info[1]) if exc_info else None)
        self.rpc_consumer.queue_consumer.ack_message(message)
        return result, exc_info


def operation(
    command: type[Command[Any]], roles: frozenset[Role] | None
) -> Callable[[Method], Method]:
    """Publish a method as the service of `command`, for callers with one of `roles`."""
    decorate: Callable[[Method], Method] = Operation.decorator(command, roles=roles)
    return decorate


class Transactions(DependencyProvider):
    """Injects ``transaction()``: one committed unit of work, whose events carry the caller.

    It owns the outbox relay of the process as well, since every service that changes something
    has something to tell.
    """

    def setup(self) -> None:
        self.database: Database = self.container.config["database"]
        self.relay = outbox.Relay(self.database, self.container.config["AMQP_URI"])

    def start(self) -> None:
        self.container.spawn_managed_thread(self.relay.run, identifier="relay")

    def stop(self) -> None:
        self.relay.stop()

    def get_dependency(self, worker_ctx: Any) -> Transaction:
        return Transaction(self.database, worker_ctx.data.get(CALLER_HEADER))


class SealKey(DependencyProvider):
    """Injects the key of seals and grants."""

    def get_dependency(self, worker_ctx: Any) -> str:
        key: str = self.container.config["seal_key"]
        return key
