"""Points spent for a gift: which, confirm, the balance before and after; once, whatever happens."""

import asyncio
from typing import Any, ClassVar

from tests.staff_app.device import Device
from tests.staff_app.shop import CARD, OTHER_STORE, REFUSALS, STORE
from tests.staff_app.test_member_view import Club, looking, page
from tests.staff_app.test_sale import quick, working  # noqa: F401

UMBRELLA = "0190a000-0000-7000-8000-0000000000c1"
REFUSALS["ITEM_SOLD_OUT"] = ("本店库存不足：还有 0 份", "Not enough of it in this store")


def gift(code: str, name: str, points: int, can_have: int, reason: str = "") -> dict[str, Any]:
    return {
        "itemId": UMBRELLA, "code": code, "kind": "GOODS", "nameZh": name, "nameEn": code,
        "points": points, "left": 7, "canHave": can_have, "reasonZh": reason or None,
        "reasonEn": reason or None,
    }  # fmt: skip


class Fair(Club):
    """Has an umbrella for 500 points, and a bag that is for gold members."""

    fields: ClassVar[dict[str, str]] = {
        **Club.fields, "mallOffer": "offer", "redeemPoints": "redeem", "redemptions": "had",
        "cancelRedemption": "give_back", "handOverRedemption": "hand_over",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.redeemed: dict[str, dict[str, Any]] = {}

    def offer(self, **_: Any) -> Any:
        return page([gift("U1", "雨伞", 500, 2), gift("B1", "手袋", 900, 0, "仅限 金卡 会员兑换")])

    def redeem(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        if input["id"] not in self.redeemed:
            self.known["account"]["points"] -= input["points"]
            self.redeemed[input["id"]] = {
                "id": input["id"], "storeId": STORE, "nameZh": "雨伞", "nameEn": "Umbrella",
                "quantity": input["quantity"], "points": input["points"],
                "status": "HANDED_OVER" if input["handOver"] else "WAITING",
                "redeemedAt": "2026-03-02T10:00:00+00:00",
            }  # fmt: skip
        return self._told(input["id"])

    def _told(self, id_: str) -> Any:
        points = self.known["account"]["points"]
        account = {"memberId": id_, "points": points}
        return {"redeemed": {"redemption": self.redeemed[id_], "account": account}}

    def had(self, **_: Any) -> Any:
        return page(list(self.redeemed.values()))

    def hand_over(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.redeemed[input["id"]]["status"] = "HANDED_OVER"
        return {"redemption": self.redeemed[input["id"]]}

    def give_back(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        mine = self.redeemed[input["id"]]
        mine["status"] = "CANCELLED"
        self.known["account"]["points"] += mine["points"]
        return self._told(input["id"])


async def choosing(fair: Fair) -> Device:
    fair.known["account"]["points"] = 900
    device = await looking(fair, "balances")
    fair.known["account"]["points"] = 1200  # they came meanwhile
    await device.press("to-mall")
    await device.sees("雨伞")
    return device


def test_a_gift_takes_three_steps_and_shows_before_and_after() -> None:
    async def play() -> None:
        fair = Fair()
        device = await choosing(fair)
        assert device.says("仅限 金卡 会员兑换")
        await device.press("gift-B1")
        assert device.named("redeem") is None
        await device.press("gift-U1")
        await device.press("more")
        await device.press("more")  # no more than they can have
        await device.sees("兑换 1,000 积分")
        assert device.says("200")
        await device.press("redeem")

        await device.sees("已兑换")
        assert [text for text in device.texts() if text in ("1,200", "-1,000", "200")] == [
            "1,200", "-1,000", "200",
        ]  # fmt: skip
        (sent,) = fair.inputs
        assert (sent["itemId"], sent["quantity"], sent["points"]) == (UMBRELLA, 2, 1000)
        await device.press("to-member")
        await device.sees("雨伞 × 2")
        device.close()

    asyncio.run(play())


def test_from_home_a_gift_is_three_screens_away() -> None:
    async def play() -> None:
        fair = Fair()
        device = await working(fair)
        await device.press("tab-home")
        await device.press("way-points")
        assert device.route == "/customers/for-points"
        await device.keys("13800001111")
        await device.press(f"member-{CARD}")
        assert device.route == "/customers/mall"
        await device.press("gift-U1")
        await device.sees("兑换 500 积分")
        assert device.route == "/customers/gift"
        await device.press("back")
        await device.sees("仅限 金卡 会员兑换")
        await device.press("gift-U1")
        await device.press("redeem")
        await device.until(lambda: device.named("points-now") is not None)
        assert fair.inputs[0]["points"] == 500
        (row,) = device.till.people.results or []
        assert row["account"]["points"] == 700  # in the list they were found in, too
        device.close()

    asyncio.run(play())


def test_an_answer_that_was_lost_spends_nothing_twice() -> None:
    async def play() -> None:
        fair = Fair()
        device = await choosing(fair)
        await device.press("gift-U1")
        fair.broken["redeemPoints"] = 1
        await device.press("redeem")
        await device.until(lambda: bool(device.stored("unsent")) or bool(fair.inputs))
        device = await device.reload()
        await device.until(lambda: len(fair.inputs) == 2, "sent again")
        await device.until(lambda: not device.till.unsent.sales)

        assert len({sent["id"] for sent in fair.inputs}) == 1
        assert fair.known["account"]["points"] == 700
        device.close()

    asyncio.run(play())


def test_a_refusal_says_why_and_takes_nothing() -> None:
    async def play() -> None:
        fair = Fair()
        device = await choosing(fair)
        await device.press("gift-U1")
        fair.refuse["redeemPoints"] = ("ITEM_SOLD_OUT", {})
        await device.press("redeem")
        await device.sees("本店库存不足")
        assert device.till.unsent.sales == []
        assert fair.known["account"]["points"] == 1200
        device.close()

    asyncio.run(play())


def test_what_waits_is_handed_over_and_a_manager_cancels() -> None:
    async def play() -> None:
        fair = Fair()
        fair.roles = ["STORE_MANAGER"]
        device = await choosing(fair)
        await device.press("gift-U1")
        await device.switch("hand-over-now")
        await device.press("redeem")
        await device.sees("等会员来取")
        (id_,) = fair.redeemed
        await device.press("to-member")
        await device.sees("待领取")
        await device.press(f"hand-over-{id_}")
        await device.sees("已交付")
        await device.press(f"cancel-{id_}")
        await device.press("redeem-mistake")
        await device.press(f"cancel-{id_}-now")

        await device.sees("已取消")
        assert (fair.inputs[-1]["reason"], fair.inputs[-1]["restock"]) == ("兑换错误", True)
        assert fair.known["account"]["points"] == 1200
        device.close()

    asyncio.run(play())


def test_beside_the_search_the_gift_is_in_the_list_at_once() -> None:
    """There the list of what was had stays on the screen while the gift is chosen above it."""

    async def play() -> None:
        fair = Fair()
        device = await choosing(fair)
        device.till.layout.wide = True
        await device.press("back")
        await device.press("to-mall")
        await device.press("gift-U1")
        await device.press("redeem")
        await device.sees("已兑换")

        await device.press("to-member")

        await device.sees("雨伞 × 1")
        assert device.route == "/customers"
        device.close()

    asyncio.run(play())


def test_an_associate_does_not_cancel_nor_does_another_store() -> None:
    async def play() -> None:
        fair = Fair()
        device = await choosing(fair)
        await device.press("gift-U1")
        await device.press("redeem")
        await device.press("to-member")
        await device.sees("已交付")
        (id_,) = fair.redeemed
        assert device.named(f"cancel-{id_}") is None
        device.close()
        fair.roles = ["STORE_MANAGER"]
        fair.redeemed[id_]["storeId"] = OTHER_STORE
        device = await looking(fair, "balances")
        await device.sees("雨伞 × 1")
        assert device.named(f"cancel-{id_}") is None
        device.close()

    asyncio.run(play())
