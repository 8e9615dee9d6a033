"""Keeps programs running through supervisord, and finds what a killed one left behind."""

import re
import shlex
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psutil
from supervisor.xmlrpc import SupervisorTransport

from infra.failure import Failure
from infra.state import MARK, State, write_private

START_SECONDS = 15
STOP_SECONDS = 30
UNREACHABLE = (OSError, xmlrpc.client.ProtocolError, xmlrpc.client.ResponseError)


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    arguments: list[str]
    environment: Mapping[str, str]
    level: int
    directory: Path
    user: str | None = None
    stop_signal: str = "TERM"
    is_ready: Callable[[], bool] = field(default=lambda: True, compare=False)


class Supervisor:
    def __init__(self, state: State) -> None:
        self.state = state
        self._configuration = state.folder / "supervisord.conf"

    def is_alive(self) -> bool:
        try:
            self._ask("getPID")
        except UNREACHABLE:
            return False
        return True

    def processes(self) -> dict[str, dict[str, Any]]:
        """What supervisord says of each of its programs; nothing when it does not run."""
        try:
            return {info["name"]: info for info in self._ask("getAllProcessInfo")}
        except UNREACHABLE:
            return {}

    def running(self) -> set[str]:
        return {name for name, info in self.processes().items() if info["pid"]}

    def apply(self, programs: Iterable[Program]) -> None:
        """Brings supervisord up with these programs; those running unchanged run on."""
        write_private(self._configuration, self._render(programs))
        if not self.is_alive():
            self.end_leftovers()
            self._launch()
            return
        added, changed, removed = self._ask("reloadConfig")[0]
        for name in (*changed, *removed):
            self._ask("stopProcessGroup", name)
            self._ask("removeProcessGroup", name)
        for name in (*added, *changed):
            self._ask("addProcessGroup", name)

    def start(self, names: Iterable[str]) -> None:
        for name in names:
            info = self.processes()[name]
            if info["statename"] not in ("RUNNING", "STARTING", "BACKOFF"):
                self._ask("startProcess", name, False)

    def stop(self, names: Iterable[str]) -> None:
        known = self.running()
        stopping = [name for name in names if name in known]
        for name in stopping:
            self._ask("stopProcess", name, False)
        until = time.monotonic() + STOP_SECONDS
        while self.running() & set(stopping) and time.monotonic() < until:
            time.sleep(0.05)

    def shut_down(self) -> None:
        """Ends supervisord and whatever it or a killed predecessor has left."""
        try:
            pid = int(self._ask("getPID"))
            self._ask("shutdown")
            psutil.Process(pid).wait(STOP_SECONDS)
        except (*UNREACHABLE, psutil.NoSuchProcess, psutil.TimeoutExpired):
            pass
        self.end_leftovers()
        self.state.socket.unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        left = list(marked(self.state.mark))
        for process in left:
            # SIGTERM would have PostgreSQL wait for its clients.
            number = signal.SIGINT if _name(process) == "postgres" else signal.SIGTERM
            _signal(process, number)
        _, stubborn = psutil.wait_procs(left, STOP_SECONDS / 3)
        for process in stubborn:
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(stubborn, 5)

    def _launch(self) -> None:
        self.state.socket.unlink(missing_ok=True)
        started = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if started.returncode != 0:
            raise Failure(f"supervisord did not start: {started.stderr or started.stdout}")
        until = time.monotonic() + START_SECONDS
        while not self.is_alive():
            if time.monotonic() > until:
                raise Failure(f"supervisord does not answer, see {self.state.logs}/supervisord.log")
            time.sleep(0.05)

    def _render(self, programs: Iterable[Program]) -> str:
        user = "user = root\n" if psutil.Process().uids().effective == 0 else ""
        head = (
            f"[supervisord]\npidfile = {_plain(self.state.folder / 'supervisord.pid')}\n"
            f"logfile = {_plain(self.state.logs / 'supervisord.log')}\n{user}"
            f"logfile_maxbytes = 5MB\nlogfile_backups = 2\n"
            f"environment = {MARK}={_quoted(self.state.mark)}\n"
            f"[unix_http_server]\nfile = {_plain(self.state.socket)}\nchmod = 0700\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
        )
        return head + "".join(self._section(program) for program in programs)

    def _section(self, program: Program) -> str:
        values = {**program.environment, MARK: self.state.mark}
        environment = ",".join(f"{name}={_quoted(value)}" for name, value in values.items())
        # A server's own children are told by the server; a service has none that should outlive it.
        whole_group = "false" if program.stop_signal == "INT" else "true"
        lines = {
            "command": _plain(shlex.join(program.arguments)),
            "directory": _plain(program.directory),
            "environment": environment,
            **({"user": program.user} if program.user else {}),
            "priority": program.level,
            "autostart": "false",
            "autorestart": "true",
            "startsecs": 1,
            "startretries": 1_000_000,
            "stopsignal": program.stop_signal,
            "stopwaitsecs": 20,
            "stopasgroup": whole_group,
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": _plain(self.state.logs / f"{program.name}.log"),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 3,
        }
        body = "".join(f"{name} = {value}\n" for name, value in lines.items())
        return f"[program:{program.name}]\n{body}"

    def _ask(self, question: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.state.socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(cast(Any, server).supervisor, question)(*arguments)


def marked(mark: str) -> Iterable[psutil.Process]:
    """Every process with the mark in its environment, except this one and those above it."""
    own = {psutil.Process().pid, *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid in own:
            continue
        try:
            if process.environ().get(MARK) == mark:
                yield process
        except (psutil.Error, OSError):
            continue


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        pass


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""


def _plain(value: object) -> str:
    return str(value).replace("%", "%%")


def _quoted(value: str) -> str:
    # supervisord's file has no way to write these.
    if re.search(r'["\n]|\s[;#]', value):
        raise Failure("a setting has a quotation mark, a line break, ' ;' or ' #' in it")
    return f'"{_plain(value)}"'
