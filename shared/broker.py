"""Connections to the broker that end in time, also when nobody answers at the other end."""

import contextlib
from collections.abc import Iterator

import structlog
from kombu import Connection

from shared import green

log = structlog.get_logger()
ANSWER_SECONDS = 10.0
CLOSE_SECONDS = 2.0


@contextlib.contextmanager
def connected(amqp_uri: str) -> Iterator[Connection]:
    """An open connection with heartbeats.

    Closing politely is a question to the broker too: one that does not answer is left alone.
    """
    connection = Connection(amqp_uri, heartbeat=20, connect_timeout=3)
    try:
        with in_time():
            connection.connect()
        yield connection
    finally:
        try:
            with green.deadline(CLOSE_SECONDS, TimeoutError("no answer to close")):
                connection.release()
        except Exception as error:  # it was gone already: whatever the client raises then
            log.info("connection dropped", error=repr(error))


def in_time() -> contextlib.AbstractContextManager[None]:
    """Around questions to the broker that wait for its answer: raises `TimeoutError` without one.

    Heartbeats are not looked at while waiting, so that such a wait could last for ever.
    """
    return green.deadline(ANSWER_SECONDS, TimeoutError("the broker does not answer"))
