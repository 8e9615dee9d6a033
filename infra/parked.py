"""`./chainstitch events`: what the services have put aside, and the way back.

An event is parked when its handler failed repeatedly on a healthy database. Once the reason is
mended, `events replay` puts it back into the queue it came from, at the end; handlers apply an
event once, so that nothing is booked twice.
"""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from amqp.exceptions import NotFound
from rich.console import Console

from infra import queues
from infra.failure import Failure
from infra.stack import Stack

SHOWN = 10
CONFIRM_SECONDS = 10
console = Console()
app = typer.Typer(no_args_is_help=True, help="Events that were put aside.")
Json = Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")]


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked event. `queue` is where it was rejected, `times` how often."""

    service: str
    id: str
    type: str
    queue: str
    times: int
    since: str

    @classmethod
    def of(cls, service: str, message: Any) -> "Parked":
        death = _death(message)
        keys = death.get("routing-keys") or ["?"]
        return cls(
            service,
            str(message.properties.get("message_id", "?")),
            str(keys[0]),
            str(death.get("queue", "?")),
            int(death.get("count", 0)),
            str(death.get("time", "?")),
        )


@app.command()
def parked(as_json: Json = False) -> None:
    """List what is parked, by service; exits 1 if anything is."""
    environment = _environment()
    counts = queues.depths(environment, queues.parked_queues())
    found: list[Parked] = []
    with queues.connect(environment) as connection:
        for service in queues.NAMES:
            if counts.get(f"parked.{service}"):
                found += _look(connection, service)
    waiting = {name.removeprefix("parked."): n for name, n in counts.items() if n}
    for service, count in waiting.items():
        console.print(f"[red]{service}[/]: {count} parked", highlight=False)
        for event in (event for event in found if event.service == service):
            console.print(
                f"  {event.since}  {event.type}  {event.id}  from {event.queue}", highlight=False
            )
    if not waiting:
        console.print("nothing is parked")
    if as_json:
        events = [{name: getattr(event, name) for name in Parked.__slots__} for event in found]
        print(json.dumps({"parked": waiting, "events": events}))
    if waiting:
        raise typer.Exit(1)


@app.command()
def replay(
    service: Annotated[str | None, typer.Argument(help="Of one service; all without it.")] = None,
    as_json: Json = False,
) -> None:
    """Put parked events back into the queues they came from."""
    if service is not None and service not in queues.NAMES:
        raise Failure(f"there is no service {service!r}; there is: {', '.join(queues.NAMES)}")
    environment = _environment()
    moved: Counter[str] = Counter()
    with queues.connect(environment) as connection:
        for name in [service] if service else queues.NAMES:
            moved[name] = _put_back(connection, name)
    console.print(f"{moved.total()} events put back")
    if as_json:
        print(json.dumps({"replayed": {name: count for name, count in moved.items() if count}}))


def _look(connection: Any, service: str) -> list[Parked]:
    """The first messages of a queue, left where they are."""
    channel = connection.channel()
    found = []
    while len(found) < SHOWN and (message := channel.basic_get(f"parked.{service}")):
        found.append(Parked.of(service, message))
    # Closing without an ack gives them back, in their order.
    channel.close()
    return found


def _put_back(connection: Any, service: str) -> int:
    """Move as many as are there now: what is parked again meanwhile waits for the next time."""
    name = f"parked.{service}"
    channel = connection.channel()
    try:
        count = channel.queue_declare(name, passive=True).message_count
    except NotFound:
        return 0
    for _ in range(count):
        message = channel.basic_get(name)
        if message is None:
            break
        death = _death(message)
        if not death.get("queue"):
            raise Failure(f"an event in {name} does not say where it came from; it stays there")
        _publish(channel, message, death["queue"], death["routing-keys"][0])
        channel.basic_ack(message.delivery_tag)
    channel.close()
    return int(count)


def _publish(channel: Any, message: Any, queue: str, routing_key: str) -> None:
    """Into the one queue, since the other services have applied it; under its own routing key, by
    which the consumer knows its type. So it goes through an exchange of that queue alone."""
    properties = dict(message.properties)
    headers = properties.pop("application_headers", None) or {}
    copy = channel.prepare_message(
        message.body,
        content_type=properties.pop("content_type", None),
        content_encoding=properties.pop("content_encoding", None),
        headers={key: value for key, value in headers.items() if not key.startswith("x-")},
        properties=properties,
    )
    exchange = f"chainstitch.replay.{queue}"
    channel.exchange_declare(exchange, "fanout", durable=False, auto_delete=False)
    try:
        channel.queue_bind(queue, exchange)
        channel.basic_publish_confirm(
            copy, exchange=exchange, routing_key=routing_key, confirm_timeout=CONFIRM_SECONDS
        )
    finally:
        channel.exchange_delete(exchange)


def _death(message: Any) -> dict[str, Any]:
    """The newest entry of what RabbitMQ notes when a message is dead-lettered."""
    headers = message.properties.get("application_headers") or {}
    deaths = headers.get("x-death") or [{}]
    newest: dict[str, Any] = deaths[0]
    return newest


def _environment() -> dict[str, str]:
    environment = Stack().environment()
    if not environment:
        raise Failure("there is no stack yet: ./chainstitch up")
    return environment
