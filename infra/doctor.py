"""Says what is wrong with this machine and how to mend it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import psutil
import typer

from infra import broker, container, install, migrations, unprivileged
from infra.failure import Failure
from infra.postgres import Postgres
from infra.stack import Stack

FREE_GB = 3
MEMORY_GB = 3


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    good: bool
    remedy: str = ""


def command(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Say what is wrong with this machine and how to mend it."""
    findings = list(examine())
    for finding in findings:
        if not as_json:
            print(f"{'ok  ' if finding.good else 'BAD '} {finding.what}")
            if not finding.good:
                print(f"     {finding.remedy}")
    well = all(finding.good for finding in findings)
    if as_json:
        print(json.dumps({"ready": well, "findings": [asdict(finding) for finding in findings]}))
    if not well:
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    checks: tuple[Callable[[], Finding], ...] = (
        _python, _memory, _disk, _postgres, _rabbitmq, _chromium, _stack, _databases,
    )  # fmt: skip
    for check in checks:
        yield check()


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(f"Python {version}", sys.version_info >= (3, 11), "install Python 3.11 or newer")


def _memory() -> Finding:
    free = psutil.virtual_memory().available / 2**30
    return Finding(f"{free:.1f} GB of memory free", free >= MEMORY_GB, f"{MEMORY_GB} GB are needed")


def _disk() -> Finding:
    free = shutil.disk_usage(migrations.ROOT).free / 2**30
    return Finding(f"{free:.1f} GB of disk free", free >= FREE_GB, f"{FREE_GB} GB are needed")


def _postgres() -> Finding:
    if "DATABASE_URL" in os.environ:
        return Finding("PostgreSQL is the one in DATABASE_URL", True)
    stack = Stack()
    try:
        stack.state.prepare()
        server = Postgres(unprivileged.server_folder(stack.state.folder), 0, "")
        arguments = [server.command().arguments[0], "--version"]
        identity = unprivileged.identity(unprivileged.server_user())
        done = subprocess.run(
            arguments, capture_output=True, text=True, cwd="/", check=False, **identity
        )
    except (Failure, OSError) as failure:
        return Finding(
            f"PostgreSQL cannot run: {failure}", False, "remove .venv and run this again"
        )
    said = done.stdout.strip() or done.stderr.strip()
    return Finding(said, done.returncode == 0, "remove .venv and run this again")


def _rabbitmq() -> Finding:
    if "AMQP_URI" in os.environ:
        return Finding("RabbitMQ is the one in AMQP_URI", True)
    if broker.is_installed():
        return Finding(f"RabbitMQ {broker.version() or ''}".strip(), True)
    if install.in_container():
        return Finding(f"RabbitMQ as a container, {container.image()}", True)
    remedy = "as an administrator: apt-get install rabbitmq-server, or let this user run docker"
    return Finding("RabbitMQ is missing", False, remedy)


def _chromium() -> Finding:
    found = install.find_chromium()
    what = f"browser for the tests: {found}" if found else "no Chromium (needed by the tests only)"
    return Finding(what, found is not None, "as an administrator: apt-get install chromium")


def _stack() -> Finding:
    state = Stack().status()
    down = [name for name, process in state["processes"].items() if not process["ready"]]
    if not state["processes"] or len(down) == len(state["processes"]):
        return Finding("the stack does not run (./chainstitch up)", True)
    remedy = f"./chainstitch up; if that fails: ./chainstitch logs {down[0] if down else ''}"
    what = f"not ready: {', '.join(down)}" if down else "every process of the stack is ready"
    return Finding(what, not down, remedy)


def _databases() -> Finding:
    stack = Stack()
    if not stack.status()["ready"]:
        return Finding("the databases are looked at while the stack runs", True)
    old = list(migrations.outdated(stack.environment()["DATABASE_URL"]))
    what = f"not at the newest version: {', '.join(old)}" if old else "all databases are up to date"
    return Finding(what, not old, "./chainstitch migrate")
