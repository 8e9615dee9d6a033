"""Exchanges: the goods that come back pay for what is taken instead, both or neither."""

from typing import Any
from uuid import uuid4

import pytest

from services.order import checkout, history, returns
from services.order import exchange as exchanges
from services.order.audit import CHECKS
from shared.contracts.campaign import BasketLine
from shared.contracts.inventory import Reserve
from shared.contracts.order import GetOrders, Order, PlaceOrder, Tender
from shared.contracts.order.goods_back import Exchange, RefundReference, ReturnLine
from shared.contracts.order.returns import ReturnGoods
from shared.database import Database
from shared.errors import Refusal, Unavailable
from shared.seal import Caller
from shared.service import Transaction
from tests.services.order.conftest import SKU, STORE, UNIT, FakeServices, rows, sale
from tests.services.order.test_returns import MEMBER, contents, sell, told


def swap(old: PlaceOrder, pieces: int = 1, **changes: Any) -> PlaceOrder:
    """One of the old pieces comes back, and so many new ones are taken instead."""
    exchange = Exchange(
        return_id=uuid4(),
        order_id=changes.pop("old_id", old.order_id),
        lines=changes.pop("back", [ReturnLine(line=1, quantity=1)]),
        refund_minor=changes.pop("refund_minor", UNIT),
        reason="another size",
    )
    defaults: dict[str, Any] = {
        "member_id": MEMBER,
        "total_minor": pieces * UNIT,
        "lines": [BasketLine(line=1, sku_id=SKU, quantity=pieces)],
        "tenders": [],
        "exchange": exchange,
    }
    return sale(**(defaults | changes))


def place(database: Database, services: FakeServices, clerk: Caller, command: PlaceOrder) -> Order:
    return checkout.place_order(Transaction(database), services, clerk, command)


def cash_sale(database: Database, services: FakeServices, clerk: Caller) -> PlaceOrder:
    return sell(
        database, services, clerk, total_minor=2 * UNIT,
        lines=[BasketLine(line=1, sku_id=SKU, quantity=2)],
        tenders=[Tender(kind="cash", amount_minor=2 * UNIT)],
    )  # fmt: skip


def whole(database: Database) -> bool:
    return not any(rows(database, query) for query in CHECKS.values())


def test_an_even_exchange_moves_no_money(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    old = cash_sale(database, services, clerk)
    command = swap(old)

    made = place(database, services, clerk, command)

    assert command.exchange
    assert made.status == "placed"
    assert made.tenders == [
        Tender(kind="cash", amount_minor=UNIT, return_id=command.exchange.return_id)
    ]
    [refund] = rows(database, "SELECT amount_minor, carried_minor FROM refunds")
    assert tuple(refund) == (UNIT, UNIT)
    [event] = told(database)
    assert (event.return_id, event.exchange_order_id) == (
        command.exchange.return_id,
        command.order_id,
    )
    assert place(database, services, clerk, command) == made
    assert whole(database)


def test_the_dearer_piece_is_paid_up_and_the_cheaper_one_gives_money_back(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    old = cash_sale(database, services, clerk)

    dearer = place(
        database, services, clerk,
        swap(old, pieces=2, tenders=[Tender(kind="card", amount_minor=UNIT, reference="T-2")]),
    )  # fmt: skip
    services.unit = 4_000
    cheaper = place(database, services, clerk, swap(old, total_minor=4_000))

    assert [(t.kind, t.amount_minor) for t in dearer.tenders] == [("cash", UNIT), ("card", UNIT)]
    assert [(t.kind, t.amount_minor) for t in cheaper.tenders] == [("cash", 4_000)]
    given = rows(database, "SELECT amount_minor - carried_minor FROM refunds ORDER BY 1")
    assert [row[0] for row in given] == [0, 6_000]
    assert whole(database)


def test_points_and_wallet_go_back_and_money_alone_is_carried_over(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    old = sell(database, services, clerk)  # of 100.00: 0.33 points, 33.00 wallet, 66.67 card
    wanted = swap(old, tenders=[Tender(kind="cash", amount_minor=3_333)])

    made = place(database, services, clerk, wanted)

    assert [(t.kind, t.amount_minor, t.reference) for t in made.tenders] == [
        ("card", 6_667, "T-1"),
        ("cash", 3_333, None),
    ]
    [event] = told(database)
    assert (event.points, event.wallet_minor) == (33, 3_300)
    assert whole(database)


def test_what_was_taken_instead_comes_back_to_the_card_that_paid_for_it(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    old = sell(
        database, services, clerk, total_minor=UNIT,
        lines=[BasketLine(line=1, sku_id=SKU, quantity=1)],
        tenders=[Tender(kind="card", amount_minor=UNIT, reference="T-1")],
    )  # fmt: skip
    made = place(database, services, clerk, swap(old))

    back = ReturnGoods(
        return_id=uuid4(), order_id=made.id, store_id=STORE, refund_minor=UNIT, reason="too small",
        lines=[ReturnLine(line=1, quantity=1)],
        references=[RefundReference(position=0, reference="R-1")],
    )  # fmt: skip
    with database.transaction() as session:
        receipt = history.read_return(session, returns.return_goods(session, clerk, back))

    assert [(r.kind, r.amount_minor, r.reference) for r in receipt.refunds] == [
        ("card", UNIT, "R-1")
    ]
    assert whole(database)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tenders": [Tender(kind="cash", amount_minor=1)]}, "TENDERS_MISMATCH"),
        ({"refund_minor": 1}, "REFUND_CHANGED"),
        ({"old_id": uuid4()}, "UNKNOWN_ORDER"),
        ({"back": [ReturnLine(line=1, quantity=3)]}, "RETURNED_ALREADY"),
    ],
)
def test_nothing_comes_back_when_nothing_is_sold(
    database: Database,
    services: FakeServices,
    clerk: Caller,
    changes: dict[str, Any],
    code: str,
) -> None:
    command = swap(cash_sale(database, services, clerk), **changes)

    with pytest.raises(Refusal) as refused:
        place(database, services, clerk, command)

    assert refused.value.code == code
    assert told(database) == []
    with database.transaction() as session:
        [shown] = history.get_orders(session, clerk, GetOrders(ids=[command.order_id])).items
    assert shown.status == "cancelled"
    assert whole(database)


def test_an_exchange_without_stock_takes_nothing_back(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    old = cash_sale(database, services, clerk)
    services.errors[Reserve] = Refusal("OUT_OF_STOCK", {"sku_id": SKU})

    with pytest.raises(Refusal, match="OUT_OF_STOCK"):
        place(database, services, clerk, swap(old))

    assert told(database) == []
    assert whole(database)


def test_goods_that_somebody_took_back_meanwhile_end_the_exchange(
    database: Database, services: FakeServices, clerk: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = cash_sale(database, services, clerk)
    command = swap(old)
    planned = exchanges.tenders_of

    def slow(*arguments: Any) -> Any:
        found = planned(*arguments)
        back = ReturnGoods(
            return_id=uuid4(), order_id=old.order_id, store_id=STORE, refund_minor=2 * UNIT,
            lines=[ReturnLine(line=1, quantity=2)], reason="too small",
        )  # fmt: skip
        with database.transaction() as session:
            returns.return_goods(session, clerk, back)
        return found

    monkeypatch.setattr(exchanges, "tenders_of", slow)
    with pytest.raises(Refusal) as refused:
        place(database, services, clerk, command)

    assert refused.value.code == "RETURNED_ALREADY"
    assert len(told(database)) == 1
    assert rows(database, "SELECT count(*) FROM orders WHERE status = 'pending'")[0][0] == 0
    assert whole(database)


def test_an_exchange_that_got_no_answer_is_sent_again(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    old = cash_sale(database, services, clerk)
    command = swap(old)
    services.errors[Reserve] = Unavailable("inventory")
    with pytest.raises(Unavailable):
        place(database, services, clerk, command)
    before = contents(database)
    services.errors.clear()

    made = place(database, services, clerk, command)

    assert made.status == "placed"
    assert len(told(database)) == 1
    assert contents(database) != before
    assert whole(database)


def test_a_client_cannot_claim_that_a_payment_was_carried_over(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    claimed = Tender(kind="cash", amount_minor=UNIT, return_id=uuid4())

    with pytest.raises(Refusal, match="TENDER_INVALID"):
        place(database, services, clerk, sale(tenders=[claimed]))
