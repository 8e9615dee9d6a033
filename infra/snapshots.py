"""The services' databases, read only, each at one snapshot."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from psycopg import IsolationLevel
from sqlalchemy.engine import make_url

from infra.failure import Failure
from infra.queues import NAMES

Snapshots = dict[str, "psycopg.Connection[Any]"]
ROWS_AT_ONCE = 5_000
_numbers = itertools.count()


def address(environment: Mapping[str, str], database: str) -> str:
    """The address of one database, as psycopg wants it."""
    url = make_url(environment["DATABASE_URL"]).set(drivername="postgresql", database=database)
    return url.render_as_string(hide_password=False)


@contextmanager
def snapshots(environment: Mapping[str, str]) -> Iterator[Snapshots]:
    """A connection to every service's database; what they see was fixed at about one moment."""
    with ExitStack() as closing:
        opened: Snapshots = {}
        for service in NAMES:
            try:
                connection = psycopg.connect(
                    address(environment, f"chainstitch_{service}"), connect_timeout=5
                )
            except psycopg.OperationalError as error:
                raise Failure(f"{service}'s database does not answer: ./chainstitch up") from error
            closing.enter_context(connection)
            connection.read_only = True
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            opened[service] = connection
        for connection in opened.values():
            connection.execute("SELECT 1")
        yield opened


def rows(connection: "psycopg.Connection[Any]", sql: str) -> Iterator[dict[str, Any]]:
    """The rows of a query, fetched as they are needed."""
    name = f"reading_{next(_numbers)}"
    with connection.cursor(name, row_factory=psycopg.rows.dict_row) as cursor:
        cursor.itersize = ROWS_AT_ONCE
        yield from cursor.execute(sql)


def unpublished(opened: Snapshots) -> dict[str, int]:
    """Events in each outbox that the broker has not confirmed yet, where there are any."""
    found = {service: _unpublished(service, connection) for service, connection in opened.items()}
    return {service: count for service, count in found.items() if count}


def _unpublished(service: str, connection: "psycopg.Connection[Any]") -> int:
    try:
        rows = connection.execute("SELECT count(*) FROM outbox WHERE published_at IS NULL")
    except psycopg.errors.UndefinedTable as error:
        raise Failure(f"{service}'s database is not up to date: ./chainstitch up") from error
    return int(rows.fetchall()[0][0])
