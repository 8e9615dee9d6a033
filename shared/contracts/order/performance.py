"""What sellers sold: figures by seller and day, net of what came back."""

from datetime import date
from typing import Literal
from uuid import UUID

from shared.contracts import Command, Message

PerformancePeriod = Literal["day", "week", "month"]


class Figures(Message, frozen=True, kw_only=True):
    """`sales_minor` is net: of orders placed in the period, less `returned_minor`, what went back
    in it for goods sold before or in it; it can be below zero. `orders` were placed and not
    cancelled, `member_orders` of them by members. `pieces` are net as sales are. `average_minor` is
    sales by order, rounded down; none without an order."""

    sales_minor: int = 0
    returned_minor: int = 0
    orders: int = 0
    member_orders: int = 0
    pieces: int = 0
    average_minor: int | None = None


class SellerFigures(Message, frozen=True, kw_only=True):
    """Of one seller in the period."""

    staff_id: UUID
    figures: Figures


class DayFigures(Message, frozen=True, kw_only=True):
    """Of a business day."""

    day: date
    figures: Figures


class Performance(Message, frozen=True, kw_only=True):
    """Of the business days `first_day` to `last_day` of a store, in its currency. `days` has each
    of them, also one without a sale; `sellers` those who sold, the most first; `before` is the
    period before it as a whole."""

    store_id: UUID
    currency: str
    first_day: date
    last_day: date
    total: Figures
    before: Figures
    days: list[DayFigures]
    sellers: list[SellerFigures]


class GetPerformance(Command[Performance], frozen=True, kw_only=True):
    """The figures of a day, the week (from Monday) or the month that `day` is in; today in the
    store where none is given.

    Associates see their own and nobody else's; managers and auditors everybody's in the stores of
    their scope, or of one seller (`staff_id`). What comes back counts for who sold it, on the day
    it came back.
    """

    store_id: UUID
    period: PerformancePeriod = "day"
    day: date | None = None
    staff_id: UUID | None = None
