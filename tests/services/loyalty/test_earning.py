"""Orders become points, progress and settled holds."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from services.loyalty import earning, holds, points, wallet
from shared.contracts.loyalty import (
    AdjustPoints,
    EarnRule,
    OrderBooked,
    SpendRule,
    TierChanged,
    TopUpRule,
    TopUpStep,
)
from shared.contracts.order import OrderCancelled
from shared.database import Database
from shared.errors import Refusal
from shared.ids import new_id
from shared.inbox import apply
from tests.services.loyalty.conftest import (
    EARN,
    NOW,
    Shop,
    envelope_of,
    everything,
)


def test_a_purchase_earns_points_at_the_tier_it_was_priced_with(
    shop: Shop, member_id: UUID
) -> None:
    order = shop.order(member_id, 10_050, tier="gold")

    shop.place(order)

    account = shop.account(member_id)
    assert (account.points, account.progress, account.tier) == (150, 10_050, "silver")
    [told] = shop.events(OrderBooked)
    assert told.data == OrderBooked(
        order_id=order.order_id,
        store_id=shop.store_id,
        member_id=member_id,
        points_earned=150,
        points_spent=0,
        wallet_spent_minor=0,
        points_after=150,
        wallet_after_minor=0,
    )
    assert (told.subject, told.sequence) == (str(order.order_id), 1)
    assert shop.differences() == {}


def test_990_of_1000_is_worth_a_word_and_10_more_are_gold(shop: Shop, member_id: UUID) -> None:
    shop.place(shop.order(member_id, 99_000))
    near = shop.account(member_id)
    shop.place(shop.order(member_id, 1_000))

    assert (near.tier, near.next_tier, near.missing, near.nudge) == ("silver", "gold", 1_000, True)
    assert near.next_tier_name_zh == "金卡"
    account = shop.account(member_id)
    assert (account.tier, account.tier_name_en, account.nudge) == ("gold", "Gold", False)
    assert [event.data.tier for event in shop.events(TierChanged)] == ["silver", "gold"]
    assert [event.sequence for event in shop.events(TierChanged)] == [1, 2]


def test_several_orders_of_one_member_and_orders_without_one_in_a_batch(shop: Shop) -> None:
    first, second = shop.register(), shop.register()
    orders = [
        shop.order(first, 60_000),
        shop.order(None, 5_000),
        shop.order(second, 1_000),
        shop.order(first, 60_000, tier="gold"),
    ]

    shop.place(*orders)

    assert (shop.account(first).points, shop.account(first).tier) == (600 + 900, "gold")
    assert shop.account(second).points == 10
    assert [event.data.points_after for event in shop.events(OrderBooked)] == [600, 10, 1500]
    booked = set(shop.session.scalars(text("SELECT order_id FROM orders_booked")))
    assert booked == {order.order_id for order in orders}
    assert shop.differences() == {}


def test_without_an_earn_rule_the_order_is_recorded_all_the_same(bare_shop: Shop) -> None:
    member_id = bare_shop.register()

    bare_shop.place(bare_shop.order(member_id, 10_000))

    account = bare_shop.account(member_id)
    assert (account.points, account.tier, account.basis, account.missing) == (0, None, None, None)
    assert [event.data.points_earned for event in bare_shop.events(OrderBooked)] == [0]
    assert bare_shop.session.scalar(text("SELECT sum(spend_minor) FROM orders_booked")) == 10_000
    assert bare_shop.session.scalar(text("SELECT count(*) FROM entries")) == 0


def test_the_rule_in_force_when_the_order_was_placed_counts(shop: Shop, member_id: UUID) -> None:
    shop.publish(EarnRule(minor_per_point=50), valid_from=NOW)
    earlier = shop.order(member_id, 1_000, placed_at=NOW - timedelta(seconds=1))

    shop.place(earlier, shop.order(member_id, 1_000, placed_at=NOW))

    earned = [event.data.points_earned for event in shop.events(OrderBooked)]
    assert earned == [10, 20]
    versions = shop.session.scalars(
        text("SELECT rule_version FROM entries WHERE balance_after IS NOT NULL ORDER BY id")
    )
    assert list(versions) == [1, 2]


def test_points_pay_no_points_and_wallet_money_only_if_the_rule_says_so(
    shop: Shop, member_id: UUID
) -> None:
    shop.publish(SpendRule(minor_per_hundred_points=100))
    shop.fill(member_id, points=1_000, wallet_minor=50_000)
    shop.publish(EarnRule(minor_per_point=100, earn_on_wallet=False), valid_from=NOW)
    paid = {"points": 500, "points_minor": 500, "wallet_minor": 2_000}
    hold = shop.hold(member_id, total_minor=10_000, **paid)
    holds.hold(shop.session, shop.seller, hold)

    shop.place(shop.order(member_id, 10_000, order_id=hold.order_id, **paid))

    told = shop.events(OrderBooked)[-1].data
    assert (told.points_earned, told.points_spent, told.wallet_spent_minor) == (75, 500, 2_000)
    assert (told.points_after, told.wallet_after_minor) == (575, 48_000)
    assert shop.account(member_id).points_held == 0
    assert shop.differences() == {}


def test_entries_say_who_issued_and_who_accepted(shop: Shop, member_id: UUID) -> None:
    shop.publish(TopUpRule(steps=[TopUpStep(paid_minor=1_000, bonus_minor=100)]))
    shop.fill(member_id, points=100, wallet_minor=1_000)
    hold = shop.hold(member_id, points=40, points_minor=40, wallet_minor=1_050)
    holds.hold(shop.session, shop.seller, hold)

    shop.place(
        shop.order(
            member_id, 2_000, order_id=hold.order_id, points=40, points_minor=40,
            wallet_minor=1_050, store_id=shop.franchised_id, franchisee_id=shop.franchisee_id,
        )
    )  # fmt: skip

    rows = shop.session.execute(
        text(
            "SELECT a.kind, e.amount, e.issuing_store_id, e.accepting_store_id,"
            " e.accepting_franchisee_id, a.store_id FROM entries e"
            " JOIN accounts a ON a.id = e.account_id WHERE e.reason = 'spent' ORDER BY e.id"
        )
    )
    here, there = shop.store_id, shop.franchised_id
    assert [tuple(row) for row in rows] == [
        ("points", -40, here, there, shop.franchisee_id, None),
        ("points_redeemed", 40, here, there, shop.franchisee_id, there),
        ("principal", -1_000, here, there, shop.franchisee_id, None),
        ("sales_clearing", 1_000, here, there, shop.franchisee_id, there),
        ("bonus", -50, here, there, shop.franchisee_id, None),
        ("sales_clearing", 50, here, there, shop.franchisee_id, there),
    ]
    assert shop.differences() == {}


def test_an_order_in_another_currency_is_recorded_but_earns_nothing(
    shop: Shop, member_id: UUID
) -> None:
    shop.place(shop.order(member_id, 90_000_000, currency="JPY"))

    account = shop.account(member_id)
    assert (account.points, account.progress, account.tier) == (0, 0, "silver")
    assert len(shop.events(OrderBooked)) == 1


def test_an_order_that_comes_before_its_member_opens_the_accounts(shop: Shop) -> None:
    member_id = new_id()

    shop.place(shop.order(member_id, 10_000))

    assert (shop.account(member_id).points, shop.account(member_id).currency) == (100, "CNY")
    assert shop.differences() == {}


def test_a_void_takes_back_what_was_earned_and_returns_what_was_spent(
    shop: Shop, member_id: UUID
) -> None:
    shop.fill(member_id, points=900, wallet_minor=5_000)
    before = shop.account(member_id)
    hold = shop.hold(
        member_id, total_minor=20_000, points=300, points_minor=300, wallet_minor=5_000
    )
    holds.hold(shop.session, shop.seller, hold)
    order = shop.order(
        member_id, 20_000, order_id=hold.order_id, points=300, points_minor=300, wallet_minor=5_000
    )
    shop.place(order)
    assert shop.account(member_id).tier == "gold"

    shop.void(order)

    assert shop.account(member_id) == before
    told = shop.events(OrderBooked)[-1]
    assert told.sequence == 2
    assert told.data.voided
    assert (told.data.points_earned, told.data.points_spent) == (197, 300)
    assert (told.data.points_after, told.data.wallet_after_minor) == (900, 5_000)
    assert [event.data.tier for event in shop.events(TierChanged)] == ["silver", "gold", "silver"]
    assert shop.differences() == {}


def test_a_void_may_leave_less_than_nothing(shop: Shop, member_id: UUID) -> None:
    shop.publish(SpendRule(minor_per_hundred_points=100))
    order = shop.order(member_id, 10_000)
    shop.place(order)
    hold = shop.hold(member_id, points=100, points_minor=100)
    holds.hold(shop.session, shop.seller, hold)
    shop.place(shop.order(member_id, 100, order_id=hold.order_id, points=100, points_minor=100))

    shop.void(order)

    assert shop.account(member_id).points == -100
    assert shop.differences() == {}
    with pytest.raises(Refusal) as refused:
        holds.hold(shop.session, shop.seller, shop.hold(member_id, points=1, points_minor=1))
    assert refused.value.code == "NOT_ENOUGH_POINTS"


def test_a_void_that_comes_before_the_sale_leaves_nothing_to_book(
    shop: Shop, member_id: UUID
) -> None:
    shop.fill(member_id, points=100)
    hold = shop.hold(member_id, points=100, points_minor=100)
    holds.hold(shop.session, shop.seller, hold)
    order = shop.order(member_id, 500, order_id=hold.order_id, points=100, points_minor=100)

    shop.void(order)
    shop.place(order)

    account = shop.account(member_id)
    assert (account.points, account.points_held, account.progress) == (100, 0, 10_000)
    assert shop.differences() == {}


def test_booking_again_changes_nothing(shop: Shop, member_id: UUID) -> None:
    order = shop.order(member_id, 10_000)
    shop.place(order, order)
    before = shop.everything()

    shop.place(order)
    assert shop.everything() == before
    shop.void(order)
    after = shop.everything()
    shop.void(order)
    shop.place(order)

    assert shop.everything() == after
    assert shop.differences() == {}


def test_points_told_without_a_hold_are_not_spent_and_the_audit_shows_it(
    shop: Shop, member_id: UUID
) -> None:
    shop.fill(member_id, points=100)

    shop.place(shop.order(member_id, 1_000, points=50, points_minor=50))

    assert shop.account(member_id).points == 100 + 9
    assert list(shop.differences()) == ["orders spent what they say"]


def test_a_cancelled_order_lets_go_of_its_hold(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, points=100, wallet_minor=700)
    hold = shop.hold(member_id, points=60, points_minor=60, wallet_minor=700)
    before = shop.account(member_id)
    holds.hold(shop.session, shop.seller, hold)
    cancelled = envelope_of(
        OrderCancelled(order_id=hold.order_id, store_id=shop.store_id, reason="expired")
    )

    holds.on_order_cancelled(shop.session, [cancelled])
    holds.on_order_cancelled(shop.session, [cancelled])

    assert shop.account(member_id) == before
    with pytest.raises(Refusal) as refused:
        holds.hold(shop.session, shop.seller, hold)
    assert refused.value.code == "HOLD_RELEASED"
    assert shop.differences() == {}


def test_an_event_that_is_delivered_twice_books_once(database: Database) -> None:
    with database.transaction() as session:
        shop = Shop(session)
        shop.publish(EARN)
        member_id = shop.register()
        placed = envelope_of(shop.order(member_id, 10_000))
    apply(database, "on_order_placed", earning.on_order_placed, [placed])
    with database.transaction() as session:
        before = everything(session)

    apply(database, "on_order_placed", earning.on_order_placed, [placed, placed])

    with database.transaction() as session:
        assert everything(session) == before


def test_spending_and_adjusting_leave_the_tier_alone(shop: Shop, member_id: UUID) -> None:
    adjustment = AdjustPoints(
        id=new_id(), store_id=shop.store_id, member_id=member_id, points=500_000, reason="gift"
    )

    points.adjust_points(shop.session, shop.manager, adjustment)
    wallet.top_up(shop.session, shop.seller, shop.top_up(member_id, 500_000))

    assert shop.account(member_id).tier == "silver"
    assert shop.account(member_id).progress == 0
