"""What loyalty's tests start from: two stores, callers, published rules, a member."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Engine, event, insert, text
from sqlalchemy.orm import Session

from services.loyalty import accounts, audit, clearing, earning, rules, wallet
from services.loyalty.models import Store
from shared.contracts import Envelope, Event
from shared.contracts.loyalty import (
    Account,
    EarnRule,
    Hold,
    PublishRule,
    Rule,
    SpendRule,
    Tier,
    TierLadder,
    TopUp,
)
from shared.contracts.order import OrderPlaced, OrderVoided
from shared.database import Database
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.stores import forget_stores

NOW = datetime(2026, 3, 14, 4, 0, tzinfo=UTC)
TODAY = date(2026, 3, 14)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SILVER = Tier(code="silver", name_zh="银卡", name_en="Silver", threshold=0)
GOLD = Tier(code="gold", name_zh="金卡", name_en="Gold", threshold=100_000)
DIAMOND = Tier(code="diamond", name_zh="钻石卡", name_en="Diamond", threshold=500_000)
LADDER = TierLadder(basis="spend", tiers=[SILVER, GOLD, DIAMOND])
EARN = EarnRule(minor_per_point=100, multipliers_basis_points={"gold": 15_000})
SPEND = SpendRule(minor_per_hundred_points=100, max_share_basis_points=5_000)


class Shop:
    """A chain with a store of its own and a franchised one, in one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.franchisee_id = new_id()
        self.store_id = self.open_store()
        self.franchised_id = self.open_store(franchisee_id=self.franchisee_id)
        self.hq = caller(Role.HQ_OPERATIONS)
        self.seller = caller(Role.ASSOCIATE, self.store_id)
        self.manager = caller(Role.STORE_MANAGER, self.store_id)

    def open_store(self, **fields: Any) -> UUID:
        store_id = new_id()
        row = {
            "id": store_id,
            "version": 1,
            "code": f"S-{store_id}",
            "name": "Nanjing Road",
            "brand_id": new_id(),
            "region_id": new_id(),
            "franchisee_id": None,
            "legal_entity": "Chain Ltd",
            "time_zone": "Asia/Shanghai",
            "currency": "CNY",
            "active": True,
        }
        self.session.execute(insert(Store).values(row | fields))
        return store_id

    def publish(self, *bodies: Rule, valid_from: datetime = LONG_AGO) -> None:
        for body in bodies:
            command = PublishRule(id=new_id(), valid_from=valid_from, body=body)
            rules.publish(self.session, self.hq, command)

    def register(self) -> UUID:
        member_id = new_id()
        opening = accounts.Opening(member_id, self.store_id)
        accounts.open_accounts(self.session, [opening])
        return member_id

    def place(self, *orders: OrderPlaced, now: datetime = NOW) -> None:
        earning.book_placed(self.session, list(orders), now)

    def void(self, *orders: OrderPlaced, now: datetime = NOW) -> None:
        earning.book_voided(self.session, [voided(order) for order in orders], now)

    def order(self, member_id: UUID | None, total_minor: int, **fields: Any) -> OrderPlaced:
        values: dict[str, Any] = {
            "order_id": new_id(),
            "store_id": self.store_id,
            "franchisee_id": None,
            "member_id": member_id,
            "staff_id": new_id(),
            "channel": "store",
            "business_date": TODAY,
            "placed_at": NOW,
            "currency": "CNY",
            "total_minor": total_minor,
            "points_minor": 0,
            "wallet_minor": 0,
            "points": 0,
            "tier": None,
            "lines": [],
            "promotions": [],
            "receipt_number": "S1-0001",
            "fact": False,
        }
        return OrderPlaced(**(values | fields))

    def hold(self, member_id: UUID, **fields: Any) -> Hold:
        values: dict[str, Any] = {
            "order_id": new_id(),
            "store_id": self.store_id,
            "member_id": member_id,
            "currency": "CNY",
            "total_minor": 1_000_000,
        }
        return Hold(**(values | fields))

    def top_up(self, member_id: UUID, paid_minor: int, **fields: Any) -> TopUp:
        values: dict[str, Any] = {
            "id": new_id(),
            "store_id": self.store_id,
            "member_id": member_id,
            "currency": "CNY",
            "paid_minor": paid_minor,
            "tender": "cash",
        }
        return TopUp(**(values | fields))

    def fill(self, member_id: UUID, points: int = 0, wallet_minor: int = 0) -> None:
        """Give a member so many points, by an order, and so much principal."""
        if points:
            self.place(self.order(member_id, points * EARN.minor_per_point))
        if wallet_minor:
            wallet.top_up(self.session, self.seller, self.top_up(member_id, wallet_minor))

    def account(self, member_id: UUID, now: datetime = NOW) -> Account:
        return accounts.account_of(self.session, member_id, now)

    def events(self, kind: type[Event]) -> list[Any]:
        """What the outbox holds of a kind, in order."""
        rows = self.session.scalars(
            text("SELECT envelope FROM outbox WHERE type = :type ORDER BY id"), {"type": kind.type}
        )
        envelope: Any = Envelope
        return [msgspec.json.decode(row, type=envelope[kind]) for row in rows]

    def everything(self) -> dict[str, Any]:
        """The rows of all tables, to show that nothing has changed."""
        return everything(self.session)

    def differences(self) -> dict[str, Any]:
        return differences(self.session)


def caller(role: Role, store_id: UUID | None = None) -> Caller:
    return Caller(
        kind="staff",
        id=new_id(),
        roles=frozenset({role}),
        scope_kind=ScopeKind.STORE if store_id else ScopeKind.CHAIN,
        scope_id=store_id,
    )


def voided(order: OrderPlaced) -> OrderVoided:
    return OrderVoided(
        order_id=order.order_id,
        store_id=order.store_id,
        member_id=order.member_id,
        business_date=order.business_date,
        total_minor=order.total_minor,
        reason="rung up twice",
    )


def envelope_of(data: Event, subject: UUID | None = None) -> Envelope[Any]:
    return Envelope(
        id=new_id(),
        source="chainstitch/test",
        type=data.type,
        subject=str(subject or new_id()),
        sequence=1,
        time=NOW,
        data=data,
    )


def everything(session: Session) -> dict[str, Any]:
    tables = [
        "rules",
        "members",
        "accounts",
        "member_accounts",
        "balances",
        "transactions",
        "entries",
        "holds",
        "orders_booked",
        "documents",
        "proposals",
        "freezes",
        "tier_settings",
        "expiry_notices",
        "clearing_agreements",
        "clearing_items",
        "clearing_payments",
        "mall_items",
        "mall_item_versions",
        "mall_stock",
        "mall_movements",
        "redemptions",
        "outbox",
        "inbox",
    ]
    return {
        table: sorted(map(repr, session.execute(text(f"SELECT * FROM {table}"))))
        for table in tables
    }


def differences(session: Session) -> dict[str, Any]:
    """What the audit finds, by check; nothing when all is well."""
    found = {name: session.execute(text(query)).all() for name, query in audit.CHECKS.items()}
    return {name: rows for name, rows in found.items() if rows}


def in_the_end(gather: Callable[[], int]) -> int:
    """What is gathered once all transactions have ended that are on their way on this server:
    those of tests beside this one too."""
    for _ in range(600):
        if gathered := gather():
            return gathered
        time.sleep(0.1)
    return 0


def gather_clearing(session: Session) -> None:
    """As the timer does, in a transaction that is alone."""
    session.execute(
        text(
            "UPDATE clearing_mark SET seen_xid = 0,"
            " seen_id = coalesce(pg_sequence_last_value('entries_id_seq'), 0)"
        )
    )
    while clearing.gather(session, batch=100):
        pass


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent within the block."""
    sent: list[str] = []

    def on_execute(_c: Any, _cursor: Any, statement: str, _p: Any, _ctx: Any, _m: Any) -> None:
        sent.append(statement)

    event.listen(engine, "after_cursor_execute", on_execute)
    yield sent
    event.remove(engine, "after_cursor_execute", on_execute)


@pytest.fixture
def session(service_session: Callable[[str], Session]) -> Iterator[Session]:
    made = service_session("loyalty")
    made.info["source"] = "loyalty"
    forget_stores()
    yield made
    forget_stores()


@pytest.fixture
def bare_shop(session: Session) -> Shop:
    """A shop without any rule."""
    return Shop(session)


@pytest.fixture
def shop(bare_shop: Shop) -> Shop:
    """A shop that gives and takes points, and has a ladder."""
    bare_shop.publish(EARN, SPEND, LADDER)
    return bare_shop


@pytest.fixture
def member_id(shop: Shop) -> UUID:
    return shop.register()


@pytest.fixture
def database(own_database: Callable[..., Database]) -> Iterator[Database]:
    """A database of the test's own, in which work is committed."""
    forget_stores()
    yield own_database("loyalty", connections=64)
    forget_stores()
