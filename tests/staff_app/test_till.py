"""A till that keeps things encrypted: what sign-in opens, with the server and without it."""

import asyncio
from typing import Any

import pytest

from staff_app.storage import Locked, NotKept
from tests.staff_app.device import Device
from tests.staff_app.shop import DRESS_EAN, Shop
from tests.staff_app.test_sale import quick  # noqa: F401
from tests.staff_app.vault import Vault


def run(play: Any) -> None:
    asyncio.run(play())


async def sign_in(device: Device, pin: str = "2580") -> None:
    if device.till.preferences.recent_staff:
        await device.press("colleague-1001")
    else:
        await device.type("staff-number", "1001", enter=True)
    await device.keys(pin)
    await device.press("sign-in")


async def till_at_work(shop: Shop, vault: Vault) -> Device:
    device = await Device(shop, storage=vault.storage).open()
    await device.type("activation-code", "1234567890", enter=True)
    await device.sees("请登录")
    await sign_in(device)
    await device.press("start-sale")
    await device.sees("扫第一件商品")
    return device


async def with_an_unsent_sale(shop: Shop, vault: Vault) -> Device:
    device = await till_at_work(shop, vault)
    await device.type("scan", DRESS_EAN, enter=True)
    await device.sees("收款 ¥268.20")
    await device.press("to-payment")
    await device.sees("应收")
    shop.down = True
    await device.press("pay")
    await device.until(lambda: "unsent" in vault.values)
    return device


def test_an_unsent_sale_outlives_a_restart_and_a_sign_in_without_network_and_is_sent_once() -> None:
    async def play() -> None:
        shop, vault = Shop(), Vault()
        device = await with_an_unsent_sale(shop, vault)
        vault.restart()
        device = await device.reload()
        await device.sees("请登录")
        assert device.till.unsent.sales == []

        await sign_in(device)
        await device.until(lambda: device.till.desk.staff is not None)
        assert len(device.till.unsent.sales) == 1
        device = await device.reload()
        await device.sees("要再输一次 PIN")
        await sign_in(device)
        await device.until(lambda: device.till.desk.staff is not None)
        assert shop.orders == {}
        shop.down = False

        await device.until(lambda: len(shop.orders) == 1)
        await device.until(lambda: "unsent" not in vault.values)
        assert device.till.client.tokens is not None
        assert vault.values["tokens"]
        device.close()

    run(play)


def test_a_wrong_pin_without_network_opens_nothing_and_the_tries_run_out() -> None:
    async def play() -> None:
        shop, vault = Shop(), Vault()
        device = await with_an_unsent_sale(shop, vault)
        vault.restart()
        device = await device.reload()
        for left in (4, 3, 2, 1, 0):
            await sign_in(device, "1111")
            await device.sees(f"还可以再试 {left} 次")
        await sign_in(device)
        await device.sees("没有收到回应")
        assert device.till.desk.staff is None
        assert not vault.open

        shop.down = False
        await sign_in(device)
        await device.until(lambda: len(shop.orders) == 1)
        device.close()

    run(play)


def test_who_was_changed_at_the_server_is_signed_out_when_it_is_back() -> None:
    async def play() -> None:
        shop, vault = Shop(), Vault()
        device = await with_an_unsent_sale(shop, vault)
        vault.restart()
        device = await device.reload()
        await sign_in(device)
        await device.until(lambda: device.till.desk.staff is not None)
        shop.refuse["signInWithPin"] = ("SIGN_IN_FAILED", {})
        shop.down = False

        await device.sees("登录已过期")
        assert not vault.open
        assert vault.values["unsent"]
        assert shop.orders == {}
        device.close()

    run(play)


def test_signing_out_locks_what_is_kept_and_the_next_colleague_finds_the_basket() -> None:
    async def play() -> None:
        shop, vault = Shop(), Vault()
        device = await till_at_work(shop, vault)
        await device.type("scan", DRESS_EAN, enter=True)
        await device.sees("收款 ¥268.20")
        await device.till.desk_work.sign_out()
        with pytest.raises(Locked):
            await device.till.storage.read("basket")
        with pytest.raises(Locked):
            await device.till.storage.write("basket", {})

        device = await device.reload()
        await device.sees("请登录")
        await sign_in(device)
        await device.sees("收款 ¥268.20")
        device.close()

    run(play)


def test_a_reload_asks_nobody_for_a_pin() -> None:
    async def play() -> None:
        shop, vault = Shop(), Vault()
        device = await till_at_work(shop, vault)
        device = await device.reload()
        await device.sees("扫第一件商品")
        device.close()

    run(play)


def test_what_no_server_key_opens_is_neither_read_nor_overwritten() -> None:
    async def play() -> None:
        shop, vault = Shop(), Vault()
        device = await with_an_unsent_sale(shop, vault)
        vault.restart()
        vault.key = "of another installation"
        shop.down = False
        kept = dict(vault.values)
        device = await device.reload()
        await sign_in(device)
        await device.sees("本机保存的数据打不开")
        assert {name: vault.values[name] for name in kept} == kept
        device.close()

    run(play)


def test_many_values_are_kept_by_one_write_or_not_at_all() -> None:
    async def play() -> None:
        vault = Vault()
        storage = vault.storage()
        await storage.unlock("1001", "2580", "key")
        await storage.write_all({"list.1": [1], "list.2": [2], "list": {"version": 7}})
        assert vault.written[-1] == ["list.1", "list.2", "list"]
        assert await storage.read_all(["list", "list.1", "none"]) == {
            "list": {"version": 7},
            "list.1": [1],
            "none": None,
        }
        vault.full = True
        with pytest.raises(NotKept):
            await storage.write_all({"list": {"version": 8}, "list.1": [3]})
        assert await storage.read("list") == {"version": 7}

    run(play)


def test_what_was_said_last_is_kept_last() -> None:
    async def play() -> None:
        vault = Vault()
        storage = vault.storage()
        await storage.unlock("1001", "2580", "key")
        vault.slow = [0.05, 0.0]
        await asyncio.gather(storage.write("unsent", [1]), storage.keep("unsent", [1, 2]))
        assert await storage.read("unsent") == [1, 2]

    run(play)
