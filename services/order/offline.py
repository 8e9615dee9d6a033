"""Sales that a till of our own made without network: facts, judged by the rule that the till held.

Such a sale is booked as it was made, exactly once by its id; stock and limits of promotions do not
stand in its way. Only the offline rule can refuse it, and then it is kept until a manager accepts
it. When it was made is the device's claim put right: less what the clock was ahead at the last
contact, not before that contact and not after it came here. That instant decides the business date,
the prices it is compared with and the earn rule.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.order import ledger, offline_rules
from services.order.models import RefusedSale as RefusedRow
from services.order.models import Store
from shared import outbox
from shared.contracts import Done
from shared.contracts.campaign import Priced
from shared.contracts.campaign.stated import Difference
from shared.contracts.order import PlaceOrder
from shared.contracts.order.offline import (
    OfflineRule,
    OfflineSaleAccepted,
    OfflineSaleDiffered,
    OfflineSaleRefused,
    ReportOffline,
    TillWasOffline,
)
from shared.contracts.order.stated import OfflineSale
from shared.errors import Refusal
from shared.seal import FLOOR, Caller
from shared.stores import require_store

MONEY = {"cash", "card", "code"}

# The spell's row is locked: sums of its sales are taken one after the other.
_SPELL = text(
    "INSERT INTO offline_spells (id, device_id, store_id, contact_at)"
    " VALUES (:id, :device_id, :store_id, :contact_at)"
    " ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING device_id, store_id"
)
_SOLD = text(
    "SELECT coalesce(sum(told_minor), 0) FROM orders"
    " JOIN offline_sales ON order_id = orders.id"
    " WHERE spell_id = :spell_id AND status <> 'cancelled'"
)
_KEEP = text(
    "INSERT INTO offline_sales (order_id, spell_id, receipt, claimed_at, contact_at,"
    " ahead_seconds, rule_version, tier, clamped, accepted)"
    " VALUES (:order_id, :spell_id, :receipt, :claimed_at, :contact_at, :ahead_seconds,"
    " :rule_version, :tier, :clamped, :accepted)"
)
_REFUSE = text(
    "INSERT INTO refused_sales (order_id, store_id, device_id, staff_id, member_id, receipt,"
    " sold_at, currency, total_minor, content, command, refusal)"
    " VALUES (:order_id, :store_id, :device_id, :staff_id, :member_id, :receipt, :sold_at,"
    " :currency, :total_minor, :content, CAST(:command AS jsonb), CAST(:refusal AS jsonb))"
    " ON CONFLICT (order_id) DO NOTHING RETURNING order_id"
)
_ACCEPT = text(
    "UPDATE refused_sales SET accepted_at = now(), accepted_by = :by, reason = :reason"
    " WHERE order_id = :order_id AND accepted_at IS NULL RETURNING order_id"
)
_REPORT = text(
    "UPDATE offline_spells SET reported_at = now()"
    " WHERE id = :id AND reported_at IS NULL RETURNING reported_at"
)


class RuleBroken(Exception):
    """An offline sale that the rule does not allow, and when it was made."""

    def __init__(self, refusal: Refusal, sold_at: datetime) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.sold_at = sold_at


def check(caller: Caller, command: PlaceOrder, told: OfflineSale) -> None:
    """Raise unless the command is a whole offline sale: all lines stated with their list price,
    paid in money, by a named seller on a device. OFFLINE_TENDER, OFFLINE_INVALID."""
    caller.require(FLOOR)
    if command.coupon_codes or {tender.kind for tender in command.tenders} - MONEY:
        raise Refusal("OFFLINE_TENDER")
    units = {each.line: each.unit_minor for each in told.terms.units}
    reason = None
    if command.exchange is not None or command.occurred_at is not None:
        reason = "exchange or occurred_at"
    elif any(line.stated_minor is None or line.line not in units for line in command.lines):
        reason = "all lines state what was charged, and their list price"
    elif sum(line.stated_minor or 0 for line in command.lines) != command.total_minor:
        reason = "the lines do not come to the total"
    elif any((line.stated_minor or 0) > units[line.line] * line.quantity for line in command.lines):
        reason = "more was charged than the list price"
    elif len({each.promotion_id for each in told.terms.promotions}) < len(told.terms.promotions):
        reason = "a promotion is there twice"
    elif command.seller_id is None or command.device_id is None:
        reason = "seller and device"
    elif told.claimed_at.tzinfo is None or told.contact_at.tzinfo is None:
        reason = "no time zone"
    if reason:
        raise Refusal("OFFLINE_INVALID", {"reason": reason})


def sold_at(told: OfflineSale, now: datetime) -> tuple[datetime, bool]:
    """When it was made, and whether the claim had to be moved to be possible."""
    contact = min(told.contact_at, now)
    claimed = told.claimed_at - timedelta(seconds=told.ahead_seconds)
    possible = min(max(claimed, contact), now)
    return possible, possible != claimed


def open_spell(session: Session, command: PlaceOrder, told: OfflineSale) -> None:
    """Take turns with the other sales of the same time without network, and with itself."""
    if command.device_id is None:
        raise Refusal("OFFLINE_DEVICE")
    _claim_spell(session, told.spell_id, command.device_id, command.store_id, told.contact_at)


def judge(
    session: Session, caller: Caller, command: PlaceOrder, told: OfflineSale, at: datetime
) -> None:
    """Raise `RuleBroken` unless the rule the till held allows this sale."""
    try:
        _judge(session, caller, command, told, at)
    except Refusal as refusal:
        raise RuleBroken(refusal, at) from refusal


def _judge(
    session: Session, caller: Caller, command: PlaceOrder, told: OfflineSale, at: datetime
) -> None:
    rule = offline_rules.held(session, told.rule_version)
    if not rule.allowed or (rule.store_ids and command.store_id not in rule.store_ids):
        raise Refusal("OFFLINE_NOT_HERE")
    _require_device(session, caller, command, rule)
    roles = caller.roles
    if command.seller_id != caller.id:
        query = text("SELECT roles FROM staff WHERE id = :id")
        roles = frozenset(session.scalar(query, {"id": command.seller_id}) or ())
    if rule.roles and not roles & rule.roles:
        raise Refusal("OFFLINE_ROLE")
    if at - told.contact_at > timedelta(hours=rule.hours):
        raise Refusal("OFFLINE_TOO_LONG", {"hours": rule.hours})
    if rule.sale_minor is not None and command.total_minor > rule.sale_minor:
        raise Refusal(
            "OFFLINE_SALE_LIMIT", {"limit_minor": rule.sale_minor, "currency": command.currency}
        )
    before: int = session.scalars(_SOLD, {"spell_id": told.spell_id}).one()
    if rule.total_minor is not None and before + command.total_minor > rule.total_minor:
        raise Refusal(
            "OFFLINE_TOTAL_LIMIT", {"limit_minor": rule.total_minor, "currency": command.currency}
        )


def keep(
    session: Session, command: PlaceOrder, told: OfflineSale, clamped: bool, accepted: bool
) -> None:
    """Write beside the new order what the till told of it."""
    session.execute(
        _KEEP,
        {
            "order_id": command.order_id,
            "spell_id": told.spell_id,
            "receipt": told.receipt,
            "claimed_at": told.claimed_at,
            "contact_at": told.contact_at,
            "ahead_seconds": told.ahead_seconds,
            "rule_version": told.rule_version,
            "tier": told.terms.tier,
            "clamped": clamped,
            "accepted": accepted,
        },
    )


def settle(session: Session, command: PlaceOrder, told: OfflineSale, priced: Priced) -> None:
    """Record where the chain would have said otherwise, and tell it: in the transaction of tx 2."""
    row = session.execute(
        text("SELECT clamped, received_at FROM offline_sales WHERE order_id = :id"),
        {"id": command.order_id},
    ).one()
    differences = list(priced.differences)
    if row.clamped:
        claimed = told.claimed_at - timedelta(seconds=told.ahead_seconds)
        possible, _ = sold_at(told, row.received_at)
        moved = int((claimed - possible).total_seconds())
        differences.append(Difference(kind="clock", stated=str(moved), chain="0"))
    session.execute(
        text("UPDATE offline_sales SET differences = CAST(:d AS jsonb) WHERE order_id = :id"),
        {"id": command.order_id, "d": msgspec.json.encode(differences).decode()},
    )
    if differences:
        event = OfflineSaleDiffered(
            order_id=command.order_id,
            store_id=command.store_id,
            device_id=command.device_id,
            charged_minor=command.total_minor,
            chain_minor=priced.chain_minor,
            differences=differences,
        )
        outbox.emit(session, (event, _subject(command.order_id), 3))


def keep_refused(
    session: Session, command: PlaceOrder, told: OfflineSale, refusal: Refusal, at: datetime
) -> None:
    """Keep a sale that broke the rule until a manager accepts it; tell of it once."""
    said = {"code": refusal.code, "parameters": refusal.parameters}
    new = session.execute(
        _REFUSE,
        {
            "order_id": command.order_id,
            "store_id": command.store_id,
            "device_id": command.device_id,
            "staff_id": command.seller_id,
            "member_id": command.member_id,
            "receipt": told.receipt,
            "sold_at": at,
            "currency": command.currency,
            "total_minor": command.total_minor,
            "content": ledger.digest_of(command),
            "command": msgspec.json.encode(command).decode(),
            "refusal": msgspec.json.encode(said).decode(),
        },
    ).one_or_none()
    if new:
        event = OfflineSaleRefused(
            order_id=command.order_id,
            store_id=command.store_id,
            device_id=command.device_id,
            code=refusal.code,
            rule_version=told.rule_version,
            total_minor=command.total_minor,
        )
        outbox.emit(session, (event, _subject(command.order_id), 1))


def accept(session: Session, caller: Caller, order_id: UUID, reason: str) -> PlaceOrder:
    """The command of a refused sale, which the caller answers for. Raises UNKNOWN_REFUSED_SALE."""
    row = session.get(RefusedRow, order_id)
    if row is None:
        raise Refusal("UNKNOWN_REFUSED_SALE")
    require_store(session, Store, caller, row.store_id)
    values = {"order_id": order_id, "by": caller.id, "reason": reason}
    if session.execute(_ACCEPT, values).one_or_none():
        event = OfflineSaleAccepted(order_id=order_id, store_id=row.store_id)
        outbox.emit(session, (event, _subject(order_id), 2))
    return msgspec.convert(row.command, PlaceOrder)


def is_accepted(session: Session, order_id: UUID) -> bool:
    """Whether a manager has answered for this sale. Raises its refusal while nobody has."""
    query = select(RefusedRow.accepted_at, RefusedRow.refusal).filter_by(order_id=order_id)
    row = session.execute(query).one_or_none()
    if row is not None and row.accepted_at is None:
        raise Refusal(row.refusal["code"], row.refusal["parameters"])
    return row is not None


def report(session: Session, caller: Caller, command: ReportOffline) -> Done:
    """Take note of a time without network, once. Raises OFFLINE_DEVICE, SPELL_OF_OTHER_DEVICE."""
    store = require_store(session, Store, caller, command.store_id)
    if caller.device_id is None:
        raise Refusal("OFFLINE_DEVICE")
    _claim_spell(session, command.spell_id, caller.device_id, store.id, command.contact_at)
    back_at = session.scalar(_REPORT, {"id": command.spell_id})
    if back_at is not None:
        event = TillWasOffline(
            spell_id=command.spell_id,
            store_id=store.id,
            device_id=caller.device_id,
            contact_at=command.contact_at,
            back_at=back_at.astimezone(UTC),
            ahead_seconds=command.ahead_seconds,
            clock_moved_seconds=command.ahead_now_seconds - command.ahead_seconds,
            sales=command.sales,
            total_minor=command.total_minor,
        )
        outbox.emit(session, (event, command.spell_id, 1))
    return Done()


def _subject(order_id: UUID) -> str:
    """What the events of an offline sale are about, beside those of its order."""
    return f"{order_id}/offline"


def _require_device(
    session: Session, caller: Caller, command: PlaceOrder, rule: OfflineRule
) -> None:
    """The device that sends is the one that sold, and is bound to the store."""
    query = text("SELECT store_id FROM devices WHERE id = :id")
    bound = session.scalar(query, {"id": command.device_id}) == command.store_id
    named = not rule.device_ids or command.device_id in rule.device_ids
    if not (bound and named and caller.device_id == command.device_id):
        raise Refusal("OFFLINE_DEVICE")


def _claim_spell(
    session: Session, spell_id: UUID, device_id: UUID, store_id: UUID, contact_at: datetime
) -> None:
    values = {
        "id": spell_id, "device_id": device_id, "store_id": store_id, "contact_at": contact_at,
    }  # fmt: skip
    row = session.execute(_SPELL, values).one()
    if (row.device_id, row.store_id) != (device_id, store_id):
        raise Refusal("SPELL_OF_OTHER_DEVICE")
