"""Whatever happens in whatever order, the tags by rule are what the rules say of the facts."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import definitions, profiles, tag_facts, tagging, tags
from services.member.phones import Keyring
from services.member.tag_judging import in_force, judge
from shared.contracts.member import Member, TagMember, UpdateMember
from shared.database import Database
from shared.seal import Caller, Role
from shared.stores import forget_stores
from tests.services.member.conftest import open_store, registration, staff
from tests.services.member.tag_shop import end, publish, ruled, sell, settle, tier, void
from tests.thorough import examples

pytestmark = pytest.mark.long

CONDITIONS = [
    "spent >= 1000",
    "not last_purchase_on within 30 days",
    "orders_in(30) >= 2 or spent_in(60) between 500 and 1500",
    'city = "上海" and (tier = "gold" or tags has "friend")',
    "average > 600 and days_since(first_purchase_on) < 50",
    "not known(city) and age >= 26",
]
STEPS = st.one_of(
    st.tuples(st.just("sell"), st.integers(1, 900), st.integers(0, 70)),
    st.tuples(st.just("void"), st.integers(0, 5)),
    st.tuples(st.just("city"), st.sampled_from(["上海", "杭州"])),
    st.tuples(st.just("tier"), st.sampled_from(["gold", "silver", None])),
    st.tuples(st.just("tag"), st.booleans()),
    st.tuples(st.just("days"), st.integers(1, 40)),
    st.tuples(st.just("rule"), st.sampled_from(CONDITIONS)),
    st.tuples(st.just("end")),
    st.tuples(st.just("settle")),
)


class World:
    """One member and one rule more, changed step by step."""

    def __init__(self, session: Session, keys: Keyring, caller: Caller, member: Member) -> None:
        self.session, self.keys, self.caller, self.member = session, keys, caller, member
        self.now = datetime.now(UTC) + timedelta(seconds=1)
        self.sales: list[Any] = []
        self.told = 0
        rows = session.execute(text(
            "SELECT max(version), (array_agg(ended ORDER BY version DESC))[1]"
            " FROM tag_rule_versions WHERE tag = 'changing'"
        )).one()  # fmt: skip
        self.version, self.ended = rows[0] or 0, rows[0] is None or rows[1]

    def do(self, step: tuple[Any, ...]) -> None:
        what, *given_ = step
        getattr(self, what)(*given_)

    def sell(self, minor: int, days_ago: int) -> None:
        self.sales.append(sell(self.session, self.member.id, minor, days_ago))

    def void(self, which: int) -> None:
        if which < len(self.sales):
            void(self.session, self.sales[which])

    def city(self, city: str) -> None:
        version = self.session.scalar(
            text("SELECT version FROM members WHERE id = :id"), {"id": self.member.id}
        )
        change = UpdateMember(member_id=self.member.id, version=version or 0, city=city)
        profiles.update_member(self.session, self.keys, self.caller, change)

    def tier(self, code: str | None) -> None:
        self.told += 1
        tier(self.session, self.member.id, code, self.told)

    def tag(self, on: bool) -> None:
        which = {"add" if on else "remove": ["friend"]}
        command = TagMember(member_id=self.member.id, **which)
        tags.tag(self.session, self.keys, self.caller, command)

    def days(self, days: int) -> None:
        self.now += timedelta(days=days)

    def rule(self, condition: str) -> None:
        publish(self.session, condition, "changing", self.version)
        self.version, self.ended = self.version + 1, False

    def end(self) -> None:
        if not self.ended:
            end(self.session, self.version, "changing")
            self.version, self.ended = self.version + 1, True

    def settle(self) -> None:
        self.now = max(self.now, datetime.now(UTC) + timedelta(seconds=1))
        settle(self.session, self.now)

    def from_scratch(self) -> list[str]:
        """What the rules say of the facts as they are, all of them read anew."""
        rules = in_force(self.session, self.now).values()
        parts = frozenset(tag_facts._PARTS)
        (known,) = tag_facts.read(self.session, [self.member.id], parts, 4_000, self.now)
        return sorted(each.tag for each in rules if judge(each, known, self.now).holds)


@settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, max_size=14), number=st.integers(0, 10**8 - 1))
def test_judging_what_changed_comes_to_the_same_as_judging_everything(
    session: Session, keys: Keyring, store_id: UUID, associate: Caller, steps: Any, number: int
) -> None:
    with session.begin_nested() as undone:
        for place, condition in enumerate(CONDITIONS):
            publish(session, condition, f"rule {place}")
        birthday = (datetime.now(UTC) - timedelta(days=26 * 365)).date()
        command = registration(store_id, phone=f"138{number:08d}", birthday=birthday)
        member = profiles.register(session, keys, associate, command)
        world = World(session, keys, associate, member)
        for step in steps:
            world.do(step)
        world.settle()

        assert ruled(session, member.id) == world.from_scratch()
        undone.rollback()


@pytest.fixture
def database(own_database: Callable[..., Database]) -> Iterator[Database]:
    forget_stores()
    definitions.forget()
    yield own_database("member")
    forget_stores()
    definitions.forget()


def test_many_handlers_and_workers_at_once_for_one_member(
    database: Database, keys: Keyring
) -> None:
    """Sales, tags by hand and several replicas of the worker: nothing is lost, nothing twice."""
    with database.transaction() as session:
        store_id = open_store(session)
        caller = staff(Role.ASSOCIATE, store_id)
        member = profiles.register(session, keys, caller, registration(store_id))
        for number in range(1, 9):
            publish(session, f"spent >= {number * 100}", f"rule {number}")

    def sale(_: int) -> None:
        with database.transaction() as session:
            sell(session, member.id, 100)

    def hand(number: int) -> None:
        with database.transaction() as session:
            command = TagMember(member_id=member.id, add=[f"hand {number}"])
            tags.tag(session, keys, caller, command)

    def work(_: int) -> None:
        with database.transaction() as session:
            tagging.step(session, datetime.now(UTC))

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(job, n) for n in range(8) for job in (sale, work, hand, work)]
        for job in jobs:
            job.result()
    with database.transaction() as session:
        settle(session)

        assert ruled(session, member.id) == [f"rule {number}" for number in range(1, 9)]
        history = text("SELECT count(*) FROM tag_history")
        assert session.scalar(history) == 8
        sequences = text("SELECT envelope FROM outbox WHERE subject = :id")
        told = [msgspec.json.decode(each) for each in
                session.scalars(sequences, {"id": str(member.id)})]  # fmt: skip
        numbers = [each["sequence"] for each in told]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        last = max(told, key=lambda each: each["sequence"])
        assert len(last["data"]["tags"]) == 16
