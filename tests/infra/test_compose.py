"""docker-compose.yml against the table of processes: neither knows what the other does not."""

import re
from typing import Any

import pytest
import yaml

from infra import processes
from infra.processes import EVERYONES_SECRETS, SERVICES, TABLE, Process
from infra.state import ROOT

PORTS = {"gateway": 8000, "app": 8001, **{process.name: 9100 for process in SERVICES}}
# Inside a container a process is reached from others; on one machine nothing is.
ONLY_IN_CONTAINERS = {"METRICS_HOST", "APP_HOST", "TRUSTED_PROXIES", "PRINTER_NETWORKS"}
SERVERS = {"postgres", "broker", "prometheus", "grafana"}
STEPS = {"migrate", "declare"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])


def local_environment() -> dict[str, str]:
    """What the local runner gives to any of its processes."""
    secrets = dict.fromkeys(EVERYONES_SECRETS, "secret")
    common = processes.common_environment("postgresql://", "amqp://", secrets, PORTS)
    return common | {key: value for each in TABLE for key, value in each.environment(PORTS).items()}


def test_the_same_processes_run(compose: dict[str, Any]) -> None:
    assert set(compose) == {process.name for process in TABLE} | SERVERS | STEPS


@pytest.mark.parametrize("process", TABLE, ids=lambda process: process.name)
def test_a_process_has_the_same_command(compose: dict[str, Any], process: Process) -> None:
    assert compose[process.name]["command"] == ["python", "-m", *process.module]


@pytest.mark.parametrize("process", TABLE, ids=lambda process: process.name)
def test_a_process_has_the_same_settings(compose: dict[str, Any], process: Process) -> None:
    given = set(compose[process.name]["environment"])

    assert given - ONLY_IN_CONTAINERS == set(local_environment())
    assert given >= ONLY_IN_CONTAINERS


@pytest.mark.parametrize("process", TABLE, ids=lambda process: process.name)
def test_a_process_listens_where_its_health_is_asked(
    compose: dict[str, Any], process: Process
) -> None:
    service = compose[process.name]
    environment = service["environment"]

    assert environment[process.port_variable] == str(PORTS[process.name])
    assert environment[process.port_variable.replace("PORT", "HOST")] == "0.0.0.0"
    assert process.health_url(PORTS) in service["healthcheck"]["test"][-1]


def test_the_queues_of_every_service_are_declared_first(compose: dict[str, Any]) -> None:
    names = [process.name for process in SERVICES]

    command = ["python", "-m", "shared.runner", "--declare", *names]
    assert compose["declare"]["command"] == command
    for name in names:
        assert set(compose[name]["depends_on"]) == STEPS


def test_a_secret_has_no_default(compose: dict[str, Any]) -> None:
    environment = compose["order"]["environment"]

    assert {name: environment[name] for name in EVERYONES_SECRETS} == {
        name: f"${{{name}:?}}" for name in EVERYONES_SECRETS
    }
    for name in ("DATABASE_URL", "AMQP_URI"):
        assert re.search(r":\$\{[A-Z]+_PASSWORD:\?\}@", environment[name])


def test_nothing_but_the_loopback_address_is_published(compose: dict[str, Any]) -> None:
    published = [port for service in compose.values() for port in service.get("ports", ())]

    assert [port for port in published if "127.0.0.1:" not in port] == []


def test_the_image_holds_every_package_that_runs() -> None:
    copied = re.findall(r"^COPY (\w+) \w+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_in = re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    modules = {process.module[0].split(".")[0] for process in TABLE} | {"services", "infra"}

    assert modules <= set(copied)
    assert set(copied) <= set(let_in)
