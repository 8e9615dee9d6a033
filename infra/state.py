"""The state folder: secrets and ports, made at the first `up` and kept, logs and data.

secrets.env   keys and passwords, for their owner alone
ports.json    the ports of this checkout on 127.0.0.1
run.env       what the running stack was started with
log/          a log per process
profile/      what `bench --profile` saw each process do
postgres/, rabbitmq/, supervisord.*    the servers' own (or in the folder that `servers` points to)
till/, wheels/   the till for the browser and what it is built of: of the checkout, in its `.state`
"""

import base64
import contextlib
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from infra import ports, unprivileged
from infra.broker import Broker
from infra.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent
SOCKET_LENGTH = 100
SERVER_PORTS = ("postgres", "broker", "broker_distribution", "epmd")
PROXY_PORTS = {"database_proxy": "DATABASE_URL", "broker_proxy": "AMQP_URI"}
# What a process of the stack carries in its environment: that is how one is known after a crash,
# never by its name.
MARK = "CHAINSTITCH_STACK"


class State:
    def __init__(self, folder: Path | None = None) -> None:
        given = os.environ.get("CHAINSTITCH_STATE")
        self.folder = (folder or (Path(given) if given else ROOT / ".state")).resolve()

    @property
    def exists(self) -> bool:
        return (self.folder / "secrets.env").exists()

    @property
    def logs(self) -> Path:
        return self.folder / "log"

    @property
    def profiles(self) -> Path:
        return self.folder / "profile"

    @property
    def till(self) -> Path:
        return ROOT / ".state" / "till"

    @property
    def wheels(self) -> Path:
        return ROOT / ".state" / "wheels"

    @property
    def mark(self) -> str:
        return str(self.folder)

    @property
    def socket(self) -> Path:
        """supervisord's socket: a path to one has a limit, and checkouts may lie deep."""
        path = self.folder / "supervisord.sock"
        if len(str(path)) <= SOCKET_LENGTH:
            return path
        link = self.folder / "socket"
        if not link.is_symlink() or not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(tempfile.mkdtemp(prefix="chainstitch-"))
        return link.readlink() / "supervisord.sock"

    @property
    def proxy_socket(self) -> Path:
        """Where the proxies of `up --proxied` are told to cut and to delay."""
        return self.socket.with_name("proxy.sock")

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.logs.mkdir(mode=0o700, exist_ok=True)
        self.profiles.mkdir(mode=0o700, exist_ok=True)
        self.secrets()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """One `up` or `down` at a time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def secrets(self) -> dict[str, str]:
        """The keys of this stack; a newer version may add some, none ever changes."""
        path = self.folder / "secrets.env"
        known = read_environment(path)
        missing = {name: make() for name, make in SECRETS.items() if name not in known}
        if missing:
            known |= missing
            write_environment(path, known)
        return known

    def ports(self) -> dict[str, int]:
        path = self.folder / "ports.json"
        try:
            return {name: int(port) for name, port in json.loads(path.read_text()).items()}
        except (FileNotFoundError, ValueError):
            return {}

    def settle_ports(self, names: Iterable[str], running: set[str]) -> dict[str, int]:
        """Picks what is missing, and anew what a stranger has taken meanwhile."""
        known = self.ports()
        for name in names:
            in_use = name in known and name not in running and not ports.is_free(known[name])
            if name not in known or in_use:
                known[name] = ports.pick(known.values())
        write_private(self.folder / "ports.json", json.dumps(known, indent=2) + "\n")
        return known

    def postgres(self) -> Postgres:
        folder = unprivileged.server_folder(self.folder)
        return Postgres(folder, self.ports()["postgres"], self.secrets()["POSTGRES_PASSWORD"])

    def broker(self) -> Broker:
        taken = self.ports()
        return Broker(
            unprivileged.server_folder(self.folder),
            taken["broker"],
            taken["broker_distribution"],
            taken["epmd"],
            self.secrets()["BROKER_PASSWORD"],
        )


def read_environment(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = path.read_text().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value for name, _, value in pairs}


def write_environment(path: Path, values: dict[str, str]) -> None:
    write_private(path, "".join(f"{name}={value}\n" for name, value in values.items()))


def write_private(path: Path, text: str) -> None:
    """For the owner alone, and never half written."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.rename(path)


def _token() -> str:
    return secrets.token_urlsafe(32)


SECRETS: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(16),
    "BROKER_PASSWORD": lambda: secrets.token_hex(16),
    "SEAL_KEY": _token,
    "TOKEN_KEY": _token,
    "PHONE_KEYS": lambda: "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    "PHONE_HASH_KEY": _token,
    "FLET_SECRET_KEY": _token,
    "BOOTSTRAP_ADMIN_PASSWORD": lambda: secrets.token_urlsafe(12),
}
