"""The limits of sign-in as versioned data: published by HQ, never changed (see `lock_out`)."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.directory import lock_out
from services.directory.models import SignInPolicy
from shared import outbox
from shared.contracts import directory as contract
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller

LIST_LIMIT = 500


def publish(
    session: Session, caller: Caller, command: contract.PublishSignInPolicy, now: datetime
) -> contract.SignInPolicy:
    """The next version; failures counted under the one before count on.

    Raises `Refusal("POLICY_CHANGED")`, `InvalidInput`; `Forbidden` unless the caller's scope is
    the chain.
    """
    caller.require_chain()
    limits = command.limits
    if limits.device_attempts < limits.attempts:
        reason = "fewer than attempts"
        raise InvalidInput("INVALID_INPUT", {"field": "$.limits.device_attempts", "reason": reason})
    values: dict[str, Any] = {
        "version": command.version + 1,
        "valid_from": max(command.valid_from or now, now),
        "author": str(caller.id),
        **msgspec.structs.asdict(limits),
    }
    made = None
    if session.scalar(select(func.max(SignInPolicy.version))) == command.version:
        made = session.scalar(
            insert(SignInPolicy).values(values).on_conflict_do_nothing().returning(SignInPolicy)
        )
    if made is None:
        return _published_before(session, caller, command, now)
    event = contract.SignInPolicyPublished(
        version=made.version, valid_from=made.valid_from, limits=limits
    )
    outbox.emit(session, (event, "sign_in_policy", made.version))
    return _shown(made, lock_out.current_policy(session, now))


def list_policies(session: Session, now: datetime) -> contract.SignInPolicies:
    """All versions, newest first, at most `LIST_LIMIT`."""
    current = lock_out.current_policy(session, now)
    query = select(SignInPolicy).order_by(SignInPolicy.version.desc()).limit(LIST_LIMIT)
    items = [_shown(policy, current) for policy in session.scalars(query)]
    return contract.SignInPolicies(items=items)


def _published_before(
    session: Session, caller: Caller, command: contract.PublishSignInPolicy, now: datetime
) -> contract.SignInPolicy:
    """The first answer again, if it answers the same command."""
    policy = session.get(SignInPolicy, command.version + 1)
    if policy is None or policy.author != str(caller.id) or _limits(policy) != command.limits:
        raise Refusal("POLICY_CHANGED")
    at_once = command.valid_from is None or command.valid_from <= now
    if policy.valid_from != command.valid_from and not (at_once and policy.valid_from <= now):
        raise Refusal("POLICY_CHANGED")
    return _shown(policy, lock_out.current_policy(session, now))


def _limits(policy: SignInPolicy) -> contract.SignInLimits:
    names = contract.SignInLimits.__struct_fields__
    return contract.SignInLimits(**{name: getattr(policy, name) for name in names})


def _shown(policy: SignInPolicy, current: SignInPolicy) -> contract.SignInPolicy:
    return contract.SignInPolicy(
        version=policy.version,
        valid_from=policy.valid_from,
        author=policy.author,
        in_force=policy.version == current.version,
        limits=_limits(policy),
    )
