"""Goods come back: chosen piece by piece, the sum shown before, sent until there is an answer."""

import asyncio
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from graphql import GraphQLError

from tests.staff_app.device import Device
from tests.staff_app.shop import DRESS_EAN, REFUSALS, STORE, Shop, refusal
from tests.staff_app.test_sale import COAT_EAN, quick, working  # noqa: F401

RECEIPT = "S01-D1-000001"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()


class ReturnDesk(Shop):
    """Has sold three dresses at ¥268.20 for ¥504.60 by card and ¥300 cash, with a coupon."""

    fields: ClassVar[dict[str, str]] = {
        **Shop.fields, "orders": "list_orders", "returnQuote": "quote_return",
        "returnGoods": "take_back", "returns": "list_returns", "cancelOrder": "cancel",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.back: dict[str, dict[str, Any]] = {}
        self.too_late = False
        self.cancelled: list[str] = []
        dress = next(iter(self.pieces.values()))
        basket = [{"line": 1, "skuId": dress["id"], "quantity": 3}]
        tenders = [
            {"kind": "CARD", "amountMinor": "50460", "reference": "T-1"},
            {"kind": "CASH", "amountMinor": "30000"},
        ]
        sold = {"orderId": "0190a000-0000-7000-8000-0000000000f1", "memberId": None}
        self.order = self._order({**sold, "tenders": tenders}, self._priced(basket, None))
        self.order["businessDate"] = TODAY
        self.orders[self.order["id"]] = self.order

    def list_orders(self, **asked: Any) -> Any:
        number = asked.get("receiptNumber")
        found = [o for o in self.orders.values() if number in (None, o["receiptNumber"])]
        for order in found:
            order["returned"] = [
                {"line": line["line"], "quantity": line["quantity"]}
                for back in self.back.values() for line in back["lines"]
            ]  # fmt: skip
            order["returnedMinor"] = str(sum(int(b["refundMinor"]) for b in self.back.values()))
        return {
            "edges": [{"node": order} for order in found],
            "pageInfo": {"hasNextPage": False, "hasPreviousPage": False},
        }

    def quote_return(self, lines: list[dict[str, Any]], **_: Any) -> Any:
        if self.too_late:
            zh, en = REFUSALS["RETURN_NEEDS_MANAGER"]
            told = {"code": "RETURN_NEEDS_MANAGER", "messageZh": zh, "messageEn": en}
            raise GraphQLError(zh, extensions=told)
        return self._worth(lines)

    def take_back(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        known = self.back.get(input["returnId"])
        if known is None:
            quote = self._worth(input["lines"])
            if quote["refundMinor"] != input["refundMinor"]:
                return {"refusal": refusal("REFUND_CHANGED"), "returnQuote": quote}
            known = {
                **quote, "id": input["returnId"], "receiptNumber": "S01-D1-000009",
                "orderReceiptNumber": RECEIPT, "returnedAt": "2026-03-01T10:00:00+00:00",
                "reason": input["reason"],
            }  # fmt: skip
            self.back[input["returnId"]] = known
        return {"returnReceipt": known}

    def list_returns(self, **_: Any) -> Any:
        return {"edges": [{"node": back} for back in self.back.values()]}

    def cancel(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.order["status"] = "VOIDED"
        self.cancelled.append(input["reason"])
        return {"order": self.order}

    def place_order(self, input: dict[str, Any]) -> Any:  # noqa: A002
        exchange = input.get("exchange")
        if exchange is None:
            return super().place_order(input)
        back = self.take_back(exchange)["returnReceipt"]
        quote = self._priced(input["lines"], None)
        carried = min(int(back["refundMinor"]), int(quote["totalMinor"]))
        paid = {"kind": "CASH", "amountMinor": str(carried), "returnId": back["id"]}
        for refund in back["refunds"]:
            refund["carriedMinor"] = str(carried if refund["kind"] == "CASH" else 0)
        order = self._order({**input, "tenders": [paid, *input["tenders"]]}, quote)
        self.orders[input["orderId"]] = order
        return {"order": order}

    def _worth(self, lines: list[dict[str, Any]]) -> Any:
        """Each dress is worth ¥268.20: of the cash first, then of the card."""
        came = sum(line["quantity"] for back in self.back.values() for line in back["lines"])
        pieces = sum(line["quantity"] for line in lines)
        total, left = 26_820 * pieces, 3 - came - pieces
        cash = min(total, 30_000)
        sums = ((1, "CASH", cash), (0, "CARD", total - cash))
        dress = self.order["lines"][0]
        known = {name: dress[name] for name in ("name", "colour", "size")}
        return {
            "orderId": self.order["id"], "currency": "CNY", "refundMinor": str(total),
            "pointsTaken": 0,
            "left": [{"line": 1, "quantity": left, "refundMinor": "0"}] if left else [],
            "lines": [
                {**line, **known, "refundMinor": str(26_820 * line["quantity"])} for line in lines
            ],
            "refunds": [
                {"position": at, "kind": kind, "amountMinor": str(minor), "carriedMinor": "0"}
                for at, kind, minor in sums if minor
            ],
        }  # fmt: skip


class MembersReturn(ReturnDesk):
    """The dresses were sold to a member; one that comes back takes 268 points."""

    def __init__(self) -> None:
        super().__init__()
        member = self.people["13800001111"]
        self.order["memberId"] = member["id"]
        self.order["member"] = {"id": member["id"], "name": member["name"]}

    def take_back(self, input: dict[str, Any]) -> Any:  # noqa: A002
        taken = super().take_back(input)
        taken["returnReceipt"]["memberId"] = self.order["memberId"]
        return taken

    def _worth(self, lines: list[dict[str, Any]]) -> Any:
        return {**super()._worth(lines), "pointsTaken": 268}

    def statement(self, account: str, **_: Any) -> Any:
        ids = [*self.back] if account == "POINTS" and self.silent else []
        return {"edges": [{"node": {"documentId": id_, "amount": "-268", "balanceAfter": "932"}}
                          for id_ in ids]}  # fmt: skip


async def looking(desk: ReturnDesk) -> Device:
    """The receipt was scanned on the screen of the sale."""
    device = await working(desk)
    await device.type("scan", RECEIPT.lower(), enter=True)
    await device.sees(RECEIPT)
    await device.until(lambda: device.named("back-more-1") is not None)
    return device


async def asked_back(desk: ReturnDesk, pieces: int = 1) -> Device:
    device = await looking(desk)
    for _ in range(pieces):
        await device.press("back-more-1")
    await device.sees(f"退货或换货 ¥{268.20 * pieces:.2f}")
    await device.press("to-return")
    await device.sees("为什么退？")
    return device


def test_a_piece_comes_back_in_three_steps() -> None:
    async def play() -> None:
        desk = ReturnDesk()
        device = await asked_back(desk)
        assert device.says("¥268.20")
        await device.press("give-back")
        assert desk.inputs == []  # not without a reason
        await device.press("reason-size")
        await device.press("give-back")

        await device.sees("退货完成")
        await device.sees("请付给顾客现金")
        sent = desk.inputs[0]
        assert sent["lines"] == [{"line": 1, "quantity": 1, "condition": "SELLABLE"}]
        assert (sent["refundMinor"], sent["reason"]) == ("26820", "尺码不合")
        assert (sent["storeId"], sent["references"]) == (STORE, [])
        await device.until(lambda: device.stored("unsent") is None)
        device.close()

    asyncio.run(play())


def test_damaged_pieces_are_told_apart_and_a_card_needs_its_reference() -> None:
    async def play() -> None:
        desk = ReturnDesk()
        device = await looking(desk)
        for _ in range(4):
            await device.press("back-more-1")  # three were sold
        await device.tick("damaged-1")
        await device.press("damaged-more-1")
        await device.sees("其中破损 2 件")
        await device.press("to-return")
        await device.press("reason-quality")
        await device.sees("请输入退款单号")
        await device.type("refund-reference-0", "R-77")
        await device.press("give-back")

        await device.sees("退货完成")
        sent = desk.inputs[0]
        assert [(line["quantity"], line["condition"]) for line in sent["lines"]] == [
            (1, "SELLABLE"), (2, "DAMAGED"),
        ]  # fmt: skip
        assert sent["references"] == [{"position": 0, "reference": "R-77"}]
        device.close()

    asyncio.run(play())


def test_a_return_shows_the_members_balances_once_they_are_booked() -> None:
    async def play() -> None:
        desk = MembersReturn()
        device = await asked_back(desk)
        await device.press("reason-size")
        await device.press("give-back")
        await device.sees("退货完成")
        await device.sees("正在入账")
        assert not device.says("932")
        [made] = desk.back
        news = {"returnId": made, "memberId": desk.order["memberId"], "pointsAfter": 932,
                "walletAfterMinor": "7000"}  # fmt: skip
        desk.returned.put_nowait(news)

        await device.sees("已入账")
        assert device.says("932")
        assert device.says("¥70.00")
        device.close()

    asyncio.run(play())


def test_a_return_nobody_tells_of_is_found_in_the_statement() -> None:
    async def play() -> None:
        desk = MembersReturn()
        desk.silent = True
        device = await asked_back(desk)
        await device.press("reason-size")
        desk.people["13800001111"]["account"]["points"] = 932
        await device.press("give-back")

        await device.sees("已入账")
        assert device.says("932")
        device.close()

    asyncio.run(play())


def test_a_return_without_an_answer_is_sent_again_with_its_id_after_a_reload() -> None:
    async def play() -> None:
        desk = ReturnDesk()
        device = await asked_back(desk)
        await device.press("reason-taste")
        desk.broken["returnGoods"] = 99
        await device.press("give-back")
        await device.sees("这笔退货还没有回应")
        desk.broken = {}
        desk.down = True
        promised = device.stored("unsent")[0]["id"]

        await device.reload()
        await device.until(lambda: desk.down)
        desk.down = False
        await device.until(lambda: device.stored("unsent") is None)

        assert {sent["returnId"] for sent in desk.inputs} == {promised} == set(desk.back)
        device.close()

    asyncio.run(play())


def test_a_return_that_cannot_be_saved_is_not_sent() -> None:
    async def play() -> None:
        desk = ReturnDesk()
        device = await asked_back(desk)
        await device.press("reason-size")
        device.wire.keeps = False
        await device.press("give-back")

        await device.sees("本机没能保存这笔退货")
        assert desk.inputs == []
        device.close()

    asyncio.run(play())


def test_another_sum_is_shown_before_anything_goes_back() -> None:
    async def play() -> None:
        desk = ReturnDesk()
        device = await asked_back(desk)
        await device.press("reason-size")
        desk.refuse["returnGoods"] = ("REFUND_CHANGED", {})
        await device.press("give-back")

        await device.sees("应退 1 元，请确认")
        assert desk.back == {}
        assert device.stored("unsent") is None
        device.close()

    asyncio.run(play())


def test_a_manager_is_asked_for_in_words() -> None:
    async def play() -> None:
        desk = ReturnDesk()
        desk.too_late = True
        device = await working(desk)
        await device.type("scan", RECEIPT, enter=True)

        await device.sees("已超过 7 天，请店长办理")
        await device.sees("请店长登录")
        assert device.named("back-more-1") is None
        await device.press("hand-over")
        await device.sees("请登录")
        device.close()

    asyncio.run(play())


def test_an_exchange_takes_the_difference_with_the_sale() -> None:
    async def play() -> None:
        desk = ReturnDesk()
        device = await asked_back(desk)
        await device.press("reason-size")
        await device.press("exchange")
        await device.sees("换货：小票")
        await device.reload()  # the half of an exchange is kept with the basket
        await device.type("scan", COAT_EAN, enter=True)
        await device.sees("补差价 ¥900.90")
        await device.press("to-payment")
        await device.sees("¥900.90")
        await device.press("pay")

        await device.sees("换货完成")
        sale = next(sent for sent in desk.inputs if "returnId" in sent)
        assert sale["returnId"] in desk.back
        assert device.till.basket.exchange is None
        device.close()

    asyncio.run(play())


def test_an_exchange_gives_back_what_is_over_with_the_terminals_reference() -> None:
    async def play() -> None:
        desk = ReturnDesk()
        device = await asked_back(desk, pieces=3)
        await device.press("reason-size")
        await device.press("exchange")
        await device.type("scan", DRESS_EAN, enter=True)
        await device.sees("换货，退差价 ¥536.40")
        await device.press("to-payment")
        await device.sees("请输入退款单号")
        field: Any = device.named("refund-reference-0")
        assert field.content.label == "刷卡的退款单号"  # how much of it, only the gateway knows
        assert device.says("退差价")
        await device.type("refund-reference-0", "R-9")
        await device.press("pay")

        await device.sees("换货完成")
        await device.sees("退回刷卡")
        exchange = desk.inputs[-1]
        assert exchange["references"] == [{"position": 0, "reference": "R-9"}]
        device.close()

    asyncio.run(play())


def test_a_manager_cancels_a_sale_of_today_with_a_reason() -> None:
    async def play() -> None:
        desk = ReturnDesk()
        desk.roles = ["STORE_MANAGER"]
        device = await working(desk)
        device.till.go("/orders")
        await device.press(f"order-{RECEIPT}")
        await device.press("cancel-order")
        await device.sees("¥804.60")
        await device.press("confirm-cancel")
        assert desk.cancelled == []
        await device.press("cancel-mistake")
        await device.press("confirm-cancel")

        await device.until(lambda: desk.cancelled == ["录错了"])
        await device.sees("已撤销")
        device.close()

    asyncio.run(play())


def test_an_associate_is_not_offered_to_cancel() -> None:
    async def play() -> None:
        device = await looking(ReturnDesk())

        assert device.named("cancel-order") is None
        device.close()

    asyncio.run(play())


def test_the_order_that_is_shown_beside_the_list_stands_out() -> None:
    async def play() -> None:
        device = await looking(ReturnDesk())
        device.till.layout.wide = True
        device.till.go("/orders")
        await device.until(lambda: device.named(f"order-{RECEIPT}") is not None)
        await device.until(lambda: device.lit(f"order-{RECEIPT}"))
        await device.till.returning_work.look_at(None)
        await device.until(lambda: not device.lit(f"order-{RECEIPT}"))
        await device.press(f"order-{RECEIPT}")
        await device.until(lambda: device.lit(f"order-{RECEIPT}"))
        device.close()

    asyncio.run(play())


def test_orders_are_found_by_receipt_and_by_member() -> None:
    async def play() -> None:
        desk = ReturnDesk()
        device = await working(desk)
        device.till.go("/orders")
        await device.sees(RECEIPT)
        await device.type("order-query", "某乙", enter=True)
        await device.sees("某乙 的订单")
        await device.type("order-query", "S09-D1-000123", enter=True)
        await device.sees("没有找到这张小票")
        desk.down = True
        await device.type("order-query", RECEIPT, enter=True)
        await device.sees("系统暂时没有回应")
        await device.press("back")  # a phone has no place of its own for orders
        assert device.route == "/home"
        device.close()

    asyncio.run(play())
