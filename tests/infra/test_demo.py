"""The demo's generator: the same chain every time, and one that the services will take."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import phonenumbers
import pytest

from infra.demo import catalogue, chain, offers, people, trade
from infra.demo.load import Plan
from infra.demo.notes import Notes
from infra.state import State
from services.directory.credentials import is_weak_pin
from services.inventory.barcodes import is_ean13

ANCHOR = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_at(ANCHOR)


def plan_at(anchor: datetime) -> Plan:
    places, styles = chain.places(), catalogue.styles()
    members, pieces = people.customers(places), catalogue.pieces(styles)
    sales = trade.sales(places, pieces, members, anchor)
    stock = trade.opening_stock(places, pieces, sales)
    returns = trade.returns(sales, anchor)
    return Plan(places, chain.staff("secret"), styles, members, sales, returns, stock, "since")


def test_the_same_chain_is_made_again(plan: Plan) -> None:
    assert plan_at(ANCHOR) == plan


def test_there_are_twelve_stores_of_which_four_are_franchised(plan: Plan) -> None:
    owners = Counter(place.input["franchiseeId"] for place in plan.places)

    assert len(plan.places) == 12
    assert owners.pop(None) == 8
    assert sorted(owners.values()) == [2, 2]
    assert all(place.input["legalEntity"] for place in plan.places)


def test_every_store_has_a_manager_and_two_associates(plan: Plan) -> None:
    jobs = Counter((person.store, person.role) for person in plan.staff if person.store)

    assert {jobs[place.code, "STORE_MANAGER"] for place in plan.places} == {1}
    assert {jobs[place.code, "ASSOCIATE"] for place in plan.places} == {2}
    assert {person.role for person in plan.staff if not person.store} == {
        "REGION_MANAGER", "FRANCHISE_OWNER", "HQ_OPERATIONS", "AUDITOR",
    }  # fmt: skip


def test_every_sale_has_a_seller_of_its_store(plan: Plan) -> None:
    stores = {person.id: person.store for person in plan.staff}

    assert {stores.get(sale.input["sellerId"]) == sale.store for sale in plan.sales} == {True}


def test_pins_are_good_and_differ_between_installations(plan: Plan) -> None:
    others = {person.number: person.pin for person in chain.staff("another")}

    assert [p.number for p in plan.staff if is_weak_pin(p.pin, p.number)] == []
    assert sum(others[person.number] == person.pin for person in plan.staff) < 3


def test_barcodes_are_valid_and_each_is_one_piece(plan: Plan) -> None:
    eans = [sku["ean"] for style in plan.styles for sku in style["skus"]]

    assert len(plan.styles) == 60
    assert [ean for ean in eans if not is_ean13(ean)] == []
    assert len(set(eans)) == len(eans) == 795


def test_phones_are_valid_and_each_is_one_member(plan: Plan) -> None:
    phones = [phonenumbers.parse(member.input["phone"], "CN") for member in plan.members]

    assert len({phone.national_number for phone in phones}) == people.COUNT
    assert all(map(phonenumbers.is_valid_number, phones))


def test_the_sales_of_ninety_days_add_up(plan: Plan) -> None:
    assert 1_300 <= len(plan.sales) <= 2_000
    for sale in plan.sales:
        total = int(sale.input["totalMinor"])
        assert sum(int(line["statedMinor"]) for line in sale.input["lines"]) == total
        assert sum(int(tender["amountMinor"]) for tender in sale.input["tenders"]) == total


def test_no_sale_lies_ahead_or_too_far_back(plan: Plan) -> None:
    times = [datetime.fromisoformat(sale.input["occurredAt"]) for sale in plan.sales]

    assert times == sorted(times)
    assert max(times) <= ANCHOR
    assert min(times) > ANCHOR - timedelta(days=trade.DAYS)


def test_goods_come_back_within_a_week_and_only_once(plan: Plan) -> None:
    sold = {sale.input["orderId"]: sale.input for sale in plan.sales}
    back = [sold[each.input["orderId"]]["occurredAt"] for each in plan.returns]

    assert len(plan.returns) >= 5
    assert len({each.input["orderId"] for each in plan.returns}) == len(plan.returns)
    assert all(ANCHOR - datetime.fromisoformat(at) < timedelta(days=7) for at in back)


def test_what_was_sold_had_been_there(plan: Plan) -> None:
    left: Counter[tuple[str, str]] = Counter()
    for moved in plan.stock:
        for line in moved["lines"]:
            left[moved["storeId"], line["skuId"]] += line["quantity"]
    for sale in plan.sales:
        for line in sale.input["lines"]:
            left[sale.input["storeId"], line["skuId"]] -= line["quantity"]

    assert min(left.values()) == 0
    assert max(left.values()) > 5


def test_somebody_stands_on_every_step_of_the_ladder(plan: Plan) -> None:
    (ladder,) = (rule["body"] for rule in offers.rules("since") if rule["body"]["type"] == "ladder")
    spent: Counter[str] = Counter()
    for sale in plan.sales:
        if sale.input["memberId"]:
            spent[sale.input["memberId"]] += int(sale.input["totalMinor"])
    reached = [tier["threshold"] for tier in ladder["tiers"]]
    steps = Counter(sum(amount >= step for step in reached) for amount in spent.values())

    assert all(steps[step] >= 1 for step in (1, 2, 3))
    assert spent[plan.members[0].id] == max(spent.values())


def test_a_run_after_a_killed_one_sends_the_same(tmp_path: Path) -> None:
    first = Notes(State(tmp_path))
    with first.alone():
        killed = (first.anchor, first.secret)
    second = Notes(State(tmp_path))
    with second.alone():
        assert (second.anchor, second.secret, second.done) == (*killed, False)

    assert (tmp_path / "demo.json").stat().st_mode & 0o077 == 0
