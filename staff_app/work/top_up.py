"""Money into the wallet: by plan or amount, saved on the device before it is sent."""

from typing import Any

from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.money import typed
from staff_app.queries import members as asking
from staff_app.state import Desk, Person, TopUp
from staff_app.work import promised
from staff_app.work.outbox import Outbox, Sent, promise
from staff_app.work.returning import NEEDS_REFERENCE


class TopUpWork:
    def __init__(
        self, client: Client, desk: Desk, person: Person, top_up: TopUp, outbox: Outbox
    ) -> None:
        self._client = client
        self._desk = desk
        self._person = person
        self._top_up = top_up
        self._outbox = outbox

    async def begin(self) -> None:
        """A clean page, with the plans that hold for this member here and now."""
        state = self._top_up
        state.offer, state.account, state.refusal = None, None, None
        state.plan = state.entry = state.reference = state.waiting = ""
        state.kind = "CASH"
        device = self._desk.device or {}
        try:
            found = await self._client.ask(
                asking.TOP_UP_OFFER, memberId=self._person.id, storeId=device["storeId"]
            )
        except Refused as refused:
            state.refusal = refused.told
        except (Unreachable, SignedOut):
            pass
        else:
            state.offer = found["topUpOffer"]

    def steps(self) -> list[dict[str, Any]]:
        """Each amount that brings something, of all plans that hold, smallest first."""
        offer = self._top_up.offer or {"steps": [], "plans": []}
        usual = [{**step, "plan": "", "zh": "", "en": ""} for step in offer["steps"]]
        planned = [
            {**step, "plan": plan["code"], "zh": plan["nameZh"], "en": plan["nameEn"]}
            for plan in offer["plans"] if plan["applies"]
            for step in plan["steps"]
        ]  # fmt: skip
        return sorted([*planned, *usual], key=lambda step: int(step["paidMinor"]))

    def choose(self, step: dict[str, Any]) -> None:
        self._top_up.entry, self._top_up.plan = step["paidMinor"], step["plan"]

    def press(self, key: str) -> None:
        """Another amount than a plan's: the bonus is then what the rule gives."""
        self._top_up.entry, self._top_up.plan = typed(self._top_up.entry, key), ""

    @property
    def paid_minor(self) -> int:
        return int(self._top_up.entry or 0)

    @property
    def bonus_minor(self) -> int:
        """What a chosen step brings; for another amount only the gateway knows."""
        state = self._top_up
        mine = [s for s in self.steps() if s["paidMinor"] == state.entry]
        chosen = [s for s in mine if s["plan"] == state.plan] or mine
        return max((int(step["bonusMinor"]) for step in chosen), default=0)

    @property
    def lacks(self) -> str:
        """`amount`, `reference`, or nothing."""
        state = self._top_up
        if self.paid_minor <= 0:
            return "amount"
        needs = state.kind in NEEDS_REFERENCE and not state.reference.strip()
        return "reference" if needs else ""

    async def pay(self) -> Sent | None:
        """Saved first, then sent; a second press does nothing (None)."""
        state, member = self._top_up, self._person.member
        if state.busy or state.waiting or self.lacks or member is None:
            return None
        state.busy = True
        try:
            return await self._pay(member)
        finally:
            state.busy = False

    async def _pay(self, member: dict[str, Any]) -> Sent | None:
        state, device, staff = self._top_up, self._desk.device or {}, self._desk.staff or {}
        input_ = {
            "id": new_id(),
            "storeId": device["storeId"],
            "memberId": member["id"],
            "currency": self._desk.currency,
            "paidMinor": str(self.paid_minor),
            "tender": state.kind,
            "reference": state.reference.strip() or None,
            "plan": state.plan or None,
        }
        made = promise(
            "top_up", input_["id"], input_, member["name"], self._desk.currency,
            staff.get("name", ""),
        )  # fmt: skip
        sent = await promised.keep_and_send(self._outbox, state, made)
        if sent is not None:
            await self.settle(sent)
        return sent

    async def settle(self, sent: Sent) -> None:
        """Show what became of it on the screen; another's refusal is set aside."""
        if await promised.settle(self._outbox, self._top_up, sent) and sent.answer:
            self._top_up.account = sent.answer
