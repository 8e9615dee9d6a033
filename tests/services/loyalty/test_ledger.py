"""Whatever happens in whatever order, the books are right."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlalchemy.orm import Session

from services.loyalty import holds, points, redemptions, wallet
from shared.contracts.loyalty import AdjustPoints, EarnRule, SpendRule, TopUpRule, TopUpStep
from shared.contracts.order import OrderPlaced
from shared.errors import Refusal
from shared.ids import new_id
from shared.stores import forget_stores
from tests.services.loyalty.conftest import LADDER, Shop
from tests.services.loyalty.test_mall import asked, cancel, publish, receive
from tests.thorough import examples

pytestmark = pytest.mark.long

REFUSALS = {
    "NOT_ENOUGH_POINTS",
    "NOT_ENOUGH_WALLET",
    "HOLD_RELEASED",
    "POINTS_LIMIT",
    "ITEM_SOLD_OUT",
}
STOCK = 6


class Books(RuleBasedStateMachine):
    """A member's dealings, beside a plain reckoning of what should be left."""

    session: Session

    @initialize()
    def open(self) -> None:
        forget_stores()
        self.savepoint = self.session.begin_nested()
        self.shop = Shop(self.session)
        self.shop.publish(
            EarnRule(minor_per_point=100, multipliers_basis_points={"gold": 20_000}),
            SpendRule(minor_per_hundred_points=100),
            LADDER,
            TopUpRule(steps=[TopUpStep(paid_minor=5_000, bonus_minor=500)]),
        )
        self.member_id: UUID = self.shop.register()
        self.points = self.wallet = self.spend = 0
        self.held: dict[UUID, tuple[int, int]] = {}
        self.ended: list[UUID] = []
        self.sold: dict[UUID, tuple[OrderPlaced, int]] = {}
        self.a_void = False
        self.mug = publish(self.shop)
        receive(self.shop, self.mug, STOCK)
        self.redeemed: list[UUID] = []

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            self.session.rollback()

    @rule(total=st.integers(0, 60_000), tier=st.sampled_from([None, "gold"]))
    def earn(self, total: int, tier: str | None) -> None:
        order = self.shop.order(self.member_id, total, tier=tier)
        self._sell(order)

    @rule(paid=st.integers(1, 20_000))
    def top_up(self, paid: int) -> None:
        command = self.shop.top_up(self.member_id, paid)
        for _ in range(2):
            wallet.top_up(self.session, self.shop.seller, command)
        self.wallet += paid + (500 if paid >= 5_000 else 0)

    @rule(amount=st.integers(-500, 500).filter(bool))
    def adjust(self, amount: int) -> None:
        command = AdjustPoints(
            id=new_id(),
            store_id=self.shop.store_id,
            member_id=self.member_id,
            points=amount,
            reason="by hand",
        )
        done = self._refusable(points.adjust_points, self.shop.manager, command)
        assert done == (amount > 0 or self._free()[0] + amount >= 0)
        self.points += amount if done else 0

    @rule(points=st.integers(0, 400), amount=st.integers(0, 20_000), again=st.booleans())
    def hold(self, points: int, amount: int, again: bool) -> None:
        fields: dict[str, Any] = {"points": points, "points_minor": points, "wallet_minor": amount}
        if again and self.ended:
            fields["order_id"] = self.ended[-1]
        command = self.shop.hold(self.member_id, **fields)
        free_points, free_wallet = self._free()
        done = self._refusable(holds.hold, self.shop.seller, command)
        enough = (points == 0 or points <= free_points) and amount <= free_wallet
        assert done == (enough and "order_id" not in fields)
        if done:
            assert holds.hold(self.session, self.shop.seller, command)
            self.held[command.order_id] = (points, amount)

    @precondition(lambda self: self.held)
    @rule(which=st.randoms(use_true_random=False))
    def release(self, which: Any) -> None:
        order_id = which.choice(sorted(self.held))
        for _ in range(2):
            holds.release(self.session, [(order_id, self.shop.store_id)])
        del self.held[order_id]
        self.ended.append(order_id)

    @precondition(lambda self: self.held)
    @rule(which=st.randoms(use_true_random=False), more=st.integers(0, 9_999))
    def settle(self, which: Any, more: int) -> None:
        order_id = which.choice(sorted(self.held))
        spent, paid = self.held.pop(order_id)
        order = self.shop.order(
            self.member_id, spent + paid + more, order_id=order_id, points=spent,
            points_minor=spent, wallet_minor=paid,
        )  # fmt: skip
        self._sell(order)
        self.points -= spent
        self.wallet -= paid

    @precondition(lambda self: self.sold)
    @rule(which=st.randoms(use_true_random=False))
    def void(self, which: Any) -> None:
        order, earned = self.sold.pop(which.choice(sorted(self.sold)))
        for _ in range(2):
            self.shop.void(order)
        self.shop.place(order)
        self.points += order.points - earned
        self.wallet += order.wallet_minor
        self.spend -= order.total_minor
        self.a_void = True

    @rule(quantity=st.integers(1, 3))
    def redeem(self, quantity: int) -> None:
        command = asked(self.shop, self.member_id, self.mug, quantity=quantity)
        stocked = quantity <= STOCK - self.had
        done = self._refusable(redemptions.redeem_points, self.shop.hq, command)
        assert done == (self._free()[0] >= command.points and stocked)
        if done:
            assert redemptions.redeem_points(self.session, self.shop.hq, command)
            self.redeemed += [command.id] * quantity
            self.points -= command.points

    @precondition(lambda self: self.redeemed)
    @rule(which=st.randoms(use_true_random=False))
    def cancel_redemption(self, which: Any) -> None:
        id_ = which.choice(sorted(self.redeemed))
        for _ in range(2):
            cancel(self.shop, id_)
        self.points += self.redeemed.count(id_) * self.mug.body.points
        self.redeemed = [each for each in self.redeemed if each != id_]

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "shop"):
            return
        account = self.shop.account(self.member_id)
        held_points, held_wallet = self._held()
        assert account.points == self.points - held_points
        assert account.points_held == held_points
        in_wallet = account.wallet_principal_minor + account.wallet_bonus_minor
        assert in_wallet == self.wallet - held_wallet
        assert account.wallet_principal_minor >= 0
        assert account.wallet_bonus_minor >= 0
        assert account.points >= 0 or self.a_void
        assert account.progress == self.spend
        assert self.shop.differences() == {}

    @property
    def had(self) -> int:
        return len(self.redeemed)

    def _sell(self, order: OrderPlaced) -> None:
        for _ in range(2):
            self.shop.place(order)
        rate = 2 if order.tier == "gold" else 1
        earned = (order.total_minor - order.points_minor) * rate // 100
        self.sold[order.order_id] = (order, earned)
        self.points += earned
        self.spend += order.total_minor

    def _free(self) -> tuple[int, int]:
        held_points, held_wallet = self._held()
        return self.points - held_points, self.wallet - held_wallet

    def _held(self) -> tuple[int, int]:
        held = self.held.values()
        return sum(points for points, _ in held), sum(amount for _, amount in held)

    def _refusable(self, work: Callable[..., Any], *arguments: Any) -> bool:
        before = self.shop.everything()
        try:
            work(self.session, *arguments)
        except Refusal as refusal:
            refused = refusal.code
        else:
            return True
        assert refused in REFUSALS
        assert self.shop.everything() == before
        return False


def test_any_sequence_of_dealings_keeps_the_books(session: Session) -> None:
    class Here(Books):
        pass

    Here.session = session
    run(
        Here,
        settings=settings(
            max_examples=examples(10),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
