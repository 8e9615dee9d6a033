"""Money back out of the wallet (法释〔2025〕4号), moved to others, and frozen."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.loyalty import corrections, freezes, holds, payouts, transfers, wallet
from shared.contracts.loyalty import ApprovalRule, TopUp, TopUpRule, TopUpStep
from shared.contracts.loyalty.wallet import (
    AccountFrozen,
    AdjustWallet,
    FreezeAccount,
    PayOutWallet,
    RefundTopUp,
    TopUpRefunded,
    TransferWallet,
    UnfreezeAccount,
    WalletTransferred,
)
from shared.contracts.loyalty.wallet_rules import HandLimit
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from tests.services.loyalty.conftest import Shop

PAID = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
BONUS = TopUpRule(steps=[TopUpStep(paid_minor=10_000, bonus_minor=1_000)])
ALONE = ApprovalRule(others=HandLimit(wallet_minor=10**9, pay_out_minor=10**9))


def pay_in(shop: Shop, member_id: UUID, amount: int = 10_000, now: datetime = PAID) -> TopUp:
    command = shop.top_up(member_id, amount, tender="card", reference="T-9")
    wallet.pay_in(shop.session, shop.seller, command, now)
    return command


def refund(shop: Shop, top_up: TopUp, now: datetime = PAID, **fields: Any) -> Any:
    values: dict[str, Any] = {
        "id": new_id(),
        "store_id": shop.store_id,
        "member_id": top_up.member_id,
        "top_up_id": top_up.id,
    }
    return payouts.refund(shop.session, shop.seller, RefundTopUp(**(values | fields)), now)


def spend(shop: Shop, member_id: UUID, amount: int) -> None:
    hold = shop.hold(member_id, wallet_minor=amount)
    holds.hold(shop.session, shop.seller, hold)
    order = shop.order(member_id, 1_000_000, order_id=hold.order_id, wallet_minor=amount)
    shop.place(order)


def refused(shop: Shop, act: Any) -> str:
    before = shop.everything()
    with pytest.raises(Refusal) as caught:
        act()
    assert shop.everything() == before
    return caught.value.code


def wallet_of(shop: Shop, member_id: UUID) -> tuple[int, int]:
    account = shop.account(member_id)
    return account.wallet_principal_minor, account.wallet_bonus_minor


def command(kind: Any, shop: Shop, member_id: UUID, **fields: Any) -> Any:
    values = {"id": new_id(), "store_id": shop.store_id, "member_id": member_id, "reason": "reason"}
    return kind(**(values | fields))


def test_a_top_up_is_refunded_whole_to_its_tender_with_the_bonus_it_brought(
    shop: Shop, member_id: UUID
) -> None:
    shop.publish(BONUS)
    top_up = pay_in(shop, member_id)
    id_ = new_id()

    answer = refund(shop, top_up, PAID + timedelta(days=7), id=id_)

    assert (answer.tender, answer.reference) == ("card", "T-9")
    assert (answer.principal_minor, answer.bonus_minor) == (10_000, 1_000)
    assert wallet_of(shop, member_id) == (0, 0)
    [told] = shop.events(TopUpRefunded)
    assert (told.data.top_up_id, told.data.principal_minor) == (top_up.id, 10_000)
    rows = shop.session.execute(
        text(
            "SELECT a.kind, e.amount, e.issuing_store_id, e.accepting_store_id FROM entries e"
            " JOIN accounts a ON a.id = e.account_id WHERE reason LIKE '%refunded' ORDER BY e.id"
        )
    )
    assert [tuple(row) for row in rows] == [
        ("principal", -10_000, shop.store_id, shop.store_id),
        ("wallet_cash", 10_000, shop.store_id, shop.store_id),
        ("bonus", -1_000, shop.store_id, shop.store_id),
        ("bonus_granted", 1_000, shop.store_id, shop.store_id),
    ]
    before = shop.everything()
    assert refund(shop, top_up, PAID + timedelta(days=7), id=id_) == answer
    assert shop.everything() == before
    assert shop.differences() == {}


def test_parts_of_a_refund_take_all_of_the_bonus_back_in_the_end(
    shop: Shop, member_id: UUID
) -> None:
    shop.publish(TopUpRule(steps=[TopUpStep(paid_minor=10_000, bonus_minor=100)]))
    top_up = pay_in(shop, member_id)

    parts = [refund(shop, top_up, principal_minor=amount) for amount in (3_333, 3_333, 3_334)]

    assert [part.bonus_minor for part in parts] == [33, 34, 33]
    assert refused(shop, lambda: refund(shop, top_up)) == "REFUND_AMOUNT"
    assert shop.differences() == {}


def test_only_what_is_not_spent_is_refunded_and_the_oldest_is_spent_first(
    shop: Shop, member_id: UUID
) -> None:
    first, second = pay_in(shop, member_id), pay_in(shop, member_id)
    spend(shop, member_id, 4_000)

    too_much = refused(shop, lambda: refund(shop, first, principal_minor=6_001))
    assert too_much == "REFUND_AMOUNT"
    assert refund(shop, second).principal_minor == 10_000
    assert refund(shop, first).principal_minor == 6_000
    assert wallet_of(shop, member_id) == (0, 0)
    assert shop.differences() == {}


def test_bonus_that_was_spent_does_not_cut_the_principal(shop: Shop, member_id: UUID) -> None:
    shop.publish(BONUS)
    top_up = pay_in(shop, member_id)
    correction = command(AdjustWallet, shop, member_id, bonus_minor=-700)
    corrections.adjust_wallet(shop.session, shop.manager, correction)

    answer = refund(shop, top_up)

    assert (answer.principal_minor, answer.bonus_minor) == (10_000, 300)


def test_refunds_that_are_refused(shop: Shop, member_id: UUID) -> None:
    top_up = pay_in(shop, member_id)
    other = shop.register()
    late = PAID + timedelta(days=8)

    assert refused(shop, lambda: refund(shop, top_up, late)) == "REFUND_TOO_LATE"
    assert refused(shop, lambda: refund(shop, top_up, top_up_id=new_id())) == "UNKNOWN_TOP_UP"
    assert refused(shop, lambda: refund(shop, top_up, member_id=other)) == "UNKNOWN_TOP_UP"
    assert refused(shop, lambda: refund(shop, top_up, principal_minor=0)) == "REFUND_AMOUNT"
    held = shop.hold(member_id, wallet_minor=10_000)
    holds.hold(shop.session, shop.seller, held)
    assert refused(shop, lambda: refund(shop, top_up)) == "REFUND_AMOUNT"


def test_a_pay_out_takes_the_same_share_of_the_bonus(shop: Shop, member_id: UUID) -> None:
    shop.publish(BONUS, ALONE)
    pay_in(shop, member_id)
    pay = command(PayOutWallet, shop, member_id, principal_minor=2_500, tender="cash")

    payouts.pay_out_wallet(shop.session, shop.manager, pay)

    assert wallet_of(shop, member_id) == (7_500, 750)
    more = command(PayOutWallet, shop, member_id, principal_minor=7_501, tender="cash")
    code = refused(shop, lambda: payouts.pay_out_wallet(shop.session, shop.manager, more))
    assert code == "NOT_ENOUGH_WALLET"
    assert shop.differences() == {}


def test_a_transfer_keeps_principal_and_bonus_apart_and_shows_on_both_sides(
    shop: Shop, member_id: UUID
) -> None:
    shop.publish(BONUS)
    pay_in(shop, member_id)
    heir = shop.register()
    move = command(
        TransferWallet, shop, member_id, to_member_id=heir, principal_minor=9_000, bonus_minor=400
    )

    answer = transfers.transfer_wallet(shop.session, shop.manager, move)

    assert (answer.wallet_principal_minor, answer.wallet_bonus_minor) == (1_000, 600)
    assert wallet_of(shop, heir) == (9_000, 400)
    [told] = shop.events(WalletTransferred)
    assert (told.data.to_member_id, told.data.principal_minor) == (heir, 9_000)
    rows = shop.session.execute(
        text("SELECT reason, amount, issuing_store_id FROM entries WHERE document_id = :id"),
        {"id": move.id},
    )
    assert {tuple(row) for row in rows} == {
        ("transferred_out", -9_000, shop.store_id),
        ("transferred_in", 9_000, shop.store_id),
        ("transferred_out", -400, shop.store_id),
        ("transferred_in", 400, shop.store_id),
    }
    before = shop.everything()
    assert transfers.transfer_wallet(shop.session, shop.manager, move) == answer
    assert shop.everything() == before
    assert shop.differences() == {}


def test_transfers_that_are_refused(shop: Shop, member_id: UUID) -> None:
    pay_in(shop, member_id)
    heir, full = shop.register(), shop.register()
    abroad = shop.open_store(currency="JPY")
    shop.fill(full, wallet_minor=500_000)
    stranger = shop.register()
    paid = shop.top_up(stranger, 1, store_id=abroad, currency="JPY")
    shop.session.execute(
        text("UPDATE members SET currency = NULL WHERE member_id = :id"), {"id": stranger}
    )
    shop.session.execute(
        text("UPDATE members SET currency = 'JPY' WHERE member_id = :id"), {"id": stranger}
    )
    assert paid.currency == "JPY"

    def move(**fields: Any) -> str:
        values = {"to_member_id": heir, "principal_minor": 1}
        asked = command(TransferWallet, shop, member_id, **(values | fields))
        return refused(shop, lambda: transfers.transfer_wallet(shop.session, shop.manager, asked))

    assert move(to_member_id=member_id) == "SAME_MEMBER"
    assert move(to_member_id=new_id()) == "UNKNOWN_MEMBER"
    assert move(to_member_id=stranger) == "CURRENCY_MISMATCH"
    assert move(to_member_id=full) == "BALANCE_LIMIT"
    assert move(principal_minor=10_001) == "NOT_ENOUGH_WALLET"
    assert move(principal_minor=0, bonus_minor=1) == "NOT_ENOUGH_WALLET"
    assert move(principal_minor=0) == "INVALID_INPUT"


def test_a_frozen_wallet_takes_and_gives_nothing_until_it_is_lifted(
    shop: Shop, member_id: UUID
) -> None:
    shop.publish(ALONE)
    shop.fill(member_id, points=100)
    top_up = pay_in(shop, member_id)
    on_its_way = shop.hold(member_id, wallet_minor=1_000)
    holds.hold(shop.session, shop.seller, on_its_way)
    lost = command(FreezeAccount, shop, member_id, account="wallet")

    account = freezes.freeze_account(shop.session, shop.seller, lost)

    assert (account.wallet_frozen, account.points_frozen) == (True, False)
    pay = command(PayOutWallet, shop, member_id, principal_minor=1, tender="cash")
    for act in (
        lambda: holds.hold(shop.session, shop.seller, shop.hold(member_id, wallet_minor=1)),
        lambda: pay_in(shop, member_id),
        lambda: refund(shop, top_up),
        lambda: payouts.pay_out_wallet(shop.session, shop.manager, pay),
    ):
        assert refused(shop, act) == "ACCOUNT_FROZEN"
    points = shop.hold(member_id, points=10, points_minor=10)
    holds.hold(shop.session, shop.seller, points)
    order = shop.order(member_id, 1_000_000, order_id=on_its_way.order_id, wallet_minor=1_000)
    shop.place(order)
    assert wallet_of(shop, member_id)[0] == 9_000
    shop.void(order)
    assert wallet_of(shop, member_id)[0] == 10_000
    lift = command(UnfreezeAccount, shop, member_id, account="wallet")
    freezes.unfreeze_account(shop.session, shop.manager, lift)
    holds.hold(shop.session, shop.seller, shop.hold(member_id, wallet_minor=10_000))
    assert [told.data.frozen for told in shop.events(AccountFrozen)] == [True, False]
    assert shop.differences() == {}


def test_a_freeze_sent_again_after_it_was_lifted_changes_nothing(
    shop: Shop, member_id: UUID
) -> None:
    lost = command(FreezeAccount, shop, member_id, account="points")
    freezes.freeze_account(shop.session, shop.seller, lost)
    points = shop.hold(member_id, points=1, points_minor=1)
    assert refused(shop, lambda: holds.hold(shop.session, shop.seller, points)) == "ACCOUNT_FROZEN"
    lift = command(UnfreezeAccount, shop, member_id, account="points")
    freezes.unfreeze_account(shop.session, shop.manager, lift)
    before = shop.everything()

    assert not freezes.freeze_account(shop.session, shop.seller, lost).points_frozen
    assert shop.everything() == before
    taken = command(UnfreezeAccount, shop, member_id, account="points", id=lost.id)
    assert (
        refused(shop, lambda: freezes.unfreeze_account(shop.session, shop.manager, taken))
        == "ENTRY_ID_TAKEN"
    )


def test_a_lost_card_is_replaced_though_it_is_frozen(shop: Shop, member_id: UUID) -> None:
    pay_in(shop, member_id)
    new_card = shop.register()
    lost = command(FreezeAccount, shop, member_id, account="wallet")
    freezes.freeze_account(shop.session, shop.seller, lost)
    move = command(TransferWallet, shop, member_id, to_member_id=new_card, principal_minor=10_000)

    transfers.transfer_wallet(shop.session, shop.manager, move)

    assert wallet_of(shop, new_card) == (10_000, 0)
    back = command(TransferWallet, shop, new_card, to_member_id=member_id, principal_minor=1)
    assert (
        refused(shop, lambda: transfers.transfer_wallet(shop.session, shop.manager, back))
        == "ACCOUNT_FROZEN"
    )


def test_another_store_has_no_hand_in_it(shop: Shop, member_id: UUID) -> None:
    top_up = pay_in(shop, member_id)
    there = shop.franchised_id
    before = shop.everything()
    pay = command(PayOutWallet, shop, member_id, principal_minor=1, tender="cash", store_id=there)
    give = command(AdjustWallet, shop, member_id, bonus_minor=1, store_id=there)
    lost = command(FreezeAccount, shop, member_id, account="wallet", store_id=there)

    with pytest.raises(Forbidden):
        refund(shop, top_up, store_id=there)
    with pytest.raises(Forbidden):
        payouts.pay_out_wallet(shop.session, shop.manager, pay)
    with pytest.raises(Forbidden):
        corrections.adjust_wallet(shop.session, shop.manager, give)
    with pytest.raises(Forbidden):
        freezes.freeze_account(shop.session, shop.seller, lost)

    assert shop.everything() == before
