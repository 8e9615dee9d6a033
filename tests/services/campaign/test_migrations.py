"""Models and migrations say the same, and what must stay as it was written does."""

from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.campaign.models import Base
from shared.ids import new_id
from tests.services.campaign.shop import Shop


def test_models_and_migrations_agree(shop: Shop) -> None:
    with shop.database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE redemptions SET discount_minor = 0",
        "DELETE FROM redemptions",
        "TRUNCATE redemptions",
    ],
)
def test_the_ledger_is_append_only(shop: Shop, statement: str) -> None:
    offer = shop.publish()
    order_id = new_id()
    shop.tell(shop.placed(order_id, shop.price(shop.piece(10000))))

    with pytest.raises(DBAPIError, match="append-only"), shop.database.engine.begin() as connection:
        connection.execute(text(statement))

    assert shop.rows("SELECT order_id, promotion_id, discount_minor FROM redemptions") == [
        (order_id, offer.promotion.id, 1000)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE promotion_versions SET body = '{}'",
        "UPDATE promotion_versions SET starts_at = now(), ended_at = now()",
        "DELETE FROM promotion_versions",
    ],
)
def test_a_published_version_cannot_be_changed(shop: Shop, statement: str) -> None:
    shop.publish()
    before = shop.snapshot()

    with pytest.raises(DBAPIError, match="not changed"), shop.database.engine.begin() as connection:
        connection.execute(text(statement))

    assert shop.snapshot() == before


def test_what_is_held_is_never_negative(shop: Shop) -> None:
    statement = "INSERT INTO usages VALUES (:id, :id, -1, 0)"

    with pytest.raises(DBAPIError, match="held_not_negative"):
        with shop.database.engine.begin() as connection:
            connection.execute(text(statement), {"id": UUID(int=1)})
