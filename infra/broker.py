"""A private RabbitMQ node, with its own name, ports, folders, user and port mapper.

Erlang nodes find each other through `epmd`, which the first node would start as a daemon that
outlives it and listens on every address. So each private node brings its own epmd, in the
foreground and on 127.0.0.1. Where RabbitMQ is not installed, the node is a container, which has
its own.
"""

import hashlib
import os
import re
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kombu.connection import Connection
from kombu.exceptions import OperationalError

from infra import container, unprivileged
from infra.failure import Failure
from infra.unprivileged import Command

USER = "chainstitch"
READY_SECONDS = 120
# Debian's wrapper in sbin insists on root or its own user; the script below it does not.
PLACES = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin", "/usr/local/sbin")
# A worker may hold a message for as long as an outage of the database lasts.
CONSUMER_TIMEOUT_MS = 7 * 24 * 3600 * 1000
# Schedulers that do not spin while idle: the services need the processor.
IDLE = "+sbwt none +sbwtdcpu none +sbwtdio none"


class BrokerFailed(Failure):
    """The node could not be made or did not come up."""


def find_server() -> Path | None:
    for place in PLACES:
        found = Path(place) / "rabbitmq-server"
        if found.exists():
            return found
    return None


def find_epmd() -> Path | None:
    found = shutil.which("epmd")
    if found:
        return Path(found)
    inside = sorted(Path("/usr/lib/erlang").glob("erts-*/bin/epmd"))
    return inside[-1] if inside else None


def is_installed() -> bool:
    return bool(find_server() and find_epmd())


@dataclass(frozen=True, slots=True)
class Broker:
    folder: Path
    port: int
    distribution_port: int
    epmd_port: int
    password: str

    @property
    def uri(self) -> str:
        return f"amqp://{USER}:{self.password}@127.0.0.1:{self.port}//"

    @property
    def home(self) -> Path:
        return self.folder / "rabbitmq"

    @property
    def node(self) -> str:
        """Two nodes of one name cannot live on a machine: the name comes from the folder."""
        return f"chainstitch-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:10]}@localhost"

    @property
    def in_container(self) -> bool:
        return not is_installed()

    def prepare(self) -> None:
        unprivileged.own(self.home)
        unprivileged.own(self.home / "log")
        unprivileged.write_own(self.home / "rabbitmq.conf", self._configuration())
        unprivileged.write_own(self.home / "enabled_plugins", "[].\n")
        unprivileged.write_own(self.home / "environment.conf", "")

    def epmd_command(self) -> Command:
        epmd = find_epmd()
        if epmd is None:
            raise BrokerFailed("epmd, a part of Erlang, is missing: install rabbitmq-server again")
        arguments = [str(epmd), "-port", str(self.epmd_port), "-address", "127.0.0.1"]
        return Command(arguments, {"HOME": str(self.home)}, unprivileged.server_user())

    def command(self) -> Command:
        if self.in_container:
            flags = f"-rabbit consumer_timeout {CONSUMER_TIMEOUT_MS} {IDLE}"
            return container.command(*self._names(), self.port, USER, self.password, flags)
        server = find_server()
        if server is None:
            raise BrokerFailed("rabbitmq-server is not installed")
        environment = {
            "HOME": str(self.home),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # Without this the script stays as a shell in front of the node and does not pass
            # signals on.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "environment.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                f"-kernel inet_dist_use_interface {{127,0,0,1}} -start_epmd false {IDLE}"
            ),
        }
        return Command([str(server)], environment, unprivileged.server_user())

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                pass
            # kombu has no types.
            connect: Any = Connection
            with connect(self.uri, connect_timeout=3) as connection:
                connection.ensure_connection(max_retries=1, timeout=3)
                return True
        except (OSError, OperationalError):
            return False

    def wait(self, seconds: float = READY_SECONDS) -> None:
        until = time.monotonic() + seconds
        while not self.is_ready():
            if time.monotonic() > until:
                raise BrokerFailed(f"RabbitMQ did not answer on port {self.port} in {seconds} s")
            time.sleep(0.2)

    def epmd_is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.epmd_port), timeout=1):
                return True
        except OSError:
            return False

    def forget(self) -> None:
        """Take away what is not in the folder."""
        if self.in_container:
            container.forget(*self._names())

    def _names(self) -> tuple[str, str]:
        """Those of container and volume. Data of an earlier state folder belongs to a password
        that is gone."""
        name = self.node.partition("@")[0]
        return name, f"{name}-{hashlib.sha256(self.password.encode()).hexdigest()[:8]}"

    def _configuration(self) -> str:
        # Read when the node is made: the user's password stays the one of the secrets it was made
        # with.
        return (
            f"default_user = {USER}\n"
            f"default_pass = {self.password}\n"
            "default_permissions.configure = .*\n"
            "default_permissions.read = .*\n"
            "default_permissions.write = .*\n"
            f"consumer_timeout = {CONSUMER_TIMEOUT_MS}\n"
            "vm_memory_high_watermark.relative = 0.4\n"
            "disk_free_limit.absolute = 200MB\n"
            "log.console.level = info\n"
        )


def version() -> str | None:
    """The installed server's version, from where its code lies."""
    libraries = Path("/usr/lib/rabbitmq/lib")
    names = os.listdir(libraries) if libraries.exists() else []
    found = sorted(re.findall(r"rabbitmq_server-([\d.]+)", " ".join(names)))
    return found[-1] if found else None
