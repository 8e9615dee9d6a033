"""What sellers sold, net of what came back: reckoned from orders and returns when it is asked for,
so that it cannot differ from them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.order.models import Store
from shared.contracts.order.performance import (
    DayFigures,
    Figures,
    GetPerformance,
    Performance,
    PerformancePeriod,
    SellerFigures,
)
from shared.errors import Forbidden
from shared.seal import MANAGERS, Caller, Role
from shared.stores import find_store

WHOLE_STORE = MANAGERS | {Role.AUDITOR}
_COUNTED = ("sales_minor", "returned_minor", "orders", "member_orders", "pieces")

_SOLD = """
    SELECT staff_id, business_date AS day, total_minor AS sales_minor, 0 AS returned_minor,
        1 AS orders, CAST(member_id IS NOT NULL AS int) AS member_orders, (
            SELECT sum(quantity) FROM order_lines WHERE order_id = orders.id) AS pieces
    FROM orders WHERE store_id = :store_id AND status = 'placed'
        AND business_date BETWEEN :first AND :last {seller}
"""
_CAME_BACK = """
    SELECT seller_id, business_date, -refund_minor, refund_minor, 0, 0, (
            SELECT -sum(quantity) FROM return_lines WHERE return_id = returns.id)
    FROM returns WHERE sold_store_id = :store_id
        AND business_date BETWEEN :first AND :last {seller}
"""
_SUMS = """
    SELECT staff_id, day, CAST(sum(sales_minor) AS bigint) AS sales_minor,
        CAST(sum(returned_minor) AS bigint) AS returned_minor, CAST(sum(orders) AS int) AS orders,
        CAST(sum(member_orders) AS int) AS member_orders, CAST(sum(pieces) AS int) AS pieces
    FROM ({sold} UNION ALL {came_back}) AS booked GROUP BY staff_id, day
"""


def statement(of_seller: bool) -> str:
    """The sums by seller and day, of everybody or one seller."""
    sold = _SOLD.format(seller="AND staff_id = :staff_id" if of_seller else "")
    came_back = _CAME_BACK.format(seller="AND seller_id = :staff_id" if of_seller else "")
    return _SUMS.format(sold=sold, came_back=came_back)


_OF_STORE, _OF_SELLER = text(statement(False)), text(statement(True))


def get_performance(session: Session, caller: Caller, command: GetPerformance) -> Performance:
    """Raises `Refusal("UNKNOWN_STORE")`, `Forbidden("FORBIDDEN_SCOPE")`."""
    store = find_store(session, Store, command.store_id)
    if not store.within(caller):
        raise Forbidden("FORBIDDEN_SCOPE")
    staff_id = command.staff_id
    if not caller.roles & WHOLE_STORE:
        if staff_id not in (None, caller.id):
            raise Forbidden("FORBIDDEN_SCOPE")
        staff_id = caller.id
    day = command.day or store.business_date(datetime.now(UTC))
    first, last = days_of(command.period, day)
    before, _ = days_of(command.period, first - timedelta(days=1))
    rows = session.execute(
        _OF_SELLER if staff_id else _OF_STORE,
        {"store_id": store.id, "staff_id": staff_id, "first": before, "last": last},
    ).all()
    now = [row for row in rows if row.day >= first]
    by_day, by_seller = _by(now, "day"), _by(now, "staff_id")
    sellers = [
        SellerFigures(staff_id=seller, figures=_figures(mine)) for seller, mine in by_seller.items()
    ]
    sellers.sort(key=lambda seller: (-seller.figures.sales_minor, str(seller.staff_id)))
    return Performance(
        store_id=store.id,
        currency=store.currency,
        first_day=first,
        last_day=last,
        total=_figures(now),
        before=_figures(row for row in rows if row.day < first),
        days=[
            DayFigures(day=each, figures=_figures(by_day[each]))
            for each in (first + timedelta(days=at) for at in range((last - first).days + 1))
        ],
        sellers=sellers,
    )


def days_of(period: PerformancePeriod, day: date) -> tuple[date, date]:
    """The first and the last day of the period that a day is in."""
    if period == "day":
        return day, day
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _by(rows: list[Any], name: str) -> dict[Any, list[Any]]:
    found: dict[date | UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return found


def _figures(rows: Iterable[Any]) -> Figures:
    sums = dict.fromkeys(_COUNTED, 0)
    for row in rows:
        for name in _COUNTED:
            sums[name] += getattr(row, name)
    average = sums["sales_minor"] // sums["orders"] if sums["orders"] else None
    return Figures(**sums, average_minor=average)
