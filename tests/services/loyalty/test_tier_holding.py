"""Grace, notice, nudge and tiers set by hand: what a tier rests on besides the sum (T4, T6)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.loyalty import accounts, returns, tier_explanation, tier_settings, tiers
from services.loyalty.standing import Progress, hold
from shared.contracts.loyalty import TierChanged, TierLadder
from shared.contracts.loyalty.tier_explanation import ExplainTier
from shared.contracts.loyalty.tiers import (
    ListTierSettings,
    NearNextTier,
    SetTier,
    TierBenefit,
    TierLapsing,
    TierSet,
    TierSetting,
)
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Role
from tests.services.loyalty.conftest import DIAMOND, GOLD, LADDER, NOW, SILVER, TODAY, Shop, caller
from tests.services.loyalty.test_merged_wallets import merged, parted
from tests.services.loyalty.test_returns import back_of
from tests.thorough import examples

DAY = timedelta(days=1)
GRACEFUL = replace(LADDER, window_days=30, grace_days=10, notice_days=3)


@pytest.fixture
def graceful(bare_shop: Shop) -> Shop:
    """Thirty days' spend counts, ten days of grace, notice three days before the end of a tier."""
    bare_shop.publish(GRACEFUL)
    return bare_shop


def days_later(days: int) -> datetime:
    return NOW + days * DAY


def review(shop: Shop, days: int) -> int:
    return tiers.review(shop.session, days_later(days))


def tiers_told(shop: Shop) -> list[str | None]:
    return [event.data.tier for event in shop.events(TierChanged)]


def give(shop: Shop, of: UUID, tier: str | None, at: datetime = NOW, **fields: Any) -> TierSetting:
    values: dict[str, Any] = {"id": new_id(), "member_id": of, "tier": tier, "reason": "开业贵宾"}
    return tier_settings.set_at(shop.session, shop.hq, SetTier(**(values | fields)), at)


def test_who_falls_keeps_the_tier_for_the_days_of_grace(graceful: Shop) -> None:
    shop, member_id = graceful, graceful.register()
    shop.place(shop.order(member_id, 120_000))

    assert [review(shop, day) for day in (29, 30, 36)] == [0, 1, 0]

    account = shop.account(member_id, days_later(36))
    assert (account.tier, account.tier_held_by, account.to_keep) == ("gold", "grace", 100_000)
    assert account.tier_until == TODAY + 39 * DAY
    assert shop.events(TierLapsing) == []
    assert (review(shop, 37), review(shop, 39), review(shop, 40)) == (1, 0, 1)
    assert tiers_told(shop) == ["gold", "silver"]
    assert shop.account(member_id, days_later(40)).tier_held_by == "sum"
    assert review(shop, 400) == 0
    assert shop.differences() == {}


def test_notice_is_given_once_with_what_would_keep_the_tier(graceful: Shop) -> None:
    shop, member_id = graceful, graceful.register()
    shop.place(shop.order(member_id, 120_000))
    shop.place(shop.order(member_id, 30_000, business_date=TODAY + 20 * DAY))
    review(shop, 30)

    for day in (37, 37, 38):
        review(shop, day)
        tiers.assess(shop.session, [member_id], days_later(day))

    [told] = shop.events(TierLapsing)
    assert (told.subject, told.data.store_id) == (str(member_id), shop.store_id)
    assert (told.data.tier, told.data.falls_to, told.data.held_by) == ("gold", "silver", "grace")
    assert (told.data.missing, told.data.until) == (70_000, TODAY + 39 * DAY)
    assert (told.data.basis, told.data.currency, told.data.ladder_version) == ("spend", "CNY", 1)


def test_a_purchase_within_the_grace_keeps_the_tier_if_it_suffices(graceful: Shop) -> None:
    shop = graceful
    enough, too_little = shop.register(), shop.register()
    for member_id in (enough, too_little):
        shop.place(shop.order(member_id, 120_000))
    review(shop, 30)
    last = TODAY + 39 * DAY
    shop.place(shop.order(enough, 100_000, business_date=last), now=days_later(39))
    shop.place(shop.order(too_little, 99_999, business_date=last), now=days_later(39))

    review(shop, 40)

    assert shop.account(enough, days_later(40)).tier_held_by == "sum"
    assert shop.account(enough, days_later(40)).tier == "gold"
    assert shop.account(too_little, days_later(40)).tier == "silver"
    # The next time is a grace of its own.
    assert review(shop, 69) == 2
    assert shop.account(enough, days_later(69)).tier_until == TODAY + 78 * DAY
    assert shop.differences() == {}


def test_goods_that_come_back_take_the_tier_with_them(graceful: Shop) -> None:
    shop, member_id = graceful, graceful.register()
    order = shop.order(member_id, 120_000)
    shop.place(order)

    returns.book_returned(shop.session, [back_of(order, 90_000, 30_000)], NOW)

    assert tiers_told(shop) == ["gold", "silver"]
    shop.publish(replace(GRACEFUL, grace_after_return=True), valid_from=NOW)
    again = shop.order(member_id, 80_000)
    shop.place(again)
    shop.void(again)
    account = shop.account(member_id)
    assert (account.tier, account.tier_held_by) == ("gold", "grace")
    assert shop.differences() == {}


def test_a_new_ladder_gives_its_own_grace_but_not_to_a_tier_it_does_not_have(shop: Shop) -> None:
    gold, diamond = shop.register(), shop.register()
    shop.place(shop.order(gold, 120_000), shop.order(diamond, 600_000))
    dearer = replace(GOLD, threshold=1_000_000)
    shop.publish(replace(LADDER, tiers=[SILVER, dearer], grace_days=5), valid_from=NOW)

    assert review(shop, 0) == 2

    assert shop.account(gold).tier == "gold"
    assert shop.account(gold).tier_until == TODAY + 4 * DAY
    assert shop.account(diamond).tier == "silver"
    assert shop.differences() == {}


def test_t4_at_990_of_1000_it_is_told_once_and_again_after_falling_back(
    shop: Shop, member_id: UUID
) -> None:
    shop.place(shop.order(member_id, 89_400))
    assert shop.events(NearNextTier) == []
    last = shop.order(member_id, 9_600)
    shop.place(last)
    shop.place(shop.order(member_id, 500))

    [told] = shop.events(NearNextTier)
    assert (told.subject, told.sequence, told.data.missing) == (str(member_id), 1, 1_000)
    assert (told.data.next_tier, told.data.next_tier_name_zh) == ("gold", "金卡")
    assert told.data.store_id == shop.store_id

    shop.void(last)
    shop.place(shop.order(member_id, 8_000))

    assert [event.sequence for event in shop.events(NearNextTier)] == [1, 2]
    shop.place(shop.order(member_id, 360_000))
    assert [event.data.next_tier for event in shop.events(NearNextTier)][2:] == ["diamond"]


def test_hq_sets_a_tier_that_holds_until_it_lapses(graceful: Shop) -> None:
    shop, member_id = graceful, graceful.register()
    until = TODAY + 20 * DAY

    given = give(shop, member_id, "gold", until=until)

    assert (given.version, given.tier, given.until) == (1, "gold", until)
    account = shop.account(member_id)
    assert (account.tier, account.tier_held_by, account.tier_until) == ("gold", "set", until)
    assert (account.next_tier, account.missing, account.to_keep) == ("diamond", 500_000, 100_000)
    [told] = shop.events(TierSet)
    assert (told.data.setting_id, told.data.tier, told.data.until) == (given.id, "gold", until)
    why = tier_explanation.explain_at(shop.session, ExplainTier(member_id=member_id), NOW)
    assert (why.held_by, why.until, why.tier_by_sum) == ("set", until, "silver")
    assert why.zh.startswith("金卡（总部设定，至 2026-04-03）：2026-02-13 起累计 ¥0.00")
    assert "¥1,000.00 would keep it" in why.en
    assert [review(shop, day) for day in (17, 18, 20, 21)] == [0, 1, 0, 1]
    [lapsing] = shop.events(TierLapsing)
    assert (lapsing.data.held_by, lapsing.data.until, lapsing.data.missing) == (
        "set",
        until,
        100_000,
    )
    # What was set ends on its day: there is no grace after it.
    assert tiers_told(shop) == ["gold", "silver"]
    assert shop.differences() == {}


def test_a_set_tier_is_the_least_or_the_only_one_and_can_be_taken_back(
    shop: Shop, member_id: UUID
) -> None:
    give(shop, member_id, "gold")
    shop.place(shop.order(member_id, 600_000))
    assert (shop.account(member_id).tier, shop.account(member_id).tier_held_by) == (
        "diamond",
        "sum",
    )
    give(shop, member_id, "silver", exactly=True)
    held = shop.account(member_id)
    assert (held.tier, held.to_keep, held.nudge) == ("silver", None, False)

    back = give(shop, member_id, None)

    assert (back.version, shop.account(member_id).tier) == (3, "diamond")
    assert tiers_told(shop) == ["gold", "diamond", "silver", "diamond"]
    page = tier_settings.list_settings(
        shop.session, shop.hq, ListTierSettings(member_id=member_id, first=2)
    )
    assert [each.tier for each in page.items] == [None, "silver"]
    rest = ListTierSettings(member_id=member_id, after=page.cursors[-1])
    assert [each.tier for each in tier_settings.list_settings(shop.session, shop.hq, rest).items]
    assert shop.differences() == {}


def test_setting_a_tier_again_with_the_same_id_changes_nothing(shop: Shop, member_id: UUID) -> None:
    id_ = new_id()
    first = give(shop, member_id, "gold", id=id_)
    before = shop.everything()

    assert give(shop, member_id, "gold", id=id_) == first
    with pytest.raises(Refusal, match="ENTRY_ID_TAKEN"):
        give(shop, member_id, "diamond", id=id_)

    assert shop.everything() == before


def test_what_cannot_be_set_is_refused(shop: Shop, member_id: UUID) -> None:
    before = shop.everything()
    for code, tier, fields in (
        ("UNKNOWN_TIER", "platinum", {}),
        ("UNKNOWN_MEMBER", "gold", {"member_id": new_id()}),
        ("TIER_UNTIL_PAST", "gold", {"until": TODAY - DAY}),
        ("NO_TIER_SET", None, {}),
    ):
        with pytest.raises(Refusal, match=code):
            give(shop, member_id, tier, **fields)
    with pytest.raises(InvalidInput):
        give(shop, member_id, None, until=TODAY)
    command = SetTier(id=new_id(), member_id=member_id, tier="gold", reason="xx")
    with pytest.raises(Forbidden):
        tier_settings.set_tier(shop.session, caller(Role.HQ_OPERATIONS, shop.store_id), command)
    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        tier_settings.list_settings(shop.session, shop.hq, ListTierSettings(member_id=new_id()))
    assert shop.everything() == before


def test_what_is_set_for_who_was_merged_counts_until_it_is_undone(graceful: Shop) -> None:
    shop = graceful
    survivor_id, other_id = shop.register(), shop.register()
    give(shop, other_id, "diamond", until=TODAY + 5 * DAY)
    shop.place(shop.order(other_id, 120_000))
    event = merged(shop, survivor_id, other_id)
    assert shop.account(survivor_id).tier == "diamond"

    parted(shop, event)

    # Of what the other had, nothing was ever the survivor's to keep in grace.
    assert (shop.account(survivor_id).tier, shop.account(other_id).tier) == ("silver", "diamond")
    merged(shop, survivor_id, other_id, number=3)
    give(shop, survivor_id, None)
    assert shop.account(survivor_id).tier == "gold"
    assert shop.differences() == {}


def test_without_a_ladder_no_tier_can_be_set(bare_shop: Shop) -> None:
    with pytest.raises(Refusal, match="NO_RULE"):
        give(bare_shop, bare_shop.register(), "gold")


def test_t6_a_tiers_services_are_shown_in_both_languages(bare_shop: Shop) -> None:
    benefits = [
        TierBenefit(code="delivery", name_zh="免费配送", name_en="Free delivery"),
        TierBenefit(
            code="line", name_zh="专属客服", name_en="Service line of its own", note_en="ext. 8"
        ),
    ]
    bare_shop.publish(replace(LADDER, tiers=[SILVER, replace(GOLD, benefits=benefits), DIAMOND]))
    member_id = bare_shop.register()
    assert bare_shop.account(member_id).benefits == []

    bare_shop.place(bare_shop.order(member_id, 100_000))

    assert bare_shop.account(member_id).benefits == benefits


@pytest.mark.parametrize(
    ("window", "bought_on", "falls_on"),
    [
        ({"window_days": 1}, date(2028, 2, 28), date(2028, 2, 29)),
        ({"window_days": 1}, date(2028, 2, 29), date(2028, 3, 1)),
        ({"window_days": 365}, date(2028, 2, 29), date(2029, 2, 28)),
        ({"window_days": 366}, date(2028, 2, 29), date(2029, 3, 1)),
        ({"calendar_year": True}, date(2027, 12, 31), date(2028, 1, 1)),
        ({"calendar_year": True}, date(2028, 1, 1), date(2029, 1, 1)),
        ({"calendar_year": True}, date(2028, 2, 29), date(2029, 1, 1)),
    ],
)
@pytest.mark.parametrize(
    ("zone", "midnight_utc"),
    [("Asia/Shanghai", timedelta(hours=-8)), ("America/New_York", timedelta(hours=5))],
)
def test_windows_end_at_midnight_of_the_home_store(
    bare_shop: Shop,
    window: dict[str, Any],
    bought_on: date,
    falls_on: date,
    zone: str,
    midnight_utc: timedelta,
) -> None:
    shop = bare_shop
    shop.publish(TierLadder(basis="spend", tiers=LADDER.tiers, grace_days=2, **window))
    store_id = shop.open_store(time_zone=zone)
    member_id = new_id()
    accounts.open_accounts(shop.session, [accounts.Opening(member_id, store_id)])
    bought_at = datetime.combine(bought_on, datetime.min.time(), UTC) + midnight_utc
    shop.place(shop.order(member_id, 100_000, business_date=bought_on), now=bought_at)
    midnight = datetime.combine(falls_on, datetime.min.time(), UTC) + midnight_utc

    before = shop.account(member_id, midnight - timedelta(seconds=1))
    after = shop.account(member_id, midnight)

    assert (before.tier, before.tier_held_by) == ("gold", "sum")
    assert (after.tier, after.tier_held_by, after.tier_until) == ("gold", "grace", falls_on + DAY)
    assert tiers.review(shop.session, midnight - timedelta(seconds=1)) == 0
    assert tiers.review(shop.session, midnight) == 1
    last = midnight + 2 * DAY - timedelta(seconds=1)
    assert (tiers.review(shop.session, last), shop.account(member_id, last).tier) == (0, "gold")
    assert tiers.review(shop.session, midnight + 2 * DAY) == 1
    assert shop.account(member_id, midnight + 2 * DAY).tier == "silver"


CODES = st.sampled_from([None, "silver", "gold", "diamond", "gone"])


@settings(max_examples=examples(100))
@given(
    spent=st.integers(-1_000, 600_000), taken=st.integers(0, 600_000), earned=CODES, grace=CODES,
    left=st.integers(-3, 3), by_hand=CODES, until=st.none() | st.integers(-3, 3),
    exactly=st.booleans(), days=st.integers(0, 5), after_return=st.booleans(),
)  # fmt: skip
def test_no_tier_is_lower_than_the_sum_gives_but_by_hand(
    spent: int, taken: int, earned: str | None, grace: str | None, left: int,
    by_hand: str | None, until: int | None, exactly: bool, days: int, after_return: bool,
) -> None:  # fmt: skip
    ladder = replace(LADDER, grace_days=days, grace_after_return=after_return)
    member = Progress(
        member_id=new_id(), home_store_id=None, currency="CNY", tier=None, tier_version=0,
        ladder_version=1, tier_as_of=TODAY, review_on=None, earned_tier=earned, grace_tier=grace,
        grace_until=TODAY + left * DAY if grace else None, lapse_told=None, near_tier=None,
        near_count=0, set_tier=by_hand, set_until=None if until is None else TODAY + until * DAY,
        set_exactly=exactly and by_hand is not None, closed=False, as_of=TODAY, spent_minor=spent,
        points=0, oldest=None, survivor_id=None, taken_minor=taken,
    )  # fmt: skip

    held = hold(member, ladder)

    rank, by_sum = (ladder.rank(each and each.code) for each in (held.tier, held.by_sum))
    if held.held_by == "set":
        assert held.tier is not None
        assert held.tier.code == by_hand
        assert rank > by_sum or exactly
    else:
        assert (rank > by_sum) == (held.held_by == "grace")
    assert held.until is None or held.until >= TODAY
    assert (held.to_keep is not None) == (rank > by_sum)
    if held.next:
        assert ladder.rank(held.next.code) > rank
        assert held.missing == held.next.threshold - spent > 0
