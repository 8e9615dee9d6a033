"""Wallet by hand, returns and erasure where a member was merged: one person under several ids."""

from uuid import UUID

import pytest
from sqlalchemy import text

from services.loyalty import corrections, erasure, explanation, freezes, merging, payouts, returns
from shared.contracts.loyalty import Account
from shared.contracts.loyalty.explanation import ExplainBalance
from shared.contracts.loyalty.returns import ReturnBooked
from shared.contracts.loyalty.wallet import (
    AdjustWallet,
    FreezeAccount,
    PayOutWallet,
    UnfreezeAccount,
)
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
from shared.errors import Refusal
from shared.ids import new_id
from tests.services.loyalty.conftest import NOW, Shop
from tests.services.loyalty.test_payouts import ALONE, PAID, command, pay_in, refund, wallet_of
from tests.services.loyalty.test_returns import back_of


@pytest.fixture(autouse=True)
def limits(shop: Shop) -> None:
    """One person may pay out alone."""
    shop.publish(ALONE)


def merged(shop: Shop, survivor_id: UUID, other_id: UUID, number: int = 1) -> MemberMerged:
    event = MemberMerged(
        merge_id=new_id(), merged_id=other_id, survivor_id=survivor_id, member_ids=[other_id],
        number=number,
    )  # fmt: skip
    merging.merge(shop.session, event, NOW)
    return event


def parted(shop: Shop, event: MemberMerged) -> None:
    undone = MemberUnmerged(
        merge_id=event.merge_id, merged_id=event.merged_id, survivor_id=event.survivor_id,
        member_ids=event.member_ids, number=2,
    )  # fmt: skip
    merging.unmerge(shop.session, undone, NOW)


def entries(shop: Shop, document_id: UUID) -> list[tuple[UUID, str, int]]:
    """Whose accounts a document has changed, by how much."""
    query = (
        "SELECT ma.member_id, ma.kind, e.amount FROM entries e"
        " JOIN member_accounts ma USING (account_id) JOIN transactions t ON t.id = e.transaction_id"
        " WHERE t.document_id = :id ORDER BY ma.kind"
    )
    return [tuple(row) for row in shop.session.execute(text(query), {"id": document_id})]


def test_k24_a_return_under_an_old_id_is_booked_on_the_survivor(shop: Shop) -> None:
    survivor_id, other_id = shop.register(), shop.register()
    order = shop.order(other_id, 10_000)
    shop.place(order)
    merged(shop, survivor_id, other_id)
    assert shop.account(survivor_id).points == 100

    back = back_of(order, 4_000, 6_000)
    returns.book_returned(shop.session, [back], NOW)

    assert (shop.account(survivor_id).points, shop.account(other_id).points) == (60, 60)
    told = [each.data for each in shop.events(ReturnBooked)]
    assert [(each.points_taken, each.points_after) for each in told] == [(40, 60)]
    own = "SELECT coalesce(sum(balance), 0) FROM balances JOIN member_accounts USING (account_id)"
    left = shop.session.scalar(text(f"{own} WHERE member_id = :id"), {"id": other_id})
    assert left == 0
    assert shop.differences() == {}


def test_an_order_under_an_old_id_after_the_merge_comes_back_of_the_survivor(shop: Shop) -> None:
    survivor_id, other_id = shop.register(), shop.register()
    merged(shop, survivor_id, other_id)
    order = shop.order(other_id, 10_000)
    shop.place(order)

    back = back_of(order, 10_000, 0)
    returns.book_returned(shop.session, [back], NOW)

    assert entries(shop, back.return_id) == [(survivor_id, "points", -100)]
    assert shop.account(survivor_id).points == 0
    assert shop.differences() == {}


def test_money_is_paid_out_and_corrected_under_an_old_id(shop: Shop) -> None:
    survivor_id, other_id = shop.register(), shop.register()
    pay_in(shop, other_id)
    merged(shop, survivor_id, other_id)
    before = wallet_of(shop, survivor_id)
    assert wallet_of(shop, other_id) == before

    paid = command(PayOutWallet, shop, other_id, principal_minor=4_000, tender="cash")
    answer = payouts.pay_out_wallet(shop.session, shop.manager, paid)
    fixed = command(AdjustWallet, shop, other_id, principal_minor=500, bonus_minor=0)
    corrections.adjust_wallet(shop.session, shop.manager, fixed)

    assert isinstance(answer, Account)
    assert answer.member_id == survivor_id
    assert wallet_of(shop, survivor_id)[0] == before[0] - 4_000 + 500
    assert {each[0] for each in entries(shop, paid.id)} == {survivor_id}
    assert {each[0] for each in entries(shop, fixed.id)} == {survivor_id}
    assert shop.differences() == {}


def test_a_top_up_is_refunded_where_its_money_is(shop: Shop) -> None:
    survivor_id, other_id = shop.register(), shop.register()
    own, others = pay_in(shop, survivor_id), pay_in(shop, other_id)
    event = merged(shop, survivor_id, other_id)
    later = pay_in(shop, other_id)
    everything = shop.everything()

    with pytest.raises(Refusal, match="TOP_UP_MOVED") as refused:
        refund(shop, others)
    assert refused.value.parameters == {"member_id": survivor_id}
    assert shop.everything() == everything

    for top_up in (later, own):  # the one under the old id, and the survivor's from before
        assert refund(shop, top_up, PAID).principal_minor == 10_000
    assert wallet_of(shop, survivor_id)[0] == 10_000
    parted(shop, event)
    assert refund(shop, others, PAID).principal_minor == 10_000
    assert wallet_of(shop, other_id) == (0, 0)
    assert shop.differences() == {}


def test_what_a_merge_brought_is_not_refunded_as_a_top_up_of_before(shop: Shop) -> None:
    survivor_id, other_id = shop.register(), shop.register()
    own = pay_in(shop, survivor_id)
    paid = command(PayOutWallet, shop, survivor_id, principal_minor=7_000, tender="cash")
    payouts.pay_out_wallet(shop.session, shop.manager, paid)
    pay_in(shop, other_id)
    merged(shop, survivor_id, other_id)

    with pytest.raises(Refusal, match="REFUND_AMOUNT") as refused:
        refund(shop, own, principal_minor=3_001)

    assert refused.value.parameters == {"left_minor": 3_000, "currency": "CNY"}
    assert shop.differences() == {}


def test_a_balance_is_explained_under_any_of_its_ids(shop: Shop) -> None:
    survivor_id, other_id = shop.register(), shop.register()
    shop.place(shop.order(survivor_id, 10_000), shop.order(other_id, 5_000))
    merged(shop, survivor_id, other_id)

    points = [
        explanation.explain_balance(
            shop.session, shop.manager, ExplainBalance(member_id=member_id)
        ).parts
        for member_id in (survivor_id, other_id)
    ]

    assert points[0] == points[1]
    part = next(each for each in points[0] if each.account == "points")
    assert [(each.reason, each.amount) for each in part.sums] == [
        ("earned", 100),
        ("merged_in", 50),
    ]
    assert "came with merged members +50" in part.en
    assert part.balance == 150


def test_k37_a_person_is_erased_under_all_ids(shop: Shop) -> None:
    """K37: money under any id stops it; points under all of them are forfeited."""
    survivor_id, other_id, stranger_id = (shop.register() for _ in range(3))
    shop.place(*(shop.order(each, 10_000) for each in (survivor_id, other_id, stranger_id)))
    pay_in(shop, other_id)
    merged(shop, survivor_id, other_id)
    ids = [survivor_id, other_id]
    everything = shop.everything()

    assert erasure.settle(shop.session, new_id(), ids, NOW).refusal == "WALLET_NOT_EMPTY"
    assert shop.everything() == everything

    paid = command(PayOutWallet, shop, survivor_id, principal_minor=10_000, tender="cash")
    payouts.pay_out_wallet(shop.session, shop.manager, paid)
    answer = erasure.settle(shop.session, new_id(), ids, NOW)

    assert (answer.member_id, answer.refusal, answer.points_forfeited) == (survivor_id, None, 200)
    closed = "SELECT member_id FROM members WHERE closed_at IS NOT NULL"
    assert set(shop.session.scalars(text(closed))) == set(ids)
    for member_id in ids:
        with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
            pay_in(shop, member_id)
    assert shop.account(stranger_id).points == 100
    assert shop.differences() == {}


def test_a_lost_phone_is_frozen_and_lifted_under_every_id(shop: Shop) -> None:
    survivor_id, other_id = shop.register(), shop.register()
    shop.fill(other_id, points=30)
    lost = command(FreezeAccount, shop, other_id, account="points")
    freezes.freeze_account(shop.session, shop.seller, lost)
    first = merged(shop, survivor_id, other_id)
    assert shop.account(survivor_id).points == 0  # what is frozen stays until it is lifted
    lift = command(UnfreezeAccount, shop, survivor_id, account="points")
    freezes.unfreeze_account(shop.session, shop.manager, lift)
    assert shop.account(survivor_id).points == 30
    assert shop.differences() == {}

    lost = command(FreezeAccount, shop, other_id, account="points")
    assert freezes.freeze_account(shop.session, shop.seller, lost).points_frozen
    parted(shop, first)
    assert shop.account(other_id).points_frozen
    assert shop.account(survivor_id).points_frozen
    assert shop.differences() == {}
    for member_id in (survivor_id, other_id):
        lift = command(UnfreezeAccount, shop, member_id, account="points")
        freezes.unfreeze_account(shop.session, shop.manager, lift)
    assert (shop.account(survivor_id).points, shop.account(other_id).points) == (0, 30)
    assert shop.differences() == {}
