"""Sessions on inventory's database."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.orm import Session

from shared import stores
from shared.database import Database


@pytest.fixture
def session(service_session: Callable[[str], Session]) -> Iterator[Session]:
    """A transaction that is rolled back after the test."""
    stores.forget_stores()
    made = service_session("inventory")
    made.info["source"] = "inventory"
    yield made
    stores.forget_stores()


@pytest.fixture
def database(own_database: Callable[..., Database]) -> Iterator[Database]:
    """A database of the test's own, for what several connections do to it."""
    stores.forget_stores()
    yield own_database("inventory")
    stores.forget_stores()
