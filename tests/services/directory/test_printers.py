"""Printers: a device's own before the store's, by version, in the store's network only."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.directory import devices, printers
from services.directory.audit import CHECKS
from shared.contracts.directory import CreateDevice
from shared.contracts.directory.printers import ListPrinters, Printer, SavePrinter
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction, decode
from tests.services.directory.conftest import ADMINISTRATOR, NOW, Chain, caller, events


def save(transaction: Transaction, store: UUID, **changes: Any) -> Printer:
    command = SavePrinter(**({"id": new_id(), "store_id": store, "address": "10.0.0.9"} | changes))
    with transaction() as session:
        return printers.save(session, ADMINISTRATOR, command, NOW)


def in_force(transaction: Transaction, store: UUID, device: UUID | None = None) -> list[str | None]:
    command = ListPrinters(store_id=store, device_id=device)
    with transaction() as session:
        found = printers.list_printers(session, ADMINISTRATOR, command).items
    return [each.address for each in found]


def new_device(transaction: Transaction, store: UUID) -> UUID:
    made = CreateDevice(id=new_id(), store_id=store, name="收银机")
    with transaction() as session:
        devices.create_device(session, ADMINISTRATOR, made, NOW)
    return made.id


def test_a_devices_own_printer_comes_before_the_stores(
    transaction: Transaction, chain: Chain
) -> None:
    store, device = chain.own_store, new_device(transaction, chain.own_store)
    assert in_force(transaction, store, device) == []
    assert save(transaction, store).version == 1
    own = {"device_id": device, "address": "10.0.0.8"}
    assert save(transaction, store, **own, paper="mm58").version == 1
    assert save(transaction, store, address="10.0.0.7").version == 2

    assert in_force(transaction, store, device) == ["10.0.0.8", "10.0.0.7"]
    assert in_force(transaction, store) == ["10.0.0.7"]
    assert in_force(transaction, chain.south_store) == []
    save(transaction, store, device_id=device, address=None)
    assert in_force(transaction, store, device) == ["10.0.0.7"]
    assert len(events(transaction, "printer_saved")) == 4
    with transaction() as session:
        for name in (name for name in CHECKS if "printer" in name):
            assert session.execute(text(CHECKS[name])).all() == []


def test_the_same_again_is_the_same_version(transaction: Transaction, chain: Chain) -> None:
    id_ = new_id()
    first, again = (save(transaction, chain.own_store, id=id_) for _ in range(2))
    assert again == first
    with pytest.raises(Refusal, match="ID_TAKEN"):
        save(transaction, chain.own_store, id=id_, drawer=True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"address": "127.0.0.1"}, "PRINTER_ADDRESS"),
        ({"address": "169.254.169.254"}, "PRINTER_ADDRESS"),
        ({"address": "printer.example"}, "PRINTER_ADDRESS"),
        ({"device_id": new_id()}, "UNKNOWN_DEVICE"),
    ],
)
def test_what_is_refused_changes_nothing(
    transaction: Transaction, chain: Chain, changes: Any, code: str
) -> None:
    with pytest.raises(Refusal, match=code):
        save(transaction, chain.own_store, **changes)
    elsewhere = new_device(transaction, chain.south_store)
    with pytest.raises(Refusal, match="UNKNOWN_DEVICE"):
        save(transaction, chain.own_store, device_id=elsewhere)
    assert in_force(transaction, chain.own_store) == []


def test_a_port_of_anything_else_is_no_printers(chain: Chain) -> None:
    raw = {"id": str(new_id()), "store_id": str(chain.own_store), "address": "10.0.0.9"}
    for port in (80, 5432, 9110):
        with pytest.raises(InvalidInput):
            decode({**raw, "port": port}, SavePrinter)


def test_another_stores_printer_is_not_ones_own(transaction: Transaction, chain: Chain) -> None:
    stranger: Caller = caller(Role.STORE_MANAGER, ScopeKind.STORE, chain.south_store)
    command = SavePrinter(id=new_id(), store_id=chain.own_store, address="10.0.0.9")
    with transaction() as session, pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        printers.save(session, stranger, command, NOW)
    with transaction() as session, pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        printers.list_printers(session, stranger, ListPrinters(store_id=chain.own_store))
