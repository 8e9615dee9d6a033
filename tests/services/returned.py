"""The event by which the services hear of goods that came back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.order import OrderLine
from shared.contracts.order.returns import CameBack, OrderReturned
from shared.ids import new_id

AT = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)


def came_back(
    order_id: UUID, store_id: UUID, pieces: dict[UUID, tuple[int, int]], **fields: Any
) -> OrderReturned:
    """Pieces by SKU: how many, and how many of them damaged. Nothing of the order is kept, unless
    `fields` say so."""
    values: dict[str, Any] = {
        "return_id": new_id(),
        "number": 1,
        "order_id": order_id,
        "store_id": store_id,
        "franchisee_id": None,
        "sold_store_id": store_id,
        "sold_franchisee_id": None,
        "sold_on": AT.date(),
        "sold_at": AT,
        "member_id": None,
        "staff_id": new_id(),
        "business_date": AT.date(),
        "returned_at": AT,
        "currency": "CNY",
        "lines": [
            CameBack(
                line=number, sku_id=sku_id, style_id=sku_id, category="dress", quantity=quantity,
                damaged=damaged, net_minor=100,
            )
            for number, (sku_id, (quantity, damaged)) in enumerate(pieces.items(), 1)
        ],
        "refund_minor": 100,
        "points_minor": 0,
        "wallet_minor": 0,
        "points": 0,
        "kept_lines": [],
        "kept_minor": 0,
        "kept_points_minor": 0,
        "kept_wallet_minor": 0,
        "promotions": [],
        "reason": "too small",
    }  # fmt: skip
    return OrderReturned(**(values | fields))


def kept(sku_id: UUID, quantity: int, category: str = "dress") -> OrderLine:
    return OrderLine(
        sku_id=sku_id, style_id=sku_id, category=category, quantity=quantity, net_minor=100
    )
