"""Rules about baskets and payments that need nobody else."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.order import basket
from shared.contracts.campaign import BasketLine
from shared.contracts.order import Tender
from shared.errors import Refusal
from shared.seal import Role
from tests.services.order.conftest import SKU, UNIT, caller, sale


def line(number: int = 1, quantity: int = 1, stated: int | None = None) -> BasketLine:
    return BasketLine(line=number, sku_id=SKU, quantity=quantity, stated_minor=stated)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "BASKET_SIZE"),
        ([line(i) for i in range(501)], "BASKET_SIZE"),
        ([line(quantity=0)], "INVALID_QUANTITY"),
        ([line(quantity=-1)], "INVALID_QUANTITY"),
        ([line(quantity=10**9)], "INVALID_QUANTITY"),
        ([line(1), line(1)], "INVALID_INPUT"),
    ],
)
def test_a_basket_that_cannot_be(lines: list[BasketLine], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        basket.check_lines(lines)
    assert refused.value.code == code


def test_five_hundred_lines_are_a_basket() -> None:
    basket.check_lines([line(i) for i in range(500)])


@pytest.mark.parametrize(
    ("tenders", "code"),
    [
        ([], "TENDERS_MISMATCH"),
        ([Tender(kind="cash", amount_minor=UNIT - 1)], "TENDERS_MISMATCH"),
        ([Tender(kind="cash", amount_minor=UNIT), Tender(kind="cash", amount_minor=1)],
         "TENDERS_MISMATCH"),
        ([Tender(kind="cash", amount_minor=0)], "TENDER_INVALID"),
        ([Tender(kind="cash", amount_minor=UNIT, given_minor=UNIT - 1)], "TENDER_INVALID"),
        ([Tender(kind="card", amount_minor=UNIT)], "TENDER_INVALID"),
        ([Tender(kind="card", amount_minor=UNIT, reference="1", given_minor=UNIT)],
         "TENDER_INVALID"),
        ([Tender(kind="points", amount_minor=UNIT)], "TENDER_INVALID"),
        ([Tender(kind="wallet", amount_minor=UNIT)], "TENDER_NEEDS_MEMBER"),
    ],
)  # fmt: skip
def test_payments_that_do_not_pay(tenders: list[Tender], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        basket.check_tenders(sale(tenders=tenders))
    assert refused.value.code == code


def test_wallet_twice_is_refused() -> None:
    half = Tender(kind="wallet", amount_minor=UNIT // 2)
    with pytest.raises(Refusal, match="TENDER_INVALID"):
        basket.check_tenders(sale(member_id=uuid4(), tenders=[half, half]))


def test_split_payment_and_change() -> None:
    tenders = [
        Tender(kind="card", amount_minor=4_000, reference="A1"),
        Tender(kind="cash", amount_minor=6_000, given_minor=10_000),
    ]
    basket.check_tenders(sale(tenders=tenders))
    assert basket.change_of(tenders) == 4_000
    assert basket.amount_of(tenders, "card") == 4_000


def test_only_an_integration_states_prices() -> None:
    now = datetime.now(UTC)
    stated = sale(lines=[line(stated=UNIT)])
    assert basket.is_fact(caller(Role.INTEGRATION), stated, now)
    assert not basket.is_fact(caller(Role.INTEGRATION), sale(), now)
    with pytest.raises(Refusal, match="STATED_BY_CLIENTS_ONLY"):
        basket.is_fact(caller(Role.ASSOCIATE), stated, now)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lines": [line(1, stated=5), line(2)]}, "INVALID_INPUT"),
        ({"lines": [line(stated=5)], "occurred_at": datetime.now(UTC) + timedelta(hours=1)},
         "INVALID_TIME"),
        ({"lines": [line(stated=5)], "occurred_at": datetime(2026, 1, 1)},  # noqa: DTZ001
         "INVALID_TIME"),
    ],
)  # fmt: skip
def test_facts_that_cannot_be(changes: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        basket.is_fact(caller(Role.INTEGRATION), sale(**changes), datetime.now(UTC))
    assert refused.value.code == code
