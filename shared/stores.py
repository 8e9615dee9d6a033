"""The stores as every service knows them, and whether a caller's scope reaches one.

Directory owns the stores and tells of them by event; each service keeps this copy, because it has
to enforce scope itself. Looked up on every operation, hence held in memory for a few seconds.
"""

import time
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Boolean, ColumnElement, Text, Uuid, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from shared.contracts import Envelope
from shared.contracts.directory import StoreChanged
from shared.copies import keep_newest
from shared.database import memory_key
from shared.errors import Forbidden, Refusal
from shared.seal import Caller, ScopeKind

CACHE_SECONDS = 5.0


class StoreMixin:
    """One row a store; columns are those of `StoreChanged`. `version` keeps the newest."""

    __tablename__ = "stores"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int]
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[UUID] = mapped_column(Uuid)
    region_id: Mapped[UUID] = mapped_column(Uuid)
    franchisee_id: Mapped[UUID | None] = mapped_column(Uuid)
    legal_entity: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean)


class Store(msgspec.Struct, frozen=True):
    """A store, as the services see it."""

    id: UUID
    version: int
    code: str
    name: str
    brand_id: UUID
    region_id: UUID
    franchisee_id: UUID | None
    legal_entity: str
    time_zone: str
    currency: str
    active: bool

    def business_date(self, instant: datetime) -> date:
        """The local date of an instant in this store."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()

    def within(self, caller: Caller) -> bool:
        """Whether the caller's scope reaches this store."""
        return caller.scope_kind is ScopeKind.CHAIN or caller.scope_id == {
            ScopeKind.STORE: self.id,
            ScopeKind.FRANCHISEE: self.franchisee_id,
            ScopeKind.REGION: self.region_id,
        }.get(caller.scope_kind)


def stores_within(table: Any, caller: Caller) -> ColumnElement[bool]:
    """The condition on a table of stores that leaves those within the caller's scope."""
    column = {
        ScopeKind.STORE: table.id,
        ScopeKind.FRANCHISEE: table.franchisee_id,
        ScopeKind.REGION: table.region_id,
    }.get(caller.scope_kind)
    return true() if column is None else column == caller.scope_id


_cache: dict[tuple[int, UUID], tuple[Store, float]] = {}


def find_store(session: Session, table: Any, store_id: UUID) -> Store:
    """The store; raises `Refusal("UNKNOWN_STORE")`. `table` is the service's model class."""
    key = (memory_key(session), store_id)
    held = _cache.get(key)
    if held and held[1] > time.monotonic():
        return held[0]
    row = session.execute(select(table.__table__).where(table.id == store_id)).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_STORE", {"store_id": store_id})
    store = Store(**row._mapping)
    _cache[key] = (store, time.monotonic() + CACHE_SECONDS)
    return store


def require_store(session: Session, table: Any, caller: Caller, store_id: UUID) -> Store:
    """The store, if it is open for business and within the caller's scope.

    Raises `Refusal("UNKNOWN_STORE")`, `Refusal("STORE_CLOSED")` or `Forbidden("FORBIDDEN_SCOPE")`.
    """
    store = find_store(session, table, store_id)
    if not store.within(caller):
        raise Forbidden("FORBIDDEN_SCOPE")
    if not store.active:
        raise Refusal("STORE_CLOSED", {"store": store.name})
    return store


def upsert_stores(session: Session, table: Any, envelopes: list[Envelope[StoreChanged]]) -> None:
    """Take over what directory tells of its stores; older versions change nothing."""
    rows = []
    for envelope in envelopes:
        row = msgspec.structs.asdict(envelope.data)
        row["id"] = row.pop("store_id")
        rows.append(row)
    keep_newest(session, table, rows)
    forget_stores()


def forget_stores() -> None:
    """Empty the memory of this process."""
    _cache.clear()
