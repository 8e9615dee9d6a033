"""What changes in the store shows on the screen that is open, also after the connection was cut."""

from typing import Any

import pytest

from staff_app.work import news
from tests.staff_app.device import Device
from tests.staff_app.shop import DRESS_EAN, Shop
from tests.staff_app.test_returns import ReturnDesk
from tests.staff_app.test_sale import working
from tests.staff_app.test_stock import Stockroom

pytestmark = pytest.mark.anyio


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(news, "CATCH_UP_SECONDS", 0.01)


def level(shop: Shop, available: int, version: int) -> dict[str, Any]:
    sku = shop.pieces[DRESS_EAN]["id"]
    return {"skuId": sku, "onHand": available, "reserved": 0, "available": available,
            "version": version}  # fmt: skip


async def before_the_matrix(room: Stockroom) -> Device:
    device = await working(room)
    device.till.go("/stock")
    await device.until(lambda: device.named("stock-query") is not None)
    await device.type("stock-query", DRESS_EAN, enter=True)
    await device.until(lambda: device.named("cell-A001-M") is not None, "cell")
    return device


def in_cell(device: Device) -> str:
    cell = device.named("cell-A001-M")
    assert cell is not None
    return str(cell.label)


async def test_stock_changes_in_the_matrix_and_the_newest_counts() -> None:
    room = Stockroom()
    device = await before_the_matrix(room)

    room.tell("stockChanged", {"levels": [level(room, 2, version=7)]})
    await device.until(lambda: in_cell(device).endswith(" 2"), "two")
    room.tell("stockChanged", {"levels": [level(room, 4, version=6)]})
    room.tell("stockChanged", {"levels": [level(room, 1, version=8)]})
    await device.until(lambda: in_cell(device).endswith(" 1"), "one")
    device.close()


@pytest.mark.usefixtures("impatient")
async def test_stock_is_read_again_after_a_drop() -> None:
    room = Stockroom()
    device = await before_the_matrix(room)

    room.pieces[DRESS_EAN]["available"] = 3
    room.tell("stockChanged", None)

    await device.until(lambda: in_cell(device).endswith(" 3"), "three")
    device.close()


async def test_what_a_search_found_follows_the_stock() -> None:
    shop = Shop()
    device = await working(shop)
    await device.type("scan", "连衣裙")
    await device.sees("可售 5")

    shop.tell("stockChanged", {"levels": [level(shop, 1, version=2)]})

    await device.sees("可售 1")
    device.close()


async def test_orders_come_to_the_list_of_today() -> None:
    desk = ReturnDesk()
    device = await working(desk)
    device.till.go("/orders")
    await device.until(lambda: device.named("order-S01-D1-000001") is not None)
    (known,) = device.till.orders.found or []
    fresh = {**known, "id": "0190a000-0000-7000-8000-0000000000f2",
             "receiptNumber": "S01-D2-000001"}  # fmt: skip

    desk.tell("orderChanged", {"orderId": fresh["id"], "status": "placed", "order": fresh})
    await device.until(lambda: device.named("order-S01-D2-000001") is not None, "the new one")
    voided = {**fresh, "status": "VOIDED"}
    desk.tell("orderChanged", {"orderId": fresh["id"], "status": "voided", "order": voided})
    await device.sees("已撤销")

    assert [order["id"] for order in device.till.orders.found or []] == [
        fresh["id"], known["id"],
    ]  # fmt: skip
    device.close()


@pytest.mark.usefixtures("impatient")
async def test_orders_are_read_again_after_a_drop() -> None:
    desk = ReturnDesk()
    device = await working(desk)
    device.till.go("/orders")
    await device.until(lambda: device.named("order-S01-D1-000001") is not None)

    desk.order["status"] = "VOIDED"
    desk.tell("orderChanged", None)

    await device.sees("已撤销")
    device.close()
