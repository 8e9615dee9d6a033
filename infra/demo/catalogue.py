"""Sixty styles in their colours and sizes, each piece with an in-house barcode and a price."""

from dataclasses import dataclass
from typing import Any

from infra.demo import dice, id_of, words

STYLES_PER_CATEGORY = 5
COLOURS_PER_STYLE = 3
# GS1 leaves 20 to 29 to the shops themselves: no barcode of a maker begins like this.
IN_HOUSE = "200"


@dataclass(frozen=True, slots=True)
class Piece:
    """One SKU; `weight` is how often it is bought."""

    id: str
    ean: str
    name: str
    category: str
    price_minor: int
    weight: float


def styles() -> list[dict[str, Any]]:
    """The inputs of `saveStyles`, and no more: 60 of them with some 800 SKUs."""
    numbers = dice("catalogue")
    made, barcode = [], 0
    for prefix, category, sizes, low, high, _ in words.CATEGORIES:
        manners = numbers.sample(words.MANNERS, STYLES_PER_CATEGORY)
        for number, manner in enumerate(manners, 1):
            code = f"{prefix}-{number:02}"
            skus = []
            for short, colour in numbers.sample(words.COLOURS, COLOURS_PER_STYLE):
                for size in sizes:
                    barcode += 1
                    suffix = "" if size == words.ONE[0] else f"-{size}"
                    skus.append(_sku(f"{code}-{short}{suffix}", colour, size, barcode))
            made.append({
                "id": id_of(f"style:{code}"),
                "code": code,
                "name": f"{manner}{category}",
                "category": category,
                "listPriceMinor": str((numbers.randrange(low, high, 10) // 10 * 10 + 9) * 100),
                "skus": skus,
            })  # fmt: skip
    return made


def pieces(made: list[dict[str, Any]]) -> list[Piece]:
    """The SKUs of some styles."""
    popular = {name: weight for _, name, _, _, _, weight in words.CATEGORIES}
    numbers = dice("popularity")
    found = []
    for style in made:
        liked = popular[style["category"]] * numbers.choice((0.4, 0.7, 1.0, 1.0, 1.6, 2.5))
        for sku in style["skus"]:
            middle = 1.5 if sku["size"] in ("S", "M", "37", "38") else 1.0
            name = f"{style['name']} {sku['colour']} {sku['size']}"
            price = int(style["listPriceMinor"])
            found.append(
                Piece(sku["id"], sku["ean"], name, style["category"], price, liked * middle)
            )
    return found


def prices(made: list[dict[str, Any]], since: str) -> list[dict[str, Any]]:
    """The same list prices for the past: a style is sold at a price from when it was saved."""
    return [
        {
            "id": id_of(f"price:{style['code']}"),
            "styleId": style["id"],
            "scope": "CHAIN",
            "priceMinor": style["listPriceMinor"],
            "validFrom": since,
        }
        for style in made
    ]


def ean13(number: int) -> str:
    """A barcode of our own: weights 1 and 3 in turn, and what lacks to the next ten."""
    digits = f"{IN_HOUSE}{number:09}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _sku(code: str, colour: str, size: str, barcode: int) -> dict[str, str]:
    return {
        "id": id_of(f"sku:{code}"),
        "code": code,
        "colour": colour,
        "size": size,
        "ean": ean13(barcode),
    }
