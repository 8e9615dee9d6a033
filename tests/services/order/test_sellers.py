"""Whose a sale is: who made it, and who sent it."""

import json
from uuid import UUID, uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event

from services.order import checkout
from services.order.models import Base
from services.order.service import OrderService
from shared.contracts import Envelope
from shared.contracts.campaign import PriceAndHold
from shared.contracts.directory import StaffChanged
from shared.contracts.order import Order, PlaceOrder
from shared.database import Database
from shared.errors import Refusal, Unavailable
from shared.ids import new_id
from shared.inbox import apply
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.order.conftest import (
    DEVICE,
    REGION,
    STORE,
    FakeServices,
    caller,
    rows,
    sale,
    today,
)


def place(database: Database, services: FakeServices, who: Caller, command: PlaceOrder) -> Order:
    return checkout.place_order(Transaction(database), services, who, command)


def hired(
    database: Database,
    role: Role = Role.ASSOCIATE,
    scope_kind: ScopeKind = ScopeKind.STORE,
    scope_id: UUID | None = STORE,
    **changes: object,
) -> UUID:
    """Directory tells of a member of staff."""
    fields: dict[str, object] = {
        "staff_id": uuid4(), "version": 1, "roles": frozenset({role}), "scope_kind": scope_kind,
        "scope_id": scope_id, "active": True,
    }  # fmt: skip
    data = StaffChanged(**{**fields, **changes})
    envelope = Envelope(
        id=new_id(), source="chainstitch/directory", type=data.type, subject=str(data.staff_id),
        sequence=data.version, time=today(), data=data,
    )  # fmt: skip
    apply(database, "on_staff_changed", OrderService.on_staff_changed, [envelope])
    return data.staff_id


def owners(database: Database) -> list[tuple[UUID, UUID]]:
    return [tuple(row) for row in rows(database, "SELECT staff_id, sent_by FROM orders")]


def told(database: Database) -> list[str]:
    events = rows(database, "SELECT envelope FROM outbox WHERE type = 'order.placed'")
    return [json.loads(row.envelope)["data"]["staff_id"] for row in events]


def test_without_a_seller_it_is_the_callers(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    assert place(database, services, clerk, sale()).staff_id == clerk.id
    assert owners(database) == [(clerk.id, clerk.id)]


def test_a_sale_sent_by_a_colleague_is_its_sellers(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    seller = hired(database)

    order = place(database, services, clerk, sale(seller_id=seller))

    assert order.staff_id == seller
    assert owners(database) == [(seller, clerk.id)]
    assert told(database) == [str(seller)]


def test_who_sends_it_again_changes_nothing(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    seller = caller(Role.ASSOCIATE)
    command = sale(seller_id=seller.id)  # the store need not know of a seller who sends it
    first = place(database, services, seller, command)

    assert place(database, services, clerk, command) == first
    assert owners(database) == [(seller.id, seller.id)]


def test_a_sale_taken_over_by_a_colleague_goes_on_as_it_was_begun(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    seller = caller(Role.ASSOCIATE)
    command = sale()
    services.errors[PriceAndHold] = Unavailable("campaign")
    with pytest.raises(Unavailable):
        place(database, services, seller, command)
    services.errors.clear()

    order = place(database, services, caller(Role.ASSOCIATE, device=uuid4()), command)

    assert (order.staff_id, order.device_id) == (seller.id, DEVICE)
    assert order.receipt_number == "S001-D1-000001"
    assert told(database) == [str(seller.id)]


@pytest.mark.parametrize(
    ("scope_kind", "scope_id"),
    [(ScopeKind.STORE, STORE), (ScopeKind.REGION, REGION), (ScopeKind.CHAIN, None)],
)
def test_whoever_may_sell_here_may_be_named(
    database: Database, services: FakeServices, clerk: Caller,
    scope_kind: ScopeKind, scope_id: UUID | None,
) -> None:  # fmt: skip
    seller = hired(database, Role.STORE_MANAGER, scope_kind, scope_id)

    assert place(database, services, clerk, sale(seller_id=seller)).staff_id == seller


def test_one_who_has_left_since_is_still_the_seller(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    seller = hired(database)
    hired(database, staff_id=seller, version=2, active=False)

    assert place(database, services, clerk, sale(seller_id=seller)).staff_id == seller


def test_a_seller_of_nowhere_here_is_refused_and_nothing_is_begun(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    moved = hired(database)
    hired(database, staff_id=moved, version=3, scope_id=uuid4())
    hired(database, staff_id=moved, version=2)  # comes late, and changes nothing
    strangers = [uuid4(), hired(database, scope_id=uuid4()), hired(database, Role.AUDITOR), moved]

    for stranger in strangers:
        with pytest.raises(Refusal, match="UNKNOWN_SELLER"):
            place(database, services, clerk, sale(seller_id=stranger))

    assert services.calls == []
    assert owners(database) == []


def test_another_seller_is_another_sale(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = sale(seller_id=hired(database))
    place(database, services, clerk, command)
    other = sale(order_id=command.order_id, seller_id=hired(database))

    with pytest.raises(Refusal, match="ORDER_CONFLICT"):
        place(database, services, clerk, other)


def test_a_first_answer_stays_when_the_seller_is_moved(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = sale(seller_id=(seller := hired(database)))
    first = place(database, services, clerk, command)
    hired(database, staff_id=seller, version=2, scope_id=uuid4())

    assert place(database, services, clerk, command) == first


def test_naming_a_seller_costs_no_statement(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    place(database, services, clerk, sale())  # the store is in memory from now on
    command = sale(seller_id=hired(database))
    statements: list[str] = []
    event.listen(database.engine, "after_cursor_execute", lambda *a: statements.append(a[2]))

    place(database, services, clerk, command)

    assert len(statements) == 2


def test_models_and_migrations_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []
