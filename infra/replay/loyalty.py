"""What the ledger says of the cards of a replay, beside what DuckDB makes of the raw files.

The rules are dated at the time of the data, so that they change nothing for sales of today: an
earn rule for each half of its year, with bonuses by weekday, category, store and day.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from infra import trial
from infra.api import Api
from infra.replay import baskets, names, reckoning
from infra.replay.baskets import Data
from infra.replay.names import NAME
from infra.snapshots import snapshots
from infra.trial import TIME_ZONE, id_of

_TIERS = {"silver": 10_000, "gold": 12_000, "diamond": 15_000, "black": 20_000}
_BUSY_STORES = (367, 406, 429, 343)


def _bonus(code: str, times: int, **when: Any) -> dict[str, Any]:
    return {
        "code": code, "name_zh": code, "name_en": code, "multiplier_basis_points": times * 10_000,
        "when": when,
    }  # fmt: skip


RULES = {
    "2017-01-01T00:00:00+08:00": {
        "type": "earn",
        "minor_per_point": 100,
        "multipliers_basis_points": _TIERS,
        "bonuses": [
            _bonus("wednesday", 2, weekdays=[3]),
            _bonus("meat", 3, categories=["BEEF", "FRZN MEAT/MEAT DINNERS"]),
        ],
    },
    "2017-07-01T00:00:00+08:00": {
        "type": "earn",
        "minor_per_point": 90,
        "multipliers_basis_points": _TIERS,
        "combine": "add",
        "bonus_limit_basis_points": 40_000,
        "bonuses": [
            _bonus("busy-stores", 2, store_ids=[names.store(store) for store in _BUSY_STORES]),
            _bonus("advent", 3, first_day="2017-11-26", last_day="2017-12-24"),
            _bonus("gold-cheese", 2, categories=["CHEESE"], tiers=["gold", "diamond"]),
        ],
    },
}

LADDER = {
    "type": "ladder",
    "basis": "spend",
    "tiers": [
        {"code": "silver", "name_zh": "银卡", "name_en": "Silver", "threshold": 0},
        {"code": "gold", "name_zh": "金卡", "name_en": "Gold", "threshold": 10_000},
        {"code": "diamond", "name_zh": "钻石卡", "name_en": "Diamond", "threshold": 200_000},
    ],
}
"""Of today, for an installation that has none: tiers are reckoned as of today."""


async def publish_rules(hq: Api) -> None:
    """The rules of the time of the data; those of today only where there are none."""
    await trial.publish_missing_rules(hq, NAME, [LADDER])
    for valid_from, body in RULES.items():
        await hq.change(
            "publishRule", "ruleVersion { id }",
            id=id_of(NAME, "earn", valid_from), validFrom=valid_from, body=body,
        )  # fmt: skip


@dataclass
class Loyalty:
    """Points by card and tiers by card: (reckoned from the files, found)."""

    points: dict[int, tuple[int, int]] = field(default_factory=dict)
    tiers: dict[int, tuple[str | None, str | None]] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        return {
            "expected_points": sum(expected for expected, _ in self.points.values()),
            "actual_points": sum(actual for _, actual in self.points.values()),
            "mismatched_points": len(differing(self.points)),
            "tiers": dict(sorted(Counter(str(tier) for _, tier in self.tiers.values()).items())),
            "mismatched_tiers": len(differing(self.tiers)),
        }


def differing(figures: Mapping[int, tuple[Any, Any]]) -> dict[int, tuple[Any, Any]]:
    """What is expected and what is found, where that is not the same."""
    return {key: both for key, both in figures.items() if both[0] != both[1]}


def compare(
    environment: Mapping[str, str], data: Data, rules: Sequence[Mapping[str, Any]]
) -> Loyalty:
    """For the cards of some baskets; earlier runs may have sold more of the baskets to them."""
    cards = {names.member(card): card for card in data.homes}
    known = baskets.numbers()
    found = _Found.read(environment, list(cards))
    expected = reckoning.reckon(
        baskets.folder(),
        {number: found.orders[id_] for number in known.baskets
         if (id_ := names.order(number)) in found.orders},
        rules,
        {
            "store": {store: names.store(store) for store in known.stores},
            "style": {product: names.style(product) for product in known.products},
        },
        datetime.now(ZoneInfo(TIME_ZONE)).date(),
    )  # fmt: skip
    return Loyalty(
        {card: (expected.points.get(card, 0), found.points.get(id_, 0))
         for id_, card in cards.items()},
        {card: (expected.tiers.get(card), found.tiers.get(id_)) for id_, card in cards.items()},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """By the ids of the installation: the tier each order was priced at; points and tiers of
    members."""

    orders: dict[str, str | None]
    points: dict[str, int]
    tiers: dict[str, str | None]

    @classmethod
    def read(cls, environment: Mapping[str, str], members: list[str]) -> "_Found":
        with snapshots(environment) as opened:
            return cls(
                {str(id_): tier for id_, tier in opened["order"].execute(_ORDERS, [members])},
                {
                    str(id_): int(sum_)
                    for id_, sum_ in opened["loyalty"].execute(_EARNED, [members])
                },
                {str(id_): tier for id_, tier in opened["loyalty"].execute(_MEMBERS, [members])},
            )


_ORDERS = "SELECT id, tier FROM orders WHERE status = 'placed' AND member_id = ANY(%s::uuid[])"
_EARNED = (
    "SELECT a.member_id, sum(e.amount) FROM member_accounts a"
    " JOIN entries e ON e.account_id = a.account_id AND e.reason = 'earned'"
    " WHERE a.kind = 'points' AND a.member_id = ANY(%s::uuid[]) GROUP BY a.member_id"
)
# What the sum gave: a tier may be kept in grace, or set by hand.
_MEMBERS = "SELECT member_id, earned_tier FROM members WHERE member_id = ANY(%s::uuid[])"
