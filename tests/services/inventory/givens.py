"""What tests of inventory begin with: callers, stores, styles, stock, events."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from services.inventory import audit, barcodes, movements, reservations, settlements, styles
from services.inventory.models import Store
from shared.contracts import Envelope, Event
from shared.contracts.inventory import (
    MovementLine,
    MoveStock,
    Reserve,
    ReserveLine,
    SaveStyles,
    SkuInput,
    StyleInput,
)
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind

BRAND, REGION = new_id(), new_id()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def caller(
    role: Role = Role.HQ_OPERATIONS,
    kind: ScopeKind = ScopeKind.CHAIN,
    scope_id: UUID | None = None,
) -> Caller:
    return Caller(
        kind="staff", id=new_id(), roles=frozenset({role}), scope_kind=kind, scope_id=scope_id
    )


HQ = caller()


def at(store_id: UUID, role: Role = Role.ASSOCIATE) -> Caller:
    """Somebody who works in one store."""
    return caller(role, ScopeKind.STORE, store_id)


def a_store(session: Session, **columns: Any) -> UUID:
    store_id = new_id()
    made = {
        "version": 1,
        "code": f"S{store_id.hex[-6:]}",
        "name": "静安店",
        "brand_id": BRAND,
        "region_id": REGION,
        "franchisee_id": None,
        "legal_entity": "Chainstitch Retail Ltd",
        "time_zone": "Asia/Shanghai",
        "currency": "CNY",
        "active": True,
        **columns,
    }
    session.add(Store(id=store_id, **made))
    session.flush()
    return store_id


def an_ean(number: int) -> str:
    digits = f"690{number:09}"
    return digits + barcodes.check_digit(digits)


def a_sku(**fields: Any) -> SkuInput:
    id_ = new_id()
    return SkuInput(
        **{"id": id_, "code": f"K{id_.hex[-9:]}", "colour": "红", "size": "M", **fields}
    )


def a_style(*skus: SkuInput, **fields: Any) -> StyleInput:
    id_ = new_id()
    made = {
        "id": id_,
        "code": f"T{id_.hex[-9:]}",
        "name": "连衣裙",
        "category": "裙装",
        "list_price_minor": 29_900,
        "skus": list(skus) or [a_sku()],
        **fields,
    }
    return StyleInput(**made)


def saved(session: Session, *items: StyleInput, now: datetime = NOW) -> None:
    styles.save_styles(session, HQ, SaveStyles(items=list(items)), now)


def some_skus(session: Session, count: int) -> list[UUID]:
    """The ids of so many SKUs of one style, in ascending order."""
    style = a_style(*(a_sku(size=str(number)) for number in range(count)))
    saved(session, style)
    return sorted(sku.id for sku in style.skus)


def stocked(session: Session, store_id: UUID, pieces: dict[UUID, int]) -> None:
    lines = [MovementLine(sku_id=sku_id, quantity=count) for sku_id, count in pieces.items()]
    command = MoveStock(id=new_id(), store_id=store_id, reason="receiving", lines=lines)
    movements.move_stock(session, HQ, command)


def an_order(
    store_id: UUID, *pieces: tuple[UUID, int], order_id: UUID | None = None, fact: bool = False
) -> Reserve:
    lines = [ReserveLine(sku_id=sku_id, quantity=count) for sku_id, count in pieces]
    return Reserve(order_id=order_id or new_id(), store_id=store_id, fact=fact, lines=lines)


def reserved(session: Session, order: Reserve) -> Reserve:
    reservations.reserve(session, HQ, order)
    return order


def in_envelope(data: Event, subject: UUID) -> Envelope[Any]:
    return Envelope(
        id=new_id(),
        source="chainstitch/order",
        type=data.type,
        subject=str(subject),
        sequence=1,
        time=NOW,
        data=data,
    )


def placed(order: Reserve) -> Envelope[OrderPlaced]:
    event_ = OrderPlaced(
        order_id=order.order_id,
        store_id=order.store_id,
        franchisee_id=None,
        member_id=None,
        staff_id=HQ.id,
        channel="store",
        business_date=date(2026, 3, 1),
        placed_at=NOW,
        currency="CNY",
        total_minor=0,
        points_minor=0,
        wallet_minor=0,
        points=0,
        tier=None,
        lines=[],
        promotions=[],
        receipt_number="S1-D1-1",
        fact=order.fact,
    )
    return in_envelope(event_, order.order_id)


def cancelled(order: Reserve) -> Envelope[OrderCancelled]:
    event_ = OrderCancelled(order_id=order.order_id, store_id=order.store_id, reason="expired")
    return in_envelope(event_, order.order_id)


def voided(order: Reserve) -> Envelope[OrderVoided]:
    event_ = OrderVoided(
        order_id=order.order_id,
        store_id=order.store_id,
        member_id=None,
        business_date=date(2026, 3, 1),
        total_minor=0,
        reason="mistake",
    )
    return in_envelope(event_, order.order_id)


def settle(session: Session, *orders: Reserve) -> None:
    settlements.on_order_placed(session, [placed(order) for order in orders])


def release(session: Session, *orders: Reserve) -> None:
    settlements.on_order_cancelled(session, [cancelled(order) for order in orders])


def void(session: Session, *orders: Reserve) -> None:
    settlements.on_order_voided(session, [voided(order) for order in orders])


def level_of(session: Session, store_id: UUID, sku_id: UUID) -> tuple[int, int]:
    """On hand and reserved, read past the code under test."""
    row = session.execute(
        text("SELECT on_hand, reserved FROM stock WHERE store_id = :store AND sku_id = :sku"),
        {"store": store_id, "sku": sku_id},
    ).one_or_none()
    return (row.on_hand, row.reserved) if row else (0, 0)


def told(session: Session, type_: str) -> list[dict[str, Any]]:
    """The data of the events of one type in the outbox, oldest first."""
    return list(
        session.scalars(
            text(
                "SELECT CAST(envelope AS jsonb) -> 'data' FROM outbox"
                " WHERE type = :type ORDER BY id"
            ),
            {"type": f"inventory.{type_}"},
        )
    )


TABLES = ("styles", "skus", "prices", "stock", "movements", "stock_documents", "reservations",
          "outbox")  # fmt: skip


def everything(session: Session) -> dict[str, list[Any]]:
    """All that inventory knows, to see that nothing changed."""
    return {
        table: list(session.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")))
        for table in TABLES
    }


@contextmanager
def refused(session: Session, code: str, /, **parameters: Any) -> Iterator[None]:
    """The block is refused with a code and (some) parameters, and leaves nothing behind."""
    before = everything(session)
    with pytest.raises(Refusal) as caught, session.begin_nested():
        yield
    assert caught.value.code == code
    for name, value in parameters.items():
        assert caught.value.parameters[name] == value
    assert everything(session) == before


def differences(session: Session) -> dict[str, list[Any]]:
    """What the service's audit finds."""
    found = {name: session.execute(text(sql)).all() for name, sql in audit.CHECKS.items()}
    return {name: rows for name, rows in found.items() if rows}


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The SQL statements that an engine sends, but for BEGIN and COMMIT."""
    seen: list[str] = []

    def on_execute(_c: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        seen.append(sql)

    event.listen(engine, "after_cursor_execute", on_execute)
    try:
        yield seen
    finally:
        event.remove(engine, "after_cursor_execute", on_execute)
