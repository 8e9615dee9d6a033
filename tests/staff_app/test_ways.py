"""From screen to screen: the screen at once, the browser's address after it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from staff_app import address
from tests.staff_app.device import Device
from tests.staff_app.shop import Shop
from tests.staff_app.test_sale import working

Play = Callable[[Device], Awaitable[None]]


def play(plays: Play) -> None:
    async def run() -> None:
        device = await working(Shop())
        await plays(device)
        device.close()

    asyncio.run(run())


def test_a_screen_is_there_before_the_browser_knows_its_address() -> None:
    async def plays(device: Device) -> None:
        await device.press("tab-stock")

        assert device.named("stock-query") is not None
        assert device.page.route == "/"
        await device.until(lambda: device.page.route == "/stock")

    play(plays)


def test_what_the_browser_says_late_of_a_screen_leads_nobody_back_to_it() -> None:
    async def plays(device: Device) -> None:
        device.wire.slow = 0.05
        device.till.go("/stock")
        await device.until(lambda: "/stock" in device.wire.pushed)
        device.till.go("/more")
        await device.until(lambda: device.page.route == "/more")

        assert device.route == "/more"
        assert device.wire.pushed == ["/stock", "/more"]

    play(plays)


def test_of_screens_that_are_left_at_once_the_browser_learns_only_the_last() -> None:
    async def plays(device: Device) -> None:
        device.till.go("/stock")
        device.till.go("/more")
        await device.until(lambda: device.page.route == "/more")

        assert device.wire.pushed == ["/more"]

    play(plays)


def test_an_address_that_is_never_confirmed_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "ANSWERS_SECONDS", 0.05)

    async def plays(device: Device) -> None:
        device.wire.late["push_route"] = []
        device.till.go("/stock")
        await device.until(lambda: len(device.wire.late["push_route"]) > 1)
        device.wire.answer_late("push_route")
        await device.until(lambda: device.page.route == "/stock")
        device.till.go("/more")
        await device.until(lambda: device.page.route == "/more")

        assert device.route == "/more"
        assert device.wire.pushed[-1] == "/more"

    play(plays)


@pytest.mark.parametrize("opened", ["/more", "/"])
def test_an_address_is_told_again_after_the_connection_that_it_was_told_on(
    opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "ANSWERS_SECONDS", 0.05)

    async def plays(device: Device) -> None:
        device.wire.late["push_route"] = []
        device.till.go("/stock")
        await device.until(lambda: "/stock" in device.wire.pushed)
        await device.cut()
        await device.come_back(opened)
        await device.settle()
        device.till.go("/customers")
        await device.until(lambda: device.page.route == "/customers")

        assert device.route == "/customers"

    play(plays)


def test_a_page_that_is_opened_elsewhere_stays_there() -> None:
    async def plays(device: Device) -> None:
        device.wire.late["push_route"] = []
        device.till.go("/stock")
        await device.until(lambda: "/stock" in device.wire.pushed)
        await device.cut()
        await device.come_back("/more")
        await device.until(lambda: device.named("sign-out") is not None)

        assert (device.route, device.page.route) == ("/more", "/more")
        assert device.wire.pushed == ["/stock"]

    play(plays)


def test_the_screen_follows_a_browser_that_goes_back() -> None:
    async def plays(device: Device) -> None:
        device.till.go("/stock")
        await device.until(lambda: device.page.route == "/stock")
        device.wire.go("/more")
        await device.until(lambda: device.named("sign-out") is not None)

        assert device.route == "/more"
        assert device.wire.pushed == ["/stock"]

    play(plays)


@pytest.mark.parametrize(("above", "below"), [("/pay", "/"), ("/stock/style", "/stock")])
def test_a_screen_that_is_wiped_away_uncovers_its_place(above: str, below: str) -> None:
    async def plays(device: Device) -> None:
        device.till.go(above)
        await device.settle()
        await device.session.dispatch_event(device.page._i, "view_pop", {"route": above})

        assert device.route == below

    play(plays)


def test_from_place_to_place_the_frame_stays() -> None:
    async def plays(device: Device) -> None:
        frame = {name: device.named(name) for name in ("tab-home", "tab-sale", "tab-stock")}
        await device.press("tab-stock")

        for name, before in frame.items():
            now = device.named(name)
            assert before is not None
            assert now is not None
            assert now._i == before._i

    play(plays)


def test_an_address_without_a_screen_says_so_and_leads_on() -> None:
    async def plays(device: Device) -> None:
        device.till.go("/nowhere")
        await device.press("next-sale")

        assert device.named("scan") is not None

    play(plays)
