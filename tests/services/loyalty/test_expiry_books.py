"""Whatever is earned, held, spent, voided, given and left to expire: each point goes its own way.

The model beside the service keeps every single point and where it went; it knows of no ledger.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import expiry, holds, points, returns
from shared.contracts.loyalty import AdjustPoints, ExpiryRule, PointsExpiring
from shared.contracts.order import OrderPlaced
from shared.errors import Refusal
from shared.ids import new_id
from shared.money import allocate
from shared.stores import forget_stores
from tests.services.loyalty.conftest import EARN, SPEND, Shop
from tests.services.returned import came_back
from tests.thorough import examples

pytestmark = pytest.mark.long

RULES = [
    ExpiryRule(basis="months", length=1, notice_days=7),
    ExpiryRule(basis="months", length=3, notice_days=30),
    ExpiryRule(basis="year_end", length=0, notice_days=10),
    ExpiryRule(basis="never"),
]
ZONE = ZoneInfo("Asia/Shanghai")
Key = tuple[UUID, str]


class Point:
    def __init__(self, document_id: UUID, store_id: UUID, until: date | None) -> None:
        self.document_id, self.store_id, self.until = document_id, store_id, until
        self.user: Key | str | None = None
        self.taken_at = 0


class Sold(NamedTuple):
    """An order, the points that what is kept of it has earned, and what is kept of it."""

    order: OrderPlaced
    earned: int
    kept_minor: int
    kept_points: int
    returns: int = 0


class Model:
    """Points one by one, in the order they came."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.debts: list[Key] = []
        self.owed: Counter[UUID] = Counter()
        self.clock = 0

    def free(self) -> list[Point]:
        return [point for point in self.points if point.user is None]

    def give(self, document_id: UUID, store_id: UUID, until: date | None, amount: int) -> None:
        for _ in range(amount):
            point = Point(document_id, store_id, until)
            self.points.append(point)
            self._settle(point)

    def take(self, key: Key, amount: int) -> None:
        there = self.free()[:amount]
        for point in there:
            self._use(point, key)
        self.debts += [key] * (amount - len(there))

    def undo(self, key: Key, amount: int) -> None:
        for _ in range(amount):
            if key in self.debts:
                self.debts.remove(key)
                continue
            point = max(
                (point for point in self.points if point.user == key), key=lambda p: p.taken_at
            )
            if self.owed[point.document_id]:
                self.owed[point.document_id] -= 1
                point.user = "void"
                self.undo((point.document_id, "void"), 1)
            else:
                point.user = None
                self._settle(point)

    def take_back(self, document_id: UUID, amount: int) -> None:
        own = [point for point in self.free() if point.document_id == document_id][:amount]
        for point in own:
            point.user = "void"
        spent = amount - len(own)
        self.owed[document_id] += spent
        self.take((document_id, "void"), spent)

    def expire(self, today: date, held: int) -> None:
        for point in self.free()[held:]:
            if point.until and point.until < today:
                point.user = "expired"

    def _settle(self, point: Point) -> None:
        if self.debts:
            self._use(point, self.debts.pop(0))

    def _use(self, point: Point, key: Key) -> None:
        self.clock += 1
        point.user, point.taken_at = key, self.clock


class Dealings(RuleBasedStateMachine):
    session: Session

    @initialize(body=st.sampled_from(RULES[:3]))
    def open(self, body: ExpiryRule) -> None:
        forget_stores()
        self.savepoint = self.session.begin_nested()
        self.now = datetime(2040, 1, 20, 4, 0, tzinfo=UTC)
        self.shop = Shop(self.session)
        self.shop.publish(EARN, SPEND)
        self._publish(body)
        self.member_id: UUID = self.shop.register()
        self.model = Model()
        self.held: dict[UUID, int] = {}
        self.sold: dict[UUID, Sold] = {}

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            self.session.rollback()

    @rule(body=st.sampled_from(RULES))
    def change_the_rule(self, body: ExpiryRule) -> None:
        self._publish(body)

    @rule(amount=st.integers(1, 30), elsewhere=st.booleans())
    def earn(self, amount: int, elsewhere: bool) -> None:
        store_id = self.shop.franchised_id if elsewhere else self.shop.store_id
        self._sell(amount * 100, store_id=store_id)

    @rule(amount=st.integers(-30, 30).filter(bool))
    def adjust(self, amount: int) -> None:
        command = AdjustPoints(
            id=new_id(), store_id=self.shop.store_id, member_id=self.member_id, points=amount,
            reason="by hand",
        )  # fmt: skip
        if not self._accepted(points.adjust, self.shop.manager, command, self.now):
            assert amount < 0
            return
        if amount > 0:
            until = self.rule.valid_until(self._today())
            self.model.give(command.id, self.shop.store_id, until, amount)
        else:
            self.model.take((command.id, "adjusted"), -amount)

    @rule(amount=st.integers(1, 30))
    def hold(self, amount: int) -> None:
        command = self.shop.hold(self.member_id, points=amount, points_minor=amount)
        if self._accepted(holds.hold, self.shop.seller, command):
            self.held[command.order_id] = amount

    @rule(which=st.randoms(use_true_random=False), part=st.integers(1, 3))
    def spend_and_void(self, which: Any, part: int) -> None:
        """Spend a part of what there is, then void some sale: perhaps what it was spent from."""
        there = self.shop.account(self.member_id, self.now).points // part
        if there > 0:
            self.hold(there)
            self.settle(which, 0)
            self.void(which)

    @precondition(lambda self: self.held)
    @rule(which=st.randoms(use_true_random=False))
    def release(self, which: Any) -> None:
        order_id = which.choice(sorted(self.held))
        holds.release(self.session, [(order_id, self.shop.store_id)])
        del self.held[order_id]

    @precondition(lambda self: self.held)
    @rule(which=st.randoms(use_true_random=False), more=st.integers(0, 900))
    def settle(self, which: Any, more: int) -> None:
        order_id = which.choice(sorted(self.held))
        spent = self.held.pop(order_id)
        self._sell(spent + more, order_id=order_id, points=spent, points_minor=spent)

    @precondition(lambda self: self.sold)
    @rule(which=st.randoms(use_true_random=False))
    def void(self, which: Any) -> None:
        order_id = which.choice(sorted(self.sold))
        if self.sold[order_id].returns:
            return
        sold = self.sold.pop(order_id)
        self.shop.void(sold.order, now=self.now)
        self.model.undo((order_id, "spent"), sold.order.points)
        if sold.earned:
            self.model.take_back(order_id, sold.earned)

    @precondition(lambda self: self.sold)
    @rule(which=st.randoms(use_true_random=False), share=st.integers(1, 4))
    def bring_back(self, which: Any, share: int) -> None:
        """A share of what is kept of some sale comes back; in the other store for a change."""
        order_id = which.choice(sorted(self.sold))
        sold = self.sold[order_id]
        refund = sold.kept_minor // share
        points, _ = allocate(refund, [sold.kept_points, sold.kept_minor - sold.kept_points])
        kept, kept_points = sold.kept_minor - refund, sold.kept_points - points
        earned = (kept - kept_points) // 100
        back = came_back(
            order_id, self.shop.franchised_id, {}, number=sold.returns + 1,
            franchisee_id=self.shop.franchisee_id, sold_store_id=sold.order.store_id,
            sold_on=sold.order.business_date, sold_at=sold.order.placed_at,
            member_id=self.member_id, refund_minor=refund, points=points, points_minor=points,
            kept_minor=kept, kept_points_minor=kept_points,
        )  # fmt: skip
        for _ in range(2):
            returns.book_returned(self.session, [back], self.now)
        self.model.take_back(order_id, sold.earned - earned)
        self.model.undo((order_id, "spent"), points)
        del self.sold[order_id]
        if kept:
            self.sold[order_id] = Sold(sold.order, earned, kept, kept_points, sold.returns + 1)

    @rule(days=st.integers(1, 40), batches=st.integers(1, 3))
    def days_go_by(self, days: int, batches: int) -> None:
        self.now += timedelta(days=days)
        for _ in range(batches):
            expiry.expire(self.session, self.now)
        self.model.expire(self._today(), sum(self.held.values()))

    @invariant()
    def every_point_is_where_it_should_be(self) -> None:
        if not hasattr(self, "shop"):
            return
        held = sum(self.held.values())
        account = self.shop.account(self.member_id, self.now)
        free = self.model.free()
        assert account.points == len(free) - len(self.model.debts) - held
        gone: dict[tuple[UUID, date], int] = {}
        for point in self.model.points:
            if point.user == "expired" and point.until:
                key = point.store_id, point.until
                gone[key] = gone.get(key, 0) + 1
        assert self._expired() == gone
        today = self._today()
        coming = [p.until for p in free[held:] if p.until and p.until >= today]
        next_day = min(coming, default=None)
        assert account.points_valid_until == next_day
        assert account.points_expiring == coming.count(next_day)  # type: ignore[arg-type]
        told = [event.data.valid_until for event in self.shop.events(PointsExpiring)]
        assert len(told) == len(set(told))
        assert self.shop.differences() == {}

    def _sell(self, total: int, **fields: Any) -> None:
        order = self.shop.order(
            self.member_id, total, business_date=self._today(), placed_at=self.now, **fields
        )
        for _ in range(2):
            self.shop.place(order, now=self.now)
        earned = (total - order.points_minor) // 100
        self.sold[order.order_id] = Sold(order, earned, total, order.points)
        self.model.take((order.order_id, "spent"), order.points)
        until = self.rule.valid_until(order.business_date)
        self.model.give(order.order_id, order.store_id, until, earned)

    def _accepted(self, work: Callable[..., Any], *arguments: Any) -> bool:
        try:
            work(self.session, *arguments)
        except Refusal as refusal:
            return refusal.code != "NOT_ENOUGH_POINTS"
        return True

    def _publish(self, body: ExpiryRule) -> None:
        self.rule = body
        self.shop.publish(body, valid_from=self.now)

    def _today(self) -> date:
        return self.now.astimezone(ZONE).date()

    def _expired(self) -> dict[tuple[UUID, date], int]:
        rows = self.session.execute(
            text(
                "SELECT issuing_store_id, valid_until, CAST(-sum(amount) AS bigint) FROM entries"
                " WHERE reason = 'expired' AND balance_after IS NOT NULL GROUP BY 1, 2"
            )
        )
        return {(store_id, until): amount for store_id, until, amount in rows}


def test_every_point_goes_its_own_way(session: Session) -> None:
    class Here(Dealings):
        pass

    Here.session = session
    run(
        Here,
        settings=settings(
            max_examples=examples(16),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
