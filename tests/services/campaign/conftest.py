"""A shop on a database of its own for each test."""

from collections.abc import Callable, Iterator

import pytest

from services.campaign.audit import CHECKS
from services.campaign.offers import forget_offers
from shared.database import Database
from shared.stores import forget_stores
from tests.services.campaign.floor import Floor
from tests.services.campaign.shop import Shop


@pytest.fixture
def shop(own_database: Callable[..., Database]) -> Iterator[Shop]:
    forget_stores()
    forget_offers()
    yield Shop(own_database("campaign", connections=10))
    forget_stores()
    forget_offers()


@pytest.fixture
def floor(shop: Shop) -> Iterator[Floor]:
    """The staff of the shop; whatever they did, the audit of tasks finds nothing."""
    yield Floor(shop)
    for name, query in CHECKS.items():
        if "task" in name:
            assert shop.rows(query) == [], name
