"""The rule of retention: whether it makes sense, and when something is due by it."""

import calendar
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from services.member import definitions
from shared.contracts.member.retention import (
    PERSON_MONTHS,
    RetentionEvent,
    RetentionItem,
    RetentionRule,
)
from shared.errors import Refusal


class Moments(NamedTuple):
    """When what happened last with a person; UTC. `withdrawal` None: a consent stands, or none was
    ever given and withdrawn."""

    creation: datetime
    last_purchase: datetime
    last_contact: datetime
    withdrawal: datetime | None


def check(session: Session, rule: RetentionRule) -> None:
    """Raise `Refusal` unless the rule makes sense and keeps what the law wants kept."""
    subjects: set[str] = set()
    keys = {e.field.key for e in definitions.in_force(session) if e.field.subject == "member"}
    for item in rule.items:
        if item.subject in subjects:
            raise Refusal("RETENTION_TWICE", {"subject": item.subject})
        subjects.add(item.subject)
        key = item.subject.partition("fields.")[2]
        if key and key not in keys:
            raise Refusal("RETENTION_UNKNOWN_FIELD", {"key": key})
        counted_late = item.after in ("last_purchase", "last_contact")
        if item.subject == "person" and (item.months < PERSON_MONTHS or not counted_late):
            raise Refusal("RETENTION_TOO_SHORT", {"subject": "person", "months": PERSON_MONTHS})


def since(moments: Moments, after: RetentionEvent) -> datetime | None:
    """What the time is counted from."""
    found: datetime | None = getattr(moments, after)
    return found


def due_at(item: RetentionItem, start: datetime) -> datetime:
    """When something is due: the same day and time of a later month, or that month's last day."""
    months = start.year * 12 + start.month - 1 + item.months
    year, month = divmod(months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
