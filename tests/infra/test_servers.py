"""The throw-away servers and databases that the other tests stand on."""

import psycopg
import pytest
from kombu import Connection


def test_the_server_refuses_a_wrong_password(postgres_server: str) -> None:
    head, _, address = postgres_server.rpartition("@")
    user = head.removeprefix("postgresql://").partition(":")[0]

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://{user}:wrong@{address}/postgres")


def test_the_server_listens_on_the_loopback_address_alone(postgres_server: str) -> None:
    with psycopg.connect(f"{postgres_server}/postgres") as connection:
        shown = connection.execute("SHOW listen_addresses").fetchone()

    assert shown == ("127.0.0.1",)


def test_a_message_goes_through_the_broker(broker_uri: str) -> None:
    with Connection(broker_uri) as connection, connection.SimpleQueue("servers_test") as queue:
        queue.put({"pieces": 3})
        got = queue.get(timeout=5)
        got.ack()

    assert got.payload == {"pieces": 3}
