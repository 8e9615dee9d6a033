"""Starts and stops the whole stack, and says how it is."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from infra import install, migrations, processes, proxy, till_bundle
from infra.failure import Failure
from infra.processes import Level, Process
from infra.state import PROXY_PORTS, ROOT, SERVER_PORTS, State, read_environment, write_environment
from infra.supervise import Program, Supervisor
from infra.unprivileged import Command

READY_SECONDS = 120
# A process that cannot start says so in its log at once; waiting longer helps nobody.
GIVE_UP_SECONDS = 10
console = Console(stderr=True)


class Stack:
    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self.supervisor = Supervisor(self.state)

    def up(self, proxied: bool = False) -> None:
        """Start what does not run. `proxied` puts proxies that can be cut and delayed between the
        services and their database and broker; without it they are taken away again."""
        with self.state.alone(), _progress() as progress:
            self.state.prepare()
            if "AMQP_URI" not in os.environ:
                install.rabbitmq()
            self._settle(proxied)
            programs = self._programs()
            self.supervisor.apply(programs)
            bar = progress.add_task("starting", total=len(programs) + 3)
            servers = [program for program in programs if program.level == Level.SERVER]
            self._start(servers, progress, bar)
            self._migrate(progress, bar)
            self._declare(progress, bar)
            self._build_till(progress, bar)
            for level in (Level.SERVICE, Level.GATEWAY, Level.APP):
                some = [program for program in programs if program.level == level]
                self._start(some, progress, bar)

    def down(self) -> None:
        if not self.state.folder.exists():
            return
        with self.state.alone():
            if self.supervisor.is_alive():
                self._stop_own()
                for server in ("broker", "epmd", "postgres"):
                    self.supervisor.stop([server])
            self.supervisor.shut_down()

    def status(self) -> dict[str, Any]:
        if not self.environment():
            return {"ready": False, "processes": {}, "urls": {}}
        known = self.supervisor.processes()
        shown = {}
        for program in self._programs():
            pid = int(known.get(program.name, {}).get("pid", 0))
            ready = pid != 0 and program.is_ready()
            shown[program.name] = {"ready": ready, "pid": pid or None, "rss_mb": _rss_mb(pid)}
        ready = bool(shown) and all(process["ready"] for process in shown.values())
        return {"ready": ready, "processes": shown, "urls": processes.urls(self.environment())}

    def environment(self) -> dict[str, str]:
        """What the stack was last started with."""
        return read_environment(self.state.folder / "run.env")

    def migrate(self) -> list[str]:
        return migrations.migrate_all(self.environment()["DATABASE_URL"])

    @property
    def proxied(self) -> bool:
        return "PROXIED" in self.environment()

    def _settle(self, proxied: bool) -> None:
        """Ports and the environment; the servers' files."""
        names = [*SERVER_PORTS, *(process.name for process in processes.TABLE)]
        names += PROXY_PORTS if proxied else []
        running = self.supervisor.running()
        running |= set(SERVER_PORTS) if "broker" in running else set()
        running |= set(PROXY_PORTS) if "proxy" in running else set()
        if not running:
            # What a killed run left must not hold the ports that are about to be looked at.
            self.supervisor.end_leftovers()
        ports = self.state.settle_ports(names, running)
        database_url = os.environ.get("DATABASE_URL")
        amqp_uri = os.environ.get("AMQP_URI")
        if database_url is None:
            self.state.postgres().prepare()
        if amqp_uri is None and "broker" not in running:
            self.state.broker().prepare()
        environment = processes.common_environment(
            database_url or self.state.postgres().url,
            amqp_uri or self.state.broker().uri,
            self.state.secrets(),
            ports,
        )
        environment["PROFILE_FOLDER"] = str(self.state.profiles)
        environment["TILL_FOLDER"] = str(self.state.till)
        environment |= {"PROXIED": "yes"} if proxied else {}
        write_environment(self.state.folder / "run.env", environment)

    def _programs(self) -> list[Program]:
        environment = self.environment()
        ports = self.state.ports()
        servers = list(self._servers(environment))
        if "PROXIED" in environment:
            servers.append(self._proxy(environment, ports))
            environment = {**environment, **processes.through_proxies(environment, ports)}
        elif environment["DATABASE_URL"] == self.state.postgres().url:
            environment = {**environment, "DATABASE_URL": self.state.postgres().near_url}
        own = [self._program(process, environment, ports) for process in processes.present()]
        return [*servers, *own]

    def _proxy(self, environment: dict[str, str], ports: dict[str, int]) -> Program:
        control = self.state.proxy_socket
        routes = processes.proxy_routes(environment, ports)
        return Program(
            "proxy",
            [sys.executable, "-m", "infra.proxy", str(control), *routes],
            {"PYTHONUNBUFFERED": "1"},
            Level.SERVER,
            ROOT,
            is_ready=partial(proxy.is_ready, control),
        )

    def _servers(self, environment: dict[str, str]) -> Iterable[Program]:
        postgres, broker = self.state.postgres(), self.state.broker()
        if environment.get("DATABASE_URL") == postgres.url:
            yield _server("postgres", postgres.command(), postgres.is_ready)
        if environment.get("AMQP_URI") == broker.uri:
            if not broker.in_container:
                yield _server("epmd", broker.epmd_command(), broker.epmd_is_ready)
            yield _server("broker", broker.command(), broker.is_ready)

    def _program(
        self, process: Process, environment: dict[str, str], ports: dict[str, int]
    ) -> Program:
        return Program(
            process.name,
            [sys.executable, "-m", *process.module],
            {**environment, **process.environment(ports)},
            process.level,
            ROOT,
            is_ready=partial(answers, process.health_url(ports)),
        )

    def _start(self, programs: list[Program], progress: Progress, bar: Any) -> None:
        self.supervisor.start(program.name for program in programs)
        waiting = list(programs)
        began = time.monotonic()
        while waiting:
            progress.update(bar, description="starting " + ", ".join(p.name for p in waiting))
            for program in list(waiting):
                if program.is_ready():
                    waiting.remove(program)
                    progress.advance(bar)
            if waiting:
                self._check(waiting, time.monotonic() - began)
                time.sleep(0.1)

    def _check(self, waiting: list[Program], seconds: float) -> None:
        known = self.supervisor.processes()
        for program in waiting:
            state = known.get(program.name, {}).get("statename")
            if seconds > READY_SECONDS or (seconds > GIVE_UP_SECONDS and state == "BACKOFF"):
                said = _tail(self.state.logs / f"{program.name}.log")
                raise Failure(
                    f"{program.name} is not ready after {seconds:.0f} s; it says:\n{said}"
                )

    def _stop_own(self) -> None:
        """All but the servers."""
        running = self.supervisor.running()
        known = {process.name: process.level for process in processes.TABLE}
        for level in (Level.APP, Level.GATEWAY, Level.SERVICE):
            self.supervisor.stop(name for name in running if known.get(name) == level)

    def _migrate(self, progress: Progress, bar: Any) -> None:
        """What runs of an older version is stopped first; it is started anew afterwards."""
        progress.update(bar, description="migrating the databases")
        server = self.environment()["DATABASE_URL"]
        if any(migrations.outdated(server)):
            self._stop_own()
        migrations.migrate_all(
            server,
            lambda service: progress.update(bar, description=f"migrating {service}"),
        )
        progress.advance(bar)

    def _build_till(self, progress: Progress, bar: Any) -> None:
        """Without it everything but /till/ works, so a machine without a network starts all the
        same."""
        progress.update(bar, description="building the till for the browser")
        try:
            till_bundle.ensure(self.state.till, self.state.wheels)
        except Failure as failure:
            console.print(f"[yellow]/till/ is not there, or of an older version: {failure}")
        progress.advance(bar)

    def _declare(self, progress: Progress, bar: Any) -> None:
        """Every queue is there before the first event, or an event would find no listener."""
        progress.update(bar, description="declaring the queues")
        names = [process.name for process in processes.SERVICES if process.is_there]
        if names:
            done = subprocess.run(
                [sys.executable, "-m", "shared.runner", "--declare", *names],
                cwd=ROOT, env={**os.environ, **self.environment()},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode != 0:
                raise Failure(f"the queues could not be declared:\n{done.stderr[-2000:]}")
        progress.advance(bar)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _server(name: str, command: Command, is_ready: Any) -> Program:
    return Program(
        name,
        command.arguments,
        command.environment,
        Level.SERVER,
        Path("/"),
        command.user,
        command.stop_signal,
        is_ready,
    )


def _rss_mb(pid: int) -> float:
    """Of the process alone."""
    if not pid:
        return 0.0
    try:
        return round(psutil.Process(pid).memory_info().rss / 2**20, 1)
    except psutil.Error:
        return 0.0


def _tail(path: Path, lines: int = 15) -> str:
    if not path.exists():
        return "nothing"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip
