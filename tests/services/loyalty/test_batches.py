"""What the night does with a whole batch at once is what it would do one by one (ADR 0039)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import expiry, holds, plain_expiry, points, tiers
from shared.contracts.loyalty import AdjustPoints, ExpiryRule, TierLadder
from shared.errors import Refusal
from shared.ids import new_id
from shared.stores import forget_stores
from tests.services.loyalty.conftest import DIAMOND, EARN, GOLD, NOW, SILVER, SPEND, TODAY, Shop
from tests.thorough import examples

RULES = [
    ExpiryRule(basis="months", length=1, notice_days=3),
    ExpiryRule(basis="months", length=2, notice_days=0),
    ExpiryRule(basis="never"),
]
KINDS = ["earn", "elsewhere", "late", "spend", "void", "hold", "give", "take", "rule"]
DEALINGS = st.lists(
    st.tuples(st.sampled_from(["earn", *KINDS]), st.integers(1, 40), st.integers(0, 25)),
    min_size=2,
    max_size=14,
)
LADDERS = st.builds(
    TierLadder,
    basis=st.sampled_from(["spend", "points"]),
    window_days=st.sampled_from([None, 30, 400]),
    calendar_year=st.booleans(),
    tiers=st.sampled_from([[SILVER, GOLD, DIAMOND], [GOLD, DIAMOND], [SILVER, GOLD], [SILVER]]),
    nudge_basis_points=st.sampled_from([5_000, 9_000]),
    grace_days=st.sampled_from([0, 10]),
).filter(lambda ladder: not (ladder.window_days and ladder.calendar_year))
SLOW = settings(max_examples=examples(30), suppress_health_check=list(HealthCheck))


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Within it, nothing is done for a whole batch at once."""

    @contextmanager
    def within() -> Iterator[None]:
        everybody = text(
            "SELECT member_id FROM members WHERE member_id = ANY(CAST(:member_ids AS uuid[]))"
            " AND CAST(:now AS timestamptz) IS NOT NULL"
        )
        with monkeypatch.context() as patched:
            patched.setattr(plain_expiry, "expire", lambda *_: 0)
            patched.setattr(tiers, "_KEEP", everybody)
            yield

    return within


def both_ways(
    session: Session, one_by_one: Callable[[], Any], step: Callable[[], Any], queries: list[str]
) -> Any:
    """Take a step one by one and undo it, then take it with batches: it must be the same; what is
    there after it."""

    def taken() -> list[Any]:
        step()
        return [session.execute(text(query)).all() for query in queries]

    undone = session.begin_nested()
    with one_by_one():
        expected = taken()
    undone.rollback()
    found = taken()
    assert found == expected
    return found


BOOKED = [
    """SELECT a.kind, e.account_id, e.unit, e.amount, e.balance_after, e.reason,
        e.issuing_store_id, e.issuing_franchisee_id, e.rule_version, e.detail, e.earned_on,
        e.valid_until, e.expires_at, e.expiry_version, e.lot_id, e.at, t.kind
    FROM entries e JOIN accounts a ON a.id = e.account_id JOIN transactions t
        ON t.id = e.transaction_id WHERE e.balance_after IS NOT NULL ORDER BY e.id""",
    """SELECT a.kind, a.store_id, e.issuing_franchisee_id, e.rule_version, sum(e.amount)
    FROM entries e JOIN accounts a ON a.id = e.account_id WHERE e.balance_after IS NULL
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""",
    "SELECT * FROM balances ORDER BY account_id",
    "SELECT account_id, valid_until, points FROM expiry_notices ORDER BY 1, 2",
]


class Dealer:
    """Deals with a member of a new shop, day by day."""

    def __init__(self, session: Session) -> None:
        forget_stores()
        self.session, self.shop = session, Shop(session)
        self.now = datetime(2040, 3, 14, 4, 0, tzinfo=UTC)
        self.shop.publish(EARN, SPEND, RULES[0])
        self.member_id = self.shop.register()
        self.orders: list[Any] = []
        self._first_of_each_store()

    def deal(self, what: str, amount: int) -> None:
        match what:
            case "earn":
                self.sell(amount * 100)
            case "elsewhere":
                self.sell(amount * 100, store_id=self.shop.franchised_id,
                          franchisee_id=self.shop.franchisee_id)  # fmt: skip
            case "late":
                self.sell(amount * 100, business_date=self.today - timedelta(days=20))
            case "spend" | "hold":
                command = self.shop.hold(self.member_id, points=amount, points_minor=amount)
                if self._accepted(holds.hold, self.shop.seller, command) and what == "spend":
                    self.sell(amount, order_id=command.order_id, points=amount,
                              points_minor=amount)  # fmt: skip
            case "void":
                if self.orders:
                    self.shop.void(self.orders.pop(), now=self.now)
            case "give" | "take":
                command = AdjustPoints(
                    id=new_id(), store_id=self.shop.store_id, member_id=self.member_id,
                    points=amount if what == "give" else -amount, reason="by hand",
                )  # fmt: skip
                self._accepted(points.adjust, self.shop.manager, command, self.now)
            case "rule":
                self.shop.publish(RULES[amount % len(RULES)], valid_from=self.now)

    def sell(self, total: int, member_id: UUID | None = None, **fields: Any) -> None:
        on = {"business_date": self.today, "placed_at": self.now} | fields
        order = self.shop.order(member_id or self.member_id, total, **on)
        self.shop.place(order, now=self.now)
        self.orders.append(order)

    @property
    def today(self) -> date:
        return self.now.date()

    def _first_of_each_store(self) -> None:
        """Somebody's points have expired in both stores before."""
        other = self.shop.register()
        for store_id, franchisee_id in (
            (self.shop.store_id, None), (self.shop.franchised_id, self.shop.franchisee_id)
        ):  # fmt: skip
            self.sell(100, other, store_id=store_id, franchisee_id=franchisee_id)
        self.orders.clear()
        self.now += timedelta(days=40)
        expiry.expire(self.session, self.now)

    def _accepted(self, work: Callable[..., Any], *arguments: Any) -> bool:
        try:
            work(self.session, *arguments)
        except Refusal:
            return False
        return True


@SLOW
@given(dealings=DEALINGS)
def test_points_expire_alike_at_once_and_one_by_one(
    session: Session, one_by_one: Callable[[], Any], dealings: list[tuple[str, int, int]]
) -> None:
    savepoint = session.begin_nested()
    dealer = Dealer(session)
    for what, amount, days in dealings:
        dealer.deal(what, amount)
        dealer.now += timedelta(days=days)
        both_ways(session, one_by_one, lambda: expiry.expire(session, dealer.now), BOOKED)
    for _ in range(3):
        dealer.now += timedelta(days=30)
        both_ways(session, one_by_one, lambda: expiry.expire(session, dealer.now), BOOKED)
    assert dealer.shop.differences() == {}
    savepoint.rollback()


def test_all_that_is_over_goes_at_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two stores and days, partly spent, with what never ends behind it; nothing is replayed."""
    dealer = Dealer(session)
    for what, amount, days in (
        ("earn", 50, 2), ("elsewhere", 30, 0), ("earn", 20, 1), ("earn", 5, 0),
        ("spend", 60, 20), ("rule", 2, 1), ("earn", 9, 0),
    ):  # fmt: skip
        dealer.deal(what, amount)
        dealer.now += timedelta(days=days)
    # A notice is told one by one; what is over later is not.
    expiry.expire(session, dealer.now + timedelta(days=8))
    monkeypatch.setattr(expiry, "_Run", None)

    assert expiry.expire(session, dealer.now + timedelta(days=40)) == 1

    told = session.execute(
        text(
            "SELECT issuing_store_id, amount, balance_after, detail FROM entries"
            " WHERE reason = 'expired' AND account_id = (SELECT account_id FROM member_accounts"
            " WHERE kind = 'points' AND member_id = :member_id) ORDER BY id"
        ),
        {"member_id": dealer.member_id},
    ).all()
    day = dealer.today - timedelta(days=22)
    late = day + timedelta(days=1)
    assert told == [
        (dealer.shop.franchised_id, -20, 34, f"{day}: 20"),
        (dealer.shop.store_id, -20, 14, f"{day}: 20"),
        (dealer.shop.store_id, -5, 9, f"{late}: 5"),
    ]
    assert dealer.shop.account(dealer.member_id, dealer.now).points == 9
    assert dealer.shop.differences() == {}


HELD = [
    """SELECT member_id, tier, tier_version, ladder_version, tier_as_of, review_on, earned_tier,
        grace_tier, grace_until, lapse_told, near_tier, near_count FROM members ORDER BY 1""",
    "SELECT type, count(*) FROM outbox GROUP BY 1 ORDER BY 1",
]


@SLOW
@given(
    ladders=st.lists(LADDERS, min_size=2, max_size=4),
    bought=st.lists(st.tuples(st.sampled_from([0, 600, 999, 1_000, 4_000, 6_000]),
                              st.integers(0, 450)), max_size=5),
    days=st.integers(0, 40),
)  # fmt: skip
def test_a_ladder_is_applied_alike_at_once_and_one_by_one(
    session: Session, one_by_one: Callable[[], Any], ladders: list[TierLadder],
    bought: list[tuple[int, int]], days: int,
) -> None:  # fmt: skip
    savepoint = session.begin_nested()
    forget_stores()
    shop, now = Shop(session), NOW
    shop.publish(EARN, ladders[0])
    shop.register()
    for hundreds, ago in bought:
        on = TODAY - timedelta(days=ago)
        shop.place(shop.order(shop.register(), hundreds * 100, business_date=on))
    for ladder in ladders[1:]:
        both_ways(session, one_by_one, lambda at=now: tiers.review(session, at), HELD)
        now += timedelta(days=days)
        shop.publish(ladder, valid_from=now)
        both_ways(session, one_by_one, lambda at=now: tiers.review(session, at), HELD)
        assert tiers.review(session, now) == 0
    assert shop.differences().keys() <= {"every tier was reckoned by the ladder in force"}
    savepoint.rollback()


def test_a_ladder_that_changes_nothing_for_a_member_costs_no_reckoning(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(session)
    shop.publish(EARN, TierLadder(basis="spend", window_days=365, tiers=[SILVER, GOLD]))
    for total in (0, 95_000, 150_000):
        shop.place(shop.order(shop.register(), total))
    tiers.review(session, NOW)
    later = NOW + timedelta(days=1)
    shop.publish(
        TierLadder(basis="spend", window_days=365, tiers=[SILVER, GOLD, DIAMOND]), valid_from=later
    )
    monkeypatch.setattr(tiers, "reckon", None)

    assert tiers.review(session, later) == 3

    versions = text("SELECT DISTINCT ladder_version, tier_as_of FROM members")
    assert session.execute(versions).all() == [(2, TODAY + timedelta(days=1))]
    assert tiers.review(session, later) == 0
