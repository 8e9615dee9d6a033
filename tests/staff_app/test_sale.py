"""The whole path on a device without a browser."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import flet as ft
import pytest

from staff_app.work.checkout import SECOND_TAP_SECONDS
from tests.staff_app.device import Device
from tests.staff_app.shop import CARD, DRESS_EAN, Shop

COAT_EAN = "6901234567908"


async def activated(shop: Shop) -> Device:
    device = await Device(shop).open()
    await device.type("activation-code", "1234567890", enter=True)
    await device.sees("请登录")
    return device


async def at_work(shop: Shop) -> Device:
    device = await activated(shop)
    await device.type("staff-number", "1001", enter=True)
    await device.keys("2580")
    await device.press("sign-in")
    await device.press("start-sale")
    await device.sees("扫第一件商品")
    return device


async def working(shop: Shop) -> Device:
    """Signed in before this page was opened: the device remembers."""
    kept = {f"chainstitch.{name}": json.dumps(value) for name, value in shop.kept().items()}
    return await Device(shop, kept).open()


async def with_dress(shop: Shop, member: bool = False) -> Device:
    device = await at_work(shop)
    if member:
        await device.type("scan", CARD, enter=True)
        await device.sees("某乙")
    await device.type("scan", DRESS_EAN, enter=True)
    await device.sees("收款 ¥268.20")
    return device


async def paying(shop: Shop, member: bool = False) -> Device:
    device = await with_dress(shop, member)
    await device.press("to-payment")
    await device.sees("应收")
    return device


Play = Callable[[], Awaitable[None]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("staff_app.work.outbox.FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr("staff_app.till.KNOCK_SECONDS", 0.1)
    monkeypatch.setattr("staff_app.work.booking.ASK_AFTER_SECONDS", 0.1)


def test_first_run_is_activation_then_sign_in() -> None:
    async def play() -> None:
        device = await at_work(Shop())

        assert device.stored("device")["deviceSecret"] == "secret"
        assert device.stored("tokens")["refresh"] == "refresh-1"
        assert device.says("店员甲")
        assert device.says("静安店")
        device.close()

    asyncio.run(play())


def test_keys_that_come_faster_than_the_screen_is_drawn_sign_in() -> None:
    async def play() -> None:
        device = await activated(Shop())
        field = next(each for each in device.drawn() if isinstance(each, ft.TextField))
        device.session.apply_patch(field._i, {"value": "1001"})
        await device.session.dispatch_event(field._i, "change", "1001")
        await device.session.dispatch_event(field._i, "submit", "1001")
        await device.type_on_the_page("2580")

        await device.until(lambda: device.named("start-sale") is not None)
        device.close()

    asyncio.run(play())


def test_signing_in_shows_home_and_no_other_screen_before() -> None:
    async def play() -> None:
        device = await activated(Shop())
        await device.type("staff-number", "1001", enter=True)
        await device.keys("2580")
        device.wire.late["push_route"] = []
        await device.press("sign-in")
        await device.until(lambda: device.named("sign-in") is None)

        assert device.named("start-sale") is not None
        await device.until(lambda: device.wire.pushed == ["/home"])
        assert device.wire.answer_late("push_route") == 1
        await device.press("start-sale")
        await device.sees("扫第一件商品")
        device.close()

    asyncio.run(play())


def test_a_wrong_activation_code_says_so() -> None:
    async def play() -> None:
        device = await Device(Shop()).open()
        await device.keys("11111111")
        await device.press("activate")

        await device.sees("激活码无效或已使用")
        assert device.stored("device") is None
        device.close()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("code", "said"), [("SIGN_IN_FAILED", "还可以再试 4 次"), ("LOCKED_OUT", "15 分钟后再试")]
)
def test_a_refused_sign_in_gives_the_reason_of_the_refusal(code: str, said: str) -> None:
    async def play() -> None:
        shop = Shop()
        device = await activated(shop)
        shop.refuse["signInWithPin"] = (code, {})
        await device.keys("1001")
        await device.press("sign-in")
        await device.keys("0000")
        await device.press("sign-in")

        await device.sees(said)
        assert device.till.desk.staff is None
        device.close()

    asyncio.run(play())


def test_a_scanned_code_does_what_it_is() -> None:
    async def play() -> None:
        shop = Shop()
        device = await at_work(shop)

        await device.type("scan", DRESS_EAN, enter=True)
        await device.sees("真丝连衣裙")
        await device.type("scan", CARD.lower(), enter=True)
        await device.sees("再消费 ¥10 升级金卡")
        await device.type("scan", "WELCOME-1", enter=True)
        await device.until(lambda: list(device.till.basket.coupons) == ["WELCOME-1"])
        await device.type("scan", "9999999999994", enter=True)
        await device.sees("没有找到“9999999999994”")

        assert device.till.basket.pieces == 1
        device.close()

    asyncio.run(play())


def test_a_scanner_is_heard_while_no_field_listens() -> None:
    async def play() -> None:
        device = await with_dress(Shop())
        await device.blur("scan")
        await device.type_on_the_page(COAT_EAN)

        await device.sees("羊毛大衣")
        assert device.till.basket.pieces == 2
        device.close()

    asyncio.run(play())


def test_a_field_that_answers_after_its_screen_has_gone_ends_nothing() -> None:
    async def play() -> None:
        device = await with_dress(Shop())
        device.wire.late["focus"] = []
        entering = asyncio.create_task(device.type("scan", COAT_EAN, enter=True))
        await device.until(lambda: device.wire.late["focus"] != [])
        device.till.go("/more")
        await device.until(lambda: device.named("scan") is None)
        assert device.wire.answer_late("focus") == 1
        await entering

        await device.press("tab-sale")
        await device.sees("羊毛大衣")
        device.close()  # it says whether the connection was lost

    asyncio.run(play())


def test_what_is_drawn_does_not_take_back_what_a_scanner_types_meanwhile() -> None:
    async def play() -> None:
        device = await with_dress(Shop())
        field = next(each for each in device.drawn() if isinstance(each, ft.TextField))
        device.session.apply_patch(field._i, {"value": COAT_EAN[:7]})
        await device.session.dispatch_event(field._i, "change", COAT_EAN[:7])
        device.session.apply_patch(field._i, {"value": COAT_EAN})  # and nothing is drawn yet
        await device.settle()
        assert COAT_EAN in device.texts()

        await device.session.dispatch_event(field._i, "change", COAT_EAN)
        await device.settle()
        assert device.till.search.text == COAT_EAN
        await device.session.dispatch_event(field._i, "submit", COAT_EAN)
        await device.sees("羊毛大衣")
        assert device.till.search.text == ""
        assert COAT_EAN not in device.texts()
        device.close()

    asyncio.run(play())


def test_a_code_leaves_its_field_before_it_is_looked_up() -> None:
    async def play() -> None:
        device = await at_work(Shop())
        asked, answered = asyncio.Event(), asyncio.Event()
        look_up = device.till.finding.scanned

        async def slowly(code: str) -> Any:
            asked.set()
            await answered.wait()
            return await look_up(code)

        device.till.finding.scanned = slowly  # type: ignore[method-assign]
        entering = asyncio.create_task(device.type("scan", DRESS_EAN, enter=True))
        await asked.wait()
        await device.settle()
        assert DRESS_EAN not in device.texts()

        answered.set()
        await entering
        await device.sees("真丝连衣裙")
        device.close()

    asyncio.run(play())


def test_pieces_are_counted_removed_and_brought_back() -> None:
    async def play() -> None:
        shop = Shop()
        device = await with_dress(shop)

        await device.press("more-1")
        await device.sees("收款 ¥536.40")
        await device.type("scan", DRESS_EAN, enter=True)
        await device.sees("收款 ¥804.60")
        for _ in range(3):
            await device.press("fewer-1")
        await device.sees("已移除 真丝连衣裙")
        assert device.till.basket.pieces == 0
        assert device.stored("basket") is None

        await device.press_undo()
        await device.sees("收款 ¥268.20")
        assert device.stored("basket")["lines"][0]["quantity"] == 1
        device.close()

    asyncio.run(play())


def test_the_price_of_a_line_explains_itself() -> None:
    async def play() -> None:
        device = await with_dress(Shop())
        await device.press("why-1")

        await device.sees("每件九折")
        assert device.says("-¥29.80")
        device.close()

    asyncio.run(play())


def test_search_finds_pieces_by_words() -> None:
    async def play() -> None:
        device = await at_work(Shop())
        await device.type("scan", "大衣")
        await device.press("sku-A002-L")

        await device.sees("收款 ¥1,169.10")
        device.close()

    asyncio.run(play())


def test_who_is_not_found_gets_a_card() -> None:
    async def play() -> None:
        shop = Shop()
        device = await at_work(shop)
        await device.press("find-member")
        await device.keys("13900002222")
        await device.sees("还不是会员")
        await device.sees("本店会员须知")
        await device.type("member-name", "顾客喆")
        await device.press("register")
        assert shop.count("registerMember") == 0  # without consent nothing is sent

        await device.tick("agrees")
        await device.press("register")

        await device.sees("顾客喆")
        sent = shop.inputs[0]
        assert (sent["phone"], sent["sourceChannel"]) == ("13900002222", "store")
        agreed = {c["purpose"]: c["granted"] for c in sent["consents"]}
        assert agreed == {"MEMBERSHIP": True, "MARKETING": False}
        assert sent["consents"][0]["noticeVersion"] == "2026-02"  # the one HQ has published
        device.close()

    asyncio.run(play())


def test_cash_with_change_and_a_confirmed_receipt() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop, member=True)
        await device.keys("30000")
        await device.sees("¥31.80")
        await device.press("pay")

        await device.sees("小票 S01-D1-000001")
        await device.sees("已入账")
        await device.sees("1,468")
        tender = shop.inputs[0]["tenders"][0]
        assert tender == {"kind": "CASH", "amountMinor": "26820", "givenMinor": "30000"}
        await device.until(lambda: device.stored("unsent") is None)
        await device.until(lambda: device.stored("basket") is None)

        await device.press("next-sale")
        await device.sees("扫第一件商品")
        device.close()

    asyncio.run(play())


def test_a_silent_socket_is_made_up_for_by_asking() -> None:
    async def play() -> None:
        shop = Shop()
        shop.silent = True
        device = await paying(shop, member=True)
        await device.press("pay")

        await device.sees("已入账")
        assert shop.count("statement") >= 2
        device.close()

    asyncio.run(play())


def test_points_wallet_and_card_share_a_payment() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop, member=True)
        await device.press("use-points")
        await device.press("use-wallet")
        await device.sees("¥206.20")
        await device.keys("10000")
        await device.press("pay")
        await device.press("pay")  # a double tap takes the part, and not the rest too
        await device.sees("¥106.20")
        assert shop.inputs == []
        await device.choose("kinds", "CARD")
        assert device.says("请输入终端流水号")
        await device.type("reference", "T-998877")
        await asyncio.sleep(SECOND_TAP_SECONDS)
        await device.press("pay")

        await device.sees("小票 S01-D1-000001")
        assert [(t["kind"], t["amountMinor"]) for t in shop.inputs[0]["tenders"]] == [
            ("POINTS", "1200"), ("WALLET", "5000"), ("CASH", "10000"), ("CARD", "10620"),
        ]  # fmt: skip
        device.close()

    asyncio.run(play())


def test_the_language_changes_while_one_works() -> None:
    async def play() -> None:
        device = await with_dress(Shop(), member=True)
        await device.press("language")

        await device.sees("Take ¥268.20")
        assert device.says("¥10 more to reach Gold")
        assert device.stored("preferences")["language"] == "en"
        on_screen = [text for text in device.texts() if text != "会员 某乙"]  # said before
        chinese = [text for text in on_screen if "收款" in text or "会员" in text]
        assert chinese == []
        device.close()

    asyncio.run(play())
