"""Taking payment: tenders, change, and the one sale that comes of it."""

import time
from dataclasses import replace
from typing import Any

from staff_app.client import Refused
from staff_app.ids import new_id
from staff_app.money import typed
from staff_app.state import Basket, Desk, Payment, Pricing, Problem, Receipt, Unsent
from staff_app.storage import NotKept, Storage
from staff_app.work.basket import BasketWork
from staff_app.work.finding import FindingWork
from staff_app.work.offline import OfflineWork
from staff_app.work.outbox import Outbox, Sent, new_sale
from staff_app.work.returning import MONEY, NEEDS_REFERENCE, money_back, worth

SECOND_TAP_SECONDS = 0.8


class CheckoutWork:
    def __init__(
        self,
        storage: Storage,
        desk: Desk,
        basket: Basket,
        pricing: Pricing,
        payment: Payment,
        receipt: Receipt,
        unsent: Unsent,
        work: BasketWork,
        finding: FindingWork,
        outbox: Outbox,
    ) -> None:
        self._storage = storage
        self._desk = desk
        self._basket = basket
        self._pricing = pricing
        self._payment = payment
        self._receipt = receipt
        self._unsent = unsent
        self._work = work
        self._finding = finding
        self._outbox = outbox
        self._began_with: set[tuple[str, int]] = set()
        self._took_part_at = 0.0
        self.offline: OfflineWork | None = None

    async def open(self) -> None:
        """The last receipt, and the basket of a sale that is on its way. Raises `NotKept`."""
        kept = await self._storage.read("receipt") or {}
        self._receipt.order, self._receipt.member = kept.get("order"), kept.get("member")
        self._receipt.booked = kept.get("booked")
        self._receipt.exchange = kept.get("exchange")
        basket = self._work.kept()
        for sale in self._unsent.sales:
            if not sale.get("refusal") and basket["lines"] and sale["basket"] == basket:
                await self._work.clear()

    # What is due, and with what it is paid.

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
        if began == here and self._payment.problem is None:
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

    def take_part(self) -> None:
        """Put what stands on the keypad towards the total; the rest is paid otherwise."""
        if not self.lacks and not self.takes_it_all:
            self._add(self._tender(self.entered_minor))
            self._took_part_at = time.monotonic()

    # The sale.

    async def pay(self) -> Sent | None:
        """Complete the payment: saved first, then sent. A second press while the first is on its
        way does nothing (None), and so does one that could not be saved."""
        payment = self._payment
        unready = self.lacks or not self._basket.lines or self._pricing.pending
        if payment.busy or payment.waiting or unready or self._pricing.quote is None:
            return None
        if time.monotonic() - self._took_part_at < SECOND_TAP_SECONDS:
            return None  # a double tap on a part is not a yes to the rest
        self._payment.busy = True
        try:
            return await self._pay()
        finally:
            self._payment.busy = False

    async def _pay(self) -> Sent | None:
        tenders = list(self._payment.tenders)
        quote = self._pricing.quote or {}
        alone = quote.get("alone")
        if alone and any(tender["kind"] not in MONEY for tender in tenders):
            self._payment.tenders = [each for each in tenders if each["kind"] in MONEY]
            return None  # points and wallet were chosen before the network went
        if self.due_minor:
            tenders.append(self._tender(self.due_minor))
        told = {
            **self._work.question(),
            "deviceId": (self._desk.device or {})["deviceId"],
            "sellerId": (self._desk.staff or {}).get("id"),
            "channel": "STORE",
        }
        staff = (self._desk.staff or {}).get("name", "")
        if alone and self.offline:
            try:
                kept = self._work.kept()
                sent = await self.offline.sell(told, quote, tenders, kept, staff)
            except NotKept:
                self._payment.problem = Problem("NOT_KEPT", "", "")
                return None
            await self._sold(sent)
            return sent
        input_ = {
            **told,
            "totalMinor": str(self.total_minor),
            "tenders": tenders,
            **self._exchange(),
        }
        sale = new_sale(new_id(), input_, self._work.kept(), staff)
        try:
            await self._outbox.save(sale)
        except NotKept:
            self._payment.problem = Problem("NOT_KEPT", "", "")
            return None
        self._payment.problem = None
        self._payment.waiting = sale["id"]
        sent = await self._outbox.send(sale["id"])
        await self.settle(sent)
        return sent

    async def settle(self, sent: Sent) -> None:
        """Show what became of the sale on the screen (or of one that was on its way)."""
        here = self._payment.waiting == sent.sale["id"]
        if sent.order and (here or not self._basket.lines):
            await self._sold(sent)
        elif sent.refused and (here or not self._basket.lines):
            self._payment.waiting = ""
            if not self._basket.lines:
                self._work.put_back(sent.sale["basket"])
                await self._work.changed()
            await self._explain(sent.sale, sent.refused)
        elif sent.refused:
            await self._outbox.set_aside(sent.sale, sent.refused)

    async def go_on(self) -> None:
        """Leave the sale to the outbox and begin the next one."""
        self._payment.waiting = ""
        self.begin()
        await self._work.clear()

    async def restore(self, sale: dict[str, Any]) -> None:
        """A refused sale becomes the basket again."""
        await self._outbox.forget(sale["id"])
        self.begin()
        self._work.put_back(sale["basket"])
        await self._work.changed()

    async def _sold(self, sent: Sent) -> None:
        self._receipt.booked, self._receipt.given_up = None, False
        self._receipt.member = sent.sale["basket"]["member"]
        self._receipt.exchange = sent.sale["basket"].get("exchange")
        self._receipt.order = sent.order
        self._payment.waiting = ""
        self.begin()
        await self.keep_receipt()
        await self._work.clear()

    async def keep_receipt(self) -> None:
        await self._storage.keep(
            "receipt",
            {
                "order": self._receipt.order,
                "member": self._receipt.member,
                "booked": self._receipt.booked,
                "exchange": self._receipt.exchange,
            },
        )

    async def _explain(self, sale: dict[str, Any], refused: Refused) -> None:
        coupon = refused.parameters.get("code", "") if refused.code.startswith("COUPON_") else ""
        problem = Problem(refused.code, refused.zh, refused.en, coupon=coupon)
        quote = refused.payload.get("quote") if isinstance(refused.payload, dict) else None
        if refused.code == "PRICE_CHANGED" and quote:
            problem = replace(
                problem,
                old_minor=int(sale["input"]["totalMinor"]),
                new_minor=int(quote["totalMinor"]),
            )
            self._pricing.quote, self._pricing.stale = quote, False
        elif refused.code == "REFUND_CHANGED" and self._basket.exchange:
            self._basket.exchange = worth(self._basket.exchange, refused.payload["returnQuote"])
        elif refused.code == "OUT_OF_STOCK":
            sku_id = refused.parameters.get("sku_id", "")
            problem = replace(problem, sku_id=sku_id)
            if sku_id:
                elsewhere = await self._finding.where_else(sku_id)
                problem = replace(problem, elsewhere=elsewhere)
        self.begin()
        self._payment.problem = problem

    def accept_new_price(self) -> None:
        """The customer agrees: payment begins again, with a new order id."""
        self.begin()

    def _exchange(self) -> dict[str, Any]:
        goods = self._basket.exchange
        if goods is None:
            return {}
        told = ("returnId", "orderId", "lines", "refundMinor", "reason")
        references = [
            {"position": refund["position"], "reference": self._refund_reference(refund)}
            for refund in self.to_terminals
        ]
        return {"exchange": {**{name: goods[name] for name in told}, "references": references}}

    def _refund_reference(self, refund: dict[str, Any]) -> str:
        return str(self._payment.refund_references.get(refund["position"], "")).strip()

    def _has(self, kind: str) -> bool:
        return any(tender["kind"] == kind for tender in self._payment.tenders)

    def _add(self, tender: dict[str, Any]) -> None:
        self._payment.tenders = [*self._payment.tenders, tender]
        self._payment.entry = self._payment.reference = ""

    def _tender(self, amount_minor: int) -> dict[str, Any]:
        kind = self._payment.kind
        tender: dict[str, Any] = {"kind": kind, "amountMinor": str(amount_minor)}
        if kind == "CASH":
            tender["givenMinor"] = str(max(self.entered_minor, amount_minor))
        else:
            tender["reference"] = self._payment.reference.strip()
        return tender
