"""Event handlers: sets of events, each applied once, in order.

A service has one queue for each service it listens to, with a single active consumer, so that
events of one aggregate arrive in their order even with several replicas. What is there (up to
`BATCH`) is taken at once; a run of events of one type is handed to its handler in one transaction
together with the inbox rows that make it happen once.

An outage parks nothing: while database or broker is away, the consumer backs off and goes on for
ever, in order. Only an event that fails repeatedly on a healthy database is rejected into the
dead-letter queue, after the batch was split until the bad one stood alone.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import structlog
from kombu import Connection, Consumer, Exchange, Queue
from nameko.extensions import Entrypoint, SharedExtension
from sqlalchemy import DateTime, Index, Text, Uuid, func, text
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

from shared import green, telemetry
from shared.broker import connected, in_time
from shared.contracts import Envelope, Event, service_of
from shared.database import Database, is_outage, ping
from shared.outbox import EVENTS

BATCH = 50
GATHER_SECONDS = 0.003
ATTEMPTS = 5
PARKED = Exchange("chainstitch.parked", type="direct", durable=True)

log = structlog.get_logger()
Method = TypeVar("Method", bound=Callable[..., Any])
Handler = Callable[[Session, list[Envelope[Any]]], None]


class InboxMixin:
    """One row for each event that one handler has applied."""

    __tablename__ = "inbox"

    event_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    handler: Mapped[str] = mapped_column(Text, primary_key=True)
    handled_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index, ...]:  # noqa: N805  (an index belongs to one table)
        return (Index("ix_inbox_handled_at", "handled_at"),)


_CLAIM = text(
    "INSERT INTO inbox (event_id, handler) SELECT unnest(CAST(:ids AS uuid[])), :handler"
    " ON CONFLICT DO NOTHING RETURNING event_id"
)


def apply(
    database: Database, name: str, handler: Handler, envelopes: Sequence[Envelope[Any]]
) -> None:
    """Hand the events that `name` has not seen to `handler`, with their inbox rows, or nothing."""
    with database.transaction() as session:
        ids = list({envelope.id for envelope in envelopes})
        fresh = set(session.scalars(_CLAIM, {"ids": ids, "handler": name}))
        unseen = []
        for envelope in envelopes:
            if envelope.id in fresh:
                fresh.remove(envelope.id)
                unseen.append(envelope)
        if unseen:
            handler(session, unseen)


def queue_name(consumer: str, source: str) -> str:
    return f"events.{consumer}.{source}"


def parked_queue(service: str) -> Queue:
    return Queue(f"parked.{service}", PARKED, routing_key=service, durable=True)


class EventQueue(SharedExtension):
    """The queue of one listening service for the events of one source, and its consumer."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.handlers: dict[str, tuple[type[Event], str]] = {}
        self._stopped = False
        super().__init__()

    @property
    def sharing_key(self) -> Any:
        return type(self), self.source

    def register(self, event_type: type[Event], method_name: str) -> None:
        self.handlers[event_type.type] = (event_type, method_name)

    def bind(self, container: Any) -> "EventQueue":
        bound: EventQueue = super().bind(container)
        bound.service = container.service_name
        bound.queue = Queue(
            queue_name(bound.service, self.source),
            durable=True,
            queue_arguments={
                "x-queue-type": container.config["event_queue_type"],
                "x-single-active-consumer": True,
                "x-dead-letter-exchange": PARKED.name,
                "x-dead-letter-routing-key": bound.service,
            },
        )
        return bound

    def setup(self) -> None:
        self.database: Database = self.container.config["database"]

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier=self.queue.name)

    def stop(self) -> None:
        self._stopped = True

    def declare(self, channel: Any) -> None:
        """Declare the queue, its bindings and where its rejected events go."""
        EVENTS(channel).declare()
        PARKED(channel).declare()
        parked = parked_queue(self.service)(channel)
        parked.declare()
        queue = self.queue(channel)
        queue.declare()
        for event_type in self.handlers:
            queue.bind_to(EVENTS, routing_key=event_type)

    def _run(self) -> None:
        pause = 0.2
        while not self._stopped:
            try:
                with connected(self.container.config["AMQP_URI"]) as connection:
                    self._consume(connection)
                    pause = 0.2
            except Exception as error:  # the broker is away: whatever its client raises then
                log.warning("consumer interrupted", queue=self.queue.name, error=repr(error))
                green.sleep(pause)
                pause = min(pause * 2, 3)

    def _consume(self, connection: Connection) -> None:
        messages: list[Any] = []
        with in_time():
            channel = connection.channel()
            self.declare(channel)
            # Without this queue a rejected event would be lost: fail here rather than then.
            parked_queue(self.service)(channel).queue_declare(passive=True)
            Consumer(
                channel,
                [self.queue(channel)],
                on_message=messages.append,
                accept=["application/cloudevents+json"],
                prefetch_count=BATCH,
            ).consume()
        while not self._stopped:
            self._gather(connection, messages)
            if messages:
                self._settle(connection, channel, messages)
                messages.clear()

    def _gather(self, connection: Connection, messages: list[Any]) -> None:
        """Wait for one message, then take what comes within a few milliseconds."""
        wait = 1.0
        deadline = None
        while len(messages) < BATCH:
            try:
                connection.drain_events(timeout=wait)
            except TimeoutError:
                if not messages:
                    connection.heartbeat_check()
                return
            deadline = deadline or time.monotonic() + GATHER_SECONDS
            wait = deadline - time.monotonic()
            if wait <= 0:
                return

    def _settle(self, connection: Connection, channel: Any, messages: list[Any]) -> None:
        """Apply the messages run by run, each acked at once when its transaction is committed."""
        for event_type, run in groupby(messages, key=lambda m: m.delivery_info["routing_key"]):
            batch = list(run)
            if event_type not in self.handlers:  # a binding of an earlier version
                channel.basic_ack(batch[-1].delivery_tag, multiple=True)
                continue
            parked = list(self._apply(connection, event_type, batch))
            for message in parked:
                channel.basic_reject(message.delivery_tag, requeue=False)
            applied = [message for message in batch if message not in parked]
            if applied:
                channel.basic_ack(applied[-1].delivery_tag, multiple=True)

    def _apply(self, connection: Connection, event_type: str, batch: list[Any]) -> Iterator[Any]:
        """Apply a run of one type; yields the messages that must be parked."""
        event_class, method = self.handlers[event_type]
        if not self._attempt(connection, event_class, method, batch):
            if len(batch) == 1:
                telemetry.PARKED.labels(self.service, method).inc()
                parked = batch[0].properties.get("message_id")
                log.error("event parked", handler=method, event_id=parked)
                yield batch[0]
                return
            middle = len(batch) // 2
            yield from self._apply(connection, event_type, batch[:middle])
            yield from self._apply(connection, event_type, batch[middle:])

    def _attempt(
        self,
        connection: Connection,
        event_class: type[Event],
        method: str,
        batch: list[Any],
    ) -> bool:
        """Whether the batch was applied. Waits out outages; gives a lone event some attempts."""
        attempt, pause = 0, 0.1
        while True:
            try:
                decoded = [decode(message.body, event_class) for message in batch]
                handler = getattr(self.container.service_cls, method)
                with telemetry.HANDLED.labels(self.service, method).time():
                    apply(self.database, method, handler, decoded)
                telemetry.EVENTS.labels(self.service, method, "applied").inc(len(batch))
                return True
            except Exception as error:  # sorted into outage, repeated error and give up below
                log.warning("event batch failed", handler=method, size=len(batch),
                            error=repr(error), exc_info=not is_outage(error))  # fmt: skip
                if not is_outage(error) and self._healthy():
                    attempt += 1
                    if len(batch) > 1 or attempt == ATTEMPTS:
                        return False
                if self._stopped:
                    raise
                green.sleep(pause)
                pause = min(pause * 2, 3)
                connection.heartbeat_check()

    def _healthy(self) -> bool:
        try:
            ping(self.database.engine)
        except Exception as error:  # any error means: not healthy
            log.warning("database away", error=repr(error))
            return False
        return True


def decode(body: Any, event_class: type[Event]) -> Envelope[Any]:
    """The envelope inside a message body, validated against its contract."""
    raw = body.encode() if isinstance(body, str) else bytes(body)
    envelope_type: Any = Envelope
    envelope: Envelope[Any] = msgspec.json.decode(raw, type=envelope_type[event_class])
    return envelope


class EventHandler(Entrypoint):
    """``@on_event(OrderPlaced)`` above a static method ``(session, envelopes)`` of a service."""

    def __init__(self, event_type: type[Event], **options: Any) -> None:
        self.event_type = event_type
        self.queue = EventQueue(service_of(event_type))
        super().__init__(**options)

    def bind(self, container: Any, method_name: str) -> "EventHandler":
        bound: EventHandler = super().bind(container, method_name)
        bound.queue.register(self.event_type, method_name)
        return bound


def on_event(event_type: type[Event]) -> Callable[[Method], Method]:
    """Publish a static method ``(session, envelopes)`` as the handler of an event."""
    decorate: Callable[[Method], Method] = EventHandler.decorator(event_type)
    return decorate
