"""Receipts printed, and shared as pictures: from the sale, from an order, from a return."""

import asyncio
import base64
import io
from typing import Any, ClassVar

import flet as ft
from PIL import Image

from tests.staff_app.device import Device
from tests.staff_app.shop import REFUSALS, STORE, refusal
from tests.staff_app.test_returns import RECEIPT, ReturnDesk, asked_back, looking
from tests.staff_app.test_sale import paying, quick  # noqa: F401

REFUSALS["PRINTER_UNREACHABLE"] = ("打印机 10.0.0.9 没有回应", "The printer does not answer")


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (2, 2)).save(buffer, "PNG")
    return buffer.getvalue()


class PaperDesk(ReturnDesk):
    """Numbers what goes out of a document; the same id is the same one again."""

    fields: ClassVar[dict[str, str]] = {
        **ReturnDesk.fields, "printReceipt": "print_receipt", "shareReceipt": "share_receipt",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.issued: list[dict[str, Any]] = []
        self.dead = False

    def print_receipt(self, input: dict[str, Any]) -> Any:  # noqa: A002
        copy = self._issue(input)
        if self.dead:
            return {"refusal": refusal("PRINTER_UNREACHABLE")}
        return {"copy": copy}

    def share_receipt(self, input: dict[str, Any]) -> Any:  # noqa: A002
        return {"copy": self._issue(input), "png": base64.b64encode(picture()).decode()}

    def _issue(self, input_: dict[str, Any]) -> int:
        if input_ not in self.issued:
            self.issued.append(input_)
        of_it = [i["id"] for i in self.issued if i.get("orderId") == input_.get("orderId")]
        return of_it.index(input_["id"])


async def sold(desk: PaperDesk) -> Device:
    device = await paying(desk)
    await device.press("pay")
    await device.sees("已收款")
    return device


def drawn(device: Device) -> ft.Image | None:
    return next((c for c in device.drawn() if isinstance(c, ft.Image)), None)


def test_a_sale_is_printed_and_a_dead_printer_gets_the_same_receipt_again() -> None:
    async def play() -> None:
        desk = PaperDesk()
        desk.dead = True
        device = await sold(desk)
        await device.press("print-receipt")
        await device.sees("打印机 10.0.0.9 没有回应")
        desk.dead = False
        await device.press("print-receipt")
        await device.sees("已送到打印机")
        assert not device.says("没有回应")
        await device.press("print-receipt")
        await device.sees("已打印第 1 次补打件")

        first, second = desk.issued
        assert (first["storeId"], first["language"]) == (STORE, "zh")
        order = device.till.receipt.order or {}
        assert first["orderId"] == second["orderId"] == order["id"]
        device.close()

    asyncio.run(play())


def test_a_receipt_is_looked_at_and_then_shared() -> None:
    async def play() -> None:
        desk = PaperDesk()
        device = await sold(desk)
        await device.press("share-receipt")
        await device.until(lambda: drawn(device) is not None, "the picture")
        image = drawn(device)
        assert image is not None
        assert image.src == picture()
        device.wire.services["share_files"] = {"status": "dismissed", "raw": ""}
        await device.press("share")
        assert not device.says("已交给分享程序")
        device.wire.services["share_files"] = {"status": "success", "raw": ""}
        await device.press("share")
        await device.sees("已交给分享程序")

        [(_, arguments)] = device.wire.called[1:]
        [shared] = arguments["files"]
        assert (shared.data, shared.mime_type) == (picture(), "image/png")
        order = device.till.receipt.order or {}
        assert shared.name == f"{order['receiptNumber']}.png"
        await device.press("back")
        await device.sees("已收款")
        device.close()

    asyncio.run(play())


def test_a_receipt_of_the_past_is_sent_again_as_a_copy() -> None:
    async def play() -> None:
        desk = PaperDesk()
        desk.issued.append({"id": "the first", "orderId": desk.order["id"]})
        device = await looking(desk)
        assert device.says("补打小票")
        await device.press("share-receipt")
        await device.sees("图上注明是第 1 次补打件")
        await device.press("back")
        await device.sees(RECEIPT)
        device.close()

    asyncio.run(play())


def test_a_return_has_a_receipt_too() -> None:
    async def play() -> None:
        desk = PaperDesk()
        device = await asked_back(desk)
        await device.press("reason-size")
        await device.press("give-back")
        await device.sees("退货完成")
        await device.press("print-receipt")
        await device.sees("已送到打印机")

        assert [each["returnId"] for each in desk.issued] == [*desk.back]
        device.close()

    asyncio.run(play())


def test_a_return_of_the_past_is_printed_again_from_its_order() -> None:
    async def play() -> None:
        desk = PaperDesk()
        desk.take_back({
            "returnId": "0190a000-0000-7000-8000-0000000000f9", "lines": [
                {"line": 1, "quantity": 1, "condition": "SELLABLE"}],
            "refundMinor": "26820", "reason": "尺码不合",
        })  # fmt: skip
        device = await looking(desk)
        await device.sees("退货单 S01-D1-000009")
        assert device.says("尺码不合")
        await device.press("print-receiptS01-D1-000009")
        await device.sees("已送到打印机")

        assert [each.get("returnId") for each in desk.issued] == [*desk.back]
        device.close()

    asyncio.run(play())
