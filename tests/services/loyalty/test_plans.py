"""Top-up plans (V2) and the limits of a wallet (单用途商业预付卡管理办法)."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.loyalty import plans, wallet
from shared.contracts import said
from shared.contracts.loyalty import (
    PublishRule,
    TopUpPlan,
    TopUpRule,
    TopUpStep,
    WalletLimits,
    WalletToppedUp,
)
from shared.contracts.loyalty.wallet import OfferTopUp
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from tests.services.loyalty.conftest import Shop

NOON = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)


def plan(code: str, **fields: Any) -> TopUpPlan:
    values: dict[str, Any] = {
        "code": code,
        "name_zh": "充值活动",
        "name_en": "Campaign",
        "steps": [TopUpStep(paid_minor=100_000, bonus_minor=10_000)],
    }
    return TopUpPlan(**(values | fields))


def rule(*of: TopUpPlan) -> TopUpRule:
    return TopUpRule(steps=[TopUpStep(paid_minor=100_000, bonus_minor=5_000)], plans=list(of))


def pay(shop: Shop, member_id: UUID, now: datetime = NOON, **fields: Any) -> Any:
    amount = fields.pop("paid_minor", 100_000)
    command = shop.top_up(member_id, amount, **fields)
    return wallet.pay_in(shop.session, shop.seller, command, now)


def code_of(shop: Shop, member_id: UUID, now: datetime = NOON, **fields: Any) -> str:
    before = shop.everything()
    with pytest.raises(Refusal) as refused:
        pay(shop, member_id, now, **fields)
    assert shop.everything() == before
    return refused.value.code


def test_v2_a_top_up_gets_the_best_plan_and_its_entries_name_it(
    shop: Shop, member_id: UUID
) -> None:
    rich = plan("may", steps=[TopUpStep(paid_minor=100_000, bonus_minor=12_000)])
    shop.publish(rule(plan("april"), rich))

    account = pay(shop, member_id)

    assert (account.wallet_principal_minor, account.wallet_bonus_minor) == (100_000, 12_000)
    rows = shop.session.execute(text("SELECT reason, detail, rule_version FROM entries"))
    assert {tuple(row) for row in rows} == {("top_up", "may", 1), ("bonus", "may", 1)}
    [told] = shop.events(WalletToppedUp)
    assert (told.data.plan, told.data.rule_version) == ("may", 1)
    assert shop.differences() == {}


def test_the_plan_named_counts_even_if_another_gives_more(shop: Shop, member_id: UUID) -> None:
    rich = plan("may", steps=[TopUpStep(paid_minor=100_000, bonus_minor=12_000)])
    shop.publish(rule(plan("april"), rich))

    assert pay(shop, member_id, plan="april").wallet_bonus_minor == 10_000


def test_what_everybody_gets_wins_a_tie_so_that_no_plan_is_used_up(
    shop: Shop, member_id: UUID
) -> None:
    same = plan("same", use="once", steps=[TopUpStep(paid_minor=100_000, bonus_minor=5_000)])
    shop.publish(rule(same))
    pay(shop, member_id)

    assert pay(shop, member_id, plan="same").wallet_bonus_minor == 10_000


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"valid_from": date(2026, 5, 2)}, "PLAN_NOT_YET"),
        ({"valid_until": date(2026, 4, 30)}, "PLAN_OVER"),
        ({"store_ids": [new_id()]}, "PLAN_ELSEWHERE"),
        ({"franchisee_ids": [new_id()]}, "PLAN_ELSEWHERE"),
        ({"tenders": ["card"]}, "PLAN_TENDER"),
        (
            {"free_amount": False, "steps": [TopUpStep(paid_minor=99_999, bonus_minor=1)]},
            "PLAN_AMOUNT",
        ),
        ({"steps": [TopUpStep(paid_minor=100_001, bonus_minor=1)]}, "PLAN_AMOUNT"),
    ],
)
def test_a_plan_that_does_not_apply_is_refused_by_name_and_left_out_else(
    shop: Shop, member_id: UUID, fields: dict[str, Any], code: str
) -> None:
    shop.publish(rule(plan("x", **fields)))

    assert code_of(shop, member_id, plan="x") == code
    assert code_of(shop, member_id, plan="y") == "UNKNOWN_PLAN"
    assert pay(shop, member_id).wallet_bonus_minor == 5_000


def test_the_amounts_a_plan_takes_are_told_as_people_write_them(
    shop: Shop, member_id: UUID
) -> None:
    steps = [TopUpStep(paid_minor=minor, bonus_minor=1) for minor in (150_000, 500_000)]
    shop.publish(rule(plan("x", steps=steps)))

    with pytest.raises(Refusal) as refused:
        pay(shop, member_id, plan="x")
    assert said("loyalty", refused.value) == (
        "该方案的充值金额须为：¥1,500.00 / ¥5,000.00",
        "This plan takes one of these amounts: ¥1,500.00 / ¥5,000.00",
    )


def test_dates_of_a_plan_are_local_dates_of_the_store(shop: Shop, member_id: UUID) -> None:
    shop.publish(rule(plan("x", valid_from=date(2026, 5, 1), valid_until=date(2026, 5, 1))))
    first = datetime(2026, 4, 30, 16, 0, tzinfo=UTC)
    last = datetime(2026, 5, 1, 15, 59, tzinfo=UTC)

    assert code_of(shop, member_id, datetime(2026, 5, 1, 16, tzinfo=UTC), plan="x") == "PLAN_OVER"
    assert pay(shop, member_id, first, plan="x").wallet_bonus_minor == 10_000
    assert pay(shop, member_id, last, plan="x").wallet_bonus_minor == 20_000


def test_a_plan_of_a_franchisee_is_for_its_stores(shop: Shop, member_id: UUID) -> None:
    shop.publish(rule(plan("x", franchisee_ids=[shop.franchisee_id])))

    assert code_of(shop, member_id, plan="x") == "PLAN_ELSEWHERE"
    command = shop.top_up(member_id, 100_000, store_id=shop.franchised_id, plan="x")
    account = wallet.pay_in(shop.session, shop.hq, command, NOON)
    assert account.wallet_bonus_minor == 10_000


def test_once_and_yearly_are_counted_for_each_member(shop: Shop, member_id: UUID) -> None:
    shop.publish(rule(plan("once", use="once"), plan("yearly", use="yearly")))
    new_year = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)  # 2027 in Shanghai
    pay(shop, member_id, plan="once", paid_minor=100_000)
    pay(shop, member_id, plan="yearly", paid_minor=100_000)

    assert code_of(shop, member_id, plan="once") == "PLAN_USED"
    assert code_of(shop, member_id, plan="yearly") == "PLAN_USED"
    assert code_of(shop, member_id, new_year, plan="once") == "PLAN_USED"
    assert pay(shop, member_id, new_year, plan="yearly").wallet_bonus_minor == 30_000
    assert pay(shop, shop.register(), plan="once").wallet_bonus_minor == 10_000


def test_v2_the_offer_says_which_plans_apply_and_why_not_the_others(
    shop: Shop, member_id: UUID
) -> None:
    shop.publish(rule(plan("good"), plan("gone", valid_until=date(2020, 1, 1))))
    pay(shop, member_id)

    offer = plans.offer_top_up(
        shop.session, shop.seller, OfferTopUp(member_id=member_id, store_id=shop.store_id)
    )

    assert (offer.room_minor, offer.limit_minor, offer.rule_version) == (400_000, 500_000, 1)
    good, gone = offer.plans
    assert (good.code, good.applies, good.reason) == ("good", True, None)
    assert (gone.code, gone.applies, gone.reason) == ("gone", False, "PLAN_OVER")
    assert (gone.reason_zh, gone.reason_en) == (
        "该储值方案已于 2020-01-01 结束",
        "This plan ended on 2020-01-01",
    )
    with pytest.raises(Refusal) as refused:
        plans.offer_top_up(
            shop.session, shop.seller, OfferTopUp(member_id=new_id(), store_id=shop.store_id)
        )
    assert refused.value.code == "UNKNOWN_MEMBER"
    with pytest.raises(Forbidden):
        plans.offer_top_up(
            shop.session, shop.seller, OfferTopUp(member_id=member_id, store_id=shop.franchised_id)
        )


@pytest.mark.parametrize(
    "body",
    [
        rule(plan("x"), plan("x")),
        rule(plan("x", valid_from=date(2026, 2, 1), valid_until=date(2026, 1, 1))),
        rule(plan("x", steps=[TopUpStep(paid_minor=500_001, bonus_minor=1)])),
        rule(plan("x", steps=[TopUpStep(paid_minor=n, bonus_minor=1) for n in (2, 1)])),
        WalletLimits(max_balance_minor=0),
    ],
)
def test_rules_that_make_no_sense_are_not_published(shop: Shop, body: Any) -> None:
    before = shop.everything()

    with pytest.raises(Refusal) as refused:
        shop.publish(body)

    assert refused.value.code == "INVALID_RULE"
    assert shop.everything() == before
    assert PublishRule(id=new_id(), body=body).body == body


def test_a_registered_card_holds_5000_yuan_unless_hq_says_else(shop: Shop, member_id: UUID) -> None:
    pay(shop, member_id, paid_minor=300_000)

    assert code_of(shop, member_id, paid_minor=200_001) == "BALANCE_LIMIT"
    shop.publish(WalletLimits(max_balance_minor=600_000, counts_bonus=True))
    assert pay(shop, member_id, paid_minor=300_000).wallet_principal_minor == 600_000
    assert code_of(shop, member_id, paid_minor=1) == "BALANCE_LIMIT"


def test_what_may_be_paid_in_on_a_day(shop: Shop, member_id: UUID) -> None:
    shop.publish(WalletLimits(max_per_day_minor=150_000))
    pay(shop, member_id)

    assert code_of(shop, member_id, paid_minor=50_001) == "DAILY_LIMIT"
    pay(shop, member_id, paid_minor=50_000)
    tomorrow = datetime(2026, 5, 1, 16, 0, tzinfo=UTC)
    assert pay(shop, member_id, tomorrow).wallet_principal_minor == 250_000


def test_large_sums_are_paid_by_bank_transfer(shop: Shop, member_id: UUID) -> None:
    company = {"paid_minor": 500_000, "buyer": "company"}

    assert code_of(shop, member_id, **company) == "TRANSFER_REQUIRED"
    shop.publish(WalletLimits(max_balance_minor=1_000_000, on_cash="note"))
    pay(shop, member_id, **company)
    pay(shop, member_id, **company, tender="bank_transfer")
    assert [told.data.transfer_due for told in shop.events(WalletToppedUp)] == [True, False]
