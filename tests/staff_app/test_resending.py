"""Sales that meet trouble on their way: never lost, never made twice, never a dead end."""

import asyncio

from tests.staff_app.device import Device
from tests.staff_app.shop import COLLEAGUE, DRESS_EAN, STAFF, Shop
from tests.staff_app.test_sale import at_work, paying, quick, with_dress  # noqa: F401


def ids(shop: Shop) -> set[str]:
    return {sent["orderId"] for sent in shop.inputs}


def test_a_double_tap_pays_once() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        shop.slow = 0.05
        await asyncio.gather(*(device.press("pay") for _ in range(5)))

        await device.sees("小票 S01-D1-000001")
        assert len(shop.orders) == len(shop.inputs) == 1
        device.close()

    asyncio.run(play())


def test_the_sale_is_on_the_device_before_it_is_sent() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        shop.slow = 0.2
        pressing = asyncio.ensure_future(device.press("pay"))
        await device.until(lambda: device.stored("unsent") is not None)

        assert shop.inputs == []
        saved = device.stored("unsent")[0]
        assert saved["input"]["totalMinor"] == "26820"
        await pressing
        await device.sees("小票")
        assert ids(shop) == {saved["id"]}
        device.close()

    asyncio.run(play())


def test_the_outbox_leaves_a_sale_alone_that_is_being_paid() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        device.wire.slow = 0.3  # several rounds of the outbox pass while the device writes
        await device.press("pay")

        await device.sees("已收款")
        assert len(shop.inputs) == 1
        assert device.till.basket.pieces == 0
        device.close()

    asyncio.run(play())


def test_a_sale_that_cannot_be_saved_is_not_sent() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        device.wire.keeps = False
        await device.press("pay")

        await device.sees("本机没能保存这笔销售")
        assert shop.inputs == []
        assert device.till.basket.pieces == 1
        device.close()

    asyncio.run(play())


def test_a_lost_answer_is_asked_for_again_with_the_same_id() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        shop.broken["placeOrder"] = 2
        await device.press("pay")

        await device.sees("小票 S01-D1-000001")
        assert len(shop.inputs) == 3
        assert len(ids(shop)) == len(shop.orders) == 1
        device.close()

    asyncio.run(play())


def test_an_unsent_sale_survives_a_reload_and_is_sent_by_itself() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop, member=True)
        shop.broken["placeOrder"] = 99
        await device.press("pay")
        await device.until(lambda: len(shop.inputs) >= 1)
        shop.down, shop.broken = True, {}
        saved = device.stored("unsent")[0]["id"]

        await device.reload()
        await device.sees("待上传销售 1 笔")
        assert device.till.basket.pieces == 0
        shop.down = False

        await device.sees("小票 S01-D1-000001")
        assert ids(shop) == {saved}
        assert len(shop.orders) == 1
        assert device.stored("unsent") is None
        device.close()

    asyncio.run(play())


def test_the_next_sale_need_not_wait_for_the_last() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        shop.broken["placeOrder"] = 999
        await device.press("pay")
        await device.sees("这笔销售还没有回应")
        await device.press("next-meanwhile")
        await device.sees("扫第一件商品")
        await device.type("scan", "6901234567908", enter=True)
        await device.sees("羊毛大衣")
        shop.broken = {}

        await device.sees("待上传销售已上传，小票 S01-D1-000001")
        assert device.till.basket.pieces == 1  # the sale at hand is left alone
        device.close()

    asyncio.run(play())


def test_a_changed_price_is_shown_and_needs_a_new_order() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        shop.percent_off = 0
        await device.press("pay")
        await device.sees("价格变了")
        assert device.says("¥268.20")
        assert shop.orders == {}
        assert device.stored("unsent") is None

        await device.press("accept-price")
        await device.sees("收款 ¥298.00")
        await device.press("pay")

        await device.sees("小票 S01-D1-000001")
        assert len(ids(shop)) == 2
        assert [order["totalMinor"] for order in shop.orders.values()] == ["29800"]
        device.close()

    asyncio.run(play())


def test_no_stock_names_the_piece_and_the_stores_that_have_it() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        sku_id = shop.pieces[DRESS_EAN]["id"]
        shop.refuse["placeOrder"] = ("OUT_OF_STOCK", {"sku_id": sku_id})
        await device.press("pay")

        await device.sees("“羊毛大衣”可售 0 件")
        await device.sees("徐汇店")
        await device.press("change-basket")
        await device.sees("真丝连衣裙")
        assert device.till.basket.pieces == 1
        device.close()

    asyncio.run(play())


def test_an_expired_token_is_renewed_without_a_word() -> None:
    async def play() -> None:
        shop = Shop()
        device = await with_dress(shop)
        shop.expired.add("access-1")
        await device.press("more-1")

        await device.sees("收款 ¥536.40")
        assert shop.count("refresh") == 1
        assert device.stored("tokens")["refresh"] == "refresh-2"
        device.close()

    asyncio.run(play())


def test_an_ended_sign_in_keeps_basket_and_unsent_sale() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        shop.expired.add("access-1")
        shop.refuse["refresh"] = ("REFRESH_REJECTED", {})
        await device.press("pay")
        await device.sees("登录已过期，请重新登录，购物篮还在。")
        saved = device.stored("unsent")[0]["id"]

        shop.generation = 5
        await device.keys("2580")
        await device.press("sign-in")

        await device.sees("小票 S01-D1-000001")
        assert ids(shop) == {saved}
        device.close()

    asyncio.run(play())


def test_a_sale_that_is_sent_by_a_colleague_stays_its_sellers() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        shop.expired.add("access-1")
        shop.refuse["refresh"] = ("REFRESH_REJECTED", {})
        await device.press("pay")
        await device.sees("登录已过期，请重新登录，购物篮还在。")
        assert device.stored("unsent")[0]["input"]["sellerId"] == STAFF

        shop.generation, shop.staff = 5, COLLEAGUE
        await device.keys("2580")
        await device.press("sign-in")

        await device.sees("小票 S01-D1-000001")
        assert device.stored("staff")["id"] == COLLEAGUE
        assert {sent["sellerId"] for sent in shop.inputs} == {STAFF}
        device.close()

    asyncio.run(play())


def test_basket_and_sign_in_survive_a_reload() -> None:
    async def play() -> None:
        shop = Shop()
        device = await with_dress(shop, member=True)
        await device.reload()

        await device.sees("收款 ¥268.20")
        assert device.says("某乙")
        assert shop.count("signInWithPin") == 1
        device.close()

    asyncio.run(play())


def test_another_window_may_have_renewed_the_tokens() -> None:
    async def play() -> None:
        shop = Shop()
        first = await with_dress(shop)
        second = await Device(shop, first.kept).open()
        await second.sees("收款 ¥268.20")
        shop.expired.add("access-1")
        await second.press("more-1")
        await second.sees("收款 ¥536.40")

        await first.press("more-1")
        await first.sees("收款 ¥536.40")
        assert shop.count("refresh") == 1
        first.close()
        second.close()

    asyncio.run(play())


def test_no_answer_shows_a_banner_that_goes_by_itself() -> None:
    async def play() -> None:
        shop = Shop()
        device = await at_work(shop)
        shop.down = True
        await device.type("scan", DRESS_EAN, enter=True)
        await device.sees("系统暂时没有回应")
        shop.down = False
        await device.until(lambda: not device.says("系统暂时没有回应"))

        device.close()

    asyncio.run(play())


def test_a_price_that_could_not_be_asked_for_comes_by_itself() -> None:
    async def play() -> None:
        shop = Shop()
        device = await with_dress(shop)
        shop.down = True
        await device.press("more-1")
        await device.sees("价格待确认")
        await device.press("to-payment")
        assert not device.says("应收")  # not at a price nobody has confirmed
        shop.down = False

        await device.sees("收款 ¥536.40")
        device.close()

    asyncio.run(play())
