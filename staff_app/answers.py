"""What became of what was sent: on the screen that waits for it, else in a line at its foot."""

from typing import TYPE_CHECKING

from staff_app.work.outbox import Sent, is_alone, kind_of

if TYPE_CHECKING:
    from staff_app.till import Till


class Answers:
    """Answers to what the outbox sent in the background, shown by its till."""

    def __init__(self, till: "Till") -> None:
        self._till = till

    async def came(self, sent: Sent) -> None:
        """What was sent in the background has its answer."""
        if kind_of(sent.sale) != "sale":
            await self._promise_answered(sent)
            return
        if is_alone(sent.sale):
            await self._told(sent)
            return
        here = self._till.payment.waiting == sent.sale["id"] or not self._till.basket.lines
        await self._till.checkout.settle(sent)
        if here and sent.order:
            self.show_receipt()
        elif here and sent.refused:
            self._till.go("/pay")
        elif sent.order:
            self._till.say("uploaded", number=sent.order["receiptNumber"] or "")
        else:
            self._till.say("upload_refused")

    async def _told(self, sent: Sent) -> None:
        """A sale that was made without network: it is done, only its number is news."""
        if sent.order:
            shown = (self._till.receipt.order or {}).get("id")
            if shown in (sent.sale["id"], sent.sale.get("first_id", "")):
                self._till.receipt.order = sent.order
                await self._till.checkout.keep_receipt()
            self._till.say("uploaded", number=sent.order["receiptNumber"] or "")
            self._till.keep_running(self._till.confirm())
        else:
            self._till.say("upload_refused")

    async def _promise_answered(self, sent: Sent) -> None:
        """A return, a top-up, points: on the screen that waits for it, else at the foot."""
        work, state, route = (
            (self._till.returning_work, self._till.returning, "/orders/return")
            if kind_of(sent.sale) == "return"
            else (self._till.mall_work, self._till.mall, "/customers/mall")
            if kind_of(sent.sale) == "redeem"
            else (self._till.top_up_work, self._till.top_up, "/customers/top-up")
        )
        here = state.waiting == sent.sale["id"]
        await work.settle(sent)
        if here and self._till.returning.receipt:
            self._till.keep_running(self._till.booking.confirm_return())
        if here:
            self._till.go(route)
        elif sent.answer:
            self._till.say("promise_booked", about=sent.sale["about"])
        else:
            self._till.say("promise_refused", about=sent.sale["about"])

    def show_receipt(self) -> None:
        """The receipt of the last sale, with what is still to be learned for it."""
        self._till.keep_running(self._till.confirm())
        self._till.keep_running(self._learn_refunds())
        self._till.go("/receipt")

    async def _learn_refunds(self) -> None:
        """Where the rest of an exchange went, for the receipt."""
        exchange = self._till.receipt.exchange
        if exchange and "given" not in exchange:
            given = await self._till.returning_work.refunds_of(exchange)
            if given and self._till.receipt.exchange is exchange:
                self._till.receipt.exchange = {**exchange, "given": given}
                await self._till.checkout.keep_receipt()
