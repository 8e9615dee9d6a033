"""Agreements: a member agrees to something, or withdraws it, after having joined."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.member import consents, places
from services.member.identifiers import owner_of
from services.member.models import ConsentGiven, Profile, Store
from services.member.profiles import advance, locked
from shared import outbox
from shared.contracts.member.consents import (
    Consent,
    Consents,
    ConsentsRecorded,
    GetConsents,
    RecordConsents,
)
from shared.errors import Refusal
from shared.seal import Caller
from shared.stores import require_store


def record(session: Session, caller: Caller, command: RecordConsents) -> Consents:
    """Write it down once; see `RecordConsents`. A withdrawal is told in the same transaction."""
    store = require_store(session, Store, caller, command.store_id)
    member = locked(session, command.member_id)
    earlier = _recorded(session, command.id)
    if earlier is None:
        consents.require_fit(session, command.consents)
        facts = consents.record(session, caller, member.id, store.id, command.consents, command.id)
        event = ConsentsRecorded(member_id=member.id, store_id=store.id, consents=facts)
        outbox.emit(session, (event, member.id, advance(session, member)))
        places.follow(session, member.id, command.consents)
    elif earlier != (member.id, sorted(map(_key, command.consents))):
        raise Refusal("CONSENT_ID_TAKEN")
    return consents.read(session, caller, member.id)


def get(session: Session, caller: Caller, command: GetConsents) -> Consents:
    known = select(Profile.id).where(Profile.id == command.member_id, Profile.erased_at.is_(None))
    if session.scalar(known) is None:
        raise Refusal("UNKNOWN_MEMBER", {"member_id": command.member_id})
    return consents.read(session, caller, owner_of(session, command.member_id))


def _recorded(session: Session, id_: UUID) -> tuple[UUID, list[tuple[str, ...]]] | None:
    """Whose consents a command of this id wrote down, and which."""
    rows = session.scalars(select(ConsentGiven).where(ConsentGiven.document_id == id_)).all()
    return (rows[0].member_id, sorted(map(_key, rows))) if rows else None


def _key(given: Consent | ConsentGiven) -> tuple[str, ...]:
    names = ("purpose", "channel", "franchisee_id", "notice_version", "granted", "proof")
    return tuple(str(getattr(given, name)) for name in names)
