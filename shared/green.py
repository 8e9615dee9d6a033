"""Green I/O: the first import of every service process, and the first call of its runner.

eventlet must patch the standard library before anything opens a socket, and psycopg must be told
to wait with the patched ``select``: its own C wait blocks the whole process (ten parallel
``pg_sleep(0.3)`` take 3 s instead of 0.3 s). Only this module and the runner know of eventlet, so
that the domain code survives a change of runner.

Importing it patches nothing: models and migrations import it by way of the outbox, and their
tests and alembic run with real threads.
"""

import contextlib
import gc
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")

import eventlet
import eventlet.event
import eventlet.green.select
import eventlet.hubs
import eventlet.semaphore
import eventlet.tpool
import eventlet.wsgi

T = TypeVar("T")

Event = eventlet.event.Event
Lock = eventlet.semaphore.Semaphore


def patch() -> None:
    """Make this process green. To be called before anything else is imported."""
    os.environ["PSYCOPG_WAIT_FUNC"] = "wait_select"
    eventlet.monkey_patch()
    import psycopg.waiting  # after patching, or it would hold the blocking select

    psycopg.waiting.wait = _wait


def _wait(gen: Any, fileno: int, interval: float = 0.0, timeout: float | None = None) -> Any:
    """psycopg's wait for a connection, straight on eventlet's hub: a statement is one wait to be
    read, and the green `select` costs about as much as the statement itself."""
    from psycopg import waiting

    if timeout is not None:
        return waiting.wait_select(gen, fileno, interval, timeout)
    try:
        wanted = next(gen)
        while True:
            if wanted == waiting.Wait.R:
                eventlet.hubs.trampoline(fileno, read=True)
                wanted = gen.send(waiting.Ready.R)
            elif wanted == waiting.Wait.W:
                eventlet.hubs.trampoline(fileno, write=True)
                wanted = gen.send(waiting.Ready.W)
            else:
                readable, writable, _ = eventlet.green.select.select([fileno], [fileno], [])
                ready = (waiting.Ready.R if readable else 0) | (waiting.Ready.W if writable else 0)
                wanted = gen.send(ready)
    except StopIteration as done:
        return done.value


def settle_memory() -> None:
    """Take what the process has loaded out of the collector's sight, and let it run seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def spawn(function: Callable[..., Any], *args: Any) -> Any:
    return eventlet.spawn(function, *args)


def sleep(seconds: float = 0) -> None:
    eventlet.sleep(seconds)


def in_thread(function: Callable[..., T], *args: Any) -> T:
    """Run what burns processor time (a password hash) in a real thread, so that others go on."""
    result: T = eventlet.tpool.execute(function, *args)
    return result


@contextlib.contextmanager
def deadline(seconds: float, error: Exception) -> Iterator[None]:
    """Raise `error` in this green thread unless the block ends within `seconds`.

    A bare ``eventlet.Timeout`` is a ``BaseException``: nameko would neither answer nor ack.
    """
    with eventlet.Timeout(seconds, exception=error):
        yield


class Wake:
    """A flag that one green thread waits for and any other may raise."""

    def __init__(self) -> None:
        self._event = Event()

    def set(self) -> None:
        if not self._event.ready():
            self._event.send(True)

    def wait(self, seconds: float) -> bool:
        """Wait for the flag, no longer than `seconds`; lower it; say whether it was raised."""
        timeout = eventlet.Timeout(seconds)
        try:
            self._event.wait()
        except eventlet.Timeout as caught:
            if caught is not timeout:
                raise
            return False
        finally:
            timeout.cancel()
        self._event = Event()
        return True


def serve(application: Any, host: str, port: int) -> None:
    """Serve a WSGI application for ever (metrics and health of one process)."""
    eventlet.wsgi.server(eventlet.listen((host, port)), application, log_output=False)
