"""What a clerk does again and again, on a device of any size and in either language."""

from tests.e2e.browser import Phone
from tests.e2e.chain import PIN, Chain


def activate(phone: Phone, chain: Chain, path: str = "/") -> None:
    phone.open(path)
    phone.choose_language()
    phone.tells("activate_title")
    phone.keys(chain.activation_code())
    phone.press("activate")
    phone.shows("sign-in")
    phone.tells("sign_in_title")


def sign_in(phone: Phone, chain: Chain) -> None:
    phone.keys(chain.number)
    phone.press("sign-in")
    phone.keys(PIN)
    phone.press("sign-in")
    if phone.tells_one_of("what_to_do", "empty_basket", "no_answer") == "no_answer":
        phone.press("sign-in")  # as the screen says
    if phone.tells_one_of("what_to_do", "empty_basket") == "what_to_do":
        phone.press("start-sale")
    phone.tells("empty_basket")


def pay(phone: Phone) -> None:
    phone.press("to-payment")
    phone.tells("to_pay")
    phone.press("pay")
    phone.tells("paid")


def next_sale(phone: Phone) -> None:
    phone.press("next-sale")
    phone.shows("scan")


def until_kept_for_later(till: Phone) -> None:
    """From then on it opens without the server: its own worker has taken over."""
    till.page.wait_for_function("() => navigator.serviceWorker.controller !== null")
