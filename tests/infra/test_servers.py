"""The throw-away servers and databases that the other tests stand on."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, NullPool, create_engine, inspect, text

from infra.postgres import Postgres
from tests.conftest import service_sessions


def test_the_server_refuses_a_wrong_password(postgres_server: str) -> None:
    head, _, address = postgres_server.rpartition("@")
    user = head.removeprefix("postgresql://").partition(":")[0]

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://{user}:wrong@{address}/postgres")


def test_the_server_listens_on_the_loopback_address_alone(postgres_server: str) -> None:
    with psycopg.connect(f"{postgres_server}/postgres") as connection:
        shown = connection.execute("SHOW listen_addresses").fetchone()

    assert shown == ("127.0.0.1",)


def test_near_at_hand_the_server_is_reached_through_its_socket() -> None:
    server = Postgres(Path("/var/lib/chainstitch"), 5433, "secret")

    place = psycopg.conninfo.conninfo_to_dict(server.near_url)

    assert (place["host"], place["port"]) == ("/var/lib/chainstitch/postgres", "5433")
    assert f"unix_socket_directories={place['host']}" in server.command().arguments


def test_a_folder_too_deep_for_a_socket_is_served_by_tcp_alone() -> None:
    server = Postgres(Path("/", *["deep"] * 25), 5433, "secret")

    assert server.near_url == server.url


def test_a_service_s_database_is_migrated_and_a_fresh_one_is_another(
    database_url: Callable[..., str],
) -> None:
    first, fresh = database_url("member"), database_url("member", fresh=True)

    assert database_url("member") == first
    assert fresh != first
    for url in (first, fresh):
        with create_engine(url, poolclass=NullPool).connect() as connection:
            assert "outbox" in inspect(connection).get_table_names()


def test_what_a_test_commits_is_rolled_back(service_engine: Callable[[str], Engine]) -> None:
    sessions = service_sessions(service_engine)
    session = next(sessions)("member")
    session.execute(text("CREATE TABLE left_behind (id int)"))
    session.commit()
    assert "left_behind" in inspect(session.connection()).get_table_names()

    assert list(sessions) == []

    assert "left_behind" not in inspect(service_engine("member")).get_table_names()
