"""The processes of the stack in one table, from which runner and compose file are derived."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import urlsplit

from infra.state import PROXY_PORTS, ROOT

EVERYONES_SECRETS = (
    "SEAL_KEY",
    "TOKEN_KEY",
    "PHONE_KEYS",
    "PHONE_HASH_KEY",
    "FLET_SECRET_KEY",
    "BOOTSTRAP_ADMIN_PASSWORD",
)


DEFAULT_PORTS = {"database_proxy": 5432, "broker_proxy": 5672}


class Level(IntEnum):
    """Started in this order, stopped in the reverse."""

    SERVER = 1
    SERVICE = 2
    GATEWAY = 3
    APP = 4


@dataclass(frozen=True, slots=True)
class Process:
    name: str
    level: Level
    module: tuple[str, ...]
    package: str
    port_variable: str

    @property
    def is_there(self) -> bool:
        """A service under construction is run as soon as it has something to run."""
        return (ROOT / self.package).exists()

    def environment(self, ports: Mapping[str, int]) -> dict[str, str]:
        return {self.port_variable: str(ports[self.name])}

    def health_url(self, ports: Mapping[str, int], host: str = "127.0.0.1") -> str:
        return f"http://{host}:{ports[self.name]}/health"


def service(name: str) -> Process:
    package = f"services/{name}/service.py"
    return Process(name, Level.SERVICE, ("shared.runner", name), package, "METRICS_PORT")


SERVICES = tuple(
    service(name) for name in ("directory", "member", "loyalty", "inventory", "order", "campaign")
)
GATEWAY = Process("gateway", Level.GATEWAY, ("gateway",), "gateway/__main__.py", "GATEWAY_PORT")
APP = Process("app", Level.APP, ("staff_app.server",), "staff_app/server.py", "APP_PORT")
TABLE = (*SERVICES, GATEWAY, APP)


def present() -> list[Process]:
    return [process for process in TABLE if process.is_there]


def common_environment(
    database_url: str, amqp_uri: str, secrets: Mapping[str, str], ports: Mapping[str, int]
) -> dict[str, str]:
    """What every process is given; the names are those that shared/settings.py reads."""
    host = os.environ.get("GATEWAY_HOST", "127.0.0.1")
    reached_at = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    return {
        "DATABASE_URL": database_url,
        "AMQP_URI": amqp_uri,
        **{name: secrets[name] for name in EVERYONES_SECRETS},
        "EVENT_QUEUE_TYPE": os.environ.get("EVENT_QUEUE_TYPE", "classic"),
        "GATEWAY_HOST": host,
        "GATEWAY_PORT": str(ports["gateway"]),
        "GATEWAY_URL": f"http://{reached_at}:{ports['gateway']}",
        "APP_PORT": str(ports["app"]),
        "APP_URL": f"http://127.0.0.1:{ports['app']}",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO"),
        "PYTHONUNBUFFERED": "1",
    }


def through_proxies(environment: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """The addresses of database and broker as those of the proxies in front of them."""
    return {
        variable: urlsplit(environment[variable])
        ._replace(netloc=f"{_user(environment[variable])}127.0.0.1:{ports[name]}")
        .geturl()
        for name, variable in PROXY_PORTS.items()
    }


def proxy_routes(environment: Mapping[str, str], ports: Mapping[str, int]) -> list[str]:
    """Arguments of the proxy process."""
    routes = []
    for name, variable in PROXY_PORTS.items():
        url = urlsplit(environment[variable])
        target = f"{url.hostname}:{url.port or DEFAULT_PORTS[name]}"
        routes.append(f"{name}={ports[name]}={target}")
    return routes


def _user(url: str) -> str:
    return "".join(urlsplit(url).netloc.rpartition("@")[:2])


def urls(environment: Mapping[str, str]) -> dict[str, str]:
    base = environment["GATEWAY_URL"]
    return {
        "graphql": f"{base}/graphql",
        "app": f"{base}/",
        "till": f"{base}/till/",
        "metrics": f"{base}/metrics",
    }
