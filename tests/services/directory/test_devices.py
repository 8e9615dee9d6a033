"""Devices and API clients: made by managers, proven by secrets that are shown once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.directory import clients, devices, organisation
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.directory.conftest import (
    ADMINISTRATOR,
    NOW,
    Chain,
    caller,
    events,
    register,
    rows,
    store,
)

DAY = timedelta(hours=24)


def make(
    transaction: Transaction, command: contract.CreateDevice, who: Caller = ADMINISTRATOR
) -> contract.DeviceCreated:
    with transaction() as session:
        return devices.create_device(session, who, command, NOW)


def activate(
    transaction: Transaction, code: str, after: timedelta = timedelta(0)
) -> contract.DeviceActivated:
    with transaction() as session:
        command = contract.ActivateDevice(activation_code=code)
        return devices.activate_device(session, command, NOW + after)


def test_devices_are_numbered_within_their_store(transaction: Transaction, chain: Chain) -> None:
    codes = [
        register(transaction, place).device_code
        for place in (chain.own_store, chain.own_store, chain.south_store, chain.own_store)
    ]

    assert codes == ["D1", "D2", "D1", "D3"]


def test_a_code_activates_once(transaction: Transaction, chain: Chain) -> None:
    command = contract.CreateDevice(id=new_id(), store_id=chain.own_store, name="Till")
    made = make(transaction, command)

    activated = activate(transaction, made.activation_code, DAY - timedelta(seconds=1))
    with pytest.raises(Refusal, match="ACTIVATION_REJECTED"):
        activate(transaction, made.activation_code)

    assert (len(made.activation_code), made.activation_code.isdigit()) == (10, True)
    assert (activated.device_id, activated.device_code, activated.store_name) == (
        command.id,
        "D1",
        "Store S1",
    )
    told = [(event["sequence"], event["data"]["active"])
            for event in events(transaction, "device_changed")]  # fmt: skip
    assert told == [(1, False), (2, True)]
    (row,) = rows(transaction, "devices")
    assert made.activation_code not in str(row)
    assert activated.device_secret not in str(row)


@pytest.mark.parametrize("change", ["late", "wrong", "closed store"])
def test_a_code_that_is_not_good_changes_nothing(
    transaction: Transaction, chain: Chain, change: str
) -> None:
    made = make(
        transaction, contract.CreateDevice(id=new_id(), store_id=chain.own_store, name="Till")
    )
    code = made.activation_code
    if change == "wrong":
        code = str((int(code) + 1) % 10**10).zfill(10)
    if change == "closed store":
        with transaction() as session:
            closed = store(chain.own_store, chain.north, "S1", active=False)
            organisation.save_store(session, ADMINISTRATOR, closed)
    before = rows(transaction, "devices"), rows(transaction, "outbox")

    with pytest.raises(Refusal) as refused:
        activate(transaction, code, DAY if change == "late" else timedelta(0))

    assert refused.value.code == (
        "STORE_CLOSED" if change == "closed store" else "ACTIVATION_REJECTED"
    )
    assert (rows(transaction, "devices"), rows(transaction, "outbox")) == before


def test_the_same_device_again_gets_a_new_code_and_keeps_its_number(
    transaction: Transaction, chain: Chain
) -> None:
    command = contract.CreateDevice(id=new_id(), store_id=chain.own_store, name="Till")
    first = make(transaction, command)
    second = make(transaction, command)

    with pytest.raises(Refusal, match="ACTIVATION_REJECTED"):
        activate(transaction, first.activation_code)
    assert activate(transaction, second.activation_code).device_code == "D1"
    assert register(transaction, chain.own_store).device_code == "D2"


def test_a_device_id_is_not_used_for_another_device(transaction: Transaction, chain: Chain) -> None:
    command = contract.CreateDevice(id=new_id(), store_id=chain.own_store, name="Till")
    make(transaction, command)
    before = [rows(transaction, table) for table in ("devices", "stores", "outbox")]

    for other in (
        contract.CreateDevice(id=command.id, store_id=chain.south_store, name="Till"),
        contract.CreateDevice(id=command.id, store_id=chain.own_store, name="Phone"),
    ):
        with pytest.raises(Refusal, match="ID_TAKEN"):
            make(transaction, other)

    assert [rows(transaction, table) for table in ("devices", "stores", "outbox")] == before


def test_a_device_is_made_for_an_open_store_within_the_scope(
    transaction: Transaction, chain: Chain
) -> None:
    manager = caller(Role.STORE_MANAGER, ScopeKind.STORE, chain.own_store)
    make(
        transaction, contract.CreateDevice(id=new_id(), store_id=chain.own_store, name="T"), manager
    )
    with transaction() as session:
        session.execute(
            text("UPDATE stores SET active = false WHERE id = :id"), {"id": chain.south_store}
        )
    before = rows(transaction, "devices")

    for place, who, code in (
        (chain.franchised_store, manager, "FORBIDDEN_SCOPE"),
        (chain.south_store, ADMINISTRATOR, "STORE_CLOSED"),
        (new_id(), ADMINISTRATOR, "UNKNOWN_STORE"),
    ):
        with pytest.raises(Refusal) as refused:
            make(transaction, contract.CreateDevice(id=new_id(), store_id=place, name="T"), who)
        assert refused.value.code == code

    assert rows(transaction, "devices") == before


def client(**changes: Any) -> contract.CreateClient:
    values: dict[str, Any] = {"id": new_id(), "name": "Till of another", "scope_kind": "chain"}
    values |= changes
    return contract.CreateClient(**values | {"scope_kind": ScopeKind(values["scope_kind"])})


def create(
    transaction: Transaction, command: contract.CreateClient, who: Caller = ADMINISTRATOR
) -> contract.ClientCreated:
    with transaction() as session:
        return clients.create_client(session, who, command)


def sign_in(transaction: Transaction, made: contract.ClientCreated) -> contract.SignedIn:
    command = contract.SignInClient(client_id=made.id, client_secret=made.client_secret)
    return clients.sign_in_client(transaction, command)


def test_a_client_signs_in_as_an_integration_without_a_refresh_token(
    transaction: Transaction, chain: Chain
) -> None:
    made = create(transaction, client(scope_kind="franchisee", scope_id=chain.franchisee))

    assert sign_in(transaction, made) == contract.SignedIn(
        identity=contract.Identity(
            caller=Caller(
                kind="client",
                id=made.id,
                roles=frozenset({Role.INTEGRATION}),
                scope_kind=ScopeKind.FRANCHISEE,
                scope_id=chain.franchisee,
            ),
            name="Till of another",
        )
    )
    assert made.client_secret not in str(rows(transaction, "clients"))


def test_the_same_client_again_gets_a_new_secret_which_ends_the_old(
    transaction: Transaction,
) -> None:
    command = client()
    first, second = create(transaction, command), create(transaction, command)

    with pytest.raises(Refusal, match="CLIENT_REJECTED"):
        sign_in(transaction, first)
    sign_in(transaction, second)
    told = [event["sequence"] for event in events(transaction, "organisation_changed")]
    assert told == [1, 2]


def test_an_unknown_client_is_answered_like_a_wrong_secret(transaction: Transaction) -> None:
    made = create(transaction, client())
    unknown = contract.ClientCreated(id=new_id(), client_secret=made.client_secret)
    wrong = contract.ClientCreated(id=made.id, client_secret="guess")

    for answer in (unknown, wrong):
        with pytest.raises(Refusal) as refused:
            sign_in(transaction, answer)
        assert (refused.value.code, refused.value.parameters) == ("CLIENT_REJECTED", {})

    told = [(event["subject"], event["data"]["outcome"])
            for event in events(transaction, "sign_in_observed")]  # fmt: skip
    assert told == [(str(made.id), "failed")]


def test_a_client_that_is_refused_changes_nothing(transaction: Transaction, chain: Chain) -> None:
    made = client()
    create(transaction, made)
    part = caller(Role.HQ_ADMINISTRATOR, ScopeKind.REGION, chain.north)
    before = rows(transaction, "clients"), rows(transaction, "outbox")

    for command, who, code in (
        (client(id=made.id, name="Other"), ADMINISTRATOR, "ID_TAKEN"),
        (client(id=made.id, scope_kind="store", scope_id=chain.own_store), ADMINISTRATOR,
         "ID_TAKEN"),
        (client(scope_kind="store"), ADMINISTRATOR, "INVALID_INPUT"),
        (client(scope_kind="store", scope_id=new_id()), ADMINISTRATOR, "UNKNOWN_PARENT"),
        (client(), part, "FORBIDDEN_SCOPE"),
        (client(scope_kind="store", scope_id=chain.south_store), part, "FORBIDDEN_SCOPE"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            create(transaction, command, who)
        assert refused.value.code == code

    assert (rows(transaction, "clients"), rows(transaction, "outbox")) == before
