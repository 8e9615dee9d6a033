"""One small chain in the run's stack, and SQL access to each service's database."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import RunningStack
from tests.integration.shop import Shop

Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shop(stack: RunningStack) -> Shop:
    made = Shop(
        stack.urls["graphql"].removesuffix("/graphql"),
        stack.environment["BOOTSTRAP_ADMIN_PASSWORD"],
    )
    return asyncio.run(made.build())


@pytest.fixture
def rows(stack: RunningStack) -> Rows:
    """`rows("order", "SELECT …", value)`: what is in a service's database."""

    def read(service: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        address = f"{stack.environment['DATABASE_URL']}/chainstitch_{service}"
        with psycopg.connect(address) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    return read
