"""Which scope lies within which: chain ⊃ region ⊃ store, chain ⊃ franchisee ⊃ store (X9, K38).

A franchisee may have stores in several regions, so neither of the two contains the other.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import Session

from services.directory.models import Client, Franchisee, Region, Staff, Store
from shared import stores
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.seal import Caller, ScopeKind

_TABLES = {
    ScopeKind.STORE: Store,
    ScopeKind.FRANCHISEE: Franchisee,
    ScopeKind.REGION: Region,
}


def require_within(
    session: Session, caller: Caller, kind: ScopeKind, scope_id: UUID | None
) -> None:
    """Raise unless the scope exists and lies within the caller's.

    `InvalidInput` when id and kind do not fit, `Refusal("UNKNOWN_PARENT")`,
    `Forbidden("FORBIDDEN_SCOPE")`.
    """
    if (kind is ScopeKind.CHAIN) != (scope_id is None):
        reason = "only the chain has no scope_id"
        raise InvalidInput("INVALID_INPUT", {"field": "$.scope_id", "reason": reason})
    if kind is not ScopeKind.CHAIN and session.get(_TABLES[kind], scope_id) is None:
        raise Refusal("UNKNOWN_PARENT")
    if not contains(session, caller, kind, scope_id):
        raise Forbidden("FORBIDDEN_SCOPE")


def contains(session: Session, caller: Caller, kind: ScopeKind, scope_id: UUID | None) -> bool:
    """Whether all of a scope lies within the caller's."""
    if caller.scope_kind is ScopeKind.CHAIN:
        return True
    if (kind, scope_id) == (caller.scope_kind, caller.scope_id):
        return True
    if kind is not ScopeKind.STORE:
        return False
    found = session.scalar(
        select(Store.id).where(Store.id == scope_id, stores.stores_within(Store, caller))
    )
    return found is not None


def holders_within(table: type[Staff] | type[Client], caller: Caller) -> ColumnElement[bool]:
    """The condition on staff or clients that leaves those whose scope lies within the caller's."""
    if caller.scope_kind is ScopeKind.CHAIN:
        return true()
    below = select(Store.id).where(stores.stores_within(Store, caller))
    return or_(
        and_(table.scope_kind == caller.scope_kind, table.scope_id == caller.scope_id),
        and_(table.scope_kind == ScopeKind.STORE, table.scope_id.in_(below)),
    )


def find_store(session: Session, store_id: UUID) -> stores.Store:
    """The store as it stands now (directory owns it, so there is no copy to trust for seconds)."""
    row = session.execute(
        select(Store, Region.brand_id)
        .join(Region, Region.id == Store.region_id)
        .where(Store.id == store_id)
    ).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_STORE", {"store_id": store_id})
    store: Store = row.Store
    return stores.Store(
        id=store.id,
        version=store.version,
        code=store.code,
        name=store.name,
        brand_id=row.brand_id,
        region_id=store.region_id,
        franchisee_id=store.franchisee_id,
        legal_entity=store.legal_entity,
        time_zone=store.time_zone,
        currency=store.currency,
        active=store.active,
    )


def find_within(session: Session, caller: Caller, store_id: UUID) -> stores.Store:
    """The store, open or closed, within the caller's scope.

    Raises `Refusal("UNKNOWN_STORE")`, `Forbidden("FORBIDDEN_SCOPE")`.
    """
    store = find_store(session, store_id)
    if not store.within(caller):
        raise Forbidden("FORBIDDEN_SCOPE")
    return store


def require_store(session: Session, caller: Caller, store_id: UUID) -> stores.Store:
    """The store, open for business and within the caller's scope.

    Raises `Refusal("UNKNOWN_STORE")`, `Forbidden("FORBIDDEN_SCOPE")`, `Refusal("STORE_CLOSED")`.
    """
    store = find_within(session, caller, store_id)
    if not store.active:
        raise Refusal("STORE_CLOSED", {"store": store.name})
    return store
