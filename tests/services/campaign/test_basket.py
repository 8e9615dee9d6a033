"""Pricing a basket from the copies: prices, members, stated lines, bad input, and what it costs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.campaign import members
from shared.contracts.campaign import BasketLine, Eligibility, Percentage, PriceAndHold
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from tests.services.campaign.shop import LONG_AGO, Shop, basket_of, now


def test_the_price_of_a_basket(shop: Shop) -> None:
    shirt, shoes = shop.piece(29900), shop.piece(10001, category="shoes", tax=600)
    shop.publish()

    answer = shop.price((shirt, 2), shoes)

    assert [line.net_minor for line in answer.lines] == [53820, 9001]
    assert answer.list_minor == 69801
    assert answer.total_minor == 62821
    assert answer.tax_minor == 6192 + 509
    assert answer.currency == "CNY"
    assert [p.discount_minor for p in answer.promotions] == [6980]


def test_a_tier_discount_is_a_promotion(shop: Shop) -> None:
    shirt = shop.piece(100000)
    gold, plain = shop.member("gold"), shop.member()
    shop.publish(eligibility=Eligibility(tiers=frozenset({"gold"})))
    shop.publish(
        rule=Percentage(off_basis_points=1200),
        eligibility=Eligibility(tiers=frozenset({"diamond"})),
    )

    assert shop.price(shirt, member_id=gold).total_minor == 90000
    assert shop.price(shirt, member_id=gold).tier == "gold"
    assert shop.price(shirt, member_id=plain).total_minor == 100000
    assert shop.price(shirt).total_minor == 100000


def test_the_narrowest_and_newest_price_counts(shop: Shop) -> None:
    shirt = shop.piece(10000)
    style, other = shop.style_of[shirt], shop.store(new_id())
    day = timedelta(days=1)

    shop.set_price(style, 9000, "franchisee", shop.franchisee_id)
    assert shop.price(shirt).total_minor == 9000
    assert shop.price(shirt, store_id=other).total_minor == 10000

    shop.set_price(style, 8000, "store", shop.store_id)
    shop.set_price(style, 7500, "store", shop.store_id, sequence=2)
    shop.set_price(style, 7000, "store", shop.store_id, valid_from=now() + day)
    shop.set_price(style, 1, "store", shop.store_id, currency="EUR")
    assert shop.price(shirt).total_minor == 7500
    assert shop.price(shirt, at=now() + 2 * day).total_minor == 7000


def test_a_piece_without_a_price_here_is_refused(shop: Shop) -> None:
    with pytest.raises(Refusal, match="NO_PRICE") as caught:
        shop.price(shop.piece(None, name="大衣"))

    assert caught.value.parameters["name"] == "大衣"


@pytest.mark.parametrize(
    ("price", "stated", "unit", "listed", "discount"),
    [
        (10000, 15000, 10000, 20000, 5000),
        (10000, 25000, 10000, 25000, 0),
        (None, 15001, 7501, 15001, 0),
        (10000, 0, 10000, 20000, 20000),
    ],
)
def test_a_stated_price_is_a_fact(
    shop: Shop, price: int | None, stated: int, unit: int, listed: int, discount: int
) -> None:
    shop.publish()
    line = BasketLine(line=1, sku_id=shop.piece(price), quantity=2, stated_minor=stated)

    answer = shop.price(line)

    assert answer.lines[0].unit_list_minor == unit
    assert answer.lines[0].list_minor == listed
    assert answer.lines[0].discount_minor == discount
    assert answer.total_minor == answer.lines[0].net_minor == stated
    assert answer.promotions == []


def test_prices_are_stated_for_all_lines_or_for_none(shop: Shop) -> None:
    shirt = shop.piece(10000)
    stated = BasketLine(line=2, sku_id=shirt, quantity=1, stated_minor=1)

    with pytest.raises(InvalidInput):
        shop.price(*basket_of(shirt), stated)


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 10**9])
def test_a_quantity_has_limits(shop: Shop, quantity: int) -> None:
    shirt = shop.piece(10000)
    before = shop.snapshot()

    with pytest.raises(Refusal, match="INVALID_QUANTITY"):
        shop.price((shirt, quantity), order_id=new_id())

    assert shop.snapshot() == before


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"currency": "EUR"}, "CURRENCY_MISMATCH"),
        ({"store_id": new_id()}, "UNKNOWN_STORE"),
        ({"lines": basket_of(new_id())}, "UNKNOWN_SKU"),
        ({"coupon_codes": ["NOSUCH"]}, "UNKNOWN_COUPON"),
        ({"at": datetime(2026, 1, 1)}, "INVALID_INPUT"),  # noqa: DTZ001
    ],
)
def test_a_basket_that_cannot_be_priced_changes_nothing(
    shop: Shop, fields: dict[str, Any], code: str
) -> None:
    shirt = shop.piece(10000)
    before = shop.snapshot()

    with pytest.raises(Refusal, match=code):
        shop.price(**{"lines": basket_of(shirt), "order_id": new_id()} | fields)

    assert shop.snapshot() == before


@pytest.mark.parametrize("count", [0, 501])
def test_a_basket_has_between_1_and_500_lines(count: int) -> None:
    raw = {
        "store_id": str(new_id()),
        "currency": "CNY",
        "at": "2026-01-01T00:00:00Z",
        "lines": [{"line": n, "sku_id": str(new_id()), "quantity": 1} for n in range(count)],
    }

    with pytest.raises(msgspec.ValidationError, match="length"):
        msgspec.convert(raw, PriceAndHold)


def test_a_line_number_cannot_be_there_twice(shop: Shop) -> None:
    line = BasketLine(line=1, sku_id=shop.piece(10000), quantity=1)

    with pytest.raises(InvalidInput):
        shop.price(line, line)


def test_a_store_outside_the_callers_scope_is_refused(shop: Shop) -> None:
    seller = Caller(
        kind="staff",
        id=new_id(),
        roles=frozenset({Role.ASSOCIATE}),
        scope_kind=ScopeKind.STORE,
        scope_id=new_id(),
    )

    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        shop.price(shop.piece(10000), caller=seller)


def test_an_unknown_member_is_waited_for_and_then_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shirt, slept = shop.piece(10000), []
    monkeypatch.setattr(members.time, "sleep", slept.append)

    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        shop.price(shirt, member_id=new_id())

    assert sum(slept) == pytest.approx(1.0)


def test_a_member_who_is_still_on_the_way_is_waited_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shirt, member_id = shop.piece(10000), new_id()

    def arrive(_seconds: float) -> None:
        with shop.database.engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO members (id) VALUES ('{member_id}')")

    monkeypatch.setattr(members.time, "sleep", arrive)

    assert shop.price(shirt, member_id=member_id).total_minor == 10000


def test_the_instant_of_the_sale_decides_which_promotion_is_in_force(shop: Shop) -> None:
    shirt = shop.piece(10000)
    first = shop.publish(valid_from=LONG_AGO, at=datetime(2026, 1, 1, tzinfo=UTC))
    promotion = msgspec.structs.replace(
        first.promotion,
        rule=Percentage(off_basis_points=2000),
        valid_until=datetime(2026, 4, 1, tzinfo=UTC),
    )
    shop.publish(version=1, promotion=promotion, at=datetime(2026, 3, 1, tzinfo=UTC))

    def total(*day: int) -> int:
        return shop.price(shirt, at=datetime(*day, tzinfo=UTC)).total_minor

    assert total(2020, 1, 1) == 9000
    assert total(2026, 2, 1) == 9000  # version 2 reaches back to no sale before it
    assert total(2026, 3, 1) == 8000
    assert total(2026, 4, 1) == 10000  # over; version 1 does not come back


def test_a_quote_writes_nothing_and_equals_the_price_at_the_hold(shop: Shop) -> None:
    shirt, member_id = shop.piece(9999), shop.member("gold", ["vip"])
    offer = shop.publish(needs_coupon=True, rule=Percentage(off_basis_points=3333))
    shop.publish(cap_total=5)
    code = shop.coupon(offer.promotion.id)
    basket: dict[str, Any] = {"member_id": member_id, "coupon_codes": [code], "at": now()}
    before = shop.snapshot()

    quote = shop.price((shirt, 3), **basket)

    assert shop.snapshot() == before
    assert shop.price((shirt, 3), order_id=new_id(), **basket) == quote


def test_a_sale_costs_one_statement_and_writes_nothing(shop: Shop) -> None:
    pieces = [shop.piece(10000) for _ in range(3)]
    member_id = shop.member("gold")
    shop.publish()
    shop.price(pieces[0])  # the store is known from here on
    order_id = new_id()
    before = shop.snapshot()

    shop.statements.clear()
    answer = shop.price(*pieces, member_id=member_id, order_id=order_id)
    assert len(shop.statements) == 1  # promotions are in memory
    assert answer.total_minor == 27000
    assert shop.snapshot() == before

    shop.statements.clear()
    shop.tell(*[shop.placed(new_id(), answer, member_id) for _ in range(50)])
    assert len(shop.statements) == 2  # the inbox's claim, and one for the whole batch


def test_the_cost_does_not_grow_with_the_lines(shop: Shop) -> None:
    pieces = [shop.piece(10000 + n) for n in range(20)]
    member_id = shop.member()
    limited = shop.publish(cap_total=100)
    code = shop.coupon(shop.publish(needs_coupon=True).promotion.id, cap_total=10)
    counts = []
    for size in (1, 200):
        lines = [pieces[n % 20] for n in range(size)]
        shop.price(lines[0])
        shop.statements.clear()
        shop.price(*lines, member_id=member_id, order_id=new_id(), coupon_codes=[code])
        counts.append(len(shop.statements))

    assert counts == [2, 2]
    assert shop.promotion_usage(limited.promotion.id) == (2, 0)
