"""What goes wrong in a shop: a reload, a cut connection, a price that changed meanwhile."""

from collections.abc import Callable

import pytest

from tests.e2e.browser import PHONE_ZH, TABLET_EN, Phone, Variant
from tests.e2e.chain import Chain
from tests.e2e.conftest import on_phone_and_tablet
from tests.e2e.steps import activate, next_sale, pay, sign_in


@on_phone_and_tablet
def test_a_reload_and_a_cut_connection_keep_basket_and_sign_in(
    clerk: Callable[[], Phone], chain: Chain
) -> None:
    phone = clerk()
    phone.scan(chain.scarf.ean)
    phone.tells("take_payment", amount="¥89.10")
    phone.reload()
    phone.tells("take_payment", amount="¥89.10")

    phone.context.set_offline(True)
    phone.page.locator("#connection-lost").wait_for(state="visible")
    phone.picture(f"30-connection-lost-{phone.variant}")
    phone.context.set_offline(False)
    phone.page.locator("#connection-lost").wait_for(state="detached")
    phone.drawn()
    phone.tells("take_payment", amount="¥89.10")

    pay(phone)
    assert phone.strayed == []


def test_a_price_that_changed_is_shown_before_anything_is_booked(
    clerk: Callable[[], Phone], chain: Chain
) -> None:
    phone = clerk()
    phone.scan(chain.dress.ean)
    phone.sees("收款 ¥268.20")
    phone.press("to-payment")
    phone.sees("应收")
    placed = len(chain.orders())
    chain.price_off(2_000)
    try:
        phone.press("pay")
        phone.sees("价格变了")
        phone.sees("¥238.40")
        phone.picture("31-price-changed")
        assert len(chain.orders()) == placed
        phone.press("accept-price")
        phone.sees("收款 ¥238.40")
        phone.press("pay")
        phone.sees("已收款")
    finally:
        chain.price_off(1_000)


def test_a_piece_that_is_gone_shows_who_has_it(clerk: Callable[[], Phone], chain: Chain) -> None:
    phone = clerk()
    phone.scan(chain.coat.ean)
    phone.sees("收款 ¥1,169.10")
    phone.press("to-payment")
    phone.sees("应收")
    chain.empty_shelf(chain.coat)
    phone.press("pay")
    phone.sees("这笔没有成交")
    phone.sees("徐汇港汇店")
    phone.picture("32-out-of-stock")
    phone.press("change-basket")
    phone.sees("羊毛大衣")
    chain.receive(chain.coat)


@pytest.mark.parametrize("variant", [TABLET_EN], ids=str)
def test_two_devices_sell_the_last_piece_once(
    clerk: Callable[[Variant], Phone], phone: Phone, chain: Chain
) -> None:
    """Twice, so that each of them is once the first to press."""
    activate(phone, chain)
    sign_in(phone, chain)
    devices = [clerk(PHONE_ZH), phone]
    has_it: list[Phone] = []
    for first_and_second in (devices, devices[::-1]):
        chain.empty_shelf(chain.coat)
        chain.receive(chain.coat, 1)
        before = chain.orders()
        for device in first_and_second:
            if device not in has_it:
                device.scan(chain.coat.ean)
            device.tells("take_payment", amount="¥1,169.10")
            device.press("to-payment")
            device.tells("to_pay")
        for device in first_and_second:
            device.press("pay")
        said = [device.tells_one_of("paid", "not_sold") for device in devices]

        assert sorted(said) == ["not_sold", "paid"]
        winner, loser = (devices[said.index(each)] for each in ("paid", "not_sold"))
        loser.sees("徐汇港汇店")
        loser.press("change-basket")
        loser.sees("羊毛大衣")
        assert [each["status"] for each in chain.orders() if each not in before] == ["PLACED"]
        next_sale(winner)
        has_it = [loser]
    chain.receive(chain.coat)


def test_a_wrong_pin_says_how_many_tries_are_left(phone: Phone, chain: Chain) -> None:
    activate(phone, chain)
    phone.keys(chain.number)
    phone.press("sign-in")
    phone.sees("PIN 0", within="pin")
    phone.page.keyboard.type("9999", delay=60)
    phone.page.keyboard.press("Enter")
    phone.sees("还可以再试")
    phone.picture("33-wrong-pin")
