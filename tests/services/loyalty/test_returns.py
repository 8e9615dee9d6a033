"""Returns take back what was earned and give back what was spent, as much as came back (K24)."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.loyalty import holds, returns, wallet
from shared.contracts.loyalty import EarnRule, TierChanged, TopUpRule, TopUpStep, WalletRule
from shared.contracts.loyalty.returns import ReturnBooked
from shared.contracts.order import OrderPlaced
from shared.contracts.order.returns import OrderReturned
from tests.services.loyalty.conftest import NOW, TODAY, Shop
from tests.services.returned import came_back


def back_of(order: OrderPlaced, refund_minor: int, kept_minor: int, **fields: Any) -> OrderReturned:
    """So much of an order came back, and so much of it is kept."""
    values: dict[str, Any] = {
        "sold_on": TODAY,
        "sold_at": NOW,
        "member_id": order.member_id,
        "refund_minor": refund_minor,
        "kept_minor": kept_minor,
    }
    return came_back(order.order_id, order.store_id, {}, **(values | fields))


def paid_with(shop: Shop, member_id: UUID, points: int, wallet_minor: int) -> OrderPlaced:
    """An order of 200.00, so much of it paid with points (one is worth a fen) and wallet money."""
    hold = shop.hold(
        member_id, points=points, points_minor=points, wallet_minor=wallet_minor,
        total_minor=20_000,
    )  # fmt: skip
    holds.hold(shop.session, shop.seller, hold)
    order = shop.order(
        member_id, 20_000, order_id=hold.order_id, points=points, points_minor=points,
        wallet_minor=wallet_minor,
    )  # fmt: skip
    shop.place(order)
    return order


def test_k24_what_comes_back_has_earned_nothing(shop: Shop, member_id: UUID) -> None:
    order = shop.order(member_id, 10_050, tier="gold")
    shop.place(order)
    assert shop.account(member_id).points == 150

    first = back_of(order, 3_350, 6_700)
    for _ in range(2):
        returns.book_returned(shop.session, [first], NOW)
    assert shop.account(member_id).points == 100
    returns.book_returned(shop.session, [back_of(order, 6_700, 0, number=2)], NOW)

    account = shop.account(member_id)
    assert (account.points, account.progress) == (0, 0)
    told = shop.events(ReturnBooked)
    assert [(e.data.points_taken, e.data.points_after) for e in told] == [(50, 100), (100, 0)]
    assert shop.differences() == {}


def test_k24_points_that_were_spent_already_leave_the_balance_below_zero(
    shop: Shop, member_id: UUID
) -> None:
    earned = shop.order(member_id, 10_000)
    shop.place(earned)
    paid_with(shop, member_id, 100, 0)

    returns.book_returned(shop.session, [back_of(earned, 10_000, 0)], NOW)

    assert shop.account(member_id).points == 199 - 100
    taken = "SELECT amount FROM entries WHERE reason = 'earned_back' AND balance_after IS NOT NULL"
    returned = shop.session.scalars(text(taken)).all()
    assert returned == [-100]
    assert shop.differences() == {}


def test_k25_points_and_wallet_come_back_as_they_were_spent(shop: Shop, member_id: UUID) -> None:
    shop.publish(TopUpRule(steps=[TopUpStep(paid_minor=9_000, bonus_minor=1_000)]))
    shop.publish(WalletRule(spend_order="pro_rata"))
    wallet.top_up(shop.session, shop.seller, shop.top_up(member_id, 9_000))
    shop.fill(member_id, points=100)
    before = shop.account(member_id)
    order = paid_with(shop, member_id, 100, 10_000)

    third = back_of(
        order, 6_667, 13_333, points=33, points_minor=33, wallet_minor=3_333,
        kept_points_minor=67, kept_wallet_minor=6_667,
    )  # fmt: skip
    rest = back_of(order, 13_333, 0, number=2, points=67, points_minor=67, wallet_minor=6_667)
    returns.book_returned(shop.session, [third], NOW)
    midway = shop.account(member_id)
    returns.book_returned(shop.session, [rest], NOW)

    # 199.00 have earned 199 points; 132.66 of them are kept.
    assert midway.points == 33 + 132
    assert (midway.wallet_principal_minor, midway.wallet_bonus_minor) == (3_000, 333)
    after = shop.account(member_id)
    assert (after.points, after.wallet_principal_minor, after.wallet_bonus_minor) == (
        before.points,
        9_000,
        1_000,
    )
    assert shop.differences() == {}


def test_two_returns_of_an_order_in_one_batch(shop: Shop, member_id: UUID) -> None:
    order = shop.order(member_id, 10_000)
    shop.place(order)

    returns.book_returned(
        shop.session, [back_of(order, 4_000, 6_000), back_of(order, 6_000, 0, number=2)], NOW
    )

    assert shop.account(member_id).points == 0
    assert len(shop.events(ReturnBooked)) == 2
    assert shop.differences() == {}


def test_the_rule_the_sale_was_booked_by_decides(shop: Shop, member_id: UUID) -> None:
    order = shop.order(member_id, 10_000)
    shop.place(order)
    shop.publish(EarnRule(minor_per_point=1))

    returns.book_returned(shop.session, [back_of(order, 5_000, 5_000)], NOW)

    assert shop.account(member_id).points == 50
    assert shop.differences() == {}


def test_a_tier_that_rested_on_what_came_back_is_lost(shop: Shop, member_id: UUID) -> None:
    order = shop.order(member_id, 100_000)
    shop.place(order)

    returns.book_returned(shop.session, [back_of(order, 1, 99_999)], NOW)

    assert [event.data.tier for event in shop.events(TierChanged)][-2:] == ["gold", "silver"]
    assert shop.account(member_id).progress == 99_999


def test_goods_of_nobody_come_back(shop: Shop) -> None:
    order = shop.order(None, 10_000)
    shop.place(order)

    returns.book_returned(shop.session, [back_of(order, 10_000, 0)], NOW)

    assert shop.session.scalar(text("SELECT sum(spend_minor) FROM orders_booked")) == 0
    assert shop.events(ReturnBooked) == []
    assert shop.differences() == {}


def test_goods_of_an_order_that_is_not_here_are_looked_at(shop: Shop, member_id: UUID) -> None:
    before = shop.everything()
    order = shop.order(member_id, 10_000)

    with pytest.raises(returns.NotBooked):
        returns.book_returned(shop.session, [back_of(order, 10_000, 0)], NOW)

    assert shop.everything() == before
