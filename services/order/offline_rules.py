"""The rule of what a till may sell without network: versioned data of HQ's; and what it refused."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select, tuple_
from sqlalchemy.orm import Session

from services.order.models import OfflineRule as RuleRow
from services.order.models import RefusedSale as RefusedRow
from services.order.models import Store
from shared import outbox
from shared.contracts.order.offline import (
    GetTillRule,
    ListOfflineRules,
    ListRefusedSales,
    OfflineRule,
    OfflineRulePublished,
    OfflineRules,
    OfflineRuleVersion,
    PublishOfflineRule,
    RefusedSale,
    TillRule,
)
from shared.errors import Refusal
from shared.paging import Page, decode_moment, page_of
from shared.seal import Caller
from shared.stores import require_store
from shared.versions import Versions

_RULES: Versions[OfflineRule] = Versions(
    RuleRow, OfflineRule, taken="OFFLINE_RULE_ID_TAKEN", changed="OFFLINE_RULE_CHANGED"
)
BUILT_IN = 0
"""The version that holds before any is published: the contract's own defaults."""


def publish(session: Session, caller: Caller, command: PublishOfflineRule) -> OfflineRuleVersion:
    """Publish the next version; the same again gets the same answer.

    Raises OFFLINE_RULE_ID_TAKEN, OFFLINE_RULE_CHANGED; `Forbidden` unless for the whole chain.
    """
    row, new = _RULES.publish(
        session,
        caller,
        id_=command.id,
        body=command.body,
        valid_from=command.valid_from,
        replaces=command.version,
    )
    version = _version(row)
    if new:
        event = OfflineRulePublished(
            rule_id=row.id, version=row.version, valid_from=row.valid_from, body=command.body
        )
        outbox.emit(session, (event, "offline", row.version))
    return version


def list_rules(session: Session, _caller: Caller, _command: ListOfflineRules) -> OfflineRules:
    """All versions, newest first."""
    return OfflineRules(items=[_version(row) for row in _RULES.newest_first(session)])


def till_rule(session: Session, caller: Caller, command: GetTillRule) -> TillRule:
    """The rule in force, and what time it is here."""
    require_store(session, Store, caller, command.store_id)
    now = datetime.now(UTC)
    version, body = _RULES.in_force(session, now) or (BUILT_IN, OfflineRule())
    return TillRule(now=now, version=version, body=body)


def held(session: Session, version: int) -> OfflineRule:
    """A version that a till held, in force still or not. Raises UNKNOWN_OFFLINE_RULE."""
    if version == BUILT_IN:
        return OfflineRule()
    row = session.execute(select(RuleRow.__table__).where(RuleRow.version == version)).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_OFFLINE_RULE")
    return _RULES.body_of(row)


def list_refused(session: Session, caller: Caller, command: ListRefusedSales) -> Page[RefusedSale]:
    """What nobody has accepted yet in a store, newest first."""
    require_store(session, Store, caller, command.store_id)
    key = tuple_(RefusedRow.refused_at, RefusedRow.order_id)
    query = select(RefusedRow).where(
        RefusedRow.store_id == command.store_id, RefusedRow.accepted_at.is_(None)
    )
    if command.after:
        query = query.where(key < decode_moment(command.after))
    order = (RefusedRow.refused_at.desc(), RefusedRow.order_id.desc())
    rows = session.scalars(query.order_by(*order).limit(command.first + 1)).all()
    page = page_of(rows, command.first, lambda r: (r.refused_at.isoformat(), str(r.order_id)))
    items = [_refused(row) for row in page.items]
    return Page(items=items, cursors=page.cursors, has_next=page.has_next)


def _refused(row: RefusedRow) -> RefusedSale:
    return RefusedSale(
        order_id=row.order_id,
        store_id=row.store_id,
        device_id=row.device_id,
        staff_id=row.staff_id,
        member_id=row.member_id,
        receipt=row.receipt,
        sold_at=row.sold_at,
        currency=row.currency,
        total_minor=row.total_minor,
        code=row.refusal["code"],
        parameters={name: str(value) for name, value in row.refusal["parameters"].items()},
        refused_at=row.refused_at,
    )


def _version(row: Row[Any]) -> OfflineRuleVersion:
    return OfflineRuleVersion(
        id=row.id,
        version=row.version,
        valid_from=row.valid_from,
        author_id=row.author_id,
        body=_RULES.body_of(row),
    )
