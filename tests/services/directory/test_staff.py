"""Staff: who may make whom, secrets, and what a change ends."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.directory import credentials, staff
from shared.contracts import directory as contract
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.directory.conftest import (
    ADMINISTRATOR,
    PASSWORD,
    Chain,
    associate,
    caller,
    events,
    hire,
    rows,
)

BELOW = {
    Role.ASSOCIATE: set(),
    Role.STORE_MANAGER: {Role.ASSOCIATE},
    Role.FRANCHISE_OWNER: {Role.ASSOCIATE, Role.STORE_MANAGER},
    Role.REGION_MANAGER: {Role.ASSOCIATE, Role.STORE_MANAGER},
    Role.HQ_OPERATIONS: {
        Role.ASSOCIATE, Role.STORE_MANAGER, Role.FRANCHISE_OWNER, Role.REGION_MANAGER,
    },
    Role.HQ_ADMINISTRATOR: set(Role),
    Role.AUDITOR: set(),
    Role.INTEGRATION: set(),
}  # fmt: skip


def outcome(transaction: Transaction, who: Caller, command: contract.SaveStaff) -> str:
    try:
        staff.save_staff(transaction, who, command)
    except Refusal as refusal:
        return refusal.code
    return "saved"


@pytest.mark.parametrize("given_role", list(Role))
@pytest.mark.parametrize("role", list(Role))
def test_nobody_gives_a_role_that_is_not_below(
    transaction: Transaction, chain: Chain, role: Role, given_role: Role
) -> None:
    command = associate(chain.own_store, roles=frozenset({given_role}), pin=None)

    said = outcome(transaction, caller(role), command)

    assert said == ("saved" if given_role in BELOW[role] else "FORBIDDEN_ROLE")
    assert len(rows(transaction, "staff")) == (1 if said == "saved" else 0)


@pytest.mark.parametrize("role", list(Role))
def test_one_role_too_much_refuses_all(transaction: Transaction, chain: Chain, role: Role) -> None:
    command = associate(chain.own_store, roles=frozenset({Role.ASSOCIATE, Role.AUDITOR}))

    said = outcome(transaction, caller(role), command)

    assert said == ("saved" if role is Role.HQ_ADMINISTRATOR else "FORBIDDEN_ROLE")


REACH = {
    "own_store": {"own_store"},
    "franchised_store": {"franchised_store"},
    "south_store": {"south_store"},
    "franchisee": {"franchisee", "franchised_store"},
    "north": {"north", "own_store", "franchised_store"},
    "south": {"south", "south_store"},
    "chain": {"chain", "north", "south", "franchisee", "own_store", "franchised_store",
              "south_store"},
}  # fmt: skip
KINDS = {"chain": ScopeKind.CHAIN, "north": ScopeKind.REGION, "south": ScopeKind.REGION,
         "franchisee": ScopeKind.FRANCHISEE}  # fmt: skip


def scope_of(chain: Chain, place: str) -> tuple[ScopeKind, UUID | None]:
    return KINDS.get(place, ScopeKind.STORE), getattr(chain, place, None)


@pytest.mark.parametrize("to", list(REACH))
@pytest.mark.parametrize("of", list(REACH))
def test_nobody_gives_a_scope_that_is_not_within(
    transaction: Transaction, chain: Chain, of: str, to: str
) -> None:
    kind, scope_id = scope_of(chain, to)
    command = associate(new_id(), scope_kind=kind, scope_id=scope_id, pin=None)

    said = outcome(transaction, caller(Role.REGION_MANAGER, *scope_of(chain, of)), command)

    assert said == ("saved" if to in REACH[of] else "FORBIDDEN_SCOPE")
    assert len(rows(transaction, "staff")) == (1 if said == "saved" else 0)


@pytest.mark.parametrize("of", list(REACH))
def test_everybody_lists_the_staff_within_the_own_scope(
    transaction: Transaction, chain: Chain, of: str
) -> None:
    for place in REACH:
        kind, scope_id = scope_of(chain, place)
        hire(transaction, associate(new_id(), place.replace("_", "-"), pin=None,
                                    scope_kind=kind, scope_id=scope_id))  # fmt: skip

    with transaction() as session:
        who = caller(Role.STORE_MANAGER, *scope_of(chain, of))
        listed = staff.list_staff(session, who, contract.ListStaff()).items

    assert {item.number.replace("-", "_") for item in listed} == REACH[of]


def test_the_staff_of_one_store_and_of_another(transaction: Transaction, chain: Chain) -> None:
    hire(transaction, associate(chain.own_store, "1", pin=None))
    hire(transaction, associate(chain.south_store, "2", pin=None))
    manager = caller(Role.STORE_MANAGER, ScopeKind.STORE, chain.own_store)

    with transaction() as session:
        own = staff.list_staff(session, ADMINISTRATOR, contract.ListStaff(store_id=chain.own_store))
        with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
            staff.list_staff(session, manager, contract.ListStaff(store_id=chain.south_store))
        with pytest.raises(Refusal, match="UNKNOWN_STORE"):
            staff.list_staff(session, manager, contract.ListStaff(store_id=new_id()))

    assert [item.number for item in own.items] == ["1"]


def test_a_manager_cannot_take_over_who_is_above(transaction: Transaction, chain: Chain) -> None:
    manager = caller(Role.STORE_MANAGER, ScopeKind.STORE, chain.own_store)
    boss = hire(
        transaction,
        associate(new_id(), "boss", roles=frozenset({Role.HQ_ADMINISTRATOR}), pin=None,
                  scope_kind=ScopeKind.CHAIN, scope_id=None, password=PASSWORD),
    )  # fmt: skip
    elsewhere = hire(transaction, associate(chain.south_store, "2", pin=None))
    before = rows(transaction, "staff"), rows(transaction, "outbox")

    said = [
        outcome(transaction, manager, associate(chain.own_store, "boss", id=boss)),
        outcome(transaction, manager, associate(chain.own_store, "2", id=elsewhere)),
    ]

    assert said == ["FORBIDDEN_ROLE", "FORBIDDEN_SCOPE"]
    assert (rows(transaction, "staff"), rows(transaction, "outbox")) == before


def test_the_same_again_changes_nothing_secrets_too(transaction: Transaction, chain: Chain) -> None:
    command = associate(chain.own_store, password=PASSWORD)
    hire(transaction, command)
    before = rows(transaction, "staff"), rows(transaction, "outbox")

    assert hire(transaction, command) == command.id

    assert (rows(transaction, "staff"), rows(transaction, "outbox")) == before


def test_a_secret_left_out_stays(transaction: Transaction, chain: Chain) -> None:
    command = associate(chain.own_store)
    hire(transaction, command)

    hire(transaction, associate(chain.own_store, id=command.id, name="Anna", pin=None))

    (row,) = rows(transaction, "staff")
    assert (row["name"], row["version"]) == ("Anna", 2)
    assert credentials.verify(row["pin_hash"], command.pin or "")


@pytest.mark.usefixtures("real_hashes")
def test_secrets_are_stored_as_argon2id_and_never_told(
    transaction: Transaction, chain: Chain
) -> None:
    hire(transaction, associate(chain.own_store, name="Very Private", password=PASSWORD))

    (row,) = rows(transaction, "staff")
    (event,) = events(transaction, "staff_changed")
    assert row["pin_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert row["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert set(event["data"]) == {"staff_id", "version", "roles", "scope_kind", "scope_id",
                                  "active"}  # fmt: skip
    assert "Private" not in str(event)


@pytest.mark.parametrize(
    "pin", ["0000", "7777", "1234", "4321", "7890", "0987", "1212", "123123", "00000000", "2580"]
)
def test_a_pin_that_is_tried_first_is_refused(
    transaction: Transaction, chain: Chain, pin: str
) -> None:
    said = outcome(transaction, ADMINISTRATOR, associate(chain.own_store, "2580", pin=pin))

    assert said == "WEAK_PIN"
    assert rows(transaction, "staff") == []


@given(some.text("0123456789", min_size=4, max_size=8))
def test_a_pin_of_one_digit_is_weak_however_long(pin: str) -> None:
    assert credentials.is_weak_pin(pin[0] * len(pin), "n")
    assert credentials.is_weak_pin(pin, pin)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": "TAKEN"}, "CODE_TAKEN"),
        ({"roles": frozenset()}, "INVALID_INPUT"),
        ({"scope_id": None}, "INVALID_INPUT"),
        ({"scope_kind": ScopeKind.CHAIN}, "INVALID_INPUT"),
        ({"scope_id": new_id()}, "UNKNOWN_PARENT"),
        ({"scope_kind": ScopeKind.REGION}, "UNKNOWN_PARENT"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_refused_member_of_staff_changes_nothing(
    transaction: Transaction, chain: Chain, change: dict[str, Any], code: str, known: bool
) -> None:
    hire(transaction, associate(chain.own_store, "taken", pin=None))
    command = associate(chain.own_store, pin=None)
    if known:
        hire(transaction, command)
    before = rows(transaction, "staff"), rows(transaction, "outbox")

    changed = associate(chain.own_store, **({"id": command.id, "pin": None} | change))

    assert outcome(transaction, ADMINISTRATOR, changed) == code
    assert (rows(transaction, "staff"), rows(transaction, "outbox")) == before


@pytest.mark.parametrize(
    "change",
    [
        {"active": False},
        {"roles": frozenset({Role.ASSOCIATE})},
        {"scope_kind": ScopeKind.REGION},
    ],
)
def test_the_last_administrator_remains(
    transaction: Transaction, chain: Chain, change: dict[str, Any]
) -> None:
    values: dict[str, Any] = {
        "id": new_id(), "roles": frozenset({Role.HQ_ADMINISTRATOR}), "pin": None,
        "scope_kind": ScopeKind.CHAIN,
    }  # fmt: skip
    hire(transaction, associate(None, "admin", **values))
    before = rows(transaction, "staff")
    scope_id = chain.north if "scope_kind" in change else None
    command = associate(scope_id, "admin", **(values | change))

    assert outcome(transaction, ADMINISTRATOR, command) == "LAST_ADMINISTRATOR"
    assert rows(transaction, "staff") == before

    hire(transaction, associate(None, "second", **values | {"id": new_id()}))
    assert outcome(transaction, ADMINISTRATOR, command) == "saved"


def test_a_colleague_by_id_is_named_whatever_the_store(
    transaction: Transaction, chain: Chain
) -> None:
    first = hire(transaction, associate(chain.own_store, "1", pin=None))
    hire(transaction, associate(chain.south_store, "2", pin=None))

    with transaction() as session:
        found = staff.get_staff(session, contract.GetStaff(ids=[first, new_id()]))

    assert found.items == [
        contract.Staff(
            id=first,
            number="1",
            name="Ann",
            roles=frozenset({Role.ASSOCIATE}),
            scope_kind=ScopeKind.STORE,
            scope_id=chain.own_store,
            active=True,
        )
    ]
