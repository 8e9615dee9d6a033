"""Refresh tokens: rotating families (RFC 9700, 4.14.2).

A sign-in begins a family; every use of its newest token answers with the next one. A token that
comes a second time was copied: the whole family ends, whoever holds its newest token.

With one exception. An answer can be lost on its way to a phone, and the phone then asks again with
the token it still has. So the generation just before the newest is taken for another
`refresh_grace_seconds` (30) after its first use, and answered with one more token of the newest
generation. Of these siblings only one can be used in the long run: the first that is makes a new
generation, the next one to come later than the grace is a reuse. A thief who uses a stolen token
within the grace is therefore found out at the next refresh instead of at once.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from services.directory import credentials, identity
from services.directory.models import (
    Device,
    RefreshFamily,
    RefreshToken,
    SignInPolicy,
    Staff,
)
from shared.contracts import Done
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.ids import new_id
from shared.service import Transaction


def begin(
    session: Session, staff: Staff, device: Device | None, policy: SignInPolicy, now: datetime
) -> str:
    """A new family; its first token."""
    family = RefreshFamily(
        id=new_id(),
        staff_id=staff.id,
        device_id=device.id if device else None,
        policy_version=policy.version,
        generation=1,
        signed_in_at=now,
        rotated_at=now,
        expires_at=now + timedelta(days=policy.refresh_days),
    )
    session.add(family)
    session.flush()
    return _give_token(session, family.id, 1)


def refresh(
    transaction: Transaction, command: contract.Refresh, now: datetime
) -> contract.SignedIn:
    """The identity as it is now, and the next token. What it ends stays ended though refused.

    Raises `Refusal("REFRESH_REJECTED")`.
    """
    with transaction() as session:
        answer = _rotate(session, credentials.digest(command.refresh_token), now)
    if answer is None:
        raise Refusal("REFRESH_REJECTED")
    return answer


def sign_out(session: Session, command: contract.SignOut, now: datetime) -> Done:
    """End the family of a token, of whatever generation; an unknown one is signed out already."""
    found = _find(session, credentials.digest(command.refresh_token))
    if found and _end(session, found.family_id, "signed_out", now):
        identity.observe(session, "signed_out", found.staff_id, found.device_id)
    return Done()


def end_all(
    session: Session,
    because: str,
    staff_id: UUID | None = None,
    device_id: UUID | None = None,
    but: str | None = None,
) -> None:
    """End every family of a member of staff or of a device, `but` that of a token."""
    column = RefreshFamily.staff_id if staff_id else RefreshFamily.device_id
    ending = update(RefreshFamily).where(
        column == (staff_id or device_id), RefreshFamily.ended_at.is_(None)
    )
    kept = _find(session, credentials.digest(but)) if but else None
    if kept is not None:
        ending = ending.where(RefreshFamily.id != kept.family_id)
    session.execute(ending.values(ended_at=func.now(), ended_because=because))


def forget_old(session: Session, now: datetime) -> None:
    """Delete families that have expired, with their tokens."""
    session.execute(delete(RefreshFamily).where(RefreshFamily.expires_at < now))


def _rotate(session: Session, digest: bytes, now: datetime) -> contract.SignedIn | None:
    """The answer, or None when the token is no good (any more)."""
    found = _find(session, digest)
    if found is None:
        return None
    # Locked in the order in which changes of staff and devices end families: they come first.
    who = _find_identity(session, found.staff_id, found.device_id)
    family = session.scalars(
        select(RefreshFamily)
        .where(RefreshFamily.id == found.family_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if family.ended_at is not None or family.expires_at <= now:
        return None
    if who is None:
        _end(session, family.id, "not_allowed_any_more", now)
        return None
    if found.generation == family.generation:
        family.generation += 1
        family.rotated_at = now
    elif not _within_grace(session, family, found.generation, now):
        _end(session, family.id, "reused", now)
        identity.observe(session, "reused", family.staff_id, family.device_id)
        return None
    token = _give_token(session, family.id, family.generation)
    return contract.SignedIn(identity=who, refresh_token=token)


def _find(session: Session, digest: bytes) -> Any:
    return session.execute(
        select(RefreshToken.family_id, RefreshToken.generation,
               RefreshFamily.staff_id, RefreshFamily.device_id)
        .join(RefreshFamily, RefreshFamily.id == RefreshToken.family_id)
        .where(RefreshToken.digest == digest)
    ).one_or_none()  # fmt: skip


def _find_identity(
    session: Session, staff_id: UUID, device_id: UUID | None
) -> contract.Identity | None:
    """Who the family belongs to, if it may still sign in (there)."""
    staff = session.get_one(Staff, staff_id, with_for_update={"read": True})
    if not staff.active:
        return None
    if device_id is None:
        return identity.of_staff(staff)
    place = identity.find_active(session, device_id)
    who = place and identity.of_staff(staff, place)
    if not (who and place and place.store.active and place.store.within(who.caller)):
        return None
    return who


def _within_grace(session: Session, family: RefreshFamily, generation: int, now: datetime) -> bool:
    policy = session.get_one(SignInPolicy, family.policy_version)
    grace = timedelta(seconds=policy.refresh_grace_seconds)
    return generation == family.generation - 1 and now - family.rotated_at <= grace


def _give_token(session: Session, family_id: UUID, generation: int) -> str:
    token = credentials.new_secret()
    digest = credentials.digest(token)
    session.add(RefreshToken(digest=digest, family_id=family_id, generation=generation))
    session.flush()
    return token


def _end(session: Session, family_id: UUID, because: str, now: datetime) -> bool:
    """End a family; whether it had not ended before."""
    ended = session.scalar(
        update(RefreshFamily)
        .where(RefreshFamily.id == family_id, RefreshFamily.ended_at.is_(None))
        .values(ended_at=now, ended_because=because)
        .returning(RefreshFamily.id)
    )
    return ended is not None
