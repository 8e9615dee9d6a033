"""My performance: one's own figures by day, week and month; a manager's by seller."""

import asyncio
from typing import Any, ClassVar

import flet as ft

from tests.staff_app.device import Device
from tests.staff_app.shop import COLLEAGUE, OTHER_STORE, STAFF, STORE, Shop
from tests.staff_app.test_sale import working


class Ledger(Shop):
    """Sold two pieces for ¥300.00 on the third of March, after ¥450.00 the period before."""

    fields: ClassVar[dict[str, str]] = {**Shop.fields, "performance": "figures"}

    def __init__(self) -> None:
        super().__init__()
        self.periods: list[dict[str, Any]] = []
        self.sold = True

    def figures(self, **asked: Any) -> Any:
        self.periods.append(asked)
        mine = _sums(30_000, 2, 1, 1) if self.sold else _sums(0, 0, 0, 0)
        first, last = {
            "DAY": ("2026-03-03", "2026-03-03"), "WEEK": ("2026-03-02", "2026-03-08"),
            "MONTH": ("2026-03-01", "2026-03-31"),
        }[asked["period"]]  # fmt: skip
        days = range(int(first[-2:]), int(last[-2:]) + 1)
        return {
            "currency": "CNY", "firstDay": first, "lastDay": last, "total": mine,
            "before": _sums(45_000, 3, 2, 0),
            "days": [
                {"day": f"2026-03-{day:02d}", "figures": mine if day == 3 else _sums(0, 0, 0, 0)}
                for day in days
            ],
            "sellers": [{"staffId": COLLEAGUE, "staff": {"name": "店员乙"}, "figures": mine}],
            "newCards": [{"staffId": STAFF, "cards": 2}, {"staffId": COLLEAGUE, "cards": 3}],
        }  # fmt: skip


def _sums(minor: int, pieces: int, orders: int, members: int) -> dict[str, Any]:
    return {
        "salesMinor": str(minor), "returnedMinor": "0", "orders": orders, "pieces": pieces,
        "memberOrders": members, "averageMinor": str(minor // orders) if orders else None,
    }  # fmt: skip


async def looking(ledger: Ledger) -> Device:
    device = await working(ledger)
    device.till.go("/more")
    await device.press("performance")
    await device.until(lambda: device.named("net-sales") is not None, "net-sales")
    return device


def bars(device: Device) -> str:
    named = device.named("days")
    assert isinstance(named, ft.Semantics)
    return str(named.label)


def test_an_associate_sees_own_figures_and_no_rank() -> None:
    async def play() -> None:
        ledger = Ledger()
        device = await looking(ledger)
        assert device.says("我的业绩")
        for text in ("¥300.00", "上一期 ¥450.00", "2.00", "100%"):
            assert device.says(text), text
        assert not device.says("店员乙")

        await device.choose("period", "WEEK")
        await device.until(lambda: device.named("days") is not None, "days")
        assert bars(device) == "每天: 03-03：¥300.00"
        await device.press("period-earlier")

        assert [(p["period"], p["day"]) for p in ledger.periods] == [
            ("DAY", None), ("WEEK", None), ("WEEK", "2026-03-01"),
        ]  # fmt: skip
        device.close()

    asyncio.run(play())


def test_a_manager_looks_at_one_seller_and_back() -> None:
    async def play() -> None:
        ledger = Ledger()
        ledger.roles = ["STORE_MANAGER"]
        device = await looking(ledger)
        assert device.says("本店业绩")
        assert device.till.performance.shown is not None
        assert device.says("5")  # cards of everybody

        await device.press(f"seller-{COLLEAGUE}")
        assert device.says("店员乙 的业绩")
        assert ledger.periods[-1]["staffId"] == COLLEAGUE
        await device.press("everybody")
        assert ledger.periods[-1]["staffId"] is None
        device.close()

    asyncio.run(play())


def test_who_has_several_stores_looks_into_one_after_the_other() -> None:
    async def play() -> None:
        ledger = Ledger()
        ledger.roles = ["HQ_OPERATIONS"]
        other = {**ledger.stores()[0], "id": OTHER_STORE, "name": "徐汇店"}
        ledger.known_stores = [*ledger.known_stores, other]
        device = await looking(ledger)
        await device.press("store")
        await device.press(f"store-{OTHER_STORE}")
        await device.sees("徐汇店 的业绩")
        assert [each["storeId"] for each in ledger.periods] == [STORE, OTHER_STORE]
        device.close()

    asyncio.run(play())


def test_nothing_sold_and_no_answer_are_told_apart() -> None:
    async def play() -> None:
        ledger = Ledger()
        ledger.sold = False
        device = await looking(ledger)
        assert device.says("这段时间还没有成交。")
        ledger.down = True
        await device.choose("period", "MONTH")
        await device.sees("业绩暂时读不到。")
        ledger.down, ledger.sold = False, True
        await device.press("ask-again")
        await device.sees("¥300.00")
        device.close()

    asyncio.run(play())
