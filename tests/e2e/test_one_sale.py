"""One sale from the first run of a device to the booked receipt, in both languages."""

from collections.abc import Callable

from tests.e2e.browser import TABLET_EN, Phone
from tests.e2e.chain import GOLD, OFF, Chain
from tests.e2e.steps import activate, next_sale, sign_in


def test_a_new_member_buys_with_promotion_coupon_and_cash(phone: Phone, chain: Chain) -> None:
    coupon = chain.coupon()
    phone.open()
    phone.sees("激活这台设备")
    phone.picture("01-activate")
    activate(phone, chain)
    phone.picture("02-sign-in")
    sign_in(phone, chain)
    phone.picture("03-empty-basket")

    phone.press("find-member")
    phone.sees("请顾客报手机号")
    phone.keys(chain.new_phone())
    phone.sees("还不是会员")
    phone.type("member-name", "顾客喆堃")
    phone.press("agrees")
    phone.picture("04-new-card")
    phone.press("register")
    phone.sees("顾客喆堃", within="member-strip")

    phone.scan(chain.dress.ean)
    phone.sees("收款 ¥268.20")
    phone.scan(chain.scarf.ean)
    phone.sees("收款 ¥357.30")
    phone.scan(coupon)
    phone.sees("收款 ¥307.30")
    phone.picture("05-basket")
    phone.press("why-1")
    phone.sees("全场九折")
    phone.picture("06-why")
    phone.press("close-why")

    phone.press("to-payment")
    phone.sees("应收")
    phone.keys("40000")
    phone.sees("¥92.70", within="change")
    phone.picture("07-payment")
    phone.press("pay")
    phone.sees("小票")
    phone.sees("¥92.70", within="receipt-change")
    phone.sees("已入账", within="booking")
    phone.sees("+307")
    phone.picture("08-receipt")
    phone.press("next-sale")
    phone.sees("扫第一件商品")

    assert phone.strayed == []
    assert chain.orders()[0]["totalMinor"] == "30730"


def test_points_and_wallet_pay_a_part(clerk: Callable[[], Phone], chain: Chain) -> None:
    """The wallet on a phone, the points on a tablet in English."""
    phone = clerk()
    number = chain.new_phone()
    phone.press("find-member")
    phone.keys(number)
    phone.tells("nobody_found")
    phone.type("member-name", "某乙")
    phone.press("agrees")
    phone.press("register")
    phone.sees("某乙", within="member-strip")
    member = chain.member_by_phone(number)
    chain.top_up(member["id"], 10_000)
    phone.scan(chain.coat.ean)
    phone.tells("take_payment", amount="¥1,169.10")
    phone.press("to-payment")
    phone.tells("use_wallet", amount="¥100.00")
    phone.press("use-wallet")
    phone.sees("¥1,069.10", within="due")
    phone.picture("09-split")
    phone.press("pay")
    phone.tells("booked", within="booking")
    next_sale(phone)

    phone.become(TABLET_EN)
    phone.scan(member["cardCode"])
    phone.sees(GOLD["en"], within="member-strip")
    phone.scan(chain.dress.ean)
    phone.tells("take_payment", amount="¥268.20")
    phone.press("why-1")
    phone.sees(OFF["en"])
    phone.press("close-why")
    phone.is_gone("why-sheet")
    phone.listens("scan")  # the field has the focus back by itself
    phone.scan(chain.scarf.ean)
    phone.tells("take_payment", amount="¥357.30")
    phone.press("to-payment")
    phone.tells("use_points")
    phone.press("use-points")
    phone.picture("10-points")
    phone.press("pay")
    phone.tells("booked", within="booking")
    phone.picture("11-receipt-points")


def test_a_short_sale_in_english(clerk: Callable[[], Phone], chain: Chain) -> None:
    phone = clerk()
    phone.press("language")
    phone.sees("Scan the first piece")
    phone.picture("20-english-empty")
    phone.type("scan", "丝")
    phone.press(f"sku-{chain.dress.code}-1")
    phone.sees("Take ¥268.20")
    phone.picture("21-english-basket")
    phone.press("to-payment")
    phone.sees("To pay")
    phone.picture("22-english-payment")
    phone.press("pay")
    phone.sees("Receipt")
    phone.sees("Paid")
    phone.picture("23-english-receipt")
