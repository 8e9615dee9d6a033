"""Whatever is earned, held, spent, voided, left to expire, merged and undone: the books are right.

Three members in any order of dealings. Beside the audit's checks, which hold after every step, an
undo right after its merge must leave everything as it was, lot by lot.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import expiry, freezes, holds, merging, points, returns, tiers, wallet
from services.loyalty.lots import MOVEMENTS, Lots, Movement
from shared.contracts.loyalty import AdjustPoints, ExpiryRule, TopUpRule, TopUpStep
from shared.contracts.loyalty.wallet import FreezeAccount, UnfreezeAccount
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
from shared.contracts.order import OrderPlaced
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Role
from shared.stores import forget_stores
from tests.services.loyalty.conftest import EARN, LADDER, SPEND, Shop, caller, gather_clearing
from tests.services.loyalty.test_returns import back_of
from tests.thorough import examples

pytestmark = pytest.mark.long

RULES = [
    ExpiryRule(basis="months", length=1, notice_days=7),
    ExpiryRule(basis="year_end", length=0, notice_days=10),
    ExpiryRule(basis="never"),
]
TOP_UP = TopUpRule(limit_minor=10**6, steps=[TopUpStep(paid_minor=10, bonus_minor=3)])
ZONE = ZoneInfo("Asia/Shanghai")
who = st.integers(0, 2)
which = st.randoms(use_true_random=False)


class Dealings(RuleBasedStateMachine):
    session: Session

    @initialize(body=st.sampled_from(RULES))
    def open(self, body: ExpiryRule) -> None:
        forget_stores()
        self.savepoint = self.session.begin_nested()
        self.now = datetime(2040, 1, 20, 4, 0, tzinfo=UTC)
        self.shop = Shop(self.session)
        self.shop.publish(EARN, SPEND, LADDER, TOP_UP, body)
        self.stores = self.shop.store_id, self.shop.franchised_id
        self.members: list[UUID] = [self.shop.register() for _ in range(3)]
        tiers.assess(self.session, self.members, self.now)
        self.survivor = {member_id: member_id for member_id in self.members}
        self.merges: list[MemberMerged] = []
        self.number = 0
        self.held: dict[UUID, tuple[UUID, int, int]] = {}
        self.sold: dict[UUID, OrderPlaced] = {}

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            try:
                gather_clearing(self.session)
                assert self.shop.differences() == {}
            finally:
                self.session.rollback()

    @rule(member=who, amount=st.integers(1, 30), franchised=st.booleans())
    def earn(self, member: int, amount: int, franchised: bool = False) -> None:
        self._sell(self.members[member], amount * 100, franchised)

    @rule(member=who, amount=st.integers(1, 30), franchised=st.booleans())
    def top_up(self, member: int, amount: int, franchised: bool = False) -> None:
        store_id = self.stores[franchised]
        paid = self.shop.top_up(self.members[member], amount, store_id=store_id)
        self._accepted(wallet.top_up, caller(Role.ASSOCIATE, store_id), paid)

    @rule(member=who, amount=st.integers(-30, 30).filter(bool))
    def adjust(self, member: int, amount: int) -> None:
        command = AdjustPoints(
            id=new_id(), store_id=self.shop.store_id, member_id=self.members[member],
            points=amount, reason="by hand",
        )  # fmt: skip
        self._accepted(points.adjust, self.shop.manager, command, self.now)

    @rule(member=who, amount=st.integers(0, 20), money=st.integers(0, 20))
    def hold(self, member: int, amount: int, money: int) -> None:
        command = self.shop.hold(
            self.members[member], points=amount, points_minor=amount, wallet_minor=money
        )
        if amount + money and self._accepted(holds.hold, self.shop.seller, command):
            self.held[command.order_id] = command.member_id, amount, money

    @precondition(lambda self: self.held)
    @rule(which=which)
    def release(self, which: Any) -> None:
        order_id = which.choice(sorted(self.held))
        holds.release(self.session, [(order_id, self.shop.store_id)])
        del self.held[order_id]

    @precondition(lambda self: self.held)
    @rule(which=which, more=st.integers(0, 900), franchised=st.booleans())
    def settle(self, which: Any, more: int, franchised: bool = False) -> None:
        order_id = which.choice(sorted(self.held))
        member_id, spent, money = self.held.pop(order_id)
        self._sell(
            member_id, spent + money + more, franchised, order_id=order_id,
            points=spent, points_minor=spent, wallet_minor=money,
        )  # fmt: skip

    @rule(member=who, which=which)
    def spend_all_and_void(self, member: int, which: Any) -> None:
        there = self.shop.account(self.members[member], self.now).points
        if there > 0:
            before = len(self.held)
            self.hold(member, there, 0)
            if len(self.held) > before:
                self.settle(which, 0)
                self.void(which)

    @rule(member=who, frozen=st.booleans(), account=st.sampled_from(["points", "wallet"]))
    def freeze(self, member: int, frozen: bool, account: str) -> None:
        command: dict[str, Any] = {
            "id": new_id(), "store_id": self.shop.store_id, "member_id": self.members[member],
            "account": account, "reason": "lost",
        }  # fmt: skip
        if frozen:
            freezes.freeze_account(self.session, self.shop.manager, FreezeAccount(**command))
        else:
            freezes.unfreeze_account(self.session, self.shop.manager, UnfreezeAccount(**command))

    @precondition(lambda self: self.sold)
    @rule(which=which)
    def give_back(self, which: Any) -> None:
        order = self.sold[which.choice(sorted(self.sold))]
        if order.points_minor + order.wallet_minor:
            return
        back = back_of(
            order, order.total_minor // 3, order.total_minor - order.total_minor // 3,
            franchisee_id=order.franchisee_id, sold_franchisee_id=order.franchisee_id,
            sold_on=order.business_date, business_date=self._today(), returned_at=self.now,
        )  # fmt: skip
        returns.book_returned(self.session, [back], self.now)
        del self.sold[order.order_id]

    @precondition(lambda self: self.sold)
    @rule(which=which)
    def void(self, which: Any) -> None:
        self.shop.void(self.sold.pop(which.choice(sorted(self.sold))), now=self.now)

    @rule(days=st.integers(1, 40))
    def days_go_by(self, days: int) -> None:
        self.now += timedelta(days=days)
        expiry.expire(self.session, self.now)

    @rule(first=who, second=who, at_once=st.booleans())
    def merge(self, first: int, second: int, at_once: bool) -> None:
        survivor, merged = (self.survivor[self.members[n]] for n in (first, second))
        if survivor == merged:
            return
        before = self._shown()
        group = [id_ for id_, whom in self.survivor.items() if whom == merged]
        total = self._total({survivor, *group})
        self.number += 1
        event = MemberMerged(
            merge_id=new_id(), merged_id=merged, survivor_id=survivor, member_ids=group,
            number=self.number,
        )  # fmt: skip
        merging.merge(self.session, event, self.now)
        self.survivor |= dict.fromkeys(group, survivor)
        self.merges.append(event)
        assert self._total({survivor, *group}) == total
        if at_once:
            self._undo(event)
            assert self._shown() == before

    @precondition(lambda self: self.merges)
    @rule(which=which)
    def undo(self, which: Any) -> None:
        event = which.choice(self.merges)
        if self.survivor[event.survivor_id] != event.survivor_id:
            return  # the member service refuses it until the outer merge is undone
        total = self._total(set(self.members))
        self._undo(event)
        assert self._total(set(self.members)) == total

    @invariant()
    def the_books_are_right(self) -> None:
        if hasattr(self, "shop"):
            assert self.shop.differences() == {}

    @invariant()
    def whoever_is_asked_for_is_the_survivor(self) -> None:
        for member_id, survivor in getattr(self, "survivor", {}).items():
            assert self.shop.account(member_id, self.now).member_id == survivor

    def _undo(self, event: MemberMerged) -> None:
        self.number += 1
        told = msgspec.structs.asdict(event) | {"number": self.number}
        for _ in range(2):
            merging.unmerge(self.session, MemberUnmerged(**told), self.now)
        self.merges.remove(event)
        self.survivor |= dict.fromkeys(event.member_ids, event.merged_id)

    def _sell(self, member_id: UUID, total: int, franchised: bool, **fields: Any) -> None:
        order = self.shop.order(
            member_id, total, business_date=self._today(), placed_at=self.now,
            store_id=self.stores[franchised],
            franchisee_id=self.shop.franchisee_id if franchised else None, **fields,
        )  # fmt: skip
        for _ in range(2):
            self.shop.place(order, now=self.now)
        self.sold[order.order_id] = order

    def _accepted(self, work: Callable[..., Any], *arguments: Any) -> bool:
        try:
            work(self.session, *arguments)
        except Refusal as refusal:
            if refusal.code not in ("NOT_ENOUGH_POINTS", "NOT_ENOUGH_WALLET", "ACCOUNT_FROZEN"):
                raise
            return False
        return True

    def _today(self) -> date:
        return self.now.astimezone(ZONE).date()

    def _total(self, members: set[UUID]) -> list[tuple[str, int]]:
        rows = self.session.execute(
            text(
                "SELECT kind, CAST(sum(balance) AS bigint) FROM balances"
                " JOIN member_accounts USING (account_id) WHERE member_id = ANY(:ids)"
                " GROUP BY kind ORDER BY kind"
            ),
            {"ids": list(members)},
        )
        return [(row[0], row[1]) for row in rows]

    def _shown(self) -> list[Any]:
        """Balances, what is held, tiers, and what is left of each lot in its order."""
        rows = self.session.execute(
            text(
                "SELECT points.member_id, points.kind, b.balance, b.held, m.tier,"
                f" CAST({MOVEMENTS} AS text) AS movements"
                " FROM member_accounts points JOIN balances b USING (account_id)"
                " JOIN members m USING (member_id) ORDER BY 1, 2"
            )
        )
        shown: list[Any] = []
        for row in rows:
            lots = Lots(msgspec.json.decode(row.movements, type=list[Movement], strict=False))
            left = [(lot.id, lot.given.valid_until, lot.left) for lot in lots.open()]
            shown.append((*row[:5], lots.debt, left))
        return shown


def test_the_books_are_right_whatever_is_merged_and_undone(session: Session) -> None:
    class Here(Dealings):
        pass

    Here.session = session
    run(
        Here,
        settings=settings(
            max_examples=examples(15),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


_GIVEN = text(
    "SELECT e.issuing_store_id, e.issuing_franchisee_id, CAST(sum(e.amount) AS bigint)"
    " FROM entries e JOIN member_accounts ma USING (account_id) WHERE ma.kind = :account"
    " GROUP BY 1, 2"
)


def test_who_spent_what_was_booked_for_them_elsewhere_owes_it_to_the_store_that_gave_it(
    session: Session,
) -> None:
    """Earned under an id that was merged, gone back with the undo, spent, and then voided."""
    Dealings.session = session
    dealings = Dealings()
    dealings.open(RULES[0])
    dealings.merge(2, 0, at_once=False)
    dealings.earn(0, 10, franchised=True)
    (earned,) = dealings.sold
    dealings.undo(Random(0))
    dealings.hold(0, 10, 0)
    dealings.settle(Random(0), 0)
    dealings.shop.void(dealings.sold.pop(earned), now=dealings.now)

    dealings.the_books_are_right()
    balances = {row[0]: row[2] for row in dealings._shown() if row[1] == "points"}
    assert [balances[id_] for id_ in dealings.members] == [-10, 0, 0]
    given = session.execute(_GIVEN, {"account": "points"}).all()
    assert given == [(dealings.shop.franchised_id, dealings.shop.franchisee_id, -10)]
    dealings.merge(1, 0, at_once=True)
    dealings.merge(1, 0, at_once=False)
    balances = {row[0]: row[2] for row in dealings._shown() if row[1] == "points"}
    assert [balances[id_] for id_ in dealings.members] == [0, -10, 0]
    dealings.undo(Random(0))
    dealings.teardown()


def test_what_was_earned_since_bears_a_debt_again_that_a_merged_lot_had_borne(
    session: Session,
) -> None:
    """Else it would count as usable beside the debt, and its expiry could not be booked."""
    Dealings.session = session
    dealings = Dealings()
    dealings.open(RULES[0])
    dealings.earn(0, 16, franchised=False)
    (earned,) = dealings.sold
    dealings.hold(0, 16, 0)
    dealings.settle(Random(0), 0)
    dealings.shop.void(dealings.sold.pop(earned), now=dealings.now)
    dealings.earn(1, 30, franchised=True)
    dealings.merge(0, 1, at_once=False)
    dealings.earn(0, 16, franchised=False)
    dealings.undo(Random(0))

    dealings.days_go_by(40)
    dealings.days_go_by(40)

    balances = {row[0]: row[2] for row in dealings._shown() if row[1] == "points"}
    assert [balances[id_] for id_ in dealings.members] == [0, 0, 0]
    dealings.teardown()
