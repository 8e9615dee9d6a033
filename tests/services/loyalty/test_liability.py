"""How much is owed, to whom, and why (K43)."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.loyalty import liability, wallet
from shared.contracts.loyalty.liability import GetLiability, ListDebts
from shared.database import Database
from shared.errors import Forbidden
from shared.seal import Caller, Role, ScopeKind
from tests.services.loyalty.conftest import (
    EARN,
    LADDER,
    SPEND,
    Shop,
    caller,
    differences,
    in_the_end,
)
from tests.services.loyalty.test_payouts import spend

JANUARY = datetime(2026, 1, 10, 4, tzinfo=UTC)
MARCH = datetime(2026, 3, 31, 16, tzinfo=UTC)  # the first of April in Shanghai


def pay_in(shop: Shop, member_id: UUID, amount: int, now: datetime, **fields: Any) -> None:
    wallet.pay_in(shop.session, shop.hq, shop.top_up(member_id, amount, **fields), now)


def report(shop: Shop, by: Caller | None = None, **fields: Any) -> dict[Any, Any]:
    """Lines by store and account."""
    found = liability.get_liability(shop.session, by or shop.hq, GetLiability(**fields))
    return {(line.store_id, line.account): line for line in found.lines}


def gather_all(shop: Shop) -> None:
    """As the timer does, in a transaction that is alone: nothing of others is on its way."""
    see_all(shop)
    while liability.gather(shop.session, batch=3):
        pass


def see_all(shop: Shop) -> None:
    shop.session.execute(
        text(
            "UPDATE liability_mark SET seen_xid = 0,"
            " seen_id = coalesce(pg_sequence_last_value('entries_id_seq'), 0)"
        )
    )


@pytest.mark.parametrize("gathered", [False, True])
def test_k43_how_much_is_owed_to_whom_and_why(
    shop: Shop, member_id: UUID, *, gathered: bool
) -> None:
    other = shop.register()
    pay_in(shop, member_id, 10_000, JANUARY)
    pay_in(shop, other, 5_000, JANUARY, store_id=shop.franchised_id)
    pay_in(shop, other, 700, MARCH)
    shop.place(shop.order(member_id, 25_000), now=MARCH)
    spend(shop, member_id, 4_000)
    if gathered:
        gather_all(shop)

    lines = report(shop)

    ours = lines[shop.store_id, "principal"]
    assert (ours.opening, ours.closing, ours.members) == (0, 6_700, 2)
    assert [(each.reason, each.entries, each.amount) for each in ours.movements] == [
        ("spent", 1, -4_000),
        ("top_up", 2, 10_700),
    ]
    theirs = lines[shop.franchised_id, "principal"]
    assert (theirs.franchisee_id, ours.franchisee_id) == (shop.franchisee_id, None)
    assert (theirs.closing, theirs.members) == (5_000, 1)
    points = lines[shop.store_id, "points"]
    assert (points.value_minor, points.spend_version) == (points.closing, 1)
    total = shop.session.execute(text("SELECT sum(balance) FROM balances")).scalar_one()
    assert sum(line.closing for line in lines.values()) == total
    assert all(sum(b.amount for b in line.bands) == line.closing for line in lines.values())
    debts = liability.list_debts(
        shop.session, shop.hq, ListDebts(store_id=shop.store_id, account="principal", first=1)
    )
    rest = ListDebts(store_id=shop.store_id, account="principal", first=1, after=debts.cursors[0])
    more = liability.list_debts(shop.session, shop.hq, rest)
    assert debts.has_next
    assert not more.has_next
    found = {debt.member_id: debt.amount for debt in (*debts.items, *more.items)}
    assert found == {member_id: 6_000, other: 700}
    assert shop.differences() == {}


@pytest.mark.parametrize("gathered", [False, True])
def test_k43_a_report_of_the_past_ends_with_the_local_day(
    shop: Shop, member_id: UUID, *, gathered: bool
) -> None:
    pay_in(shop, member_id, 10_000, JANUARY)
    pay_in(shop, member_id, 700, MARCH)
    if gathered:
        gather_all(shop)

    to_march = report(shop, since=date(2026, 2, 1), until=date(2026, 3, 31))
    to_april = report(shop, since=date(2026, 2, 1), until=date(2026, 4, 1))

    key = shop.store_id, "principal"
    assert (to_march[key].opening, to_march[key].movements, to_march[key].closing) == (
        10_000, [], 10_000,
    )  # fmt: skip
    assert (to_april[key].opening, to_april[key].closing) == (10_000, 10_700)
    assert [each.amount for each in to_april[key].movements] == [700]
    assert (to_april[key].members, to_april[key].bands) == (None, [])


def test_the_oldest_value_is_used_first_so_what_is_left_is_young(
    shop: Shop, member_id: UUID
) -> None:
    now = datetime.now(UTC)
    pay_in(shop, member_id, 1_000, now - timedelta(days=800))
    pay_in(shop, member_id, 1_000, now - timedelta(days=200))
    pay_in(shop, member_id, 1_000, now)
    spend(shop, member_id, 1_400)
    gather_all(shop)

    line = report(shop)[shop.store_id, "principal"]

    bands = {band.from_months: band.amount for band in line.bands if band.amount}
    assert bands == {0: 1_000, 6: 600}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_report_says_the_same_however_far_entries_are_gathered(
    shop: Shop, member_id: UUID, seed: int
) -> None:
    draw, now = random.Random(seed), datetime.now(UTC)
    members = [member_id, shop.register()]
    for _ in range(8):
        who = draw.choice(members)
        pay_in(shop, who, 1_000, now - timedelta(days=draw.randrange(900)))
        if draw.random() < 0.4:
            spend(shop, who, draw.choice((300, 1_000)))
        if draw.random() < 0.5:
            see_all(shop)
            assert liability.gather(shop.session, batch=3) > 0
    partly = report(shop)

    gather_all(shop)

    assert report(shop) == partly
    assert shop.differences() == {}
    months = text("SELECT sum(amount), sum(members) FROM liability_ages WHERE kind = 'principal'")
    owed, owners = shop.session.execute(months).one()
    line = partly[shop.store_id, "principal"]
    assert (owed, owners) == (line.closing, line.members)


def test_each_sees_what_their_own_stores_owe(shop: Shop, member_id: UUID) -> None:
    pay_in(shop, member_id, 100, JANUARY)
    pay_in(shop, member_id, 100, JANUARY, store_id=shop.franchised_id)
    owner = Caller(
        kind="staff",
        id=shop.hq.id,
        roles=frozenset({Role.FRANCHISE_OWNER}),
        scope_kind=ScopeKind.FRANCHISEE,
        scope_id=shop.franchisee_id,
    )

    assert {store for store, _ in report(shop, owner)} == {shop.franchised_id}
    assert {store for store, _ in report(shop, shop.manager)} == {shop.store_id}
    assert {store for store, _ in report(shop, caller(Role.AUDITOR))} == {
        shop.store_id,
        shop.franchised_id,
    }
    with pytest.raises(Forbidden):
        report(shop, owner, store_id=shop.store_id)
    with pytest.raises(Forbidden):
        liability.list_debts(
            shop.session, owner, ListDebts(store_id=shop.store_id, account="points")
        )


def test_an_entry_that_commits_late_is_gathered_too(database: Database) -> None:
    with database.transaction() as session:
        shop = Shop(session)
        shop.publish(EARN, SPEND, LADDER)
        early, late = shop.register(), shop.register()
        pay_in(shop, early, 7, JANUARY)  # the store's counter accounts are there

    def gather() -> int:
        with database.transaction() as session:
            return liability.gather(session)

    with database.transaction() as slow:
        shop.session = slow
        pay_in(shop, late, 100, JANUARY)  # has its ids, but has not committed
        with database.transaction() as session:
            shop.session = session
            pay_in(shop, early, 50, JANUARY)
        assert gather() == 0  # sees the ids
        assert gather() == 0  # and waits for the slow one
        with database.transaction() as session:
            shop.session = session
            assert report(shop)[shop.store_id, "principal"].closing == 57
    assert in_the_end(gather) > 0
    with database.transaction() as session:
        shop.session = session
        assert report(shop)[shop.store_id, "principal"].closing == 157
        gathered = session.execute(text("SELECT sum(amount) FROM liability_days")).scalar_one()
        assert gathered == 157
        assert differences(session) == {}
