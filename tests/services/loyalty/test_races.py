"""Many at once: real threads, connections of their own, committed work."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from services.loyalty import (
    decisions,
    earning,
    holds,
    payouts,
    points,
    redemptions,
    rules,
    wallet,
)
from shared.contracts.loyalty import AdjustPoints, Hold, PublishRule, SpendRule
from shared.contracts.loyalty.mall import MallItemBody, RedeemPoints
from shared.contracts.loyalty.proposals import DecideProposal
from shared.contracts.loyalty.wallet import RefundTopUp
from shared.database import Database
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Role
from tests.services.loyalty.conftest import EARN, LADDER, Shop, caller, differences, envelope_of
from tests.services.loyalty.test_mall import asked, publish, receive

pytestmark = pytest.mark.long

SELLER = caller(Role.INTEGRATION)


@pytest.fixture
def shop(database: Database) -> Shop:
    """A shop whose rows are committed; its session is closed."""
    with database.transaction() as session:
        made = Shop(session)
        made.publish(EARN, SpendRule(minor_per_hundred_points=100), LADDER)
    return made


def member_with(database: Database, shop: Shop, **what: int) -> UUID:
    with database.transaction() as session:
        shop.session = session
        member_id = shop.register()
        shop.fill(member_id, **what)
    return member_id


def at_once(database: Database, works: list[Callable[[Any], Any]]) -> list[Any]:
    """The outcome of each work, all begun together: its answer, or the code of its refusal."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[Any], Any]) -> Any:
        gate.wait()
        try:
            with database.transaction() as session:
                return work(session)
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_the_last_pieces_of_the_mall_go_once_and_a_limit_holds(
    database: Database, shop: Shop
) -> None:
    members = [member_with(database, shop, points=1_000) for _ in range(5)]
    with database.transaction() as session:
        shop.session = session
        mug = publish(shop)
        receive(shop, mug, 7)
        limited = publish(shop, MallItemBody(code="ONE", kind="activity", name_zh="沙龙",
                                             name_en="Evening", points=1, counted=False,
                                             per_member=1))  # fmt: skip
    works = [
        redeeming(asked(shop, member_id, item))
        for member_id in members
        for item in (mug, mug, mug, limited, limited)
    ]

    outcomes = at_once(database, works)

    refused = Counter(outcome for outcome in outcomes if isinstance(outcome, str))
    assert refused == {"ITEM_SOLD_OUT": 15 - 7, "ITEM_LIMIT": 5}
    with database.transaction() as session:
        assert differences(session) == {}


def redeeming(command: RedeemPoints) -> Callable[[Any], Any]:
    return lambda session: redemptions.redeem_points(session, SELLER, command)


def holding(command: Hold) -> Callable[[Any], Any]:
    return lambda session: holds.hold(session, SELLER, command)


def test_fifty_orders_share_what_is_there_and_never_more(database: Database, shop: Shop) -> None:
    member_id = member_with(database, shop, points=100)
    works = [holding(shop.hold(member_id, points=7, points_minor=7)) for _ in range(50)]

    outcomes = at_once(database, works)

    refused = Counter(outcome for outcome in outcomes if isinstance(outcome, str))
    assert refused == {"NOT_ENOUGH_POINTS": 50 - 14}
    with database.transaction() as session:
        shop.session = session
        account = shop.account(member_id)
        assert (account.points, account.points_held) == (2, 98)
        assert differences(session) == {}


def test_of_two_payments_of_the_whole_wallet_exactly_one(database: Database, shop: Shop) -> None:
    for _ in range(5):
        member_id = member_with(database, shop, wallet_minor=1_000)
        works = [holding(shop.hold(member_id, wallet_minor=1_000)) for _ in range(2)]

        outcomes = at_once(database, works)

        assert sum(outcome == "NOT_ENOUGH_WALLET" for outcome in outcomes) == 1


def test_one_hold_sent_twenty_times_is_one_hold_with_one_answer(
    database: Database, shop: Shop
) -> None:
    member_id = member_with(database, shop, points=100, wallet_minor=500)
    hold = shop.hold(member_id, points=100, points_minor=100, wallet_minor=500)

    outcomes = at_once(database, [holding(hold)] * 20)

    assert outcomes == [outcomes[0]] * 20
    assert outcomes[0].points_after == 0
    with database.transaction() as session:
        assert differences(session) == {}


def test_one_top_up_sent_twenty_times_is_paid_in_once(database: Database, shop: Shop) -> None:
    member_id = member_with(database, shop)
    command = shop.top_up(member_id, 700)

    outcomes = at_once(
        database, [lambda session: wallet.top_up(session, SELLER, command)] * 20
    )  # fmt: skip

    assert outcomes == [outcomes[0]] * 20
    assert outcomes[0].wallet_principal_minor == 700
    with database.transaction() as session:
        assert differences(session) == {}


def test_holds_releases_top_ups_and_sales_at_once_keep_the_books(
    database: Database, shop: Shop
) -> None:
    members = [member_with(database, shop, points=50, wallet_minor=500) for _ in range(3)]
    held = [
        shop.hold(member_id, points=1, points_minor=1, wallet_minor=20) for member_id in members * 5
    ]
    orders = [
        shop.order(hold.member_id, 1_000, order_id=hold.order_id, points=1, points_minor=1,
                   wallet_minor=20)
        for hold in held[:8]
    ]  # fmt: skip
    at_once(database, [holding(hold) for hold in held])
    cancelled = [(hold.order_id, hold.store_id) for hold in held[8:]]

    at_once(
        database,
        [
            lambda session: earning.on_order_placed(session, [envelope_of(o) for o in orders]),
            lambda session: holds.release(session, cancelled),
            *(
                lambda session, m=m: wallet.top_up(session, SELLER, shop.top_up(m, 100))
                for m in members * 4
            ),
            *(holding(shop.hold(m, points=1, points_minor=1, wallet_minor=9)) for m in members * 4),
        ],
    )

    with database.transaction() as session:
        shop.session = session
        assert differences(session) == {}
        found = [shop.account(member_id) for member_id in members]
        assert sum(account.wallet_held_minor for account in found) == 12 * 9
        assert sum(account.points_held for account in found) == 12
        principal = sum(account.wallet_principal_minor for account in found)
        assert principal == 3 * 500 + 12 * 100 - 8 * 20 - 12 * 9


def test_a_hold_and_its_release_at_once_leave_nothing_held(database: Database, shop: Shop) -> None:
    member_id = member_with(database, shop, wallet_minor=500)
    for _ in range(10):
        hold = shop.hold(member_id, wallet_minor=500)
        cancelled = [(hold.order_id, hold.store_id)]

        at_once(
            database,
            [holding(hold), lambda session, c=cancelled: holds.release(session, c)],
        )

        with database.transaction() as session:
            shop.session = session
            assert shop.account(member_id).wallet_held_minor == 0
            assert differences(session) == {}


def test_points_taken_by_hand_race_with_orders(database: Database, shop: Shop) -> None:
    member_id = member_with(database, shop, points=30)

    def take(session: Any) -> Any:
        return points.adjust_points(
            session,
            caller(Role.STORE_MANAGER, shop.store_id),
            AdjustPoints(
                id=new_id(),
                store_id=shop.store_id,
                member_id=member_id,
                points=-10,
                reason="mistake",
            ),
        )

    orders = [holding(shop.hold(member_id, points=10, points_minor=10)) for _ in range(5)]
    outcomes = at_once(database, [take] * 5 + orders)

    assert sum(outcome == "NOT_ENOUGH_POINTS" for outcome in outcomes) == 7
    with database.transaction() as session:
        shop.session = session
        assert shop.account(member_id).points == 0
        assert differences(session) == {}


def test_rules_published_at_once_get_versions_of_their_own(database: Database, shop: Shop) -> None:
    def publish(session: Any) -> int:
        command = PublishRule(id=new_id(), body=EARN)
        return rules.publish(session, shop.hq, command).version

    assert sorted(at_once(database, [publish] * 10)) == list(range(2, 12))


def test_k1_k11_fifty_devices_in_different_stores_spend_exactly_what_is_there(
    database: Database, shop: Shop
) -> None:
    """Points and wallet of one member, two purchases' worth too little for all."""
    member_id = member_with(database, shop, points=480, wallet_minor=4_800)
    with database.transaction() as session:
        shop.session = session
        places = [shop.open_store() for _ in range(50)]
    works = [
        holding(shop.hold(member_id, store_id=store, points=10, points_minor=10, wallet_minor=100))
        for store in places
    ]

    outcomes = at_once(database, works)

    assert sum(not isinstance(outcome, str) for outcome in outcomes) == 48
    assert {o for o in outcomes if isinstance(o, str)} <= {"NOT_ENOUGH_POINTS", "NOT_ENOUGH_WALLET"}
    with database.transaction() as session:
        shop.session = session
        account = shop.account(member_id)
        assert (account.points, account.points_held) == (0, 480)
        assert (account.wallet_principal_minor, account.wallet_held_minor) == (0, 4_800)
        assert differences(session) == {}


def test_the_balance_limit_holds_among_many_top_ups(database: Database, shop: Shop) -> None:
    member_id = member_with(database, shop)
    works = [
        lambda session, c=shop.top_up(member_id, 100_000): wallet.top_up(session, SELLER, c)
        for _ in range(12)
    ]

    outcomes = at_once(database, works)

    assert Counter(o for o in outcomes if isinstance(o, str)) == {"BALANCE_LIMIT": 7}


def test_a_top_up_is_refunded_or_spent_but_not_both(database: Database, shop: Shop) -> None:
    for _ in range(5):
        member_id = member_with(database, shop)
        paid = shop.top_up(member_id, 1_000)
        with database.transaction() as session:
            wallet.top_up(session, SELLER, paid)
        asked = RefundTopUp(
            id=new_id(), store_id=shop.store_id, member_id=member_id, top_up_id=paid.id,
            principal_minor=1_000,
        )  # fmt: skip

        outcomes = at_once(
            database,
            [
                lambda session, c=asked: payouts.refund_top_up(session, SELLER, c),
                holding(shop.hold(member_id, wallet_minor=1_000)),
            ],
        )

        assert sum(isinstance(outcome, str) for outcome in outcomes) == 1


def test_two_who_approve_at_once_book_once(database: Database, shop: Shop) -> None:
    member_id = member_with(database, shop)
    asked = AdjustPoints(
        id=new_id(), store_id=shop.store_id, member_id=member_id, points=9_000, reason="mistake"
    )
    with database.transaction() as session:
        points.adjust_points(session, shop.manager, asked)
    yes = DecideProposal(proposal_id=asked.id, approve=True)

    outcomes = at_once(
        database,
        [
            lambda session, who=caller(Role.HQ_OPERATIONS): decisions.decide_proposal(
                session, who, yes
            )
            for _ in range(5)
        ],
    )

    assert Counter(o for o in outcomes if isinstance(o, str)) == {"PROPOSAL_DECIDED": 4}
    with database.transaction() as session:
        shop.session = session
        assert shop.account(member_id).points == 9_000
        assert differences(session) == {}
