"""Points for a gift, in a real browser: three steps, before and after."""

from collections.abc import Callable

from tests.e2e.browser import Phone
from tests.e2e.chain import Chain


def test_points_are_spent_for_a_gift(clerk: Callable[[], Phone], chain: Chain) -> None:
    gift = chain.gifts()
    number = chain.new_phone()
    card = chain.register(number, "顾客庚")
    phone = clerk()
    phone.press("tab-members")
    phone.sees("请顾客报手机号")
    phone.keys(number)
    phone.press(f"member-{card}")
    phone.sees("银卡", within="member-head")
    chain.give_points(chain.member_by_phone(number)["id"], 1_000)
    phone.press("section-balances")
    phone.press("to-mall")
    phone.sees("帆布袋")
    phone.sees("剩 5")
    phone.picture("55-mall")
    phone.press(f"gift-{gift}")
    phone.press("more")
    phone.sees("兑换 600 积分")
    phone.picture("56-mall-confirm")
    phone.press("redeem")
    phone.sees("400", within="points-now")
    phone.picture("57-mall-done")
    phone.press("to-member")
    phone.sees("帆布袋 × 2")
    phone.sees("已交付")
    assert phone.strayed == []
