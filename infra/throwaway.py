"""Servers that live as long as one process, for the tests.

    python -m infra.throwaway {postgres|stack} FOLDER OWNER

Starts a PostgreSQL or a whole stack, writes its address to FOLDER/<kind>.ready
and takes it away again on SIGTERM, or when the owner (a process id) is gone, however it went.
"""

import json
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil

from infra import ports, unprivileged
from infra.postgres import Postgres
from infra.stack import Stack
from infra.state import State

STOP_SECONDS = 20


class Stop(Exception):
    pass


def main(kind: str, folder: Path, owner_pid: int) -> None:
    kinds = {"postgres": a_postgres, "stack": a_stack}
    # Its start time is noted now: another process with the owner's number is not the owner.
    owner = psutil.Process(owner_pid)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mine = folder / kind
    mine.mkdir()
    mine.chmod(0o755)
    ready = folder / f"{kind}.ready"
    try:
        with kinds[kind](mine, folder / f"{kind}.log") as address:
            unfinished = ready.with_suffix(".new")
            unfinished.write_text(address)
            unfinished.rename(ready)
            while owner.is_running() and owner.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.5)
    except (Stop, psutil.NoSuchProcess):
        pass
    finally:
        ready.unlink(missing_ok=True)
        shutil.rmtree(mine, ignore_errors=True)
        if not owner.is_running():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def a_postgres(folder: Path, log: Path) -> Iterator[str]:
    server = Postgres(folder, ports.pick(), secrets.token_hex(8), throw_away=True)
    server.prepare()
    with _running(server.command(), log):
        server.wait()
        yield server.url


@contextmanager
def a_stack(folder: Path, _log: Path) -> Iterator[str]:
    stack = Stack(State(folder))
    try:
        stack.up()
        described = {
            "urls": stack.status()["urls"],
            "environment": stack.environment(),
            "state": str(folder),
        }
        yield json.dumps(described)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stack.down()
        if stack.state.ports():
            stack.state.broker().forget()


@contextmanager
def _running(command: unprivileged.Command, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = command.start(
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        process.send_signal(signal.Signals[f"SIG{command.stop_signal}"])
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stop


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
