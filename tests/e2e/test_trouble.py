"""What goes wrong in a shop: a reload, a cut connection, a price that changed meanwhile."""

from collections.abc import Callable

from tests.e2e.browser import Phone
from tests.e2e.chain import Chain
from tests.e2e.steps import activate, pay, sign_in


def test_a_reload_and_a_cut_connection_keep_basket_and_sign_in(
    clerk: Callable[[], Phone], chain: Chain
) -> None:
    phone = clerk()
    phone.scan(chain.scarf.ean)
    phone.sees("收款 ¥89.10")
    phone.reload()
    phone.sees("收款 ¥89.10")

    phone.context.set_offline(True)
    phone.page.locator("#connection-lost").wait_for(state="visible")
    phone.picture("30-connection-lost")
    phone.context.set_offline(False)
    phone.page.locator("#connection-lost").wait_for(state="detached")
    phone.drawn()
    phone.sees("收款 ¥89.10")

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


def test_two_devices_sell_the_last_piece_once(
    clerk: Callable[[], Phone], phone: Phone, chain: Chain
) -> None:
    devices = [clerk(), phone]
    activate(phone, chain)
    sign_in(phone, chain)
    chain.empty_shelf(chain.coat)
    chain.receive(chain.coat, 1)
    before = chain.orders()
    for device in devices:
        device.scan(chain.coat.ean)
        device.sees("收款 ¥1,169.10")
        device.press("to-payment")
        device.sees("应收")
    for device in devices:
        device.press("pay")
    said = [device.sees_one_of("已收款", "这笔没有成交") for device in devices]

    assert sorted(said) == ["已收款", "这笔没有成交"]
    loser = devices[said.index("这笔没有成交")]
    loser.sees("徐汇港汇店")
    loser.press("change-basket")
    loser.sees("羊毛大衣")
    assert [each["status"] for each in chain.orders() if each not in before] == ["PLACED"]
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
