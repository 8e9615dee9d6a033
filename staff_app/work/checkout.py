"""Taking payment: tenders, change, and the one sale that comes of it."""

import time
from dataclasses import replace
from typing import Any

from staff_app.client import Refused
from staff_app.ids import new_id
from staff_app.state import Basket, Desk, Payment, Pricing, Problem, Receipt, Unsent
from staff_app.storage import NotKept, Storage
from staff_app.work.basket import BasketWork
from staff_app.work.finding import FindingWork
from staff_app.work.offline import OfflineWork
from staff_app.work.outbox import Outbox, Sent, new_sale
from staff_app.work.returning import MONEY, worth
from staff_app.work.tendering import Tendering

SECOND_TAP_SECONDS = 0.8


class CheckoutWork(Tendering):
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
        super().__init__(storage, basket, pricing, payment)
        self._desk = desk
        self._receipt = receipt
        self._unsent = unsent
        self._work = work
        self._finding = finding
        self._outbox = outbox
        self.offline: OfflineWork | None = None

    async def open(self) -> None:
        """The last receipt, the basket of a sale that is on its way, and what was paid of the one
        at hand. Raises `NotKept`."""
        kept = await self._storage.read("receipt") or {}
        self._receipt.order, self._receipt.member = kept.get("order"), kept.get("member")
        self._receipt.booked = kept.get("booked")
        self._receipt.exchange = kept.get("exchange")
        basket = self._work.kept()
        for sale in self._unsent.sales:
            if not sale.get("refusal") and basket["lines"] and sale["basket"] == basket:
                await self._work.clear()
        await self.open_parts()

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
        if self.took_too_much:
            self.resume()
            return None
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
        try:
            sent = await self._outbox.send(sale["id"], and_keep=True)
            left = None
            if self.offline and not (sent.answer or sent.refused):
                left = await self.offline.leave(sale, quote, tenders)
        finally:
            self._outbox.release(sale["id"])
        if left:  # the customer need not wait for the answer
            await self._sold(left)
            return left
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
