"""A shop on a database of its own for each test."""

from collections.abc import Callable, Iterator

import pytest

from services.campaign.offers import forget_offers
from shared.database import Database
from shared.stores import forget_stores
from tests.services.campaign.shop import Shop


@pytest.fixture
def shop(database_url: Callable[..., str]) -> Iterator[Shop]:
    forget_stores()
    forget_offers()
    database = Database(database_url("campaign", fresh=True), "campaign", connections=10)
    yield Shop(database)
    database.engine.dispose()
    forget_stores()
    forget_offers()
