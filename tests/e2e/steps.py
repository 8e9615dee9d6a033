"""What a clerk does again and again."""

from tests.e2e.browser import Phone
from tests.e2e.chain import PIN, Chain


def activate(phone: Phone, chain: Chain, path: str = "/") -> None:
    phone.open(path)
    phone.sees("激活这台设备")
    phone.keys(chain.activation_code())
    phone.press("activate")
    phone.sees("请登录")


def sign_in(phone: Phone, chain: Chain) -> None:
    phone.keys(chain.number)
    phone.press("sign-in")
    phone.keys(PIN)
    phone.press("sign-in")
    if phone.sees_one_of("办什么？", "扫第一件商品", "没有收到回应") == "没有收到回应":
        phone.press("sign-in")  # as the screen says
    if phone.sees_one_of("办什么？", "扫第一件商品") == "办什么？":
        phone.press("start-sale")
    phone.sees("扫第一件商品")


def pay(phone: Phone) -> None:
    phone.press("to-payment")
    phone.sees("应收")
    phone.press("pay")
    phone.sees("已收款")
