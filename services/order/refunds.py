"""What a return gives back: rules without I/O (K24, K25).

A line is worth what was paid for it; of some of its pieces, so much of that that all pieces
together come to it exactly. The sum goes back to the payments in proportion to what is left of
each, by largest remainder: never more than was paid, and with the last piece everything. Points
are reckoned from how much of the money they paid has gone back, in whole points, so that a fraction
comes with a later piece.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from shared.contracts.order import TenderKind
from shared.contracts.order.goods_back import ReturnLine
from shared.contracts.order.returns import LeftLine, Refund, ReturnedLine
from shared.errors import Refusal
from shared.money import allocate


class SoldLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was sold, how much of it has come back (`returned`), and its promotions."""

    line: int
    sku_id: UUID
    style_id: UUID
    name: str
    category: str
    colour: str
    size: str
    quantity: int
    net_minor: int
    tax_minor: int
    promotions: frozenset[UUID]
    returned: int = 0

    def worth(self, returned: int) -> int:
        """What `returned` of its pieces are worth, together."""
        return self.net_minor * returned // self.quantity

    def tax(self, returned: int) -> int:
        return self.tax_minor * returned // self.quantity


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as it was taken, and how much of it has gone back."""

    position: int
    kind: TenderKind
    amount_minor: int
    points: int | None
    reference: str | None
    refunded_minor: int = 0

    def points_for(self, refunded: int) -> int:
        """The points that `refunded` of its minor units stand for."""
        return (self.points or 0) * refunded // self.amount_minor


class Sold(msgspec.Struct, frozen=True):
    """An order with what has come back of it so far."""

    lines: Sequence[SoldLine]
    paid: Sequence[Paid]


def returned_lines(sold: Sold, wanted: Sequence[ReturnLine]) -> list[ReturnedLine]:
    """The lines with what they give back.

    Raises `Refusal`: INVALID_INPUT for a line the order has not, RETURNED_ALREADY.
    """
    lines = {line.line: line for line in sold.lines}
    before = {line.line: line.returned for line in sold.lines}
    found = []
    for each in wanted:
        line = lines.get(each.line)
        if line is None:
            reason = f"the order has no line {each.line}"
            raise Refusal("INVALID_INPUT", {"field": "$.lines", "reason": reason})
        first, last = before[each.line], before[each.line] + each.quantity
        if last > line.quantity:
            left = line.quantity - line.returned
            asked = sum(other.quantity for other in wanted if other.line == each.line)
            raise Refusal("RETURNED_ALREADY", {"line": each.line, "left": left, "wanted": asked})
        before[each.line] = last
        found.append(
            ReturnedLine(
                line=line.line,
                sku_id=line.sku_id,
                name=line.name,
                colour=line.colour,
                size=line.size,
                quantity=each.quantity,
                condition=each.condition,
                refund_minor=line.worth(last) - line.worth(first),
                tax_minor=line.tax(last) - line.tax(first),
            )
        )
    return found


def refunds(sold: Sold, refund_minor: int) -> list[Refund]:
    """Where the money goes: each payment that gets something back."""
    if refund_minor == 0:
        return []
    left = [paid.amount_minor - paid.refunded_minor for paid in sold.paid]
    found = []
    for paid, amount in zip(sold.paid, allocate(refund_minor, left), strict=True):
        if amount:
            points = None
            if paid.kind == "points":
                after = paid.refunded_minor + amount
                points = paid.points_for(after) - paid.points_for(paid.refunded_minor)
            found.append(
                Refund(position=paid.position, kind=paid.kind, amount_minor=amount, points=points)
            )
    return found


def after(sold: Sold, lines: Iterable[ReturnedLine], given: Iterable[Refund]) -> Sold:
    """The order with a return more."""
    pieces: dict[int, int] = {}
    for line in lines:
        pieces[line.line] = pieces.get(line.line, 0) + line.quantity
    money = {refund.position: refund.amount_minor for refund in given}
    return Sold(
        [
            msgspec.structs.replace(line, returned=line.returned + pieces.get(line.line, 0))
            for line in sold.lines
        ],
        [
            msgspec.structs.replace(
                paid, refunded_minor=paid.refunded_minor + money.get(paid.position, 0)
            )
            for paid in sold.paid
        ],
    )


def left(sold: Sold) -> list[LeftLine]:
    """What can still come back."""
    return [
        LeftLine(
            line=line.line,
            quantity=line.quantity - line.returned,
            refund_minor=line.net_minor - line.worth(line.returned),
        )
        for line in sold.lines
        if line.returned < line.quantity
    ]


def kept_minor(sold: Sold) -> int:
    """What is left of the order's total."""
    return sum(line.net_minor - line.worth(line.returned) for line in sold.lines)


def kept_of(sold: Sold, kind: str) -> int:
    """What is left of what was paid with one kind of tender, in minor units."""
    return sum(p.amount_minor - p.refunded_minor for p in sold.paid if p.kind == kind)


def promotions_gone(before: Sold, now: Sold) -> list[UUID]:
    """Promotions that gave something to what has come back, and to nothing that is left (K25)."""

    def standing(sold: Sold) -> set[UUID]:
        return {
            promotion
            for line in sold.lines
            if line.returned < line.quantity
            for promotion in line.promotions
        }

    return sorted(standing(before) - standing(now))
