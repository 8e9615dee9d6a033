"""A shop that tells a till what it needs to sell alone, and a device with room for it."""

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

from staff_app.storage import NobodyKnown, NotKept
from tests.staff_app.device import Device
from tests.staff_app.shop import CARD, PROMOTION, Shop, refusal

MEMBER = "0190a000-0000-7000-8000-0000000000aa"
RULE: dict[str, Any] = {
    "allowed": True, "storeIds": [], "deviceIds": [], "roles": [], "hours": 24, "memberDays": 90,
    "saleMinor": "1000000", "totalMinor": "10000000", "pinTries": 5, "pinDays": 7,
}  # fmt: skip


class Room:
    """A store of the device's own, as large as it has to be."""

    holds_much = is_open = True

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.full = False
        self.limits = (0, 0)

    async def read(self, name: str) -> Any:
        text = self.kept.get(name)
        return json.loads(text) if text else None

    async def read_all(self, names: list[str]) -> dict[str, Any]:
        return {name: await self.read(name) for name in names}

    async def write_all(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            await self.write(name, value)

    async def unlock(self, number: str, pin: str, storage_key: str) -> None:
        return None

    async def unlock_alone(self, number: str, pin: str) -> None:
        raise NobodyKnown(number)

    async def limit_alone(self, tries: int, days: int) -> None:
        self.limits = (tries, days)

    async def lock(self) -> None:
        return None

    async def write(self, name: str, value: Any) -> None:
        if self.full:
            raise NotKept(name)
        if value is None:
            self.kept.pop(name, None)
        else:
            self.kept[name] = json.dumps(value)

    async def keep(self, name: str, value: Any) -> None:
        if not self.full:
            await self.write(name, value)

    async def flush(self) -> None:
        return None


class FarShop(Shop):
    """Its tills may sell without network. What is accepted is booked as it was told."""

    fields: ClassVar[dict[str, str]] = {
        **Shop.fields,
        "tillRule": "till_rule", "tillCatalogue": "till_catalogue", "tillStock": "till_stock",
        "tillPromotions": "till_promotions", "tillMembers": "till_members",
        "reportOffline": "report", "acceptOfflineSale": "accept",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.rule = dict(RULE)
        self.reports: list[dict[str, Any]] = []
        self.ahead_seconds = 0
        self.version = 1
        self.limit: str | None = None

    def till_rule(self, **_asked: Any) -> Any:
        now = datetime.fromtimestamp(datetime.now(UTC).timestamp() - self.ahead_seconds, UTC)
        return {"now": now.isoformat(), "version": 3, "body": self.rule}

    def till_catalogue(self, sinceVersion: str | None = None, **_asked: Any) -> Any:  # noqa: N803
        known = sinceVersion == str(self.version)
        items = [] if known else [
            {
                "id": sku["styleId"], "code": sku["styleCode"], "name": sku["name"],
                "category": sku["category"], "taxBasisPoints": 1300,
                "prices": {"": int(sku["priceMinor"])},
                "skus": {sku["id"]: [sku["code"], sku["colour"], sku["size"], sku["ean"]]},
            }
            for sku in self.pieces.values()
        ]  # fmt: skip
        return self._changes(sinceVersion, items=items, after=None)

    def till_stock(self, sinceVersion: str | None = None, **_asked: Any) -> Any:  # noqa: N803
        levels = {sku["id"]: sku["available"] for sku in self.pieces.values()}
        return self._changes(sinceVersion, levels=levels, after=None)

    def till_promotions(self, sinceVersion: str | None = None, **_asked: Any) -> Any:  # noqa: N803
        terms = {
            "code": "ten", "name_zh": "全场九折", "name_en": "10% off", "style_ids": [],
            "categories": [], "tiers": [], "members_only": False, "priority": 100, "stacks": True,
            "group": None, "rule": {"type": "percentage", "off_basis_points": 1_000},
        }  # fmt: skip
        version = {
            "version": 1, "startsAt": "2020-01-01T00:00:00+00:00", "stopsAt": None, "terms": terms,
        }  # fmt: skip
        items = [{"id": PROMOTION, "versions": [version]}]
        return self._changes(sinceVersion, items=items, removed=[])

    def till_members(self, sinceVersion: str | None = None, **_asked: Any) -> Any:  # noqa: N803
        person = {
            "id": MEMBER, "name": "某乙", "cardCode": CARD, "lastFour": "1111", "tier": "silver",
            "until": "2999-01-01",
        }  # fmt: skip
        return self._changes(sinceVersion, items=[person], removed=[])

    def report(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.reports.append(input)
        return {"done": True}

    def accept(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.limit = None
        sale = next(each for each in self.inputs if each["orderId"] == input["orderId"])
        return self.place_order(sale)

    def place_order(self, input: dict[str, Any]) -> Any:  # noqa: A002
        if not input.get("offline") or input["orderId"] in self.orders:
            return super().place_order(input)
        self.inputs.append(input)
        if self.limit:
            return {"refusal": refusal(self.limit)}
        quote = self._priced(input["lines"], input["memberId"])
        order = self._order(input, quote)
        self.orders[input["orderId"]] = order
        return {"order": order}

    def _changes(self, since: str | None, **told: Any) -> Any:
        return {"version": str(self.version), "whole": since is None, **told}


async def with_room(shop: FarShop, room: Room | None = None) -> Device:
    """A device on which somebody has signed in and that knows its shop."""
    room = room or Room()
    for name, value in shop.kept().items():
        await room.write(name, value)
    device = await Device(shop, storage=lambda: room).open()
    await device.until(lambda: device.till.alone.ready, "what it needs to sell alone")
    return device


async def cut(device: Device, shop: FarShop) -> None:
    """The network goes, and the till notices with the next thing it asks."""
    shop.down = True
    await device.till.basket_work.add(_dress(shop))
    await device.sees("离线销售中")


def _dress(shop: FarShop) -> Any:
    return next(iter(shop.pieces.values()))
