"""Goods that come back: which pieces, what for, where the money goes, and the return or exchange.

An order is looked at; picking pieces asks the gateway what that gives back, and nothing is reckoned
here. A return is saved on the device with its id before it is sent, as a sale is.
"""

from typing import Any

from staff_app import queries
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.state import Desk, Pick, Returning
from staff_app.work import promised
from staff_app.work.outbox import Outbox, Sent, promise

NEEDS_REFERENCE = ("CARD", "CODE")
MONEY = ("CASH", *NEEDS_REFERENCE)
REASON_SHORTEST, REASON_LONGEST = 2, 200
RETURNS_LIMIT = 20


class ReturningWork:
    def __init__(self, client: Client, desk: Desk, returning: Returning, outbox: Outbox) -> None:
        self._client = client
        self._desk = desk
        self._returning = returning
        self._outbox = outbox
        self._question = 0

    async def look_at(self, order: dict[str, Any] | None, back_to: str = "/orders") -> None:
        """Show an order, and ask what of it can come back."""
        state = self._returning
        self._question += 1
        state.order, state.back_to = order, back_to
        state.left, state.picks, state.quote, state.past = {}, {}, None, []
        state.refusal, state.receipt = None, None
        state.booked, state.given_up = None, False
        state.reason = state.other = state.waiting = ""
        state.references = {}
        state.asking = False
        if order and order["status"] == "PLACED":
            await self._ask()
        if order and order.get("returned"):
            past = await self._returns(order["id"])
            if (state.order or {}).get("id") == order["id"]:
                state.past = past

    async def again(self) -> None:
        """Ask once more what could not be answered."""
        await self._ask()

    def returned(self, line: int) -> int:
        """How many pieces of a line have come back before."""
        done = (self._returning.order or {}).get("returned") or []
        return sum(each["quantity"] for each in done if each["line"] == line)

    async def pick(self, line: int, quantity: int, damaged: int | None = None) -> None:
        """So many pieces of a line come back, and of these so many are damaged."""
        known = self._returning.picks.get(line, Pick())
        quantity = max(0, min(quantity, self._returning.left.get(line, 0)))
        bad = known.damaged if damaged is None else damaged
        picks = {**self._returning.picks, line: Pick(quantity, max(0, min(bad, quantity)))}
        self._returning.picks = {at: pick for at, pick in picks.items() if pick.quantity}
        self._returning.refusal = None
        await self._ask()

    @property
    def pieces(self) -> int:
        return sum(pick.quantity for pick in self._returning.picks.values())

    @property
    def words_of_reason(self) -> str:
        state = self._returning
        return (state.other if state.reason == "other" else state.reason).strip()

    @property
    def to_terminals(self) -> list[dict[str, Any]]:
        """Refunds that need the terminal's reference."""
        refunds = (self._returning.quote or {}).get("refunds", [])
        return [refund for refund in refunds if refund["kind"] in NEEDS_REFERENCE]

    @property
    def lacks(self) -> str:
        """Why it cannot be given back yet: `quote`, `reason`, `reference`, or nothing."""
        state = self._returning
        if state.asking or state.quote is None or not self.pieces:
            return "quote"
        if len(self.words_of_reason) < REASON_SHORTEST:
            return "reason"
        missing = [each for each in self.to_terminals if not self._reference(each)]
        return "reference" if missing else ""

    async def give_back(self) -> Sent | None:
        """Take the goods back: saved first, then sent. A second press does nothing (None)."""
        state = self._returning
        if state.busy or state.waiting or self.lacks or state.order is None:
            return None
        state.busy = True
        try:
            return await self._give_back(state.order, state.quote or {})
        finally:
            state.busy = False

    async def settle(self, sent: Sent) -> None:
        """Show what became of the return on the screen; another's refusal is set aside."""
        state = self._returning
        if not await promised.settle(self._outbox, state, sent):
            return
        if sent.answer:
            state.receipt = sent.answer
        elif sent.refused:
            now = sent.refused.payload.get("returnQuote")
            if now:
                state.quote = now

    def goods(self) -> dict[str, Any]:
        """What is picked, as the other half of an exchange: kept with the basket until it is
        sold. The id of the return is made here, once."""
        state, order = self._returning, self._returning.order or {}
        goods = {
            "returnId": new_id(),
            "orderId": order["id"],
            "receiptNumber": order["receiptNumber"],
            "pieces": self.pieces,
            "lines": self._lines(),
            "reason": self.words_of_reason,
        }
        return worth(goods, state.quote or {})

    async def refunds_of(self, exchange: dict[str, Any]) -> list[dict[str, Any]]:
        """What an exchange that was sold has given back, by payment; none where nobody answers."""
        made = await self._returns(exchange["orderId"])
        return next((r["refunds"] for r in made if r["id"] == exchange["returnId"]), [])

    async def _returns(self, order_id: str) -> list[dict[str, Any]]:
        """What came back of an order, the newest first; none where nobody answers."""
        try:
            found = await self._client.ask(queries.RETURNS, orderId=order_id, first=RETURNS_LIMIT)
        except (Refused, Unreachable, SignedOut):
            return []
        return [edge["node"] for edge in found["returns"]["edges"]]

    async def _give_back(self, order: dict[str, Any], quote: dict[str, Any]) -> Sent | None:
        device, staff = self._desk.device or {}, self._desk.staff or {}
        input_ = {
            "returnId": new_id(),
            "orderId": order["id"],
            "storeId": device["storeId"],
            "deviceId": device["deviceId"],
            "lines": self._lines(),
            "refundMinor": quote["refundMinor"],
            "references": [
                {"position": each["position"], "reference": self._reference(each)}
                for each in self.to_terminals
            ],
            "reason": self.words_of_reason,
        }
        made = promise(
            "return", input_["returnId"], input_, order["receiptNumber"], order["currency"],
            staff.get("name", ""),
        )  # fmt: skip
        sent = await promised.keep_and_send(self._outbox, self._returning, made)
        if sent is not None:
            await self.settle(sent)
        return sent

    async def _ask(self) -> None:
        """What the picks give back now; only the answer to the newest question counts."""
        state = self._returning
        order = state.order
        if order is None:
            return
        self._question += 1
        question = self._question
        state.asking = True
        quote, refusal = None, None
        try:
            quote = (
                await self._client.ask(
                    queries.RETURN_QUOTE,
                    orderId=order["id"],
                    storeId=(self._desk.device or {})["storeId"],
                    lines=self._lines(),
                )
            )["returnQuote"]
        except Refused as refused:
            refusal = refused.told
        except (Unreachable, SignedOut):
            pass  # the banner says so; the next tap asks again
        if question != self._question:
            return
        state.quote, state.refusal, state.asking = quote, refusal, False
        if quote and not state.left:
            state.left = {each["line"]: each["quantity"] for each in quote["left"]}

    def _lines(self) -> list[dict[str, Any]]:
        lines = []
        for line, pick in sorted(self._returning.picks.items()):
            for condition, quantity in (
                ("SELLABLE", pick.quantity - pick.damaged),
                ("DAMAGED", pick.damaged),
            ):
                if quantity:
                    lines.append({"line": line, "quantity": quantity, "condition": condition})
        return lines

    def _reference(self, refund: dict[str, Any]) -> str:
        return str(self._returning.references.get(refund["position"], "")).strip()


def worth(goods: dict[str, Any], quote: dict[str, Any]) -> dict[str, Any]:
    """The goods of an exchange with what they are worth by a quote."""
    return {
        **goods,
        "refundMinor": quote["refundMinor"],
        "refunds": quote["refunds"],
        "pointsTaken": quote["pointsTaken"],
    }


def money_back(exchange: dict[str, Any] | None) -> int:
    """What was paid for the goods of an exchange in money: it pays for what is taken instead.
    Points and wallet go back to their accounts."""
    refunds = (exchange or {}).get("refunds", [])
    return sum(int(each["amountMinor"]) for each in refunds if each["kind"] in MONEY)
