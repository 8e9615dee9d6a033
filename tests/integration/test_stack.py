"""The stack as the command line runs it: what is killed comes back, and nothing is left behind."""

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from infra import migrations
from infra.state import State
from infra.supervise import marked
from tests.conftest import RunningStack
from tests.integration.conftest import Rows
from tests.integration.shop import Shop

Status = dict[str, Any]


def eventually(stack: RunningStack, holds: Callable[[Status], bool], seconds: float = 60) -> Status:
    until = time.monotonic() + seconds
    while not holds(status := stack.status()):
        if time.monotonic() > until:
            raise AssertionError(f"still not so after {seconds} s: {status}")
        time.sleep(0.5)
    return status


def pid_of(stack: RunningStack, process: str) -> int:
    return int(stack.status()["processes"][process]["pid"])


def test_every_process_is_ready(stack: RunningStack) -> None:
    status = json.loads(stack.run("status", "--json").stdout.splitlines()[-1])

    assert status["ready"]
    assert {"postgres", "epmd", "broker"} <= set(status["processes"])
    assert set(status["urls"]) == {"graphql", "app", "till", "metrics"}


def test_nothing_listens_beyond_this_machine(stack: RunningStack) -> None:
    open_to = {
        connection.laddr.ip
        for process in marked(str(stack.state))
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }

    assert open_to <= {"127.0.0.1", "::1"}


def test_secrets_are_for_their_owner_alone(stack: RunningStack) -> None:
    modes = {
        name: (stack.state / name).stat().st_mode & 0o077
        for name in ("secrets.env", "run.env", "supervisord.conf", "supervisord.sock")
    }

    assert modes == dict.fromkeys(modes, 0)


@pytest.mark.parametrize("process", ["postgres", "broker"])
def test_a_killed_server_comes_back(stack: RunningStack, process: str) -> None:
    killed = pid_of(stack, process)

    os.kill(killed, signal.SIGKILL)

    status = eventually(
        stack, lambda s: s["ready"] and s["processes"][process]["pid"] not in (killed, None)
    )
    assert status["processes"][process]["pid"] != killed


def test_up_mends_a_stack_whose_supervisor_was_killed(stack: RunningStack) -> None:
    orphans = {process.pid for process in marked(str(stack.state))}
    supervisor = int((stack.state / "supervisord.pid").read_text())

    os.kill(supervisor, signal.SIGKILL)
    eventually(stack, lambda s: not s["ready"])
    done = stack.run("up", "--json")

    assert done.returncode == 0, done.stderr
    assert stack.status()["ready"]
    assert orphans & {process.pid for process in marked(str(stack.state))} == set()


def test_up_leaves_running_processes_alone(stack: RunningStack) -> None:
    before = {name: process["pid"] for name, process in stack.status()["processes"].items()}

    done = stack.run("up", "--json")

    assert done.returncode == 0, done.stderr
    after = {name: process["pid"] for name, process in stack.status()["processes"].items()}
    assert after == before


def test_up_upgrades_what_runs_and_fills_copies_that_are_younger_than_the_facts(
    stack: RunningStack, shop: Shop, rows: Rows
) -> None:
    before = {name: process["pid"] for name, process in stack.status()["processes"].items()}
    staff = rows("campaign", "SELECT * FROM staff ORDER BY id")
    members = rows("campaign", "SELECT * FROM members ORDER BY id")
    rows("campaign", "DELETE FROM staff")
    rows(
        "campaign",
        "UPDATE members SET home_store_id = NULL, associate_id = NULL, associate_version = 0",
    )
    for service, version in (("directory", "0008"), ("member", "0019"), ("inventory", "0002")):
        url = migrations.database_url(stack.environment["DATABASE_URL"], f"chainstitch_{service}")
        migrations.downgrade(service, url, version)

    up = stack.run("up", "--json")
    audit = stack.run("audit", "--settle", "30", "--json")

    assert up.returncode == 0, up.stderr
    assert audit.returncode == 0, audit.stderr
    after = {name: process["pid"] for name, process in stack.status()["processes"].items()}
    assert {name for name in after if after[name] == before[name]} == {"postgres", "epmd", "broker"}
    assert rows("campaign", "SELECT * FROM staff ORDER BY id") == staff
    assert [row[0] for row in rows("campaign", "SELECT id FROM members ORDER BY id")] == [
        row[0] for row in members
    ]


def test_down_leaves_no_process_and_up_finds_ports_and_secrets_again(stack: RunningStack) -> None:
    state = State(stack.state)
    ports, secrets = state.ports(), state.secrets()

    down = stack.run("down")
    left = list(marked(str(stack.state)))
    up = stack.run("up", "--json")

    assert (down.returncode, up.returncode) == (0, 0), down.stderr + up.stderr
    assert left == []
    assert (state.ports(), state.secrets()) == (ports, secrets)
