"""A member seen from all sides on a phone: explained, changed, topped up, taken into a sale."""

from collections.abc import Callable

from tests.e2e.browser import Phone
from tests.e2e.chain import Chain


def test_a_member_from_all_sides(clerk: Callable[[], Phone], chain: Chain) -> None:
    field = chain.custom_field("偏好版型", "Fit")
    number = chain.new_phone()
    card = chain.register(number, "顾客戊")
    phone = clerk()
    phone.press("tab-members")
    phone.sees("请顾客报手机号")
    phone.keys(number)
    phone.press(f"member-{card}")
    phone.sees("顾客戊", within="member-head")
    phone.press("why-tier")
    phone.sees("这个等级怎么来的")
    phone.picture("50-member")

    phone.press("section-profile")
    phone.sees("会员须知", within="consents")
    phone.press("member-action")
    phone.type("member-city", "苏州")
    phone.press(f"field-{field}-loose")
    phone.picture("51-edit-member")
    phone.press("save-member")
    phone.sees("宽松", within="custom-fields")

    phone.press("section-contacts")
    phone.sees("入会")
    phone.press("member-action")
    phone.type("note-text", "想要新款风衣")
    phone.press("save-note")
    phone.sees("想要新款风衣", within="happenings")

    phone.press("section-balances")
    phone.press("member-action")
    phone.sees("最多还能充")
    phone.keys("5")
    phone.press("key-00")
    phone.press("key-00")
    phone.picture("52-top-up")
    phone.press("pay-top-up")
    phone.sees("¥500.00", within="wallet-now")
    phone.press("to-member")
    phone.sees("¥500.00", within="member-head")
    phone.press("section-overview")
    phone.sees("标签")
    phone.press("member-action")
    phone.sees("顾客戊", within="member-strip")

    assert phone.strayed == []
