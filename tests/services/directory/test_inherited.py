"""Settings: inherited from the chain down to a store, and locked above."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.directory import devices, inherited, own_secret, staff
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.directory.conftest import (
    ADMINISTRATOR,
    NOW,
    Chain,
    associate,
    caller,
    events,
    hire,
    rows,
)

KINDS = {
    "chain": ScopeKind.CHAIN, "north": ScopeKind.REGION, "franchisee": ScopeKind.FRANCHISEE,
    "franchised_store": ScopeKind.STORE, "own_store": ScopeKind.STORE,
}  # fmt: skip


def setting(chain: Chain, place: str, value: int | None, **changes: Any) -> contract.PublishSetting:
    values: dict[str, Any] = {
        "id": new_id(), "name": "pin_digits", "scope_kind": KINDS[place],
        "scope_id": getattr(chain, place, None), "value": value,
    }  # fmt: skip
    return contract.PublishSetting(**(values | changes))


def publish(
    transaction: Transaction, command: contract.PublishSetting, who: Caller = ADMINISTRATOR
) -> contract.SettingLevel:
    with transaction() as session:
        return inherited.publish(session, who, command, NOW)


def get(
    transaction: Transaction, store_id: UUID, name: str = "pin_digits", who: Caller = ADMINISTRATOR
) -> contract.Setting:
    with transaction() as session:
        command = contract.GetSettings(store_id=store_id)
        items = inherited.get_settings(session, who, command).items
    (found,) = [item for item in items if item.name == name]
    return found


def test_nothing_set_is_the_products_own(transaction: Transaction, chain: Chain) -> None:
    found = get(transaction, chain.own_store, "activation_hours")

    assert (found.value, found.default, found.least, found.most) == (24, 24, 1, 168)
    assert (found.scope_kind, found.scope_id, found.version, found.locked) == (
        None, None, None, False,
    )  # fmt: skip
    assert (found.title_zh, found.title_en) == (
        "设备激活码的有效小时数",
        "Hours in which a device's activation code works",
    )
    assert found.levels == []


def test_the_nearest_level_decides_and_says_so(transaction: Transaction, chain: Chain) -> None:
    seen = []
    for place, digits in (("chain", 5), ("north", 6), ("franchisee", 7), ("franchised_store", 8)):
        publish(transaction, setting(chain, place, digits))
        found = get(transaction, chain.franchised_store)
        seen.append((found.value, found.scope_kind, found.scope_id, found.version))

    assert seen == [
        (5, ScopeKind.CHAIN, None, 1),
        (6, ScopeKind.REGION, chain.north, 1),
        (7, ScopeKind.FRANCHISEE, chain.franchisee, 1),
        (8, ScopeKind.STORE, chain.franchised_store, 1),
    ]
    assert [level.value for level in get(transaction, chain.franchised_store).levels] == [
        5, 6, 7, 8,
    ]  # fmt: skip
    others = [get(transaction, place) for place in (chain.own_store, chain.south_store)]
    assert [(other.value, other.scope_kind) for other in others] == [
        (6, ScopeKind.REGION),
        (5, ScopeKind.CHAIN),
    ]
    assert get(transaction, chain.own_store, "activation_hours").levels == []


def test_a_level_without_a_value_inherits_again(transaction: Transaction, chain: Chain) -> None:
    publish(transaction, setting(chain, "chain", 5))
    publish(transaction, setting(chain, "own_store", 8))

    publish(transaction, setting(chain, "own_store", None))

    found = get(transaction, chain.own_store)
    assert (found.value, found.scope_kind) == (5, ScopeKind.CHAIN)
    assert [(level.value, level.version) for level in found.levels] == [(5, 1), (None, 2)]


def test_the_highest_lock_decides_whatever_was_set_below(
    transaction: Transaction, chain: Chain
) -> None:
    publish(transaction, setting(chain, "franchised_store", 8))
    publish(transaction, setting(chain, "franchisee", 7, locked=True))
    by_franchisee = get(transaction, chain.franchised_store)
    publish(transaction, setting(chain, "north", 6, locked=True))
    by_region = get(transaction, chain.franchised_store)
    publish(transaction, setting(chain, "chain", 5, locked=True))
    by_chain = get(transaction, chain.franchised_store)
    publish(transaction, setting(chain, "chain", 5))

    found = (by_franchisee, by_region, by_chain)
    assert [(item.value, item.locked) for item in found] == [(7, True), (6, True), (5, True)]
    assert get(transaction, chain.franchised_store).value == 6


@pytest.mark.parametrize("locked", ["chain", "north", "franchisee"])
@pytest.mark.parametrize("value", [8, None])
def test_a_lock_above_refuses_what_is_set_below(
    transaction: Transaction, chain: Chain, locked: str, value: int | None
) -> None:
    publish(transaction, setting(chain, locked, 6, locked=True))
    before = rows(transaction, "settings"), rows(transaction, "outbox")

    with pytest.raises(Refusal) as refused:
        publish(transaction, setting(chain, "franchised_store", value))

    assert refused.value.code == "SETTING_LOCKED"
    assert (rows(transaction, "settings"), rows(transaction, "outbox")) == before
    publish(transaction, setting(chain, locked, 5, locked=True))
    publish(transaction, setting(chain, "franchised_store", 100, name="activation_hours"))


def test_the_same_again_is_one_version_told_once(transaction: Transaction, chain: Chain) -> None:
    command = setting(chain, "own_store", 6)

    first = publish(transaction, command)

    assert publish(transaction, command) == first
    assert len(rows(transaction, "settings")) == 1
    (told,) = events(transaction, "setting_published")
    assert (told["subject"], told["sequence"]) == (f"pin_digits/{chain.own_store}", 1)
    assert told["data"] == {
        "setting": "pin_digits", "scope_kind": "store", "scope_id": str(chain.own_store),
        "value": 6, "locked": False, "version": 1,
    }  # fmt: skip
    assert first.author_id == ADMINISTRATOR.id


def test_everybody_sets_within_the_own_scope(transaction: Transaction, chain: Chain) -> None:
    command = setting(chain, "own_store", 6)
    publish(transaction, command)
    manager = caller(Role.STORE_MANAGER, ScopeKind.STORE, chain.own_store)
    region = caller(Role.REGION_MANAGER, ScopeKind.REGION, chain.north)
    before = rows(transaction, "settings"), rows(transaction, "outbox")

    for refused_command, who, code in (
        (setting(chain, "franchised_store", 6), manager, "FORBIDDEN_SCOPE"),
        (setting(chain, "north", 6), manager, "FORBIDDEN_SCOPE"),
        (setting(chain, "chain", 6), region, "FORBIDDEN_SCOPE"),
        (setting(chain, "franchisee", 6), region, "FORBIDDEN_SCOPE"),
        (setting(chain, "own_store", 6, scope_id=new_id()), ADMINISTRATOR, "UNKNOWN_PARENT"),
        (setting(chain, "own_store", 6, scope_id=None), ADMINISTRATOR, "INVALID_INPUT"),
        (setting(chain, "own_store", 3), manager, "INVALID_INPUT"),
        (setting(chain, "own_store", 9), manager, "INVALID_INPUT"),
        (setting(chain, "own_store", None, locked=True), manager, "INVALID_INPUT"),
        (setting(chain, "own_store", 7, id=command.id), ADMINISTRATOR, "ID_TAKEN"),
        (command, manager, "ID_TAKEN"),
    ):
        with pytest.raises(Refusal) as refused:
            publish(transaction, refused_command, who)
        assert refused.value.code == code
    for store_id, code in ((chain.south_store, "FORBIDDEN_SCOPE"), (new_id(), "UNKNOWN_STORE")):
        with pytest.raises(Refusal) as refused:
            get(transaction, store_id, who=region)
        assert refused.value.code == code

    assert (rows(transaction, "settings"), rows(transaction, "outbox")) == before
    publish(transaction, setting(chain, "own_store", 7), manager)
    publish(transaction, setting(chain, "franchised_store", 7), region)


def test_a_code_works_for_the_hours_of_its_store(transaction: Transaction, chain: Chain) -> None:
    publish(transaction, setting(chain, "north", 2, name="activation_hours"))

    ends = []
    for store_id in (chain.own_store, chain.south_store):
        command = contract.CreateDevice(id=new_id(), store_id=store_id, name="Phone")
        with transaction() as session:
            made = devices.create_device(session, ADMINISTRATOR, command, NOW)
        ends.append(made.activation_ends_at)

    assert ends == [NOW + timedelta(hours=2), NOW + timedelta(hours=24)]


def test_a_new_pin_has_the_digits_asked_for_where_it_is_used(
    transaction: Transaction, chain: Chain
) -> None:
    ann = hire(transaction, associate(chain.own_store))
    publish(transaction, setting(chain, "north", 6))
    before = rows(transaction, "staff"), rows(transaction, "outbox")
    who = Caller(
        kind="staff", id=ann, roles=frozenset({Role.ASSOCIATE}),
        scope_kind=ScopeKind.STORE, scope_id=chain.own_store,
    )  # fmt: skip

    for scope_kind, scope_id in (
        (ScopeKind.STORE, chain.own_store),
        (ScopeKind.REGION, chain.north),
    ):
        command = associate(scope_id, "1002", scope_kind=scope_kind)
        with pytest.raises(Refusal) as refused:
            staff.save_staff(transaction, ADMINISTRATOR, command)
        assert (refused.value.code, refused.value.parameters) == ("SHORT_PIN", {"digits": 6})
    own = contract.ChangePin(id=new_id(), old_pin="4826", pin="7391")
    with pytest.raises(Refusal, match="SHORT_PIN"):
        own_secret.change_pin(transaction, who, own, NOW)

    assert (rows(transaction, "staff"), rows(transaction, "outbox")) == before
    hire(transaction, associate(chain.south_store, "1003"))
    hire(transaction, associate(chain.own_store, "1004", pin="482615"))
    hire(transaction, associate(chain.own_store, id=ann, name="Anna", pin=None))


def test_a_store_that_moves_inherits_from_where_it_is(
    transaction: Transaction, chain: Chain
) -> None:
    publish(transaction, setting(chain, "north", 6))
    with transaction() as session:
        session.execute(
            text("UPDATE stores SET region_id = :south WHERE id = :id"),
            {"south": chain.south, "id": chain.own_store},
        )

    assert get(transaction, chain.own_store).value == 4


@pytest.mark.parametrize(
    "change", ["UPDATE settings SET value = 4", "DELETE FROM settings", "TRUNCATE settings"]
)
def test_what_was_published_stays(transaction: Transaction, chain: Chain, change: str) -> None:
    publish(transaction, setting(chain, "chain", 6))

    with pytest.raises(DBAPIError, match="append-only"), transaction() as session:
        session.execute(text(change))
