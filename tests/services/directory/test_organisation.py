"""The organisation tree: made once, changed by version, for HQ alone."""

from typing import Any

import pytest

from services.directory import organisation
from shared.contracts import directory as contract
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Role, ScopeKind
from shared.service import Transaction
from tests.services.directory.conftest import (
    ADMINISTRATOR,
    Chain,
    caller,
    events,
    rows,
    store,
)


def save(transaction: Transaction, command: contract.SaveStore) -> contract.Created:
    with transaction() as session:
        return organisation.save_store(session, ADMINISTRATOR, command)


def test_a_store_is_told_of_with_its_brand_and_version(
    transaction: Transaction, chain: Chain
) -> None:
    told = [event for event in events(transaction, "store_changed")
            if event["subject"] == str(chain.franchised_store)]  # fmt: skip

    assert [(event["sequence"], event["data"]) for event in told] == [
        (
            1,
            {
                "store_id": str(chain.franchised_store),
                "version": 1,
                "code": "S2",
                "name": "Store S2",
                "brand_id": str(chain.brand),
                "region_id": str(chain.north),
                "franchisee_id": str(chain.franchisee),
                "legal_entity": "Chain Ltd",
                "time_zone": "Asia/Shanghai",
                "currency": "CNY",
                "active": True,
            },
        )
    ]


def test_saving_the_same_store_again_changes_nothing(
    transaction: Transaction, chain: Chain
) -> None:
    before = rows(transaction, "stores"), rows(transaction, "outbox")

    answer = save(transaction, store(chain.own_store, chain.north, "S1"))

    assert answer == contract.Created(id=chain.own_store)
    assert (rows(transaction, "stores"), rows(transaction, "outbox")) == before


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Renamed"},
        {"active": False},
        {"code": "S9"},
        {"time_zone": "Europe/Berlin", "currency": "EUR"},
    ],
)
def test_a_change_of_a_store_raises_its_version(
    transaction: Transaction, chain: Chain, change: dict[str, Any]
) -> None:
    save(transaction, store(chain.own_store, chain.north, "S1", **change))

    last = events(transaction, "store_changed")[-1]
    assert last["sequence"] == last["data"]["version"] == 2
    assert {name: last["data"][name] for name in change} == change


def test_a_store_may_go_to_a_franchisee_and_back(transaction: Transaction, chain: Chain) -> None:
    save(transaction, store(chain.own_store, chain.north, "S1", franchisee_id=chain.franchisee))
    save(transaction, store(chain.own_store, chain.north, "S1"))

    told = [event["data"] for event in events(transaction, "store_changed")[-2:]]
    assert [(data["version"], data["franchisee_id"]) for data in told] == [
        (2, str(chain.franchisee)),
        (3, None),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": "S2"}, "CODE_TAKEN"),
        ({"id": new_id(), "code": "S2"}, "CODE_TAKEN"),
        ({"region_id": new_id()}, "UNKNOWN_PARENT"),
        ({"franchisee_id": new_id()}, "UNKNOWN_PARENT"),
        ({"time_zone": "Mars/Olympus"}, "UNKNOWN_TIME_ZONE"),
        ({"time_zone": "../../etc/passwd"}, "UNKNOWN_TIME_ZONE"),
        ({"time_zone": "Asia"}, "UNKNOWN_TIME_ZONE"),
        ({"time_zone": "Z" * 1_000_000}, "UNKNOWN_TIME_ZONE"),
        ({"time_zone": "Asia/Shanghai\0"}, "UNKNOWN_TIME_ZONE"),
    ],
)
def test_a_refused_store_changes_nothing(
    transaction: Transaction, chain: Chain, change: dict[str, Any], code: str
) -> None:
    values = {"id": chain.own_store, "region_id": chain.north, "code": "S1", "name": "Store S1",
              "legal_entity": "Chain Ltd"}  # fmt: skip
    before = rows(transaction, "stores"), rows(transaction, "outbox")

    with pytest.raises(Refusal) as refused:
        save(transaction, contract.SaveStore(**(values | change)))

    assert refused.value.code == code
    assert len(str(refused.value)) < 200
    assert (rows(transaction, "stores"), rows(transaction, "outbox")) == before


def commands(chain: Chain) -> list[tuple[str, Any, Any]]:
    return [
        (
            "create_brand",
            contract.CreateBrand(id=chain.brand, code="B", name="Brand"),
            contract.CreateBrand(id=chain.brand, code="B", name="Other"),
        ),
        (
            "create_region",
            contract.CreateRegion(id=chain.north, brand_id=chain.brand, code="North", name="North"),
            contract.CreateRegion(id=chain.north, brand_id=chain.brand, code="N", name="North"),
        ),
        (
            "create_franchisee",
            contract.CreateFranchisee(
                id=chain.franchisee, code="F", name="Partner", legal_entity="Partner Ltd"
            ),
            contract.CreateFranchisee(
                id=chain.franchisee, code="F", name="Partner", legal_entity="Partner Inc"
            ),
        ),
    ]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_creating_again_answers_the_same_and_other_content_is_refused(
    transaction: Transaction, chain: Chain, which: int
) -> None:
    name, same, other = commands(chain)[which]
    create = getattr(organisation, name)
    before = rows(transaction, "outbox")

    with transaction() as session:
        assert create(session, ADMINISTRATOR, same) == contract.Created(id=same.id)
    with pytest.raises(Refusal, match="ID_TAKEN"), transaction() as session:
        create(session, ADMINISTRATOR, other)

    assert rows(transaction, "outbox") == before


def test_a_code_belongs_to_one(transaction: Transaction, chain: Chain) -> None:
    command = contract.CreateBrand(id=new_id(), code="B", name="Second")
    before = rows(transaction, "brands")

    with pytest.raises(Refusal) as refused, transaction() as session:
        organisation.create_brand(session, ADMINISTRATOR, command)

    assert (refused.value.code, refused.value.parameters) == ("CODE_TAKEN", {"code": "B"})
    assert rows(transaction, "brands") == before


def test_a_region_needs_its_brand(transaction: Transaction, chain: Chain) -> None:
    command = contract.CreateRegion(id=new_id(), brand_id=new_id(), code="West", name="West")
    before = rows(transaction, "regions")

    with pytest.raises(Refusal, match="UNKNOWN_PARENT"), transaction() as session:
        organisation.create_region(session, ADMINISTRATOR, command)

    assert rows(transaction, "regions") == before


def test_hq_of_a_part_cannot_change_the_whole(transaction: Transaction, chain: Chain) -> None:
    part = caller(Role.HQ_ADMINISTRATOR, ScopeKind.REGION, chain.north)
    calls = [(name, same) for name, same, _ in commands(chain)]
    calls.append(("save_store", store(chain.own_store, chain.north, "S1", name="Mine")))
    before = rows(transaction, "stores"), rows(transaction, "outbox")

    for name, command in calls:
        with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"), transaction() as session:
            getattr(organisation, name)(session, part, command)

    assert (rows(transaction, "stores"), rows(transaction, "outbox")) == before


@pytest.mark.parametrize(
    ("kind", "place", "codes"),
    [
        (ScopeKind.CHAIN, None, ["S1", "S2", "S3"]),
        (ScopeKind.REGION, "north", ["S1", "S2"]),
        (ScopeKind.FRANCHISEE, "franchisee", ["S2"]),
        (ScopeKind.STORE, "south_store", ["S3"]),
    ],
)
def test_everybody_sees_the_stores_of_the_own_scope(
    transaction: Transaction, chain: Chain, kind: ScopeKind, place: str | None, codes: list[str]
) -> None:
    who = caller(Role.ASSOCIATE, kind, getattr(chain, place) if place else None)

    with transaction() as session:
        listed = organisation.list_stores(session, who)

    assert [item.code for item in listed.items] == codes


def test_a_store_by_id_is_shown_with_the_names_above_it(
    transaction: Transaction, chain: Chain
) -> None:
    command = contract.GetStores(ids=[chain.franchised_store, chain.franchised_store, new_id()])

    with transaction() as session:
        (found,) = organisation.get_stores(session, command).items

    assert (found.id, found.code, found.region_name, found.franchisee_name, found.brand_id) == (
        chain.franchised_store,
        "S2",
        "North",
        "Partner",
        chain.brand,
    )
