"""A small chain in directory's database, and callers who work in it."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.directory import credentials, devices, organisation, staff
from shared.contracts import directory as contract
from shared.database import Database
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PIN = "4826"
PASSWORD = "correct horse battery"


def caller(role: Role, kind: ScopeKind = ScopeKind.CHAIN, scope_id: UUID | None = None) -> Caller:
    return Caller(
        kind="staff", id=new_id(), roles=frozenset({role}), scope_kind=kind, scope_id=scope_id
    )


ADMINISTRATOR = caller(Role.HQ_ADMINISTRATOR)


@dataclass(frozen=True)
class Chain:
    """Two regions; in the north a store of the chain and one of a franchisee, in the south one of
    the chain."""

    brand: UUID
    north: UUID
    south: UUID
    franchisee: UUID
    own_store: UUID
    franchised_store: UUID
    south_store: UUID


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Secrets are hashed as always, but with parameters that cost no time; a test that is about
    those takes `real_hashes`."""
    if "real_hashes" not in request.fixturenames:
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        monkeypatch.setattr(credentials, "HASHER", cheap)
        monkeypatch.setattr(credentials, "NOBODY", cheap.hash("nobody has this"))


@pytest.fixture
def real_hashes() -> None:
    """Hashes as in operation."""


@pytest.fixture
def transaction(service_session: Callable[[str], Session]) -> Transaction:
    """Transactions that are undone after the test: savepoints of one session."""
    session = service_session("directory")
    session.info["source"] = "directory"

    @contextlib.contextmanager
    def begin() -> Iterator[Session]:
        with session.begin_nested():
            yield session
        session.expire_all()

    return begin


@pytest.fixture
def database(own_database: Callable[..., Database]) -> Database:
    """A database of the test's own, for what several connections do at once."""
    return own_database("directory", connections=24)


@pytest.fixture
def chain(transaction: Transaction) -> Chain:
    return make_chain(transaction)


def make_chain(transaction: Transaction) -> Chain:
    made = Chain(*(new_id() for _ in range(7)))
    with transaction() as session:
        organisation.create_brand(
            session, ADMINISTRATOR, contract.CreateBrand(id=made.brand, code="B", name="Brand")
        )
        for region, name in ((made.north, "North"), (made.south, "South")):
            command = contract.CreateRegion(id=region, brand_id=made.brand, code=name, name=name)
            organisation.create_region(session, ADMINISTRATOR, command)
        organisation.create_franchisee(
            session,
            ADMINISTRATOR,
            contract.CreateFranchisee(
                id=made.franchisee, code="F", name="Partner", legal_entity="Partner Ltd"
            ),
        )
        for command in (
            store(made.own_store, made.north, "S1"),
            store(made.franchised_store, made.north, "S2", franchisee_id=made.franchisee),
            store(made.south_store, made.south, "S3"),
        ):
            organisation.save_store(session, ADMINISTRATOR, command)
    return made


def store(store_id: UUID, region: UUID, code: str, /, **changes: Any) -> contract.SaveStore:
    values: dict[str, Any] = {
        "id": store_id, "region_id": region, "code": code, "name": f"Store {code}",
        "legal_entity": "Chain Ltd",
    }  # fmt: skip
    return contract.SaveStore(**(values | changes))


def associate(store_id: UUID | None, number: str = "1001", /, **changes: Any) -> contract.SaveStaff:
    values: dict[str, Any] = {
        "id": new_id(), "number": number, "name": "Ann", "roles": frozenset({Role.ASSOCIATE}),
        "scope_kind": ScopeKind.STORE, "scope_id": store_id, "pin": PIN,
    }  # fmt: skip
    return contract.SaveStaff(**(values | changes))


def hire(transaction: Transaction, command: contract.SaveStaff) -> UUID:
    return staff.save_staff(transaction, ADMINISTRATOR, command).id


def register(transaction: Transaction, store_id: UUID) -> contract.DeviceActivated:
    """A registered, activated device of a store."""
    with transaction() as session:
        made = devices.create_device(
            session,
            ADMINISTRATOR,
            contract.CreateDevice(id=new_id(), store_id=store_id, name="Till"),
            NOW,
        )
        return devices.activate_device(
            session, contract.ActivateDevice(activation_code=made.activation_code), NOW
        )


def events(transaction: Transaction, event_type: str) -> list[dict[str, Any]]:
    """The envelopes of one type in the outbox, in order."""
    with transaction() as session:
        rows = session.scalars(
            text("SELECT envelope FROM outbox WHERE type = :type ORDER BY id"),
            {"type": f"directory.{event_type}"},
        )
        return [json.loads(row) for row in rows]


def rows(transaction: Transaction, table: str) -> list[dict[str, Any]]:
    """All of a table, to see that nothing changed."""
    with transaction() as session:
        found = session.execute(text(f"SELECT * FROM {table} ORDER BY 1"))
        return [dict(row._mapping) for row in found]
