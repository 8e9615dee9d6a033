"""A draft is rehearsed over what was sold: it tells what publishing it then does (L6, T7)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import rehearsals, rehearsing, returns, rules, tiers
from shared.contracts.loyalty import EarnRule, PublishRule, TierLadder
from shared.contracts.loyalty.earning import EarnBonus, EarnWhen
from shared.contracts.loyalty.rehearsals import (
    CancelRehearsal,
    GetRehearsal,
    ListRehearsals,
    Rehearsal,
    RehearseRule,
    RollBackRule,
)
from shared.contracts.order import OrderLine, OrderPlaced
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Role
from shared.stores import forget_stores
from tests.services.loyalty.conftest import (
    DIAMOND,
    EARN,
    GOLD,
    LADDER,
    NOW,
    SILVER,
    SPEND,
    TODAY,
    Shop,
    caller,
)
from tests.services.loyalty.test_returns import back_of
from tests.thorough import examples

DAY = timedelta(days=1)
# Each example is rolled back to where it began.
ROLLED_BACK = settings(
    max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STYLES = [new_id(), new_id()]
CATEGORIES = ["dress", "coat"]


def run(shop: Shop, body: EarnRule | TierLadder, days: int = 90) -> Rehearsal:
    command = RehearseRule(id=new_id(), days=days, body=body)
    rehearsals.rehearse(shop.session, shop.hq, command)
    while rehearsing.step(shop.session, NOW):
        pass
    return rehearsals.get_rehearsal(shop.session, shop.hq, GetRehearsal(id=command.id))


def totals(told: Rehearsal) -> tuple[int, int, int]:
    return (
        sum(store.points_booked for store in told.stores),
        sum(store.points_in_force for store in told.stores),
        sum(store.points_draft for store in told.stores),
    )


def test_a_draft_that_gives_twice_as_much_costs_as_much_again(shop: Shop, member_id: UUID) -> None:
    elsewhere = shop.open_store()
    shop.place(
        shop.order(member_id, 20_000),
        shop.order(member_id, 10_050, business_date=TODAY - 9 * DAY),
        shop.order(member_id, 70_000, business_date=TODAY - 10 * DAY),
        shop.order(member_id, 5_000, store_id=elsewhere),
        shop.order(None, 9_000),
    )
    before = shop.everything()

    told = run(shop, EarnRule(minor_per_point=50), days=10)

    assert shop.everything() == before
    assert (told.state, told.members, told.looked_at) == ("done", 1, 1)
    assert (told.orders, told.orders_unknown, told.moves) == (3, 0, [])
    assert (told.earn_version, told.ladder_version, told.spend_version) == (1, 1, 1)
    by_store = {store.store_id: store for store in told.stores}
    here, there = by_store[shop.store_id], by_store[elsewhere]
    assert (here.orders, here.points_booked, here.points_in_force, here.points_draft) == (
        2,
        300,
        300,
        601,
    )
    assert (here.cost_minor, here.currency, there.cost_minor) == (301, "CNY", 50)


def test_what_came_back_and_what_was_voided_is_taken_off(shop: Shop, member_id: UUID) -> None:
    partly, voided = shop.order(member_id, 30_000), shop.order(member_id, 40_000)
    shop.place(partly, voided)
    shop.void(voided)
    returns.book_returned(shop.session, [back_of(partly, 10_000, 20_000)], NOW)

    told = run(shop, replace(EARN, minor_per_point=200))

    assert (told.orders, totals(told)) == (2, (200, 200, 100))
    assert [store.cost_minor for store in told.stores] == [-100]


def test_what_was_sold_before_facts_were_kept_is_said_to_be_left_out(
    shop: Shop, member_id: UUID
) -> None:
    shop.place(shop.order(member_id, 30_000))
    shop.session.execute(text("ALTER TABLE sale_facts DISABLE TRIGGER append_only"))
    shop.session.execute(text("DELETE FROM sale_facts"))

    told = run(shop, EARN)

    assert (told.orders, told.orders_unknown, told.stores) == (0, 1, [])


def test_a_ladder_tells_who_moves_and_what_that_costs(shop: Shop) -> None:
    rises, falls, stays = (shop.register() for _ in range(3))
    shop.place(shop.order(rises, 80_000), shop.order(falls, 120_000), shop.order(stays, 600_000))
    tiers.review(shop.session, NOW)
    shop.publish(replace(EARN, multipliers_basis_points={"gold": 20_000}))
    draft = TierLadder(
        basis="spend",
        tiers=[SILVER, replace(GOLD, threshold=80_000), replace(DIAMOND, threshold=100_000)],
    )

    told = run(shop, draft)

    moves = {(move.tier, move.to_tier): move for move in told.moves}
    assert set(moves) == {("silver", "gold"), ("gold", "diamond")}
    assert moves["silver", "gold"].example_ids == [rises]
    assert all(move.up and not move.in_grace and move.members == 1 for move in told.moves)
    # 800 points more for who becomes gold, 1,200 fewer for who is gold no longer.
    assert totals(told)[1:] == (800 + 2_400 + 6_000, 1_600 + 1_200 + 6_000)


def test_who_would_be_kept_in_grace_is_told_apart(shop: Shop) -> None:
    member_id = shop.register()
    shop.place(shop.order(member_id, 120_000))
    dearer = TierLadder(
        basis="spend", tiers=[SILVER, replace(GOLD, threshold=200_000)], grace_days=30
    )

    [move] = run(shop, dearer).moves

    assert (move.tier, move.to_tier, move.in_grace, move.up) == ("gold", "silver", True, False)
    [at_once] = run(shop, replace(dearer, grace_days=0)).moves
    assert (at_once.tier, at_once.to_tier, at_once.in_grace) == ("gold", "silver", False)


def test_a_ladder_of_points_moves_with_the_earn_rule(bare_shop: Shop) -> None:
    by_points = TierLadder(
        basis="points", window_days=30, tiers=[SILVER, replace(GOLD, threshold=500)]
    )
    bare_shop.publish(EARN, by_points)
    member_id, other = bare_shop.register(), bare_shop.register()
    bare_shop.place(bare_shop.order(member_id, 30_000))
    bare_shop.place(bare_shop.order(other, 60_000, business_date=TODAY - 40 * DAY))

    told = run(bare_shop, EarnRule(minor_per_point=50))

    [move] = told.moves
    assert (move.tier, move.to_tier, move.example_ids) == ("silver", "gold", [member_id])


def test_a_run_goes_on_in_batches_and_can_be_cancelled(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsing, "SALES_LIMIT", 2)
    for _ in range(5):
        shop.place(shop.order(shop.register(), 10_000))
    first, second = (RehearseRule(id=new_id(), body=EARN) for _ in range(2))
    for command in (first, second):
        assert rehearsals.rehearse(shop.session, shop.hq, command).state == "waiting"
    assert rehearsing.step(shop.session, NOW)

    half = rehearsals.rehearse(shop.session, shop.hq, first)

    assert (half.state, half.looked_at, half.members, half.orders) == ("running", 2, 5, 2)
    ended = rehearsals.cancel(shop.session, shop.hq, CancelRehearsal(id=first.id))
    assert (ended.state, ended.orders) == ("cancelled", 2)
    assert rehearsals.cancel(shop.session, shop.hq, CancelRehearsal(id=first.id)) == ended
    while rehearsing.step(shop.session, NOW):
        pass
    page = rehearsals.list_rehearsals(shop.session, shop.hq, ListRehearsals(first=1))
    assert [(each.id, each.state, each.looked_at) for each in page.items] == [
        (second.id, "done", 5)
    ]
    rest = ListRehearsals(after=page.cursors[-1])
    assert [each.id for each in rehearsals.list_rehearsals(shop.session, shop.hq, rest).items] == [
        first.id
    ]
    with pytest.raises(Refusal, match="REHEARSAL_OVER"):
        rehearsals.cancel(shop.session, shop.hq, CancelRehearsal(id=second.id))


def test_what_cannot_be_rehearsed_is_refused(shop: Shop) -> None:
    known = RehearseRule(id=new_id(), body=EARN)
    rehearsals.rehearse(shop.session, shop.hq, known)
    with pytest.raises(Refusal, match="ENTRY_ID_TAKEN"):
        rehearsals.rehearse(shop.session, shop.hq, replace(known, days=3))
    twice = replace(LADDER, tiers=[SILVER, SILVER])
    with pytest.raises(Refusal, match="INVALID_RULE"):
        rehearsals.rehearse(shop.session, shop.hq, RehearseRule(id=new_id(), body=twice))
    for ask, command in (
        (rehearsals.get_rehearsal, GetRehearsal(id=new_id())),
        (rehearsals.cancel, CancelRehearsal(id=new_id())),
    ):
        with pytest.raises(Refusal, match="UNKNOWN_REHEARSAL"):
            ask(shop.session, shop.hq, command)
    for _ in range(rehearsals.OPEN_LIMIT - 1):
        rehearsals.rehearse(shop.session, shop.hq, replace(known, id=new_id()))
    with pytest.raises(Refusal, match="TOO_MANY_REHEARSALS"):
        rehearsals.rehearse(shop.session, shop.hq, replace(known, id=new_id()))
    with pytest.raises(Forbidden):
        rehearsals.rehearse(shop.session, caller(Role.HQ_OPERATIONS, shop.store_id), known)


def test_a_rule_is_rolled_back_by_publishing_an_earlier_version_anew(shop: Shop) -> None:
    shop.publish(EarnRule(minor_per_point=50))
    command = RollBackRule(id=new_id(), kind="earn", version=1, valid_from=NOW)

    back = rules.roll_back(shop.session, shop.hq, command)

    assert (back.version, back.restores, back.body, back.valid_from) == (3, 1, EARN, NOW)
    assert rules.in_force(shop.session, "earn", NOW) == (3, EARN)
    assert rules.in_force(shop.session, "earn", NOW - DAY) == (2, EarnRule(minor_per_point=50))
    assert rules.roll_back(shop.session, shop.hq, command) == back
    before = shop.everything()
    for code, wrong in (
        ("ENTRY_ID_TAKEN", replace(command, version=2)),
        ("UNKNOWN_RULE_VERSION", replace(command, id=new_id(), version=9)),
    ):
        with pytest.raises(Refusal, match=code):
            rules.roll_back(shop.session, shop.hq, wrong)
    same = PublishRule(id=command.id, valid_from=NOW, body=EARN)
    with pytest.raises(Refusal, match="ENTRY_ID_TAKEN"):
        rules.publish(shop.session, shop.hq, same)
    with pytest.raises(Forbidden):
        rules.roll_back(shop.session, caller(Role.HQ_OPERATIONS, shop.store_id), command)
    assert shop.everything() == before


earn_rules = st.builds(
    EarnRule,
    minor_per_point=st.sampled_from([37, 100, 250]),
    multipliers_basis_points=st.sampled_from([{}, {"gold": 15_000}, {"silver": 7_500}]),
    earn_on_wallet=st.booleans(),
    combine=st.sampled_from(["highest", "multiply", "add"]),
    bonuses=st.lists(
        st.builds(
            EarnBonus,
            code=st.sampled_from(["a", "b", "c"]),
            name_zh=st.just("加倍"),
            name_en=st.just("more"),
            multiplier_basis_points=st.integers(10_000, 40_000),
            when=st.builds(
                EarnWhen,
                categories=st.sampled_from([frozenset(), frozenset({"dress"})]),
                style_ids=st.sampled_from([frozenset(), frozenset(STYLES[:1])]),
                weekdays=st.sampled_from([frozenset(), frozenset({5, 6})]),
                channels=st.sampled_from([frozenset(), frozenset({"app"})]),
            ),
        ),
        max_size=2,
        unique_by=lambda bonus: bonus.code,
    ),
)
ladders = st.builds(
    TierLadder,
    basis=st.sampled_from(["spend", "points"]),
    window_days=st.sampled_from([None, 5]),
    tiers=st.integers(50, 2_000).map(
        lambda gold: [SILVER, replace(GOLD, threshold=gold), replace(DIAMOND, threshold=gold * 3)]
    ),
    grace_days=st.sampled_from([0, 4]),
)
baskets = st.lists(
    st.tuples(
        st.integers(0, 2),  # who
        st.lists(st.tuples(st.integers(1, 60_000), st.integers(0, 1)), min_size=1, max_size=3),
        st.integers(0, 8),  # days ago
        st.sampled_from(["store", "app"]),
        st.booleans(),  # something of it comes back
    ),
    max_size=6,
)


def sell(shop: Shop, members: list[UUID], sold: list[Any]) -> list[OrderPlaced]:
    """Ring up baskets, and take the first line of some of them back."""
    orders = []
    for who, lines, days, channel, comes_back in sold:
        order = shop.order(
            members[who],
            sum(net for net, _ in lines),
            business_date=TODAY - days * DAY,
            channel=channel,
            tier=shop.account(members[who]).tier,
            lines=[
                OrderLine(
                    sku_id=new_id(), style_id=STYLES[kind], category=CATEGORIES[kind],
                    quantity=1, net_minor=net,
                )
                for net, kind in lines
            ],
        )  # fmt: skip
        orders.append(order)
        book(shop, order, comes_back)
    return orders


def book(shop: Shop, order: OrderPlaced, comes_back: bool) -> None:
    shop.place(order)
    if comes_back:
        first, *kept = order.lines
        back = back_of(
            order, first.net_minor, order.total_minor - first.net_minor, kept_lines=kept,
            sold_on=order.business_date, channel=order.channel,
        )  # fmt: skip
        returns.book_returned(shop.session, [back], NOW)


@ROLLED_BACK
@given(earn=earn_rules, draft=earn_rules, ladder=ladders, sold=baskets)
def test_a_rule_in_force_makes_no_difference_and_a_draft_does_what_was_told(
    session: Session, earn: EarnRule, draft: EarnRule, ladder: TierLadder, sold: list[Any]
) -> None:
    with session.begin_nested() as attempt:
        forget_stores()
        shop = Shop(session)
        shop.publish(SPEND, ladder, earn)
        members = [shop.register() for _ in range(3)]
        orders = sell(shop, members, sold)

        same, told = run(shop, earn), run(shop, draft)

        booked, in_force, by_draft = totals(same)
        assert booked == in_force == by_draft
        assert same.moves == []
        assert all(store.cost_minor == 0 for store in same.stores)
        assert totals(told)[:2] == (booked, in_force)
        shop.publish(draft)
        others = {member_id: shop.register() for member_id in members}
        for order, (*_, comes_back) in zip(orders, sold, strict=True):
            assert order.member_id is not None
            again = replace(order, order_id=new_id(), member_id=others[order.member_id])
            book(shop, again, comes_back)
        assert sum(shop.account(other).points for other in others.values()) == totals(told)[2]
        attempt.rollback()


@ROLLED_BACK
@given(earn=earn_rules, ladder=ladders, draft=ladders, sold=baskets)
def test_a_ladder_in_force_moves_nobody_and_a_draft_moves_whom_was_told(
    session: Session, earn: EarnRule, ladder: TierLadder, draft: TierLadder, sold: list[Any]
) -> None:
    with session.begin_nested() as attempt:
        forget_stores()
        shop = Shop(session)
        shop.publish(SPEND, ladder, earn)
        members = [shop.register() for _ in range(3)]
        tiers.assess(session, members, NOW - 3 * DAY)
        sell(shop, members, sold)
        tiers.review(session, NOW)
        before = {member_id: shop.account(member_id) for member_id in members}

        same, told = run(shop, ladder), run(shop, draft)

        assert same.moves == []
        assert len({totals(same)[1], totals(same)[2]}) == 1
        shop.publish(draft, valid_from=NOW)
        tiers.review(session, NOW)
        for member_id in members:
            now, then = before[member_id], shop.account(member_id)
            moved = [
                (move.tier, move.to_tier)
                for move in told.moves
                if member_id in move.example_ids and not move.in_grace
            ]
            assert moved == ([(now.tier, then.tier)] if now.tier != then.tier else [])
        assert sum(move.members for move in told.moves if not move.in_grace) == sum(
            before[member_id].tier != shop.account(member_id).tier for member_id in members
        )
        attempt.rollback()
