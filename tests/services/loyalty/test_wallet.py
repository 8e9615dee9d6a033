"""Top-ups and adjustments by hand."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.loyalty import points, wallet
from services.loyalty.accounts import Opening, get_accounts, open_accounts
from shared.contracts.loyalty import (
    AdjustPoints,
    GetAccounts,
    PointsAdjusted,
    TopUp,
    TopUpRule,
    TopUpStep,
    WalletToppedUp,
)
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Role
from shared.service import decode
from tests.services.loyalty.conftest import Shop, caller

RULE = TopUpRule(
    steps=[
        TopUpStep(paid_minor=10_000, bonus_minor=500),
        TopUpStep(paid_minor=50_000, bonus_minor=5_000),
    ],
    limit_minor=100_000,
)


def adjustment(shop: Shop, member_id: UUID, amount: int, **fields: Any) -> AdjustPoints:
    values: dict[str, Any] = {
        "id": new_id(),
        "store_id": shop.store_id,
        "member_id": member_id,
        "points": amount,
        "reason": "forgot the card",
    }
    return AdjustPoints(**(values | fields))


def test_what_is_paid_is_principal_and_the_rule_adds_a_bonus(shop: Shop, member_id: UUID) -> None:
    shop.publish(RULE)
    command = shop.top_up(member_id, 50_000)

    account = wallet.top_up(shop.session, shop.seller, command)

    assert (account.wallet_principal_minor, account.wallet_bonus_minor) == (50_000, 5_000)
    [told] = shop.events(WalletToppedUp)
    assert told.data == WalletToppedUp(
        top_up_id=command.id,
        member_id=member_id,
        store_id=shop.store_id,
        currency="CNY",
        paid_minor=50_000,
        bonus_minor=5_000,
        rule_version=1,
    )
    sides = shop.session.execute(
        text(
            "SELECT a.kind, e.amount, e.reason, e.rule_version, e.issuing_store_id"
            " FROM entries e JOIN accounts a ON a.id = e.account_id ORDER BY e.id"
        )
    )
    assert [tuple(row) for row in sides] == [
        ("principal", 50_000, "top_up", 1, shop.store_id),
        ("wallet_cash", -50_000, "top_up", 1, shop.store_id),
        ("bonus", 5_000, "bonus", 1, shop.store_id),
        ("bonus_granted", -5_000, "bonus", 1, shop.store_id),
    ]
    assert shop.differences() == {}


def test_without_a_rule_there_is_no_bonus_and_the_usual_limit(bare_shop: Shop) -> None:
    shop = bare_shop
    member_id = shop.register()

    account = wallet.top_up(shop.session, shop.seller, shop.top_up(member_id, 500_000))

    assert (account.wallet_principal_minor, account.wallet_bonus_minor) == (500_000, 0)
    with pytest.raises(Refusal) as refused:
        wallet.top_up(shop.session, shop.seller, shop.top_up(member_id, 500_001))
    assert refused.value.parameters == {"limit_minor": 500_000, "currency": "CNY"}


def test_the_same_top_up_again_gets_the_same_answer_later_too(shop: Shop, member_id: UUID) -> None:
    command = shop.top_up(member_id, 10_000, reference="T-1")
    first = wallet.top_up(shop.session, shop.seller, command)
    wallet.top_up(shop.session, shop.seller, shop.top_up(member_id, 700))
    before = shop.everything()

    assert wallet.top_up(shop.session, shop.seller, command) == first
    assert shop.everything() == before


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"paid_minor": 0}, "TOP_UP_AMOUNT"),
        ({"paid_minor": 100_001}, "TOP_UP_AMOUNT"),
        ({"paid_minor": 10**12}, "TOP_UP_AMOUNT"),
        ({"currency": "USD"}, "CURRENCY_MISMATCH"),
        ({"member_id": new_id()}, "UNKNOWN_MEMBER"),
        ({"store_id": new_id()}, "UNKNOWN_STORE"),
    ],
)
def test_a_top_up_that_is_refused_changes_nothing(
    shop: Shop, member_id: UUID, asked: dict[str, Any], code: str
) -> None:
    shop.publish(RULE)
    before = shop.everything()
    command = shop.top_up(**({"member_id": member_id, "paid_minor": 100} | asked))

    with pytest.raises(Refusal) as refused:
        wallet.top_up(shop.session, shop.seller, command)

    assert refused.value.code == code
    assert shop.everything() == before


def test_an_id_is_used_once(shop: Shop, member_id: UUID) -> None:
    used = shop.top_up(member_id, 100)
    wallet.top_up(shop.session, shop.seller, used)
    before = shop.everything()

    for command in (
        shop.top_up(member_id, 101, id=used.id),
        shop.top_up(member_id, 100, id=used.id, tender="card"),
    ):
        with pytest.raises(Refusal) as refused:
            wallet.top_up(shop.session, shop.seller, command)
        assert refused.value.code == "ENTRY_ID_TAKEN"
    with pytest.raises(Refusal) as refused:
        points.adjust_points(shop.session, shop.manager, adjustment(shop, member_id, 1, id=used.id))
    assert refused.value.code == "ENTRY_ID_TAKEN"

    assert shop.everything() == before


def test_a_wallet_has_one_currency(shop: Shop, member_id: UUID) -> None:
    in_japan = shop.open_store(currency="JPY")
    command = shop.top_up(member_id, 100, store_id=in_japan, currency="JPY")

    with pytest.raises(Refusal) as refused:
        wallet.top_up(shop.session, caller(Role.INTEGRATION), command)

    assert refused.value.code == "CURRENCY_MISMATCH"


def test_another_store_may_not_take_the_money(shop: Shop, member_id: UUID) -> None:
    paid_in = shop.top_up(member_id, 100, store_id=shop.franchised_id)
    given = adjustment(shop, member_id, 1, store_id=shop.franchised_id)
    before = shop.everything()

    with pytest.raises(Forbidden):
        wallet.top_up(shop.session, shop.seller, paid_in)
    with pytest.raises(Forbidden):
        points.adjust_points(shop.session, shop.manager, given)

    assert shop.everything() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"paid_minor": -1},
        {"paid_minor": 10**13},
        {"tender": "points"},
        {"currency": "cny"},
        {"reference": "a\x00b"},
        {"reference": "\u202eabc"},
        {"reference": "x" * 1_000_000},
    ],
)
def test_a_top_up_of_no_possible_shape_is_refused(wrong: dict[str, Any]) -> None:
    raw = {"id": str(new_id()), "store_id": str(new_id()), "member_id": str(new_id())}
    raw |= {"currency": "CNY", "paid_minor": 1, "tender": "cash"}

    with pytest.raises(InvalidInput):
        decode(raw | wrong, TopUp)


def test_emoji_are_text(shop: Shop, member_id: UUID) -> None:
    command = shop.top_up(member_id, 100, reference="谢谢 🎉")
    wallet.top_up(shop.session, shop.seller, command)

    assert wallet.top_up(shop.session, shop.seller, command).wallet_principal_minor == 100


def test_points_are_given_and_taken_by_hand(shop: Shop, member_id: UUID) -> None:
    given = adjustment(shop, member_id, 50)
    points.adjust_points(shop.session, shop.manager, given)

    account = points.adjust_points(shop.session, shop.manager, adjustment(shop, member_id, -50))

    assert account.points == 0
    told = shop.events(PointsAdjusted)
    assert [event.data.points for event in told] == [50, -50]
    assert told[0].data.reason == "forgot the card"
    before = shop.everything()
    assert points.adjust_points(shop.session, shop.manager, given).points == 50
    assert shop.everything() == before
    assert shop.differences() == {}


@pytest.mark.parametrize(("amount", "code"), [(-51, "NOT_ENOUGH_POINTS"), (0, "INVALID_INPUT")])
def test_points_are_never_adjusted_below_zero(
    shop: Shop, member_id: UUID, amount: int, code: str
) -> None:
    points.adjust_points(shop.session, shop.manager, adjustment(shop, member_id, 50))
    before = shop.everything()

    with pytest.raises(Refusal) as refused:
        points.adjust_points(shop.session, shop.manager, adjustment(shop, member_id, amount))

    assert refused.value.code == code
    assert shop.everything() == before


@pytest.mark.parametrize("reason", ["", "x", "a\x00b", "x" * 201, "\u2066abc"])
def test_an_adjustment_needs_a_readable_reason(shop: Shop, reason: str) -> None:
    raw = {"id": str(new_id()), "store_id": str(new_id()), "member_id": str(new_id())}

    with pytest.raises(InvalidInput):
        decode(raw | {"points": 1, "reason": reason}, AdjustPoints)


def test_accounts_are_seen_in_every_store_and_unknown_ones_left_out(
    shop: Shop, member_id: UUID
) -> None:
    shop.fill(member_id, points=5, wallet_minor=300)
    fresh = shop.register()
    elsewhere = caller(Role.ASSOCIATE, shop.franchised_id)

    found = get_accounts(
        shop.session, elsewhere, GetAccounts(member_ids=[member_id, fresh, new_id()])
    ).items

    by_member = {account.member_id: account for account in found}
    assert set(by_member) == {member_id, fresh}
    assert (by_member[member_id].points, by_member[member_id].wallet_principal_minor) == (5, 300)
    assert (by_member[fresh].points, by_member[fresh].currency) == (0, "CNY")


def test_a_member_of_a_store_not_known_yet_can_be_topped_up_later(shop: Shop) -> None:
    member_id = new_id()
    open_accounts(shop.session, [Opening(member_id, home_store_id=new_id())])
    assert shop.account(member_id).points == 0

    wallet.top_up(shop.session, shop.seller, shop.top_up(member_id, 100))

    assert shop.account(member_id).wallet_principal_minor == 100
    assert shop.differences() == {}
