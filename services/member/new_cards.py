"""New cards by who made them: counted when it is asked for."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.member.models import Profile, Store
from shared.contracts.member.new_cards import CardsMade, CountNewCards, NewCards
from shared.errors import Forbidden, InvalidInput
from shared.seal import MANAGERS, Caller, Role
from shared.stores import find_store

WHOLE_STORE = MANAGERS | {Role.AUDITOR}
DAYS_LIMIT = 366


def count(session: Session, caller: Caller, command: CountNewCards) -> NewCards:
    """Raises `Refusal("UNKNOWN_STORE")`, `Forbidden("FORBIDDEN_SCOPE")`, `InvalidInput`."""
    store = find_store(session, Store, command.store_id)
    if not store.within(caller):
        raise Forbidden("FORBIDDEN_SCOPE")
    staff_id: UUID | None = command.staff_id
    if not caller.roles & WHOLE_STORE:
        if staff_id not in (None, caller.id):
            raise Forbidden("FORBIDDEN_SCOPE")
        staff_id = caller.id
    if not 0 <= (command.last_day - command.first_day).days < DAYS_LIMIT:
        reason = f"from first_day on, {DAYS_LIMIT} days at most"
        raise InvalidInput("INVALID_INPUT", {"field": "$.last_day", "reason": reason})
    zone = ZoneInfo(store.time_zone)
    query = (
        select(Profile.registered_by, func.count())
        .where(
            Profile.home_store_id == store.id,
            Profile.registered_by.is_not(None),
            Profile.registered_at >= _midnight(command.first_day, zone),
            Profile.registered_at < _midnight(command.last_day + timedelta(days=1), zone),
            Profile.survivor_id.is_(None),
        )
        .group_by(Profile.registered_by)
        .order_by(func.count().desc(), Profile.registered_by)
    )
    if staff_id is not None:
        query = query.where(Profile.registered_by == staff_id)
    return NewCards(
        items=[CardsMade(staff_id=who, cards=cards) for who, cards in session.execute(query) if who]
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
