"""Tiers and rules of reckoning, without a database."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import text

from services.loyalty import accounts, tiers
from services.loyalty.holds import points_limit, split
from services.loyalty.plans import highest
from services.loyalty.standing import standing
from shared.contracts.loyalty import (
    EarnRule,
    SpendRule,
    Tier,
    TierChanged,
    TierLadder,
    TiersChanged,
    TopUpRule,
    TopUpStep,
    WalletRule,
)
from shared.contracts.member import MemberRegistered
from shared.contracts.member.imports import Arrival, MembersImported
from shared.ids import new_id
from tests.services.loyalty.conftest import (
    DIAMOND,
    GOLD,
    LADDER,
    NOW,
    SILVER,
    TODAY,
    Shop,
    envelope_of,
)

AT_2000 = TierLadder(
    basis="spend",
    tiers=[Tier(code="gold", name_zh="金卡", name_en="Gold", threshold=200_000)],
)


@pytest.mark.parametrize(
    ("ladder", "spent", "tier", "following", "missing", "nudge"),
    [
        (LADDER, 0, "silver", "gold", 100_000, False),
        (LADDER, 89_999, "silver", "gold", 10_001, False),
        (LADDER, 90_000, "silver", "gold", 10_000, True),
        (LADDER, 99_000, "silver", "gold", 1_000, True),  # T3, T4: 990 of 1000, 10 yuan to go
        (LADDER, 99_999, "silver", "gold", 1, True),
        (LADDER, 100_000, "gold", "diamond", 400_000, False),
        (LADDER, 500_000, "diamond", None, None, False),
        (LADDER, 10**12, "diamond", None, None, False),
        (LADDER, -1, None, "silver", 1, False),
        (AT_2000, 199_999, None, "gold", 1, True),  # T2: gold from 2000 on
        (AT_2000, 200_000, "gold", None, None, False),
    ],
)
def test_where_a_spend_stands_on_a_ladder(
    ladder: TierLadder, spent: int, tier: str | None, following: str | None, missing: int | None,
    nudge: bool,
) -> None:  # fmt: skip
    stands = standing(ladder, spent, points=7)

    assert (stands.tier and stands.tier.code) == tier
    assert (stands.next and stands.next.code) == following
    assert (stands.progress, stands.missing, stands.nudge) == (spent, missing, nudge)


def test_a_ladder_may_rest_on_points() -> None:
    by_points = TierLadder(basis="points", tiers=LADDER.tiers)

    stands = standing(by_points, spent_minor=10**9, points=100_000)

    assert stands.tier == GOLD


@given(st.integers(-(10**6), 10**7), st.integers(1, 10**6))
def test_more_spend_never_lowers_a_tier(spent: int, more: int) -> None:
    def height(amount: int) -> int:
        tier = standing(LADDER, amount, 0).tier
        return -1 if tier is None else [SILVER, GOLD, DIAMOND].index(tier)

    assert height(spent + more) >= height(spent)


@pytest.mark.parametrize(
    ("paid", "tier", "points"),
    [
        (9_999, None, 99),
        (10_000, None, 100),
        (10_000, "gold", 150),
        (9_999, "gold", 149),
        (10_000, "diamond", 200),
        (10_000, "unheard-of", 100),
        (10_000, "nothing", 0),
        (0, "gold", 0),
        (-10_000, "gold", 0),
    ],
)
def test_points_for_what_was_paid(paid: int, tier: str | None, points: int) -> None:
    rule = EarnRule(
        minor_per_point=100,
        multipliers_basis_points={"gold": 15_000, "diamond": 20_000, "nothing": 0},
    )

    assert rule.points_for(paid, tier) == points


@pytest.mark.parametrize(
    ("order", "amount", "principal", "bonus", "parts"),
    [
        ("principal_first", 100, 80, 50, (80, 20)),
        ("principal_first", 60, 80, 50, (60, 0)),
        ("bonus_first", 100, 80, 50, (50, 50)),
        ("bonus_first", 40, 80, 50, (0, 40)),
        ("pro_rata", 65, 80, 50, (40, 25)),
        ("pro_rata", 1, 1, 1, (1, 0)),
        ("pro_rata", 0, 0, 0, (0, 0)),
    ],
)
def test_which_part_of_the_wallet_is_spent(
    order: str, amount: int, principal: int, bonus: int, parts: tuple[int, int]
) -> None:
    assert split(WalletRule(spend_order=order), amount, principal, bonus) == parts


@given(
    st.sampled_from(["principal_first", "bonus_first", "pro_rata"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.data(),
)
def test_a_split_is_whole_and_within_what_there_is(
    order: str, principal: int, bonus: int, data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, principal + bonus))

    first, second = split(WalletRule(spend_order=order), amount, principal, bonus)

    assert first + second == amount
    assert 0 <= first <= principal
    assert 0 <= second <= bonus


@given(st.integers(1, 10**5), st.integers(0, 10_000), st.integers(0, 10**9))
def test_the_limit_is_the_most_points_within_the_share(rate: int, share: int, total: int) -> None:
    rule = SpendRule(minor_per_hundred_points=rate, max_share_basis_points=share)

    limit = points_limit(rule, total)

    assert rule.value_of(limit) <= total * share // 10_000 < rule.value_of(limit + 1)


@pytest.mark.parametrize(("paid", "bonus"), [(9_999, 0), (10_000, 500), (50_000, 5_000)])
def test_the_bonus_of_the_highest_step_reached(paid: int, bonus: int) -> None:
    rule = TopUpRule(
        steps=[
            TopUpStep(paid_minor=10_000, bonus_minor=500),
            TopUpStep(paid_minor=50_000, bonus_minor=5_000),
        ]
    )

    assert highest(rule.steps, paid) == bonus


def test_a_new_member_has_the_lowest_tier_and_others_are_told(shop: Shop) -> None:
    member_id = new_id()

    accounts.on_member_registered(shop.session, [registered(member_id, shop)])

    assert shop.account(member_id).tier == "silver"
    [told] = shop.events(TierChanged)
    assert (told.subject, told.sequence) == (str(member_id), 1)
    assert (told.data.tier, told.data.tier_name_zh, told.data.ladder_version) == (
        "silver",
        "银卡",
        1,
    )


def test_those_who_come_with_an_import_are_told_of_together(shop: Shop) -> None:
    """One event brings many, and one tells their tiers; come again, it changes nothing."""
    members = [new_id() for _ in range(3)]
    event = envelope_of(
        MembersImported(import_id=new_id(), items=[arrival(id_, shop) for id_ in members])
    )

    accounts.on_members_imported(shop.session, [event])

    assert [shop.account(member_id).tier for member_id in members] == ["silver"] * 3
    [together] = shop.events(TiersChanged)
    assert {(each.member_id, each.version) for each in together.data.items} == {
        (member_id, 1) for member_id in members
    }
    assert shop.events(TierChanged) == []
    before = shop.everything()
    accounts.on_members_imported(shop.session, [event])
    assert shop.everything() == before


def test_a_member_who_is_known_is_not_written_again(shop: Shop, member_id: UUID) -> None:
    where = "SELECT xmin FROM members WHERE member_id = :id"
    before = shop.session.scalar(text(where), {"id": member_id})

    accounts.open_accounts(shop.session, [accounts.Opening(member_id, shop.store_id, "CNY")])

    assert shop.session.scalar(text(where), {"id": member_id}) == before


def test_registering_twice_opens_one_set_of_accounts(shop: Shop) -> None:
    member_id = new_id()
    accounts.on_member_registered(shop.session, [registered(member_id, shop)])
    before = shop.everything()

    accounts.on_member_registered(shop.session, [registered(member_id, shop)] * 2)

    assert shop.everything() == before


def test_a_new_ladder_is_applied_to_everybody(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, points=600)
    untouched = shop.register()
    tiers.review(shop.session, NOW)
    assert shop.account(member_id).tier == "silver"
    easier = TierLadder(
        basis="spend",
        tiers=[Tier(code="gold", name_zh="金卡", name_en="Gold", threshold=60_000)],
    )
    shop.publish(easier)

    looked_at = tiers.review(shop.session, NOW)

    assert looked_at == 2
    [together] = shop.events(TiersChanged)
    told = {each.member_id: each for each in together.data.items}
    assert told[member_id].tier == "gold"
    assert told[untouched].tier is None
    assert told[member_id].ladder_version == 2
    assert tiers.review(shop.session, NOW) == 0


def test_a_purchase_that_leaves_the_window_lowers_the_tier_that_day(bare_shop: Shop) -> None:
    shop = bare_shop
    shop.publish(TierLadder(basis="spend", window_days=365, tiers=LADDER.tiers))
    member_id = shop.register()
    shop.place(shop.order(member_id, 100_000, business_date=TODAY))
    last_day, after = NOW + timedelta(days=364), NOW + timedelta(days=365)

    assert shop.account(member_id, last_day).tier == "gold"
    assert tiers.review(shop.session, last_day) == 0
    assert shop.account(member_id, after).tier == "silver"
    assert tiers.review(shop.session, after) == 1

    assert [event.data.tier for event in shop.events(TierChanged)] == ["gold", "silver"]
    assert tiers.review(shop.session, after) == 0


def test_only_the_window_counts(bare_shop: Shop) -> None:
    shop = bare_shop
    shop.publish(TierLadder(basis="spend", window_days=30, tiers=LADDER.tiers))
    member_id = shop.register()
    long_past = shop.order(member_id, 90_000, business_date=TODAY - timedelta(days=30))
    recent = shop.order(member_id, 5_000, business_date=TODAY - timedelta(days=29))
    shop.place(long_past)
    shop.place(recent, shop.order(member_id, 7_000))

    account = shop.account(member_id)

    assert (account.progress, account.tier, account.missing) == (12_000, "silver", 88_000)


def test_today_is_the_home_stores_today(bare_shop: Shop) -> None:
    shop = bare_shop
    shop.publish(TierLadder(basis="spend", window_days=1, tiers=LADDER.tiers))
    member_id = shop.register()
    shop.place(shop.order(member_id, 100, business_date=date(2026, 3, 14)))

    before_midnight = datetime.fromisoformat("2026-03-14T15:59:59+00:00")
    after_midnight = datetime.fromisoformat("2026-03-14T16:00:00+00:00")

    assert shop.account(member_id, before_midnight).progress == 100
    assert shop.account(member_id, after_midnight).progress == 0


def arrival(member_id: UUID, shop: Shop) -> Arrival:
    return Arrival(
        member_id=member_id,
        version=1,
        card_code="C1",
        home_store_id=shop.store_id,
        associate_id=None,
        source_channel="import",
        consents=[],
        tags=[],
    )


def registered(member_id: UUID, shop: Shop) -> object:
    return envelope_of(
        MemberRegistered(
            member_id=member_id,
            card_code="C1",
            home_store_id=shop.store_id,
            associate_id=None,
            source_channel="store",
        )
    )


def test_t1_a_calendar_year_begins_anew_on_the_first_of_january(
    shop: Shop, member_id: UUID
) -> None:
    shop.publish(replace(LADDER, calendar_year=True), valid_from=NOW)
    shop.place(
        shop.order(member_id, 60_000, business_date=date(2025, 12, 31)),
        shop.order(member_id, 70_000, business_date=date(2026, 1, 1)),
    )
    assert (shop.account(member_id).progress, shop.account(member_id).tier) == (70_000, "silver")
    shop.place(shop.order(member_id, 30_000))
    assert shop.account(member_id).tier == "gold"

    # Midnight in Shanghai is 16:00 the day before in UTC.
    new_year = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    assert tiers.review(shop.session, new_year - timedelta(seconds=1)) == 0
    assert tiers.review(shop.session, new_year) == 1

    assert [event.data.tier for event in shop.events(TierChanged)][-2:] == ["gold", "silver"]
    assert shop.account(member_id, new_year).progress == 0
    assert tiers.review(shop.session, new_year) == 0
    assert shop.differences() == {}
