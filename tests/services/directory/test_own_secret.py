"""Changing one's own PIN or password: with the old one, as often as a sign-in may fail."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.directory import own_secret, refresh, sign_in, staff
from shared.contracts import Done
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.directory.conftest import (
    NOW,
    PASSWORD,
    PIN,
    Chain,
    associate,
    caller,
    events,
    hire,
    register,
    rows,
)

NEW_PIN = "7391"
NEW_PASSWORD = "battery staple horse"


@pytest.fixture
def device(transaction: Transaction, chain: Chain) -> contract.DeviceActivated:
    return register(transaction, chain.own_store)


@pytest.fixture
def ann(transaction: Transaction, chain: Chain) -> UUID:
    return hire(transaction, associate(chain.own_store, password=PASSWORD))


def enter(
    transaction: Transaction, device: contract.DeviceActivated, pin: str = PIN
) -> contract.SignedIn:
    command = contract.SignInWithPin(
        device_id=device.device_id,
        device_secret=device.device_secret,
        staff_number="1001",
        pin=pin,
    )
    return sign_in.with_pin(transaction, command, NOW)


def log_in(transaction: Transaction, password: str = PASSWORD) -> contract.SignedIn:
    command = contract.SignInWithPassword(staff_number="1001", password=password)
    return sign_in.with_password(transaction, command, NOW)


def pin_change(old: str = PIN, new: str = NEW_PIN, **values: Any) -> contract.ChangePin:
    return contract.ChangePin(**({"id": new_id(), "old_pin": old, "pin": new} | values))


def change(transaction: Transaction, who: Caller, command: contract.ChangePin) -> str:
    try:
        answer = own_secret.change_pin(transaction, who, command, NOW)
    except Refusal as refusal:
        left = refusal.parameters.get("attempts_left", "")
        return f"{refusal.code} {left}".strip()
    assert answer == Done()
    return "changed"


def refused(call: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(Refusal) as raised:
        call(*args)
    return raised.value.code


def use(transaction: Transaction, signed_in: contract.SignedIn) -> contract.SignedIn:
    command = contract.Refresh(refresh_token=signed_in.refresh_token or "")
    return refresh.refresh(transaction, command, NOW)


def outcomes(transaction: Transaction) -> list[str]:
    return [event["data"]["outcome"] for event in events(transaction, "sign_in_observed")]


@pytest.mark.usefixtures("real_hashes")
def test_the_new_pin_is_good_and_the_old_one_is_not(
    transaction: Transaction, device: contract.DeviceActivated, ann: UUID
) -> None:
    who = enter(transaction, device).identity.caller

    assert change(transaction, who, pin_change()) == "changed"

    assert refused(enter, transaction, device) == "SIGN_IN_FAILED"
    enter(transaction, device, NEW_PIN)
    log_in(transaction)
    assert outcomes(transaction)[:2] == ["successful", "pin_changed"]
    told = events(transaction, "staff_changed")[-1]
    assert (told["subject"], told["sequence"]) == (str(ann), 2)
    (row,) = rows(transaction, "staff")
    assert row["pin_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.usefixtures("ann")
def test_the_other_sign_ins_end_and_this_one_stays(
    transaction: Transaction, device: contract.DeviceActivated
) -> None:
    here, elsewhere = enter(transaction, device), log_in(transaction)
    command = pin_change(refresh_token=here.refresh_token)

    change(transaction, here.identity.caller, command)

    use(transaction, here)
    assert refused(use, transaction, elsewhere) == "REFRESH_REJECTED"


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("token", ["none", "unknown", "of somebody else"])
def test_without_a_token_of_ones_own_every_sign_in_ends(
    transaction: Transaction, chain: Chain, device: contract.DeviceActivated, token: str
) -> None:
    hire(transaction, associate(chain.own_store, "1002", password=PASSWORD))
    other = sign_in.with_password(
        transaction, contract.SignInWithPassword(staff_number="1002", password=PASSWORD), NOW
    )
    kept = {"none": None, "unknown": "nonsense", "of somebody else": other.refresh_token}[token]
    here = enter(transaction, device)

    change(transaction, here.identity.caller, pin_change(refresh_token=kept))

    assert refused(use, transaction, here) == "REFRESH_REJECTED"
    use(transaction, other)


@pytest.mark.usefixtures("ann")
def test_sent_again_it_changes_nothing(
    transaction: Transaction, device: contract.DeviceActivated
) -> None:
    who, command = enter(transaction, device).identity.caller, pin_change()
    change(transaction, who, command)
    later = enter(transaction, device, NEW_PIN)
    tables = ("staff", "outbox", "refresh_families")
    before = [rows(transaction, table) for table in tables]

    assert change(transaction, who, command) == "changed"

    assert [rows(transaction, table) for table in tables] == before
    use(transaction, later)


@pytest.mark.usefixtures("ann")
def test_the_same_id_with_another_pin_is_a_wrong_one(
    transaction: Transaction, device: contract.DeviceActivated
) -> None:
    who, command = enter(transaction, device).identity.caller, pin_change()
    change(transaction, who, command)
    before = rows(transaction, "staff")

    said = change(transaction, who, pin_change(id=command.id, new="8264"))

    assert (said, rows(transaction, "staff")) == ("WRONG_PIN 4", before)


@pytest.mark.usefixtures("ann")
def test_wrong_old_pins_lock_like_failed_sign_ins(
    transaction: Transaction, device: contract.DeviceActivated
) -> None:
    signed_in = enter(transaction, device)
    who, before = signed_in.identity.caller, rows(transaction, "staff")
    refused(enter, transaction, device, "9999")

    said = [change(transaction, who, pin_change("9999")) for _ in range(5)]

    assert said == ["WRONG_PIN 3", "WRONG_PIN 2", "WRONG_PIN 1", "LOCKED_OUT", "LOCKED_OUT"]
    assert change(transaction, who, pin_change()) == "LOCKED_OUT"
    assert refused(enter, transaction, device) == "LOCKED_OUT"
    assert outcomes(transaction) == ["successful"] + ["failed"] * 4 + ["locked"]
    assert rows(transaction, "staff") == before
    use(transaction, signed_in)


@pytest.mark.usefixtures("ann")
def test_without_a_device_wrong_pins_lock_no_till(
    transaction: Transaction, device: contract.DeviceActivated
) -> None:
    who = log_in(transaction).identity.caller

    said = [change(transaction, who, pin_change("9999")) for _ in range(6)]

    assert said[-2:] == ["LOCKED_OUT", "LOCKED_OUT"]
    enter(transaction, device)


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("pin", ["1234", "7777", "1001"])
def test_a_weak_pin_is_refused_and_costs_no_attempt(
    transaction: Transaction, device: contract.DeviceActivated, pin: str
) -> None:
    who, before = enter(transaction, device).identity.caller, rows(transaction, "staff")

    assert change(transaction, who, pin_change("9999", pin)) == "WEAK_PIN"

    assert rows(transaction, "staff") == before
    assert change(transaction, who, pin_change("9999")) == "WRONG_PIN 4"


def test_who_left_or_is_nobody_changes_nothing(transaction: Transaction, chain: Chain) -> None:
    gone = hire(transaction, associate(chain.own_store, active=False))
    who = Caller(
        kind="staff", id=gone, roles=frozenset({Role.ASSOCIATE}),
        scope_kind=ScopeKind.STORE, scope_id=chain.own_store,
    )  # fmt: skip

    assert change(transaction, who, pin_change()) == "UNKNOWN_STAFF"
    assert change(transaction, caller(Role.ASSOCIATE), pin_change()) == "UNKNOWN_STAFF"
    assert rows(transaction, "sign_in_failures") == []


def test_a_manager_who_changes_the_secret_meanwhile_comes_first(
    transaction: Transaction, device: contract.DeviceActivated, ann: UUID
) -> None:
    who = enter(transaction, device).identity.caller

    def run(function: Callable[..., Any], *args: Any) -> Any:
        answer = function(*args)
        row = rows(transaction, "staff")[0]
        if row["version"] == 1:
            hire(transaction, associate(row["scope_id"], id=ann, pin="6152"))
        return answer

    with pytest.raises(Refusal, match="WRONG_PIN"):
        own_secret.change_pin(transaction, who, pin_change(), NOW, run)

    enter(transaction, device, "6152")


@pytest.mark.usefixtures("ann")
def test_a_password_is_changed_alike(transaction: Transaction) -> None:
    signed_in = log_in(transaction)
    who = signed_in.identity.caller

    def change_to(old: str) -> Done:
        command = contract.ChangePassword(
            id=new_id(), old_password=old, password=NEW_PASSWORD,
            refresh_token=signed_in.refresh_token,
        )  # fmt: skip
        return own_secret.change_password(transaction, who, command, NOW)

    assert refused(change_to, PIN) == "WRONG_PASSWORD"
    change_to(PASSWORD)

    assert refused(log_in, transaction) == "SIGN_IN_FAILED"
    log_in(transaction, NEW_PASSWORD)
    use(transaction, signed_in)
    assert outcomes(transaction)[:3] == ["successful", "failed", "password_changed"]


def test_a_manager_who_gives_a_new_pin_opens_the_lock(
    transaction: Transaction, chain: Chain, device: contract.DeviceActivated, ann: UUID
) -> None:
    hire(transaction, associate(chain.own_store, "21001"))
    for _ in range(5):
        refused(enter, transaction, device, "9999")
    number = contract.SignInWithPassword(staff_number="21001", password="wrong")
    for _ in range(5):
        refused(sign_in.with_password, transaction, number, NOW)
    manager = caller(Role.STORE_MANAGER, ScopeKind.STORE, chain.own_store)

    staff.save_staff(transaction, manager, associate(chain.own_store, id=ann, name="Anna"))
    still = refused(enter, transaction, device)
    staff.save_staff(transaction, manager, associate(chain.own_store, id=ann, pin=NEW_PIN))

    assert still == "LOCKED_OUT"
    enter(transaction, device, NEW_PIN)
    later = NOW + timedelta(minutes=1)
    assert refused(sign_in.with_password, transaction, number, later) == "LOCKED_OUT"
