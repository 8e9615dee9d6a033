"""Settings, the printer, and the hand-over of the device between colleagues."""

import asyncio
import re
from pathlib import Path
from typing import Any, ClassVar

import staff_app
from tests.staff_app.device import Device
from tests.staff_app.shop import COLLEAGUE, DEVICE, REFUSALS, STORE, Shop, refusal
from tests.staff_app.test_sale import quick, with_dress, working  # noqa: F401

REFUSALS["PRINTER_ADDRESS"] = ("“8.8.8.8”不是门店内网的打印机地址", "No address of a printer")


class TwoPeople(Shop):
    """A colleague, whose PIN is another."""

    fields: ClassVar[dict[str, str]] = {
        **Shop.fields, "printers": "printers", "savePrinter": "save_printer",
        "testPrinter": "test_printer",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[str] = []
        self.saved: list[dict[str, Any]] = []
        self.tested = 0

    def sign_in(self, input: dict[str, Any]) -> Any:  # noqa: A002
        if input["staffNumber"] != "1002":
            return super().sign_in(input)
        self.staff, self.generation = COLLEAGUE, self.generation + 1
        signed_in = self._signed_in()
        signed_in["identity"] |= {"name": "店员乙", "number": "1002"}
        return signed_in

    def sign_out(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.ended.append(input["refreshToken"])
        return {"done": True}

    def printers(self, **_: Any) -> Any:
        return [{**each, "port": 9100, "version": 1, "authorId": STORE,
                 "validFrom": "2026-03-01T00:00:00+00:00"}
                for each in reversed(self.saved) if each["address"]]  # fmt: skip

    def save_printer(self, input: dict[str, Any]) -> Any:  # noqa: A002
        if input["address"] == "8.8.8.8":
            return {"refusal": refusal("PRINTER_ADDRESS")}
        self.saved.append(input)
        return {"printer": None}

    def test_printer(self, **_: Any) -> Any:
        self.tested += 1
        return {"done": True}


async def in_settings(shop: Shop) -> Device:
    device = await working(shop)
    await device.press("tab-more")
    await device.press("settings")
    await device.sees("小票打印机")
    return device


def test_the_device_is_handed_over_in_two_taps_and_keeps_the_basket() -> None:
    async def play() -> None:
        shop = TwoPeople()
        device = await with_dress(shop)
        people = [{"number": "1001", "name": "店员甲"}, {"number": "1002", "name": "店员乙"}]
        device.till.preferences.recent_staff = people
        await device.press("hand-over")
        await device.sees("交给谁？")
        assert shop.ended == ["refresh-1"]  # whoever had it is out, also at the server
        assert device.stored("tokens") is None
        await device.press("colleague-1002")
        await device.keys("1357")
        await device.press("sign-in")

        await device.sees("收款 ¥268.20")
        assert device.says("店员乙")
        await device.press("to-payment")
        await device.press("pay")
        await device.sees("已收款")
        assert shop.inputs[-1]["sellerId"] == COLLEAGUE
        device.close()

    asyncio.run(play())


def test_whoever_signs_in_without_a_hand_over_is_the_last_one_again() -> None:
    async def play() -> None:
        device = await with_dress(TwoPeople())
        await device.till.desk_work.sign_out()
        await device.sees("请登录")
        await device.keys("2580")
        await device.press("sign-in")
        await device.sees("收款 ¥268.20")
        device.close()

    asyncio.run(play())


def test_a_hand_over_is_offered_on_every_way_through_the_app() -> None:
    async def play() -> None:
        device = await working(TwoPeople())
        for tab in ("members", "stock", "more", "sale"):
            await device.press(f"tab-{tab}")
            await device.until(lambda: device.named("hand-over") is not None, tab)
        device.close()

    asyncio.run(play())


def test_a_manager_sets_the_printer_of_the_store_and_tries_it() -> None:
    async def play() -> None:
        shop = TwoPeople()
        shop.roles = ["STORE_MANAGER"]
        device = await in_settings(shop)
        assert device.says("还没有设置")
        assert device.named("printer-test") is None
        await device.type("printer-address", "8.8.8.8")
        await device.press("printer-save")
        await device.sees("不是门店内网的打印机地址")
        await device.type("printer-address", "192.168.1.50")
        await device.choose("paper", "MM58")
        await device.switch("printer-drawer")
        await device.press("printer-save")
        await device.sees("192.168.1.50 · 本店")
        await device.press("printer-test")
        await device.sees("已送到打印机")

        [saved] = shop.saved
        assert (saved["storeId"], saved["deviceId"]) == (STORE, None)
        assert (saved["paper"], saved["characters"], saved["drawer"]) == ("MM58", "GB18030", True)
        assert shop.tested == 1
        await device.choose("printer-owner", "device")
        await device.press("printer-save")
        await device.sees("192.168.1.50 · 这台设备")
        assert shop.saved[1]["deviceId"] == DEVICE
        device.close()

    asyncio.run(play())


def test_an_associate_sees_the_printer_and_changes_language_and_look() -> None:
    async def play() -> None:
        device = await in_settings(TwoPeople())
        assert device.says("打印机由店长设置。")
        assert device.named("printer-save") is None
        await device.choose("look", "dark")
        await device.choose("language", "en")
        await device.sees("Receipt printer")
        assert device.says(f"Chainstitch {staff_app.VERSION}")
        assert device.stored("preferences")["look"] == "dark"
        await device.press("sign-out")
        await device.until(lambda: device.named("staff-number") is not None, "sign-in")
        device.close()

    asyncio.run(play())


def test_the_version_is_the_projects() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    found = re.search(r'^version = "([^"]+)"', project, re.MULTILINE)
    assert found is not None
    assert found[1] == staff_app.VERSION
