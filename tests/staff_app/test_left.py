"""A sale whose answer is lost with the network: the customer leaves with it, and it is there once.
And a payment that was taken in part outlives a reload."""

import asyncio
import json
from typing import Any

from staff_app.client import Unreachable
from tests.staff_app.alone import FarShop, Room, with_room
from tests.staff_app.device import Device
from tests.staff_app.shop import CARD, DRESS_EAN, Shop, refusal
from tests.staff_app.test_sale import COAT_EAN, paying, quick  # noqa: F401


class LosesAnswers(FarShop):
    """The network goes with the answer to the first sale. `refuses` what is not a fact."""

    def __init__(self, refuses: str = "") -> None:
        super().__init__()
        self.refuses = refuses

    def place_order(self, input: dict[str, Any]) -> Any:  # noqa: A002
        if self.refuses and not input.get("offline"):
            self.inputs.append(input)
            return {"refusal": refusal(self.refuses)}
        return super().place_order(input)

    async def post(self, body: dict[str, Any], token: str | None) -> tuple[int, dict[str, Any]]:
        answer = await super().post(body, token)
        if not self.down and "placeOrder" in (answer[1].get("data") or {}) and len(self.inputs) < 2:
            self.down = True
            raise Unreachable("the answer was lost")
        return answer


async def left(shop: FarShop, room: Room, member: bool = False) -> Device:
    """A dress is sold while the network goes; its receipt is shown all the same."""
    device = await with_room(shop, room)
    if member:
        await device.type("scan", CARD, enter=True)
        await device.sees("某乙")
    await device.type("scan", DRESS_EAN, enter=True)
    await device.sees("收款 ¥268.20")
    await device.press("to-payment")
    await device.press("pay")
    return device


def test_it_is_sent_again_under_its_id_and_the_receipt_gets_its_number() -> None:
    async def play() -> None:
        shop, room = LosesAnswers(), Room()
        device = await left(shop, room)
        await device.sees("小票 · 上传中")
        (sale,) = json.loads(room.kept["unsent"])
        assert list(shop.orders) == [sale["id"]]  # it had come through
        assert device.till.basket.lines == []

        shop.down = False
        await device.sees("小票 S01-D1-000001")
        assert list(shop.orders) == [sale["id"]]
        assert "unsent" not in room.kept
        assert not any(sent.get("offline") for sent in shop.inputs)
        device.close()

    asyncio.run(play())


def test_the_next_customer_is_served_and_a_reload_forgets_neither() -> None:
    async def play() -> None:
        shop, room = LosesAnswers(), Room()
        device = await left(shop, room)
        await device.sees("可以接待下一位")
        await device.press("next-sale")
        await device.type("scan", COAT_EAN, enter=True)
        await device.sees("离线销售中")
        await device.press("to-payment")
        await device.press("pay")
        await device.sees("离线小票")
        device = await device.reload()
        device.till.go("/unsent")
        await device.sees("已收款，等待系统回应")
        await device.sees("离线销售 S01-D1L-000001")
        made = [sale["id"] for sale in json.loads(room.kept["unsent"])]

        shop.down = False
        await device.until(lambda: "unsent" not in room.kept, "both told")
        assert sorted(shop.orders) == sorted(made)
        assert len(made) == 2
        await device.until(lambda: bool(shop.reports), "the report")
        assert shop.reports[0]["sales"] == 2
        device.close()

    asyncio.run(play())


def test_what_the_server_had_refused_is_told_as_a_fact_under_another_id() -> None:
    async def play() -> None:
        shop, room = LosesAnswers(refuses="OUT_OF_STOCK"), Room()
        device = await left(shop, room)
        await device.sees("小票 · 上传中")
        (sale,) = json.loads(room.kept["unsent"])
        assert shop.orders == {}

        shop.down = False
        await device.sees("小票 S01-D1-000001")
        told = [sent for sent in shop.inputs if sent.get("offline")]
        (fact,) = told
        assert list(shop.orders) == [fact["orderId"]] != [sale["id"]]
        assert fact["offline"]["receipt"] == "S01-D1L-000001"
        assert [line["statedMinor"] for line in fact["lines"]] == ["26820"]
        assert fact["tenders"] == sale["input"]["tenders"]
        assert {sent["orderId"] for sent in shop.inputs if not sent.get("offline")} == {sale["id"]}
        assert "unsent" not in room.kept
        device.close()

    asyncio.run(play())


def test_a_sale_with_points_waits_for_its_answer() -> None:
    async def play() -> None:
        shop, room = LosesAnswers(), Room()
        device = await with_room(shop, room)
        await device.type("scan", CARD, enter=True)
        await device.type("scan", DRESS_EAN, enter=True)
        await device.sees("收款 ¥268.20")
        await device.press("to-payment")
        await device.press("use-points")
        await device.press("pay")
        await device.sees("这笔销售还没有回应")

        shop.down = False
        await device.sees("小票 S01-D1-000001")
        assert len({sent["orderId"] for sent in shop.inputs}) == len(shop.orders) == 1
        device.close()

    asyncio.run(play())


def test_what_was_paid_in_part_is_not_taken_twice_after_a_reload() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        await device.keys("10000")
        await device.press("pay")
        await device.sees("¥168.20")
        await device.until(lambda: device.stored("payment") is not None, "the part")

        device = await device.reload()
        await device.sees("¥168.20")
        assert [each["amountMinor"] for each in device.till.payment.tenders] == ["10000"]
        await device.press("pay")
        await device.sees("小票 S01-D1-000001")
        paid = [(each["kind"], each["amountMinor"]) for each in shop.inputs[0]["tenders"]]
        assert paid == [("CASH", "10000"), ("CASH", "16820")]
        await device.until(lambda: device.stored("payment") is None, "forgotten")

        device = await device.reload()
        assert device.till.payment.tenders == []
        device.close()

    asyncio.run(play())


def test_parts_are_of_their_basket_and_fit_what_is_due() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop)
        await device.keys("20000")
        await device.press("pay")
        await device.until(lambda: device.stored("payment") is not None, "the part")
        shop.percent_off = 50
        device = await device.reload()
        await device.until(lambda: device.till.checkout.total_minor == 14_900, "the new price")
        await device.press("pay")
        assert (device.till.payment.tenders, shop.inputs) == ([], [])
        await device.until(lambda: device.stored("payment") is None, "given back")

        await device.keys("5000")
        await device.press("pay")
        await device.until(lambda: device.stored("payment") is not None, "a part again")
        device.kept["chainstitch.basket"] = device.kept["chainstitch.basket"].replace(
            '"quantity": 1', '"quantity": 2'
        )
        device = await device.reload()
        assert device.till.payment.tenders == []
        device.close()

    asyncio.run(play())
