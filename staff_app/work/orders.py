"""Finding orders again: of today, by receipt, by member; and cancelling one."""

from typing import Any

from staff_app import clock, queries
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.codes import what_is
from staff_app.state import Desk, Orders
from staff_app.work.finding import FindingWork

PAGE = 30


class OrdersWork:
    def __init__(self, client: Client, desk: Desk, orders: Orders, finding: FindingWork) -> None:
        self._client = client
        self._desk = desk
        self._orders = orders
        self._finding = finding
        self._question = 0
        self._asked: dict[str, Any] = {}

    async def today(self) -> None:
        """The orders of this store today, newest first."""
        self._orders.query = self._orders.of = ""
        await self._list(storeId=self._store_id, businessDate=self._business_date())

    async def look_up(self, text: str) -> None:
        """What a receipt's code, a phone, a card or a name leads to; nothing leads to today."""
        text = text.strip()
        self._orders.query = text
        if not text:
            await self.today()
        elif what_is(text) == "receipt":
            self._orders.of = text
            await self._list(receiptNumber=text.upper())
        else:
            await self._of_somebody(text)

    async def of(self, member: dict[str, Any]) -> None:
        """Everything a member bought, in every store."""
        self._orders.people = []
        self._orders.of = member["name"]
        await self._list(memberId=member["id"])

    async def more(self) -> None:
        """The page after the last one."""
        if self._orders.after and not self._orders.searching:
            await self._list(**self._asked, after=self._orders.after)

    async def again(self, keep: bool = False) -> None:
        """What is listed, as it is now. `keep`: what was there stays until the answer comes."""
        asked = {name: value for name, value in self._asked.items() if name != "after"}
        if asked:
            await self._list(keep=keep, **asked)

    def heard(self, told: dict[str, Any]) -> None:
        """An order of this store is another than it was; one of today that is new comes first."""
        orders, order = self._orders, told["order"]
        if orders.found is None or order is None or order["status"] == "PENDING":
            return
        known = [each["id"] for each in orders.found]
        if order["id"] in known:
            orders.found = [order if each["id"] == order["id"] else each for each in orders.found]
        elif self._shows_today() and order["status"] == "PLACED" and self.is_of_today(order):
            orders.found = [order, *orders.found]

    def _shows_today(self) -> bool:
        return self._asked.get("businessDate") == self._business_date()

    async def cancel(self, order: dict[str, Any], reason: str) -> dict[str, Any]:
        """Void a sale of today; raises `Refused`, `Unreachable`, `SignedOut`. Safe to repeat."""
        input_ = {"orderId": order["id"], "reason": reason}
        voided: dict[str, Any] = (await self._client.tell(queries.CANCEL_ORDER, input_))["order"]
        await self.again()
        return voided

    def is_of_today(self, order: dict[str, Any]) -> bool:
        """Whether a manager here may still cancel it."""
        here = order["storeId"] == self._store_id
        return here and order["businessDate"] == self._business_date()

    async def _of_somebody(self, text: str) -> None:
        self._orders.searching, self._orders.refusal = True, None
        try:
            people = await self._finding.people(text)
        except Refused as refused:
            self._orders.refusal = {"zh": refused.zh, "en": refused.en}
            people = []
        except (Unreachable, SignedOut):
            people = []
        self._orders.searching = False
        if len(people) == 1:
            await self.of(people[0])
        else:
            self._orders.people, self._orders.found, self._orders.after = people, [], ""

    async def _list(self, keep: bool = False, **asked: Any) -> None:
        self._question += 1
        question, self._asked = self._question, asked
        self._orders.people = []
        self._orders.searching, self._orders.refusal = True, None
        following = "after" in asked
        if not following and not keep:
            self._orders.found = None
        found, after = None, ""
        try:
            page = (await self._client.ask(queries.ORDERS, first=PAGE, **asked))["orders"]
            found = [edge["node"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else ""
        except Refused as refused:
            self._orders.refusal = {"zh": refused.zh, "en": refused.en}
        except (Unreachable, SignedOut):
            pass  # the banner says so
        if question != self._question:
            return
        before = list(self._orders.found or []) if following or (keep and found is None) else []
        self._orders.found = before + (found or [])
        self._orders.after = after
        self._orders.searching = False

    @property
    def _store_id(self) -> str:
        return str((self._desk.device or {})["storeId"])

    def _business_date(self) -> str:
        return clock.today(self._desk.store).isoformat()
