"""Signing in by PIN and by password, and being locked out."""

from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.directory import credentials, devices, lock_out, organisation, sign_in
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.directory.conftest import (
    ADMINISTRATOR,
    NOW,
    PASSWORD,
    PIN,
    Chain,
    associate,
    events,
    hire,
    register,
    rows,
    store,
)

WRONG = "9999"


@pytest.fixture
def device(transaction: Transaction, chain: Chain) -> contract.DeviceActivated:
    return register(transaction, chain.own_store)


@pytest.fixture
def ann(transaction: Transaction, chain: Chain) -> UUID:
    return hire(transaction, associate(chain.own_store, password=PASSWORD))


def pin_command(
    device: contract.DeviceActivated, pin: str = PIN, number: str = "1001", **changes: Any
) -> contract.SignInWithPin:
    values = {"device_id": device.device_id, "device_secret": device.device_secret,
              "staff_number": number, "pin": pin}  # fmt: skip
    return contract.SignInWithPin(**(values | changes))


def refused(call: Callable[..., Any], *args: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Refusal) as raised:
        call(*args)
    return raised.value.code, raised.value.parameters


def observed(transaction: Transaction) -> list[tuple[str, str]]:
    return [(event["subject"], event["data"]["outcome"])
            for event in events(transaction, "sign_in_observed")]  # fmt: skip


def test_floor_staff_signs_in_on_a_device_of_the_store(
    transaction: Transaction, chain: Chain, device: contract.DeviceActivated, ann: UUID
) -> None:
    signed_in = sign_in.with_pin(transaction, pin_command(device), NOW)

    assert signed_in.identity == contract.Identity(
        caller=Caller(
            kind="staff",
            id=ann,
            roles=frozenset({Role.ASSOCIATE}),
            scope_kind=ScopeKind.STORE,
            scope_id=chain.own_store,
            device_id=device.device_id,
        ),
        name="Ann",
        number="1001",
        store_id=chain.own_store,
        device_code="D1",
    )
    assert len(signed_in.refresh_token or "") == 43
    assert observed(transaction) == [(str(ann), "successful")]


@pytest.mark.parametrize("kind", [ScopeKind.CHAIN, ScopeKind.REGION])
def test_a_wider_scope_stays_wide_on_a_device(
    transaction: Transaction, chain: Chain, device: contract.DeviceActivated, kind: ScopeKind
) -> None:
    scope_id = chain.north if kind is ScopeKind.REGION else None
    hire(transaction, associate(scope_id, scope_kind=kind))

    identity = sign_in.with_pin(transaction, pin_command(device), NOW).identity

    assert (identity.caller.scope_kind, identity.caller.scope_id) == (kind, scope_id)
    assert identity.store_id == chain.own_store


def test_a_password_needs_no_device(transaction: Transaction, ann: UUID) -> None:
    command = contract.SignInWithPassword(staff_number="1001", password=PASSWORD)

    identity = sign_in.with_password(transaction, command, NOW).identity

    assert (identity.caller.id, identity.caller.device_id, identity.store_id) == (ann, None, None)


@pytest.mark.usefixtures("ann")
def test_the_password_is_not_the_pin_and_the_pin_not_the_password(
    transaction: Transaction, device: contract.DeviceActivated
) -> None:
    by_password = contract.SignInWithPassword(staff_number="1001", password=PIN)

    assert refused(sign_in.with_password, transaction, by_password, NOW)[0] == "SIGN_IN_FAILED"
    assert refused(sign_in.with_pin, transaction, pin_command(device, PASSWORD), NOW)[0] == (
        "SIGN_IN_FAILED"
    )


@pytest.mark.parametrize("change", ["unknown", "wrong secret", "wiped", "never activated"])
def test_only_a_registered_device_may_ask(
    transaction: Transaction,
    chain: Chain,
    device: contract.DeviceActivated,
    ann: UUID,
    change: str,
) -> None:
    command = pin_command(device)
    if change == "unknown":
        command = pin_command(device, device_id=new_id())
    if change == "wrong secret":
        command = pin_command(device, device_secret="x")
    if change == "wiped":
        again = contract.CreateDevice(id=device.device_id, store_id=chain.own_store, name="Till")
        with transaction() as session:
            devices.create_device(session, ADMINISTRATOR, again, NOW)
    if change == "never activated":
        made = contract.CreateDevice(id=new_id(), store_id=chain.own_store, name="Phone")
        with transaction() as session:
            devices.create_device(session, ADMINISTRATOR, made, NOW)
        command = pin_command(device, device_id=made.id)

    assert refused(sign_in.with_pin, transaction, command, NOW) == ("DEVICE_UNKNOWN", {})
    assert rows(transaction, "sign_in_failures") == rows(transaction, "refresh_families") == []


def test_a_device_of_another_store_is_outside_the_scope(
    transaction: Transaction, chain: Chain, ann: UUID
) -> None:
    elsewhere = register(transaction, chain.south_store)

    assert refused(sign_in.with_pin, transaction, pin_command(elsewhere), NOW) == (
        "FORBIDDEN_SCOPE",
        {},
    )
    assert rows(transaction, "refresh_families") == []
    assert observed(transaction) == [(str(ann), "failed")]


def test_nobody_signs_in_at_a_closed_store(
    transaction: Transaction, chain: Chain, device: contract.DeviceActivated, ann: UUID
) -> None:
    with transaction() as session:
        closed = store(chain.own_store, chain.north, "S1", active=False)
        organisation.save_store(session, ADMINISTRATOR, closed)

    assert refused(sign_in.with_pin, transaction, pin_command(device), NOW) == (
        "STORE_CLOSED",
        {"store": "Store S1"},
    )


@pytest.mark.parametrize("who", ["wrong pin", "unknown", "has left", "has no pin"])
def test_a_failure_is_the_same_whatever_was_wrong(
    transaction: Transaction, chain: Chain, device: contract.DeviceActivated, who: str
) -> None:
    values: dict[str, Any] = {"active": who != "has left"}
    if who == "has no pin":
        values["pin"] = None
    hire(transaction, associate(chain.own_store, **values))
    command = pin_command(
        device, WRONG if who == "wrong pin" else PIN, "nobody" if who == "unknown" else "1001"
    )

    said = [refused(sign_in.with_pin, transaction, command, NOW) for _ in range(6)]

    assert said == [("SIGN_IN_FAILED", {"attempts_left": left}) for left in (4, 3, 2, 1)] + [
        ("LOCKED_OUT", {"minutes": 15}),
        ("LOCKED_OUT", {"minutes": 15}),
    ]


@pytest.mark.usefixtures("real_hashes")
def test_a_number_that_does_not_exist_costs_a_hash_too(transaction: Transaction) -> None:
    ran: list[Any] = []

    def run(function: Callable[..., Any], *args: Any) -> Any:
        ran.append((function, args))
        return function(*args)

    command = contract.SignInWithPassword(staff_number="nobody", password=PASSWORD)
    refused(sign_in.with_password, transaction, command, NOW, run)

    assert ran == [(credentials.verify, (None, PASSWORD))]
    assert not credentials.HASHER.check_needs_rehash(credentials.NOBODY)


def test_the_lock_refuses_the_right_pin_and_opens_after_its_time(
    transaction: Transaction, device: contract.DeviceActivated, ann: UUID
) -> None:
    for second in range(5):
        at = NOW + timedelta(seconds=second)
        refused(sign_in.with_pin, transaction, pin_command(device, WRONG), at)
    locked = NOW + timedelta(seconds=4)

    assert refused(
        sign_in.with_pin, transaction, pin_command(device), locked + timedelta(minutes=14)
    ) == ("LOCKED_OUT", {"minutes": 1})
    sign_in.with_pin(transaction, pin_command(device), locked + timedelta(minutes=15))
    assert [said for _, said in observed(transaction)] == ["failed"] * 4 + ["locked", "successful"]


def test_a_lock_that_begins_during_the_hash_refuses_the_right_pin(
    transaction: Transaction, device: contract.DeviceActivated, ann: UUID
) -> None:
    def run(function: Callable[..., Any], *args: Any) -> Any:
        for _ in range(5):
            later = NOW + timedelta(seconds=2)
            refused(sign_in.with_pin, transaction, pin_command(device, WRONG), later)
        return function(*args)

    said = refused(sign_in.with_pin, transaction, pin_command(device), NOW, run)

    assert said == ("LOCKED_OUT", {"minutes": 15})
    assert rows(transaction, "refresh_families") == []


def test_failures_count_within_a_window_that_slides(
    transaction: Transaction, device: contract.DeviceActivated, ann: UUID
) -> None:
    said = [
        refused(
            sign_in.with_pin, transaction, pin_command(device, WRONG), NOW + timedelta(minutes=at)
        )[0]
        for at in (0, 4, 8, 12, 16, 17)
    ]

    # The first has left the window when the fifth comes; the sixth is the fifth within it.
    assert said == ["SIGN_IN_FAILED"] * 5 + ["LOCKED_OUT"]


def test_success_forgives(
    transaction: Transaction, device: contract.DeviceActivated, ann: UUID
) -> None:
    for _ in range(4):
        refused(sign_in.with_pin, transaction, pin_command(device, WRONG), NOW)

    sign_in.with_pin(transaction, pin_command(device), NOW)

    assert refused(sign_in.with_pin, transaction, pin_command(device, WRONG), NOW) == (
        "SIGN_IN_FAILED",
        {"attempts_left": 4},
    )


def test_a_lock_holds_on_one_device_and_for_one_way_in(
    transaction: Transaction, chain: Chain, device: contract.DeviceActivated, ann: UUID
) -> None:
    other = register(transaction, chain.own_store)
    for _ in range(5):
        refused(sign_in.with_pin, transaction, pin_command(device, WRONG), NOW)
    by_password = contract.SignInWithPassword(staff_number="1001", password=PASSWORD)

    sign_in.with_pin(transaction, pin_command(other), NOW)
    sign_in.with_password(transaction, by_password, NOW)

    assert refused(sign_in.with_pin, transaction, pin_command(device), NOW)[0] == "LOCKED_OUT"


def test_one_pin_tried_on_everybody_locks_the_device(
    transaction: Transaction, device: contract.DeviceActivated, ann: UUID
) -> None:
    said = [
        refused(sign_in.with_pin, transaction, pin_command(device, "8051", str(number)), NOW)
        for number in range(2000, 2020)
    ]

    assert said[:16] == [("SIGN_IN_FAILED", {"attempts_left": 4})] * 16
    assert said[16:] == [("SIGN_IN_FAILED", {"attempts_left": left}) for left in (3, 2, 1)] + [
        ("LOCKED_OUT", {"minutes": 15})
    ]
    assert refused(sign_in.with_pin, transaction, pin_command(device), NOW)[0] == "LOCKED_OUT"


def test_an_insider_does_not_wash_the_device_with_the_own_pin(
    transaction: Transaction, device: contract.DeviceActivated, ann: UUID
) -> None:
    for number in range(2000, 2019):
        refused(sign_in.with_pin, transaction, pin_command(device, "8051", str(number)), NOW)
    sign_in.with_pin(transaction, pin_command(device), NOW)

    said = refused(sign_in.with_pin, transaction, pin_command(device, "8051", "2019"), NOW)

    assert said[0] == "LOCKED_OUT"


def test_upper_case_of_a_number_is_no_second_set_of_attempts(
    transaction: Transaction, chain: Chain, device: contract.DeviceActivated
) -> None:
    hire(transaction, associate(chain.own_store, "ann"))

    said = [refused(sign_in.with_pin, transaction, pin_command(device, WRONG, number), NOW)[1]
            for number in ("ann", "Ann", "ANN")]  # fmt: skip

    assert [parameters["attempts_left"] for parameters in said] == [4, 3, 2]
    sign_in.with_pin(transaction, pin_command(device, number="aNN"), NOW)


def test_new_limits_apply_from_their_day(transaction: Transaction, ann: UUID) -> None:
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO sign_in_policy VALUES"
                " (2, :from, 'hq', 2, 20, 15, 60, 14, 30), (3, :later, 'hq', 9, 20, 15, 60, 14, 30)"
            ),
            {"from": NOW, "later": NOW + timedelta(days=1)},
        )
    command = contract.SignInWithPassword(staff_number="1001", password="wrong")

    before = refused(sign_in.with_password, transaction, command, NOW - timedelta(hours=1))
    after = [refused(sign_in.with_password, transaction, command, NOW) for _ in range(2)]

    assert before == ("SIGN_IN_FAILED", {"attempts_left": 4})
    assert after == [
        ("SIGN_IN_FAILED", {"attempts_left": 1}),
        ("LOCKED_OUT", {"minutes": 60}),
    ]
    (counter,) = rows(transaction, "sign_in_failures")
    assert counter["policy_version"] == 2


def test_sign_ins_are_told_of_by_ids_only(
    transaction: Transaction, device: contract.DeviceActivated, ann: UUID
) -> None:
    refused(sign_in.with_pin, transaction, pin_command(device, WRONG, "13800138000"), NOW)
    sign_in.with_pin(transaction, pin_command(device), NOW)

    failed, successful = events(transaction, "sign_in_observed")
    assert failed["data"] == {
        "subject_id": None,
        "device_id": str(device.device_id),
        "outcome": "failed",
    }
    assert successful["data"]["subject_id"] == str(ann)
    assert "13800138000" not in str(failed)


def test_counters_that_decide_nothing_are_forgotten(transaction: Transaction, ann: UUID) -> None:
    command = contract.SignInWithPassword(staff_number="1001", password="wrong")
    refused(sign_in.with_password, transaction, command, NOW)

    with transaction() as session:
        lock_out.forget_old(session, NOW + timedelta(hours=24))
    assert len(rows(transaction, "sign_in_failures")) == 1
    with transaction() as session:
        lock_out.forget_old(session, NOW + timedelta(hours=25))
    assert rows(transaction, "sign_in_failures") == []


def test_a_device_is_told_the_key_of_what_it_keeps_and_nobody_else_is(
    transaction: Transaction, ann: UUID, device: contract.DeviceActivated
) -> None:
    first = sign_in.with_pin(transaction, pin_command(device), NOW)
    again = sign_in.with_pin(transaction, pin_command(device), NOW)
    by_password = contract.SignInWithPassword(staff_number="1001", password=PASSWORD)

    assert len(b64decode(first.storage_key or "")) == 32
    assert again.storage_key == first.storage_key
    assert sign_in.with_password(transaction, by_password, NOW).storage_key is None
    assert first.storage_key not in str(observed(transaction))
