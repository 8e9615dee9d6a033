"""Servers and databases for tests.

One throw-away PostgreSQL, or one whole stack, serves a run, however many xdist workers it has;
it starts when the first test asks for it and is gone when the run ends, even if it is killed.
Every worker has databases of its own, copied from a migrated template, and a test's work is
rolled back, or in a database of the test's own deleted before the next one gets it.
"""

import fcntl
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from infra import migrations
from infra.install import rabbitmq
from infra.stack import Stack
from infra.state import State
from shared.database import Database
from tests import thorough
from tests.databases import OwnDatabase

RUN = "CHAINSTITCH_TEST_RUN"
START_SECONDS = 180


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # until everything is imported and collected, none of which ever goes
    thorough.load_profile()
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="chainstitch-test-")
        os.chmod(folder, 0o755)
        os.environ[RUN] = f"{os.getpid()}:{folder}"


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or RUN not in os.environ:
        return
    folder = _run()[1]
    keepers = [int(path.read_text()) for path in folder.glob("*.pid")]
    for keeper in keepers:
        _end(keeper)
    shutil.rmtree(folder, ignore_errors=True)
    del os.environ[RUN]


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The run's PostgreSQL server, without a database (TEST_DATABASE_URL: a given one)."""
    return os.environ.get("TEST_DATABASE_URL") or _shared_server("postgres")


@dataclass(frozen=True)
class RunningStack:
    """A whole stack in a state folder of its own, beside any that is running already."""

    urls: dict[str, str]
    environment: dict[str, str]
    state: Path

    def run(self, *arguments: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """A command of ./chainstitch on this stack."""
        return subprocess.run(
            [sys.executable, "-m", "infra", *arguments],
            cwd=migrations.ROOT,
            env={**os.environ, "CHAINSTITCH_STATE": str(self.state)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        """What `./chainstitch status` says, asked here: a process for each look takes a second."""
        return Stack(State(self.state)).status()


@pytest.fixture(scope="session")
def stack() -> RunningStack:
    """The run's whole stack: databases, broker, services, gateway and app."""
    rabbitmq()
    described = json.loads(_shared_server("stack"))
    return RunningStack(described["urls"], described["environment"], Path(described["state"]))


@pytest.fixture(scope="session")
def database_url(postgres_server: str, worker_id: str) -> Iterator[Callable[..., str]]:
    """`database_url("order")`: this worker's migrated database; `fresh=True`: another, new one."""
    made: dict[tuple[str, int], str] = {}

    def url(service: str, fresh: bool = False) -> str:
        number = len(made) + 1 if fresh else 0  # 0 is the worker's own, whoever comes first
        if (service, number) not in made:
            name = f"test_{service}_{worker_id}_{os.getpid()}_{number}"
            _copy_of_template(postgres_server, service, name)
            made[service, number] = migrations.database_url(postgres_server, name)
        return made[service, number]

    yield url
    if "TEST_DATABASE_URL" not in os.environ:
        return  # the run's own server goes with all that is in it
    with _connect(postgres_server) as connection:
        for address in made.values():
            name = address.rsplit("/", 1)[1]
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def free_databases() -> Iterator[dict[str, list[OwnDatabase]]]:
    """Databases of this worker that a test has had to itself, by service."""
    free: dict[str, list[OwnDatabase]] = defaultdict(list)
    yield free
    for each in chain.from_iterable(free.values()):
        each.close()


@pytest.fixture
def own_database(
    database_url: Callable[..., str], free_databases: dict[str, list[OwnDatabase]]
) -> Iterator[Callable[..., Database]]:
    """`own_database("order")`: a database for this test alone, with nothing in it but what the
    migrations put there; work in it is committed."""
    with ExitStack() as closing:

        def own(service: str, connections: int = 16) -> Database:
            if free_databases[service]:
                place = free_databases[service].pop()
                place.make_as_new()
            else:
                place = OwnDatabase(database_url(service, fresh=True))
            closing.callback(free_databases[service].append, place)
            made = Database(place.url, service, connections=connections)
            closing.callback(made.engine.dispose)
            return made

        yield own


@pytest.fixture(scope="session")
def service_engine(database_url: Callable[..., str]) -> Iterator[Callable[[str], Engine]]:
    """`service_engine("order")`: an engine on this worker's database of the service."""
    engines: dict[str, Engine] = {}

    def engine(service: str) -> Engine:
        if service not in engines:
            engines[service] = create_engine(database_url(service))
        return engines[service]

    yield engine
    for made in engines.values():
        made.dispose()


@pytest.fixture
def service_session(
    service_engine: Callable[[str], Engine],
) -> Iterator[Callable[[str], Session]]:
    """`service_session("order")`: a session whose work, commits too, is rolled back afterwards."""
    yield from service_sessions(service_engine)


def service_sessions(
    engine: Callable[[str], Engine],
) -> Iterator[Callable[[str], Session]]:
    with ExitStack() as closing:

        def session(service: str) -> Session:
            connection = closing.enter_context(engine(service).connect())
            closing.callback(connection.begin().rollback)
            made = Session(connection, join_transaction_mode="create_savepoint")
            closing.callback(made.close)
            return made

        yield session


def _run() -> tuple[int, Path]:
    owner, folder = os.environ[RUN].split(":", 1)
    return int(owner), Path(folder)


def _shared_server(kind: str) -> str:
    owner, folder = _run()
    ready = folder / f"{kind}.ready"
    with _alone(kind):
        if not ready.exists():
            with (folder / f"{kind}.log").open("ab") as log:
                keeper = subprocess.Popen(
                    [sys.executable, "-m", "infra.throwaway", kind, str(folder), str(owner)],
                    cwd=migrations.ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            (folder / f"{kind}.pid").write_text(str(keeper.pid))
            _wait_for(ready, keeper)
        return ready.read_text()


def _wait_for(ready: Path, keeper: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while not ready.exists():
        log = ready.with_suffix(".log")
        said = log.read_text()[-2000:] if log.exists() else ""
        if keeper.poll() is not None:
            pytest.exit(f"the tests' {ready.stem} ended at once: {said}", returncode=3)
        if time.monotonic() > until:
            keeper.terminate()
            pytest.exit(f"the tests' {ready.stem} did not start: {said}", returncode=3)
        time.sleep(0.05)


def _end(keeper: int) -> None:
    """Asks a keeper to take its server away, and waits; a worker's keeper is no child of ours."""
    try:
        process = psutil.Process(keeper)
        if "infra.throwaway" in process.cmdline():
            process.terminate()
            process.wait(60)
    except psutil.NoSuchProcess:
        pass


def _copy_of_template(server: str, service: str, name: str) -> None:
    template = f"test_template_{service}"
    with _alone(f"template-{service}"), _connect(server) as connection:
        marker = _run()[1] / f"{template}.made"
        if not marker.exists():
            connection.execute(f'DROP DATABASE IF EXISTS "{template}" WITH (FORCE)')
            migrations.create_database(connection, template)
            migrations.upgrade(service, migrations.database_url(server, template))
            marker.touch()
        migrations.create_database(connection, name, template)


def _connect(server: str) -> psycopg.Connection:
    return psycopg.connect(f"{server}/postgres", autocommit=True)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """One worker of the run at a time."""
    with (_run()[1] / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
