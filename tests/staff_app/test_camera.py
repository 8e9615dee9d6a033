"""A code read from a picture does what a scanned one does."""

import asyncio
import json

from staff_app.client import Unreachable
from tests.staff_app.shop import DRESS_EAN, Shop
from tests.staff_app.test_sale import quick, working  # noqa: F401


class Counter(Shop):
    """Reads from a picture what stands in it."""

    async def carry(self, path: str, content: bytes | None, token: str) -> tuple[int, bytes]:
        assert (path, token) == ("/codes", "access-1")
        if self.down:
            raise Unreachable("down")
        if content == b"no picture":
            said = {"code": "UNREADABLE_FILE", "messageZh": "读不出来", "messageEn": "Unreadable"}
            return 422, json.dumps({**said, "parameters": {}}).encode()
        codes = [{"text": content.decode(), "format": "EAN13"}] if content else []
        return 200, json.dumps({"codes": codes}).encode()


def test_a_piece_is_rung_up_from_a_picture_of_its_label() -> None:
    async def play() -> None:
        device = await working(Counter())
        label = {"id": 1, "name": "label.jpg", "size": 13, "bytes": DRESS_EAN.encode()}
        device.wire.services["pick_files"] = [label]
        await device.press("camera")
        await device.sees("收款 ¥268.20")
        device.close()

    asyncio.run(play())


def test_what_cannot_be_read_is_said_with_what_to_do() -> None:
    async def play() -> None:
        shop = Counter()
        device = await working(shop)
        blurred = {"id": 1, "name": "x.jpg", "size": 10, "bytes": b"no picture"}
        device.wire.services["pick_files"] = [blurred]
        await device.press("camera")
        await device.sees("请靠近、对准再拍，或手动输入")
        device.wire.services["pick_files"] = []  # nothing was taken after all
        await device.press("camera")
        shop.down = True
        device.wire.services["pick_files"] = [blurred]
        await device.press("camera")
        await device.sees("没有收到回应")
        device.close()

    asyncio.run(play())
