"""Rehearsals: what a draft of a ladder or an earn rule would cost, and whom it would move (L6, T7).

HQ asks, the background runs it (`rehearsing`), HQ looks and publishes. Nothing is changed by it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from services.loyalty import documents, rules
from services.loyalty.models import Rehearsal as RehearsalRow
from services.loyalty.rehearsing import Found, StoreSums
from shared.contracts.loyalty import Rule, SpendRule
from shared.contracts.loyalty.rehearsals import (
    CancelRehearsal,
    GetRehearsal,
    ListRehearsals,
    Rehearsal,
    RehearseRule,
    StoreCost,
    TierMove,
)
from shared.errors import Refusal
from shared.paging import Page, decode_moment, page_of
from shared.seal import Caller

OPEN_LIMIT = 5
"""Rehearsals that may wait or run at a time."""


def rehearse(session: Session, caller: Caller, command: RehearseRule) -> Rehearsal:
    """Have a draft run over what was sold; see `RehearseRule`. `Forbidden` unless the caller's
    scope is the chain; so for all that is here."""
    caller.require_chain()
    rules.check(command.body)
    documents.alone(session, command.id)
    row = session.execute(_FIND, {"id": command.id}).one_or_none()
    if row is None:
        if session.scalars(_OPEN).one() >= OPEN_LIMIT:
            raise Refusal("TOO_MANY_REHEARSALS", {"limit": OPEN_LIMIT})
        asked = {
            "id": command.id,
            "kind": rules.kind_of(command.body),
            "days": command.days,
            "body": msgspec.json.encode(command.body).decode(),
            "asked_by": caller.id,
            "now": datetime.now(UTC),
            "found": msgspec.json.encode(Found()).decode(),
        }
        row = session.execute(_ASK, asked).one()
    elif (row.days, msgspec.convert(row.body, Rule)) != (command.days, command.body):
        raise Refusal("ENTRY_ID_TAKEN")
    return _shown(session, [row])[0]


def get_rehearsal(session: Session, caller: Caller, command: GetRehearsal) -> Rehearsal:
    """How far it is. Raises `Refusal("UNKNOWN_REHEARSAL")`."""
    caller.require_chain()
    row = session.execute(_FIND, {"id": command.id}).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_REHEARSAL")
    return _shown(session, [row])[0]


def list_rehearsals(session: Session, caller: Caller, command: ListRehearsals) -> Page[Rehearsal]:
    """All, newest first. Raises `InvalidInput("INVALID_CURSOR")`."""
    caller.require_chain()
    table = RehearsalRow.__table__
    query = select(table).order_by(table.c.asked_at.desc(), table.c.id.desc())
    if command.after is not None:
        at, id_ = decode_moment(command.after)
        earlier = (table.c.asked_at < at) | ((table.c.asked_at == at) & (table.c.id < id_))
        query = query.where(earlier)
    found = _shown(session, session.execute(query.limit(command.first + 1)).all())
    return page_of(found, command.first, lambda each: (each.asked_at.isoformat(), str(each.id)))


def cancel(session: Session, caller: Caller, command: CancelRehearsal) -> Rehearsal:
    """Stop one. Raises `Refusal`: UNKNOWN_REHEARSAL, REHEARSAL_OVER."""
    caller.require_chain()
    row = session.execute(_LOCK, {"id": command.id}).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_REHEARSAL")
    if row.state == "done":
        raise Refusal("REHEARSAL_OVER")
    row = session.execute(_CANCEL, {"id": command.id}).one()
    return _shown(session, [row])[0]


def _shown(session: Session, rows: Iterable[Row[Any]]) -> list[Rehearsal]:
    """Rows as their contract shows them."""
    found = [(row, msgspec.convert(row.found, Found)) for row in rows]
    ids = {store_id for _, each in found for store_id in each.stores}
    stores = session.execute(_CURRENCIES, {"ids": sorted(ids)})
    currencies: dict[UUID, str] = {row.id: row.currency for row in stores}
    versions = {row.spend_version for row, _ in found} - {None}
    spend = session.execute(_SPEND, {"versions": sorted(versions)})
    rates = {row.version: msgspec.convert(row.body, SpendRule) for row in spend}
    return [_rehearsal(row, each, currencies, rates.get(row.spend_version)) for row, each in found]


def _rehearsal(
    row: Row[Any], found: Found, currencies: dict[UUID, str], rate: SpendRule | None
) -> Rehearsal:
    values = {
        **row._mapping,
        "asked_at": row.asked_at.astimezone(UTC),
        "began_at": row.began_at and row.began_at.astimezone(UTC),
        "orders": found.orders,
        "orders_unknown": found.unknown,
        "stores": [
            _cost(store_id, sums, currencies.get(store_id), rate)
            for store_id, sums in sorted(found.stores.items())
        ],
        "moves": [
            TierMove(**msgspec.structs.asdict(move))
            for move in sorted(found.moves, key=lambda move: -move.members)
        ],
    }
    return msgspec.convert(values, Rehearsal)


def _cost(
    store_id: UUID, sums: StoreSums, currency: str | None, rate: SpendRule | None
) -> StoreCost:
    more = sums.draft - sums.in_force
    cost = rate.value_of(abs(more)) if rate else None
    return StoreCost(
        store_id=store_id,
        orders=sums.orders,
        points_booked=sums.booked,
        points_in_force=sums.in_force,
        points_draft=sums.draft,
        cost_minor=-cost if cost and more < 0 else cost,
        currency=currency,
    )


_FIND = text("SELECT * FROM rehearsals WHERE id = :id")
_LOCK = text("SELECT * FROM rehearsals WHERE id = :id FOR UPDATE")
_OPEN = text("SELECT count(*) FROM rehearsals WHERE state IN ('waiting', 'running')")
_ASK = text(
    """INSERT INTO rehearsals (id, kind, days, body, state, asked_by, asked_at, found)
    VALUES (:id, :kind, :days, CAST(:body AS jsonb), 'waiting', :asked_by, :now,
        CAST(:found AS jsonb)) RETURNING *"""
)
_CANCEL = text("UPDATE rehearsals SET state = 'cancelled' WHERE id = :id RETURNING *")
_CURRENCIES = text("SELECT id, currency FROM stores WHERE id = ANY(:ids)")
_SPEND = text("SELECT version, body FROM rules WHERE kind = 'spend' AND version = ANY(:versions)")
