"""The event queues as the broker has them: how much waits in each, and what has been parked."""

from collections.abc import Iterable, Mapping
from typing import Any

from amqp.exceptions import NotFound
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from infra.failure import Failure
from infra.processes import SERVICES

NAMES = tuple(process.name for process in SERVICES)


def event_queues() -> list[str]:
    """One for each service and each service it may listen to; not all of them exist."""
    return [f"events.{consumer}.{source}" for consumer in NAMES for source in NAMES]


def parked_queues() -> list[str]:
    return [f"parked.{service}" for service in NAMES]


def connect(environment: Mapping[str, str]) -> Any:
    """A connection to the stack's broker, to be used in a `with`."""
    # kombu has no types.
    make: Any = Connection
    try:
        return make(environment["AMQP_URI"], connect_timeout=3).ensure_connection(
            max_retries=3, timeout=6
        )
    except (OSError, OperationalError) as error:
        raise Failure("the broker does not answer: ./chainstitch up") from error


def depths(environment: Mapping[str, str], names: Iterable[str]) -> dict[str, int]:
    """Messages ready in each queue that exists; those a consumer works on are not counted."""
    found: dict[str, int] = {}
    with connect(environment) as connection:
        channel = connection.channel()
        for name in names:
            try:
                found[name] = channel.queue_declare(name, passive=True).message_count
            except NotFound:  # which closes the channel
                channel = connection.channel()
    return found
