"""What was sold comes back at the till: one piece for money, the other for something else."""

from collections.abc import Callable
from typing import Any

from tests.e2e.browser import Phone
from tests.e2e.chain import Chain
from tests.e2e.steps import pay


def newest(chain: Chain) -> dict[str, Any]:
    return chain.orders()[0]


def test_a_return_and_an_exchange_from_the_receipt(
    clerk: Callable[[], Phone], chain: Chain
) -> None:
    phone = clerk()
    phone.scan(chain.dress.ean)
    phone.scan(chain.scarf.ean)
    phone.sees("收款 ¥357.30")
    pay(phone)
    receipt = newest(chain)["receiptNumber"]
    phone.press("next-sale")

    phone.scan(receipt)  # a return in three steps: scan, choose, confirm
    phone.sees(receipt, within="order-head")
    phone.press("back-more-2")
    phone.sees("退货或换货 ¥89.10")
    phone.picture("40-choose-what-comes-back")
    phone.press("to-return")
    phone.press("reason-size")
    phone.sees("退款 ¥89.10")
    phone.picture("41-refund")
    phone.press("give-back")
    phone.sees("退货完成")
    phone.sees("¥89.10", within="refund")
    phone.picture("42-refunded")
    phone.press("to-orders")

    phone.sees("已退 ¥89.10", within=f"order-{receipt}")
    phone.press(f"order-{receipt}")
    phone.sees("已退 1 件")
    phone.press("back-more-1")
    phone.sees("退货或换货 ¥268.20")
    phone.press("to-return")
    phone.press("reason-taste")
    phone.press("exchange")
    phone.sees("¥268.20", within="exchange-strip")
    phone.scan(chain.coat.ean)
    phone.sees("补差价 ¥900.90")
    phone.press("to-payment")
    phone.sees("¥900.90", within="due")
    phone.picture("43-difference")
    phone.press("pay")
    phone.sees("换货完成")
    phone.picture("44-exchanged")

    assert phone.strayed == []
    assert newest(chain)["totalMinor"] == "116910"
