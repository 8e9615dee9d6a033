"""A member's family (M7): who they are, their birthdays and sizes.

What is known of a child under 14 is sensitive personal information: it is written only with the
consent of a guardian (PIPL art. 31). A relative who is removed is gone; the events hold ids.
"""

from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import birthdays, calendars
from services.member.models import Profile, RelativeRow, Store
from services.member.phones import Keyring
from services.member.profiles import advance, locked, one_line
from shared import outbox
from shared.contracts import Done
from shared.contracts.member.birthdays import Birthday
from shared.contracts.member.family import (
    Family,
    FamilyChanged,
    GetFamily,
    Relative,
    RemoveRelative,
    SaveRelative,
)
from shared.errors import Refusal
from shared.seal import Caller
from shared.stores import find_store

RELATIVES_LIMIT = 30
CONSENT_AGE = 14
YOUNG = frozenset({"child", "grandchild"})


def save(session: Session, keys: Keyring, caller: Caller, command: SaveRelative) -> Relative:
    """Add a relative, or write over what is known of one; see `SaveRelative`."""
    member = locked(session, command.member_id)
    store = find_store(session, Store, member.home_store_id)
    today = store.business_date(datetime.now(UTC))
    birthdays.check(command.born, today)
    digest = keys.digest_of(msgspec.json.encode(command, order="deterministic"))
    known = session.execute(
        select(RelativeRow.__table__).where(RelativeRow.id == command.id)
    ).one_or_none()
    if known is not None and known.digest == digest:
        return _relative(known, today)
    _require_consent(command, today)
    _require_next(session, command, known)
    values = _values(command) | {"digest": digest, "version": command.version + 1}
    row = session.execute(
        insert(RelativeRow)
        .values(values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
        .returning(RelativeRow.__table__)
    ).one()
    _tell(session, member, row.id, row.version, "changed" if command.version else "added")
    return _relative(row, today)


def remove(session: Session, command: RemoveRelative) -> Done:
    """Forget a relative; see `RemoveRelative`."""
    member = locked(session, command.member_id)
    gone = session.execute(
        delete(RelativeRow)
        .where(
            RelativeRow.id == command.id,
            RelativeRow.member_id == member.id,
            RelativeRow.version == command.version,
        )
        .returning(RelativeRow.version)
    ).one_or_none()
    if gone is None:
        still = select(RelativeRow.version).where(
            RelativeRow.id == command.id, RelativeRow.member_id == member.id
        )
        version = session.scalar(still)
        if version is not None:
            raise Refusal("RELATIVE_CHANGED", {"version": version})
        return Done()
    _tell(session, member, command.id, gone.version + 1, "removed")
    return Done()


def get_family(session: Session, command: GetFamily) -> Family:
    """A member's relatives; see `GetFamily`."""
    home = session.scalar(select(Profile.home_store_id).where(Profile.id == command.member_id))
    if home is None:
        raise Refusal("UNKNOWN_MEMBER", {"member_id": command.member_id})
    today = find_store(session, Store, home).business_date(datetime.now(UTC))
    rows = session.execute(
        select(RelativeRow.__table__)
        .where(RelativeRow.member_id == command.member_id)
        .order_by(RelativeRow.added_at, RelativeRow.id)
    )
    return Family(items=[_relative(row, today) for row in rows])


def _require_consent(command: SaveRelative, today: date) -> None:
    if command.guardian_consent:
        return
    born = birthdays.date_of_birth(command.born)
    if born is None:
        young = command.relation in YOUNG
    else:
        young = calendars.age_on(born, today) < CONSENT_AGE
    if young:
        raise Refusal("GUARDIAN_CONSENT_MISSING")


def _require_next(session: Session, command: SaveRelative, known: Row[Any] | None) -> None:
    """Raise unless the command follows what is known, of this member."""
    if known is not None and known.member_id != command.member_id:
        raise Refusal("RELATIVE_ID_TAKEN")
    if known is None and command.version:
        raise Refusal("UNKNOWN_RELATIVE")
    if known is not None and known.version != command.version:
        if not command.version:
            raise Refusal("RELATIVE_ID_TAKEN")
        raise Refusal("RELATIVE_CHANGED", {"version": known.version})
    linked = command.linked_member_id
    if linked is not None:
        found = session.scalar(select(Profile.id).where(Profile.id == linked))
        if found is None or linked == command.member_id:
            raise Refusal("UNKNOWN_MEMBER", {"member_id": linked})
    if known is None:
        count = select(func.count()).where(RelativeRow.member_id == command.member_id)
        if (session.scalar(count) or 0) >= RELATIVES_LIMIT:
            raise Refusal("TOO_MANY_RELATIVES", {"limit": RELATIVES_LIMIT})


def _values(command: SaveRelative) -> dict[str, Any]:
    return {
        "id": command.id,
        "member_id": command.member_id,
        "relation": command.relation,
        "name": one_line(command.name, "$.name"),
        "born": None if command.born is None else msgspec.to_builtins(command.born),
        "gender": command.gender,
        "sizes": command.sizes,
        "note": command.note,
        "linked_member_id": command.linked_member_id,
        "guardian_consent": command.guardian_consent,
    }


def _tell(
    session: Session,
    member: Row[Any],
    relative_id: UUID,
    version: int,
    change: Literal["added", "changed", "removed"],
) -> None:
    event = FamilyChanged(
        member_id=member.id, relative_id=relative_id, version=version, change=change
    )
    outbox.emit(session, (event, member.id, advance(session, member)))


def _relative(row: Row[Any], today: date) -> Relative:
    born = msgspec.convert(row.born, Birthday | None)
    born_on = birthdays.date_of_birth(born)
    return Relative(
        id=row.id,
        member_id=row.member_id,
        version=row.version,
        relation=row.relation,
        name=row.name,
        born=born,
        age=None if born_on is None else calendars.age_on(born_on, today),
        gender=row.gender,
        sizes=row.sizes,
        note=row.note,
        linked_member_id=row.linked_member_id,
        guardian_consent=row.guardian_consent,
    )
