"""Points on a birthday (L5): by the privilege an order was priced with."""

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from services.loyalty.models import Store
from services.order import ledger
from shared.contracts.campaign import OpenPrivilege, Priced
from shared.contracts.loyalty import EarnRule
from shared.contracts.order import GetQuote, Tender
from shared.stores import require_store
from tests.services.loyalty.conftest import NOW, Shop

BIRTHDAY = OpenPrivilege(code="birthday", rule_version=3)
RULE: dict[str, Any] = {
    "minor_per_point": 100,
    "multipliers_basis_points": {"gold": 15_000, "black": 30_000},
}


@pytest.mark.parametrize(
    ("tier", "combine", "points"),
    [
        (None, "higher", 200),
        ("gold", "higher", 200),
        ("black", "higher", 300),
        (None, "multiply", 200),
        ("gold", "multiply", 300),
        ("black", "multiply", 600),
    ],
)
def test_l5_double_points_beside_the_tier_s_multiplier(
    tier: str | None, combine: Any, points: int
) -> None:
    rule = EarnRule(
        **RULE, privileges_basis_points={"birthday": 20_000}, privileges_combine=combine
    )

    assert rule.points_for(10_000, tier, ["birthday"]) == points
    assert rule.points_for(10_000, tier, ["other"]) == rule.points_for(10_000, tier)


def test_of_several_privileges_the_best_counts() -> None:
    rule = EarnRule(minor_per_point=100, privileges_basis_points={"day": 30_000, "month": 20_000})

    assert rule.points_for(10_000, None, ["month", "day"]) == 300
    assert rule.privilege_for(None, ["month", "day"]) == "day"


def test_l5_points_are_booked_as_the_receipt_said_with_the_reason(
    shop: Shop, member_id: UUID
) -> None:
    rule = EarnRule(**RULE, privileges_basis_points={"birthday": 20_000})
    shop.publish(rule, valid_from=NOW)
    order = replace(shop.order(member_id, 10_000), privileges=[BIRTHDAY])
    priced = Priced(
        currency="CNY", lines=[], list_minor=10_000, discount_minor=0, total_minor=10_000,
        tax_minor=0, tier=order.tier, privileges=order.privileges,
    )  # fmt: skip
    cash = [Tender(kind="cash", amount_minor=10_000)]
    quote = GetQuote(store_id=order.store_id, member_id=member_id, lines=[])
    store = require_store(shop.session, Store, shop.seller, order.store_id)
    told = ledger.points_expected(rule, quote, store, NOW, cash, priced)

    shop.place(order)

    assert shop.account(member_id).points == told.points == 200
    why = shop.session.execute(
        text("SELECT detail, amount FROM entries WHERE amount > 0 AND reason = 'earned'")
    ).one()
    assert tuple(why) == ("birthday v3 x2", 200)
    assert shop.differences() == {}
