"""Lock-out after repeated failures (OWASP ASVS 2.2.1), with limits that are versioned data.

What is counted has one of these keys:

    pin:<device>:<number>   failures of one staff number on one device
    pin:<number>            failures with the own old PIN, signed in without a device
    device:<device>         failures of any numbers on one device: one PIN tried on many people
    password:<number>       failures with one staff number's password

Failures on one device lock that number there and nowhere else, and failed passwords never lock a
PIN: whoever knows a number could otherwise keep a whole shop from its tills. Numbers that do not
exist are counted like those that do, so that the answers tell nothing.

`hold` locks the counters before the outcome of an attempt is decided, for right answers as well:
of any number of attempts at once only as many are judged as there are attempts left.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.directory.models import FailureCount, SignInPolicy
from shared.errors import Refusal

Limits = Mapping[str, int]
"""How many failures each key may have within the window; the first key is the person's."""


def current_policy(session: Session, now: datetime) -> SignInPolicy:
    """The newest limits that are valid at `now`; the migration wrote the first."""
    return session.scalars(
        select(SignInPolicy)
        .where(SignInPolicy.valid_from <= now)
        .order_by(SignInPolicy.version.desc())
        .limit(1)
    ).one()


def pin_limits(policy: SignInPolicy, number: str, device_id: UUID | None) -> Limits:
    if device_id is None:
        return {f"pin:{number.lower()}": policy.attempts}
    return {
        f"pin:{device_id}:{number.lower()}": policy.attempts,
        f"device:{device_id}": policy.device_attempts,
    }


def password_limits(policy: SignInPolicy, number: str) -> Limits:
    return {f"password:{number.lower()}": policy.attempts}


def require_unlocked(session: Session, limits: Limits, now: datetime) -> None:
    """Raise `Refusal("LOCKED_OUT")` at once, without the cost of a hash."""
    until = session.scalar(
        select(func.max(FailureCount.locked_until)).where(FailureCount.key.in_(limits))
    )
    if until is not None and until > now:
        raise locked_out(until, now)


def hold(session: Session, limits: Limits, now: datetime) -> dict[str, FailureCount]:
    """The counters of these keys, made where missing and locked until the end of the
    transaction, in the order of their keys."""
    rows = [{"key": key, "changed_at": now} for key in sorted(limits)]
    statement = insert(FailureCount).values(rows)
    held = session.scalars(
        statement.on_conflict_do_update(
            index_elements=["key"], set_={"changed_at": statement.excluded.changed_at}
        ).returning(FailureCount),
        execution_options={"populate_existing": True},
    )
    return {count.key: count for count in held}


def locked_until(counts: Mapping[str, FailureCount], now: datetime) -> datetime | None:
    """Until when any of the counters is locked, if one is."""
    ends = [count.locked_until for count in counts.values() if count.locked_until]
    return max((end for end in ends if end > now), default=None)


def record_failure(
    session: Session, counts: Mapping[str, FailureCount], limits: Limits,
    policy: SignInPolicy, now: datetime,
) -> Refusal:  # fmt: skip
    """Count a failure; the refusal to answer with: SIGN_IN_FAILED with the attempts that are left,
    or LOCKED_OUT when this was the last."""
    left = min(limits.values())
    until = None
    for key, count in counts.items():
        recent = recent_failures(count.failed_at, now, policy.window_minutes)
        remaining = max(limits[key] - len(recent), 0)
        values: dict[str, Any] = {"failed_at": recent, "policy_version": policy.version}
        if remaining == 0:
            until = now + timedelta(minutes=policy.lock_minutes)
            values |= {"failed_at": [], "locked_until": until}
        session.execute(update(FailureCount).where(FailureCount.key == key).values(values))
        left = min(left, remaining)
    if until is not None:
        return locked_out(until, now)
    return Refusal("SIGN_IN_FAILED", {"attempts_left": left})


def forgive(session: Session, limits: Limits) -> None:
    """Forget the failures of who then got it right; those of the device stay, or an insider could
    try everybody's PIN and wash it off with the own one."""
    own = next(iter(limits))
    session.execute(update(FailureCount).where(FailureCount.key == own).values(failed_at=[]))


def unlock(session: Session, number: str) -> None:
    """Forget all failures of a staff number, to whom a manager gave a new secret; before the row
    of staff is locked, as a sign-in does."""
    key = FailureCount.key
    own = or_(
        key.in_([f"pin:{number.lower()}", f"password:{number.lower()}"]),
        key.like(f"pin:%:{number.lower()}"),
    )
    keys = session.scalars(select(key).where(own).order_by(key).with_for_update()).all()
    change = update(FailureCount).where(key.in_(keys))
    session.execute(change.values(failed_at=[], locked_until=None))


def recent_failures(
    failed_at: list[datetime], now: datetime, window_minutes: int
) -> list[datetime]:
    """The failures within the window that ends now, and this one."""
    since = now - timedelta(minutes=window_minutes)
    return [instant for instant in failed_at if instant > since] + [now]


def locked_out(until: datetime, now: datetime) -> Refusal:
    """The refusal, with the whole minutes that remain, at least one."""
    minutes = -((now - until) // timedelta(minutes=1))
    return Refusal("LOCKED_OUT", {"minutes": max(minutes, 1)})


def forget_old(session: Session, now: datetime) -> None:
    """Delete counters that decide nothing any more."""
    policy = current_policy(session, now)
    minutes = policy.window_minutes + policy.lock_minutes
    old = (
        select(FailureCount.key)
        .where(FailureCount.changed_at < now - timedelta(days=1, minutes=minutes))
        .order_by(FailureCount.key)
        .with_for_update()
    )
    session.execute(delete(FailureCount).where(FailureCount.key.in_(list(session.scalars(old)))))
