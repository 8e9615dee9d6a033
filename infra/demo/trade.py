"""Ninety days of sales, as the tills of another make would tell of them; and the opening stock.

What was sold must have been there: the stock a store opens with is what it sold since, and what is
left of it today.
"""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from infra.demo import dice, id_of
from infra.demo.catalogue import Piece
from infra.demo.chain import Place
from infra.demo.people import Customer

DAYS = 90
ORDERS_A_DAY = 1.15
ZONE = ZoneInfo("Asia/Shanghai")
LINES = (1, 1, 1, 2, 2, 3, 4)
# What was taken off the list price, in tenths: most is sold in full.
OFF = (0, 0, 0, 0, 1, 1, 2, 3)
WEEK = (0.75, 0.75, 0.8, 0.9, 1.2, 1.7, 1.5)
"""Monday to Sunday."""
MOVEMENT_LINES = 500
RETURN_DAYS = 6


@dataclass(frozen=True, slots=True)
class Sale:
    """One order: the store that sold, and the input of `placeOrder`."""

    store: str
    input: dict[str, Any]


def sales(
    places: list[Place], pieces: list[Piece], members: list[Customer], until: datetime
) -> list[Sale]:
    """In the order in which they happened, none after `until`."""
    numbers = dice("trade")
    weights = [piece.weight for piece in pieces]
    today = until.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    made = []
    for place in places:
        regulars = [member for member in members if member.store == place.code]
        keenness = [member.keenness for member in regulars]
        for day in range(DAYS - 1, -1, -1):
            opening = today - timedelta(days=day)
            busy = ORDERS_A_DAY * place.traffic * WEEK[opening.weekday()]
            for number in range(_count(numbers, busy)):
                at = opening + timedelta(minutes=numbers.randrange(10 * 60, 22 * 60))
                buyer = numbers.choices(regulars, keenness)[0] if numbers.random() < 0.7 else None
                bought = numbers.choices(pieces, weights, k=numbers.choice(LINES))
                sale = _sale(numbers, f"{place.code}:{day}:{number}", place, at, buyer, bought)
                if at <= until - timedelta(minutes=5):
                    made.append(sale)
    return sorted(made, key=lambda sale: str(sale.input["occurredAt"]))


def returns(sales: list[Sale], until: datetime) -> list[Sale]:
    """Inputs of `returnGoods` but for the sum, which the store is told: the first line of some
    sales of the last days, one in five of them damaged."""
    numbers = dice("returns")
    recent = until - timedelta(days=RETURN_DAYS)
    return [
        Sale(sale.store, {
            "returnId": id_of(f"return:{sale.input['orderId']}"),
            "orderId": sale.input["orderId"],
            "storeId": sale.input["storeId"],
            "lines": [{"line": 1, "quantity": 1,
                       "condition": "DAMAGED" if numbers.random() < 0.2 else "SELLABLE"}],
            "reason": numbers.choice(("尺码不合适", "颜色与预期不符", "多买了")),
        })
        for sale in sales
        if datetime.fromisoformat(sale.input["occurredAt"]) > recent
        and int(sale.input["totalMinor"]) and numbers.random() < 0.1
    ]  # fmt: skip


def opening_stock(places: list[Place], pieces: list[Piece], sold: list[Sale]) -> list[Any]:
    """The inputs of `moveStock`; in one case in eight nothing is left of a piece in a store."""
    numbers = dice("stock")
    taken: Counter[tuple[str, str]] = Counter()
    for sale in sold:
        for line in sale.input["lines"]:
            taken[sale.store, line["skuId"]] += line["quantity"]
    made = []
    for place in places:
        lines = []
        for piece in pieces:
            left = 0 if numbers.random() < 0.12 else numbers.randrange(1, 9)
            quantity = taken[place.code, piece.id] + left
            if quantity:
                lines.append({"skuId": piece.id, "quantity": quantity})
        made += [
            {
                "id": id_of(f"opening:{place.code}:{start}"),
                "storeId": place.id,
                "reason": "OPENING",
                "reference": "期初库存",
                "lines": lines[start : start + MOVEMENT_LINES],
            }
            for start in range(0, len(lines), MOVEMENT_LINES)
        ]
    return made


def _count(numbers: random.Random, mean: float) -> int:
    """Customers come independently of each other (Poisson)."""
    count, waited = 0, numbers.expovariate(1.0)
    while waited < mean:
        count += 1
        waited += numbers.expovariate(1.0)
    return count


def _sale(
    numbers: random.Random,
    name: str,
    place: Place,
    at: datetime,
    buyer: Customer | None,
    bought: list[Piece],
) -> Sale:
    lines, total = [], 0
    for number, piece in enumerate(bought, 1):
        quantity = 2 if numbers.random() < 0.06 else 1
        stated = piece.price_minor * quantity * (10 - numbers.choice(OFF)) // 10
        total += stated
        lines.append({
            "line": number,
            "skuId": piece.id,
            "quantity": quantity,
            "statedMinor": str(stated),
        })  # fmt: skip
    return Sale(place.code, {
        "orderId": id_of(f"order:{name}"),
        "storeId": place.id,
        "sellerId": _seller(name, place),
        "memberId": buyer.id if buyer else None,
        "channel": "MINI_PROGRAM" if numbers.random() < 0.08 else "STORE",
        "totalMinor": str(total),
        "lines": lines,
        "tenders": [_tender(numbers, total)],
        "occurredAt": at.isoformat(),
    })  # fmt: skip


def _seller(name: str, place: Place) -> str:
    """Mostly one of the two associates, now and then the manager; `chain.staff` numbers them."""
    shop = place.code.removeprefix("S")
    return id_of(f"staff:{shop}0{dice(f'seller:{name}').choice((1, 2, 2, 2, 3, 3))}")


def _tender(numbers: random.Random, total: int) -> dict[str, Any]:
    kind = numbers.choices(("CODE", "CARD", "CASH"), (75, 15, 10))[0]
    paid = {"kind": kind, "amountMinor": str(total)}
    if kind == "CASH":
        notes_of_a_hundred = -(-total // 10_000)
        return {**paid, "givenMinor": str(notes_of_a_hundred * 10_000)}
    return {**paid, "reference": f"{numbers.randrange(10**12):012}"}
