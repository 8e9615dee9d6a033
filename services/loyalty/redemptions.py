"""Points spent in the mall: all or nothing, handed over at most once, given back at most once.

One transaction takes points, pieces and the right to another one of a limited item. The store that
gives the item out takes the points, whoever issued them: stores of different owners clear it as
they clear points spent on an order (K42).
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from services.loyalty import carrying, documents, ledger, mall, rules
from services.loyalty.accounts import account_of
from services.loyalty.ledger import EntryRow, Journal, Place, issuer_of
from services.loyalty.mall import Customer
from services.loyalty.models import MallItemVersion, Store
from services.loyalty.models import Redemption as RedemptionTable
from shared import outbox, stores
from shared.contracts.loyalty.mall import (
    CancelRedemption,
    HandOverRedemption,
    ListRedemptions,
    MallItem,
    MallItemBody,
    PointsRedeemed,
    Redeemed,
    RedeemPoints,
    Redemption,
    RedemptionCancelled,
    RedemptionHandedOver,
    RedemptionStatus,
)
from shared.errors import Forbidden, Refusal
from shared.paging import Page, decode_moment, page_of
from shared.seal import Caller
from shared.stores import find_store, stores_within


def redeem_points(session: Session, caller: Caller, command: RedeemPoints) -> Redeemed:
    """Give a member an item for points; see `RedeemPoints`."""
    return redeem(session, caller, command, datetime.now(UTC))


def redeem(session: Session, caller: Caller, command: RedeemPoints, now: datetime) -> Redeemed:
    """As `redeem_points`, at a given time."""
    store = stores.require_store(session, Store, caller, command.store_id)
    before = documents.answered(session, command)
    if before is not None:
        return before
    item = mall.in_force(session, command.item_id, now)
    _refuse_unoffered(item, command, now)
    member_id = documents.open_for(session, command.member_id, store.currency)
    journal = Journal(ledger.lock(session, [member_id]), now)
    balance = journal.balance(member_id, "points")
    tier = session.scalar(_TIER, {"member_id": member_id})
    ids = documents.all_of(session, member_id)
    had = session.scalar(_HAD, {"ids": ids, "item_id": item.item_id})
    person = Customer(available=balance.available, frozen=balance.frozen, tier=tier)
    names, quantity = mall.tier_names(session, now), command.quantity
    if (refusal := mall.refusal_for(item, person, quantity, had or 0, None, names)) is not None:
        raise refusal
    if item.body.counted:
        taken = _movement(
            command, "redeemed", item.item_id, -command.quantity, caller=caller, now=now
        )
        mall.book_stock(session, taken)
    spend = rules.in_force(session, "spend", now)
    journal.take(
        (command.id, "redemption"),
        balance,
        command.points,
        "points_redeemed",
        issuer_of(balance),
        Place(store.id, store.franchisee_id),
        reason="redeemed",
        rule_version=spend[0] if spend else None,
        detail=f"{item.body.code} v{item.version} x{command.quantity}",
    )
    row = session.execute(
        _REDEEM,
        {
            "id": command.id,
            "member_id": command.member_id,
            "store_id": command.store_id,
            "item_id": item.item_id,
            "item_version": item.version,
            "quantity": command.quantity,
            "points": command.points,
            "staff_id": caller.id,
            "now": now,
            "handed_over_by": caller.id if command.hand_over else None,
            "handed_over_at": now if command.hand_over else None,
        },
    ).one()
    redemption = _shown(row, item.body)
    answer = documents.record_as(
        session,
        caller.id,
        command,
        journal,
        lambda account: Redeemed(redemption=redemption, account=account),
    )
    event = PointsRedeemed(
        redemption_id=command.id,
        member_id=command.member_id,
        store_id=command.store_id,
        item_id=item.item_id,
        item_version=item.version,
        quantity=command.quantity,
        points=command.points,
    )
    outbox.emit(session, (event, command.id, 1))
    return answer


def _refuse_unoffered(item: MallItem, command: RedeemPoints, now: datetime) -> None:
    body = item.body
    if not body.offered or (body.valid_until is not None and body.valid_until <= now):
        raise Refusal("ITEM_NOT_OFFERED")
    if body.store_ids and command.store_id not in body.store_ids:
        raise Refusal("ITEM_ELSEWHERE")
    points = body.points * command.quantity
    if points != command.points:
        raise Refusal("ITEM_PRICE", {"points": points})


def hand_over(session: Session, caller: Caller, command: HandOverRedemption) -> Redemption:
    """The member has what waited for them; see `HandOverRedemption`."""
    row, body = _locked(session, caller, command.id, command.store_id)
    if row.cancelled_at is not None:
        raise Refusal("REDEMPTION_ENDED")
    if row.handed_over_at is not None:
        return _shown(row, body)
    parameters = {"id": row.id, "staff_id": caller.id, "now": datetime.now(UTC)}
    handed = session.execute(_HAND_OVER, parameters).one()
    event = RedemptionHandedOver(
        redemption_id=row.id, member_id=row.member_id, store_id=row.store_id
    )
    outbox.emit(session, (event, row.id, 2))
    return _shown(handed, body)


def cancel(session: Session, caller: Caller, command: CancelRedemption) -> Redeemed:
    """Give points back, each of the same life as it was taken; see `CancelRedemption`."""
    row, body = _locked(session, caller, command.id, command.store_id)
    now = datetime.now(UTC)
    if row.cancelled_at is None:
        documents.open_for(session, row.member_id, _currency(session, row.store_id))
        booked = session.execute(_ENTRIES, {"id": row.id}).scalar_one()
        entries = msgspec.json.decode(booked, type=list[EntryRow])
        # The account it was taken from, whoever the member was merged with or parted from since.
        accounts = [entry.account_id for entry in entries]
        owners = list(session.scalars(_OWNERS, {"accounts": accounts}))
        journal = Journal(ledger.lock(session, owners), now)
        journal.reverse((row.id, "redemption_void"), entries)
        journal.write(session)
        carrying.carry_entangled(session, owners, now)
        restocked = command.restock and body.counted
        if restocked:
            back = _movement(
                command, "restocked", row.item_id, row.quantity, caller=caller, now=now
            )
            mall.book_stock(session, back)
        row = session.execute(
            _CANCEL,
            {"id": row.id, "staff_id": caller.id, "now": now, "reason": command.reason},
        ).one()
        event = RedemptionCancelled(
            redemption_id=row.id,
            member_id=row.member_id,
            store_id=row.store_id,
            points=row.points,
            restocked=restocked,
        )
        outbox.emit(session, (event, row.id, 3))
    return Redeemed(redemption=_shown(row, body), account=account_of(session, row.member_id, now))


def list_redemptions(
    session: Session, caller: Caller, command: ListRedemptions
) -> Page[Redemption]:
    """A member's or a store's; see `ListRedemptions`. `Forbidden` for a store out of scope."""
    table, version = RedemptionTable.__table__, MallItemVersion.__table__
    query = (
        select(table, version.c.body)
        .join(
            version,
            (version.c.item_id == table.c.item_id) & (version.c.version == table.c.item_version),
        )
        .order_by(table.c.redeemed_at.desc(), table.c.id.desc())
    )
    if command.member_id is not None:
        query = query.where(table.c.member_id.in_(documents.all_of(session, command.member_id)))
    if command.store_id is not None:
        if not find_store(session, Store, command.store_id).within(caller):
            raise Forbidden("FORBIDDEN_SCOPE")
        query = query.where(table.c.store_id == command.store_id)
    elif command.member_id is None:
        within = select(Store.id).where(stores_within(Store, caller))
        query = query.where(table.c.store_id.in_(within))
    if command.waiting:
        query = query.where(table.c.handed_over_at.is_(None), table.c.cancelled_at.is_(None))
    if command.after is not None:
        at, id_ = decode_moment(command.after)
        query = query.where(
            (table.c.redeemed_at < at) | ((table.c.redeemed_at == at) & (table.c.id < id_))
        )
    rows = session.execute(query.limit(command.first + 1)).all()
    found = [_shown(row, msgspec.convert(row.body, MallItemBody)) for row in rows]
    return page_of(found, command.first, lambda each: (each.redeemed_at.isoformat(), str(each.id)))


def _locked(
    session: Session, caller: Caller, redemption_id: UUID, store_id: UUID
) -> tuple[Row[Any], MallItemBody]:
    """A redemption of a store, held against everybody else, and the version of its item."""
    stores.require_store(session, Store, caller, store_id)
    asked = {"id": redemption_id, "store_id": store_id}
    row = session.execute(_LOCK, asked).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_REDEMPTION")
    body = session.scalar(_BODY, {"item_id": row.item_id, "version": row.item_version})
    return row, msgspec.convert(body, MallItemBody)


def _currency(session: Session, store_id: UUID) -> str:
    return find_store(session, Store, store_id).currency


def _movement(
    command: RedeemPoints | CancelRedemption,
    kind: str,
    item_id: UUID,
    quantity: int,
    *,
    caller: Caller,
    now: datetime,
) -> dict[str, Any]:
    return {
        "document_id": command.id,
        "kind": kind,
        "item_id": item_id,
        "store_id": command.store_id,
        "quantity": quantity,
        "note": None,
        "staff_id": caller.id,
        "now": now,
    }


def _shown(row: Row[Any], body: MallItemBody) -> Redemption:
    handed, cancelled = row.handed_over_at, row.cancelled_at
    status: RedemptionStatus = "waiting" if handed is None else "handed_over"
    return Redemption(
        id=row.id,
        store_id=row.store_id,
        member_id=row.member_id,
        item_id=row.item_id,
        item_version=row.item_version,
        code=body.code,
        name_zh=body.name_zh,
        name_en=body.name_en,
        quantity=row.quantity,
        points=row.points,
        status="cancelled" if cancelled else status,
        redeemed_at=row.redeemed_at.astimezone(UTC),
        redeemed_by=row.redeemed_by,
        handed_over_at=handed and handed.astimezone(UTC),
        cancelled_at=cancelled and cancelled.astimezone(UTC),
        cancel_reason=row.cancel_reason,
    )


_TIER = text("SELECT tier FROM members WHERE member_id = :member_id")
_HAD = text(
    "SELECT sum(quantity) FROM redemptions WHERE member_id = ANY(:ids) AND item_id = :item_id"
    " AND cancelled_at IS NULL"
)
_REDEEM = text(
    "INSERT INTO redemptions (id, member_id, store_id, item_id, item_version, quantity, points,"
    " redeemed_by, redeemed_at, handed_over_by, handed_over_at)"
    " VALUES (:id, :member_id, :store_id, :item_id, :item_version, :quantity, :points, :staff_id,"
    " :now, :handed_over_by, :handed_over_at) RETURNING *"
)
_LOCK = text("SELECT * FROM redemptions WHERE id = :id AND store_id = :store_id FOR UPDATE")
_BODY = text("SELECT body FROM mall_item_versions WHERE item_id = :item_id AND version = :version")
_HAND_OVER = text(
    "UPDATE redemptions SET handed_over_by = :staff_id, handed_over_at = :now"
    " WHERE id = :id AND handed_over_at IS NULL AND cancelled_at IS NULL RETURNING *"
)
_CANCEL = text(
    "UPDATE redemptions SET cancelled_by = :staff_id, cancelled_at = :now, cancel_reason = :reason"
    " WHERE id = :id AND cancelled_at IS NULL RETURNING *"
)
_OWNERS = text("SELECT member_id FROM member_accounts WHERE account_id = ANY(:accounts)")
_ENTRIES = text(
    "SELECT CAST(coalesce(json_agg(e ORDER BY e.id), '[]') AS text) FROM transactions t"
    " JOIN entries e ON e.transaction_id = t.id"
    " WHERE t.document_id = :id AND t.kind = 'redemption'"
)
