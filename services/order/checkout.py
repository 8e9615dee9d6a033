"""Placing an order: hold by call, settle by event.

    tx 1     INSERT order PENDING, its id the client's
    calls    inventory.reserve ∥ campaign.price_and_hold, then loyalty.hold where it is used
    tx 2     PENDING → PLACED with price, lines, tenders, receipt number and the outbox row
    refused  PENDING → CANCELLED with the outbox row, by which every hold is let go

Each of the two is a single statement, a transaction without BEGIN and COMMIT; none is open during a
call. An exchange takes its goods back in tx 2. A crash leaves the order PENDING: a resend with the
same id takes it over (every step is idempotent by that id), and the sweeper cancels what nobody
resends.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.order import basket, exchange, history, ledger, offline
from services.order.ledger import Started
from services.order.models import Store
from shared import outbox
from shared.contracts.campaign import PriceAndHold, Priced
from shared.contracts.inventory import Reserve, ReserveLine
from shared.contracts.loyalty import EarnRule, Held, Hold, OfferSpend
from shared.contracts.loyalty.earning import Reckoned
from shared.contracts.order import (
    Balances,
    GetQuote,
    Order,
    OrderCancelled,
    PlaceOrder,
    Quote,
)
from shared.contracts.order.offline import AcceptOfflineSale
from shared.contracts.order.stated import OfflineSale
from shared.errors import Refusal, Unavailable
from shared.rpc import Caller as Services
from shared.seal import Caller
from shared.service import Transaction
from shared.stores import Store as StoreFacts
from shared.stores import require_store

LEASE = timedelta(seconds=12)
"""Longer than the calls of one attempt may take together."""
ANSWER_WAIT_SECONDS = 3.0
ANSWER_POLL_SECONDS = 0.05


def get_quote(
    transaction: Transaction, services: Services, caller: Caller, command: GetQuote
) -> Quote:
    """The price of a basket with its reasons; holds nothing."""
    basket.check_lines(command.lines)
    with transaction.statement() as session:
        store = require_store(session, Store, caller, command.store_id)
        _require_currency(store, command.currency)
        now = datetime.now(UTC)
        rule = ledger.earn_rule(session, now)
    priced = services.call(
        PriceAndHold(
            store_id=command.store_id,
            member_id=command.member_id,
            currency=command.currency,
            at=now,
            lines=command.lines,
            coupon_codes=command.coupon_codes,
        )
    )
    offer = None
    if command.member_id:
        offer = services.call(
            OfferSpend(member_id=command.member_id, total_minor=priced.total_minor)
        )
    expected = ledger.points_expected(rule, command, store, now, [], priced)
    return _quote(priced, expected, offer)


def place_order(
    transaction: Transaction, services: Services, caller: Caller, command: PlaceOrder
) -> Order:
    """Sell; see `PlaceOrder` for what a client may rely on."""
    basket.check_lines(command.lines)
    basket.check_tenders(command)
    if command.offline is not None:
        offline.check(caller, command, command.offline)
        first = _start_offline(transaction, caller, command, command.offline)
    else:
        fact = basket.is_fact(caller, command, datetime.now(UTC))
        with transaction.statement() as session:
            first = _start(session, caller, command, fact)
    return _carry_on(transaction, services, caller, command, first)


def accept_offline_sale(
    transaction: Transaction, services: Services, caller: Caller, command: AcceptOfflineSale
) -> Order:
    """Book a sale that the offline rule refused: its manager answers for it."""
    with transaction() as session:
        sale = offline.accept(session, caller, command.order_id, command.reason)
        first = _insert_offline(session, caller, sale, sale.offline, accepted=True)
    return _carry_on(transaction, services, caller, sale, first)


def _carry_on(
    transaction: Transaction,
    services: Services,
    caller: Caller,
    command: PlaceOrder,
    first: Started | None,
) -> Order:
    """The calls and tx 2 of an order that is there."""
    started = first or _resume(transaction, caller, command)
    if isinstance(started, Order):
        return started
    try:
        if command.exchange:
            with transaction() as session:
                exchange.tenders_of(session, caller, command, command.exchange)
        priced, held = _hold(services, command, started)
    except Refusal as refusal:
        with transaction() as session:
            cancel(session, command.order_id, command.store_id, refusal)
        raise
    except Unavailable:
        with transaction() as session:
            _let_resume(session, command.order_id)
        raise
    balances = _balances(held)
    if command.offline is not None:
        with transaction() as session:
            order = ledger.place(session, command, command.tenders, started, priced, balances)
            offline.settle(session, command, command.offline, priced)
            return order
    if command.exchange is None:
        with transaction.statement() as session:
            return ledger.place(session, command, command.tenders, started, priced, balances)
    try:
        with transaction() as session:
            tenders = exchange.book(session, caller, command, command.exchange)
            return ledger.place(session, command, tenders, started, priced, balances)
    except Refusal as refusal:
        with transaction() as session:
            cancel(session, command.order_id, command.store_id, refusal)
        raise


def _start_offline(
    transaction: Transaction, caller: Caller, command: PlaceOrder, told: OfflineSale
) -> Started | None:
    """tx 1 of a sale without network. What breaks the rule is kept, and refused."""
    try:
        with transaction() as session:
            return _insert_offline(session, caller, command, told, accepted=False)
    except offline.RuleBroken as broken:
        with transaction() as session:
            offline.keep_refused(session, command, told, broken.refusal, broken.sold_at)
        raise broken.refusal from broken


def _insert_offline(
    session: Session, caller: Caller, command: PlaceOrder, told: OfflineSale | None, accepted: bool
) -> Started | None:
    """tx 1, unless the id is there already: then it has been judged."""
    store = require_store(session, Store, caller, command.store_id)
    _require_currency(store, command.currency)
    if told is None:
        return None
    offline.open_spell(session, command, told)
    if ledger.is_known(session, command.order_id):
        return None
    at, clamped = offline.sold_at(told, datetime.now(UTC))
    accepted = accepted or offline.is_accepted(session, command.order_id)
    if not accepted:
        offline.judge(session, caller, command, told, at)
    started = _start(session, caller, command, fact=True, sold_at=at)
    if started is None:
        raise Refusal("UNKNOWN_SELLER", {"seller_id": command.seller_id})
    offline.keep(session, command, told, clamped, accepted)
    return started


def _start(
    session: Session,
    caller: Caller,
    command: PlaceOrder,
    fact: bool,
    sold_at: datetime | None = None,
) -> Started | None:
    """tx 1. None when nothing was written: most often because the id is there already."""
    store = require_store(session, Store, caller, command.store_id)
    _require_currency(store, command.currency)
    now = datetime.now(UTC)
    sold_at = sold_at or command.occurred_at or now
    staff_id = command.seller_id or caller.id
    device_id = caller.device_id or command.device_id
    if command.offline is not None:
        device_id = command.device_id  # a manager may accept it elsewhere
    row = ledger.insert_pending(
        session,
        {
            "id": command.order_id,
            "content": ledger.digest_of(command),
            "worked_until": now + LEASE,
            "store_id": store.id,
            "franchisee_id": store.franchisee_id,
            "legal_entity": store.legal_entity,
            "region_id": store.region_id,
            "device_id": device_id,
            "shift_id": command.shift_id,
            "staff_id": staff_id,
            "sent_by": caller.id,
            "member_id": command.member_id,
            "channel": command.channel,
            "business_date": store.business_date(sold_at),
            "sold_at": sold_at,
            "currency": command.currency,
            "fact": fact,
            "offline": command.offline is not None,
            "told_minor": command.total_minor,
        },
    )
    if row is None:
        return None
    rule = _rule(row.earn_rule)
    return Started(store, staff_id, device_id, sold_at, rule, row.device_code, fact)


def _resume(transaction: Transaction, caller: Caller, command: PlaceOrder) -> Started | Order:
    """The answer of an earlier attempt; or the saga itself, if nobody carries it on."""
    until = time.monotonic() + ANSWER_WAIT_SECONDS
    while True:
        with transaction.statement() as session:
            found = ledger.take_over(session, command.order_id, datetime.now(UTC) + LEASE)
            if found is None:
                raise Refusal("UNKNOWN_SELLER", {"seller_id": command.seller_id})
            if found.content != ledger.digest_of(command):
                raise Refusal("ORDER_CONFLICT")
            if found.status != "pending":
                return _first_answer(session, caller, found)
            if found.taken_over:
                store = require_store(session, Store, caller, command.store_id)
                return _started(store, found)
        if time.monotonic() > until:
            raise Refusal("ORDER_IN_PROGRESS")
        time.sleep(ANSWER_POLL_SECONDS)


def _started(store: StoreFacts, found: Any) -> Started:
    """A saga that is taken over goes on as it was begun, whoever sends it now."""
    return Started(
        store=store,
        staff_id=found.staff_id,
        device_id=found.device_id,
        sold_at=found.sold_at,
        earn_rule=_rule(found.earn_rule),
        device_code=found.device_code,
        fact=found.fact,
    )


def _first_answer(session: Session, caller: Caller, found: Any) -> Order:
    if found.status == "cancelled":
        raise Refusal(found.refusal["code"], found.refusal["parameters"])
    return history.read(session, caller, [found.id])[0]


def _hold(services: Services, command: PlaceOrder, started: Started) -> tuple[Priced, Held | None]:
    """Hold stock and coupons and learn the price; hold points and wallet if they pay."""
    reserving = services.start(
        Reserve(
            order_id=command.order_id,
            store_id=command.store_id,
            fact=started.fact,
            lines=[
                ReserveLine(sku_id=line.sku_id, quantity=line.quantity) for line in command.lines
            ],
        )
    )
    pricing = services.start(
        PriceAndHold(
            order_id=command.order_id,
            store_id=command.store_id,
            member_id=command.member_id,
            currency=command.currency,
            at=started.sold_at,
            lines=command.lines,
            coupon_codes=command.coupon_codes,
            stated=command.offline.terms if command.offline else None,
        )
    )
    priced: Priced = pricing.result()
    reserving.result()
    if priced.total_minor != command.total_minor:
        expected = _points_expected(started, command, priced)
        quote = msgspec.json.encode(_quote(priced, expected, None)).decode()
        total = {"total_minor": priced.total_minor, "currency": command.currency}
        raise Refusal("PRICE_CHANGED", {**total, "quote": quote})
    points = sum(tender.points or 0 for tender in command.tenders)
    wallet = basket.amount_of(command.tenders, "wallet")
    if command.member_id is None or not (points or wallet):
        return priced, None
    held = services.call(
        Hold(
            order_id=command.order_id,
            store_id=command.store_id,
            member_id=command.member_id,
            currency=command.currency,
            total_minor=command.total_minor,
            points=points,
            points_minor=basket.amount_of(command.tenders, "points"),
            wallet_minor=wallet,
        )
    )
    return priced, held


def cancel(session: Session, order_id: UUID, store_id: UUID, refusal: Refusal) -> None:
    """tx 2': nothing was sold; whoever holds something for this order hears of it."""
    row = session.execute(
        text(
            "UPDATE orders SET status = 'cancelled', refusal = CAST(:refusal AS jsonb)"
            " WHERE id = :id AND status = 'pending' RETURNING id"
        ),
        {
            "id": order_id,
            "refusal": msgspec.json.encode(
                {"code": refusal.code, "parameters": refusal.parameters}
            ).decode(),
        },
    ).one_or_none()
    if row:
        event = OrderCancelled(order_id=order_id, store_id=store_id, reason=refusal.code)
        outbox.emit(session, (event, order_id, 1))


def _let_resume(session: Session, order_id: UUID) -> None:
    """Somebody did not answer: the next resend may carry on at once."""
    session.execute(
        text("UPDATE orders SET worked_until = now() WHERE id = :id AND status = 'pending'"),
        {"id": order_id},
    )


def _points_expected(started: Started, command: PlaceOrder, priced: Priced) -> Reckoned:
    return ledger.points_expected(
        started.earn_rule, command, started.store, started.sold_at, command.tenders, priced
    )


def _require_currency(store: StoreFacts, currency: str) -> None:
    if currency != store.currency:
        raise Refusal("CURRENCY_MISMATCH", {"expected": store.currency})


def _rule(body: Any) -> EarnRule | None:
    return msgspec.convert(body, EarnRule) if body else None


def _balances(held: Held | None) -> Balances | None:
    if held is None:
        return None
    return Balances(
        points=held.points_after,
        wallet_principal_minor=held.wallet_principal_after_minor,
        wallet_bonus_minor=held.wallet_bonus_after_minor,
    )


def _quote(priced: Priced, expected: Reckoned, offer: Any) -> Quote:
    return Quote(
        currency=priced.currency,
        lines=priced.lines,
        list_minor=priced.list_minor,
        discount_minor=priced.discount_minor,
        total_minor=priced.total_minor,
        tax_minor=priced.tax_minor,
        tier=priced.tier,
        privileges=priced.privileges,
        promotions=priced.promotions,
        points_expected=expected.points,
        points_bonuses=expected.bonuses,
        offer=offer,
    )
