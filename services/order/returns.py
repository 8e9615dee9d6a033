"""Goods that come back: by line, in any store, exactly once, until nothing is left (K9, K24, K25).

A return is one transaction on the order's locked row: what came back, what goes back to which
payment, a receipt number of the store that took the goods, and the outbox row by which stock,
points, wallet, coupon and what is known of the member follow.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from services.order import ledger, refunds, return_ledger, return_rules
from services.order.models import Store
from services.order.refunds import Sold
from shared import outbox
from shared.contracts.loyalty import EarnRule
from shared.contracts.loyalty.earning import Sale, SaleLine, points_of
from shared.contracts.order import OrderLine
from shared.contracts.order.goods_back import RefundReference, ReturnLine
from shared.contracts.order.returns import (
    CameBack,
    OrderReturned,
    QuoteReturn,
    Refund,
    ReturnedLine,
    ReturnGoods,
    ReturnQuote,
)
from shared.errors import Refusal
from shared.seal import Caller
from shared.stores import Store as StoreFacts
from shared.stores import require_store


class Taken(msgspec.Struct, frozen=True):
    """A return as it is worked out: the order before and after it."""

    order: Any
    store: StoreFacts
    lines: list[ReturnedLine]
    refunds: list[Refund]
    before: Sold
    now: Sold
    points_taken: int
    rule_version: int | None

    @property
    def refund_minor(self) -> int:
        return sum(line.refund_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        return sum(line.tax_minor for line in self.lines)


def quote_return(session: Session, caller: Caller, command: QuoteReturn) -> ReturnQuote:
    """What a return would give back; see `QuoteReturn`."""
    return _quote(
        work_out(session, caller, command.order_id, command.store_id, command.lines, lock=False)
    )


def return_goods(session: Session, caller: Caller, command: ReturnGoods) -> UUID:
    """Take goods back; see `ReturnGoods`. The id of the return, new or as it was made before."""
    now = datetime.now(UTC)
    store = require_store(session, Store, caller, command.store_id)
    order = return_ledger.read_order(session, command.order_id, lock=True)
    content = ledger.digest_of(command)
    known = return_ledger.content_of(session, command.return_id)
    if known is not None:
        if known != content:
            raise Refusal("RETURN_CONFLICT")
        return command.return_id
    if not command.lines:
        raise Refusal("NOTHING_TO_RETURN")
    taken = _work_out(session, caller, order, store, command.lines, now)
    require_told(taken, command.refund_minor)
    given = with_references(taken.refunds, command.references)
    row = {
        "id": command.return_id,
        "content": content,
        "device_id": caller.device_id or command.device_id,
        "staff_id": caller.id,
        "reason": command.reason,
        "exchange_order_id": None,
    }
    book(session, msgspec.structs.replace(taken, refunds=given), row, now)
    return command.return_id


def work_out(
    session: Session,
    caller: Caller,
    order_id: UUID,
    store_id: UUID,
    lines: Sequence[ReturnLine],
    *,
    lock: bool,
) -> Taken:
    """What coming back of these lines means now; raises what `ReturnGoods` may."""
    store = require_store(session, Store, caller, store_id)
    order = return_ledger.read_order(session, order_id, lock=lock)
    return _work_out(session, caller, order, store, lines, datetime.now(UTC))


def require_told(taken: Taken, refund_minor: int) -> None:
    """Raise REFUND_CHANGED unless the customer was told this sum."""
    if taken.refund_minor != refund_minor:
        quote = msgspec.json.encode(_quote(taken)).decode()
        told = {"refund_minor": taken.refund_minor, "currency": taken.order.currency}
        raise Refusal("REFUND_CHANGED", {**told, "return_quote": quote})


def _work_out(
    session: Session,
    caller: Caller,
    order: Any,
    store: StoreFacts,
    lines: Sequence[ReturnLine],
    now: datetime,
) -> Taken:
    if store.currency != order.currency:
        raise Refusal("CURRENCY_MISMATCH", {"expected": order.currency})
    before = return_ledger.sold_of(order)
    returned = refunds.returned_lines(before, lines)
    version, rule = return_rules.in_force(session, now)
    wanted = {line.line for line in lines}
    categories = [line.category for line in before.lines if line.line in wanted]
    age = (store.business_date(now) - order.business_date).days
    return_rules.check(rule, caller, age, categories)
    given = refunds.refunds(before, sum(line.refund_minor for line in returned))
    after = refunds.after(before, returned, given)
    points = points_taken(order, after)
    return Taken(order, store, returned, given, before, after, points, version)


def book(session: Session, taken: Taken, row: dict[str, Any], now: datetime) -> None:
    """Write a return that was worked out under the order's lock, and tell of it; one statement."""
    order, store = taken.order, taken.store
    event = event_of(taken, row, now)
    return_ledger.write(
        session,
        {
            **row,
            "order_id": order.id,
            "number": event.number,
            "store_id": store.id,
            "store_code": store.code,
            "franchisee_id": store.franchisee_id,
            "legal_entity": store.legal_entity,
            "member_id": order.member_id,
            "business_date": event.business_date,
            "now": now,
            "currency": order.currency,
            "refund_minor": taken.refund_minor,
            "tax_minor": taken.tax_minor,
            "points_taken": taken.points_taken,
            "promotions": event.promotions,
            "rule_version": taken.rule_version,
            "lines": msgspec.json.encode(_line_rows(taken)).decode(),
            "refunds": msgspec.json.encode(_refund_rows(taken)).decode(),
            **outbox.prepare(session, event, order.id, 1 + event.number),
        },
    )


def event_of(taken: Taken, row: dict[str, Any], now: datetime) -> OrderReturned:
    """What is told of a return that was worked out; `row` as `book` takes it."""
    order, store = taken.order, taken.store
    return OrderReturned(
        return_id=row["id"],
        number=order.returns + 1,
        order_id=order.id,
        store_id=store.id,
        franchisee_id=store.franchisee_id,
        sold_store_id=order.store_id,
        sold_franchisee_id=order.franchisee_id,
        sold_on=order.business_date,
        sold_at=order.sold_at,
        member_id=order.member_id,
        privileges=order.privileges,
        channel=order.channel,
        staff_id=row["staff_id"],
        business_date=store.business_date(now),
        returned_at=now,
        currency=order.currency,
        lines=_came_back(taken),
        refund_minor=taken.refund_minor,
        points_minor=sum(r.amount_minor for r in taken.refunds if r.kind == "points"),
        wallet_minor=sum(r.amount_minor for r in taken.refunds if r.kind == "wallet"),
        points=sum(refund.points or 0 for refund in taken.refunds),
        kept_lines=_kept(taken.now),
        kept_minor=refunds.kept_minor(taken.now),
        kept_points_minor=refunds.kept_of(taken.now, "points"),
        kept_wallet_minor=refunds.kept_of(taken.now, "wallet"),
        promotions=refunds.promotions_gone(taken.before, taken.now),
        reason=row["reason"],
        exchange_order_id=row["exchange_order_id"],
    )


def points_taken(order: Any, kept: Sold) -> int:
    """The points that are taken back, so that the order has earned what is kept of it, by the rule
    in force when it was sold. Never some more: what a part left to it, the order keeps until goods
    come back again."""
    left: int = order.points_expected - order.points_taken
    if order.earn_rule is None or order.member_id is None:
        return left
    sale = Sale(
        store_id=order.store_id,
        franchisee_id=order.franchisee_id,
        channel=order.channel,
        day=order.business_date,
        tier=order.tier,
        privileges=order.privileges,
        lines=[SaleLine(line.category, line.style_id, line.net_minor) for line in _kept(kept)],
        total_minor=refunds.kept_minor(kept),
        points_minor=refunds.kept_of(kept, "points"),
        wallet_minor=refunds.kept_of(kept, "wallet"),
    )
    rule = msgspec.convert(order.earn_rule, EarnRule)
    return left - min(points_of(rule, sale).points, left)


def with_references(given: Sequence[Refund], references: Sequence[RefundReference]) -> list[Refund]:
    """Refunds with the terminal's numbers; what goes back to card and code must have one."""
    told = {each.position: each.reference for each in references}
    for refund in given:
        back = refund.amount_minor - refund.carried_minor
        if back and refund.kind in ("card", "code") and refund.position not in told:
            raise Refusal("REFUND_REFERENCE", {"position": refund.position + 1})
    return [
        msgspec.structs.replace(refund, reference=told.get(refund.position)) for refund in given
    ]


def _quote(taken: Taken) -> ReturnQuote:
    return ReturnQuote(
        order_id=taken.order.id,
        currency=taken.order.currency,
        lines=taken.lines,
        refund_minor=taken.refund_minor,
        tax_minor=taken.tax_minor,
        refunds=taken.refunds,
        points_taken=taken.points_taken,
        left=refunds.left(taken.now),
        rule_version=taken.rule_version,
    )


def _came_back(taken: Taken) -> list[CameBack]:
    """What came back, a line each, whatever its condition."""
    sold = {line.line: line for line in taken.before.lines}
    return [
        CameBack(
            line=number,
            sku_id=sold[number].sku_id,
            style_id=sold[number].style_id,
            category=sold[number].category,
            quantity=sum(line.quantity for line in pieces),
            damaged=sum(line.quantity for line in pieces if line.condition == "damaged"),
            net_minor=sum(line.refund_minor for line in pieces),
        )
        for number, pieces in _by_line(taken.lines).items()
    ]


def _by_line(lines: Sequence[ReturnedLine]) -> dict[int, list[ReturnedLine]]:
    found: dict[int, list[ReturnedLine]] = {}
    for line in lines:
        found.setdefault(line.line, []).append(line)
    return found


def _kept(sold: Sold) -> list[OrderLine]:
    return [
        OrderLine(
            sku_id=line.sku_id,
            style_id=line.style_id,
            category=line.category,
            quantity=line.quantity - line.returned,
            net_minor=line.net_minor - line.worth(line.returned),
        )
        for line in sold.lines
        if line.returned < line.quantity
    ]


def _line_rows(taken: Taken) -> list[dict[str, Any]]:
    sold = {line.line: line for line in taken.before.lines}
    come = {line.line: line.returned for line in taken.before.lines}
    rows = []
    for position, line in enumerate(taken.lines):
        rows.append(
            {
                "position": position,
                "line": line.line,
                "quantity": line.quantity,
                "condition": line.condition,
                "returned_before": come[line.line],
                "sold": sold[line.line].quantity,
                "refund_minor": line.refund_minor,
                "tax_minor": line.tax_minor,
            }
        )
        come[line.line] += line.quantity
    return rows


def _refund_rows(taken: Taken) -> list[dict[str, Any]]:
    paid = {each.position: each for each in taken.before.paid}
    return [
        {
            **msgspec.to_builtins(refund),
            "refunded_before": paid[refund.position].refunded_minor,
            "paid": paid[refund.position].amount_minor,
        }
        for refund in taken.refunds
    ]
