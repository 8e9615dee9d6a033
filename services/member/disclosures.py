"""Who takes a person's data out, of whom, when and why (PIPL 44-45).

Begin and end are told, and so are in the audit log; what went out is nowhere but with whom it was
given to.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from services.member import privacy_rules
from services.member.erasures import merged_into, require_reach
from services.member.models import DisclosureRun
from services.member.profiles import locked
from shared import outbox
from shared.contracts import Done
from shared.contracts.member.disclosure import (
    BeginDisclosure,
    Disclosure,
    DisclosureBegun,
    DisclosureEnded,
    DisclosureRule,
    EndDisclosure,
)
from shared.disclosure import GRANT_SECONDS, Grant
from shared.errors import Forbidden, Refusal
from shared.seal import HQ, Caller

DAY = timedelta(days=1)
_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('disclosures' || CAST(:caller_id AS text)))")


def begin(
    session: Session, seal_key: str, caller: Caller, command: BeginDisclosure, now: datetime
) -> Disclosure:
    """Begin a disclosure; see `BeginDisclosure`."""
    session.execute(_ALONE, {"caller_id": caller.id})
    member = locked(session, command.member_id)
    require_reach(session, caller, member.id)
    row = session.get(DisclosureRun, command.id)
    if row is None:
        row = _new(session, caller, member.id, command, now)
    elif (row.member_id, row.purpose, row.begun_by, row.ended_at) != (
        member.id,
        command.purpose,
        caller.id,
        None,
    ):
        raise Refusal("DISCLOSURE_ID_TAKEN")
    grant = Grant(
        disclosure_id=row.id,
        member_ids=[member.id, *merged_into(session, member.id)],
        caller_id=caller.id,
        until=int(now.timestamp()) + GRANT_SECONDS,
    )
    return Disclosure(
        id=row.id,
        member_id=member.id,
        name=member.name,
        card_code=member.card_code,
        begun_at=row.begun_at,
        grant=grant.sealed(seal_key),
    )


def end(session: Session, caller: Caller, command: EndDisclosure, now: datetime) -> Done:
    """Tell how much was taken out, once."""
    run = DisclosureRun
    member_id = session.scalar(
        select(run.member_id).where(run.id == command.disclosure_id, run.begun_by == caller.id)
    )
    if member_id is None:
        raise Refusal("UNKNOWN_DISCLOSURE")
    ended = session.scalar(
        update(run)
        .where(run.id == command.disclosure_id, run.ended_at.is_(None))
        .values(ended_at=now, records=command.records, whole=command.whole)
        .returning(run.id)
    )
    if ended is not None:
        event = DisclosureEnded(
            disclosure_id=command.disclosure_id,
            member_id=member_id,
            records=command.records,
            whole=command.whole,
        )
        outbox.emit(session, (event, command.disclosure_id, 2))
    return Done()


def _new(
    session: Session, caller: Caller, member_id: UUID, command: BeginDisclosure, now: datetime
) -> DisclosureRun:
    version, rule = privacy_rules.in_force(session, DisclosureRule) or (None, DisclosureRule())
    if rule.hq_only and not caller.roles & HQ:
        raise Forbidden("FORBIDDEN_ROLE")
    taken = session.scalar(
        select(func.count(func.distinct(DisclosureRun.member_id))).where(
            DisclosureRun.begun_by == caller.id,
            DisclosureRun.begun_at > now - DAY,
            DisclosureRun.member_id != member_id,
        )
    )
    if (taken or 0) >= rule.a_day:
        raise Refusal("TOO_MANY_DISCLOSURES", {"limit": rule.a_day})
    row = DisclosureRun(
        id=command.id,
        member_id=member_id,
        purpose=command.purpose,
        begun_by=caller.id,
        begun_at=now,
        rule_version=version,
    )
    session.add(row)
    session.flush()
    event = DisclosureBegun(disclosure_id=row.id, member_id=row.member_id, purpose=command.purpose)
    outbox.emit(session, (event, row.id, 1))
    return row
