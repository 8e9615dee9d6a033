"""Members of staff: who they are, their roles and scope, their PIN and password (X9, K38).

Nobody gives what is not below them: `GRANTS` says which roles a role may give, and the scope given
must lie within the giver's. Both are asked of what a member of staff is now as well as of what it
shall become, or a store manager could take over an administrator.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.directory import credentials, inherited, lock_out, organisation, refresh, scope
from services.directory.credentials import Run, directly
from services.directory.models import Staff
from shared import outbox
from shared.contracts import directory as contract
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction

_SHOP = frozenset({Role.ASSOCIATE, Role.STORE_MANAGER})

GRANTS: dict[Role, frozenset[Role]] = {
    Role.STORE_MANAGER: frozenset({Role.ASSOCIATE}),
    Role.FRANCHISE_OWNER: _SHOP,
    Role.REGION_MANAGER: _SHOP,
    Role.HQ_OPERATIONS: _SHOP | {Role.FRANCHISE_OWNER, Role.REGION_MANAGER},
    Role.HQ_ADMINISTRATOR: frozenset(Role),
}
"""The roles that a role may give, take away, and change the holders of."""


def save_staff(
    transaction: Transaction, caller: Caller, command: contract.SaveStaff, run: Run = directly
) -> contract.Created:
    """Create a member of staff or change one; a secret left out stays as it is.

    A change of secret, role or scope, or the end of employment, ends every sign-in of that person;
    a new secret opens what failures had locked.
    Raises `Refusal`: UNKNOWN_PARENT, WEAK_PIN, SHORT_PIN, CODE_TAKEN, LAST_ADMINISTRATOR;
    `Forbidden`.
    """
    if not command.roles:
        raise InvalidInput("INVALID_INPUT", {"field": "$.roles", "reason": "no role given"})
    if command.pin and credentials.is_weak_pin(command.pin, command.number):
        raise Refusal("WEAK_PIN")
    with transaction() as session:
        _require_authority(session, caller, command)
        if command.pin:
            require_long_pin(session, command.pin, command.scope_kind, command.scope_id)
        held = _hashes(session, command.id)
    hashes = {
        "pin_hash": _hash_of(held["pin_hash"], command.pin, run),
        "password_hash": _hash_of(held["password_hash"], command.password, run),
    }
    with transaction() as session:
        lock(session)
        _require_authority(session, caller, command)
        if any(new and new != held[name] for name, new in hashes.items()):
            lock_out.unlock(session, command.number)
        return save(session, command, {name: new for name, new in hashes.items() if new})


def save(session: Session, command: contract.SaveStaff, hashes: dict[str, str]) -> contract.Created:
    """Write a member of staff whose secrets are hashed already, after `lock` and with authority."""
    values: dict[str, Any] = {
        "number": command.number,
        "name": command.name,
        "roles": sorted(command.roles),
        "scope_kind": command.scope_kind.value,
        "scope_id": command.scope_id,
        "active": command.active,
        **hashes,
    }
    if _write(session, command.id, values):
        tell(session, session.get_one(Staff, command.id, populate_existing=True))
    return contract.Created(id=command.id)


def tell(session: Session, staff: Staff) -> None:
    """Tell of a member of staff as the row is now."""
    event = contract.StaffChanged(
        staff_id=staff.id,
        version=staff.version,
        roles=frozenset(Role(role) for role in staff.roles),
        scope_kind=ScopeKind(staff.scope_kind),
        scope_id=staff.scope_id,
        active=staff.active,
    )
    outbox.emit(session, (event, staff.id, staff.version))


def require_long_pin(
    session: Session, pin: str, scope_kind: ScopeKind, scope_id: UUID | None
) -> None:
    """Raise `Refusal("SHORT_PIN")` unless a new PIN has the digits asked for in its scope."""
    digits = inherited.value_of(session, "pin_digits", scope_kind, scope_id)
    if len(pin) < digits:
        raise Refusal("SHORT_PIN", {"digits": digits})


def lock(session: Session) -> None:
    """One change of staff at a time: whether an administrator remains is a question about many
    rows, and two who take each other's role away would both be told yes."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("directory.staff"))))


def list_staff(session: Session, caller: Caller, command: contract.ListStaff) -> contract.StaffList:
    """The staff whose scope lies within the caller's, by number; with `store_id` those whose scope
    is that store."""
    query = select(Staff).where(scope.holders_within(Staff, caller))
    if command.store_id is not None:
        scope.require_store(session, caller, command.store_id)
        query = query.where(Staff.scope_kind == ScopeKind.STORE, Staff.scope_id == command.store_id)
    query = query.order_by(func.lower(Staff.number)).limit(organisation.LIST_LIMIT)
    return contract.StaffList(items=[_shown(staff) for staff in session.scalars(query)])


def get_staff(session: Session, command: contract.GetStaff) -> contract.StaffList:
    """Staff by id, whatever the scope: a receipt or a member may name someone of another store."""
    query = select(Staff).where(Staff.id.in_(command.ids)).order_by(func.lower(Staff.number))
    return contract.StaffList(items=[_shown(staff) for staff in session.scalars(query)])


def _require_authority(session: Session, caller: Caller, command: contract.SaveStaff) -> None:
    grants: frozenset[Role] = frozenset().union(
        *(GRANTS[role] for role in caller.roles if role in GRANTS)
    )
    scope.require_within(session, caller, command.scope_kind, command.scope_id)
    if not command.roles <= grants:
        raise Forbidden("FORBIDDEN_ROLE")
    row = session.execute(
        select(Staff.roles, Staff.scope_kind, Staff.scope_id).where(Staff.id == command.id)
    ).one_or_none()
    if row is None:
        return
    if not {Role(role) for role in row.roles} <= grants:
        raise Forbidden("FORBIDDEN_ROLE")
    if not scope.contains(session, caller, ScopeKind(row.scope_kind), row.scope_id):
        raise Forbidden("FORBIDDEN_SCOPE")


def _hashes(session: Session, staff_id: UUID) -> dict[str, str | None]:
    row = session.execute(
        select(Staff.pin_hash, Staff.password_hash).where(Staff.id == staff_id)
    ).one_or_none()
    return dict(row._mapping) if row else {"pin_hash": None, "password_hash": None}


def _hash_of(held: str | None, secret: str | None, run: Run) -> str | None:
    """What to store for a secret: what is held if it is the same one, so that sending the same
    command again changes nothing; None for no secret."""
    if secret is None:
        return None
    if held and run(credentials.verify, held, secret):
        return held
    fresh: str = run(credentials.hash_secret, secret)
    return fresh


def _write(session: Session, staff_id: UUID, values: dict[str, Any]) -> int | None:
    """The new version, or None when the row said all this already."""
    made: int | None = session.scalar(
        insert(Staff)
        .values(id=staff_id, **values)
        .on_conflict_do_nothing()
        .returning(Staff.version)
    )
    if made is not None:
        return made
    organisation.refuse_taken_code(session, Staff, staff_id, values["number"])
    before = session.execute(
        select(*(getattr(Staff, name) for name in values))
        .where(Staff.id == staff_id)
        .with_for_update()
    ).one()
    different = {name for name, value in values.items() if getattr(before, name) != value}
    if not different:
        return None
    version = _change(session, staff_id, values)
    if different - {"number", "name"}:
        refresh.end_all(session, "staff_changed", staff_id=staff_id)
    if _is_administrator(before):
        _require_administrator(session)
    return version


def _change(session: Session, staff_id: UUID, values: dict[str, Any]) -> int:
    change = (
        update(Staff)
        .where(Staff.id == staff_id)
        .values(version=Staff.version + 1, **values)
        .returning(Staff.version)
    )
    try:
        with session.begin_nested():
            return session.execute(change).scalar_one()
    except IntegrityError as error:
        raise Refusal("CODE_TAKEN", {"code": values["number"]}) from error


def _is_administrator(staff: Any) -> bool:
    chain = staff.scope_kind == ScopeKind.CHAIN
    return bool(staff.active and chain and Role.HQ_ADMINISTRATOR in staff.roles)


def _require_administrator(session: Session) -> None:
    """Nobody could undo it if the last administrator went."""
    administrator = (
        Staff.active,
        Staff.scope_kind == ScopeKind.CHAIN,
        Staff.roles.contains([Role.HQ_ADMINISTRATOR.value]),
    )
    if not session.scalar(select(exists().where(*administrator))):
        raise Refusal("LAST_ADMINISTRATOR")


def _shown(staff: Staff) -> contract.Staff:
    return contract.Staff(
        id=staff.id,
        number=staff.number,
        name=staff.name,
        roles=frozenset(Role(role) for role in staff.roles),
        scope_kind=ScopeKind(staff.scope_kind),
        scope_id=staff.scope_id,
        active=staff.active,
    )
