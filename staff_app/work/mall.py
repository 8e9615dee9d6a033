"""Points spent for gifts and services: what a member can have here, and giving it to them."""

from typing import Any

from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.queries import mall as asking
from staff_app.state import Desk, Mall, Person
from staff_app.work import promised
from staff_app.work.outbox import Outbox, Sent, promise

PAGE = 50
SHOWN = 20
"""What a member has had, newest first."""


class MallWork:
    def __init__(
        self, client: Client, desk: Desk, person: Person, mall: Mall, outbox: Outbox
    ) -> None:
        self._client = client
        self._desk = desk
        self._person = person
        self._mall = mall
        self._outbox = outbox

    def clear(self) -> None:
        """A clean page."""
        state = self._mall
        state.items, state.item, state.answer, state.refusal = None, None, None, None
        state.after, state.waiting, state.quantity, state.hand_over = "", "", 1, True

    async def more(self) -> None:
        """What this store gives this member for points now, page after page."""
        state = self._mall
        try:
            found = await self._client.ask(
                asking.OFFER, storeId=self._store_id, memberId=self._person.id, first=PAGE,
                after=state.after or None,
            )  # fmt: skip
        except Refused as refused:
            state.refusal = refused.told
        except (Unreachable, SignedOut):
            state.refusal = {"code": "NO_ANSWER", "zh": "", "en": ""}
        else:
            page = found["mallOffer"]
            state.refusal = None
            state.items = [*(state.items or []), *(edge["node"] for edge in page["edges"])]
            following = page["pageInfo"]
            state.after = following["endCursor"] if following["hasNextPage"] else ""

    def choose(self, item: dict[str, Any]) -> None:
        """An item to be given."""
        state = self._mall
        state.item, state.quantity, state.refusal = item, 1, None
        state.before = self.points

    def count(self, step: int) -> None:
        """One more or one less, as many as the member can have."""
        state = self._mall
        most = (state.item or {}).get("canHave") or 1
        state.quantity = min(max(state.quantity + step, 1), most)

    @property
    def points(self) -> int:
        """What the member can spend, as far as is known."""
        account = (self._person.member or {}).get("account") or {}
        return int(account.get("points", 0))

    @property
    def price(self) -> int:
        return int((self._mall.item or {}).get("points", 0)) * self._mall.quantity

    async def redeem(self) -> Sent | None:
        """Saved first, then sent; a second press does nothing (None)."""
        state, member = self._mall, self._person.member
        if state.busy or state.waiting or state.item is None or member is None:
            return None
        state.busy = True
        try:
            return await self._redeem(member, state.item)
        finally:
            state.busy = False

    async def _redeem(self, member: dict[str, Any], item: dict[str, Any]) -> Sent | None:
        state, staff = self._mall, self._desk.staff or {}
        input_ = {
            "id": new_id(),
            "storeId": self._store_id,
            "memberId": member["id"],
            "itemId": item["itemId"],
            "quantity": state.quantity,
            "points": self.price,
            "handOver": state.hand_over,
        }
        made = promise(
            "redeem", input_["id"], input_, member["name"], self._desk.currency,
            staff.get("name", ""),
        )  # fmt: skip
        sent = await promised.keep_and_send(self._outbox, self._mall, made)
        if sent is not None:
            await self.settle(sent)
        return sent

    async def settle(self, sent: Sent) -> None:
        """Show what became of it on the screen; another's refusal is set aside."""
        if await promised.settle(self._outbox, self._mall, sent) and sent.answer:
            self._mall.answer = sent.answer
            await self.had()

    async def had(self) -> None:
        """What the member has had for points; no answer leaves it as it is."""
        asked_for = self._person.id
        try:
            found = await self._client.ask(asking.REDEMPTIONS, memberId=asked_for, first=SHOWN)
        except (Refused, Unreachable, SignedOut):
            return
        if self._person.id == asked_for:
            edges = found["redemptions"]["edges"]
            self._person.redemptions = [edge["node"] for edge in edges]

    async def hand_over(self, redemption: dict[str, Any]) -> None:
        """What waited is theirs now; raises `Refused`, `Unreachable`, `SignedOut`."""
        input_ = {"id": redemption["id"], "storeId": redemption["storeId"]}
        await self._client.tell(asking.HAND_OVER, input_)
        await self.had()

    async def cancel(self, redemption: dict[str, Any], reason: str, restock: bool) -> None:
        """Give the points back; raises `Refused`, `Unreachable`, `SignedOut`."""
        input_ = {
            "id": redemption["id"], "storeId": redemption["storeId"], "reason": reason,
            "restock": restock,
        }  # fmt: skip
        await self._client.tell(asking.CANCEL, input_)
        await self.had()

    @property
    def _store_id(self) -> str:
        return str((self._desk.device or {})["storeId"])
