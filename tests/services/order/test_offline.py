"""Sales that a till made without network: booked once as they were made, judged by its rule."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from services.order import cancellation, checkout, offline, offline_rules
from services.order.audit import CHECKS
from shared.contracts.campaign import BasketLine, PriceAndHold
from shared.contracts.campaign.stated import StatedPromotion, StatedTerms, StatedUnit
from shared.contracts.inventory import Reserve
from shared.contracts.order import ListOrders, Order, PlaceOrder, Tender
from shared.contracts.order.offline import (
    AcceptOfflineSale,
    GetTillRule,
    ListRefusedSales,
    OfflineRule,
    PublishOfflineRule,
    ReportOffline,
)
from shared.contracts.order.stated import OfflineSale
from shared.database import Database
from shared.errors import Forbidden, Refusal, Unavailable
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.order.conftest import (
    DEVICE,
    SKU,
    STORE,
    UNIT,
    FakeServices,
    caller,
    rows,
    sale,
)

CONTACT = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
HQ = Caller(
    kind="staff", id=uuid4(), roles=frozenset({Role.HQ_OPERATIONS}), scope_kind=ScopeKind.CHAIN
)


def alone(clerk: Caller, minor: int = 8_000, quantity: int = 1, **told: Any) -> PlaceOrder:
    """One piece at 100.00 that was sold for 80.00 two hours after the last contact."""
    values: dict[str, Any] = {
        "spell_id": uuid4(),
        "receipt": "S001-D1L-000001",
        "claimed_at": CONTACT + timedelta(hours=2),
        "contact_at": CONTACT,
        "terms": StatedTerms(units=[StatedUnit(line=1, unit_minor=UNIT)], tier="silver"),
    }
    return sale(
        device_id=DEVICE,
        seller_id=clerk.id,
        total_minor=minor,
        lines=[BasketLine(line=1, sku_id=SKU, quantity=quantity, stated_minor=minor)],
        tenders=[Tender(kind="cash", amount_minor=minor)],
        offline=OfflineSale(**{**values, **told}),
    )


def place(database: Database, services: FakeServices, who: Caller, command: PlaceOrder) -> Order:
    return checkout.place_order(Transaction(database), services, who, command)


def publish(database: Database, version: int | None = None, **body: Any) -> int:
    """The next version; `version`: the one it is drawn up on, the newest unless told."""
    if version is None:
        ((version,),) = rows(database, "SELECT coalesce(max(version), 0) FROM offline_rules")
    command = PublishOfflineRule(id=uuid4(), version=version, body=OfflineRule(**body))
    with database.transaction() as session:
        return offline_rules.publish(session, HQ, command).version


def told(database: Database, kind: str) -> list[dict[str, Any]]:
    statement = "SELECT envelope FROM outbox WHERE type = :kind ORDER BY id"
    return [json.loads(row.envelope)["data"] for row in rows(database, statement, kind=kind)]


def differing(database: Database) -> dict[str, int]:
    found = {name: len(rows(database, check)) for name, check in CHECKS.items()}
    return {name: count for name, count in found.items() if count}


def test_it_is_booked_as_it_was_made(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = alone(clerk)
    order = place(database, services, clerk, command)

    assert (order.status, order.total_minor, order.fact) == ("placed", 8_000, True)
    assert order.business_date.isoformat() == "2026-11-20"
    reserved = next(call for call in services.calls if isinstance(call, Reserve))
    priced = next(call for call in services.calls if isinstance(call, PriceAndHold))
    assert reserved.fact
    assert command.offline
    assert priced.stated == command.offline.terms
    assert priced.at == CONTACT + timedelta(hours=2)
    assert differing(database) == {}


def test_sent_again_it_is_there_once(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = alone(clerk)
    first = place(database, services, clerk, command)
    again = place(database, services, caller(Role.STORE_MANAGER), command)

    assert again == first
    assert services.count(Reserve) == 1
    assert rows(database, "SELECT count(*) FROM offline_sales") == [(1,)]


def test_it_never_expires_while_it_waits_for_its_till(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = alone(clerk)
    services.errors[Reserve] = Unavailable("inventory")
    with pytest.raises(Unavailable):
        place(database, services, clerk, command)
    rows(database, "UPDATE orders SET created_at = now() - interval '2 hours' RETURNING id")
    with database.transaction() as session:
        assert cancellation.sweep(session) == 0
    services.errors.clear()

    assert place(database, services, clerk, command).status == "placed"


@pytest.mark.parametrize(
    ("claimed", "ahead", "sold_at"),
    [
        (timedelta(hours=26), 86_400, CONTACT + timedelta(hours=2)),
        (timedelta(hours=-22), -86_400, CONTACT + timedelta(hours=2)),
        (timedelta(hours=-22), 0, CONTACT),
    ],
    ids=["a day ahead", "a day behind", "moved back meanwhile"],
)
def test_a_clock_that_is_wrong_by_a_day(
    database: Database, services: FakeServices, clerk: Caller,
    claimed: timedelta, ahead: int, sold_at: datetime,
) -> None:  # fmt: skip
    place(database, services, clerk, alone(
        clerk, claimed_at=CONTACT + claimed, ahead_seconds=ahead,
    ))  # fmt: skip

    found = rows(database, "SELECT sold_at, claimed_at, ahead_seconds FROM orders, offline_sales")
    assert found == [(sold_at, CONTACT + claimed, ahead)]
    moved = [kind["kind"] for event in told(database, "order.offline_sale_differed")
             for kind in event["differences"]]  # fmt: skip
    assert moved == ([] if ahead else ["clock"])


def test_a_clock_ahead_cannot_sell_tomorrow(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    now = datetime.now(UTC)
    place(database, services, clerk, alone(
        clerk, contact_at=now, claimed_at=now + timedelta(days=1),
    ))  # fmt: skip

    assert rows(database, "SELECT sold_at <= now(), clamped FROM orders, offline_sales") == [
        (True, True)
    ]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"allowed": False}, "OFFLINE_NOT_HERE"),
        ({"store_ids": frozenset({uuid4()})}, "OFFLINE_NOT_HERE"),
        ({"device_ids": frozenset({uuid4()})}, "OFFLINE_DEVICE"),
        ({"roles": frozenset({Role.STORE_MANAGER})}, "OFFLINE_ROLE"),
        ({"hours": 1}, "OFFLINE_TOO_LONG"),
        ({"sale_minor": 7_999}, "OFFLINE_SALE_LIMIT"),
        ({"total_minor": 15_999}, "OFFLINE_TOTAL_LIMIT"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_the_rule_that_the_till_held_judges(
    database: Database, services: FakeServices, clerk: Caller, rule: dict[str, Any], code: str
) -> None:
    version, spell = publish(database, **rule), uuid4()
    publish(database)
    refused = []
    for _ in range(2):
        command = alone(clerk, rule_version=version, spell_id=spell)
        try:
            place(database, services, clerk, command)
        except Refusal as refusal:
            refused.append(refusal.code)

    assert refused == [code] * (1 if code == "OFFLINE_TOTAL_LIMIT" else 2)
    known = rows(database, "SELECT count(*) FROM orders UNION ALL"
                 " SELECT count(*) FROM refused_sales")  # fmt: skip
    assert [count for (count,) in known] == [2 - len(refused), len(refused)]
    assert [event["code"] for event in told(database, "order.offline_sale_refused")] == refused
    assert differing(database) == {}


def test_a_device_of_another_store_or_another_device(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    other = caller(Role.ASSOCIATE, device=uuid4())
    with pytest.raises(Refusal, match="OFFLINE_DEVICE"):
        place(database, services, other, alone(other))


def test_a_manager_accepts_what_was_refused(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    version = publish(database, sale_minor=1)
    command = alone(clerk, rule_version=version)
    for _ in range(2):
        with pytest.raises(Refusal, match="OFFLINE_SALE_LIMIT"):
            place(database, services, clerk, command)
    manager = caller(Role.STORE_MANAGER, device=None)
    with database.transaction() as session:
        waiting = offline_rules.list_refused(session, manager, ListRefusedSales(store_id=STORE))
    assert [(each.order_id, each.code) for each in waiting.items] == [
        (command.order_id, "OFFLINE_SALE_LIMIT")
    ]
    rows(database, "INSERT INTO staff VALUES (:id, 1, '{associate}', 'store', :store) RETURNING id",
         id=clerk.id, store=STORE)  # fmt: skip

    accepting = AcceptOfflineSale(order_id=command.order_id, reason="顾客在场，款已收")
    transaction = Transaction(database)
    accepted = checkout.accept_offline_sale(transaction, services, manager, accepting)
    again = checkout.accept_offline_sale(transaction, services, manager, accepting)

    assert accepted == again == place(database, services, clerk, command)
    assert (accepted.staff_id, accepted.device_id) == (clerk.id, DEVICE)
    assert len(told(database, "order.offline_sale_accepted")) == 1
    with database.transaction() as session:
        waiting = offline_rules.list_refused(session, manager, ListRefusedSales(store_id=STORE))
    assert waiting.items == []
    assert differing(database) == {}


def test_only_who_reaches_the_store_accepts(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = alone(clerk, rule_version=publish(database, sale_minor=1))
    with pytest.raises(Refusal):
        place(database, services, clerk, command)
    elsewhere = caller(Role.STORE_MANAGER, store=uuid4())
    accepting = AcceptOfflineSale(order_id=command.order_id, reason="没有权限的店长")

    with pytest.raises(Forbidden):
        checkout.accept_offline_sale(Transaction(database), services, elsewhere, accepting)
    assert rows(database, "SELECT count(*) FROM orders") == [(0,)]
    assert rows(database, "SELECT accepted_at FROM refused_sales") == [(None,)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tenders": [Tender(kind="wallet", amount_minor=8_000)], "member_id": uuid4()},
         "OFFLINE_TENDER"),
        ({"coupon_codes": ["WELCOME-1"]}, "OFFLINE_TENDER"),
        ({"seller_id": None}, "OFFLINE_INVALID"),
        ({"lines": [BasketLine(line=1, sku_id=SKU, quantity=1)]}, "OFFLINE_INVALID"),
        ({"lines": [BasketLine(line=1, sku_id=SKU, quantity=1, stated_minor=7_000)]},
         "OFFLINE_INVALID"),
    ],
)  # fmt: skip
def test_what_is_no_offline_sale(
    database: Database, services: FakeServices, clerk: Caller, changes: dict[str, Any], code: str
) -> None:
    import msgspec

    with pytest.raises(Refusal, match=code):
        place(database, services, clerk, msgspec.structs.replace(alone(clerk), **changes))
    assert rows(database, "SELECT count(*) FROM orders") == [(0,)]
    assert services.calls == []


def test_it_is_found_by_the_receipt_the_customer_has(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    from services.order import history

    order = place(database, services, clerk, alone(clerk))
    with database.transaction() as session:
        asked = ListOrders(receipt_number="S001-D1L-000001")
        found = history.list_orders(session, clerk, asked)

    assert [each.id for each in found.items] == [order.id]


def test_a_time_without_network_is_told_once(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = alone(clerk)
    place(database, services, clerk, command)
    spell = command.offline.spell_id if command.offline else UUID(int=0)
    report = ReportOffline(
        spell_id=spell, store_id=STORE, contact_at=CONTACT, ahead_seconds=5,
        ahead_now_seconds=3_605, sales=1, total_minor=8_000,
    )  # fmt: skip
    for _ in range(2):
        with database.transaction() as session:
            offline.report(session, clerk, report)

    events = told(database, "order.till_was_offline")
    assert [(e["sales"], e["clock_moved_seconds"], e["device_id"]) for e in events] == [
        (1, 3_600, str(DEVICE))
    ]
    with pytest.raises(Refusal, match="SPELL_OF_OTHER_DEVICE"), database.transaction() as session:
        offline.report(session, caller(Role.ASSOCIATE, device=uuid4()), report)


def test_a_till_asks_what_it_may(database: Database, clerk: Caller) -> None:
    version = publish(database, hours=48)
    with database.transaction() as session:
        rule = offline_rules.till_rule(session, clerk, GetTillRule(store_id=STORE))

    assert (rule.version, rule.body.hours) == (version, 48)
    assert abs(rule.now - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_rule_drawn_up_on_a_version_that_was_replaced(database: Database) -> None:
    first = PublishOfflineRule(id=uuid4(), version=0, body=OfflineRule(hours=48))
    with database.transaction() as session:
        offline_rules.publish(session, HQ, first)
    for drawn_up_on in (0, 2):
        with pytest.raises(Refusal) as refused:
            publish(database, version=drawn_up_on, hours=6)
        assert (refused.value.code, refused.value.parameters) == (
            "OFFLINE_RULE_CHANGED", {"version": 1},
        )  # fmt: skip
    assert rows(database, "SELECT version, body ->> 'hours' FROM offline_rules") == [(1, "48")]
    assert len(told(database, "order.offline_rule_published")) == 1

    assert publish(database, version=1, hours=6) == 2
    with database.transaction() as session:  # its answer was lost: it is not too late for it
        assert offline_rules.publish(session, HQ, first).version == 1


def test_of_two_rules_published_in_the_same_instant_one_counts(database: Database) -> None:
    together = Barrier(2)

    def send(hours: int) -> str:
        together.wait(timeout=10)
        try:
            return str(publish(database, version=0, hours=hours))
        except Refusal as refused:
            return refused.code

    with ThreadPoolExecutor(2) as clerks:
        assert sorted(clerks.map(send, (6, 48))) == ["1", "OFFLINE_RULE_CHANGED"]
    with pytest.raises(IntegrityError, match="uq_offline_rules_version"):
        rows(database, "INSERT INTO offline_rules SELECT gen_random_uuid(), version, valid_from,"
             " author_id, body, published_at FROM offline_rules RETURNING id")  # fmt: skip


def test_a_promotion_is_named_once(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    one = StatedPromotion(promotion_id=uuid4(), version=1, discount_minor=100)
    terms = StatedTerms(units=[StatedUnit(line=1, unit_minor=UNIT)], promotions=[one, one])
    with pytest.raises(Refusal, match="OFFLINE_INVALID"):
        place(database, services, clerk, alone(clerk, terms=terms))
