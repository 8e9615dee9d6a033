"""One sale, as a till sends it: priced first, then placed under an id that the till has made."""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.api import Api
from infra.trial import Till, Trial
from shared.ids import new_id

RECEIPT = """order {
    id status receiptNumber totalMinor discountMinor changeMinor pointsExpected
    lines { skuId name quantity netMinor discountMinor }
    promotions { nameZh discountMinor }
    balances { points walletPrincipalMinor walletBonusMinor }
}"""
"""What a till shows when a sale is made."""

_QUOTE = """query ($storeId: ID!, $memberId: ID, $lines: [BasketLineInput!]!, $codes: [String!]) {
    quote(storeId: $storeId, memberId: $memberId, lines: $lines, couponCodes: $codes) {
        quote {
            totalMinor offer { pointsUsable minorPerHundredPoints walletUsableMinor }
            lines { line netMinor unitListMinor } promotions { promotionId version discountMinor }
        }
        refusal { code messageEn parameters { name value } }
    }
}"""
LINES = 3
BASKETS = 40
NOTE_MINOR = 10_000
"""Cash is handed over in notes of 100."""


@dataclass
class Sale:
    """A basket of a till, with what the customer was told and how it is paid."""

    order_id: str
    till: Till
    lines: list[dict[str, Any]]
    member_id: str | None = None
    coupons: list[str] = field(default_factory=list)
    total_minor: int = 0
    tenders: list[dict[str, Any]] = field(default_factory=list)
    offline: dict[str, Any] = field(default_factory=dict)
    """What is told beside a sale that was made without network: see `made_alone`."""

    def input(self) -> dict[str, Any]:
        return {
            "orderId": self.order_id,
            "storeId": self.till.store_id,
            "memberId": self.member_id,
            "totalMinor": str(self.total_minor),
            "lines": self.lines,
            "couponCodes": self.coupons,
            "tenders": self.tenders,
            **self.offline,
        }

    def made_alone(self, priced: dict[str, Any]) -> None:
        """It was sold without network at this price, minutes ago, and is a fact."""
        nets = {line["line"]: line["netMinor"] for line in priced["lines"]}
        self.lines = [{**line, "statedMinor": nets[line["line"]]} for line in self.lines]
        now = datetime.now(UTC)
        told = {
            "spellId": str(new_id()),
            "receipt": f"L-{self.order_id}",
            "claimedAt": (now - timedelta(minutes=2)).isoformat(),
            "contactAt": (now - timedelta(minutes=20)).isoformat(),
            "terms": {
                "units": [
                    {"line": line["line"], "unitMinor": line["unitListMinor"]}
                    for line in priced["lines"]
                ],
                "promotions": priced["promotions"],
            },
        }
        seller = self.till.api.identity["caller"]["id"]
        self.offline = {"deviceId": self.till.device_id, "sellerId": seller, "offline": told}


def lines_of(pieces: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Basket lines from (SKU, quantity)."""
    return [
        {"line": number, "skuId": sku, "quantity": quantity}
        for number, (sku, quantity) in enumerate(pieces, 1)
    ]


async def quote(
    api: Api,
    store_id: str,
    lines: list[dict[str, Any]],
    member_id: str | None = None,
    coupons: Sequence[str] = (),
) -> dict[str, Any]:
    """The price of a basket, and what the member could pay it with."""
    variables = {
        "storeId": store_id,
        "memberId": member_id,
        "lines": lines,
        "codes": list(coupons),
    }
    answer = await api.ask(_QUOTE, **variables)
    priced: dict[str, Any] = answer["quote"]["quote"]
    return priced


def in_cash(total_minor: int) -> list[dict[str, Any]]:
    """Paid in cash, with change; nothing is paid for nothing."""
    if total_minor == 0:
        return []
    given = -(-total_minor // NOTE_MINOR) * NOTE_MINOR
    return [{"kind": "CASH", "amountMinor": str(total_minor), "givenMinor": str(given)}]


async def place(sale: Sale) -> dict[str, Any]:
    """Send a sale until it is answered; the order. Raises `Refused`."""
    answer = await sale.till.api.change("placeOrder", RECEIPT, **sale.input())
    order: dict[str, Any] = answer["order"]
    return order


async def endless(chain: Trial) -> Iterator[Sale]:
    """Sales without end: tills, members and baskets in turn; each store's baskets priced once."""
    numbers = random.Random(1)
    baskets: dict[str, list[tuple[Any, int]]] = {}
    for store in chain.stores:
        for _ in range(BASKETS):
            picked = numbers.sample(chain.pieces, LINES)
            lines = lines_of([(piece, 1) for piece in picked])
            priced = await quote(chain.hq, store, lines, chain.members[0])
            baskets.setdefault(store, []).append((lines, int(priced["totalMinor"])))

    def endless() -> Iterator[Sale]:
        tills, members = itertools.cycle(chain.tills), itertools.cycle(chain.members)
        for till, member in zip(tills, members, strict=False):
            lines, total = numbers.choice(baskets[till.store_id])
            yield Sale(str(new_id()), till, lines, member, [], total, in_cash(total))

    return endless()


async def sell(sales: Iterator[Sale], in_flight: int, seconds: float) -> tuple[list[float], float]:
    """So many at a time for so long; the latency of each, and how long it took in all."""
    latencies: list[float] = []
    began = time.perf_counter()

    async def seller() -> None:
        while time.perf_counter() - began < seconds:
            sale = next(sales)
            started = time.perf_counter()
            await place(sale)
            latencies.append(time.perf_counter() - started)

    await asyncio.gather(*(seller() for _ in range(in_flight)))
    return latencies, time.perf_counter() - began
