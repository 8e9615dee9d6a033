"""The basket: pieces in and out, its member and coupons, and its price with the reasons.

Kept on the device at every change. The price is asked for after each; only the answer to the
newest question counts.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from staff_app import queries
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.state import Basket, Desk, Line, Pricing
from staff_app.storage import Storage

QUANTITY_LIMIT = 999
LINES_LIMIT = 500


class BasketWork:
    def __init__(
        self, client: Client, storage: Storage, desk: Desk, basket: Basket, pricing: Pricing
    ) -> None:
        self._client = client
        self._storage = storage
        self._desk = desk
        self._basket = basket
        self._pricing = pricing
        self._question = 0
        self.alone: Callable[[], dict[str, Any] | None] = lambda: None
        """What the basket costs where there is no network; None while there is one."""

    async def open(self) -> None:
        """The basket as it was left. Raises `NotKept`."""
        self.put_back(await self._storage.read("basket") or {})

    def kept(self) -> dict[str, Any]:
        """The basket as it is stored, and as it goes with an unsent sale."""
        return {
            "lines": [asdict(line) for line in self._basket.lines],
            "member": self._basket.member,
            "coupons": list(self._basket.coupons),
            "exchange": self._basket.exchange,
        }

    def put_back(self, kept: dict[str, Any]) -> None:
        self._basket.lines = [Line(**line) for line in kept.get("lines", [])]
        self._basket.member = kept.get("member")
        self._basket.coupons = list(kept.get("coupons", []))
        self._basket.exchange = kept.get("exchange")

    async def add(self, sku: dict[str, Any]) -> Line:
        """One more of a piece."""
        for line in self._basket.lines:
            if line.sku_id == sku["id"]:
                return await self.set_quantity(line, line.quantity + 1)
        line = Line(
            number=max((line.number for line in self._basket.lines), default=0) + 1,
            sku_id=sku["id"],
            quantity=1,
            name=sku["name"],
            colour=sku["colour"],
            size=sku["size"],
            style_code=sku["styleCode"],
            price_minor=int(sku["priceMinor"]),
            available=sku["available"],
        )
        if len(self._basket.lines) < LINES_LIMIT:
            self._basket.lines = [*self._basket.lines, line]
        await self.changed()
        return line

    async def set_quantity(self, line: Line, quantity: int) -> Line:
        changed = line.times(max(1, min(quantity, QUANTITY_LIMIT)))
        self._basket.lines = [
            changed if known.number == line.number else known for known in self._basket.lines
        ]
        await self.changed()
        return changed

    async def remove(self, line: Line) -> None:
        self._basket.lines = [known for known in self._basket.lines if known.number != line.number]
        await self.changed()

    async def undo_remove(self, line: Line) -> None:
        """Back where it was."""
        if all(known.number != line.number for known in self._basket.lines):
            lines = sorted([*self._basket.lines, line], key=lambda known: known.number)
            self._basket.lines = lines
            await self.changed()

    async def attach(self, member: dict[str, Any] | None) -> None:
        self._basket.member = member
        await self.changed()

    async def add_coupon(self, code: str) -> None:
        if code not in self._basket.coupons:
            self._basket.coupons = [*self._basket.coupons, code]
            await self.changed()

    async def remove_coupon(self, code: str) -> None:
        self._basket.coupons = [known for known in self._basket.coupons if known != code]
        await self.changed()

    async def exchange(self, goods: dict[str, Any] | None) -> None:
        """Goods that come back with this sale, as `work.returning` describes them; None: none."""
        self._basket.exchange = goods
        await self.changed()

    async def clear(self) -> None:
        self.put_back({})
        await self.changed()

    async def changed(self) -> None:
        await self._storage.keep("basket", self.kept() if self._has_something() else None)
        await self.price()

    async def price(self) -> None:
        """Ask what the basket costs now."""
        self._question += 1
        question = self._question
        self._pricing.refusal = None
        if not self._basket.lines:
            self._pricing.quote, self._pricing.pending = None, False
            return
        if self._price_alone():
            return
        self._pricing.pending = True
        try:
            quote = await self._ask()
        except Refused as refused:
            if question == self._question:
                self._refuse(refused)
        except (Unreachable, SignedOut):
            if question == self._question and not self._price_alone():
                self._pricing.stale = True
        else:
            if question == self._question:
                self._pricing.quote, self._pricing.stale = quote, False
        if question == self._question:
            self._pricing.pending = False

    def _price_alone(self) -> bool:
        """Whether the till prices by itself, and has."""
        quote = self.alone()
        if quote is None:
            return False
        self._pricing.refusal = quote.get("refusal")
        self._pricing.quote = None if self._pricing.refusal else quote
        self._pricing.stale = self._pricing.pending = False
        return True

    def question(self) -> dict[str, Any]:
        """The basket as `quote` and `placeOrder` take it."""
        member = self._basket.member
        return {
            "storeId": (self._desk.device or {})["storeId"],
            "memberId": member["id"] if member else None,
            "currency": self._desk.currency,
            "lines": [
                {"line": line.number, "skuId": line.sku_id, "quantity": line.quantity}
                for line in self._basket.lines
            ],
            "couponCodes": list(self._basket.coupons),
        }

    async def _ask(self) -> dict[str, Any]:
        payload = (await self._client.ask(queries.QUOTE, **self.question()))["quote"]
        refusal = payload["refusal"]
        if refusal:
            parameters = {pair["name"]: pair["value"] for pair in refusal["parameters"]}
            raise Refused(
                refusal["code"], refusal["messageZh"], refusal["messageEn"], parameters, payload
            )
        quote: dict[str, Any] = payload["quote"]
        return quote

    def _refuse(self, refused: Refused) -> None:
        self._pricing.quote = None
        self._pricing.refusal = {
            "code": refused.code,
            "zh": refused.zh,
            "en": refused.en,
            "coupon": refused.parameters.get("code", ""),
        }

    def _has_something(self) -> bool:
        basket = self._basket
        return bool(basket.lines or basket.member or basket.coupons or basket.exchange)
