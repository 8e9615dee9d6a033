"""The yardstick beside `bench`: pgbench writes the rows of the same sale on the same server.

It has no service, no message and no rule between it and the tables: what it reaches is what the
database alone would allow. The rows are in `same_rows/`; the database is made for it and dropped.
"""

import re
import secrets
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from infra.failure import Failure
from infra.snapshots import address
from infra.stack import Stack

ROWS = Path(__file__).parent / "same_rows"
THREADS = 2
_RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


def run(stack: Stack, in_flight: Iterable[int], seconds: float) -> dict[int, float]:
    """Sales a second, by how many are in flight."""
    with _scratch(stack) as url:
        return {clients: _run(stack, url, clients, seconds) for clients in in_flight}


def _run(stack: Stack, url: str, clients: int, seconds: float) -> float:
    pgbench = stack.state.postgres().binary("pgbench")
    done = subprocess.run(
        [
            str(pgbench), "-n", "-M", "prepared", "-f", str(ROWS / "sale.sql"), "-c", str(clients),
            "-j", str(min(clients, THREADS)), "-T", str(max(round(seconds), 1)), url,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    rate = _RATE.search(done.stdout)
    if done.returncode != 0 or rate is None:
        raise Failure(f"pgbench failed: {done.stderr.strip()[-500:]}")
    return float(rate[1])


@contextmanager
def _scratch(stack: Stack) -> Iterator[str]:
    """The address of a database with the tables of a sale."""
    environment, name = stack.environment(), f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(address(environment, "postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            url = address(environment, name)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute((ROWS / "tables.sql").read_text())
            yield url
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
