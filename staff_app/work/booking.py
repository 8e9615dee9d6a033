"""When a sale is booked: told by the subscription, or found in the statement when it is silent."""

import asyncio
from collections import OrderedDict
from typing import Any

from staff_app import queries
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.state import Desk, Receipt

REMEMBERED = 200
LONGEST_PAUSE_SECONDS = 20.0
ASK_AFTER_SECONDS = 2.0
ASK_LIMIT = 30
ENTRIES = 20


class BookingWork:
    def __init__(self, client: Client, desk: Desk, receipt: Receipt) -> None:
        self._client = client
        self._desk = desk
        self._receipt = receipt
        self._heard: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._news = asyncio.Event()

    async def listen(self) -> None:
        """Hear of every sale booked in this store, for as long as the session lives.

        It runs before a sale is made: the news may be faster than the answer.
        """
        pause = 1.0
        while True:
            store_id = (self._desk.device or {}).get("storeId")
            if self._desk.staff is not None and store_id:
                try:
                    async for data in self._client.events(queries.ORDER_BOOKED, storeId=store_id):
                        pause = 1.0
                        self._hear(data["orderBooked"])
                except (Unreachable, SignedOut, Refused):
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def confirm(self) -> None:
        """Wait until the sale on the receipt is booked, and put its balances there."""
        order = self._receipt.order
        if not order or self._receipt.booked or not order["memberId"]:
            return
        for _ in range(ASK_LIMIT):
            booked = self._heard.get(order["id"]) or await self._wait(order)
            if self._receipt.order is not order:
                return
            if booked:
                self._receipt.booked = booked
                return
        self._receipt.given_up = True

    async def _wait(self, order: dict[str, Any]) -> dict[str, Any] | None:
        self._news.clear()
        try:
            async with asyncio.timeout(ASK_AFTER_SECONDS):
                while order["id"] not in self._heard:
                    await self._news.wait()
                    self._news.clear()
            return self._heard[order["id"]]
        except TimeoutError:
            return await self._look(order)

    async def _look(self, order: dict[str, Any]) -> dict[str, Any] | None:
        """The booking as the member's statement shows it."""
        try:
            found = await self._client.ask(
                queries.BOOKED_ENTRIES, memberId=order["memberId"], first=ENTRIES
            )
        except (Unreachable, SignedOut, Refused):
            return None
        entries = [
            (account, edge["node"])
            for account in ("points", "wallet")
            for edge in found[account]["edges"]
            if edge["node"]["documentId"] == order["id"]
        ]
        member = found["member"]
        if not entries or not member or not member["account"]:
            return None
        points = [int(entry["amount"]) for account, entry in entries if account == "points"]
        now = member["account"]
        return {
            "orderId": order["id"],
            "pointsEarned": sum(amount for amount in points if amount > 0),
            "pointsAfter": now["points"],
            "walletAfterMinor": str(
                int(now["walletPrincipalMinor"]) + int(now["walletBonusMinor"])
            ),
        }

    def _hear(self, booked: dict[str, Any]) -> None:
        if booked["voided"]:
            return
        self._heard[booked["orderId"]] = booked
        while len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)
        self._news.set()
