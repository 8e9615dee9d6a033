"""The limits of sign-in: published by version, in force from their instant."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.directory import lock_out, sign_in, sign_in_policy
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.directory.conftest import (
    ADMINISTRATOR,
    NOW,
    PASSWORD,
    Chain,
    associate,
    caller,
    events,
    hire,
    rows,
)

FIRST: dict[str, Any] = {
    "attempts": 5, "device_attempts": 20, "window_minutes": 15, "lock_minutes": 15,
    "refresh_days": 14, "refresh_grace_seconds": 30,
}  # fmt: skip
TOMORROW = NOW + timedelta(days=1)


def policy(
    version: int = 1, valid_from: datetime | None = None, **changes: int
) -> contract.PublishSignInPolicy:
    limits = contract.SignInLimits(**(FIRST | changes))
    return contract.PublishSignInPolicy(version=version, valid_from=valid_from, limits=limits)


def publish(
    transaction: Transaction,
    command: contract.PublishSignInPolicy,
    who: Caller = ADMINISTRATOR,
    now: datetime = NOW,
) -> contract.SignInPolicy:
    with transaction() as session:
        return sign_in_policy.publish(session, who, command, now)


def in_force(transaction: Transaction, now: datetime) -> list[int]:
    with transaction() as session:
        listed = sign_in_policy.list_policies(session, now).items
        assert lock_out.current_policy(session, now).version in [item.version for item in listed]
    return [item.version for item in listed if item.in_force]


def test_an_installation_shows_its_first_limits(transaction: Transaction) -> None:
    with transaction() as session:
        (first,) = sign_in_policy.list_policies(session, NOW).items

    assert (first.version, first.author, first.in_force) == (1, "installation", True)
    assert first.limits == contract.SignInLimits(**FIRST)


def test_new_limits_apply_to_the_next_failure(transaction: Transaction, chain: Chain) -> None:
    hire(transaction, associate(chain.own_store, password=PASSWORD))
    wrong = contract.SignInWithPassword(staff_number="1001", password="wrong")

    made = publish(transaction, policy(attempts=3, lock_minutes=60))

    assert (made.version, made.valid_from, made.in_force) == (2, NOW, True)
    assert made.author == str(ADMINISTRATOR.id)
    said = []
    for _ in range(3):
        with pytest.raises(Refusal) as refused:
            sign_in.with_password(transaction, wrong, NOW)
        said.append((refused.value.code, *refused.value.parameters.values()))
    assert said == [("SIGN_IN_FAILED", 2), ("SIGN_IN_FAILED", 1), ("LOCKED_OUT", 60)]
    (told,) = events(transaction, "sign_in_policy_published")
    assert (told["subject"], told["sequence"]) == ("sign_in_policy", 2)
    assert told["data"]["limits"] == FIRST | {"attempts": 3, "lock_minutes": 60}


def test_limits_may_be_scheduled_and_overruled(transaction: Transaction) -> None:
    later = publish(transaction, policy(1, TOMORROW, attempts=4))

    assert (later.valid_from, later.in_force) == (TOMORROW, False)
    assert (in_force(transaction, NOW), in_force(transaction, TOMORROW)) == ([1], [2])
    publish(transaction, policy(2, attempts=6))
    assert (in_force(transaction, NOW), in_force(transaction, TOMORROW)) == ([3], [3])


def test_what_is_said_to_be_past_begins_now(transaction: Transaction) -> None:
    made = publish(transaction, policy(1, NOW - timedelta(days=9), attempts=4))

    assert made.valid_from == NOW


@pytest.mark.parametrize("valid_from", [None, NOW - timedelta(days=1), TOMORROW])
def test_the_same_again_gets_the_same_answer(
    transaction: Transaction, valid_from: datetime | None
) -> None:
    first = publish(transaction, policy(1, valid_from, attempts=4))
    before = rows(transaction, "sign_in_policy"), rows(transaction, "outbox")

    again = publish(transaction, policy(1, valid_from, attempts=4), now=NOW + timedelta(minutes=1))

    assert again == first
    assert (rows(transaction, "sign_in_policy"), rows(transaction, "outbox")) == before


def test_refused_limits_change_nothing(transaction: Transaction, chain: Chain) -> None:
    publish(transaction, policy(1, TOMORROW, attempts=4))
    part = caller(Role.HQ_ADMINISTRATOR, ScopeKind.REGION, chain.north)
    before = rows(transaction, "sign_in_policy"), rows(transaction, "outbox")

    for command, who, code in (
        (policy(1, TOMORROW, attempts=6), ADMINISTRATOR, "POLICY_CHANGED"),
        (policy(1, TOMORROW + timedelta(days=1), attempts=4), ADMINISTRATOR, "POLICY_CHANGED"),
        (policy(1, None, attempts=4), ADMINISTRATOR, "POLICY_CHANGED"),
        (policy(0), ADMINISTRATOR, "POLICY_CHANGED"),
        (policy(1, TOMORROW, attempts=4), caller(Role.HQ_ADMINISTRATOR), "POLICY_CHANGED"),
        (policy(3), ADMINISTRATOR, "POLICY_CHANGED"),
        (policy(-5), ADMINISTRATOR, "POLICY_CHANGED"),
        (policy(2, device_attempts=4), ADMINISTRATOR, "INVALID_INPUT"),
        (policy(2, attempts=6), part, "FORBIDDEN_SCOPE"),
    ):
        with pytest.raises(Refusal) as refused:
            publish(transaction, command, who)
        assert refused.value.code == code

    assert (rows(transaction, "sign_in_policy"), rows(transaction, "outbox")) == before
