"""The organisation tree: brand → region → franchisee → store (X7, K38, K41).

Brands, regions and franchisees are made once; stores may be changed. All of it is HQ's to do, for
the whole chain. What was made is known by the caller's id: the same command again changes nothing.
"""

import functools
import zoneinfo
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.directory.models import Brand, Franchisee, Region, Store
from shared import outbox, stores
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.seal import Caller

LIST_LIMIT = 5_000
"""Rows in one answer; a chain has fewer stores."""


def create_brand(
    session: Session, caller: Caller, command: contract.CreateBrand
) -> contract.Created:
    """Raises `Refusal`: CODE_TAKEN, ID_TAKEN."""
    caller.require_chain()
    values = {"id": command.id, "code": command.code, "name": command.name}
    return _create(session, Brand, "brand", values)


def create_region(
    session: Session, caller: Caller, command: contract.CreateRegion
) -> contract.Created:
    """Raises `Refusal`: UNKNOWN_PARENT, CODE_TAKEN, ID_TAKEN."""
    caller.require_chain()
    if session.get(Brand, command.brand_id) is None:
        raise Refusal("UNKNOWN_PARENT")
    values = {"id": command.id, "brand_id": command.brand_id,
              "code": command.code, "name": command.name}  # fmt: skip
    return _create(session, Region, "region", values)


def create_franchisee(
    session: Session, caller: Caller, command: contract.CreateFranchisee
) -> contract.Created:
    """Raises `Refusal`: CODE_TAKEN, ID_TAKEN."""
    caller.require_chain()
    values = {"id": command.id, "code": command.code,
              "name": command.name, "legal_entity": command.legal_entity}  # fmt: skip
    return _create(session, Franchisee, "franchisee", values)


def save_store(session: Session, caller: Caller, command: contract.SaveStore) -> contract.Created:
    """Create a store or change it; told to everybody by `StoreChanged`.

    Raises `Refusal`: UNKNOWN_PARENT, UNKNOWN_TIME_ZONE, CODE_TAKEN.
    """
    caller.require_chain()
    if command.time_zone not in _time_zones():
        raise Refusal("UNKNOWN_TIME_ZONE", {"zone": command.time_zone[:60]})
    region = session.get(Region, command.region_id)
    franchisee = command.franchisee_id
    if region is None or (franchisee and session.get(Franchisee, franchisee) is None):
        raise Refusal("UNKNOWN_PARENT")
    version = _save_store(session, command)
    if version is not None:
        event = contract.StoreChanged(
            store_id=command.id,
            version=version,
            code=command.code,
            name=command.name,
            brand_id=region.brand_id,
            region_id=command.region_id,
            franchisee_id=command.franchisee_id,
            legal_entity=command.legal_entity,
            time_zone=command.time_zone,
            currency=command.currency,
            active=command.active,
        )
        outbox.emit(session, (event, command.id, version))
    return contract.Created(id=command.id)


def list_stores(session: Session, caller: Caller) -> contract.Stores:
    """The stores within the caller's scope, by code; closed ones too."""
    query = (
        _stores().where(stores.stores_within(Store, caller)).order_by(Store.code).limit(LIST_LIMIT)
    )
    return contract.Stores(items=[_shown(row) for row in session.execute(query)])


def get_stores(session: Session, command: contract.GetStores) -> contract.Stores:
    """Stores by id, whatever the scope: name and code of a store are no secret."""
    query = _stores().where(Store.id.in_(command.ids)).order_by(Store.code)
    return contract.Stores(items=[_shown(row) for row in session.execute(query)])


def refuse_taken_code(session: Session, table: Any, command_id: UUID, code: str) -> None:
    """After an insert found something in its way: CODE_TAKEN, unless it was its own id."""
    if not session.scalar(select(exists().where(table.id == command_id))):
        raise Refusal("CODE_TAKEN", {"code": code})


def _create(session: Session, table: Any, kind: str, values: dict[str, Any]) -> contract.Created:
    """Insert once. The unique constraints on id and code are the guard, whoever comes second."""
    made = session.scalar(insert(table).values(values).on_conflict_do_nothing().returning(table.id))
    if made is None:
        refuse_taken_code(session, table, values["id"], values["code"])
        same = [getattr(table, name) == value for name, value in values.items()]
        if not session.scalar(select(exists().where(*same))):
            raise Refusal("ID_TAKEN")
    else:
        event = contract.OrganisationChanged(kind=kind, id=values["id"])
        outbox.emit(session, (event, values["id"], 1))
    return contract.Created(id=values["id"])


def _save_store(session: Session, command: contract.SaveStore) -> int | None:
    """The new version of the row, or None when it said all this already."""
    values = {name: getattr(command, name) for name in command.__struct_fields__}
    made: int | None = session.scalar(
        insert(Store).values(values).on_conflict_do_nothing().returning(Store.version)
    )
    if made is not None:
        return made
    columns = [getattr(Store, name) for name in values]
    change = (
        update(Store)
        .where(Store.id == command.id)
        .where(tuple_(*columns).is_distinct_from(tuple_(*values.values())))
        .values(version=Store.version + 1, **values)
        .returning(Store.version)
    )
    try:
        with session.begin_nested():
            changed: int | None = session.scalar(change)
    except IntegrityError as error:
        raise Refusal("CODE_TAKEN", {"code": command.code}) from error
    if changed is None:
        refuse_taken_code(session, Store, command.id, command.code)
    return changed


@functools.cache
def _time_zones() -> frozenset[str]:
    """Every IANA name; read once, since it is a walk through the whole database of zones."""
    return frozenset(zoneinfo.available_timezones())


def _stores() -> Select[*tuple[Any, ...]]:
    return (
        select(Store, Region.brand_id, Region.name.label("region_name"),
               Franchisee.name.label("franchisee_name"))
        .join(Region, Region.id == Store.region_id)
        .outerjoin(Franchisee, Franchisee.id == Store.franchisee_id)
    )  # fmt: skip


def _shown(row: Any) -> contract.Store:
    store: Store = row.Store
    return contract.Store(
        id=store.id,
        code=store.code,
        name=store.name,
        brand_id=row.brand_id,
        region_id=store.region_id,
        region_name=row.region_name,
        franchisee_id=store.franchisee_id,
        franchisee_name=row.franchisee_name,
        legal_entity=store.legal_entity,
        time_zone=store.time_zone,
        currency=store.currency,
        active=store.active,
    )
