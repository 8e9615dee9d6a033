"""Every daily operation takes at most three steps, counted from what the browser shows: on a phone
and on a tablet, in both languages."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.browser import Variant
from tests.e2e.chain import PIN, Chain
from tests.e2e.conftest import LEFT, SHOWN, on_failure
from tests.e2e.counter import Counter
from tests.e2e.meter import MOST_STEPS, MeteredPhone, Operation, table
from tests.e2e.steps import pay


@pytest.fixture(scope="module")
def done() -> Iterator[list[Operation]]:
    """What was measured; printed and written down at the end."""
    made: list[Operation] = []
    yield made
    LEFT.mkdir(parents=True, exist_ok=True)
    (LEFT / "three-steps.txt").write_text(table(made) + "\n")
    print(f"\n{table(made)}")


@pytest.fixture(scope="module", params=SHOWN, ids=str)
def variant(request: pytest.FixtureRequest) -> Variant:
    shown: Variant = request.param
    return shown


@pytest.fixture
def phone(
    counter: Counter, done: list[Operation], variant: Variant, request: pytest.FixtureRequest
) -> Iterator[MeteredPhone]:
    """One device for all of them, another one after a failure."""
    with on_failure(request, counter.failed):
        yield counter.as_left(variant) if done else counter.anew(variant)


@dataclass
class Customer:
    """A member with some money in the wallet, and points."""

    phone: str
    id: str
    card: str


@pytest.fixture(scope="module")
def customer(chain: Chain, variant: Variant) -> Customer:
    phone = chain.new_phone()
    card = chain.register(phone, "顾客庚")
    made = Customer(phone, str(chain.member_by_phone(phone)["id"]), card)
    chain.top_up(made.id, 20_000)
    chain.give_points(made.id, 1_000)
    return made


@pytest.fixture(scope="module")
def receipts(variant: Variant) -> list[str]:
    """Of what was sold on this device: a dress and a scarf."""
    return []


@pytest.fixture(autouse=True)
def at_most_three_steps(done: list[Operation]) -> Iterator[None]:
    known = len(done)
    yield
    for operation in done[known:]:
        assert operation.steps <= MOST_STEPS, operation.row()


def sell(phone: MeteredPhone, chain: Chain, receipts: list[str]) -> None:
    phone.press("tab-sale")
    phone.scan(chain.dress.ean)
    phone.scan(chain.scarf.ean)
    phone.tells("take_payment", amount="¥357.30")
    pay(phone)
    receipts.append(chain.orders()[0]["receiptNumber"])


def test_a_sale_without_member(
    phone: MeteredPhone, chain: Chain, receipts: list[str], done: list[Operation]
) -> None:
    with phone.operation("sale without member", done):
        sell(phone, chain, receipts)


def test_a_sale_with_mixed_payment(
    phone: MeteredPhone, chain: Chain, customer: Customer, done: list[Operation]
) -> None:
    with phone.operation("sale with mixed payment", done):
        phone.press("tab-sale")
        phone.scan(chain.coat.ean)
        phone.scan(customer.card)
        phone.sees("顾客庚", within="member-strip")
        phone.press("to-payment")
        phone.press("use-wallet")
        phone.sees("¥969.10", within="due")
        phone.press("pay")
        phone.tells("paid")
    phone.tells("booked", within="booking")


def test_points_are_spent(
    phone: MeteredPhone, chain: Chain, customer: Customer, done: list[Operation]
) -> None:
    with phone.operation("spend points", done):
        phone.press("tab-sale")
        phone.scan(customer.card)
        phone.sees("顾客庚", within="member-strip")
        phone.scan(chain.scarf.ean)
        phone.tells("take_payment", amount="¥89.10")
        phone.press("to-payment")
        phone.press("use-points")
        phone.press("pay")
        phone.tells("paid")


def test_a_gift_is_had_for_points(
    phone: MeteredPhone, chain: Chain, customer: Customer, done: list[Operation]
) -> None:
    gift = chain.gifts()
    chain.give_points(customer.id, 1_000)
    with phone.operation("points for a gift", done):
        phone.press("way-points")
        phone.keys(customer.phone)
        phone.press(f"member-{customer.card}")
        phone.press(f"gift-{gift}")
        phone.tells("redeem_now", count="300")
        phone.press("redeem")
        phone.shows("points-now")


def test_a_coupon_is_redeemed(phone: MeteredPhone, chain: Chain, done: list[Operation]) -> None:
    coupon = chain.coupon()
    with phone.operation("redeem coupon", done):
        phone.press("tab-sale")
        phone.scan(chain.dress.ean)
        phone.tells("take_payment", amount="¥268.20")
        phone.scan(coupon)
        phone.tells("take_payment", amount="¥218.20")
        pay(phone)


def test_a_new_card(phone: MeteredPhone, chain: Chain, done: list[Operation]) -> None:
    with phone.operation("new card", done):
        phone.press("tab-members")
        phone.keys(chain.new_phone())
        phone.tells("nobody_found")
        phone.type("member-name", "顾客辛")
        phone.press("agrees")
        phone.press("register")
        phone.sees("顾客辛", within="member-head")


def test_where_it_is_in_my_size(phone: MeteredPhone, chain: Chain, done: list[Operation]) -> None:
    with phone.operation("where is it in my size", done):
        phone.press("tab-stock")
        phone.scan(chain.dress.ean, into="stock-query")
        phone.press(f"cell-{chain.dress.code}-1")
        phone.sees("徐汇港汇店", within="elsewhere")


def test_a_top_up(
    phone: MeteredPhone, chain: Chain, customer: Customer, done: list[Operation]
) -> None:
    with phone.operation("top up", done):
        phone.press("tab-members")
        phone.keys(customer.phone)
        phone.press(f"member-{customer.card}")
        phone.press("section-balances")
        phone.press("member-action")
        phone.tells("top_up_room")
        phone.keys("3")
        phone.press("key-00")
        phone.press("key-00")
        phone.press("pay-top-up")
        phone.sees("¥300.00", within="wallet-now")


def test_a_return(
    phone: MeteredPhone, chain: Chain, receipts: list[str], done: list[Operation]
) -> None:
    if not receipts:
        phone.go_home()
        sell(phone, chain, receipts)
    [receipt, *_] = receipts
    with phone.operation("return", done):
        phone.press("tab-sale")
        phone.scan(receipt)
        phone.sees(receipt, within="order-head")
        phone.press("back-more-1")
        phone.press("to-return")
        phone.press("reason-size")
        phone.tells("give_back", amount="¥268.20")
        phone.press("give-back")
        phone.tells("returned_title")


def test_goods_are_received(phone: MeteredPhone, chain: Chain, done: list[Operation]) -> None:
    with phone.operation("receive goods", done):
        phone.press("tab-stock")
        phone.press("receive")
        phone.scan(chain.scarf.ean, into="stock-scan")
        phone.shows(f"count-{chain.scarf.code}-1")
        phone.press("book-stock")
        phone.shows("to-stock")


def test_a_count(phone: MeteredPhone, chain: Chain, done: list[Operation]) -> None:
    with phone.operation("count", done):
        phone.press("tab-stock")
        phone.press("count")
        phone.scan(chain.scarf.ean, into="stock-scan")
        phone.shows(f"count-{chain.scarf.code}-1")
        phone.press("compare")
        phone.shows(f"difference-{chain.scarf.code}-1")
        phone.press("book-stock")
        phone.shows("to-stock")
    chain.receive(chain.scarf)  # one was counted; others sell more here


def test_the_device_is_handed_over(
    phone: MeteredPhone, chain: Chain, done: list[Operation]
) -> None:
    with phone.operation("hand over the device", done):
        phone.press("hand-over")
        phone.press(f"colleague-{chain.number}")
        phone.keys(PIN)
        phone.press("sign-in")
        phone.is_gone("sign-in")
