"""What HQ asks of a new member stands on the form of the new card, and nothing else does."""

import asyncio
from typing import Any, ClassVar

import pytest

from tests.staff_app.device import Device
from tests.staff_app.shop import Shop
from tests.staff_app.test_sale import quick, working  # noqa: F401

NUMBER = "13900002222"


def asked(kind: dict[str, Any], zh: str, marked: bool = False, mine: bool = True) -> Any:
    told = {"labels": {"zh-CN": zh, "en": zh}, "type": "text", "at_registration": marked}
    return {**kind, "readOnly": not mine, "x-field": told}


TEXT = {"type": "string"}
PLACE = {"type": "object", "properties": {}}
FIELDS = {
    "heard": asked(TEXT, "从哪里知道", marked=True),
    "fit": asked(TEXT, "版型"),
    "hobby": asked(TEXT, "爱好"),
    "score": asked(TEXT, "评分", marked=True, mine=False),
}


class Asking(Shop):
    """HQ asks for a fit, and wants to know on registering where one heard of the store."""

    fields: ClassVar[dict[str, str]] = {**Shop.fields, "memberForm": "form"}

    def __init__(self, **properties: Any) -> None:
        super().__init__()
        self.properties = properties

    def form(self, **_: Any) -> Any:
        return {"document": {"properties": self.properties, "required": ["fit"]}}


async def filling_in(shop: Shop) -> Device:
    device = await working(shop)
    await device.press("find-member")
    await device.keys(NUMBER)
    await device.type("member-name", "顾客辛")
    await device.tick("agrees")
    return device


def fields_of(device: Device) -> list[str]:
    return [key for key in FIELDS if device.named(f"field-{key}")]


def test_what_is_required_or_marked_is_asked_for_and_the_rest_is_not() -> None:
    async def play() -> None:
        shop = Asking(**FIELDS)
        device = await filling_in(shop)
        assert fields_of(device) == ["heard", "fit"]

        await device.press("register")
        await device.sees("请填写“版型”")
        assert shop.inputs == []

        await device.type("field-fit", "修身")
        await device.press("register")
        await device.until(lambda: bool(shop.inputs))
        assert shop.inputs[0]["fields"] == {"fit": "修身"}
        device.close()

    asyncio.run(play())


def test_without_fields_of_hq_the_form_is_as_short_as_it_was() -> None:
    async def play() -> None:
        shop = Shop()
        device = await filling_in(shop)
        await device.press("register")
        await device.until(lambda: bool(shop.inputs))
        assert shop.inputs[0]["fields"] == {}
        device.close()

    asyncio.run(play())


@pytest.mark.parametrize("agreed", [True, False])
def test_a_place_is_asked_for_with_the_consent_it_needs(agreed: bool) -> None:
    async def play() -> None:
        shop = Asking(home=asked(PLACE, "住处", marked=True), fit=FIELDS["fit"])
        device = await filling_in(shop)
        assert device.named("agrees-location") is None
        await device.type("field-fit", "修身")
        await device.type("field-home", "31.23, 121.47")
        if agreed:
            await device.tick("agrees-location")
        await device.press("register")

        await device.until(lambda: bool(shop.inputs))
        said = {each["purpose"]: each["granted"] for each in shop.inputs[0]["consents"]}
        expected = {"MEMBERSHIP": True, "MARKETING": False}
        assert said == expected | ({"LOCATION": True} if agreed else {})
        device.close()

    asyncio.run(play())
