"""Signing in: staff number and PIN on a registered device, or staff number and password.

Each is two short transactions with the hash between them: the first finds what there is to verify,
the second decides, with the counters of failures locked. A failure is committed before the refusal
is raised, or it would not count.
"""

from base64 import b64encode
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.directory import credentials, identity, lock_out, refresh
from services.directory.credentials import Run, directly
from services.directory.lock_out import Limits
from services.directory.models import SignInPolicy, Staff
from shared.contracts import directory as contract
from shared.errors import Forbidden, Refusal
from shared.service import Transaction


def with_pin(
    transaction: Transaction,
    command: contract.SignInWithPin,
    now: datetime,
    run: Run = directly,
) -> contract.SignedIn:
    """Floor staff on a device of a store their scope reaches.

    Raises `Refusal`: DEVICE_UNKNOWN, LOCKED_OUT, SIGN_IN_FAILED, STORE_CLOSED;
    `Forbidden("FORBIDDEN_SCOPE")`.
    """
    with transaction() as session:
        known = _has_secret(session, command)
    if not known:
        raise Refusal("DEVICE_UNKNOWN")
    with transaction() as session:
        policy = lock_out.current_policy(session, now)
        limits = lock_out.pin_limits(policy, command.staff_number, command.device_id)
        lock_out.require_unlocked(session, limits, now)
        staff = _find_staff(session, command.staff_number)
        stored = staff.pin_hash if staff else None
    genuine = run(credentials.verify, stored, command.pin)
    with transaction() as session:
        outcome = _decide(session, staff, genuine, limits, policy, now, command)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def with_password(
    transaction: Transaction,
    command: contract.SignInWithPassword,
    now: datetime,
    run: Run = directly,
) -> contract.SignedIn:
    """HQ and other staff with a password. Raises `Refusal`: LOCKED_OUT, SIGN_IN_FAILED."""
    with transaction() as session:
        policy = lock_out.current_policy(session, now)
        limits = lock_out.password_limits(policy, command.staff_number)
        lock_out.require_unlocked(session, limits, now)
        staff = _find_staff(session, command.staff_number)
        stored = staff.password_hash if staff else None
    genuine = run(credentials.verify, stored, command.password)
    with transaction() as session:
        outcome = _decide(session, staff, genuine, limits, policy, now)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def _has_secret(session: Session, command: contract.SignInWithPin) -> bool:
    """Whether the device proves to be the one it says; a known one that does not is noted."""
    place = identity.find_active(session, command.device_id)
    stored = place.device.secret_digest if place else None
    genuine = credentials.matches(stored, command.device_secret)
    if place and not genuine:
        identity.observe(session, "failed", None, command.device_id)
    return genuine


def _find_staff(session: Session, number: str) -> Staff | None:
    return session.scalar(
        select(Staff).where(func.lower(Staff.number) == number.lower(), Staff.active)
    )


def _decide(
    session: Session,
    staff: Staff | None,
    genuine: bool,
    limits: Limits,
    policy: SignInPolicy,
    now: datetime,
    on_device: contract.SignInWithPin | None = None,
) -> contract.SignedIn | Refusal:
    """The answer to an attempt whose secret was right (`genuine`) or not, recorded."""
    counts = lock_out.hold(session, limits, now)
    until = lock_out.locked_until(counts, now)
    if until is not None:
        # The lock may have begun while this attempt was being hashed.
        begun = until - timedelta(minutes=policy.lock_minutes)
        return lock_out.locked_out(until, max(now, begun))
    device_id = on_device.device_id if on_device else None
    if genuine and staff is not None and _is_unchanged(session, staff):
        return _sign_in(session, staff, limits, policy, now, on_device)
    refusal = lock_out.record_failure(session, counts, limits, policy, now)
    outcome = "locked" if refusal.code == "LOCKED_OUT" else "failed"
    identity.observe(session, outcome, staff.id if staff else None, device_id)
    return refusal


def _is_unchanged(session: Session, staff: Staff) -> bool:
    """Whether the row is still the one whose hash was verified; it stays so from here on."""
    version = session.scalar(
        select(Staff.version).where(Staff.id == staff.id).with_for_update(read=True)
    )
    return version == staff.version


def _sign_in(
    session: Session,
    staff: Staff,
    limits: Limits,
    policy: SignInPolicy,
    now: datetime,
    on_device: contract.SignInWithPin | None,
) -> contract.SignedIn | Refusal:
    """The right person; whether it may sign in here is still to be seen."""
    place = None
    if on_device is not None:
        place = identity.find_active(session, on_device.device_id)
        stored = place.device.secret_digest if place else None
        if place is None or not credentials.matches(stored, on_device.device_secret):
            return Refusal("DEVICE_UNKNOWN")
        if not place.store.active:
            return Refusal("STORE_CLOSED", {"store": place.store.name})
    device = place.device if place else None
    device_id = device.id if device else None
    who = identity.of_staff(staff, place)
    if place and not place.store.within(who.caller):
        identity.observe(session, "failed", staff.id, device_id)
        return Forbidden("FORBIDDEN_SCOPE")
    lock_out.forgive(session, limits)
    token = refresh.begin(session, staff, device, policy, now)
    identity.observe(session, "successful", staff.id, device_id)
    return contract.SignedIn(
        identity=who,
        refresh_token=token,
        storage_key=b64encode(device.storage_key).decode() if device else None,
    )
