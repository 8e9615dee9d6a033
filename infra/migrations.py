"""Brings every service's own database to its newest version; makes those that are missing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy.engine import make_url

from infra.failure import Failure

ROOT = Path(__file__).resolve().parent.parent
# One migration at a time on a server, whoever starts it.
LOCK = 0x636861696E
AT_ONCE = 2


def services_with_migrations() -> list[str]:
    found = (ROOT / "services").glob("*/migrations/env.py")
    return sorted(path.parent.parent.name for path in found)


def database_url(server: str, database: str) -> str:
    """The address of one database on the server, as SQLAlchemy wants it."""
    url = make_url(server).set(drivername="postgresql+psycopg", database=database)
    return url.render_as_string(hide_password=False)


def migrate_all(server: str, tell: Callable[[str], None] = lambda service: None) -> list[str]:
    """Make and migrate what is behind, and name all services. Raises `Failure` while services run
    that would be behind: they would hear what a migration tells those of the new version."""
    services = services_with_migrations()
    with _connect(server) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        behind = list(outdated(server))
        if behind:
            _require_stopped(connection)
        for service in behind:
            create_database(connection, f"chainstitch_{service}")
        urls = [database_url(server, f"chainstitch_{service}") for service in behind]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for service in pool.map(migrate, behind, urls):
                tell(service)
    return services


def migrate(service: str, url: str) -> str:
    """In a process of its own: services share no memory, and this one keeps clear of their code."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.migrations", service],
        cwd=ROOT,
        env={**os.environ, "MIGRATE_URL": url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(f"{service}'s database could not be migrated:\n{done.stderr[-3000:]}")
    return service


def upgrade(service: str, url: str) -> None:
    command.upgrade(_config(service, url), "head")


def downgrade(service: str, url: str, version: str) -> None:
    """Back to an earlier version, as if the later ones had never been."""
    command.downgrade(_config(service, url), version)


def _config(service: str, url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services" / service / "migrations"))
    config.attributes["url"] = url
    return config


def create_database(connection: psycopg.Connection, name: str, template: str = "template1") -> bool:
    """Makes the database, unless it is there."""
    there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
    if there:
        return False
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return True


def outdated(server: str) -> Iterator[str]:
    """Services whose database is missing or not at the newest version."""
    for service in services_with_migrations():
        folder = ROOT / "services" / service / "migrations"
        heads = set(ScriptDirectory(str(folder)).get_heads())
        url = make_url(server).set(drivername="postgresql", database=f"chainstitch_{service}")
        try:
            with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
                rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        except psycopg.Error:
            rows = []
        if {row[0] for row in rows} != heads:
            yield service


def _require_stopped(connection: psycopg.Connection) -> None:
    rows = connection.execute(
        "SELECT DISTINCT application_name FROM pg_stat_activity"
        " WHERE starts_with(datname, 'chainstitch_')"
        " AND starts_with(application_name, 'chainstitch-') ORDER BY 1"
    ).fetchall()
    if rows:
        running = ", ".join(row[0].removeprefix("chainstitch-") for row in rows)
        raise Failure(
            f"services of an older version run: {running}. Stop them first"
            " (./chainstitch up does so by itself; docker compose down)"
        )


def _connect(server: str) -> psycopg.Connection:
    url = make_url(server).set(drivername="postgresql", database="postgres")
    text = url.render_as_string(hide_password=False)
    for _ in range(20):
        try:
            return psycopg.connect(text, autocommit=True)
        except psycopg.OperationalError as failure:
            last = failure
            time.sleep(0.25)
    raise Failure("PostgreSQL does not answer; is it up? (./chainstitch up)") from last


if __name__ == "__main__":
    upgrade(sys.argv[1], os.environ["MIGRATE_URL"])
