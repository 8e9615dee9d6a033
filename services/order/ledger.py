"""The statements that move an order: each step of the saga is one round trip."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.order import basket
from shared import outbox
from shared.contracts import Message
from shared.contracts.campaign import Priced
from shared.contracts.loyalty import EarnRule
from shared.contracts.loyalty.earning import Reckoned, Sale, SaleLine, points_of
from shared.contracts.order import (
    Balances,
    GetQuote,
    Order,
    OrderLine,
    OrderPlaced,
    PlaceOrder,
    Tender,
)
from shared.errors import Refusal
from shared.seal import FLOOR
from shared.stores import Store as StoreFacts

EXPIRES_SECONDS = 120
"""A pending order older than this is the sweeper's, and can no longer be placed."""
NO_DEVICE = "X"
"""Stands for the device in receipt numbers of sales that came without one."""


@dataclass(frozen=True)
class Started:
    """What tx 1 wrote and found: who sold where and when, the rule in force, the device's code."""

    store: StoreFacts
    staff_id: UUID
    device_id: UUID | None
    sold_at: datetime
    earn_rule: EarnRule | None
    device_code: str
    fact: bool


STANDING = "(offline OR created_at > now() - make_interval(secs => :expires_seconds))"
"""A sale made without network has happened: it does not expire, its till sends it again."""
RULE = (
    "(SELECT body FROM earn_rules WHERE valid_from <= {at}"
    " ORDER BY valid_from DESC, version DESC LIMIT 1)"
)
_CODE = (
    "coalesce((SELECT code FROM devices WHERE id = orders.device_id"
    f" AND devices.store_id = orders.store_id), '{NO_DEVICE}')"
)

_SELLING = ", ".join(f"'{role}'" for role in sorted(FLOOR))

# A seller other than the caller has to be one of the store's.
_INSERT_PENDING = text(
    "INSERT INTO orders (id, status, content, worked_until, store_id, franchisee_id, legal_entity,"
    " device_id, shift_id, staff_id, sent_by, member_id, channel, business_date, sold_at,"
    " currency, fact, offline, told_minor) SELECT :id, 'pending', :content, :worked_until,"
    " :store_id, :franchisee_id, :legal_entity, :device_id, :shift_id, :staff_id, :sent_by,"
    " :member_id, :channel, :business_date, :sold_at, :currency, :fact, :offline, :told_minor"
    " WHERE :staff_id = :sent_by OR EXISTS (SELECT FROM staff WHERE id = :staff_id"
    f" AND roles && ARRAY[{_SELLING}]"
    " AND (scope_kind = 'chain' OR scope_id IN (:store_id, :franchisee_id, :region_id)))"
    " ON CONFLICT (id) DO NOTHING"
    f" RETURNING {RULE.format(at='orders.sold_at')} AS earn_rule, {_CODE} AS device_code"
)

# A row that is taken over shows its new lease; any other is read as it is.
_TAKE_OVER = text(
    "WITH taken AS (UPDATE orders SET worked_until = :worked_until WHERE id = :id"
    " AND status = 'pending' AND worked_until <= now()"
    f" AND {STANDING} RETURNING id)"
    " SELECT orders.id, status, content, refusal, sold_at, fact, staff_id, device_id,"
    " EXISTS (SELECT FROM taken) AS taken_over,"
    f" {RULE.format(at='orders.sold_at')} AS earn_rule, {_CODE} AS device_code"
    " FROM orders WHERE orders.id = :id"
)

_PLACE = text(
    """
    WITH target AS (
        SELECT id, store_id FROM orders
        WHERE id = :id AND status = 'pending'
          AND STANDING
        FOR UPDATE
    ), receipt AS (
        INSERT INTO receipt_counters (store_id, device_code, last)
        SELECT store_id, :device_code, 1 FROM target
        ON CONFLICT (store_id, device_code) DO UPDATE SET last = receipt_counters.last + 1
        RETURNING last
    ), placed AS (
        UPDATE orders SET status = 'placed', placed_at = now(), list_minor = :list_minor,
            discount_minor = :discount_minor, total_minor = :total_minor,
            tax_minor = :tax_minor, change_minor = :change_minor, tier = :tier,
            privileges = CAST(:privileges AS jsonb),
            promotions = CAST(:promotions AS jsonb), points_expected = :points_expected,
            points_bonuses = CAST(:points_bonuses AS jsonb),
            balances = CAST(:balances AS jsonb),
            receipt_number = :receipt_prefix || lpad(receipt.last::text, 6, '0')
        FROM receipt WHERE orders.id = :id
        RETURNING orders.id, orders.receipt_number, orders.placed_at, orders.business_date
    ), lines AS (
        INSERT INTO order_lines
        SELECT placed.id, l.* FROM placed, jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (
            line int, sku_id uuid, style_id uuid, sku_code text, name text, category text,
            colour text, size text, quantity int, unit_list_minor bigint, list_minor bigint,
            discount_minor bigint, net_minor bigint, tax_basis_points int, tax_minor bigint,
            reasons jsonb)
    ), tenders AS (
        INSERT INTO order_tenders
        SELECT placed.id, t.* FROM placed, jsonb_to_recordset(CAST(:tenders AS jsonb)) AS t (
            position int, kind text, amount_minor bigint, given_minor bigint, points bigint,
            reference text, return_id uuid)
    ), told AS (
        INSERT INTO outbox (event_id, type, subject, envelope)
        SELECT :event_id, :type, :subject, :envelope FROM placed
    )
    SELECT receipt_number, placed_at, business_date FROM placed
    """.replace("STANDING", STANDING)
)


def digest_of(command: Message) -> str:
    """What was asked: the same id with another digest is a conflict."""
    return hashlib.blake2b(msgspec.json.encode(command), digest_size=16).hexdigest()


def insert_pending(session: Session, values: dict[str, Any]) -> Any:
    """The new row's `earn_rule` and `device_code`; None when the id is there already, or the seller
    is nobody of this store."""
    return session.execute(_INSERT_PENDING, values).one_or_none()


def is_known(session: Session, order_id: UUID) -> bool:
    """Whether there is an order with this id, in whatever state."""
    found = session.scalar(text("SELECT 1 FROM orders WHERE id = :id"), {"id": order_id})
    return found is not None


def take_over(session: Session, order_id: UUID, worked_until: datetime) -> Any:
    """The order as it stands, if there is one; `taken_over` when its saga was left behind and is
    now ours."""
    values = {
        "id": order_id,
        "worked_until": worked_until,
        "expires_seconds": EXPIRES_SECONDS,
    }
    return session.execute(_TAKE_OVER, values).one_or_none()


def place(
    session: Session,
    command: PlaceOrder,
    tenders: Sequence[Tender],
    started: Started,
    priced: Priced,
    balances: Balances | None,
) -> Order:
    """tx 2: PENDING → PLACED with everything that belongs to it, guarded by status and age.

    `tenders` are all payments, those too that an exchange carries over.
    Raises `Refusal("ORDER_EXPIRED")` when the sweeper was faster.
    """
    expected = points_expected(
        started.earn_rule, command, started.store, started.sold_at, tenders, priced
    )
    event = placed_event(command, started, priced)
    row = session.execute(
        _PLACE,
        {
            "id": command.order_id,
            "expires_seconds": EXPIRES_SECONDS,
            "device_code": started.device_code,
            "receipt_prefix": f"{started.store.code}-{started.device_code}-",
            "list_minor": priced.list_minor,
            "discount_minor": priced.discount_minor,
            "total_minor": priced.total_minor,
            "tax_minor": priced.tax_minor,
            "change_minor": basket.change_of(tenders),
            "tier": priced.tier,
            "privileges": _json([privilege.code for privilege in priced.privileges]),
            "promotions": _json(priced.promotions),
            "points_expected": expected.points,
            "points_bonuses": _json(expected.bonuses),
            "balances": _json(balances) if balances else None,
            "lines": _json(priced.lines),
            "tenders": _json(
                [{"position": i, **msgspec.to_builtins(t)} for i, t in enumerate(tenders)]
            ),
            **outbox.prepare(session, event, command.order_id, 1),
        },
    ).one_or_none()
    if row is None:
        session.info["emitted"] = False
        raise Refusal("ORDER_EXPIRED")
    return _placed(row, command, tenders, started, priced, balances, expected)


def _placed(
    row: Any,
    command: PlaceOrder,
    tenders: Sequence[Tender],
    started: Started,
    priced: Priced,
    balances: Balances | None,
    expected: Reckoned,
) -> Order:
    return Order(
        id=command.order_id,
        status="placed",
        receipt_number=row.receipt_number,
        store_id=started.store.id,
        legal_entity=started.store.legal_entity,
        device_id=started.device_id,
        shift_id=command.shift_id,
        staff_id=started.staff_id,
        member_id=command.member_id,
        channel=command.channel,
        business_date=row.business_date,
        placed_at=row.placed_at,
        currency=priced.currency,
        lines=priced.lines,
        list_minor=priced.list_minor,
        discount_minor=priced.discount_minor,
        total_minor=priced.total_minor,
        tax_minor=priced.tax_minor,
        tenders=list(tenders),
        change_minor=basket.change_of(tenders),
        promotions=priced.promotions,
        tier=priced.tier,
        points_expected=expected.points,
        points_bonuses=expected.bonuses,
        balances=balances,
        fact=started.fact,
    )


def placed_event(command: PlaceOrder, started: Started, priced: Priced) -> OrderPlaced:
    """What is told of an order when it is placed."""
    return OrderPlaced(
        order_id=command.order_id,
        store_id=started.store.id,
        franchisee_id=started.store.franchisee_id,
        member_id=command.member_id,
        staff_id=started.staff_id,
        channel=command.channel,
        business_date=started.store.business_date(started.sold_at),
        placed_at=started.sold_at,
        currency=priced.currency,
        total_minor=priced.total_minor,
        points_minor=basket.amount_of(command.tenders, "points"),
        wallet_minor=basket.amount_of(command.tenders, "wallet"),
        points=sum(tender.points or 0 for tender in command.tenders),
        tier=priced.tier,
        lines=[
            OrderLine(
                sku_id=line.sku_id,
                style_id=line.style_id,
                category=line.category,
                quantity=line.quantity,
                net_minor=line.net_minor,
            )
            for line in priced.lines
        ],
        promotions=priced.promotions,
        fact=started.fact,
        privileges=priced.privileges,
    )


def points_expected(
    rule: EarnRule | None,
    command: PlaceOrder | GetQuote,
    store: StoreFacts,
    sold_at: datetime,
    tenders: Sequence[Tender],
    priced: Priced,
) -> Reckoned:
    """The points loyalty will book for an order, by the same rule (L1, L4, L5)."""
    if rule is None or command.member_id is None:
        return Reckoned(0, [], None)
    sale = Sale(
        store_id=store.id,
        franchisee_id=store.franchisee_id,
        channel=command.channel,
        day=store.business_date(sold_at),
        tier=priced.tier,
        privileges=[each.code for each in priced.privileges],
        lines=[SaleLine(line.category, line.style_id, line.net_minor) for line in priced.lines],
        total_minor=priced.total_minor,
        points_minor=basket.amount_of(tenders, "points"),
        wallet_minor=basket.amount_of(tenders, "wallet"),
    )
    return points_of(rule, sale)


def earn_rule(session: Session, at: datetime) -> EarnRule | None:
    """The rule in force at an instant, as far as it is known here."""
    body = session.scalar(text("SELECT " + RULE.format(at=":at")), {"at": at})
    return msgspec.convert(body, EarnRule) if body else None


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
