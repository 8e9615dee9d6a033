"""The saga of a sale: each way it can go, and what is in the database then."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy import event

from services.order import cancellation, checkout, history
from services.order.audit import CHECKS
from shared.contracts.campaign import BasketLine, PriceAndHold
from shared.contracts.inventory import Reserve
from shared.contracts.loyalty import Hold
from shared.contracts.order import GetOrders, GetQuote, Order, PlaceOrder, Quote, Tender
from shared.database import Database
from shared.errors import Forbidden, Refusal, Unavailable
from shared.seal import Caller, Role
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


def place(database: Database, services: FakeServices, who: Caller, command: PlaceOrder) -> Order:
    return checkout.place_order(Transaction(database), services, who, command)


def test_a_cash_sale(database: Database, services: FakeServices, clerk: Caller) -> None:
    command = sale(tenders=[Tender(kind="cash", amount_minor=UNIT, given_minor=20_000)])
    order = place(database, services, clerk, command)
    assert order.status == "placed"
    assert order.receipt_number == "S001-D1-000001"
    assert (order.total_minor, order.change_minor, order.tax_minor) == (10_000, 10_000, 1_150)
    assert (order.device_id, order.staff_id, order.legal_entity) == (DEVICE, clerk.id, "公司")
    assert order.points_expected == 0
    assert services.count(Hold) == 0
    (told,) = rows(database, "SELECT type, envelope FROM outbox")
    assert told.type == "order.placed"
    assert json.loads(told.envelope)["data"]["total_minor"] == 10_000
    assert json.loads(told.envelope)["sequence"] == 1


def test_points_and_wallet_pay_and_are_held(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = sale(
        member_id=uuid4(),
        tenders=[
            Tender(kind="points", amount_minor=50, points=50),
            Tender(kind="wallet", amount_minor=2_000),
            Tender(kind="code", amount_minor=7_950, reference="W1"),
        ],
    )
    order = place(database, services, clerk, command)
    assert order.balances is not None
    assert (order.balances.points, order.balances.wallet_principal_minor) == (50, 48_000)
    # 100.00 less points and wallet is 79.50: twice the points for gold, rounded down.
    assert order.points_expected == 159
    held = next(command for command in services.calls if isinstance(command, Hold))
    assert (held.points, held.points_minor, held.wallet_minor) == (50, 50, 2_000)


def test_the_same_again_is_the_same_answer(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = sale(member_id=uuid4())
    first = place(database, services, clerk, command)
    again = place(database, services, clerk, command)
    assert again == first
    assert services.count(Reserve) == 1
    assert rows(database, "SELECT count(*) FROM outbox")[0][0] == 1


def test_the_same_id_with_other_content_is_a_conflict(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = sale()
    place(database, services, clerk, command)
    other = msgspec.structs.replace(
        command, tenders=[Tender(kind="card", amount_minor=UNIT, reference="1")]
    )
    with pytest.raises(Refusal, match="ORDER_CONFLICT"):
        place(database, services, clerk, other)
    assert rows(database, "SELECT kind FROM order_tenders")[0].kind == "cash"


def test_twenty_at_once_are_one_order(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = sale()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(partial(place, database, services, clerk), [command] * 20))
    assert {answer.receipt_number for answer in answers} == {"S001-D1-000001"}
    assert services.count(Reserve) == 1
    assert rows(database, "SELECT count(*) FROM outbox")[0][0] == 1


def test_a_refusal_cancels_and_is_repeated(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    services.errors[Reserve] = Refusal(
        "OUT_OF_STOCK", {"name": "连衣裙", "available": "0", "wanted": "1"}
    )
    command = sale()
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            place(database, services, clerk, command)
        assert refused.value.code == "OUT_OF_STOCK"
        assert refused.value.parameters["wanted"] == "1"
    assert services.count(Reserve) == 1
    (order,) = rows(database, "SELECT status, receipt_number FROM orders")
    assert (order.status, order.receipt_number) == ("cancelled", None)
    assert [row.type for row in rows(database, "SELECT type FROM outbox")] == ["order.cancelled"]


def test_another_price_is_refused_with_the_new_quote(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    services.unit = 12_000
    with pytest.raises(Refusal) as refused:
        place(database, services, clerk, sale())
    assert refused.value.code == "PRICE_CHANGED"
    quote = msgspec.json.decode(refused.value.parameters["quote"], type=Quote)
    assert quote.total_minor == 12_000
    assert services.count(Hold) == 0
    assert rows(database, "SELECT status FROM orders")[0].status == "cancelled"


def test_no_answer_leaves_the_order_to_the_resend(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = sale()
    services.errors[PriceAndHold] = Unavailable("campaign")
    with pytest.raises(Unavailable):
        place(database, services, clerk, command)
    assert rows(database, "SELECT status FROM orders")[0].status == "pending"
    assert rows(database, "SELECT count(*) FROM outbox")[0][0] == 0
    services.errors.clear()
    assert place(database, services, clerk, command).status == "placed"


def test_a_sale_on_its_way_elsewhere_is_in_progress(
    database: Database, services: FakeServices, clerk: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "ANSWER_WAIT_SECONDS", 0.2)
    command = sale()
    services.errors[Reserve] = KeyError("the process dies here")
    with pytest.raises(KeyError):
        place(database, services, clerk, command)
    services.errors.clear()
    with pytest.raises(Refusal, match="ORDER_IN_PROGRESS"):
        place(database, services, clerk, command)
    assert rows(database, "SELECT status FROM orders")[0].status == "pending"


def test_the_sweeper_cancels_what_nobody_finished(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = sale()
    services.errors[PriceAndHold] = Unavailable("campaign")
    with pytest.raises(Unavailable):
        place(database, services, clerk, command)
    with database.transaction() as session:
        assert cancellation.sweep(session) == 0
    rows(database, "UPDATE orders SET created_at = now() - interval '121 seconds' RETURNING id")
    services.errors.clear()
    with database.transaction() as session:
        assert cancellation.sweep(session) == 1
    with pytest.raises(Refusal, match="ORDER_EXPIRED"):
        place(database, services, clerk, command)
    assert [row.type for row in rows(database, "SELECT type FROM outbox")] == ["order.cancelled"]


def test_a_sale_swept_meanwhile_is_not_placed(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    command = sale()

    class Slow(FakeServices):
        def start(self, command: object) -> object:
            rows(database, "UPDATE orders SET created_at = now() - interval '1 hour' RETURNING id")
            return super().start(command)

    with pytest.raises(Refusal, match="ORDER_EXPIRED"):
        place(database, Slow(), clerk, command)
    assert rows(database, "SELECT count(*) FROM order_lines")[0][0] == 0
    assert rows(database, "SELECT count(*) FROM receipt_counters")[0][0] == 0
    assert rows(database, "SELECT count(*) FROM outbox")[0][0] == 0


def test_a_fact_is_booked_when_it_happened(database: Database, services: FakeServices) -> None:
    client = caller(Role.INTEGRATION, device=None)
    happened = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)
    command = sale(
        lines=[BasketLine(line=1, sku_id=SKU, quantity=3, stated_minor=777)],
        total_minor=777, occurred_at=happened, channel="other_till",
        tenders=[Tender(kind="cash", amount_minor=777)],
    )  # fmt: skip
    order = place(database, services, client, command)
    assert order.fact
    assert order.business_date.isoformat() == "2026-03-02"  # past midnight in Shanghai
    assert order.receipt_number == "S001-X-000001"
    reserve = next(command for command in services.calls if isinstance(command, Reserve))
    assert reserve.fact


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"store_id": uuid4()}, Refusal("UNKNOWN_STORE")),
        ({"currency": "EUR"}, Refusal("CURRENCY_MISMATCH")),
    ],
)
def test_bad_input_changes_nothing(
    database: Database, services: FakeServices, clerk: Caller,
    changes: dict[str, object], error: Refusal,
) -> None:  # fmt: skip
    with pytest.raises(Refusal) as refused:
        place(database, services, clerk, sale(**changes))
    assert refused.value.code == error.code
    assert services.calls == []
    assert rows(database, "SELECT count(*) FROM orders")[0][0] == 0


def test_a_store_out_of_scope_is_forbidden(database: Database, services: FakeServices) -> None:
    with pytest.raises(Forbidden):
        place(database, services, caller(Role.ASSOCIATE, store=uuid4()), sale())
    assert rows(database, "SELECT count(*) FROM orders")[0][0] == 0


def test_a_quote_holds_nothing(database: Database, services: FakeServices, clerk: Caller) -> None:
    quote = checkout.get_quote(
        Transaction(database), services, clerk,
        GetQuote(store_id=STORE, member_id=uuid4(),
                 lines=[BasketLine(line=1, sku_id=SKU, quantity=2)]),
    )  # fmt: skip
    assert (quote.total_minor, quote.points_expected) == (20_000, 400)
    assert quote.offer is not None
    assert services.count(Reserve) == 0
    assert rows(database, "SELECT count(*) FROM orders")[0][0] == 0


@pytest.mark.parametrize("lines", [1, 3, 200])
def test_a_sale_costs_two_statements(
    database: Database, services: FakeServices, clerk: Caller, lines: int
) -> None:
    place(database, services, clerk, sale())  # the store is in memory now
    seen: list[str] = []
    event.listen(database.engine, "after_cursor_execute", lambda *a: seen.append(a[2]), named=False)
    basket = [BasketLine(line=n, sku_id=SKU, quantity=1) for n in range(lines)]
    total = UNIT * lines
    place(
        database, services, clerk,
        sale(lines=basket, total_minor=total, tenders=[Tender(kind="cash", amount_minor=total)]),
    )  # fmt: skip
    assert len(seen) == 2


def test_the_audit_is_clean_and_notices(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    place(database, services, clerk, sale())
    assert not [name for name, check in CHECKS.items() if rows(database, check)]
    rows(database, "UPDATE receipt_counters SET last = 7 RETURNING last")
    found = [name for name, check in CHECKS.items() if rows(database, check)]
    assert found == ["receipt numbers are counted"]


def test_l1_receipt_and_quote_say_which_bonuses_count(
    database: Database, services: FakeServices, clerk: Caller
) -> None:
    body = {
        "type": "earn", "minor_per_point": 100, "combine": "multiply",
        "bonuses": [
            {
                "code": code, "name_zh": "加倍", "name_en": "More",
                "multiplier_basis_points": 20_000, "when": when,
            }
            for code, when in (
                ("dresses", {"categories": ["dress"]}),
                ("app", {"channels": ["app"]}),
                ("here", {"store_ids": [str(STORE)]}),
            )
        ],
    }  # fmt: skip
    statement = "INSERT INTO earn_rules VALUES (2, '2021-01-01', CAST(:body AS jsonb)) RETURNING 1"
    rows(database, statement, body=msgspec.json.encode(body).decode())
    member_id = uuid4()

    asked = {"store_id": STORE, "member_id": member_id}
    lines = [BasketLine(line=1, sku_id=SKU, quantity=1)]
    told = [
        checkout.get_quote(
            Transaction(database), services, clerk, GetQuote(**asked, lines=lines, channel=channel)
        )
        for channel in ("store", "app")
    ]
    order = place(database, services, clerk, sale(member_id=member_id, channel="app"))

    assert [(quote.points_expected, quote.points_bonuses) for quote in told] == [
        (400, ["dresses", "here"]),
        (800, ["dresses", "app", "here"]),
    ]
    assert (order.points_expected, order.points_bonuses) == (800, ["dresses", "app", "here"])
    with database.transaction() as session:
        [read] = history.get_orders(session, clerk, GetOrders(ids=[order.id])).items
    assert read.points_bonuses == order.points_bonuses
