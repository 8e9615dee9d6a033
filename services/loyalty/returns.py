"""Returns, booked from their events: exactly the entries of the sale, as much of them as came back.

What was earned: an order earns what its kept lines would have earned, by the rule and the tier it
was sold with; the difference is taken back, also below zero. What was spent comes back with what it
had paid for. Fractions are carried: each part is reckoned from everything that has come back so
far, and the last one leaves nothing (K24, K25).
"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import bookings
from services.loyalty.bookings import Asked, Batch, BookedRow, OrderState
from services.loyalty.ledger import EntryRow
from shared.contracts import Envelope
from shared.contracts.loyalty import EarnRule
from shared.contracts.loyalty.earning import Sale, SaleLine, points_of
from shared.contracts.loyalty.returns import ReturnBooked
from shared.contracts.order.returns import OrderReturned


class NotBooked(Exception):
    """Goods came back of an order that was never booked here; it is to be looked at."""


def on_order_returned(session: Session, envelopes: list[Envelope[OrderReturned]]) -> None:
    """Book returns; two statements for a batch, and one for the rules the orders earned by.

    Raises `NotBooked` for an order whose sale is not here: events of an order come in their order,
    so that its sale was parked.
    """
    book_returned(session, [envelope.data for envelope in envelopes], datetime.now(UTC))


def book_returned(session: Session, returns: list[OrderReturned], now: datetime) -> None:
    """As `on_order_returned`, at a given time."""
    asked = [
        Asked(order_id=r.order_id, member_id=r.member_id, business_date=r.sold_on)
        for r in {r.order_id: r for r in returns}.values()
    ]
    batch = Batch(bookings.read(session, asked, now), now)
    booked = {order_id: list(state.booked) for order_id, state in batch.orders.items()}
    rules = _rules(session, batch)
    for back in {r.return_id: r for r in returns}.values():
        rows = booked[back.order_id]
        sale = next((row for row in rows if row.kind == "sale"), None)
        if sale is None:
            raise NotBooked(str(back.order_id))
        if any(row.document_id == back.return_id for row in rows):
            continue
        rows.append(_book(batch, back, batch.orders[back.order_id], sale, rows, rules))
    batch.write(session)


def _book(
    batch: Batch,
    back: OrderReturned,
    state: OrderState,
    sale: BookedRow,
    rows: list[BookedRow],
    rules: dict[int, EarnRule],
) -> BookedRow:
    """Book one return; its row. `rows`: all that has been booked of the order."""
    kept = sum(row.points_earned for row in rows)
    left = _left(back, sale)
    taken = kept - min(_earned(left, sale, rules), kept)
    given = back.points if sale.points_spent else 0
    wallet = back.wallet_minor if sale.wallet_spent_minor else 0
    gone = -sum(row.wallet_spent_minor for row in rows if row.kind == "return")
    row = BookedRow(
        order_id=back.order_id,
        document_id=back.return_id,
        kind="return",
        member_id=back.member_id,
        store_id=back.store_id,
        franchisee_id=back.franchisee_id,
        business_date=back.sold_on,
        currency=back.currency,
        spend_minor=-back.refund_minor,
        points_earned=-taken,
        points_told=-back.points,
        points_spent=-given,
        wallet_told_minor=-back.wallet_minor,
        wallet_spent_minor=-wallet,
        tier=sale.tier,
        earn_version=sale.earn_version,
    )
    batch.book(row)
    if back.member_id is not None:
        batch.keep(back.return_id, back.member_id, left)
        parts = {("earned", "points"): taken, ("spent", "points"): given}
        _reverse(batch, back, state.entries, parts | _wallet_parts(batch, state, wallet, gone))
        _tell(batch, back, row, back.member_id)
    return row


def _left(back: OrderReturned, sale: BookedRow) -> Sale:
    """What is kept of an order."""
    return Sale(
        store_id=back.sold_store_id,
        franchisee_id=back.sold_franchisee_id,
        channel=back.channel,
        day=back.sold_on,
        tier=sale.tier,
        privileges=back.privileges,
        lines=[SaleLine(line.category, line.style_id, line.net_minor) for line in back.kept_lines],
        total_minor=back.kept_minor,
        points_minor=back.kept_points_minor,
        wallet_minor=back.kept_wallet_minor,
    )


def _earned(left: Sale, sale: BookedRow, rules: dict[int, EarnRule]) -> int:
    """The points that what is kept of an order is worth."""
    if sale.earn_version is None or sale.points_earned == 0:
        return 0
    return points_of(rules[sale.earn_version], left).points


def _wallet_parts(
    batch: Batch, state: OrderState, amount: int, gone: int
) -> dict[tuple[str, str], int]:
    """How much of the wallet's money goes back as principal and as bonus: as they were spent."""
    spent = {"principal": 0, "bonus": 0}
    for entry in state.entries:
        balance = batch.journal.balance_of(entry.account_id)
        if entry.reason == "spent" and balance and balance.kind in spent:
            spent[balance.kind] -= entry.amount
    whole = sum(spent.values())
    if not (amount and whole):
        return {}
    bonus = (gone + amount) * spent["bonus"] // whole - gone * spent["bonus"] // whole
    return {("spent", "principal"): amount - bonus, ("spent", "bonus"): bonus}


def _reverse(
    batch: Batch, back: OrderReturned, entries: list[EntryRow], parts: dict[tuple[str, str], int]
) -> None:
    """Book so much of the sale's entries back; both sides of one stand beside each other."""
    wanted = []
    for mine, other in zip(entries[::2], entries[1::2], strict=True):
        balance = batch.journal.balance_of(mine.account_id)
        part = parts.get((mine.reason, balance.kind), 0) if balance else 0
        if part:
            sign = 1 if mine.amount > 0 else -1
            wanted += [replace(mine, amount=sign * part), replace(other, amount=-sign * part)]
    if wanted:
        batch.journal.reverse((back.return_id, "return"), wanted)


def _tell(batch: Batch, back: OrderReturned, row: BookedRow, member_id: UUID) -> None:
    points, principal, bonus = (
        batch.available(member_id, kind) for kind in ("points", "principal", "bonus")
    )
    event = ReturnBooked(
        return_id=back.return_id,
        order_id=back.order_id,
        store_id=back.store_id,
        member_id=member_id,
        points_taken=-row.points_earned,
        points_given=-row.points_spent,
        wallet_given_minor=-row.wallet_spent_minor,
        points_after=points,
        wallet_after_minor=principal + bonus,
    )
    batch.events.append((event, back.return_id, 1))


def _rules(session: Session, batch: Batch) -> dict[int, EarnRule]:
    """The earn rules by which the orders of a batch were booked."""
    versions = {
        row.earn_version
        for state in batch.orders.values()
        for row in state.booked
        if row.earn_version is not None
    }
    if not versions:
        return {}
    rows = session.execute(_RULES, {"versions": sorted(versions)})
    return {row.version: msgspec.convert(row.body, EarnRule) for row in rows}


_RULES = text("SELECT version, body FROM rules WHERE kind = 'earn' AND version = ANY(:versions)")
