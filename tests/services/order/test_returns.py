"""Goods that come back: in any store, exactly once, by rule, with everything that goes back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy.exc import DBAPIError

from services.order import cancellation, checkout, history, return_rules, returns
from services.order.audit import CHECKS
from shared.contracts.campaign import BasketLine
from shared.contracts.order import CancelOrder, GetOrders, ListOrders, PlaceOrder, Tender
from shared.contracts.order.returns import (
    ListReturnRules,
    ListReturns,
    OrderReturned,
    PublishReturnRule,
    QuoteReturn,
    RefundReference,
    ReturnGoods,
    ReturnLine,
    ReturnQuote,
    ReturnReceipt,
    ReturnRule,
)
from shared.database import Database
from shared.errors import Forbidden, Refusal
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.order.conftest import (
    REGION,
    SKU,
    STORE,
    UNIT,
    FakeServices,
    caller,
    rows,
    sale,
)

OTHER_STORE = UUID("00000000-0000-7000-8000-00000000000a")
FRANCHISEE = UUID("00000000-0000-7000-8000-00000000000b")
MEMBER = UUID("00000000-0000-7000-8000-00000000000c")


@pytest.fixture(autouse=True)
def _other_store(database: Database, _store: None) -> None:
    rows_of = (
        "INSERT INTO stores VALUES (:id, 1, 'S002', '二店', :region, :region, :franchisee,"
        " '加盟公司', 'Asia/Shanghai', 'CNY', true) RETURNING id"
    )
    rows(database, rows_of, id=OTHER_STORE, region=REGION, franchisee=FRANCHISEE)


@pytest.fixture
def other_clerk() -> Caller:
    return caller(Role.ASSOCIATE, store=OTHER_STORE, device=None)


def sell(database: Database, services: FakeServices, clerk: Caller, **changes: Any) -> PlaceOrder:
    """Three pieces for 300.00: 100 points for 1.00, 99.00 of wallet, 200.00 by card."""
    values: dict[str, Any] = {
        "member_id": MEMBER,
        "total_minor": 3 * UNIT,
        "lines": [BasketLine(line=1, sku_id=SKU, quantity=3)],
        "tenders": [
            Tender(kind="points", amount_minor=100, points=100),
            Tender(kind="wallet", amount_minor=9_900),
            Tender(kind="card", amount_minor=20_000, reference="T-1"),
        ],
    }
    command = sale(**(values | changes))
    checkout.place_order(Transaction(database), services, clerk, command)
    return command


def give_back(order: PlaceOrder, quantity: int, refund_minor: int, **changes: Any) -> ReturnGoods:
    values: dict[str, Any] = {
        "return_id": uuid4(),
        "order_id": order.order_id,
        "store_id": OTHER_STORE,
        "lines": [ReturnLine(line=1, quantity=quantity)],
        "refund_minor": refund_minor,
        "references": [RefundReference(position=2, reference="R-1")],
        "reason": "too small",
    }
    return ReturnGoods(**(values | changes))


def take(database: Database, clerk: Caller, command: ReturnGoods) -> ReturnReceipt:
    with database.transaction() as session:
        made = returns.return_goods(session, clerk, command)
        return history.read_return(session, made)


def refused(database: Database, clerk: Caller, command: ReturnGoods) -> Refusal:
    before = contents(database)
    with pytest.raises(Refusal) as caught:
        take(database, clerk, command)
    assert contents(database) == before
    return caught.value


def contents(database: Database) -> list[Any]:
    tables = ("orders", "returns", "return_lines", "refunds", "receipt_counters", "outbox")
    return [sorted(map(repr, rows(database, f"SELECT * FROM {table}"))) for table in tables]


def told(database: Database) -> list[OrderReturned]:
    found = rows(database, "SELECT envelope FROM outbox WHERE type = 'order.returned' ORDER BY id")
    return [
        msgspec.convert(msgspec.json.decode(row.envelope)["data"], OrderReturned) for row in found
    ]


def differences(database: Database) -> dict[str, Any]:
    return {name: found for name, query in CHECKS.items() if (found := rows(database, query))}


def test_a_piece_comes_back_in_another_store(
    database: Database, services: FakeServices, clerk: Caller, other_clerk: Caller
) -> None:
    order = sell(database, services, clerk)

    made = take(database, other_clerk, give_back(order, 1, UNIT))

    assert (made.number, made.refund_minor, made.tax_minor) == (1, UNIT, 1_150)
    assert (made.store_id, made.legal_entity) == (OTHER_STORE, "加盟公司")
    assert made.receipt_number == "S002-X-000001"
    assert [(r.kind, r.amount_minor, r.points, r.reference) for r in made.refunds] == [
        ("points", 33, 33, None),
        ("wallet", 3_300, None, None),
        ("card", 6_667, None, "R-1"),
    ]
    # 299.00 less the wallet's 99.00 earned 400 points at twice gold; 133.33 of it are left.
    assert made.points_taken == 400 - 266
    [event] = told(database)
    assert event.sold_store_id == STORE
    assert (event.store_id, event.franchisee_id) == (OTHER_STORE, FRANCHISEE)
    assert (event.points, event.points_minor, event.wallet_minor) == (33, 33, 3_300)
    assert (event.kept_minor, event.kept_points_minor, event.kept_wallet_minor) == (
        2 * UNIT,
        67,
        6_600,
    )
    assert [(line.quantity, line.net_minor) for line in event.kept_lines] == [(2, 2 * UNIT)]
    assert differences(database) == {}


def test_k9_part_by_part_until_nothing_is_left(
    database: Database, services: FakeServices, clerk: Caller, other_clerk: Caller
) -> None:
    order = sell(database, services, clerk)
    halves = [ReturnLine(line=1, quantity=1), ReturnLine(line=1, quantity=1, condition="damaged")]

    first = take(database, clerk, give_back(order, 1, UNIT, store_id=STORE))
    second = take(database, other_clerk, give_back(order, 2, 2 * UNIT, lines=halves))

    assert (first.number, second.number) == (1, 2)
    both = first.refunds + second.refunds
    gone = {
        kind: sum(r.amount_minor for r in both if r.kind == kind) for kind in ("points", "card")
    }
    assert gone == {"points": 100, "card": 20_000}
    assert sum(r.points or 0 for r in both) == 100
    assert first.points_taken + second.points_taken == 400
    assert [(line.quantity, line.damaged) for line in told(database)[1].lines] == [(2, 1)]
    assert told(database)[1].kept_lines == []
    again = refused(database, other_clerk, give_back(order, 1, UNIT))
    assert (again.code, again.parameters) == (
        "RETURNED_ALREADY",
        {"line": 1, "left": 0, "wanted": 1},
    )
    with database.transaction() as session:
        [shown] = history.get_orders(session, clerk, GetOrders(ids=[order.order_id])).items
    assert (shown.returned_minor, shown.returned[0].quantity) == (3 * UNIT, 3)
    assert differences(database) == {}


def test_the_same_return_again_gets_the_same_answer(
    database: Database, services: FakeServices, clerk: Caller, other_clerk: Caller
) -> None:
    order = sell(database, services, clerk)
    command = give_back(order, 1, UNIT)
    first = take(database, other_clerk, command)
    before = contents(database)

    again = take(database, other_clerk, command)

    assert again == first
    assert contents(database) == before
    other = msgspec.structs.replace(command, reason="another reason")
    assert refused(database, other_clerk, other).code == "RETURN_CONFLICT"


def test_another_sum_than_the_customer_was_told_is_refused_with_the_quote(
    database: Database, services: FakeServices, clerk: Caller, other_clerk: Caller
) -> None:
    order = sell(database, services, clerk)

    error = refused(database, other_clerk, give_back(order, 1, UNIT + 1))

    assert (error.code, error.parameters["refund_minor"]) == ("REFUND_CHANGED", UNIT)
    quote = msgspec.json.decode(error.parameters["return_quote"], type=ReturnQuote)
    assert [(line.line, line.quantity, line.refund_minor) for line in quote.left] == [
        (1, 2, 2 * UNIT)
    ]
    with database.transaction() as session:
        asked = QuoteReturn(
            order_id=order.order_id, store_id=OTHER_STORE, lines=[ReturnLine(line=1, quantity=1)]
        )
        assert returns.quote_return(session, other_clerk, asked) == quote


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"references": []}, "REFUND_REFERENCE"),
        ({"lines": []}, "NOTHING_TO_RETURN"),
        ({"lines": [ReturnLine(line=2, quantity=1)]}, "INVALID_INPUT"),
        ({"lines": [ReturnLine(line=1, quantity=4)]}, "RETURNED_ALREADY"),
        ({"lines": [ReturnLine(line=1, quantity=2)] * 2}, "RETURNED_ALREADY"),
        ({"order_id": uuid4()}, "UNKNOWN_ORDER"),
    ],
)
def test_what_cannot_come_back(
    database: Database,
    services: FakeServices,
    clerk: Caller,
    other_clerk: Caller,
    changes: dict[str, Any],
    code: str,
) -> None:
    order = sell(database, services, clerk)

    assert refused(database, other_clerk, give_back(order, 1, UNIT, **changes)).code == code


def test_goods_come_back_to_the_callers_own_store(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    order = sell(database, services, clerk)

    with pytest.raises(Forbidden):
        take(database, clerk, give_back(order, 1, UNIT))


def test_a_voided_sale_has_nothing_to_return_and_a_returned_one_is_not_voided(
    database: Database, services: FakeServices, clerk: Caller, other_clerk: Caller
) -> None:
    manager = caller(Role.STORE_MANAGER)
    voided, returned = (sell(database, services, clerk) for _ in range(2))
    with database.transaction() as session:
        cancel = CancelOrder(order_id=voided.order_id, reason="rung up twice")
        cancellation.cancel_order(session, manager, cancel)
    take(database, other_clerk, give_back(returned, 1, UNIT))
    before = contents(database)
    cancel = CancelOrder(order_id=returned.order_id, reason="rung up twice")

    assert refused(database, other_clerk, give_back(voided, 1, UNIT)).code == "NOT_RETURNABLE"
    with pytest.raises(Refusal) as caught, database.transaction() as session:
        cancellation.cancel_order(session, manager, cancel)
    assert caught.value.code == "HAS_RETURNS"
    assert contents(database) == before


def test_one_piece_comes_back_once_whoever_takes_it(
    database: Database, services: FakeServices, clerk: Caller, other_clerk: Caller
) -> None:
    order = sell(
        database, services, clerk, total_minor=UNIT,
        lines=[BasketLine(line=1, sku_id=SKU, quantity=1)],
        tenders=[Tender(kind="cash", amount_minor=UNIT)],
    )  # fmt: skip

    def attempt(number: int) -> str:
        here, store = (clerk, STORE) if number % 2 else (other_clerk, OTHER_STORE)
        try:
            take(database, here, give_back(order, 1, UNIT, store_id=store))
        except Refusal as refusal:
            return refusal.code
        return "taken"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, range(8)))

    assert outcomes == ["RETURNED_ALREADY"] * 7 + ["taken"]
    assert rows(database, "SELECT sum(amount_minor) FROM refunds")[0][0] == UNIT
    assert differences(database) == {}


def test_the_database_itself_takes_no_piece_twice(
    database: Database, services: FakeServices, clerk: Caller, other_clerk: Caller
) -> None:
    order = sell(database, services, clerk)
    made = take(database, other_clerk, give_back(order, 1, UNIT))
    line = (
        "INSERT INTO return_lines VALUES (:id, 9, :order, 1, {quantity}, 'sellable', {before}, 3,"
        " 1, 0) RETURNING 1"
    )

    for quantity, before in ((1, 0), (3, 1)):
        statement = line.format(quantity=quantity, before=before)
        with pytest.raises(DBAPIError):
            rows(database, statement, id=made.id, order=order.order_id)
    with pytest.raises(DBAPIError, match="append-only"):
        rows(database, "DELETE FROM refunds RETURNING 1")
    with pytest.raises(DBAPIError, match="returns_of_placed"):
        rows(database, "UPDATE orders SET status = 'voided' RETURNING 1")


def publish(database: Database, body: ReturnRule) -> None:
    with database.transaction() as session:
        return_rules.publish(session, hq(), PublishReturnRule(id=uuid4(), body=body))


def hq() -> Caller:
    roles = frozenset({Role.HQ_OPERATIONS})
    return Caller(kind="staff", id=uuid4(), roles=roles, scope_kind=ScopeKind.CHAIN)


def test_the_rule_says_until_when_and_with_whom(
    database: Database, services: FakeServices, clerk: Caller, other_clerk: Caller
) -> None:
    order = sell(database, services, clerk)
    past = "UPDATE orders SET business_date = business_date - :days RETURNING 1"
    manager = caller(Role.STORE_MANAGER, store=OTHER_STORE, device=None)
    publish(database, ReturnRule(days=7, manager_days=30))

    rows(database, past, days=8)
    late = refused(database, other_clerk, give_back(order, 1, UNIT))
    by_manager = take(database, manager, give_back(order, 1, UNIT))
    rows(database, past, days=23)
    too_late = refused(database, manager, give_back(order, 1, UNIT))

    assert (late.code, late.parameters) == ("RETURN_NEEDS_MANAGER", {"days": 7})
    assert by_manager.rule_version == 1
    assert (too_late.code, too_late.parameters) == ("RETURN_TOO_LATE", {"days": 30})
    publish(database, ReturnRule(excluded_categories=frozenset({"dress"})))
    assert refused(database, manager, give_back(order, 1, UNIT)).code == "CATEGORY_NOT_RETURNABLE"


def test_rules_of_returns_are_versions(database: Database) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    first = PublishReturnRule(id=uuid4(), body=ReturnRule(days=7, manager_days=30))
    with database.transaction() as session:
        one = return_rules.publish(session, hq(), first)
        two = return_rules.publish(
            session, hq(), PublishReturnRule(id=uuid4(), valid_from=later, body=ReturnRule())
        )
        assert return_rules.publish(session, hq(), first) == one
        assert return_rules.list_rules(session, hq(), ListReturnRules()).items == [two, one]
        assert return_rules.in_force(session, datetime.now(UTC))[0] == 1
        assert return_rules.in_force(session, later)[0] == 2
    for wrong, code in (
        (msgspec.structs.replace(first, body=ReturnRule()), "RULE_ID_TAKEN"),
        (PublishReturnRule(id=uuid4(), body=ReturnRule(days=7, manager_days=6)),
         "INVALID_RETURN_RULE"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as caught, database.transaction() as session:
            return_rules.publish(session, hq(), wrong)
        assert caught.value.code == code


def test_an_order_is_found_by_its_receipt_and_its_returns_by_member(
    database: Database, services: FakeServices, clerk: Caller, other_clerk: Caller
) -> None:
    order = sell(database, services, clerk)
    made = take(database, other_clerk, give_back(order, 1, UNIT))

    with database.transaction() as session:
        by_receipt = ListOrders(receipt_number=made.order_receipt_number)
        [found] = history.list_orders(session, other_clerk, by_receipt).items
        lists = [
            history.list_returns(session, clerk, asked).items
            for asked in (ListReturns(member_id=MEMBER), ListReturns(order_id=order.order_id))
        ]
        with pytest.raises(Forbidden):
            history.list_returns(session, clerk, ListReturns(store_id=OTHER_STORE))

    assert found.id == order.order_id
    assert lists == [[made], [made]]


def test_a_sale_without_a_price_comes_back_without_a_refund(
    database: Database, services: FakeServices, clerk: Caller, other_clerk: Caller
) -> None:
    services.unit = 0
    order = sell(database, services, clerk, total_minor=0, tenders=[])

    made = take(database, other_clerk, give_back(order, 3, 0))

    assert (made.refund_minor, made.refunds) == (0, [])
    assert differences(database) == {}
