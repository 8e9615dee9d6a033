"""Orders, booked from their events: what was held is spent, what was bought earns points (L1, L4).

Points are booked here and nowhere else, keyed by the order's id: twice the same event, or an order
that syncs late, books once (K20). An order in another currency than the member's own is recorded,
but earns nothing and counts for no tier: rules have no rate of exchange.
"""

from datetime import UTC, datetime
from uuid import UUID

import structlog
from msgspec.structs import replace
from sqlalchemy.orm import Session

from services.loyalty import bookings, holds, lots
from services.loyalty.bookings import Asked, Batch, BookedRow, OrderState
from services.loyalty.ledger import Place
from shared.contracts import Envelope
from shared.contracts.loyalty import EarnRule, OrderBooked
from shared.contracts.loyalty.earning import Reckoned, Sale, SaleLine, points_of
from shared.contracts.order import OrderPlaced, OrderVoided

log = structlog.get_logger()


def on_order_placed(session: Session, envelopes: list[Envelope[OrderPlaced]]) -> None:
    """Book placed orders: settle holds, give points, reckon tiers; two statements for a batch."""
    book_placed(session, [envelope.data for envelope in envelopes], datetime.now(UTC))


def book_placed(session: Session, orders: list[OrderPlaced], now: datetime) -> None:
    """As `on_order_placed`, at a given time."""
    asked = [
        Asked(o.order_id, o.member_id, o.business_date, o.placed_at, o.currency, o.store_id)
        for o in orders
    ]
    batch = Batch(bookings.read(session, asked, now), now)
    for order in {order.order_id: order for order in orders}.values():
        state = batch.orders[order.order_id]
        if state.row("sale") is None:
            _book_sale(batch, order, state)
    batch.write(session)


def on_order_voided(session: Session, envelopes: list[Envelope[OrderVoided]]) -> None:
    """Book voided orders back: points earned are taken, points and wallet money spent returned.

    Taking points back may leave a balance below zero: that they were given is a fact.
    """
    book_voided(session, [envelope.data for envelope in envelopes], datetime.now(UTC))


def book_voided(session: Session, orders: list[OrderVoided], now: datetime) -> None:
    """As `on_order_voided`, at a given time."""
    asked = [Asked(o.order_id, o.member_id, o.business_date) for o in orders]
    batch = Batch(bookings.read(session, asked, now), now)
    unbooked = []
    for order in {order.order_id: order for order in orders}.values():
        state = batch.orders[order.order_id]
        sale = state.row("sale")
        if state.row("void") is not None:
            continue
        if sale is None:
            unbooked.append((order.order_id, order.store_id))
            batch.book(_tombstone(order))
        else:
            _book_void(batch, state, sale)
    if unbooked:
        holds.release(session, unbooked)
    batch.write(session)


def _book_sale(batch: Batch, order: OrderPlaced, state: OrderState) -> None:
    sale = BookedRow(
        order_id=order.order_id,
        document_id=order.order_id,
        kind="sale",
        member_id=order.member_id,
        store_id=order.store_id,
        franchisee_id=order.franchisee_id,
        business_date=order.business_date,
        currency=order.currency,
        points_told=order.points,
        wallet_told_minor=order.wallet_minor,
        tier=order.tier,
    )
    if state.row("void") is not None:  # voided before it came to us: nothing is left to book
        batch.book(replace(sale, points_told=0, wallet_told_minor=0))
        return
    if order.member_id is None:
        batch.book(replace(sale, spend_minor=order.total_minor))
        return
    points_spent, wallet_spent = _settle(batch, order, state)
    earned = _earn(batch, order, batch.survivor(order.member_id), state)
    sale = replace(
        sale,
        spend_minor=order.total_minor,
        points_earned=earned,
        points_spent=points_spent,
        wallet_spent_minor=wallet_spent,
        earn_version=state.earn_version,
    )
    batch.book(sale)
    _tell(batch, sale, order.member_id, voided=False)


def _settle(batch: Batch, order: OrderPlaced, state: OrderState) -> tuple[int, int]:
    """Spend what the order holds: points, and wallet money in minor units. A merge, or its undo,
    since then does not matter: it is held on the accounts of whom the hold names."""
    hold = state.hold
    if hold is None or hold.status != "held" or hold.member_id is None:
        if order.points or order.wallet_minor:
            # Never booked without a hold, which alone guards the balance; the audit shows it.
            log.error("order was paid from an account without a hold", order=order.order_id)
        return 0, 0
    journal, document = batch.journal, (order.order_id, "sale")
    store = Place(order.store_id, order.franchisee_id)
    for kind, amount, counter, version in (
        ("points", hold.points, "points_redeemed", hold.spend_version),
        ("principal", hold.principal_minor, "sales_clearing", hold.wallet_version),
        ("bonus", hold.bonus_minor, "sales_clearing", hold.wallet_version),
    ):
        balance = journal.balance(hold.member_id, kind)
        journal.settle(
            document, balance, amount, counter, store, reason="spent", rule_version=version
        )
    batch.settle(order.order_id)
    return hold.points, hold.principal_minor + hold.bonus_minor


def _earn(batch: Batch, order: OrderPlaced, member_id: UUID, state: OrderState) -> int:
    """Points for what was paid with money, at the tier the order was priced with."""
    if batch.members[member_id].currency != order.currency:
        return 0
    sale = _sale(order)
    batch.keep(order.order_id, member_id, sale)
    if state.earn is None:
        return 0
    reckoned = points_of(state.earn, sale)
    batch.journal.credit(
        (order.order_id, "sale"),
        batch.journal.balance(member_id, "points"),
        reckoned.points,
        "points_issued",
        Place(order.store_id, order.franchisee_id),
        life=lots.life_of(state.expiry, state.expiry_version, order.business_date, state.time_zone),
        reason="earned",
        rule_version=state.earn_version,
        detail=_why(state.earn, order, reckoned),
    )
    return reckoned.points


def _sale(order: OrderPlaced) -> Sale:
    return Sale(
        store_id=order.store_id,
        franchisee_id=order.franchisee_id,
        channel=order.channel,
        day=order.business_date,
        tier=order.tier,
        privileges=[privilege.code for privilege in order.privileges],
        lines=[SaleLine(line.category, line.style_id, line.net_minor) for line in order.lines],
        total_minor=order.total_minor,
        points_minor=order.points_minor,
        wallet_minor=order.wallet_minor,
    )


def _why(rule: EarnRule, order: OrderPlaced, reckoned: Reckoned) -> str | None:
    """What multiplied the points of an order: ``birthday v3 x2, dresses x3`` (privilege, bonuses).

    The entry carries the version of the earn rule, in which the bonuses stand.
    """
    versions = {privilege.code: privilege.rule_version for privilege in order.privileges}
    parts = []
    if reckoned.privilege is not None:
        times = rule.privileges_basis_points[reckoned.privilege] / 10_000
        parts.append(f"{reckoned.privilege} v{versions[reckoned.privilege]} x{times:g}")
    parts += [
        f"{bonus.code} x{bonus.multiplier_basis_points / 10_000:g}"
        for bonus in rule.bonuses
        if bonus.code in reckoned.bonuses
    ]
    return ", ".join(parts) or None


def _book_void(batch: Batch, state: OrderState, sale: BookedRow) -> None:
    batch.journal.reverse((sale.order_id, "void"), state.entries)
    batch.book(
        replace(
            sale,
            kind="void",
            spend_minor=-sale.spend_minor,
            points_earned=-sale.points_earned,
            points_told=-sale.points_told,
            points_spent=-sale.points_spent,
            wallet_told_minor=-sale.wallet_told_minor,
            wallet_spent_minor=-sale.wallet_spent_minor,
        )
    )
    if sale.member_id is not None:
        _tell(batch, sale, sale.member_id, voided=True)


def _tombstone(order: OrderVoided) -> BookedRow:
    return BookedRow(
        order_id=order.order_id,
        document_id=order.order_id,
        kind="void",
        member_id=None,
        store_id=order.store_id,
        franchisee_id=None,
        business_date=order.business_date,
        currency=None,
    )


def _tell(batch: Batch, sale: BookedRow, member_id: UUID, voided: bool) -> None:
    """Say what was booked (or booked back), with what the member can use now."""
    points, principal, bonus = (
        batch.available(member_id, kind) for kind in ("points", "principal", "bonus")
    )
    event = OrderBooked(
        order_id=sale.order_id,
        store_id=sale.store_id,
        member_id=member_id,
        points_earned=sale.points_earned,
        points_spent=sale.points_spent,
        wallet_spent_minor=sale.wallet_spent_minor,
        points_after=points,
        wallet_after_minor=principal + bonus,
        voided=voided,
    )
    batch.events.append((event, sale.order_id, 2 if voided else 1))
