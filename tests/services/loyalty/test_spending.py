"""How many points to use, across stores, and why a balance is what it is."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from services.loyalty import explanation, freezes, holds
from shared.contracts.loyalty import OfferSpend, SpendRule
from shared.contracts.loyalty.explanation import ExplainBalance
from shared.contracts.loyalty.wallet import FreezeAccount
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Role
from tests.services.loyalty.conftest import NOW, Shop, caller


@pytest.mark.parametrize(
    ("rate", "total", "step", "choices"),
    [
        # 1,234 points of a fen each; half of 20.55 may be points, 10.27 at most
        (100, 2_055, 1, [("all", 1_027, 1_027), ("round_value", 1_000, 1_000),
                         ("round_rest", 955, 955)]),
        # a point is worth three fen: no number of points is worth whole yuan below 3.00
        (300, 500, 1, [("all", 83, 249)]),
        (50, 3_000, 2, [("all", 1_234, 617), ("round_value", 1_200, 600),
                        ("round_rest", 1_200, 600)]),
        (100, 100, 1, [("all", 50, 50)]),
        (100, 0, 1, []),
    ],
)  # fmt: skip
def test_k26_the_clerk_is_told_how_many_points_make_sense(
    shop: Shop, member_id: UUID, rate: int, total: int, step: int, choices: list[object]
) -> None:
    shop.fill(member_id, points=1_234)
    shop.publish(SpendRule(minor_per_hundred_points=rate, max_share_basis_points=5_000))

    offer = holds.offer_spend(
        shop.session, shop.seller, OfferSpend(member_id=member_id, total_minor=total)
    )

    assert offer.points_step == step
    assert [(each.kind, each.points, each.value_minor) for each in offer.choices] == choices
    for each in offer.choices:
        paid = {"points": each.points, "points_minor": each.value_minor, "total_minor": total}
        hold = shop.hold(member_id, **paid)
        holds.hold(shop.session, shop.seller, hold)
        holds.release(shop.session, [(hold.order_id, hold.store_id)])


def test_nothing_frozen_is_offered(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, points=500, wallet_minor=700)
    lost = FreezeAccount(
        id=new_id(), store_id=shop.store_id, member_id=member_id, account="points", reason="lost"
    )
    freezes.freeze_account(shop.session, shop.seller, lost)

    offer = holds.offer_spend(
        shop.session, shop.seller, OfferSpend(member_id=member_id, total_minor=1_000)
    )

    assert (offer.points_usable, offer.choices, offer.wallet_usable_minor) == (0, [], 700)


def test_k27_k42_what_one_franchisee_gave_is_spent_at_another_and_both_are_on_the_entry(
    shop: Shop, member_id: UUID
) -> None:
    """K27: use across stores and legal entities is the normal case. K42: each entry says who
    issued the value and who accepted it."""
    other_franchisee = new_id()
    there = shop.open_store(franchisee_id=other_franchisee, legal_entity="Other Ltd")
    earned = shop.order(
        member_id, 50_000, store_id=shop.franchised_id, franchisee_id=shop.franchisee_id
    )
    shop.place(earned)
    clerk = caller(Role.ASSOCIATE, there)
    hold = shop.hold(member_id, store_id=there, points=200, points_minor=200)
    holds.hold(shop.session, clerk, hold)
    shop.place(
        shop.order(
            member_id,
            1_000_000,
            order_id=hold.order_id,
            store_id=there,
            franchisee_id=other_franchisee,
            points=200,
            points_minor=200,
        )
    )

    rows = shop.session.execute(
        text(
            "SELECT amount, issuing_store_id, issuing_franchisee_id, accepting_store_id,"
            " accepting_franchisee_id FROM entries"
            " WHERE reason = 'spent' AND balance_after IS NOT NULL"
        )
    )
    assert [tuple(row) for row in rows] == [
        (-200, shop.franchised_id, shop.franchisee_id, there, other_franchisee)
    ]
    assert shop.differences() == {}


def test_why_a_balance_is_what_it_is_in_words_of_both_languages(
    shop: Shop, member_id: UUID
) -> None:
    shop.fill(member_id, wallet_minor=12_345)
    shop.place(shop.order(member_id, 50_000), now=NOW)
    shop.place(shop.order(member_id, 30_000), now=NOW + timedelta(days=1))
    hold = shop.hold(member_id, points=100, points_minor=100, wallet_minor=1_000)
    holds.hold(shop.session, shop.seller, hold)

    answer = explanation.explain_balance(
        shop.session, shop.seller, ExplainBalance(member_id=member_id)
    )

    points, principal, bonus = answer.parts
    [earned] = points.sums
    assert (earned.reason, earned.entries, earned.amount, earned.rule_versions) == (
        "earned", 2, 800, [1],
    )  # fmt: skip
    assert (points.opening, points.balance, points.held_by_orders) == (0, 800, 100)
    assert points.zh == (
        "积分：期初 0；消费获得 2 笔 +800（规则版本 1）；余额 800，其中 100 由进行中的订单占用"
    )
    assert points.en == (
        "Points: 0 to begin with; earned by purchases +800 in 2 (rule version 1);"
        " the balance is 800, of which orders hold 100"
    )
    assert principal.zh.startswith("储值本金：期初 ¥0.00；充值 1 笔 +¥123.45；余额 ¥123.45")
    assert (bonus.balance, bonus.sums) == (0, [])


def test_an_explanation_since_an_instant_begins_with_what_was_there(
    shop: Shop, member_id: UUID
) -> None:
    shop.place(shop.order(member_id, 50_000), now=NOW)
    shop.place(shop.order(member_id, 30_000), now=NOW + timedelta(days=1))
    ask = ExplainBalance(member_id=member_id, since=NOW + timedelta(hours=1))

    points = explanation.explain_balance(shop.session, shop.seller, ask).parts[0]

    assert (points.opening, [each.amount for each in points.sums], points.balance) == (
        500, [300], 800,
    )  # fmt: skip
    with pytest.raises(Refusal) as refused:
        explanation.explain_balance(shop.session, shop.seller, ExplainBalance(member_id=new_id()))
    assert refused.value.code == "UNKNOWN_MEMBER"
