"""Holds and offers: what a member may pay with."""

from typing import Any
from uuid import UUID

import pytest

from services.loyalty import holds
from shared.contracts.loyalty import (
    Held,
    Hold,
    OfferSpend,
    SpendOffer,
    SpendRule,
    TopUpRule,
    TopUpStep,
    WalletRule,
)
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Role
from shared.service import decode
from tests.services.loyalty.conftest import Shop, caller


@pytest.fixture
def rich(shop: Shop, member_id: UUID) -> UUID:
    """A member with 1,000 points, 10,000 principal and 1,000 bonus."""
    shop.publish(TopUpRule(steps=[TopUpStep(paid_minor=10_000, bonus_minor=1_000)]))
    shop.fill(member_id, points=1_000, wallet_minor=10_000)
    return member_id


def test_a_hold_sets_aside_and_says_what_is_left(shop: Shop, rich: UUID) -> None:
    hold = shop.hold(rich, points=300, points_minor=300, wallet_minor=10_500)

    held = holds.hold(shop.session, shop.seller, hold)

    assert held == Held(
        order_id=hold.order_id,
        points_after=700,
        wallet_principal_after_minor=0,
        wallet_bonus_after_minor=500,
    )
    account = shop.account(rich)
    assert (account.points, account.points_held) == (700, 300)
    assert (account.wallet_principal_minor, account.wallet_bonus_minor) == (0, 500)
    assert account.wallet_held_minor == 10_500
    assert shop.differences() == {}


@pytest.mark.parametrize(
    ("spend_order", "principal", "bonus"),
    [("principal_first", 0, 500), ("bonus_first", 500, 0), ("pro_rata", 455, 45)],
)
def test_the_wallet_rule_says_what_is_spent_first(
    shop: Shop, rich: UUID, spend_order: Any, principal: int, bonus: int
) -> None:
    shop.publish(WalletRule(spend_order=spend_order))

    held = holds.hold(shop.session, shop.seller, shop.hold(rich, wallet_minor=10_500))

    assert held.wallet_principal_after_minor == principal
    assert held.wallet_bonus_after_minor == bonus


def test_the_same_hold_again_gets_the_same_answer(shop: Shop, rich: UUID) -> None:
    hold = shop.hold(rich, points=1_000, points_minor=1_000, wallet_minor=11_000)
    first = holds.hold(shop.session, shop.seller, hold)
    before = shop.everything()

    assert holds.hold(shop.session, shop.seller, hold) == first
    assert shop.everything() == before

    paid = {"points": 1_000, "points_minor": 1_000, "wallet_minor": 11_000}
    shop.place(shop.order(rich, 20_000, order_id=hold.order_id, **paid))
    assert holds.hold(shop.session, shop.seller, hold) == first


@pytest.mark.parametrize(
    ("asked", "code", "parameters"),
    [
        (
            {"points": 1_001, "points_minor": 1_001},
            "NOT_ENOUGH_POINTS",
            {"available": 1_000, "wanted": 1_001},
        ),
        ({"wallet_minor": 11_001}, "NOT_ENOUGH_WALLET", {}),
        ({"points": 1_000, "points_minor": 1_000, "wallet_minor": 11_001}, "NOT_ENOUGH_WALLET", {}),
        (
            {"points": 100, "points_minor": 101},
            "POINTS_VALUE_WRONG",
            {"points": 100, "expected_minor": 100, "currency": "CNY"},
        ),
        (
            {"points_minor": 1},
            "POINTS_VALUE_WRONG",
            {"points": 0, "expected_minor": 0, "currency": "CNY"},
        ),
        (
            {"points": 501, "points_minor": 501, "total_minor": 1_000},
            "POINTS_LIMIT",
            {"limit": 500},
        ),
        ({"currency": "EUR"}, "CURRENCY_MISMATCH", {"expected": "CNY"}),
        ({"member_id": new_id()}, "UNKNOWN_MEMBER", {}),
        ({"store_id": new_id()}, "UNKNOWN_STORE", None),
    ],
)
def test_a_hold_takes_all_or_nothing(
    shop: Shop, rich: UUID, asked: dict[str, Any], code: str, parameters: dict[str, Any] | None
) -> None:
    chain_seller = caller(Role.INTEGRATION)
    before = shop.everything()

    with pytest.raises(Refusal) as refused:
        holds.hold(shop.session, chain_seller, shop.hold(**({"member_id": rich} | asked)))

    assert refused.value.code == code
    if parameters is not None:
        assert refused.value.parameters == parameters
    assert shop.everything() == before


def test_what_one_order_holds_another_cannot(shop: Shop, rich: UUID) -> None:
    holds.hold(shop.session, shop.seller, shop.hold(rich, wallet_minor=11_000))
    before = shop.everything()

    with pytest.raises(Refusal) as refused:
        holds.hold(shop.session, shop.seller, shop.hold(rich, wallet_minor=1))

    assert refused.value.code == "NOT_ENOUGH_WALLET"
    assert shop.everything() == before


def test_an_order_id_is_held_for_one_content(shop: Shop, rich: UUID) -> None:
    hold = shop.hold(rich, wallet_minor=100)
    holds.hold(shop.session, shop.seller, hold)
    before = shop.everything()
    other = shop.hold(rich, order_id=hold.order_id, wallet_minor=101)

    with pytest.raises(Refusal) as refused:
        holds.hold(shop.session, shop.seller, other)

    assert refused.value.code == "ENTRY_ID_TAKEN"
    assert shop.everything() == before


def test_a_member_of_another_currency_is_refused(shop: Shop) -> None:
    member_id = shop.register()
    in_japan = shop.open_store(currency="JPY")
    hold = shop.hold(member_id, store_id=in_japan, currency="JPY")

    with pytest.raises(Refusal) as refused:
        holds.hold(shop.session, caller(Role.INTEGRATION), hold)

    assert refused.value.code == "CURRENCY_MISMATCH"
    assert refused.value.parameters == {"expected": "CNY"}


def test_points_need_a_rule(bare_shop: Shop) -> None:
    member_id = bare_shop.register()

    with pytest.raises(Refusal) as refused:
        holds.hold(bare_shop.session, bare_shop.seller, bare_shop.hold(member_id, points=1))

    assert refused.value.code == "NO_RULE"


def test_a_store_outside_the_callers_scope_is_refused(shop: Shop, rich: UUID) -> None:
    before = shop.everything()
    hold = shop.hold(rich, store_id=shop.franchised_id, wallet_minor=1)

    with pytest.raises(Forbidden):
        holds.hold(shop.session, shop.seller, hold)

    assert shop.everything() == before


def test_a_closed_store_sells_nothing(shop: Shop, rich: UUID) -> None:
    closed = shop.open_store(active=False)

    with pytest.raises(Refusal) as refused:
        holds.hold(shop.session, caller(Role.INTEGRATION), shop.hold(rich, store_id=closed))

    assert refused.value.code == "STORE_CLOSED"


@pytest.mark.parametrize(
    "wrong",
    [{"points": -1}, {"points": 10**10}, {"wallet_minor": -5}, {"currency": "yuan"}, {"total": 1}],
)
def test_a_hold_of_no_possible_shape_is_refused(wrong: dict[str, Any]) -> None:
    raw = {
        name: str(new_id()) for name in ("order_id", "store_id", "member_id")
    } | {"currency": "CNY"}  # fmt: skip

    with pytest.raises(InvalidInput):
        decode(raw | ({"total_minor": 1} if "total" not in wrong else {}) | wrong, Hold)


@pytest.mark.parametrize(
    ("rate", "total", "offer"),
    [
        (100, 10_000, (1_000, 1_000, 10_000)),  # all the points: half of it may be points
        (100, 1_000, (500, 500, 1_000)),
        (100, 0, (0, 0, 0)),
        (3, 100_000, (1_000, 30, 11_000)),
        (7, 100, (715, 50, 100)),  # 714 are worth 49, and 715 no less than all of 728
        (10_000, 150, (0, 0, 150)),
    ],
)
def test_what_could_pay_for_a_total(
    shop: Shop, rich: UUID, rate: int, total: int, offer: tuple[int, int, int]
) -> None:
    shop.publish(SpendRule(minor_per_hundred_points=rate, max_share_basis_points=5_000))

    offered = holds.offer_spend(
        shop.session, shop.seller, OfferSpend(member_id=rich, total_minor=total)
    )

    assert (
        offered.points_usable,
        offered.points_value_minor,
        offered.minor_per_hundred_points,
        offered.wallet_usable_minor,
    ) == (offer[0], offer[1], rate, offer[2])
    paid = {"points": offer[0], "points_minor": offer[1], "total_minor": total}
    holds.hold(shop.session, shop.seller, shop.hold(rich, **paid))


def test_without_a_rule_no_points_are_offered(bare_shop: Shop) -> None:
    member_id = bare_shop.register()
    bare_shop.fill(member_id, wallet_minor=500)

    offered = holds.offer_spend(
        bare_shop.session, bare_shop.seller, OfferSpend(member_id=member_id, total_minor=900)
    )

    assert offered == SpendOffer(
        points_usable=0,
        points_value_minor=0,
        minor_per_hundred_points=0,
        wallet_usable_minor=500,
    )


def test_an_unknown_member_is_offered_nothing(shop: Shop) -> None:
    with pytest.raises(Refusal) as refused:
        holds.offer_spend(shop.session, shop.seller, OfferSpend(member_id=new_id(), total_minor=1))

    assert refused.value.code == "UNKNOWN_MEMBER"
