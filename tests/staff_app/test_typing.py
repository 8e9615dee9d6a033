"""What is typed is looked up once the fingers rest; the end of a phone at once."""

import asyncio

import pytest

from tests.staff_app.shop import Shop
from tests.staff_app.test_sale import working


@pytest.mark.parametrize(
    ("text", "waits"), [("1111", False), ("13800001111", False), ("11112", True), ("某乙", True)]
)
def test_the_end_of_a_phone_and_a_whole_one_are_looked_up_without_a_pause(
    text: str, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("staff_app.work.finding.PAUSE_SECONDS", 3600)

    async def play() -> None:
        device = await working(Shop())
        finding = asyncio.create_task(device.till.finding.find_members(text))
        await device.until(lambda: finding.done() or device.till.people.searching)
        await device.settle()
        if waits:
            assert device.till.people.results is None
            finding.cancel()
        else:
            await device.until(lambda: device.till.people.results is not None)
        device.close()

    asyncio.run(play())
