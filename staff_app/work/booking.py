"""When a sale or a return is booked: told by a subscription, or found in the statement when it is
silent."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from staff_app import queries
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.state import Desk, Receipt, Returning

REMEMBERED = 200
LONGEST_PAUSE_SECONDS = 20.0
ASK_AFTER_SECONDS = 2.0
ASK_LIMIT = 30
ENTRIES = 20
SALES = (queries.ORDER_BOOKED, "orderBooked", "orderId")
RETURNS = (queries.RETURN_BOOKED, "returnBooked", "returnId")
"""What is listened to, the field it comes in, and whose id names the document."""


class BookingWork:
    def __init__(self, client: Client, desk: Desk, receipt: Receipt, returning: Returning) -> None:
        self._client = client
        self._desk = desk
        self._receipt = receipt
        self._returning = returning
        self._heard: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._news = asyncio.Event()

    async def listen(self, subscription: tuple[str, str, str]) -> None:
        """Hear of every sale, or return, booked in this store, for as long as the session lives.

        It runs before one is made: the news may be faster than the answer.
        """
        document, field, key = subscription
        pause = 1.0
        while True:
            store_id = (self._desk.device or {}).get("storeId")
            if self._desk.staff is not None and store_id:
                try:
                    async for data in self._client.events(document, storeId=store_id):
                        pause = 1.0
                        self._hear(data[field], key)
                except (Unreachable, SignedOut, Refused):
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def confirm(self) -> None:
        """Wait until the sale on the receipt is booked, and put its balances there; of an exchange,
        until both halves are."""
        receipt, order = self._receipt, self._receipt.order
        if not order or receipt.booked or not order["memberId"]:
            return
        if order["status"] == "OFFLINE":
            return  # it is booked once it has been sent

        def shown() -> bool:
            return receipt.order is order

        booked = await self._booked(order["id"], order["memberId"], shown)
        exchange = receipt.exchange
        if (
            booked
            and exchange
            and await self._booked(exchange["returnId"], order["memberId"], shown, _moves(exchange))
        ):
            # Which half was booked last is not known: the account says what both came to.
            account = await self._look(None, order["memberId"]) or booked
            booked = {**account, "pointsEarned": booked["pointsEarned"]}
        if shown():
            receipt.booked, receipt.given_up = booked, booked is None

    async def confirm_return(self) -> None:
        """Wait until the return on the screen is booked, and put its balances there."""
        state, made = self._returning, self._returning.receipt
        if not made or not made["memberId"] or state.booked:
            return

        def shown() -> bool:
            return state.receipt is made

        booked = await self._booked(made["id"], made["memberId"], shown, _moves(made))
        if shown():
            state.booked, state.given_up = booked, booked is None

    async def _booked(
        self, document_id: str, member_id: str, shown: Callable[[], bool], moves: bool = True
    ) -> dict[str, Any] | None:
        """What was booked of a document; None when nothing was heard for long, or it is not `shown`
        any more. What `moves` neither points nor wallet has no entry that could be found."""
        for _ in range(ASK_LIMIT):
            booked = self._heard.get(document_id) or await self._wait(document_id)
            if booked is None and shown():
                booked = await self._look(document_id if moves else None, member_id)
            if booked or not shown():
                return booked
        return None

    async def _wait(self, document_id: str) -> dict[str, Any] | None:
        self._news.clear()
        try:
            async with asyncio.timeout(ASK_AFTER_SECONDS):
                while document_id not in self._heard:
                    await self._news.wait()
                    self._news.clear()
        except TimeoutError:
            return None
        return self._heard[document_id]

    async def _look(self, document_id: str | None, member_id: str) -> dict[str, Any] | None:
        """The booking as the member's statement shows it; without a document, the account."""
        try:
            found = await self._client.ask(
                queries.BOOKED_ENTRIES, memberId=member_id, first=ENTRIES
            )
        except (Unreachable, SignedOut, Refused):
            return None
        entries = [
            (account, edge["node"])
            for account in ("points", "wallet")
            for edge in found[account]["edges"]
            if edge["node"]["documentId"] == document_id
        ]
        member = found["member"]
        if (document_id and not entries) or not member or not member["account"]:
            return None
        points = [int(entry["amount"]) for account, entry in entries if account == "points"]
        now = member["account"]
        return {
            "pointsEarned": sum(amount for amount in points if amount > 0),
            "pointsAfter": now["points"],
            "walletAfterMinor": str(
                int(now["walletPrincipalMinor"]) + int(now["walletBonusMinor"])
            ),
        }

    def _hear(self, booked: dict[str, Any], key: str) -> None:
        if booked.get("voided"):
            return
        self._heard[booked[key]] = booked
        while len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)
        self._news.set()


def _moves(back: dict[str, Any]) -> bool:
    """Whether a return books anything to points or wallet."""
    refunded = {refund["kind"] for refund in back["refunds"]}
    return bool(back["pointsTaken"] or refunded & {"POINTS", "WALLET"})
