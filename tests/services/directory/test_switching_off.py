"""Switching off: a device that was lost, an API client that leaves; and on again."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.directory import clients, devices, refresh, sign_in
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.directory.conftest import (
    ADMINISTRATOR,
    NOW,
    PIN,
    Chain,
    associate,
    caller,
    events,
    hire,
    register,
    rows,
)


def switch_off(transaction: Transaction, device_id: UUID, who: Caller = ADMINISTRATOR) -> Any:
    with transaction() as session:
        return devices.deactivate_device(session, who, contract.DeactivateDevice(id=device_id))


def listed(transaction: Transaction, store_id: UUID, who: Caller = ADMINISTRATOR) -> list[Any]:
    with transaction() as session:
        return devices.list_devices(session, who, contract.ListDevices(store_id=store_id)).items


def pin_of(device: contract.DeviceActivated) -> contract.SignInWithPin:
    return contract.SignInWithPin(
        device_id=device.device_id,
        device_secret=device.device_secret,
        staff_number="1001",
        pin=PIN,
    )


def test_a_lost_phone_signs_nobody_in_and_ends_who_was(
    transaction: Transaction, chain: Chain
) -> None:
    hire(transaction, associate(chain.own_store))
    lost, kept = (register(transaction, chain.own_store) for _ in range(2))
    token, other = (
        sign_in.with_pin(transaction, pin_of(device), NOW).refresh_token for device in (lost, kept)
    )
    manager = caller(Role.STORE_MANAGER, ScopeKind.STORE, chain.own_store)

    assert switch_off(transaction, lost.device_id, manager).state == "off"

    with pytest.raises(Refusal, match="DEVICE_UNKNOWN"):
        sign_in.with_pin(transaction, pin_of(lost), NOW)
    with pytest.raises(Refusal, match="REFRESH_REJECTED"):
        refresh.refresh(transaction, contract.Refresh(refresh_token=token or ""), NOW)
    refresh.refresh(transaction, contract.Refresh(refresh_token=other or ""), NOW)
    told = events(transaction, "device_changed")[-1]
    assert (told["subject"], told["sequence"]) == (str(lost.device_id), 3)
    assert (told["data"]["active"], told["data"]["state"]) == (False, "off")
    shown = [(device.code, device.state) for device in listed(transaction, chain.own_store)]
    assert shown == [("D1", "off"), ("D2", "active")]


def test_a_device_that_waits_is_switched_off_with_its_code(
    transaction: Transaction, chain: Chain
) -> None:
    command = contract.CreateDevice(id=new_id(), store_id=chain.own_store, name="Phone")
    with transaction() as session:
        made = devices.create_device(session, ADMINISTRATOR, command, NOW)
    (waiting,) = listed(transaction, chain.own_store)

    switch_off(transaction, command.id)

    assert (waiting.state, waiting.activation_ends_at is None) == ("waiting", False)
    code = contract.ActivateDevice(activation_code=made.activation_code)
    with pytest.raises(Refusal, match="ACTIVATION_REJECTED"), transaction() as session:
        devices.activate_device(session, code, NOW)


def test_a_device_that_is_found_again_is_made_again(transaction: Transaction, chain: Chain) -> None:
    device = register(transaction, chain.own_store)
    switch_off(transaction, device.device_id)

    command = contract.CreateDevice(id=device.device_id, store_id=chain.own_store, name="Till")
    with transaction() as session:
        made = devices.create_device(session, ADMINISTRATOR, command, NOW)
        code = contract.ActivateDevice(activation_code=made.activation_code)
        again = devices.activate_device(session, code, NOW)

    assert again.device_code == "D1"
    assert [found.state for found in listed(transaction, chain.own_store)] == ["active"]


def test_a_device_is_switched_off_once_and_in_a_closed_store_too(
    transaction: Transaction, chain: Chain
) -> None:
    device = register(transaction, chain.own_store)
    with transaction() as session:
        session.execute(text("UPDATE stores SET active = false"))
    first = switch_off(transaction, device.device_id)
    before = rows(transaction, "devices"), rows(transaction, "outbox")

    assert switch_off(transaction, device.device_id) == first
    assert (rows(transaction, "devices"), rows(transaction, "outbox")) == before


def test_devices_are_listed_in_the_order_of_their_numbers(
    transaction: Transaction, chain: Chain
) -> None:
    for _ in range(11):
        register(transaction, chain.own_store)

    codes = [device.code for device in listed(transaction, chain.own_store)]

    assert codes == [f"D{number}" for number in range(1, 12)]
    assert listed(transaction, chain.south_store) == []


def test_devices_of_others_are_out_of_reach(transaction: Transaction, chain: Chain) -> None:
    device = register(transaction, chain.own_store)
    owner = caller(Role.FRANCHISE_OWNER, ScopeKind.FRANCHISEE, chain.franchisee)
    before = rows(transaction, "devices"), rows(transaction, "outbox")

    for device_id, who, code in (
        (device.device_id, owner, "FORBIDDEN_SCOPE"),
        (new_id(), ADMINISTRATOR, "UNKNOWN_DEVICE"),
    ):
        with pytest.raises(Refusal) as refused:
            switch_off(transaction, device_id, who)
        assert refused.value.code == code
    for store_id, who, code in (
        (chain.own_store, owner, "FORBIDDEN_SCOPE"),
        (new_id(), owner, "UNKNOWN_STORE"),
    ):
        with pytest.raises(Refusal) as refused:
            listed(transaction, store_id, who)
        assert refused.value.code == code

    assert (rows(transaction, "devices"), rows(transaction, "outbox")) == before


def create(transaction: Transaction, command: contract.CreateClient) -> contract.ClientCreated:
    with transaction() as session:
        return clients.create_client(session, ADMINISTRATOR, command)


def leave(transaction: Transaction, client_id: UUID, who: Caller = ADMINISTRATOR) -> Any:
    with transaction() as session:
        return clients.deactivate_client(session, who, contract.DeactivateClient(id=client_id))


def signs_in(transaction: Transaction, made: contract.ClientCreated) -> bool:
    command = contract.SignInClient(client_id=made.id, client_secret=made.client_secret)
    try:
        return bool(clients.sign_in_client(transaction, command))
    except Refusal as refusal:
        return refusal.code != "CLIENT_REJECTED"


def test_a_client_that_left_is_rejected_until_it_gets_a_new_secret(
    transaction: Transaction,
) -> None:
    command = contract.CreateClient(id=new_id(), name="Shop", scope_kind=ScopeKind.CHAIN)
    old = create(transaction, command)

    assert not leave(transaction, old.id).active
    before = rows(transaction, "clients"), rows(transaction, "outbox")
    assert not leave(transaction, old.id).active
    assert (rows(transaction, "clients"), rows(transaction, "outbox")) == before
    assert not signs_in(transaction, old)
    new = create(transaction, command)

    assert (signs_in(transaction, new), signs_in(transaction, old)) == (True, False)
    told = [(event["sequence"], event["data"]["active"])
            for event in events(transaction, "organisation_changed")]  # fmt: skip
    assert told == [(1, True), (2, False), (3, True)]


def test_clients_of_others_are_out_of_reach(transaction: Transaction, chain: Chain) -> None:
    for name, kind, scope_id in (
        ("Web", ScopeKind.CHAIN, None),
        ("Till", ScopeKind.STORE, chain.own_store),
        ("Books", ScopeKind.STORE, chain.south_store),
    ):
        command = contract.CreateClient(id=new_id(), name=name, scope_kind=kind, scope_id=scope_id)
        create(transaction, command)
    part = caller(Role.HQ_ADMINISTRATOR, ScopeKind.REGION, chain.north)
    before = rows(transaction, "clients"), rows(transaction, "outbox")

    with transaction() as session:
        all_of_them = clients.list_clients(session, ADMINISTRATOR).items
        some = clients.list_clients(session, part).items
    for client_id, code in ((all_of_them[0].id, "FORBIDDEN_SCOPE"), (new_id(), "UNKNOWN_CLIENT")):
        with pytest.raises(Refusal) as refused:
            leave(transaction, client_id, part)
        assert refused.value.code == code

    assert [client.name for client in all_of_them] == ["Books", "Till", "Web"]
    assert [(client.name, client.active) for client in some] == [("Till", True)]
    assert (rows(transaction, "clients"), rows(transaction, "outbox")) == before
