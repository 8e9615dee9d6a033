"""What there is to do: the rule that raises tasks, and some that a manager has written down."""

from typing import Any

from infra.demo import id_of
from infra.demo.chain import Person, Place
from infra.demo.people import Customer

# What is to be done, whether for one associate, whether about a member, due in days.
BY_HAND = [
    ("新款到店，打电话请她来试穿", True, True, 0),
    ("橱窗换上秋冬款", False, False, 1),
    ("确认生日礼遇的赠品数量", False, False, 7),
]


def rule() -> dict[str, Any]:
    """The input of `publishTaskRule`: what is below zero or runs low, and members to be called."""
    kinds = [
        {"kind": "STOCK_DISCREPANCY", "dueAfterHours": 24},
        {"kind": "STOCK_LOW", "dueAfterHours": 48},
        {"kind": "NEAR_NEXT_TIER", "givenTo": "ASSOCIATE", "dueAfterHours": 72},
        {"kind": "TIER_LAPSING", "givenTo": "ASSOCIATE", "dueBeforeHours": 7 * 24},
        {"kind": "POINTS_EXPIRING", "givenTo": "ASSOCIATE", "dueBeforeHours": 3 * 24},
        {"kind": "BIRTHDAY", "givenTo": "ASSOCIATE", "dueBeforeHours": 24},
    ]
    return {"id": id_of("tasks:rule"), "rule": {"kinds": kinds}}


def by_hand(
    places: list[Place], staff: list[Person], members: list[Customer]
) -> list[dict[str, Any]]:
    """The inputs of `raiseTask`, for every store."""
    made = []
    for place in places:
        clerk = next(p for p in staff if p.store == place.code and p.role == "ASSOCIATE")
        known = next((member for member in members if member.store == place.code), None)
        for number, (words, hers, about, days) in enumerate(BY_HAND, 1):
            made.append(
                {
                    "id": id_of(f"task:{place.code}:{number}"),
                    "storeId": place.id,
                    "reason": words,
                    "associateId": clerk.id if hers else None,
                    "memberId": known.id if known and about else None,
                    "dueInDays": days,
                }
            )
    return made
