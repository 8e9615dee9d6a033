"""Tiers that HQ sets for a member, whatever they have bought: opening tiers, amends, guests.

What is set wins over the sum until it lapses or is taken back, and is explained as such (K29). It
needs no second person: it moves no value, only HQ may do it, and taking it back leaves nothing.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.loyalty import documents, tiers
from shared import outbox
from shared.contracts.loyalty.tiers import ListTierSettings, SetTier, TierSet, TierSetting
from shared.errors import InvalidInput, Refusal
from shared.ids import new_id
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller

_NEWEST = 2**31 - 1


def set_tier(session: Session, caller: Caller, command: SetTier) -> TierSetting:
    """Set a tier, or take it back; see `SetTier`. `Forbidden` unless the scope is the chain."""
    return set_at(session, caller, command, datetime.now(UTC))


def set_at(session: Session, caller: Caller, command: SetTier, now: datetime) -> TierSetting:
    """As `set_tier`, at a given time."""
    caller.require_chain()
    if command.tier is None and (command.until is not None or command.exactly):
        raise InvalidInput("INVALID_INPUT", {"field": "$.tier", "reason": "nothing is set"})
    documents.alone(session, command.id)
    before = session.execute(_FIND, {"id": command.id}).one_or_none()
    if before is not None:
        return _set_before(session, before, command)
    member_id = documents.stands_for(session, command.member_id)
    _check(session, member_id, command, now)
    row = {
        "id": command.id,
        "member_id": member_id,
        "tier": command.tier,
        "until": command.until,
        "exactly": command.exactly,
        "reason": command.reason,
        "staff_id": caller.id,
        "now": now,
    }
    setting = _setting(session.execute(_RECORD, row).one())
    session.execute(_SET, row)
    # What was set for those merged into the member is theirs no longer, also after an undo.
    for other_id in session.scalars(_END_OTHERS, {"member_id": member_id}).all():
        ended = {"id": new_id(), "member_id": other_id, "tier": None, "until": None}
        session.execute(_RECORD, row | ended | {"exactly": False})
    event = TierSet(
        setting_id=setting.id,
        member_id=member_id,
        tier=setting.tier,
        until=setting.until,
        exactly=setting.exactly,
    )
    outbox.emit(session, (event, setting.id, 1))
    tiers.assess(session, [member_id], now)
    return setting


def list_settings(session: Session, caller: Caller, command: ListTierSettings) -> Page[TierSetting]:
    """What was set for the member an id stands for, newest first.

    Raises `Refusal("UNKNOWN_MEMBER")`, `InvalidInput("INVALID_CURSOR")`.
    """
    before = _NEWEST if command.after is None else _version(command.after)
    member_id = tiers.owner_of(session, command.member_id)
    if member_id is None:
        raise Refusal("UNKNOWN_MEMBER")
    rows = session.execute(
        _LIST, {"member_id": member_id, "before": before, "limit": command.first + 1}
    )
    found = [_setting(row) for row in rows]
    return page_of(found, command.first, lambda setting: (setting.version,))


def _check(session: Session, member_id: UUID, command: SetTier, now: datetime) -> None:
    ladder, member = tiers.progress_of(session, member_id, now)
    if ladder is None or member is None:
        raise Refusal("NO_RULE")
    if command.tier is None:
        if not member.is_set:
            raise Refusal("NO_TIER_SET")
    elif ladder.body.rank(command.tier) < 0:
        raise Refusal("UNKNOWN_TIER", {"tier": command.tier})
    elif command.until is not None and command.until < member.as_of:
        raise Refusal("TIER_UNTIL_PAST", {"today": member.as_of.isoformat()})


def _set_before(session: Session, row: Row[Any], command: SetTier) -> TierSetting:
    said = (row.tier, row.until, row.exactly, row.reason)
    same = said == (command.tier, command.until, command.exactly, command.reason)
    owners = {tiers.owner_of(session, each) for each in (row.member_id, command.member_id)}
    if not same or len(owners) > 1:
        raise Refusal("ENTRY_ID_TAKEN")
    return _setting(row)


def _version(cursor: str) -> int:
    version = decode_cursor(cursor, 1)[0]
    if not isinstance(version, int) or not 0 < version <= _NEWEST:
        raise InvalidInput("INVALID_CURSOR")
    return version


def _setting(row: Row[Any]) -> TierSetting:
    return TierSetting(**{**row._mapping, "at": row.at.astimezone(UTC)})


_FIND = text("SELECT * FROM tier_settings WHERE id = :id")
_RECORD = text(
    """INSERT INTO tier_settings (id, member_id, version, tier, until, exactly, reason, staff_id,
        at)
    SELECT CAST(:id AS uuid), CAST(:member_id AS uuid), coalesce(max(version), 0) + 1,
        CAST(:tier AS text), CAST(:until AS date), CAST(:exactly AS bool), CAST(:reason AS text),
        CAST(:staff_id AS uuid), CAST(:now AS timestamptz)
    FROM tier_settings WHERE member_id = :member_id RETURNING *"""
)
_SET = text(
    "UPDATE members SET set_tier = :tier, set_until = :until, set_exactly = :exactly"
    " WHERE member_id = :member_id"
)
_END_OTHERS = text(
    "UPDATE members SET set_tier = NULL, set_until = NULL, set_exactly = false"
    " WHERE survivor_id = :member_id AND set_tier IS NOT NULL RETURNING member_id"
)
_LIST = text(
    "SELECT * FROM tier_settings WHERE member_id = :member_id AND version < :before"
    " ORDER BY version DESC LIMIT :limit"
)
