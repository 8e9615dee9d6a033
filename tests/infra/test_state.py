"""The state folder: what is made once and kept, and what is chosen again."""

import socket
from pathlib import Path

from infra.state import SERVER_PORTS, State


def test_secrets_are_made_once_and_never_change(tmp_path: Path) -> None:
    first = State(tmp_path).secrets()

    assert State(tmp_path).secrets() == first
    assert len(set(first.values())) == len(first)


def test_a_secret_that_a_newer_version_needs_is_added(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("SEAL_KEY=kept\n")

    secrets = State(tmp_path).secrets()

    assert secrets["SEAL_KEY"] == "kept"
    assert secrets["TOKEN_KEY"]


def test_ports_are_kept(tmp_path: Path) -> None:
    first = State(tmp_path).settle_ports(SERVER_PORTS, running=set())

    assert State(tmp_path).settle_ports(SERVER_PORTS, running=set()) == first
    assert len(set(first.values())) == len(SERVER_PORTS)


def test_a_port_taken_by_a_stranger_is_chosen_again(tmp_path: Path) -> None:
    first = State(tmp_path).settle_ports(["gateway", "app"], running=set())
    with socket.create_server(("127.0.0.1", first["gateway"])):
        second = State(tmp_path).settle_ports(["gateway", "app"], running=set())

    assert second["gateway"] != first["gateway"]
    assert second["app"] == first["app"]


def test_a_port_that_our_own_process_holds_is_kept(tmp_path: Path) -> None:
    first = State(tmp_path).settle_ports(["gateway"], running=set())
    with socket.create_server(("127.0.0.1", first["gateway"])):
        second = State(tmp_path).settle_ports(["gateway"], running={"gateway"})

    assert second == first


def test_the_supervisor_s_socket_has_a_short_path_however_deep_the_checkout(tmp_path: Path) -> None:
    deep = tmp_path / ("folder" * 20)
    deep.mkdir()

    assert len(str(State(deep).socket)) <= 100
    assert State(deep).socket == State(deep).socket
