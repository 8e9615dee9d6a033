"""Bad input and accidents at the till: each says what happened and what to do, and nothing is lost
or sold twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import flet as ft
import pytest

from staff_app import clock
from staff_app.client import Unreachable
from staff_app.transport import HttpTransport
from tests.staff_app.shop import CARD, DRESS_EAN, STORE, Shop, piece
from tests.staff_app.test_live import level
from tests.staff_app.test_returns import ReturnDesk
from tests.staff_app.test_sale import (  # noqa: F401
    COAT_EAN,
    activated,
    paying,
    quick,
    with_dress,
    working,
)

pytestmark = pytest.mark.anyio
LONG = "欧阳" * 30


@pytest.fixture(autouse=True)
def own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_ahead", timedelta())


# Pay


async def test_a_double_tap_on_pay_sells_once() -> None:
    shop = Shop()
    shop.slow = 0.02
    device = await paying(shop)

    await asyncio.gather(device.press("pay"), device.press("pay"), device.till.pay())
    await device.sees("小票")

    assert len(shop.orders) == shop.count("placeOrder") == 1
    device.close()


async def test_back_while_the_sale_is_on_its_way_sells_once_and_shows_the_receipt() -> None:
    shop = Shop()
    device = await paying(shop)
    shop.slow = 0.2
    pressed = asyncio.create_task(device.press("pay"))
    await device.until(lambda: bool(device.till.payment.waiting))

    device.till.go("/")
    await device.until(lambda: device.route == "/")
    assert device.named("to-payment") is None  # there is nothing to pay a second time
    await pressed

    await device.sees("小票")
    assert len(shop.orders) == 1
    device.close()


async def test_back_in_the_middle_of_payment_keeps_what_was_taken() -> None:
    shop = Shop()
    device = await paying(shop)
    await device.choose("kinds", "CARD")
    await device.type("reference", "T-77")
    await device.keys("10000")
    await device.press("pay")
    await device.sees("¥168.20")

    device.till.go("/")
    await device.type("scan", COAT_EAN, enter=True)
    await device.until(lambda: len(device.till.basket.lines) == 2)
    await device.until(lambda: not device.till.pricing.pending)
    await device.press("to-payment")

    taken = device.till.payment.tenders
    assert [(tender["kind"], tender["reference"]) for tender in taken] == [("CARD", "T-77")]
    assert device.till.checkout.due_minor == device.till.checkout.total_minor - 10_000
    device.close()


async def test_what_no_longer_fits_is_said_and_not_counted() -> None:
    shop = Shop()
    device = await paying(shop)
    await device.choose("kinds", "CARD")
    await device.type("reference", "T-77")
    await device.keys("20000")
    await device.press("pay")
    await device.sees("¥68.20")
    device.till.go("/")
    await device.sees("收款 ¥268.20")
    shop.percent_off = 90
    line = device.till.basket.lines[0]
    await device.till.basket_work.set_quantity(line, 2)
    await device.sees("收款 ¥59.60")

    await device.press("to-payment")

    await device.sees("退还顾客")
    assert device.till.payment.tenders == []
    device.close()


# Sign-in


async def test_a_pin_that_is_wrong_five_times_says_how_long_to_wait() -> None:
    shop = Shop()
    device = await activated(shop)
    await device.type("staff-number", "1001", enter=True)
    for _ in range(4):
        await device.keys("1111")
        await device.press("sign-in")
        await device.sees("还可以再试")
    shop.refuse["signInWithPin"] = ("LOCKED_OUT", {"minutes": "15"})
    await device.keys("1111")
    await device.press("sign-in")

    await device.sees("请在 15 分钟后再试")
    assert device.till.desk.staff is None
    assert shop.count("signInWithPin") == 5
    device.close()


async def test_a_token_that_ended_with_a_full_basket_loses_nothing_of_it() -> None:
    shop = Shop()
    device = await with_dress(shop, member=True)
    await device.type("scan", COAT_EAN, enter=True)
    await device.until(lambda: len(device.till.basket.lines) == 2)
    shop.expired.add("access-1")
    shop.refuse["refresh"] = ("REFRESH_REJECTED", {})

    await device.till.basket_work.price()
    await device.sees("登录已过期")
    await device.keys("2580")
    await device.press("sign-in")

    await device.until(lambda: device.till.pricing.quote is not None)
    assert [line.style_code for line in device.till.basket.lines] == ["A001", "A002"]
    assert (device.till.basket.member or {})["cardCode"] == CARD
    await device.press("to-payment")
    await device.press("pay")
    await device.until(lambda: len(shop.orders) == 1)
    device.close()


# Codes


@pytest.mark.parametrize("code", ["6900000000003", "NOBODYS-9", "S01-D1-999999"])
async def test_an_unknown_code_says_so_and_changes_nothing(code: str) -> None:
    shop = ReturnDesk()
    shop.order["receiptNumber"] = "S01-D1-000001"
    device = await with_dress(shop)
    shop.orders.clear()
    before = device.till.basket_work.kept()

    await device.type("scan", code, enter=True)

    await device.until(lambda: device.named("scan-trouble") is not None)
    assert device.says(code)
    assert device.till.basket_work.kept() == before
    device.close()


async def test_a_code_that_is_known_twice_is_chosen_from() -> None:
    shop = Shop()
    shop.pieces["again"] = piece(7, "真丝连衣裙", "蓝", "M", DRESS_EAN, 29800, 5)
    device = await working(shop)

    await device.type("scan", DRESS_EAN, enter=True)

    await device.sees("对应多个商品，请点一个")
    assert device.till.basket.lines == []
    assert [sku["colour"] for sku in device.till.search.results or []] == ["红", "蓝"]
    device.close()


async def test_a_number_that_fits_two_members_is_chosen_from() -> None:
    shop = Shop()
    first = shop.people["13800001111"]
    other = {**first, "id": "0190a000-0000-7000-8000-0000000000ac", "name": "某丙"}
    shop.people["13900001111"] = other
    device = await working(shop)

    await device.type("scan", "1111", enter=True)

    await device.until(lambda: device.route == "/members")
    await device.sees("某丙")
    assert device.says("某乙")
    assert device.till.basket.member is None
    device.close()


# What changes meanwhile


async def test_a_price_that_changed_is_agreed_to_before_it_is_paid() -> None:
    shop = Shop()
    device = await paying(shop)
    shop.percent_off = 0

    await device.press("pay")
    await device.sees("价格变了")
    assert shop.orders == {}
    await device.press("accept-price")
    await device.sees("¥298.00")
    await device.press("pay")

    await device.until(lambda: len(shop.orders) == 1)
    first, second = shop.inputs
    assert first["orderId"] != second["orderId"]
    assert next(iter(shop.orders.values()))["totalMinor"] == "29800"
    device.close()


async def test_a_coupon_used_elsewhere_a_second_ago_is_left_out_in_one_tap() -> None:
    shop = Shop()
    device = await with_dress(shop)
    await device.type("scan", "WELCOME-1", enter=True)
    await device.until(lambda: device.till.basket.coupons == ["WELCOME-1"])
    await device.press("to-payment")
    shop.refuse["placeOrder"] = ("COUPON_USED_UP", {"code": "WELCOME-1"})

    await device.press("pay")
    await device.sees("优惠券 WELCOME-1 已被使用")
    assert shop.orders == {}
    await device.press("without-coupon")
    await device.until(lambda: not device.till.pricing.pending)
    await device.press("pay")

    await device.until(lambda: len(shop.orders) == 1)
    assert shop.inputs[-1]["couponCodes"] == []
    device.close()


async def test_a_member_who_was_erased_meanwhile_does_not_stop_the_sale() -> None:
    shop = Shop()
    device = await paying(shop, member=True)
    shop.refuse["placeOrder"] = ("UNKNOWN_MEMBER", {})

    await device.press("pay")
    await device.sees("没有这位会员")
    assert shop.orders == {}
    await device.press("without-member")
    await device.until(lambda: not device.till.pricing.pending)
    await device.press("pay")

    await device.until(lambda: len(shop.orders) == 1)
    assert shop.inputs[-1]["memberId"] is None
    device.close()


async def test_a_member_who_was_merged_meanwhile_is_sold_to_as_the_survivor() -> None:
    """The gateway takes the old id for the survivor's; the receipt has whom it was booked for."""
    shop = Merging()
    device = await paying(shop, member=True)

    await device.press("pay")
    await device.sees("小票")

    assert len(shop.orders) == 1
    assert (device.till.receipt.order or {})["memberId"] == shop.survivor["id"]
    device.close()


class Merging(Shop):
    """The member on the device has become another one since."""

    def __init__(self) -> None:
        super().__init__()
        self.survivor = {**self.people["13800001111"], "name": "某甲", "cardCode": "M9",
                         "id": "0190a000-0000-7000-8000-0000000000ab"}  # fmt: skip
        self.people["13800002222"] = self.survivor

    def place_order(self, input: dict[str, Any]) -> Any:  # noqa: A002
        return super().place_order({**input, "memberId": self.survivor["id"]})


async def test_the_last_piece_that_went_meanwhile_is_seen_before_paying() -> None:
    shop = Shop()
    device = await working(shop)
    await device.type("scan", "连衣裙")
    await device.sees("可售 5")

    shop.tell("stockChanged", {"levels": [level(shop, 0, version=3)]})

    await device.until(lambda: (device.till.search.results or [])[0]["available"] == 0)
    device.close()


# The device


async def test_a_device_whose_clock_is_a_day_off_shows_the_stores_today() -> None:
    desk = ReturnDesk()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    desk.time = tomorrow.isoformat()
    asked: list[dict[str, Any]] = []
    listing = desk.list_orders

    def list_orders(**question: Any) -> Any:
        asked.append(question)
        return listing(**question)

    desk.list_orders = list_orders  # type: ignore[method-assign]
    device = await working(desk)
    await device.until(lambda: desk.count("now") == 1)
    await device.settle()
    device.till.go("/orders")
    await device.until(lambda: bool(asked))

    shown = tomorrow.astimezone(clock.zone_of(device.till.desk.store)).date().isoformat()
    assert asked[-1]["businessDate"] == shown
    assert asked[-1]["storeId"] == STORE
    device.close()


async def test_a_name_of_sixty_characters_is_cut_and_pushes_nothing_out() -> None:
    shop = Shop()
    shop.people["13800001111"]["name"] = LONG
    device = await with_dress(shop)
    await device.type("scan", CARD, enter=True)
    await device.sees(LONG)

    def spilling() -> list[str]:
        return [
            text.value
            for text in device.drawn()
            if isinstance(text, ft.Text) and LONG in (text.value or "")
            if text.no_wrap and text.overflow != ft.TextOverflow.ELLIPSIS
        ]

    assert spilling() == []
    await device.press("to-payment")
    assert spilling() == []
    await device.press("pay")
    await device.sees("小票")
    assert spilling() == []
    device.close()


# An answer that never comes


async def test_an_answer_that_never_comes_leaves_the_sale_waiting_and_sells_it_once() -> None:
    shop = Shop()
    device = await paying(shop)
    shop.broken["placeOrder"] = 10**6

    await device.press("pay")
    await device.sees("这笔销售还没有回应")
    device = await device.reload()
    assert len(device.till.unsent.sales) == 1
    assert device.till.unsent.sales[0]["id"] in shop.orders  # the work was done, nobody knew
    shop.broken.clear()

    await device.until(lambda: device.till.unsent.sales == [])
    assert len(shop.orders) == 1
    assert len({sent["orderId"] for sent in shop.inputs}) == 1
    device.close()


async def test_when_a_sale_was_saved_is_told_by_the_clock_of_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever the app runs, and though the device is a day behind."""
    shop = Shop()
    device = await paying(shop)
    shop.broken["placeOrder"] = 10**6
    await device.press("pay")
    await device.sees("这笔销售还没有回应")
    (sale,) = device.till.unsent.sales
    saved_at = datetime(2020, 12, 30, 20, tzinfo=UTC).timestamp()
    device.till.unsent.sales = [{**sale, "saved_at": saved_at}]
    monkeypatch.setattr(clock, "_ahead", timedelta(days=1))

    device.till.go("/unsent")

    await device.sees("2021-01-01 04:00 保存")
    device.close()


async def test_an_answer_that_trickles_in_for_ever_is_given_up() -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = HttpTransport(f"http://127.0.0.1:{port}", answer_seconds=0.2)
    try:
        with pytest.raises(Unreachable):
            await asyncio.wait_for(transport.post({"query": "{ now }"}, None), 5)
    finally:
        await transport.close()
        server.close()
