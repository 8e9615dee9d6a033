"""Where it is in which size, and goods received, adjusted and counted: booked once."""

import asyncio
from typing import Any, ClassVar

from staff_app.work.shelf import matrix
from tests.staff_app.device import Device
from tests.staff_app.shop import DRESS_EAN, OTHER_STORE, STORE, Shop, piece
from tests.staff_app.test_sale import COAT_EAN, quick, working  # noqa: F401


class Stockroom(Shop):
    """A dress in two colours and three sizes, not all of them made."""

    fields: ClassVar[dict[str, str]] = {
        **Shop.fields, "style": "one_style", "stockLevels": "levels", "moveStock": "move",
    }  # fmt: skip

    def __init__(self, manager: bool = True) -> None:
        super().__init__()
        self.roles = ["STORE_MANAGER"] if manager else ["ASSOCIATE"]
        self.moved: dict[str, dict[str, Any]] = {}
        self.on_hand = {sku["id"]: sku["available"] for sku in self.pieces.values()}
        for sku in self.pieces.values():
            sku |= {"onHand": sku["available"], "reserved": 0}

    def one_style(self, id: str, storeId: str) -> Any:  # noqa: A002, N803
        dress = next(iter(self.pieces.values()))
        more = [
            piece(11, "真丝连衣裙", "红", "XL", "6901234567811", 29800, 0),
            piece(12, "真丝连衣裙", "蓝", "S", "6901234567812", 29800, 3),
        ]
        skus = [dress, *({**sku, "onHand": sku["available"], "reserved": 0} for sku in more)]
        return {"id": id, "code": "A001", "name": "真丝连衣裙", "category": "裙装", "skus": skus}

    def where_else(self, skuId: str) -> Any:  # noqa: N803
        return [
            {"storeId": STORE, "onHand": 5, "available": 5, "store": {"name": "静安店"}},
            {"storeId": OTHER_STORE, "onHand": 3, "available": 3, "store": {"name": "徐汇店"}},
        ]

    def levels(self, skuIds: list[str], **_: Any) -> Any:  # noqa: N803
        return [
            {"skuId": sku, "onHand": self.on_hand[sku], "reserved": 0,
             "available": self.on_hand[sku]} for sku in skuIds
        ]  # fmt: skip

    def move(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        if input["id"] not in self.moved:
            self.moved[input["id"]] = input
            for line in input["lines"]:
                self.on_hand[line["skuId"]] += line["quantity"]
        return {"levels": self.levels([line["skuId"] for line in input["lines"]])}


async def begun(room: Stockroom, kind: str) -> Device:
    device = await working(room)
    await device.press("tab-stock")
    await device.press(kind)
    await device.type("stock-scan", DRESS_EAN, enter=True)
    await device.until(lambda: device.named("count-A001-M") is not None)
    return device


def test_a_matrix_goes_from_small_to_large() -> None:
    skus = [
        {"colour": colour, "size": size}
        for colour, size in (("红", "XL"), ("红", "S"), ("蓝", "M"), ("蓝", "38"), ("蓝", "均码"))
    ]
    colours, sizes, cells = matrix({"skus": skus})

    assert (colours, sizes) == (["红", "蓝"], ["S", "M", "XL", "38", "均码"])
    assert ("蓝", "S") not in cells


def test_a_scanned_tag_shows_its_style_and_who_else_has_it() -> None:
    async def play() -> None:
        device = await working(Stockroom())
        await device.press("tab-stock")
        await device.type("stock-query", DRESS_EAN, enter=True)

        await device.sees("真丝连衣裙 · A001")
        await device.sees("徐汇店")
        assert not device.says("静安店 ")
        await device.press("cell-A012-S")
        await device.sees("在库 3 · 预留 0")
        await device.press("cell-A001-M")
        await device.press("sell-this")
        await device.until(lambda: device.till.basket.pieces == 1)
        device.close()

    asyncio.run(play())


def test_the_style_that_is_shown_beside_the_list_stands_out() -> None:
    async def play() -> None:
        device = await working(Stockroom())
        device.till.layout.wide = True
        await device.press("tab-stock")
        await device.type("stock-query", "真丝", enter=True)
        await device.until(lambda: device.named("style-A001") is not None)
        assert not device.lit("style-A001")
        await device.press("style-A001")
        await device.sees("真丝连衣裙 · A001")
        assert device.lit("style-A001")
        device.close()

    asyncio.run(play())


def test_goods_received_are_booked_once_though_the_answer_was_lost() -> None:
    async def play() -> None:
        room = Stockroom(manager=False)
        device = await begun(room, "receive")
        await device.type("stock-scan", DRESS_EAN, enter=True)
        await device.type("stock-scan", COAT_EAN, enter=True)
        await device.type("delivery-number", "SF-1")
        room.broken["moveStock"] = 1
        await device.press("book-stock")
        await device.sees("还不知道是否入账")
        assert device.named("stock-scan") is None  # only the same can be sent again
        await device.reload()
        await device.press("book-stock")

        await device.sees("已入账 3 件")
        assert [(sent["reason"], sent["reference"]) for sent in room.inputs] == [
            ("RECEIVING", "SF-1"), ("RECEIVING", "SF-1"),
        ]  # fmt: skip
        assert list(room.on_hand.values()) == [7, 3]
        assert device.stored("stock") is None
        device.close()

    asyncio.run(play())


def test_an_associate_receives_and_does_not_adjust() -> None:
    async def play() -> None:
        device = await working(Stockroom(manager=False))
        await device.press("tab-stock")

        assert device.named("receive") is not None
        assert device.named("adjust") is None
        assert device.named("count") is None
        device.close()

    asyncio.run(play())


def test_damaged_pieces_are_taken_away() -> None:
    async def play() -> None:
        room = Stockroom()
        device = await begun(room, "adjust")
        await device.press("count-A001-M")
        await device.keys("3")
        await device.press("set-count")
        await device.press("book-stock")

        await device.sees("已入账 3 件")
        sent = room.inputs[0]
        assert (sent["reason"], sent["lines"][0]["quantity"]) == ("DAMAGE", -3)
        device.close()

    asyncio.run(play())


def test_a_count_shows_what_differs_before_it_is_booked() -> None:
    async def play() -> None:
        room = Stockroom()
        device = await begun(room, "count")
        await device.type("stock-scan", COAT_EAN, enter=True)
        await device.press("more-A002-L")
        await device.press("compare")
        await device.sees("账上 5 件")
        await device.sees("-4")
        await device.sees("一致")
        assert room.inputs == []
        await device.press("book-stock")

        await device.sees("已入账 4 件")
        assert [line["quantity"] for line in room.inputs[0]["lines"]] == [-4]
        device.close()

    asyncio.run(play())


def test_a_refused_list_stays_and_can_be_mended() -> None:
    async def play() -> None:
        room = Stockroom()
        device = await begun(room, "adjust")
        room.refuse["moveStock"] = ("STOCK_BELOW_RESERVED", {})
        await device.press("book-stock")
        await device.sees("少于已占用数量")
        assert room.moved == {}
        await device.press("stock-surplus")
        await device.press("begin-anew")
        await device.until(lambda: device.till.draft.lines == [])
        await device.press_undo()
        await device.until(lambda: len(device.till.draft.lines) == 1)
        await device.press("book-stock")

        await device.sees("已入账 1 件")
        assert [each["reason"] for each in room.moved.values()] == ["CORRECTION"]
        device.close()

    asyncio.run(play())
