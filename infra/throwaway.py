"""A server that lives as long as one process.

    python -m infra.throwaway {postgres|broker} FOLDER OWNER

The tests' PostgreSQL and RabbitMQ. This process starts one server, writes its address to
FOLDER/<kind>.url when it answers, and takes it away again when the owner (a process id) is gone,
however it went, or on SIGTERM.
"""

import contextlib
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import psutil

from infra import ports, unprivileged
from infra.broker import Broker
from infra.postgres import Postgres

STOP_SECONDS = 20


class Stop(Exception):
    pass


def start_postgres(folder: Path, log: Path) -> tuple[str, list[subprocess.Popen[bytes]]]:
    server = Postgres(folder, ports.pick(), secrets.token_hex(8), throw_away=True)
    server.prepare()
    running = [start(server.command(), log)]
    server.wait()
    return server.url, running


def start_broker(folder: Path, log: Path) -> tuple[str, list[subprocess.Popen[bytes]]]:
    picked: list[int] = []
    for _ in range(3):
        picked.append(ports.pick(picked))
    broker = Broker(folder, picked[0], picked[1], picked[2], secrets.token_hex(8))
    broker.prepare()
    running = [start(broker.epmd_command(), log)]
    while not broker.epmd_is_ready():
        if running[0].poll() is not None:
            raise RuntimeError(f"epmd did not start, see {log}")
        time.sleep(0.02)
    running.insert(0, start(broker.command(), log))
    broker.wait()
    return broker.uri, running


def start(command: unprivileged.Command, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return command.start(
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.send_signal(signal.SIGINT if "postgres" in str(process.args) else signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def main(kind: str, folder: Path, owner_pid: int) -> None:
    owner = psutil.Process(owner_pid)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mine = folder / kind
    mine.mkdir()
    mine.chmod(0o755)
    running: list[subprocess.Popen[bytes]] = []
    try:
        starter = start_postgres if kind == "postgres" else start_broker
        url, running = starter(mine, folder / f"{kind}.log")
        ready = folder / f"{kind}.url"
        ready.with_suffix(".new").write_text(url)
        ready.with_suffix(".new").rename(ready)
        # is_running compares the start time too: another process with the owner's number is not the
        # owner.
        while owner.is_running() and owner.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.5)
    except Stop:
        pass
    except psutil.NoSuchProcess:
        pass
    finally:
        stop(running)
        shutil.rmtree(mine, ignore_errors=True)
        with contextlib.suppress(OSError):
            (folder / f"{kind}.url").unlink()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stop


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
