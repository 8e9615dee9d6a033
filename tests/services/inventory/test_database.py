"""The tables: as the models say, and closed to what may never be."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.inventory.models import Base, Store
from shared import stores
from shared.contracts.directory import StoreChanged
from shared.ids import new_id
from tests.services.inventory.givens import (
    BRAND,
    REGION,
    a_store,
    an_order,
    differences,
    in_envelope,
    reserved,
    settle,
    some_skus,
    stocked,
)


def test_models_and_migrations_agree(service_engine: Callable[[str], Engine]) -> None:
    with service_engine("inventory").connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE stock SET reserved = -1",
        "UPDATE reservations SET quantities = '{0}'",
        "UPDATE reservations SET quantities = '{1,1}'",
        "UPDATE reservations SET sku_ids = '{}', quantities = '{}'",
        "UPDATE reservations SET status = 'lost'",
        "UPDATE skus SET ean = '123'",
        "INSERT INTO reservations SELECT * FROM reservations",
        "INSERT INTO movements (store_id, sku_id, quantity, reason, document_id, on_hand_after)"
        " SELECT store_id, sku_id, quantity, reason, document_id, on_hand_after FROM movements",
    ],
)
def test_what_may_never_be_is_refused_by_the_database(session: Session, change: str) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    settle(session, reserved(session, an_order(store_id, (sku, 1))))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(change))


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        ("UPDATE stock SET on_hand = on_hand + 1", "on hand = sum of movements"),
        ("UPDATE stock SET reserved = reserved + 1", "reserved = sum of open reservations"),
        (
            "UPDATE reservations SET status = 'voided' WHERE status = 'settled'",
            "every voided order brought its pieces back once",
        ),
        (
            "UPDATE reservations SET made_at = now() - interval '11 minutes'",
            "no reservation is held for more than 10 minutes",
        ),
        (
            "INSERT INTO movements (store_id, sku_id, quantity, reason, document_id,"
            " on_hand_after) SELECT store_id, sku_id, -1, 'sale', order_id, 0"
            " FROM reservations, unnest(sku_ids) AS sku_id WHERE status = 'held'",
            "every settled order moved its pieces once",
        ),
    ],
)
def test_the_audit_finds_harm(session: Session, harm: str, check: str) -> None:
    store_id = a_store(session)
    (sku,) = some_skus(session, 1)
    stocked(session, store_id, {sku: 5})
    settle(session, reserved(session, an_order(store_id, (sku, 1))))
    reserved(session, an_order(store_id, (sku, 1)))
    assert differences(session) == {}

    session.execute(text(harm))

    assert check in differences(session)


def test_stores_are_learnt_from_directory(session: Session) -> None:
    store_id = new_id()
    event = StoreChanged(
        store_id=store_id,
        version=1,
        code="S9",
        name="静安店",
        brand_id=BRAND,
        region_id=REGION,
        franchisee_id=None,
        legal_entity="Chainstitch Retail Ltd",
        time_zone="Asia/Shanghai",
        currency="CNY",
        active=True,
    )
    stores.upsert_stores(session, Store, [in_envelope(event, store_id)])

    assert stores.find_store(session, Store, store_id).code == "S9"
