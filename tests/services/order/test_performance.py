"""What sellers sold: net of returns, exact after a void, by the days of the store."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.order import cancellation, checkout, performance, returns
from shared.contracts.campaign import BasketLine
from shared.contracts.order import CancelOrder, PlaceOrder, Tender
from shared.contracts.order.performance import Figures, GetPerformance, Performance
from shared.contracts.order.returns import ReturnGoods, ReturnLine
from shared.database import Database
from shared.errors import Forbidden
from shared.seal import Caller, Role
from shared.service import Transaction
from tests.services.order.conftest import SKU, STORE, UNIT, FakeServices, caller, rows, sale

NOTHING = Figures()


def sell(database: Database, services: FakeServices, clerk: Caller, pieces: int) -> PlaceOrder:
    command = sale(
        member_id=uuid4() if pieces > 1 else None,
        total_minor=pieces * UNIT,
        lines=[BasketLine(line=1, sku_id=SKU, quantity=pieces)],
        tenders=[Tender(kind="cash", amount_minor=pieces * UNIT)],
    )
    checkout.place_order(Transaction(database), services, clerk, command)
    return command


def take_back(database: Database, clerk: Caller, order: PlaceOrder, pieces: int) -> None:
    command = ReturnGoods(
        return_id=uuid4(), order_id=order.order_id, store_id=STORE, reason="too small",
        lines=[ReturnLine(line=1, quantity=pieces)], refund_minor=pieces * UNIT,
    )  # fmt: skip
    with database.transaction() as session:
        returns.return_goods(session, clerk, command)


def move(database: Database, order: PlaceOrder, day: date) -> None:
    rows(
        database, "UPDATE orders SET business_date = :day WHERE id = :id RETURNING id",
        day=day, id=order.order_id,
    )  # fmt: skip


def ask(database: Database, who: Caller, **asked: Any) -> Performance:
    with database.transaction() as session:
        return performance.get_performance(session, who, GetPerformance(store_id=STORE, **asked))


def figures(sales: int, orders: int, pieces: int, **more: Any) -> Figures:
    average = sales * UNIT // orders if orders else None
    return Figures(
        sales_minor=sales * UNIT, orders=orders, pieces=pieces, average_minor=average, **more
    )


def test_own_figures_are_net_of_what_came_back_and_of_what_was_cancelled(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    colleague = caller(Role.ASSOCIATE)
    three = sell(database, services, clerk, 3)
    one = sell(database, services, clerk, 1)
    sell(database, services, colleague, 2)
    take_back(database, colleague, three, 1)
    with database.transaction() as session:
        manager = caller(Role.STORE_MANAGER)
        void = CancelOrder(order_id=one.order_id, reason="a mistake")
        cancellation.cancel_order(session, manager, void)

    mine = ask(database, clerk)
    whole = ask(database, manager)

    own = figures(2, 1, 2, member_orders=1, returned_minor=UNIT)
    assert (mine.total, mine.before) == (own, NOTHING)
    assert [(each.staff_id, each.figures) for each in mine.sellers] == [(clerk.id, own)]
    assert [each.figures for each in mine.days] == [own]
    others = figures(2, 1, 2, member_orders=1)
    assert {each.staff_id: each.figures for each in whole.sellers} == {
        clerk.id: own, colleague.id: others,
    }  # fmt: skip
    assert whole.total == figures(4, 2, 4, member_orders=2, returned_minor=UNIT)
    assert ask(database, manager, staff_id=colleague.id).total == others


def test_a_week_has_all_its_days_and_the_week_before(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    today = datetime.now(UTC).astimezone().date()
    monday = today - timedelta(days=today.weekday(), weeks=2)
    for at, pieces in ((0, 1), (6, 2), (-1, 3), (-8, 4)):
        move(database, sell(database, services, clerk, pieces), monday + timedelta(days=at))

    week = ask(database, clerk, period="week", day=monday + timedelta(days=3))

    assert (week.first_day, week.last_day) == (monday, monday + timedelta(days=6))
    assert [day.figures.pieces for day in week.days] == [1, 0, 0, 0, 0, 0, 2]
    assert (week.total.pieces, week.before.pieces) == (3, 3)


def test_what_comes_back_later_counts_on_its_own_day(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    order = sell(database, services, clerk, 2)
    yesterday = ask(database, clerk).first_day - timedelta(days=1)
    move(database, order, yesterday)
    take_back(database, caller(Role.STORE_MANAGER), order, 2)

    assert ask(database, clerk, day=yesterday).total == figures(2, 1, 2, member_orders=1)
    today = ask(database, clerk)
    assert today.total == figures(-2, 0, -2, returned_minor=2 * UNIT)
    assert today.before == figures(2, 1, 2, member_orders=1)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("day", date(2026, 3, 1), date(2026, 3, 1)),
        ("week", date(2026, 2, 23), date(2026, 3, 1)),
        ("month", date(2026, 3, 1), date(2026, 3, 31)),
    ],
)
def test_the_days_of_a_period(period: Any, first: date, last: date) -> None:
    assert performance.days_of(period, date(2026, 3, 1)) == (first, last)


def test_nobody_sees_a_colleagues_figures_or_another_stores(
    database: Database, clerk: Caller
) -> None:
    stranger = caller(Role.STORE_MANAGER, store=UUID(int=9))
    for who, asked in ((clerk, {"staff_id": uuid4()}), (stranger, {})):
        with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
            ask(database, who, **asked)


def test_own_figures_are_read_from_an_index(database: Database) -> None:
    """Whatever the statistics say: with sequential reading forbidden, the seller's index is it."""
    with database.transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.execute(
            text("EXPLAIN " + performance.statement(True)),
            {"store_id": STORE, "staff_id": uuid4(), "first": date.min, "last": date.max},
        )
        lines = "\n".join(row[0] for row in plan)
    assert "ix_orders_seller_day" in lines


CROWD = """
    INSERT INTO orders (id, status, content, worked_until, store_id, legal_entity, staff_id,
        sent_by, channel, business_date, sold_at, currency, fact, told_minor, list_minor,
        discount_minor, total_minor, tax_minor, change_minor, receipt_number, placed_at, member_id)
    SELECT gen_random_uuid(), 'placed', 'x', now(), CAST(lpad(to_hex(1 + n % 12), 32, '0') AS uuid),
        'x', CAST(lpad(to_hex(1000 + n % 96), 32, '0') AS uuid), gen_random_uuid(), 'store',
        date '2026-01-01' + (n / 12) % 90, now(), 'CNY', false, 20000, 20000, 0, 20000, 2000, 0,
        'R-' || n, now(), CASE WHEN n % 3 = 0 THEN gen_random_uuid() END
    FROM generate_series(1, 100000) n;
    INSERT INTO order_lines SELECT id, line, id, id, 's', 'n', 'c', 'r', 'M', 1, 10000, 10000, 0,
        10000, 1300, 1000, '[]' FROM orders, generate_series(1, 2) line;
    INSERT INTO returns (id, order_id, number, content, store_id, legal_entity, staff_id,
        business_date, returned_at, currency, refund_minor, tax_minor, points_taken, promotions,
        reason, receipt_number, sold_store_id, seller_id)
    SELECT gen_random_uuid(), id, 1, 'x', store_id, 'x', staff_id, business_date, now(), 'CNY',
        10000, 1000, 0, '{}', 'x', 'T' || receipt_number, store_id, staff_id
    FROM orders WHERE right(receipt_number, 1) = '7';
    INSERT INTO return_lines SELECT id, 0, order_id, 1, 1, 'sellable', 0, 1, 10000, 1000
    FROM returns
"""
"""Two pieces in each of 100,000 orders: 12 stores, 96 sellers, 90 days; every tenth came back."""


@pytest.mark.long
def test_a_hundred_thousand_orders_cost_a_seller_and_a_store_little(database: Database) -> None:
    """Pages, since times depend on the machine; `-s` shows those as well."""
    with database.transaction() as session:
        for each in CROWD.split(";"):
            session.execute(text(each))
        for table in ("orders", "order_lines", "returns", "return_lines"):
            session.execute(text(f"ANALYZE {table}"))
    store, seller = UUID(int=1), UUID(int=1_012)
    asked = {"store_id": store, "first": date(2026, 1, 1), "last": date(2026, 2, 28)}
    cost = {}
    for of_seller in (True, False):
        explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + performance.statement(of_seller)
        with database.transaction() as session:
            [plan] = session.execute(text(explain), {**asked, "staff_id": seller}).scalar_one()
        buffers = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        cost["seller" if of_seller else "store"] = buffers
        print(f"seller={of_seller}: {plan['Execution Time']:.1f} ms, {buffers} pages")

    assert cost["seller"] < 10_000  # two months: about 680 orders with their lines
    assert cost["store"] < 60_000
