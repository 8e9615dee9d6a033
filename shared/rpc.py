"""Calls from one service to another: typed, with a deadline, never executed late.

A request to a stopped service would wait in its durable queue and run whenever that service comes
back: every message expires when its caller stops waiting. The caller's seal travels along.

A process sends requests and answers, and takes answers, on one connection of its own. Neither is
confirmed or acknowledged: what is lost misses its deadline, and the sender repeats the command.
"""

import uuid
from typing import Any, TypeVar

import msgspec
import structlog
from kombu import Connection, Consumer, Queue
from nameko.exceptions import deserialize
from nameko.extensions import DependencyProvider, SharedExtension
from nameko.rpc import get_rpc_exchange

from shared import green, telemetry
from shared.broker import connected, in_time
from shared.contracts import Command, answer_of, operation_of, service_of
from shared.errors import Unavailable

A = TypeVar("A")
log = structlog.get_logger()


class Pending:
    """An answer that is on its way."""

    def __init__(self, line: "Line", correlation: str, command: Command[Any]) -> None:
        self._line = line
        self._correlation = correlation
        self._command = command

    def result(self) -> Any:
        """The answer; raises the remote `Refusal`, or `Unavailable` when none comes in time."""
        kind = type(self._command)
        body = self._line.wait(self._correlation, Unavailable(service_of(kind)))
        if body.get("error"):
            raise deserialize(body["error"])
        return msgspec.convert(body["result"], answer_of(kind))


class Line(SharedExtension):
    """The connection of a process for what it asks and answers, and the queue of answers to it."""

    def setup(self) -> None:
        config = self.container.config
        self._uri = config["AMQP_URI"]
        self.seconds: float = config["rpc_timeout_seconds"]
        self._exchange = get_rpc_exchange(config)
        self._waiting: dict[str, green.Event] = {}
        self._writing = green.Lock()
        self._channel: Any = None
        self._stopped = False
        self._messages = telemetry.MESSAGES.labels(self.container.service_name, "request")

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="rpc line")

    def stop(self) -> None:
        self._stopped = True

    def send(self, command: Command[Any], headers: dict[str, Any]) -> str:
        """Send a request; the name under which its answer will come."""
        kind = type(command)
        correlation = uuid.uuid4().hex
        with green.deadline(self.seconds, Unavailable(service_of(kind))):
            while self._channel is None:  # the broker is away: wait for it, within the deadline
                green.sleep(0.05)
            self._waiting[correlation] = green.Event()
            try:
                self._publish(command, correlation, headers)
            except Unavailable:
                raise
            except Exception as error:  # the line was cut: whatever the client raises then
                self._waiting.pop(correlation, None)
                raise Unavailable(service_of(kind)) from error
        self._messages.inc()
        return correlation

    def wait(self, correlation: str, error: Unavailable) -> Any:
        """The body of the answer; raises `error` at the deadline, or when the line is cut."""
        try:
            with green.deadline(self.seconds, error):
                body = self._waiting[correlation].wait()
        finally:
            self._waiting.pop(correlation, None)
        if body is None:
            raise error
        return body

    def reply(self, request: Any, result: Any, error: Any) -> None:
        """Answer a request. If the line is cut just now, the asker misses its deadline."""
        if self._channel is None:
            return
        answer = self._channel.prepare_message(
            msgspec.json.encode({"result": result, "error": error}),
            content_type="application/json",
            content_encoding="utf-8",
            properties={
                "delivery_mode": 1,
                "correlation_id": request.properties.get("correlation_id"),
            },
        )
        try:
            self._write(answer, request.properties["reply_to"])
        except Exception as cut:  # the line was cut: whatever the client raises then
            log.warning("answer lost", error=repr(cut))

    def _publish(self, command: Command[Any], correlation: str, headers: dict[str, Any]) -> None:
        kind = type(command)
        message = self._channel.prepare_message(
            msgspec.json.encode({"args": [command], "kwargs": {}}),
            content_type="application/json",
            content_encoding="utf-8",
            headers=headers,
            properties={
                "delivery_mode": 1,
                "reply_to": self._route,
                "correlation_id": correlation,
                "expiration": str(int(self.seconds * 1000)),
            },
        )
        self._write(message, f"{service_of(kind)}.{operation_of(kind)}")

    def _write(self, message: Any, routing_key: str) -> None:
        with self._writing:
            self._channel.basic_publish(
                message, exchange=self._exchange.name, routing_key=routing_key
            )

    def _run(self) -> None:
        pause = 0.1
        while not self._stopped:
            try:
                with connected(self._uri) as connection:
                    self._listen(connection)
            except Exception as error:  # the broker is away: whatever its client raises then
                log.warning("rpc line interrupted", error=repr(error))
            finally:
                self._hang_up()
            green.sleep(pause)
            pause = min(pause * 2, 2)

    def _listen(self, connection: Connection) -> None:
        self._route = str(uuid.uuid4())
        queue = Queue(
            f"rpc.reply-{self.container.service_name}-{self._route}",
            self._exchange,
            routing_key=self._route,
            durable=False,
            auto_delete=True,
        )
        with in_time():
            channel = connection.channel()
            self._exchange(channel).declare()
            Consumer(
                channel, [queue], on_message=self._on_reply, no_ack=True, accept=["json"]
            ).consume()
        self._channel = channel
        while not self._stopped:
            try:
                connection.drain_events(timeout=5)
            except TimeoutError:
                with self._writing:
                    connection.heartbeat_check()

    def _on_reply(self, message: Any) -> None:
        waiting = self._waiting.get(message.properties.get("correlation_id"))
        if waiting and not waiting.ready():
            waiting.send(msgspec.json.decode(message.body))

    def _hang_up(self) -> None:
        """Whoever waits will get no answer on this connection any more."""
        self._channel = None
        for waiting in list(self._waiting.values()):
            if not waiting.ready():
                waiting.send(None)


class Caller:
    """Sends commands in the name of the worker that holds it."""

    def __init__(self, line: Line, headers: dict[str, Any]) -> None:
        self._line = line
        self._headers = headers

    def start(self, command: Command[A]) -> Pending:
        """Send a command; go on; ask the result for the answer later."""
        return Pending(self._line, self._line.send(command, self._headers), command)

    def call(self, command: Command[A]) -> A:
        """Send a command and wait for its answer."""
        answer: A = self.start(command).result()
        return answer


class Services(DependencyProvider):
    """Injects a `Caller` into a service that may call others."""

    line = Line()

    def get_dependency(self, worker_ctx: Any) -> Caller:
        caller = worker_ctx.data.get("caller")
        return Caller(self.line, {"nameko.caller": caller} if caller else {})
