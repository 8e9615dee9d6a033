"""A database of the order service with one store, and a fake of the services it calls.

The fake answers in this process with the structs and errors of the contracts; everything of order's
own is real.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.contracts.campaign import PriceAndHold, Priced, PricedLine
from shared.contracts.inventory import Reserve, Reserved
from shared.contracts.loyalty import Held, Hold, OfferSpend, SpendOffer
from shared.contracts.order import PlaceOrder, Tender
from shared.database import Database
from shared.money import tax_included
from shared.seal import Caller, Role, ScopeKind
from shared.stores import forget_stores

STORE = UUID("00000000-0000-7000-8000-000000000001")
REGION = UUID("00000000-0000-7000-8000-000000000002")
SKU = UUID("00000000-0000-7000-8000-000000000003")
DEVICE = UUID("00000000-0000-7000-8000-000000000004")
UNIT = 10_000


class FakeServices:
    """Prices every piece at `unit`, and refuses or fails as it is told to."""

    def __init__(self) -> None:
        self.unit = UNIT
        self.errors: dict[type, Exception] = {}
        self.calls: list[Any] = []

    def start(self, command: Any) -> Any:
        self.calls.append(command)
        return Answer(self, command)

    def call(self, command: Any) -> Any:
        return self.start(command).result()

    def count(self, kind: type) -> int:
        return sum(isinstance(command, kind) for command in self.calls)


class Answer:
    def __init__(self, services: FakeServices, command: Any) -> None:
        self.services = services
        self.command = command

    def result(self) -> Any:
        command = self.command
        if type(command) in self.services.errors:
            raise self.services.errors[type(command)]
        if isinstance(command, Reserve):
            return Reserved(order_id=command.order_id)
        if isinstance(command, PriceAndHold):
            return priced(command, self.services.unit)
        if isinstance(command, Hold):
            return Held(
                order_id=command.order_id, points_after=100 - command.points,
                wallet_principal_after_minor=50_000 - command.wallet_minor,
                wallet_bonus_after_minor=500,
            )  # fmt: skip
        assert isinstance(command, OfferSpend)
        return SpendOffer(
            points_usable=100, points_value_minor=100, minor_per_hundred_points=100,
            wallet_usable_minor=50_500,
        )  # fmt: skip


def priced(command: PriceAndHold, unit: int) -> Priced:
    lines = []
    for line in command.lines:
        net = line.stated_minor if line.stated_minor is not None else unit * line.quantity
        lines.append(
            PricedLine(
                line=line.line, sku_id=line.sku_id, style_id=line.sku_id, sku_code="S-1",
                name="连衣裙", category="dress", colour="red", size="M", quantity=line.quantity,
                unit_list_minor=unit, list_minor=net, discount_minor=0, net_minor=net,
                tax_basis_points=1300, tax_minor=tax_included(net, 1300),
            )
        )  # fmt: skip
    total = sum(line.net_minor for line in lines)
    return Priced(
        currency="CNY", lines=lines, list_minor=total, discount_minor=0, total_minor=total,
        tax_minor=sum(line.tax_minor for line in lines), tier="gold",
    )  # fmt: skip


@pytest.fixture
def database(own_database: Callable[..., Database]) -> Database:
    return own_database("order")


@pytest.fixture(autouse=True)
def _store(database: Database) -> None:
    """A store, its device and an earn rule of one point for each yuan, twice for gold."""
    forget_stores()
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO stores VALUES (:id, 1, 'S001', '一店', :region, :region, NULL, '公司',"
                " 'Asia/Shanghai', 'CNY', true)"
            ),
            {"id": STORE, "region": REGION},
        )
        session.execute(
            text("INSERT INTO devices VALUES (:id, 1, :store, 'D1')"),
            {"id": DEVICE, "store": STORE},
        )
        session.execute(
            text(
                "INSERT INTO earn_rules VALUES (1, '2020-01-01', jsonb_build_object('type', 'earn',"
                " 'minor_per_point', 100, 'multipliers_basis_points',"
                " jsonb_build_object('gold', 20000), 'earn_on_wallet', false))"
            )
        )


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def clerk() -> Caller:
    return caller(Role.ASSOCIATE)


def caller(role: Role, store: UUID = STORE, device: UUID | None = DEVICE) -> Caller:
    return Caller(
        kind="client" if role is Role.INTEGRATION else "staff",
        id=uuid4(),
        roles=frozenset({role}),
        scope_kind=ScopeKind.STORE,
        scope_id=store,
        device_id=device,
    )


def sale(**changes: Any) -> PlaceOrder:
    """One piece for 100.00, paid in cash."""
    from shared.contracts.campaign import BasketLine

    values: dict[str, Any] = {
        "order_id": uuid4(),
        "store_id": STORE,
        "total_minor": UNIT,
        "lines": [BasketLine(line=1, sku_id=SKU, quantity=1)],
        "tenders": [Tender(kind="cash", amount_minor=UNIT)],
    }
    return PlaceOrder(**{**values, **changes})


def rows(database: Database, statement: str, **values: Any) -> list[Any]:
    with database.transaction() as session:
        return list(session.execute(text(statement), values).all())


def today() -> datetime:
    return datetime.now(UTC)
