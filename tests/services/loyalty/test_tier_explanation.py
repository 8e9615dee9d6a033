"""Why a member has their tier: rule, window, purchases, what is missing (K29)."""

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from services.loyalty import returns, tier_explanation
from shared.contracts.loyalty import TierLadder
from shared.contracts.loyalty.tier_explanation import ExplainTier, TierExplanation
from shared.errors import InvalidInput, Refusal
from shared.ids import new_id
from tests.services.loyalty.conftest import GOLD, LADDER, NOW, SILVER, TODAY, Shop
from tests.services.loyalty.test_merged_wallets import merged
from tests.services.loyalty.test_returns import back_of


def ask(shop: Shop, member_id: UUID, **fields: object) -> TierExplanation:
    command = replace(ExplainTier(member_id=member_id), **fields)
    return tier_explanation.explain_at(shop.session, command, NOW)


def test_k29_the_sum_that_led_to_a_tier_is_shown(shop: Shop, member_id: UUID) -> None:
    old = shop.order(member_id, 70_000, business_date=TODAY - timedelta(days=40))
    new = shop.order(member_id, 50_000)
    gone = shop.order(member_id, 30_000)
    shop.place(old, new, gone)
    shop.void(gone)
    returns.book_returned(shop.session, [back_of(new, 10_000, 40_000)], NOW)

    told = ask(shop, member_id)

    assert (told.tier, told.threshold, told.progress) == ("gold", 100_000, 110_000)
    assert (told.next_tier, told.missing, told.ladder_version) == ("diamond", 390_000, 1)
    assert told.progress == sum(part.amount for part in told.parts)
    assert {(part.order_id, part.kind, part.amount) for part in told.parts} == {
        (old.order_id, "sale", 70_000),
        (new.order_id, "sale", 50_000),
        (new.order_id, "return", -10_000),
        (gone.order_id, "sale", 30_000),
        (gone.order_id, "void", -30_000),
    }
    assert told.zh == ("金卡：累计 ¥1,100.00，门槛 ¥1,000.00；距钻石卡还差 ¥3,900.00（规则版本 1）")
    assert told.en == (
        "Gold: ¥1,100.00 in all, ¥1,000.00 are needed;"
        " ¥3,900.00 are missing to Diamond (rule version 1)"
    )


def test_k29_only_what_lies_in_the_window_and_in_the_unit_of_the_ladder(
    shop: Shop, member_id: UUID
) -> None:
    shop.place(
        shop.order(member_id, 70_000, business_date=TODAY - timedelta(days=30)),
        shop.order(member_id, 50_000, business_date=TODAY - timedelta(days=29)),
    )
    points = TierLadder(
        basis="points", window_days=30,
        tiers=[replace(SILVER, threshold=600), replace(GOLD, threshold=700)],
    )  # fmt: skip
    shop.publish(points, valid_from=NOW)

    told = ask(shop, member_id)

    assert (told.tier, told.progress, told.missing) == (None, 500, 100)
    assert (told.since, told.as_of) == (TODAY - timedelta(days=29), TODAY)
    assert [part.amount for part in told.parts] == [500]
    assert told.zh == "未达任何等级：2026-02-13 起累计 500 积分；距银卡还差 100（规则版本 2）"
    assert told.en == (
        "No tier: 500 points since 2026-02-13; 100 are missing to Silver (rule version 2)"
    )


def test_k29_page_by_page_every_purchase_once(shop: Shop, member_id: UUID) -> None:
    orders = [
        shop.order(member_id, 100 + n, business_date=TODAY - timedelta(days=n // 2))
        for n in range(5)
    ]
    shop.place(*orders)
    shop.void(orders[0])

    pages = [ask(shop, member_id, first=2)]
    while pages[-1].next:
        pages.append(ask(shop, member_id, first=2, after=pages[-1].next))

    assert [len(page.parts) for page in pages] == [2, 2, 2]
    found = [part for page in pages for part in page.parts]
    assert len({(part.document_id, part.kind) for part in found}) == 6
    assert sum(part.amount for part in found) == pages[0].progress == 410
    dates = [part.business_date for part in found]
    assert dates == sorted(dates, reverse=True)


def test_k29_of_who_was_merged_it_is_the_survivors_with_what_all_have_bought(
    shop: Shop, member_id: UUID
) -> None:
    other_id = shop.register()
    shop.place(shop.order(member_id, 70_000), shop.order(other_id, 40_000))
    merged(shop, member_id, other_id)

    told = ask(shop, other_id)

    assert told == ask(shop, member_id)
    assert (told.member_id, told.tier, told.progress) == (member_id, "gold", 110_000)
    assert sorted(part.amount for part in told.parts) == [40_000, 70_000]


def test_nobody_and_no_ladder_are_refused(bare_shop: Shop) -> None:
    for member_id, code in ((new_id(), "UNKNOWN_MEMBER"), (bare_shop.register(), "NO_RULE")):
        with pytest.raises(Refusal) as refused:
            ask(bare_shop, member_id)
        assert refused.value.code == code
    bare_shop.publish(LADDER)
    with pytest.raises(InvalidInput):
        ask(bare_shop, bare_shop.register(), after="nonsense")
