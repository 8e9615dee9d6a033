"""Sales, returns and top-ups on their way: saved on the device before they are sent, and sent until
there is an answer.

The id of each is made once. Whatever happens to the answer, sending the same again gets the
first one, so that nothing is lost and nothing is booked twice. A sale whose customer left before
there was an answer has happened: when the server refuses it, its id is dead there, and it is told
anew as a sale that was made without network.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from staff_app import queries
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.queries import mall, members, offline
from staff_app.state import Desk, Unsent
from staff_app.storage import NotKept, Storage

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 15.0
_ON_ITS_WAY = {"ORDER_IN_PROGRESS"}
KINDS = {
    "sale": (queries.PLACE_ORDER, "order"),
    "return": (queries.RETURN_GOODS, "returnReceipt"),
    "top_up": (members.TOP_UP, "account"),
    "redeem": (mall.REDEEM, "redeemed"),
}
"""What is sent for each kind of promise, and where its answer stands."""


@dataclass(frozen=True)
class Sent:
    """What became of one attempt: an answer, a refusal, or neither (then it is tried again)."""

    sale: dict[str, Any]
    answer: dict[str, Any] | None = None
    refused: Refused | None = None

    @property
    def order(self) -> dict[str, Any] | None:
        return self.answer if kind_of(self.sale) == "sale" else None


class Outbox:
    def __init__(self, client: Client, storage: Storage, desk: Desk, unsent: Unsent) -> None:
        self._client = client
        self._storage = storage
        self._desk = desk
        self._unsent = unsent
        self._one_at_a_time = asyncio.Lock()
        self._wake = asyncio.Event()
        self._being_paid: set[str] = set()
        self.number: Callable[[], Awaitable[str]] = _no_number
        """The next receipt number of a sale made without network; raises `NotKept`."""
        self.answered: Callable[[Sent], Awaitable[None]] = _nothing
        """Told what became of a sale that was sent in the background."""

    async def open(self) -> None:
        """The sales this device still owes. Raises `NotKept`."""
        self._unsent.sales = await self._storage.read("unsent") or []

    async def save(self, sale: dict[str, Any]) -> None:
        """Promise a sale; raises `NotKept`, and then it must not be sent. Until `send` has tried
        it once, it is its payer's, and the background leaves it alone."""
        before = list(self._unsent.sales)
        self._being_paid.add(sale["id"])
        self._unsent.sales = [*before, sale]
        try:
            await self._storage.write("unsent", list(self._unsent.sales))
        except NotKept:
            self._unsent.sales = before
            self._being_paid.discard(sale["id"])
            await self._storage.keep("unsent", before)
            raise

    async def send(self, sale_id: str, and_keep: bool = False) -> Sent:
        """One attempt. Its sale leaves the list with an answer. `and_keep`: it stays its payer's,
        who says `release`."""
        async with self._one_at_a_time:
            sale = self.find(sale_id)
            self._unsent.sending = sale_id
            document, answer = KINDS[kind_of(sale)]
            try:
                payload = await self._client.tell(document, sale["input"])
            except Refused as refused:
                if refused.code in _ON_ITS_WAY:
                    return Sent(sale)
                sale = self.find(sale_id)  # it may have been left meanwhile
                if sale.get("alone"):
                    return Sent(await self._as_fact(sale))
                if is_alone(sale):  # it has happened: never let go of
                    await self.set_aside(sale, refused)
                else:
                    await self.forget(sale_id)
                return Sent(sale, refused=refused)
            except (Unreachable, SignedOut):
                return Sent(sale)
            finally:
                self._unsent.sending = ""
                if not and_keep:
                    self._being_paid.discard(sale_id)
            await self.forget(sale_id)
            return Sent(sale, payload[answer])

    def find(self, sale_id: str) -> dict[str, Any]:
        sale: dict[str, Any] = next(s for s in self._unsent.sales if s["id"] == sale_id)
        return sale

    async def forget(self, sale_id: str) -> None:
        self._unsent.sales = [sale for sale in self._unsent.sales if sale["id"] != sale_id]
        await self._storage.keep("unsent", list(self._unsent.sales) or None)

    async def leave(self, sale: dict[str, Any], fact: dict[str, Any]) -> dict[str, Any]:
        """The customer goes before there is an answer. `fact` is what is told instead when the
        server refuses the sale: its input as one made without network, but for id and receipt.
        Raises `NotKept`."""
        return await self._replace(sale, {**sale, "alone": fact})

    async def _as_fact(self, sale: dict[str, Any]) -> dict[str, Any]:
        """A refused order is never placed any more: the sale goes on under another id."""
        fact = {name: value for name, value in sale.items() if name != "alone"}
        fact["id"], fact["first_id"] = new_id(), sale["id"]
        try:
            offline = {**sale["alone"]["offline"], "receipt": await self.number()}
            fact["input"] = {**sale["alone"], "orderId": fact["id"], "offline": offline}
            return await self._replace(sale, fact)
        except NotKept:
            return sale  # refused once more the next time

    async def _replace(self, sale: dict[str, Any], by: dict[str, Any]) -> dict[str, Any]:
        before = list(self._unsent.sales)
        self._unsent.sales = [by if known["id"] == sale["id"] else known for known in before]
        try:
            await self._storage.write("unsent", list(self._unsent.sales))
        except NotKept:
            self._unsent.sales = [sale if known is by else known for known in self._unsent.sales]
            raise
        return by

    async def set_aside(self, sale: dict[str, Any], refused: Refused) -> None:
        """Keep a refused sale in the list with its reason, until somebody looks at it."""
        others = [known for known in self._unsent.sales if known["id"] != sale["id"]]
        self._unsent.sales = [*others, {**sale, "refusal": refused.told}]
        await self._storage.keep("unsent", list(self._unsent.sales))

    def release(self, sale_id: str) -> None:
        """Its payer has done with it: the background sends it."""
        self._being_paid.discard(sale_id)
        self.wake()

    async def again(self, sale: dict[str, Any]) -> None:
        """Send a refused sale once more; it may have been accepted elsewhere."""
        cleared = {name: value for name, value in sale.items() if name != "refusal"}
        self._unsent.sales = [
            cleared if known["id"] == sale["id"] else known for known in self._unsent.sales
        ]
        await self._storage.keep("unsent", list(self._unsent.sales))
        self.wake()

    async def accept(self, sale: dict[str, Any], reason: str) -> str:
        """A manager answers for a sale that was made and refused; the number of its receipt.

        Raises `Refused`, `Unreachable`, `SignedOut`.
        """
        told = {"orderId": sale["id"], "reason": reason}
        payload = await self._client.tell(offline.ACCEPT_OFFLINE_SALE, told)
        await self.forget(sale["id"])
        return str(payload["order"]["receiptNumber"] or "")

    def wake(self) -> None:
        """Try now: the network is back, somebody signed in, or a thumb said so."""
        self._wake.set()

    async def run(self) -> None:
        """Send what waits, for as long as the session lives."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            answers = await self._send_all()
            pause = FIRST_PAUSE_SECONDS if answers else min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._wake.clear()
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
                pause = FIRST_PAUSE_SECONDS
            except TimeoutError:
                continue

    async def _send_all(self) -> bool:
        """Whether every waiting sale got an answer."""
        complete = True
        for sale in list(self._unsent.sales):
            if sale.get("refusal") or self._desk.staff is None or self._unsent.sending:
                continue
            gone = all(known["id"] != sale["id"] for known in self._unsent.sales)
            if gone or sale["id"] in self._being_paid:
                continue
            sent = await self.send(sale["id"])
            if sent.answer or sent.refused:
                await self.answered(sent)
            else:
                complete = False
        return complete


def new_sale(
    sale_id: str, input_: dict[str, Any], basket: dict[str, Any], staff_name: str
) -> dict[str, Any]:
    """A sale as it is kept: all that has to be sent, and all that undoes it."""
    return {
        "id": sale_id,
        "input": {**input_, "orderId": sale_id},
        "basket": basket,
        "staff": staff_name,
        "saved_at": time.time(),
    }


def promise(
    kind: str, sale_id: str, input_: dict[str, Any], about: str, currency: str, staff_name: str
) -> dict[str, Any]:
    """A return or top-up as it is kept; `input_` has its id, `about` is a receipt or a name."""
    return {
        "id": sale_id,
        "kind": kind,
        "input": input_,
        "basket": None,
        "about": about,
        "currency": currency,
        "staff": staff_name,
        "saved_at": time.time(),
    }


def is_alone(sale: dict[str, Any]) -> bool:
    """Whether a sale was made without network, or left before it had an answer: it has happened,
    whatever is said to it."""
    return bool(sale["input"].get("offline") or sale.get("alone"))


def kind_of(sale: dict[str, Any]) -> str:
    return str(sale.get("kind", "sale"))


def points_of(sale: dict[str, Any]) -> int | None:
    """The points of a promise that is no money, or None."""
    return int(sale["input"]["points"]) if kind_of(sale) == "redeem" else None


def minor_of(sale: dict[str, Any]) -> int:
    """The money of a promise: taken, or (of a return) given back."""
    name = {"sale": "totalMinor", "return": "refundMinor", "top_up": "paidMinor"}[kind_of(sale)]
    return int(sale["input"][name])


async def _no_number() -> str:
    raise NotKept("offline_number")


async def _nothing(_sent: Sent) -> None:
    return None
