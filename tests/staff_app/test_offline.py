"""A till whose network is gone goes on selling, and tells it when the network is back."""

import asyncio
import io
import json
from datetime import datetime
from typing import Any

import flet as ft
import zxingcpp
from PIL import Image

from tests.staff_app.alone import FarShop, Room, cut, with_room
from tests.staff_app.device import Device
from tests.staff_app.shop import CARD, DRESS_EAN
from tests.staff_app.test_sale import COAT_EAN, quick  # noqa: F401


async def sold_alone(device: Device) -> dict[str, Any]:
    """The basket at hand is paid in cash; the sale as the device keeps it."""
    await device.press("to-payment")
    await device.press("pay")
    await device.sees("离线小票")
    kept: list[dict[str, Any]] = await device.till.storage.read("unsent")
    return kept[-1]


def test_it_sells_alone_and_tells_it_later() -> None:
    async def play() -> None:
        shop = FarShop()
        device = await with_room(shop)
        await cut(device, shop)
        await device.sees("收款 ¥268.20")
        sale = await sold_alone(device)

        offline = sale["input"]["offline"]
        assert sale["input"]["lines"][0]["statedMinor"] == "26820"
        assert offline["terms"] == {
            "units": [{"line": 1, "unitMinor": "29800"}],
            "promotions": [{"promotionId": offline["terms"]["promotions"][0]["promotionId"],
                            "version": 1, "discountMinor": "2980"}],
        }  # fmt: skip
        assert (offline["ruleVersion"], offline["receipt"]) == (3, "S01-D1L-000001")
        assert await device.till.storage.read("basket") is None

        shop.down = False
        await device.until(lambda: sale["id"] in shop.orders, "the sale")
        await device.sees("小票 S01-D1-000001")
        await device.until(lambda: bool(shop.reports), "the report")
        assert (shop.reports[0]["sales"], shop.reports[0]["totalMinor"]) == (1, "26820")
        assert shop.reports[0]["spellId"] == offline["spellId"]
        await device.until(lambda: not device.says("离线销售中"))
        device.close()

    asyncio.run(play())


def test_its_receipt_has_number_and_code_at_once_and_can_be_shared_as_text() -> None:
    async def play() -> None:
        shop = FarShop()
        device = await with_room(shop)
        await cut(device, shop)
        await sold_alone(device)
        await device.sees("小票 S01-D1L-000001")
        (shown,) = [each for each in device.drawn() if isinstance(each, ft.Image)]
        picture = Image.open(io.BytesIO(shown.src)).resize((290, 290), Image.Resampling.NEAREST)
        assert [code.text for code in zxingcpp.read_barcodes(picture)] == ["S01-D1L-000001"]

        device.wire.services["share_text"] = {"status": "success", "raw": ""}
        await device.press("share-text")
        [(_, told)] = [call for call in device.wire.called if call[0] == "share_text"]
        lines = told["text"].splitlines()
        assert lines[:2] == ["静安店", "小票 S01-D1L-000001"]
        assert lines[4:8] == [
            "真丝连衣裙 红 M × 1  ¥298.00", "全场九折  -¥29.80", "合计  ¥268.20", "现金  ¥268.20",
        ]  # fmt: skip
        assert device.named("print-receipt") is None

        shop.down = False
        await device.until(lambda: device.named("receipt-code") is None, "the gateway's receipt")
        assert device.says("小票 S01-D1-000001")
        assert device.named("print-receipt") is not None
        device.close()

    asyncio.run(play())


def test_pieces_and_members_are_found_without_network() -> None:
    async def play() -> None:
        shop = FarShop()
        device = await with_room(shop)
        await cut(device, shop)
        await device.type("scan", COAT_EAN, enter=True)
        await device.type("scan", CARD, enter=True)
        await device.sees("某乙")
        await device.sees("****1111")
        assert [line.name for line in device.till.basket.lines] == ["真丝连衣裙", "羊毛大衣"]
        await device.type("scan", "大衣")
        await device.until(lambda: device.named("sku-A002-L") is not None, "the coat")
        device.till.finding.close_search()
        await device.settle()
        sale = await sold_alone(device)
        assert sale["input"]["offline"]["terms"]["tier"] == "silver"
        device.close()

    asyncio.run(play())


def test_twenty_sales_with_two_reloads_and_lost_answers_are_there_once() -> None:
    async def play() -> None:
        shop, room = FarShop(), Room()
        device = await with_room(shop, room)
        await cut(device, shop)
        for number in range(20):
            if number in (7, 14):
                device = await device.reload()
                await device.till.basket_work.add(shop.pieces[DRESS_EAN])
            elif number:
                await device.till.basket_work.add(shop.pieces[DRESS_EAN])
            device.till.checkout.begin()
            await device.till.pay()
        made = [sale["id"] for sale in json.loads(room.kept["unsent"])]
        receipts = [sale["input"]["offline"]["receipt"] for sale in json.loads(room.kept["unsent"])]
        spells = {sale["input"]["offline"]["spellId"] for sale in json.loads(room.kept["unsent"])}
        assert len(set(made)) == len(set(receipts)) == 20
        assert len(spells) == 1

        shop.broken = {"placeOrder": 5}
        shop.down = False
        await device.until(lambda: "unsent" not in room.kept, "all told", seconds=20)
        # One that gets no answer does not keep the others waiting: the order may be another.
        assert sorted(shop.orders) == sorted(made)
        assert len(shop.inputs) == 25
        await device.until(lambda: bool(shop.reports), "the report")
        assert [report["sales"] for report in shop.reports] == [20]
        device.close()

    asyncio.run(play())


def test_a_page_that_is_loaded_anew_tells_of_the_time_before() -> None:
    async def play() -> None:
        shop, room = FarShop(), Room()
        device = await with_room(shop, room)
        await cut(device, shop)
        sale = await sold_alone(device)
        device.close()
        shop.down = False
        device = await device.open()

        await device.until(lambda: bool(shop.reports), "the report")
        assert shop.reports[0]["spellId"] == sale["input"]["offline"]["spellId"]
        assert list(shop.orders) == [sale["id"]]
        assert "spell" not in room.kept
        device.close()

    asyncio.run(play())


def test_points_and_coupons_wait_for_the_network() -> None:
    async def play() -> None:
        shop = FarShop()
        device = await with_room(shop)
        await device.type("scan", CARD, enter=True)
        await device.sees("某乙")
        await device.till.basket_work.add_coupon("WELCOME-1")
        await cut(device, shop)
        await device.sees("优惠券要联网才能核销")
        await device.press("to-payment")
        assert device.named("use-points") is None
        await device.press("pay")
        await device.sees("离线小票")
        sale = (await device.till.storage.read("unsent"))[0]
        assert sale["input"]["couponCodes"] == []
        device.close()

    asyncio.run(play())


def test_what_the_rule_does_not_allow_is_not_sold() -> None:
    async def play() -> None:
        for limit, said in (
            ({"saleMinor": "26819"}, "单笔上限 ¥268.19"), ({"totalMinor": "26819"}, "累计已到上限"),
            ({"allowed": False}, "未开放离线销售"), ({"roles": ["STORE_MANAGER"]}, "您的岗位"),
        ):  # fmt: skip
            shop = FarShop()
            shop.rule |= limit
            device = await with_room(shop)
            shop.down = True
            await device.type("scan", DRESS_EAN, enter=True)
            await device.sees(said)
            await device.press("to-payment")
            assert device.route == "/"
            device.close()

    asyncio.run(play())


def test_a_sale_that_is_refused_stays_until_a_manager_accepts_it() -> None:
    async def play() -> None:
        shop = FarShop()
        shop.roles = ["STORE_MANAGER"]
        device = await with_room(shop)
        await cut(device, shop)
        sale = await sold_alone(device)
        shop.limit, shop.down = "OUT_OF_STOCK", False
        await device.until(lambda: bool(device.till.unsent.sales[0].get("refusal")), "refusal")
        device = await device.reload()
        device.till.go("/unsent")
        await device.sees("可售 0 件")
        await device.type(f"reason-{sale['id']}", "顾客已付款")
        await device.press(f"accept-{sale['id']}")

        await device.until(lambda: device.till.unsent.sales == [], "accepted")
        assert list(shop.orders) == [sale["id"]]
        device.close()

    asyncio.run(play())


def test_an_associate_asks_the_manager_and_can_send_again() -> None:
    async def play() -> None:
        shop = FarShop()
        device = await with_room(shop)
        await cut(device, shop)
        sale = await sold_alone(device)
        shop.limit, shop.down = "OUT_OF_STOCK", False
        await device.until(lambda: bool(device.till.unsent.sales[0].get("refusal")), "refusal")
        device.till.go("/unsent")
        await device.sees("请店长登录后确认入账")
        assert device.named(f"put-back-{sale['id']}") is None
        shop.limit = None
        await device.press(f"send-again-{sale['id']}")
        await device.until(lambda: device.till.unsent.sales == [], "sent")
        device.close()

    asyncio.run(play())


def test_a_clock_a_day_ahead_is_told_with_the_sale() -> None:
    async def play() -> None:
        shop = FarShop()
        shop.ahead_seconds = 86_400
        device = await with_room(shop)
        await cut(device, shop)
        sale = await sold_alone(device)

        offline = sale["input"]["offline"]
        claimed = datetime.fromisoformat(offline["claimedAt"])
        contact = datetime.fromisoformat(offline["contactAt"])
        assert abs(offline["aheadSeconds"] - 86_400) <= 1
        assert 86_000 < (claimed - contact).total_seconds() < 86_800
        device.close()

    asyncio.run(play())


def test_only_what_has_changed_is_asked_for_again() -> None:
    async def play() -> None:
        shop = FarShop()
        device = await with_room(shop)
        dress = shop.pieces[DRESS_EAN]
        dress["priceMinor"] = "19900"
        shop.version = 2
        device.till.offline.wake()
        await device.until(lambda: device.till.snapshot.price(dress["id"]) == 19_900, "new price")
        device = await device.reload()
        await device.until(lambda: device.till.alone.ready)
        assert device.till.snapshot.price(dress["id"]) == 19_900
        device.close()

    asyncio.run(play())


def test_tries_and_days_of_a_pin_are_the_rules() -> None:
    async def play() -> None:
        shop, room = FarShop(), Room()
        device = await with_room(shop, room)
        await device.until(lambda: room.limits == (5, 7), "the limits")
        shop.rule |= {"pinTries": 3, "pinDays": 2}
        device.till.offline.wake()
        await device.until(lambda: room.limits == (3, 2), "the new limits")
        device.close()

    asyncio.run(play())


def test_a_sale_that_cannot_be_kept_is_not_made() -> None:
    async def play() -> None:
        shop, room = FarShop(), Room()
        device = await with_room(shop, room)
        await cut(device, shop)
        await device.press("to-payment")
        room.full = True
        await device.press("pay")

        await device.sees("本机没能保存这笔销售")
        assert device.till.basket.pieces == 1
        assert (device.till.alone.spell or {})["sales"] == 0
        device.close()

    asyncio.run(play())
