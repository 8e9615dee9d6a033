"""The points mall: goods, a service and an evening for members."""

from typing import Any

from infra.demo import id_of
from infra.demo.chain import Place

# Code, kind, names, points, pieces or places a store (None: not counted), tiers, limit a person.
ITEMS = [
    ("TOTE", "goods", "帆布袋", "Canvas bag", 300, 20, (), None),
    ("SCARF", "goods", "真丝小方巾", "Silk scarf", 1_200, 6, (), 2),
    ("HEM", "service", "免费改裤脚", "Hemming", 100, None, (), None),
    ("EVENING", "activity", "新品造型沙龙", "Styling evening", 200, 8, ("gold", "diamond"), 1),
]


def items() -> list[dict[str, Any]]:
    """The inputs of `publishMallItem`."""
    return [
        {
            "itemId": id_of(f"mall:{code}"),
            "version": 0,
            "body": {
                "code": code,
                "kind": kind.upper(),
                "nameZh": zh,
                "nameEn": en,
                "points": points,
                "counted": pieces is not None,
                "tiers": list(tiers),
                "perMember": limit,
            },
        }
        for code, kind, zh, en, points, pieces, tiers, limit in ITEMS
    ]


def stock(places: list[Place]) -> list[tuple[str, dict[str, Any]]]:
    """Store code and input of `moveMallStock`."""
    return [
        (place.code, {
            "id": id_of(f"mall:{code}:{place.code}"),
            "storeId": place.id,
            "itemId": id_of(f"mall:{code}"),
            "quantity": pieces,
            "reason": "期初",
        })
        for place in places
        for code, _, _, _, _, pieces, _, _ in ITEMS
        if pieces is not None
    ]  # fmt: skip


def redemption(number: int, store_id: str, member_id: str) -> dict[str, Any]:
    """The input of `redeemPoints`: a bag for 300 points."""
    return {
        "id": id_of(f"redemption:{number}"),
        "storeId": store_id,
        "memberId": member_id,
        "itemId": id_of("mall:TOTE"),
        "points": 300,
    }
