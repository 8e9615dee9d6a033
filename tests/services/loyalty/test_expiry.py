"""Points expire, first in, first out, with notice ahead."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import accounts, earning, erasure, expiry, holds, points, rules, statement
from services.loyalty.due import Due
from shared.contracts.loyalty import (
    AdjustPoints,
    ExpiryRule,
    GetAccounts,
    GetStatement,
    PointsExpiring,
    PublishRule,
)
from shared.contracts.member.erasure import MemberErased
from shared.contracts.order import OrderPlaced
from shared.database import Database
from shared.errors import Refusal
from shared.ids import new_id
from tests.services.loyalty.conftest import EARN, SPEND, Shop, counted, differences, envelope_of

A_YEAR = ExpiryRule(basis="months", length=12, notice_days=30)
NOON = timedelta(hours=12)


def noon(day: str) -> datetime:
    """Noon in Shanghai."""
    return datetime.fromisoformat(f"{day}T12:00:00+08:00").astimezone(UTC)


@pytest.fixture
def shop(bare_shop: Shop) -> Shop:
    bare_shop.publish(EARN, SPEND, A_YEAR)
    return bare_shop


def earn(shop: Shop, member_id: UUID, amount: int, day: str, **fields: Any) -> OrderPlaced:
    on = {"business_date": date.fromisoformat(day), "placed_at": noon(day)}
    order = shop.order(member_id, amount * EARN.minor_per_point, **(on | fields))
    shop.place(order, now=noon(day))
    return order


def spend(shop: Shop, member_id: UUID, amount: int, day: str) -> OrderPlaced:
    command = shop.hold(member_id, points=amount, points_minor=amount)
    holds.hold(shop.session, shop.seller, command)
    order = shop.order(
        member_id,
        amount,
        order_id=command.order_id,
        points=amount,
        points_minor=amount,
        business_date=date.fromisoformat(day),
        placed_at=noon(day),
    )
    shop.place(order, now=noon(day))
    return order


def entries(shop: Shop, member_id: UUID) -> list[Any]:
    command = GetStatement(member_id=member_id, account="points")
    return statement.get_statement(shop.session, shop.seller, command).items


def test_points_are_gone_after_their_last_day_in_the_store(shop: Shop, member_id: UUID) -> None:
    earn(shop, member_id, 100, "2030-03-14")
    expiry.expire(shop.session, noon("2031-03-01"))  # notice
    last_minute = datetime(2031, 3, 14, 15, 59, 59, tzinfo=UTC)
    before = shop.everything()

    assert expiry.expire(shop.session, last_minute) == 0
    assert shop.everything() == before
    assert expiry.expire(shop.session, last_minute + timedelta(seconds=1)) == 1

    gone, _ = entries(shop, member_id)
    assert (gone.reason, gone.amount, gone.balance_after) == ("expired", -100, 0)
    assert (gone.rule_version, gone.detail) == (1, "2030-03-14: 100")
    assert gone.valid_until == date(2031, 3, 14)
    assert (gone.issuing_store_id, gone.accepting_store_id) == (shop.store_id, None)
    assert shop.differences() == {}
    before = shop.everything()
    assert expiry.expire(shop.session, last_minute + timedelta(days=9)) == 0
    assert shop.everything() == before


def test_the_oldest_are_spent_first(shop: Shop, member_id: UUID) -> None:
    earn(shop, member_id, 100, "2030-03-01")
    earn(shop, member_id, 50, "2030-05-01")
    spend(shop, member_id, 70, "2030-06-01")

    expiry.expire(shop.session, noon("2031-03-02"))

    assert shop.account(member_id).points == 50
    assert entries(shop, member_id)[0].detail == "2030-03-01: 30"


def test_each_store_bears_what_it_gave(shop: Shop, member_id: UUID) -> None:
    earn(shop, member_id, 100, "2030-03-01")
    franchised = {"store_id": shop.franchised_id, "franchisee_id": shop.franchisee_id}
    earn(shop, member_id, 40, "2030-03-01", **franchised)
    earn(shop, member_id, 7, "2030-03-02", **franchised)

    expiry.expire(shop.session, noon("2031-03-03"))

    booked = shop.session.execute(
        text(
            "SELECT a.store_id, e.issuing_franchisee_id, sum(e.amount) FROM entries e JOIN"
            " accounts a ON a.id = e.account_id WHERE a.kind = 'points_expired' GROUP BY 1, 2"
        )
    ).all()
    assert sorted(booked) == sorted(
        [(shop.store_id, None, 100), (shop.franchised_id, shop.franchisee_id, 47)]
    )
    documents = shop.session.scalars(text("SELECT kind FROM transactions WHERE kind = 'expiry'"))
    assert documents.all() == ["expiry"]
    assert shop.differences() == {}


def test_the_rule_of_the_day_of_earning_decides(bare_shop: Shop) -> None:
    shop = bare_shop
    member_id = shop.register()
    shop.publish(EARN)
    shop.publish(A_YEAR, valid_from=noon("2030-03-01"))
    shop.publish(ExpiryRule(basis="months", length=1, notice_days=5), valid_from=noon("2030-04-01"))
    shop.publish(ExpiryRule(basis="year_end", notice_days=5), valid_from=noon("2030-05-01"))
    shop.publish(ExpiryRule(basis="never"), valid_from=noon("2030-06-01"))
    for amount, day in enumerate(("2030-02-28", "2030-03-01", "2030-04-30", "2030-05-31",
                                  "2030-06-01"), start=1):  # fmt: skip
        earn(shop, member_id, amount, day)

    lives = [(entry.amount, str(entry.valid_until)) for entry in entries(shop, member_id)]

    assert lives == [
        (5, "None"),
        (4, "2030-12-31"),
        (3, "2030-05-30"),
        (2, "2031-03-01"),
        (1, "None"),
    ]
    expiry.expire(shop.session, noon("2040-01-01"))
    assert shop.account(member_id).points == 6


def test_a_rule_published_later_changes_nothing_that_was_earned(bare_shop: Shop) -> None:
    shop = bare_shop
    member_id = shop.register()
    shop.publish(EARN)
    earn(shop, member_id, 100, "2030-03-01")
    shop.publish(A_YEAR)  # dated long before the points

    assert expiry.expire(shop.session, noon("2040-01-01")) == 0
    assert shop.account(member_id).points == 100


def test_an_order_that_comes_late_counts_from_its_business_day(shop: Shop, member_id: UUID) -> None:
    order = shop.order(
        member_id, 1_000, business_date=date(2030, 2, 28), placed_at=noon("2030-03-01")
    )
    shop.place(order, now=noon("2030-06-01"))

    assert entries(shop, member_id)[0].valid_until == date(2031, 2, 28)


def test_points_given_by_hand_expire_too(shop: Shop, member_id: UUID) -> None:
    command = AdjustPoints(
        id=new_id(), store_id=shop.store_id, member_id=member_id, points=20, reason="sorry"
    )
    # After midnight in the store, before it in UTC.
    at = datetime(2030, 3, 14, 16, 30, tzinfo=UTC)
    points.adjust(shop.session, shop.manager, command, at)

    assert entries(shop, member_id)[0].valid_until == date(2031, 3, 15)


def test_the_account_says_what_goes_next(shop: Shop, member_id: UUID) -> None:
    earn(shop, member_id, 100, "2030-03-01")
    earn(shop, member_id, 50, "2030-05-01")
    other = shop.register()

    def shown(now: datetime) -> tuple[int, Any]:
        account = shop.account(member_id, now)
        return account.points_expiring, account.points_valid_until

    assert shown(noon("2030-06-01")) == (100, date(2031, 3, 1))
    hold = shop.hold(member_id, points=120, points_minor=120)
    holds.hold(shop.session, shop.seller, hold)
    assert shown(noon("2030-06-01")) == (30, date(2031, 5, 1))
    holds.release(shop.session, [(hold.order_id, shop.store_id)])
    assert shown(noon("2031-03-01")) == (100, date(2031, 3, 1))
    assert shown(noon("2031-03-02")) == (50, date(2031, 5, 1))
    command = GetAccounts(member_ids=[member_id, other])
    found = accounts.get_accounts(shop.session, shop.seller, command).items
    by_member = {account.member_id: account for account in found}
    assert by_member[other].points_expiring == 0
    assert by_member[other].points_valid_until is None


def test_notice_is_given_once_for_a_day(shop: Shop, member_id: UUID) -> None:
    earn(shop, member_id, 100, "2030-03-14")
    earn(shop, member_id, 5, "2030-03-14", store_id=shop.franchised_id)
    earn(shop, member_id, 7, "2030-03-15")
    first_day = datetime(2031, 2, 11, 16, 0, tzinfo=UTC)  # midnight, 30 days before the last one

    assert expiry.expire(shop.session, first_day - timedelta(seconds=1)) == 0
    assert shop.events(PointsExpiring) == []
    for later in range(5):
        expiry.expire(shop.session, first_day + timedelta(hours=later))
    [told] = shop.events(PointsExpiring)
    assert (told.subject, told.data.member_id) == (str(member_id), member_id)
    assert (told.data.points, told.data.valid_until) == (105, date(2031, 3, 14))
    assert (told.data.store_id, told.data.rule_version) == (shop.store_id, 1)
    for later in range(5):
        expiry.expire(shop.session, first_day + timedelta(days=1, hours=later))
    assert [event.data.points for event in shop.events(PointsExpiring)] == [105, 7]


def test_a_service_that_was_down_gives_no_notice_of_what_is_gone(
    shop: Shop, member_id: UUID
) -> None:
    earn(shop, member_id, 100, "2030-03-14")
    earn(shop, member_id, 7, "2030-03-30")

    expiry.expire(shop.session, noon("2031-03-20"))

    assert [event.data.points for event in shop.events(PointsExpiring)] == [7]
    assert shop.account(member_id).points == 7


def test_points_held_stay_until_the_order_has_ended(shop: Shop, member_id: UUID) -> None:
    earn(shop, member_id, 100, "2030-03-14")
    kept = shop.hold(member_id, points=60, points_minor=60)
    dropped = shop.hold(member_id, points=30, points_minor=30)
    for command in (kept, dropped):
        holds.hold(shop.session, shop.seller, command)
    now = noon("2031-03-15")

    expiry.expire(shop.session, now)
    assert (shop.account(member_id).points, shop.account(member_id).points_held) == (0, 90)
    holds.release(shop.session, [(dropped.order_id, shop.store_id)])
    assert expiry.expire(shop.session, now) == 0
    assert expiry.expire(shop.session, now + expiry.HELD_AGAIN) == 1
    assert shop.account(member_id).points_held == 60
    order = shop.order(member_id, 60, order_id=kept.order_id, points=60, points_minor=60)
    shop.place(order, now=now + timedelta(hours=1))
    expiry.expire(shop.session, now + timedelta(hours=2))

    account = shop.account(member_id)
    assert (account.points, account.points_held) == (0, 0)
    assert [(e.reason, e.amount) for e in entries(shop, member_id)] == [
        ("spent", -60),
        ("expired", -30),
        ("expired", -10),
        ("earned", 100),
    ]
    assert shop.differences() == {}


def test_points_that_come_back_have_their_old_date(shop: Shop, member_id: UUID) -> None:
    earn(shop, member_id, 100, "2030-03-14")
    earn(shop, member_id, 100, "2030-08-01")
    first = spend(shop, member_id, 80, "2031-03-14")
    spend(shop, member_id, 50, "2031-03-14")
    expiry.expire(shop.session, noon("2031-03-15"))
    assert shop.account(member_id).points == 70

    shop.void(first, now=noon("2031-03-15"))  # the event was late

    assert shop.account(member_id).points == 150
    expiry.expire(shop.session, noon("2031-03-15"))
    assert entries(shop, member_id)[0].detail == "2030-03-14: 80"
    assert shop.account(member_id).points == 70
    assert shop.differences() == {}


def test_new_points_first_cover_what_is_below_zero(shop: Shop, member_id: UUID) -> None:
    order = earn(shop, member_id, 100, "2030-03-14")
    spend(shop, member_id, 80, "2030-03-14")
    shop.void(order, now=noon("2030-03-14"))
    assert shop.account(member_id).points == -80
    expiry.expire(shop.session, noon("2031-03-15"))
    assert shop.account(member_id).points == -80

    earn(shop, member_id, 100, "2031-03-16")

    account = shop.account(member_id)
    assert (account.points, account.points_expiring) == (20, 20)
    expiry.expire(shop.session, noon("2032-03-17"))
    assert shop.account(member_id).points == 0
    assert shop.differences() == {}


def test_a_broken_account_does_not_stop_the_others(shop: Shop, member_id: UUID) -> None:
    broken = shop.register()
    for each in (broken, member_id):
        earn(shop, each, 100, "2030-03-14")
    shop.session.execute(
        text(
            "UPDATE balances SET balance = 99 WHERE account_id = (SELECT account_id FROM"
            " member_accounts WHERE member_id = :member_id AND kind = 'points')"
        ),
        {"member_id": broken},
    )

    expiry.expire(shop.session, noon("2031-03-15"))

    assert shop.account(member_id).points == 0
    assert shop.account(broken).points == 99
    assert set(shop.differences()) == {
        "balances are the sums of their entries",
        "the last entry shows the balance",
    }


@pytest.mark.parametrize(
    "body",
    [
        ExpiryRule(basis="months"),
        ExpiryRule(basis="months", length=1, notice_days=28),
        ExpiryRule(basis="year_end", length=101),
        ExpiryRule(basis="never", length=1),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(bare_shop: Shop, body: ExpiryRule) -> None:
    before = bare_shop.everything()

    with pytest.raises(Refusal) as refused:
        rules.publish(bare_shop.session, bare_shop.hq, PublishRule(id=new_id(), body=body))

    assert refused.value.code == "INVALID_RULE"
    assert bare_shop.everything() == before


def test_the_audit_sees_points_that_should_be_gone(bare_shop: Shop) -> None:
    shop = bare_shop
    shop.publish(EARN, ExpiryRule(basis="months", length=1, notice_days=1))
    member_id = shop.register()
    earn(shop, member_id, 100, "2021-03-14")  # long past for the database's own clock

    assert set(shop.differences()) == {
        "nothing is past its date and still usable",
        "what is due to expire was looked at within the hour",
    }
    expiry.expire(shop.session, noon("2021-06-01"))
    assert shop.differences() == {}


@pytest.fixture
def crowd(database: Database) -> tuple[Shop, list[UUID]]:
    """Twenty members with points of two stores, committed."""
    with database.transaction() as session:
        shop = Shop(session)
        shop.publish(EARN, SPEND, A_YEAR)
        members = [shop.register() for _ in range(20)]
        for member_id in members:
            earn(shop, member_id, 100, "2030-03-14")
            earn(shop, member_id, 10, "2030-03-14", store_id=shop.franchised_id)
    return shop, members


def test_a_batch_is_one_document_in_which_each_store_has_one_entry(
    database: Database, crowd: tuple[Shop, list[UUID]]
) -> None:
    shop, members = crowd
    with database.transaction() as session:
        expiry.expire(session, noon("2031-03-15"))
        shop.session = session
        documents = session.scalars(text("SELECT id FROM transactions WHERE kind = 'expiry'")).all()
        stores = session.execute(
            text(
                "SELECT a.store_id, e.amount, e.transaction_id FROM entries e JOIN accounts a"
                " ON a.id = e.account_id WHERE a.kind = 'points_expired' ORDER BY e.amount"
            )
        ).all()
        assert stores == [
            (shop.franchised_id, 10 * len(members), *documents),
            (shop.store_id, 100 * len(members), *documents),
        ]
        detail = {entries(shop, member_id)[0].detail for member_id in members}
        assert detail <= {"2030-03-14: 10", "2030-03-14: 100"}
        assert differences(session) == {}


def test_who_is_erased_takes_nothing_from_the_others_of_a_batch(
    shop: Shop, member_id: UUID
) -> None:
    other = shop.register()
    for each in (member_id, other):
        earn(shop, each, 100, "2030-03-14")
    expiry.expire(shop.session, noon("2031-03-15"))
    kept = entries(shop, other)

    told = MemberErased(erasure_id=new_id(), member_id=member_id)
    erasure.on_member_erased(shop.session, [envelope_of(told)])

    assert entries(shop, other) == kept
    assert [kept[0].detail, entries(shop, member_id)[0].detail] == ["2030-03-14: 100", None]
    assert shop.differences() == {}


def test_a_run_that_is_killed_goes_on_where_it_stopped(
    database: Database, crowd: tuple[Shop, list[UUID]]
) -> None:
    shop, members = crowd
    now = noon("2031-03-15")

    class Killed(Exception):
        pass

    def batch(killed: bool = False) -> int:
        with database.transaction() as session:
            looked_at = expiry.expire(session, now, limit=7)
            if killed:
                raise Killed
            return looked_at

    looked_at = [batch()]
    with pytest.raises(Killed):
        batch(killed=True)
    looked_at += [batch(), batch(), batch()]

    assert looked_at == [7, 7, 6, 0]
    with database.transaction() as session:
        shop.session = session
        found = [shop.account(member_id, now).points for member_id in members]
        assert found == [0] * 20
        assert differences(session) == {}


@pytest.mark.parametrize("number", [1, 9])
def test_a_batch_costs_three_statements_and_a_run_one_look_up(
    database: Database, crowd: tuple[Shop, list[UUID]], number: int
) -> None:
    due = Due()
    with database.transaction() as session:
        expiry.expire(session, noon("2031-03-15"), 1)  # the first of these stores

    def batch() -> int:
        with counted(database.engine) as sent, database.transaction() as session:
            assert expiry.expire(session, noon("2031-03-15"), number, due) == number
        return len(sent)

    # Who is due; the lock of the run, that of the balances, what becomes of them all.
    assert [batch(), batch()] == [1 + 3, 3]


def test_who_is_not_due_any_more_is_passed_over(
    database: Database, crowd: tuple[Shop, list[UUID]]
) -> None:
    shop, members = crowd
    now, due = noon("2031-03-15"), Due()

    def batch(limit: int, due: Due) -> int:
        with database.transaction() as session:
            return expiry.expire(session, now, limit, due)

    assert [batch(7, due), batch(20, Due()), batch(7, due), batch(7, due)] == [7, 13, 7, 6]
    with database.transaction() as session:
        shop.session = session
        assert [shop.account(member_id, now).points for member_id in members] == [0] * 20
        assert differences(session) == {}


def test_expiry_while_orders_are_placed_and_settled(
    database: Database, crowd: tuple[Shop, list[UUID]]
) -> None:
    shop, members = crowd
    now = noon("2031-03-15")
    commands = [shop.hold(member_id, points=40, points_minor=40) for member_id in members]

    def one(work: Callable[[Session], Any]) -> Any:
        try:
            with database.transaction() as session:
                return work(session)
        except Refusal as refusal:
            return refusal.code

    def sell(command: Any) -> Any:
        made = one(lambda session: holds.hold(session, shop.seller, command))
        if isinstance(made, str):
            return made
        order = shop.order(
            command.member_id,
            40,
            order_id=command.order_id,
            points=40,
            points_minor=40,
            business_date=date(2031, 3, 15),
            placed_at=now,
        )
        one(lambda session: earning.on_order_placed(session, [envelope_of(order)]))
        return "sold"

    with ThreadPoolExecutor(8) as pool:
        runs = [
            pool.submit(one, lambda session: expiry.expire(session, now, limit=3))
            for _ in range(20)
        ]
        outcomes = list(pool.map(sell, commands))
        for run in runs:
            run.result()
    for later in range(1, 4):
        one(lambda session, later=later: expiry.expire(session, now + later * expiry.HELD_AGAIN))

    assert set(outcomes) <= {"sold", "NOT_ENOUGH_POINTS"}
    with database.transaction() as session:
        shop.session = session
        assert differences(session) == {}
        found = [shop.account(member_id, now) for member_id in members]
        assert {(account.points, account.points_held) for account in found} == {(0, 0)}
        spent = session.scalar(
            text("SELECT coalesce(-sum(amount), 0) FROM entries WHERE reason = 'spent'"
                 " AND balance_after IS NOT NULL")
        )  # fmt: skip
        assert spent == 40 * outcomes.count("sold")
