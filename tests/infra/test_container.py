"""RabbitMQ in a container, with a `docker` that only notes what it is told."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra import broker, container, install
from infra.broker import Broker
from infra.install import Missing
from infra.state import State
from infra.supervise import Program, Supervisor

PASSWORD = "hunter2"
FAKE = """#!/bin/sh
echo "$@" >> {told}
case "$1 $2" in
    info*) [ {answers} = yes ] && echo 28.0; [ {answers} = yes ] ;;
    "image inspect") exit 1 ;;
    run*)
        echo "password $RABBITMQ_DEFAULT_PASS" >> {told}
        trap 'echo stopped >> {told}; exit 0' TERM
        while :; do sleep 0.05; done ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """`docker("yes")`: one whose engine answers, on a machine with nothing else; where it notes."""
    told, programs = tmp_path / "told", tmp_path / "bin"
    programs.mkdir()

    def make(answers: str) -> Path:
        (programs / "docker").write_text(FAKE.format(told=told, answers=answers))
        (programs / "docker").chmod(0o755)
        return told

    monkeypatch.setattr(broker, "PLACES", ())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(programs))
    return make


def test_what_cannot_be_installed_is_fetched_for_docker(docker: Callable[[str], Path]) -> None:
    told = docker("yes")

    install.rabbitmq()

    image = container.image()
    assert image.startswith("rabbitmq:")
    assert told.read_text().splitlines()[1:] == [f"image inspect {image}", f"pull --quiet {image}"]


def test_a_docker_without_an_engine_is_none(docker: Callable[[str], Path]) -> None:
    docker("no")

    with pytest.raises(
        Missing, match=r"^RabbitMQ is missing; .*: apt-get install rabbitmq-server$"
    ):
        install.rabbitmq()


def test_without_docker_one_line_says_what_to_install(docker: Callable[[str], Path]) -> None:
    with pytest.raises(Missing, match="apt-get install rabbitmq-server"):
        install.rabbitmq()


def test_supervised_it_runs_in_the_foreground_and_is_told_to_stop(
    docker: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = docker("yes")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    node = Broker(tmp_path, 5673, 1, 2, PASSWORD)
    command = node.command()
    monkeypatch.undo()
    state = State(tmp_path)
    state.prepare()
    supervisor = Supervisor(state)
    try:
        supervisor.apply(
            [Program("broker", command.arguments, command.environment, 1, Path("/"), command.user)]
        )
        supervisor.start(["broker"])
        lines = wait_for(told, "password")
        supervisor.stop(["broker"])
        wait_for(told, "stopped")
    finally:
        supervisor.shut_down()

    name = node.node.partition("@")[0]
    removed, run, password = lines
    assert removed == f"rm --force {name}"
    assert run.startswith(f"run --rm --name {name} --hostname broker --publish 127.0.0.1:5673:5672")
    assert f"--volume {name}-" in run
    assert run.endswith(f" --env RABBITMQ_DEFAULT_PASS --env RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"
                        f" {container.image()}")  # fmt: skip
    assert PASSWORD not in " ".join(command.arguments)
    assert password == f"password {PASSWORD}"


def test_data_of_another_password_is_another_volume(docker: Callable[[str], Path]) -> None:
    told = docker("yes")

    for password in ("one", "other"):
        Broker(Path("/state"), 5673, 1, 2, password).forget()

    lines = told.read_text().splitlines()
    assert len({line for line in lines if line.startswith("rm")}) == 1
    assert len({line for line in lines if line.startswith("volume rm")}) == 2


def wait_for(path: Path, word: str) -> list[str]:
    until = time.monotonic() + 15
    while not path.exists() or word not in path.read_text():
        assert time.monotonic() < until
        time.sleep(0.05)
    return path.read_text().splitlines()
