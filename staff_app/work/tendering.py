"""What is due, and with what it is paid: tenders, parts of them, points and wallet.

Parts that were taken are kept on the device with the basket they are of: after a reload nobody is
asked for the same money twice.
"""

import time
from collections.abc import Callable, Coroutine
from typing import Any

from staff_app.money import typed
from staff_app.state import Basket, Payment, Pricing
from staff_app.storage import Storage
from staff_app.work.returning import MONEY, NEEDS_REFERENCE, money_back

KEPT = "payment"


class Tendering:
    def __init__(
        self, storage: Storage, basket: Basket, pricing: Pricing, payment: Payment
    ) -> None:
        self._storage = storage
        self._basket = basket
        self._pricing = pricing
        self._payment = payment
        self._began_with: set[tuple[str, int]] = set()
        self._took_part_at = 0.0
        self._keeps_parts = False
        self.in_background: Callable[[Coroutine[Any, Any, None]], None] = _dropped
        """Runs what keeps the parts."""

    async def open_parts(self) -> None:
        """The parts that were taken of this basket before a reload. Raises `NotKept`."""
        kept = await self._storage.read(KEPT)
        if kept is None:
            return
        self._keeps_parts = True
        lines = {(sku_id, quantity) for sku_id, quantity in kept["lines"]}
        if lines and lines == self._lines():
            self._began_with, self._payment.tenders = lines, kept["tenders"]
        else:
            self._keep_parts()

    @property
    def total_minor(self) -> int:
        quote = self._pricing.quote
        return int(quote["totalMinor"]) if quote else 0

    @property
    def carried_minor(self) -> int:
        """What the goods of an exchange pay of the total."""
        return min(money_back(self._basket.exchange), self.total_minor)

    @property
    def rest_minor(self) -> int:
        """What goes back of an exchange, as the total is less than they were."""
        return money_back(self._basket.exchange) - self.carried_minor

    @property
    def due_minor(self) -> int:
        return max(self.total_minor - self.carried_minor - self._payment.paid_minor, 0)

    @property
    def to_terminals(self) -> list[dict[str, Any]]:
        """Refunds of an exchange that need the terminal's reference; how much each of several
        gets of the rest, only the gateway knows (None)."""
        if not self.rest_minor:
            return []
        refunds = [each for each in (self._basket.exchange or {})["refunds"]
                   if each["kind"] in MONEY]  # fmt: skip
        alone = str(self.rest_minor) if len(refunds) == 1 else None
        return [
            {**refund, "amountMinor": alone}
            for refund in refunds if refund["kind"] in NEEDS_REFERENCE
        ]  # fmt: skip

    @property
    def entered_minor(self) -> int:
        """What stands on the keypad; nothing typed means all that is due."""
        return int(self._payment.entry) if self._payment.entry else self.due_minor

    @property
    def takes_it_all(self) -> bool:
        """Whether the next press of the button completes the payment."""
        return self.entered_minor >= self.due_minor

    @property
    def change_minor(self) -> int:
        given = self._payment.kind == "CASH" and self.due_minor > 0
        return max(self.entered_minor - self.due_minor, 0) if given else 0

    @property
    def lacks(self) -> str:
        """Why the button cannot be pressed: `reference`, `amount`, `refund`, or nothing."""
        if any(not self._refund_reference(refund) for refund in self.to_terminals):
            return "refund"
        if self.due_minor == 0:
            return ""
        if self._payment.kind != "CASH" and self.entered_minor > self.due_minor:
            return "amount"
        if self._payment.kind in NEEDS_REFERENCE and not self._payment.reference.strip():
            return "reference"
        return "" if self.entered_minor > 0 else "amount"

    def resume(self) -> list[dict[str, Any]]:
        """Back to a payment that was left: what was taken stays taken, as long as it is of this
        basket and fits into what is due; the parts that do not, in order to be given back."""
        began, here = self._began_with, self._lines()
        if began == here and self._payment.problem is None and not self.took_too_much:
            return []  # nothing has changed
        if not {sku_id for sku_id, _ in began} & {sku_id for sku_id, _ in here}:
            self.begin()
            return []
        kept: list[dict[str, Any]] = []
        dropped: list[dict[str, Any]] = []
        left = self.total_minor - self.carried_minor
        for tender in self._payment.tenders:
            of_member = tender["kind"] in ("POINTS", "WALLET")
            fits = int(tender["amountMinor"]) <= left and not of_member
            (kept if fits else dropped).append(tender)
            left -= int(tender["amountMinor"]) if fits else 0
        self.begin()
        self._payment.tenders = kept
        self._keep_parts()
        return [tender for tender in dropped if tender["kind"] not in ("POINTS", "WALLET")]

    def begin(self) -> None:
        """A clean page for the basket as it is."""
        self._began_with = self._lines()
        self._payment.tenders = []
        self._payment.entry = self._payment.reference = ""
        self._payment.kind = "CASH"
        self._payment.problem = None
        self._payment.refund_references = {}
        self._payment.points = None
        self._keep_parts()

    @property
    def took_too_much(self) -> bool:
        """Whether the parts come to more than is due: the price fell since."""
        priced = self._pricing.quote is not None
        return priced and self._payment.paid_minor > self.total_minor - self.carried_minor

    def _keep_parts(self) -> None:
        """Points and wallet are not among them: they are held when the sale is sent."""
        taken = [dict(each) for each in self._payment.tenders if each["kind"] in MONEY]
        if taken or self._keeps_parts:
            self._keeps_parts = bool(taken)
            kept = {"tenders": taken, "lines": sorted(self._began_with)} if taken else None
            self.in_background(self._storage.keep(KEPT, kept))

    def _lines(self) -> set[tuple[str, int]]:
        """What the payment is for: pieces and how many."""
        return {(line.sku_id, line.quantity) for line in self._basket.lines}

    def press(self, key: str) -> None:
        self._payment.entry = typed(self._payment.entry, key)

    def choose(self, kind: str) -> None:
        self._payment.kind = kind
        self._payment.entry = self._payment.reference = ""

    def points_offer(self) -> tuple[int, int]:
        """How many points could pay how much of what is due."""
        offer = (self._pricing.quote or {}).get("offer")
        if not offer or self._has("POINTS"):
            return 0, 0
        points, value = offer["pointsUsable"], int(offer["pointsValueMinor"])
        if value > self.due_minor:
            points = self.due_minor * 100 // offer["minorPerHundredPoints"]
            value = points * offer["minorPerHundredPoints"] // 100
        return (points, value) if value > 0 else (0, 0)

    def wallet_offer(self) -> int:
        offer = (self._pricing.quote or {}).get("offer")
        if not offer or self._has("WALLET"):
            return 0
        return min(int(offer["walletUsableMinor"]), self.due_minor)

    def use_points(self) -> None:
        """As many as make sense."""
        self._use(self.points_offer()[0])

    def points_choices(self) -> list[tuple[str, int]]:
        """All of them, or so many that round yuan are paid or left to pay (K26)."""
        most, _ = self.points_offer()
        told = (self._pricing.quote or {})["offer"]["choices"]
        fitting = [(each["kind"], each["points"]) for each in told if each["points"] < most]
        return [("all", most), *(each for each in fitting if each[0] != "all")]

    def begin_points(self) -> None:
        self._payment.points = str(self.points_offer()[0])

    def choose_points(self, points: int | None) -> None:
        """So many; None leaves the choice."""
        self._payment.points = None if points is None else str(points)

    def press_points(self, key: str) -> None:
        self._payment.points = typed(self._payment.points or "", key)

    @property
    def points_chosen(self) -> tuple[int, int]:
        """The points that are being chosen and what they pay; 0 is what they cannot pay."""
        points, most = int(self._payment.points or 0), self.points_offer()[0]
        return points, self._value_of(points) if points <= most else 0

    def use_chosen_points(self) -> None:
        if self.points_chosen[1]:
            self._use(self.points_chosen[0])
            self._payment.points = None

    def _use(self, points: int) -> None:
        value = self._value_of(points)
        if value:
            self._add({"kind": "POINTS", "amountMinor": str(value), "points": points})

    def _value_of(self, points: int) -> int:
        """Minor units, rounded down as the services do."""
        offer = (self._pricing.quote or {}).get("offer") or {"minorPerHundredPoints": 0}
        return int(points * offer["minorPerHundredPoints"] // 100)

    def use_wallet(self) -> None:
        value = self.wallet_offer()
        if value:
            self._add({"kind": "WALLET", "amountMinor": str(value)})

    def take_back(self, tender: dict[str, Any]) -> None:
        self._payment.tenders = [known for known in self._payment.tenders if known is not tender]
        self._keep_parts()

    def take_part(self) -> None:
        """Put what stands on the keypad towards the total; the rest is paid otherwise."""
        if not self.lacks and not self.takes_it_all:
            self._add(self._tender(self.entered_minor))
            self._took_part_at = time.monotonic()

    def _refund_reference(self, refund: dict[str, Any]) -> str:
        return str(self._payment.refund_references.get(refund["position"], "")).strip()

    def _has(self, kind: str) -> bool:
        return any(tender["kind"] == kind for tender in self._payment.tenders)

    def _add(self, tender: dict[str, Any]) -> None:
        self._payment.tenders = [*self._payment.tenders, tender]
        self._keep_parts()
        self._payment.entry = self._payment.reference = ""

    def _tender(self, amount_minor: int) -> dict[str, Any]:
        kind = self._payment.kind
        tender: dict[str, Any] = {"kind": kind, "amountMinor": str(amount_minor)}
        if kind == "CASH":
            tender["givenMinor"] = str(max(self.entered_minor, amount_minor))
        else:
            tender["reference"] = self._payment.reference.strip()
        return tender


def _dropped(work: Coroutine[Any, Any, None]) -> None:
    work.close()
