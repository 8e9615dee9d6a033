"""Changing one's own PIN or password, by who still knows the old one.

Like a sign-in: two short transactions with the hashes between them, and wrong old ones count as
failures in the counters of sign-in, or a phone left on the counter would be a place to guess at.
What is sent again with the same id is proven by the new secret instead of the old one, and changes
nothing.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.directory import credentials, identity, lock_out, refresh, staff
from services.directory.credentials import Run, directly
from services.directory.lock_out import Limits
from services.directory.models import SignInPolicy, Staff
from shared.contracts import Done
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.seal import Caller, ScopeKind
from shared.service import Transaction


class _Change(NamedTuple):
    """A change of either secret; `kind` is `pin` or `password`."""

    kind: str
    id: UUID
    old: str
    new: str
    kept_token: str | None


def change_pin(
    transaction: Transaction, caller: Caller, command: contract.ChangePin, now: datetime,
    run: Run = directly,
) -> Done:  # fmt: skip
    """Raises `Refusal`: UNKNOWN_STAFF, WEAK_PIN, SHORT_PIN, LOCKED_OUT, WRONG_PIN."""
    change = _Change("pin", command.id, command.old_pin, command.pin, command.refresh_token)
    return _change(transaction, caller, change, now, run)


def change_password(
    transaction: Transaction, caller: Caller, command: contract.ChangePassword, now: datetime,
    run: Run = directly,
) -> Done:  # fmt: skip
    """Raises `Refusal`: UNKNOWN_STAFF, LOCKED_OUT, WRONG_PASSWORD."""
    change = _Change(
        "password", command.id, command.old_password, command.password, command.refresh_token
    )
    return _change(transaction, caller, change, now, run)


def _change(
    transaction: Transaction, caller: Caller, change: _Change, now: datetime, run: Run
) -> Done:
    with transaction() as session:
        person = session.scalar(select(Staff).where(Staff.id == caller.id, Staff.active))
        if person is None:
            raise Refusal("UNKNOWN_STAFF")
        if change.kind == "pin":
            _check_pin(session, person, change.new)
        policy = lock_out.current_policy(session, now)
        limits = _limits(policy, change.kind, person.number, caller.device_id)
        lock_out.require_unlocked(session, limits, now)
        stored = person.pin_hash if change.kind == "pin" else person.password_hash
        again = person.secret_change_id == change.id
        version = person.version
    genuine = run(credentials.verify, stored, change.new if again else change.old)
    fresh = run(credentials.hash_secret, change.new) if genuine and not again else None
    with transaction() as session:
        counts = lock_out.hold(session, limits, now)
        until = lock_out.locked_until(counts, now)
        refusal = None
        if until is not None:
            refusal = lock_out.locked_out(until, now)
        elif not genuine or not _write(session, caller, change, version, fresh):
            refusal = lock_out.record_failure(session, counts, limits, policy, now)
            outcome = "locked" if refusal.code == "LOCKED_OUT" else "failed"
            identity.observe(session, outcome, caller.id, caller.device_id)
        else:
            lock_out.forgive(session, limits)
    if refusal is not None:
        raise _worded(refusal, change.kind)
    return Done()


def _check_pin(session: Session, person: Staff, pin: str) -> None:
    if credentials.is_weak_pin(pin, person.number):
        raise Refusal("WEAK_PIN")
    staff.require_long_pin(session, pin, ScopeKind(person.scope_kind), person.scope_id)


def _limits(policy: SignInPolicy, kind: str, number: str, device_id: UUID | None) -> Limits:
    if kind == "pin":
        return lock_out.pin_limits(policy, number, device_id)
    return lock_out.password_limits(policy, number)


def _write(
    session: Session, caller: Caller, change: _Change, version: int, fresh: str | None
) -> bool:
    """Store the new hash, if the row is still the one whose hash was verified or this change has
    been written meanwhile; whether it is."""
    person = session.get_one(Staff, caller.id, with_for_update=True, populate_existing=True)
    if person.secret_change_id == change.id:
        return True
    if person.version != version or fresh is None or not person.active:
        return False
    setattr(person, f"{change.kind}_hash", fresh)
    person.secret_change_id = change.id
    person.version += 1
    session.flush()
    refresh.end_all(session, f"{change.kind}_changed", staff_id=person.id, but=change.kept_token)
    staff.tell(session, person)
    identity.observe(session, f"{change.kind}_changed", person.id, caller.device_id)
    return True


def _worded(refusal: Refusal, kind: str) -> Refusal:
    """The refusal of a sign-in in the words of a change."""
    if refusal.code != "SIGN_IN_FAILED":
        return refusal
    return Refusal("WRONG_PIN" if kind == "pin" else "WRONG_PASSWORD", refusal.parameters)
