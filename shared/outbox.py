"""The outbox: events written in the transaction of the change, published by a relay.

Rows are read by being unpublished, never by being newer than the last one seen, so a row that
commits late is not skipped. One relay of a service is active at a time (advisory lock); it is woken
by commits of its own process and looks by itself every `POLL_SECONDS` for those of other replicas.
What is committed within `GATHER_SECONDS` is published, and so handled, together: nobody waits for
an event, and a batch of five costs about as much as one.
"""

import contextlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from kombu import Connection, Exchange
from sqlalchemy import BigInteger, DateTime, Index, Text, Uuid, func, select, text
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

from shared import green, telemetry
from shared.broker import connected, in_time
from shared.contracts import Envelope, Event
from shared.database import Database
from shared.ids import new_id

EVENTS = Exchange("chainstitch.events", type="topic", durable=True)
POLL_SECONDS = 0.25
GATHER_SECONDS = 0.08
BATCH = 200
KEEP_DAYS = 7

log = structlog.get_logger()


class OutboxMixin:
    """One row an event: the finished envelope, and whether the broker has confirmed it."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    event_id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    type: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    envelope: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index, ...]:  # noqa: N805  (an index belongs to one table)
        return (
            Index("ix_outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),
            Index("ix_outbox_published_at", "published_at"),
        )


# As JSON: an array of texts is escaped by the driver, letter by letter.
_INSERT = text(
    "INSERT INTO outbox (event_id, type, subject, envelope)"
    " SELECT event_id, type, subject, envelope FROM json_to_recordset(CAST(:rows AS json))"
    " AS e(event_id uuid, type text, subject text, envelope text)"
)


def prepare(session: Session, event: Event, subject: UUID | str, sequence: int) -> dict[str, Any]:
    """The row of an event of this transaction, to be inserted by a statement of the caller's."""
    session.info["emitted"] = True
    envelope = Envelope(
        id=new_id(),
        source=f"chainstitch/{session.info['source']}",
        type=event.type,
        subject=str(subject),
        sequence=sequence,
        time=datetime.now(UTC),
        data=event,
        caller=session.info.get("caller"),
    )
    return {
        "event_id": envelope.id,
        "type": event.type,
        "subject": envelope.subject,
        "envelope": msgspec.json.encode(envelope).decode(),
    }


def emit(session: Session, *events: tuple[Event, UUID | str, int]) -> None:
    """Write events into the outbox of this transaction, as one statement.

    Each is (event, subject, sequence): the id of the aggregate it is about, and its number among
    that aggregate's events (a version column, or 1 where there is only ever one).
    """
    if not events:
        return
    rows = [prepare(session, *event) for event in events]
    session.execute(_INSERT, {"rows": msgspec.json.encode(rows).decode()})


class Relay:
    """Publishes a service's outbox with publisher confirms."""

    def __init__(self, database: Database, amqp_uri: str) -> None:
        self.database = database
        self.amqp_uri = amqp_uri
        self.wake = green.Wake()
        database.on_emitted = self.wake.set
        self._stopped = False
        self._messages = telemetry.MESSAGES.labels(database.service, "event")
        self._statements = telemetry.STATEMENTS.labels(database.service)

    def stop(self) -> None:
        self._stopped = True
        self.wake.set()

    def run(self) -> None:
        """Relay until stopped; whatever fails is logged, waited for and tried again."""
        pause = 0.2
        while not self._stopped:
            try:
                self._relay_while_leading()
                pause = 0.2
            except Exception as error:  # any outage: broker, database, network
                log.warning("relay interrupted", error=repr(error))
                green.sleep(pause)
                pause = min(pause * 2, 3)

    def _relay_while_leading(self) -> None:
        engine = self.database.engine
        with engine.connect().execution_options(
            isolation_level="AUTOCOMMIT", **telemetry.UNCOUNTED
        ) as connection:
            lock = select(func.pg_try_advisory_lock(func.hashtext("chainstitch.relay")))
            while not connection.scalar(lock):
                if self._stopped:
                    return
                green.sleep(1)
            try:
                with connected(self.amqp_uri) as broker:
                    publisher = _ConfirmedPublisher(broker)
                    while not self._stopped:
                        self._publish_pending(connection, publisher)
            finally:
                # The lock belongs to the connection: it must not go back into the pool with it.
                connection.invalidate()

    def _publish_pending(self, connection: Any, publisher: "_ConfirmedPublisher") -> None:
        rows = connection.execute(_UNPUBLISHED, {"limit": BATCH}).all()
        if not rows:
            publisher.keep_alive()
            if self.wake.wait(POLL_SECONDS):
                green.sleep(GATHER_SECONDS)
            return
        publisher.publish((row.type, row.envelope, row.event_id) for row in rows)
        connection.execute(_PUBLISHED, {"ids": [row.id for row in rows]})
        self._messages.inc(len(rows))
        self._statements.inc(2)
        if len(rows) < BATCH:
            green.sleep(GATHER_SECONDS)


_UNPUBLISHED = text(
    "SELECT id, event_id, type, envelope FROM outbox WHERE published_at IS NULL"
    " ORDER BY id LIMIT :limit"
)
_PUBLISHED = text("UPDATE outbox SET published_at = now() WHERE id = ANY(:ids)")


class _ConfirmedPublisher:
    """Publishes many messages and waits once until the broker has confirmed all of them."""

    def __init__(self, broker: Connection) -> None:
        self._broker = broker
        with in_time():
            self._channel: Any = broker.channel()
            EVENTS(self._channel).declare()
            self._channel.confirm_select()
        self._unconfirmed: set[int] = set()
        self._sent = 0
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)

    def _on_ack(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._unconfirmed = {other for other in self._unconfirmed if other > tag}
        else:
            self._unconfirmed.discard(tag)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        raise RuntimeError("the broker refused an event")

    def publish(self, messages: Any) -> None:
        """Publish (routing key, body, id) triples; raise unless all are confirmed in 10 s."""
        for routing_key, body, event_id in messages:
            self._sent += 1
            self._unconfirmed.add(self._sent)
            message = self._channel.prepare_message(
                body,
                content_type="application/cloudevents+json",
                content_encoding="utf-8",
                properties={"delivery_mode": 2, "message_id": str(event_id)},
            )
            self._channel.basic_publish(message, exchange=EVENTS.name, routing_key=routing_key)
        with green.deadline(10, TimeoutError("the broker did not confirm")):
            while self._unconfirmed:
                self._broker.drain_events()

    def keep_alive(self) -> None:
        """Notice a dead connection now rather than with the next event.

        The broker's heartbeats count only once they are read, and nothing else reads while idle.
        """
        with contextlib.suppress(TimeoutError):
            self._broker.drain_events(timeout=0.001)
        self._broker.heartbeat_check()


def backlog(session: Session) -> tuple[int, float]:
    """How many events wait to be published, and the age of the oldest in seconds."""
    row = session.execute(
        text(
            "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)"
            " FROM outbox WHERE published_at IS NULL"
        ),
        execution_options=telemetry.UNCOUNTED,
    ).one()
    return int(row[0]), float(row[1])


def prune(session: Session) -> None:
    """Forget outbox and inbox rows older than a week."""
    for statement in (
        "DELETE FROM outbox WHERE published_at < now() - make_interval(days => :days)",
        "DELETE FROM inbox WHERE handled_at < now() - make_interval(days => :days)",
    ):
        session.execute(text(statement), {"days": KEEP_DAYS}, execution_options=telemetry.UNCOUNTED)
