"""What several do at once: real threads, each with its own connection."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from services.directory import (
    bootstrap,
    devices,
    inherited,
    organisation,
    own_secret,
    refresh,
    sign_in,
    sign_in_policy,
    staff,
)
from services.directory.bootstrap import BootstrapSettings
from shared.contracts import Done
from shared.contracts import directory as contract
from shared.database import Database
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Role, ScopeKind
from tests.services.directory.conftest import (
    ADMINISTRATOR,
    NOW,
    PASSWORD,
    PIN,
    associate,
    events,
    hire,
    make_chain,
    register,
    rows,
    store,
)

pytestmark = pytest.mark.long

MANY = 20


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each of the calls answered, or the code of its refusal; all begin together."""
    barrier = Barrier(len(calls))

    def answer(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(answer, calls))


def pin_command(device: contract.DeviceActivated, pin: str) -> contract.SignInWithPin:
    return contract.SignInWithPin(
        device_id=device.device_id,
        device_secret=device.device_secret,
        staff_number="1001",
        pin=pin,
    )


def test_twenty_guesses_at_once_are_five(database: Database) -> None:
    chain = make_chain(database.transaction)
    hire(database.transaction, associate(chain.own_store))
    device = register(database.transaction, chain.own_store)
    guess = pin_command(device, "9999")

    said = at_once([lambda: sign_in.with_pin(database.transaction, guess, NOW)] * MANY)

    assert Counter(said) == {"SIGN_IN_FAILED": 4, "LOCKED_OUT": 16}
    told = [event["data"]["outcome"] for event in events(database.transaction, "sign_in_observed")]
    assert Counter(told) == {"failed": 4, "locked": 1}
    with pytest.raises(Refusal, match="LOCKED_OUT"):
        sign_in.with_pin(database.transaction, pin_command(device, PIN), NOW)


def test_the_right_guess_among_many_counts_only_while_attempts_are_left(
    database: Database,
) -> None:
    chain = make_chain(database.transaction)
    hire(database.transaction, associate(chain.own_store))
    device = register(database.transaction, chain.own_store)
    guesses = [pin_command(device, PIN if turn == 10 else "9999") for turn in range(MANY)]

    said = at_once(
        [
            lambda guess=guess: sign_in.with_pin(database.transaction, guess, NOW)
            for guess in guesses
        ]
    )

    judged = [answer for answer in said if answer != "LOCKED_OUT"]
    # Without success five are judged, of which the last is answered LOCKED_OUT; success forgives
    # those before it.
    assert len(judged) in ({4} if said[10] == "LOCKED_OUT" else range(5, 10))


def test_one_person_signs_in_on_many_windows_at_once(database: Database) -> None:
    chain = make_chain(database.transaction)
    hire(database.transaction, associate(chain.own_store, password=PASSWORD))
    command = contract.SignInWithPassword(staff_number="1001", password=PASSWORD)

    said = at_once([lambda: sign_in.with_password(database.transaction, command, NOW)] * MANY)

    assert len({answer.refresh_token for answer in said}) == MANY


def test_one_refresh_token_at_once_is_one_step(database: Database) -> None:
    make_chain(database.transaction)
    hire(database.transaction, associate(None, scope_kind=ScopeKind.CHAIN, password=PASSWORD))
    by_password = contract.SignInWithPassword(staff_number="1001", password=PASSWORD)
    token = sign_in.with_password(database.transaction, by_password, NOW).refresh_token
    command = contract.Refresh(refresh_token=token or "")

    said = at_once([lambda: refresh.refresh(database.transaction, command, NOW)] * MANY)

    assert len({answer.refresh_token for answer in said}) == MANY
    (family,) = rows(database.transaction, "refresh_families")
    assert (family["generation"], family["ended_at"]) == (2, None)


def test_devices_made_at_once_have_numbers_of_their_own(database: Database) -> None:
    chain = make_chain(database.transaction)

    at_once([lambda: register(database.transaction, chain.own_store)] * MANY)

    codes = {row["code"] for row in rows(database.transaction, "devices")}
    assert codes == {f"D{number}" for number in range(1, MANY + 1)}


def test_one_device_made_many_times_is_one_device(database: Database) -> None:
    chain = make_chain(database.transaction)
    command = contract.CreateDevice(id=new_id(), store_id=chain.own_store, name="Till")

    def make() -> str:
        with database.transaction() as session:
            return devices.create_device(session, ADMINISTRATOR, command, NOW).activation_code

    codes = at_once([make] * MANY)

    (device,) = rows(database.transaction, "devices")
    assert (len(set(codes)), device["code"], device["version"]) == (MANY, "D1", MANY)


def test_one_code_activates_one_device(database: Database) -> None:
    chain = make_chain(database.transaction)
    create = contract.CreateDevice(id=new_id(), store_id=chain.own_store, name="Till")
    with database.transaction() as session:
        made = devices.create_device(session, ADMINISTRATOR, create, NOW)
    command = contract.ActivateDevice(activation_code=made.activation_code)

    def activate() -> str:
        with database.transaction() as session:
            devices.activate_device(session, command, NOW)
            return "activated"

    assert Counter(at_once([activate] * MANY)) == {"activated": 1, "ACTIVATION_REJECTED": MANY - 1}


def test_one_store_saved_many_times_is_told_of_once(database: Database) -> None:
    chain = make_chain(database.transaction)
    command = store(new_id(), chain.north, "S9")

    def save() -> contract.Created:
        with database.transaction() as session:
            return organisation.save_store(session, ADMINISTRATOR, command)

    assert at_once([save] * MANY) == [contract.Created(id=command.id)] * MANY
    told = [event for event in events(database.transaction, "store_changed")
            if event["subject"] == str(command.id)]  # fmt: skip
    assert [event["sequence"] for event in told] == [1]


def test_one_code_for_many_stores_goes_to_one(database: Database) -> None:
    chain = make_chain(database.transaction)

    def save() -> str:
        with database.transaction() as session:
            organisation.save_store(session, ADMINISTRATOR, store(new_id(), chain.north, "S9"))
            return "saved"

    assert Counter(at_once([save] * MANY)) == {"saved": 1, "CODE_TAKEN": MANY - 1}


def test_administrators_who_remove_each_other_leave_one(database: Database) -> None:
    commands = [
        associate(
            None,
            f"hq{number}",
            roles=frozenset({Role.HQ_ADMINISTRATOR}),
            scope_kind=ScopeKind.CHAIN,
            pin=None,
        )
        for number in range(5)
    ]
    for command in commands:
        hire(database.transaction, command)

    def leave(command: contract.SaveStaff) -> Callable[[], Any]:
        gone = associate(
            None,
            command.number,
            id=command.id,
            roles=command.roles,
            scope_kind=ScopeKind.CHAIN,
            pin=None,
            active=False,
        )
        return lambda: staff.save_staff(database.transaction, ADMINISTRATOR, gone)

    said = at_once([leave(command) for command in commands])

    assert [answer for answer in said if isinstance(answer, str)] == ["LAST_ADMINISTRATOR"]
    assert [row["active"] for row in rows(database.transaction, "staff")].count(True) == 1


def test_replicas_that_start_at_once_make_one_administrator(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOTSTRAP_ADMIN_PASSWORD", PASSWORD)
    password = BootstrapSettings().bootstrap_admin_password

    made = at_once([lambda: bootstrap.create_administrator(database.transaction, password)] * 4)

    assert sorted(made) == [False, False, False, True]
    command = contract.SignInWithPassword(staff_number="admin", password=PASSWORD)
    caller = sign_in.with_password(database.transaction, command, NOW).identity.caller
    assert (caller.roles, caller.scope_kind) == ({Role.HQ_ADMINISTRATOR}, ScopeKind.CHAIN)
    assert not bootstrap.create_administrator(database.transaction, password)


def test_one_change_of_pin_sent_many_times_at_once_is_one(database: Database) -> None:
    chain = make_chain(database.transaction)
    hire(database.transaction, associate(chain.own_store))
    device = register(database.transaction, chain.own_store)
    who = sign_in.with_pin(database.transaction, pin_command(device, PIN), NOW).identity.caller
    command = contract.ChangePin(id=new_id(), old_pin=PIN, pin="7391")

    said = at_once([lambda: own_secret.change_pin(database.transaction, who, command, NOW)] * MANY)

    assert said == [Done()] * MANY
    assert [row["version"] for row in rows(database.transaction, "staff")] == [2]
    told = [event["data"]["outcome"] for event in events(database.transaction, "sign_in_observed")]
    assert told == ["successful", "pin_changed"]


def test_one_version_of_the_limits_published_by_many_is_of_one(database: Database) -> None:
    limits = [
        contract.SignInLimits(attempts=3 + turn % 2, device_attempts=20, window_minutes=15,
                              lock_minutes=15, refresh_days=14, refresh_grace_seconds=30)
        for turn in range(MANY)
    ]  # fmt: skip

    def publish(given: contract.SignInLimits) -> Callable[[], Any]:
        def call() -> int:
            command = contract.PublishSignInPolicy(version=1, limits=given)
            with database.transaction() as session:
                return sign_in_policy.publish(session, ADMINISTRATOR, command, NOW).version

        return call

    said = at_once([publish(given) for given in limits])

    assert Counter(said) == {2: MANY / 2, "POLICY_CHANGED": MANY / 2}
    assert len(rows(database.transaction, "sign_in_policy")) == 2
    assert len(events(database.transaction, "sign_in_policy_published")) == 1


def test_a_setting_published_by_many_at_once_has_a_version_each(database: Database) -> None:
    chain = make_chain(database.transaction)

    def publish() -> int:
        command = contract.PublishSetting(
            id=new_id(), name="pin_digits", scope_kind=ScopeKind.STORE,
            scope_id=chain.own_store, value=6,
        )  # fmt: skip
        with database.transaction() as session:
            return inherited.publish(session, ADMINISTRATOR, command, NOW).version

    assert sorted(at_once([publish] * MANY)) == list(range(1, MANY + 1))
