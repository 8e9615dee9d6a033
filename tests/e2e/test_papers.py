"""A file and a signature of a member, in a real browser."""

from collections.abc import Callable

from tests.e2e.browser import Phone
from tests.e2e.chain import Chain

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1_600
"""Longer than a request of the API may be."""


def test_a_file_is_kept_and_a_name_is_signed(clerk: Callable[[], Phone], chain: Chain) -> None:
    chain.papers()
    paper, consent = f"paper_{chain.mark.lower()}", f"consent_{chain.mark.lower()}"
    number = chain.new_phone()
    card = chain.register(number, "顾客己")
    phone = clerk()
    phone.press("tab-members")
    phone.sees("请顾客报手机号")
    phone.keys(number)
    phone.press(f"member-{card}")
    phone.sees("顾客己", within="member-head")
    phone.press("section-profile")
    phone.sees("会员须知", within="consents")
    phone.press("member-action")
    phone.choose_file(f"add-{paper}", "量体.png", PICTURE)
    phone.sees("量体.png")
    phone.press(f"sign-{consent}")
    phone.sees("改衣后不退换")
    phone.draw(f"pad-{consent}", (20, 100), (80, 30), (120, 110), (240, 60))
    phone.picture("53-signature")
    phone.press(f"accept-{consent}")
    phone.sees("已签，保存后生效")
    phone.press("save-member")
    phone.sees("量体.png", within="custom-fields")
    phone.sees("已签", within="custom-fields")

    phone.press(f"signature-{consent}")
    phone.sees("改衣后不退换")
    phone.picture("54-signature-shown")
    assert phone.strayed == []
