"""Settings that inherit down the organisation and can be locked above (K38).

A store has its own value, else its franchisee's, else its region's, else the chain's, else the
product's. A lock turns that around: the highest level that locks decides, whatever is set below.
Settings are declared here, each with its use in this service; values are whole numbers.
"""

from datetime import datetime
from typing import NamedTuple, get_args
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.directory import scope
from services.directory.models import SettingVersion, Store
from shared import outbox
from shared.contracts import directory as contract
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller, ScopeKind


class _Declared(NamedTuple):
    default: int
    least: int
    most: int
    zh: str
    en: str


_DECLARED: dict[contract.SettingName, _Declared] = {
    "activation_hours": _Declared(
        24, 1, 168, "设备激活码的有效小时数", "Hours in which a device's activation code works"
    ),
    "pin_digits": _Declared(
        4, 4, 8, "员工新 PIN 的最少位数", "Digits that a new PIN of staff needs at least"
    ),
}

_Level = tuple[ScopeKind, UUID | None]
_CHAIN: _Level = (ScopeKind.CHAIN, None)


def publish(
    session: Session, caller: Caller, command: contract.PublishSetting, now: datetime
) -> contract.SettingLevel:
    """The next version of a level; the same again gets the same answer.

    Raises `Refusal`: UNKNOWN_PARENT, SETTING_LOCKED, ID_TAKEN; `InvalidInput`; `Forbidden`.
    """
    scope.require_within(session, caller, command.scope_kind, command.scope_id)
    _check(command)
    # Two levels at once, or a lock would not see what is set below it.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("directory.settings"))))
    content = {name: getattr(command, name) for name in command.__struct_fields__}
    content["scope_kind"] = command.scope_kind.value
    published = session.get(SettingVersion, command.id)
    if published is not None:
        said = {name: getattr(published, name) for name in content}
        if said != content or published.author_id != caller.id:
            raise Refusal("ID_TAKEN")
        return _shown(published)
    own: _Level = (command.scope_kind, command.scope_id)
    levels = _newest(session, _path(session, *own), command.name)
    if any(level.locked for at, level in levels.items() if at != own):
        raise Refusal("SETTING_LOCKED")
    version = levels[own].version + 1 if own in levels else 1
    made = SettingVersion(**content, version=version, author_id=caller.id, valid_from=now)
    session.add(made)
    session.flush()
    event = contract.SettingPublished(
        setting=command.name,
        scope_kind=command.scope_kind,
        scope_id=command.scope_id,
        value=command.value,
        locked=command.locked,
        version=version,
    )
    place = command.scope_id or ScopeKind.CHAIN.value
    outbox.emit(session, (event, f"{command.name}/{place}", version))
    return _shown(made)


def get_settings(
    session: Session, caller: Caller, command: contract.GetSettings
) -> contract.Settings:
    """Every setting of a store within the caller's scope, closed or not, and why it is so.

    Raises `Refusal("UNKNOWN_STORE")`, `Forbidden("FORBIDDEN_SCOPE")`.
    """
    scope.find_within(session, caller, command.store_id)
    path = _path(session, ScopeKind.STORE, command.store_id)
    names: tuple[contract.SettingName, ...] = get_args(contract.SettingName)
    return contract.Settings(items=[_resolve(session, path, name) for name in names])


def value_of(
    session: Session, name: contract.SettingName, kind: ScopeKind, scope_id: UUID | None
) -> int:
    """What a setting is for a store, or for a level as a whole."""
    return _resolve(session, _path(session, kind, scope_id), name).value


def _check(command: contract.PublishSetting) -> None:
    declared = _DECLARED[command.name]
    if command.value is None and command.locked:
        reason = "there is no value to lock"
        raise InvalidInput("INVALID_INPUT", {"field": "$.locked", "reason": reason})
    if command.value is not None and not declared.least <= command.value <= declared.most:
        reason = f"{declared.least} to {declared.most}"
        raise InvalidInput("INVALID_INPUT", {"field": "$.value", "reason": reason})


def _path(session: Session, kind: ScopeKind, scope_id: UUID | None) -> list[_Level]:
    """The levels that a level inherits from and itself, from the chain down."""
    if kind is ScopeKind.CHAIN:
        return [_CHAIN]
    if kind is not ScopeKind.STORE:
        return [_CHAIN, (kind, scope_id)]
    store = session.get_one(Store, scope_id)
    path: list[_Level] = [_CHAIN, (ScopeKind.REGION, store.region_id)]
    if store.franchisee_id is not None:
        path.append((ScopeKind.FRANCHISEE, store.franchisee_id))
    return [*path, (kind, scope_id)]


def _newest(
    session: Session, path: list[_Level], name: contract.SettingName
) -> dict[_Level, SettingVersion]:
    """The newest version of each level of a path that has one, in the order of the path."""
    row = SettingVersion
    of_path = or_(
        *(
            and_(row.scope_kind == kind, row.scope_id.is_not_distinct_from(scope_id))
            for kind, scope_id in path
        )
    )
    query = (
        select(row)
        .where(row.name == name, of_path)
        .ext(distinct_on(row.scope_kind, row.scope_id))
        .order_by(row.scope_kind, row.scope_id, row.version.desc())
    )
    found: dict[_Level, SettingVersion] = {
        (ScopeKind(level.scope_kind), level.scope_id): level for level in session.scalars(query)
    }
    return {level: found[level] for level in path if level in found}


def _resolve(session: Session, path: list[_Level], name: contract.SettingName) -> contract.Setting:
    levels = list(_newest(session, path, name).values())
    deciding = None
    for level in levels:
        if level.value is not None:
            deciding = level
        if level.locked:
            break
    declared = _DECLARED[name]
    value = deciding.value if deciding else None
    return contract.Setting(
        name=name,
        title_zh=declared.zh,
        title_en=declared.en,
        value=declared.default if value is None else value,
        default=declared.default,
        least=declared.least,
        most=declared.most,
        scope_kind=ScopeKind(deciding.scope_kind) if deciding else None,
        scope_id=deciding.scope_id if deciding else None,
        version=deciding.version if deciding else None,
        locked=deciding.locked if deciding else False,
        levels=[_shown(level) for level in levels],
    )


def _shown(level: SettingVersion) -> contract.SettingLevel:
    return contract.SettingLevel(
        scope_kind=ScopeKind(level.scope_kind),
        scope_id=level.scope_id,
        value=level.value,
        locked=level.locked,
        version=level.version,
        author_id=level.author_id,
        valid_from=level.valid_from,
    )
