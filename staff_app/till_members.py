"""What is done for the member that is looked at: the part of the till that needs their screens."""

from collections.abc import Callable
from typing import Any

from staff_app.state import Layout, People, Person
from staff_app.work.duplicates import DuplicatesWork
from staff_app.work.mall import MallWork
from staff_app.work.member import MemberWork
from staff_app.work.tier import TierWork
from staff_app.work.top_up import TopUpWork


class MemberActs:
    """The observables and the work are the till's."""

    go: Callable[[str], None]
    say: Callable[..., None]
    layout: Layout
    person: Person
    people: People
    member_work: MemberWork
    top_up_work: TopUpWork
    mall_work: MallWork
    duplicates_work: DuplicatesWork
    tier_work: TierWork

    @property
    def member_route(self) -> str:
        """Where the member is seen that one looks at."""
        wide = self.layout.wide and self.person.back_to == "/customers"
        return "/customers" if wide else "/customers/member"

    async def open_member(self, member_id: str, back_to: str = "/customers") -> None:
        """Show a member: beside the search where there is room, else on a screen of their own."""
        work = self.member_work.look_at(member_id, back_to)
        self.person.back_to, self.people.looked_at = back_to, member_id
        if not (self.layout.wide and back_to == "/customers"):
            self.go("/customers/member")
        await work

    def back_to_member(self) -> None:
        self.go(self.member_route)

    async def begin_top_up(self) -> None:
        self.go("/customers/top-up")
        await self.top_up_work.begin()

    async def pay_top_up(self) -> None:
        """Take the money; the same screen says what became of it."""
        sent = await self.top_up_work.pay()
        if sent and sent.answer:
            await self._show_anew()

    async def begin_mall(self) -> None:
        """What there is to spend is asked for anew: it is shown before and after."""
        self.go("/customers/mall")
        self.mall_work.clear()
        await self.member_work.again()
        await self.mall_work.more()

    async def open_mall(self, member: dict[str, Any]) -> None:
        """The mall for somebody who was just found."""
        self.go("/customers/mall")
        self.mall_work.clear()
        self.people.looked_at = member["id"]
        await self.member_work.look_at(member["id"])
        await self.mall_work.more()

    def choose_gift(self, item: dict[str, Any]) -> None:
        self.mall_work.choose(item)
        self.go("/customers/gift")

    async def redeem(self) -> None:
        """Spend the points; the same screen says what became of it."""
        sent = await self.mall_work.redeem()
        if sent and sent.answer:
            await self._show_anew()

    async def cancel_redemption(
        self, redemption: dict[str, Any], reason: str, restock: bool = True
    ) -> None:
        """Give the points back; raises `Refused`, `Unreachable`, `SignedOut`."""
        await self.mall_work.cancel(redemption, reason, restock)
        self.say("redemption_gone")
        await self._show_anew()

    async def set_tier(self, tier: str | None, until: str, exactly: bool, reason: str) -> None:
        """A tier by hand, or back; raises `Refused`, `Unreachable`, `SignedOut`."""
        await self.tier_work.set(tier, until, exactly, reason)
        await self._show_anew()

    async def undo_merge(self, merge: dict[str, Any], reason: str) -> None:
        """Make two members of one again; raises `Refused`, `Unreachable`, `SignedOut`."""
        await self.duplicates_work.undo(merge, reason)
        self.say("parted")
        await self.duplicates_work.of_person()
        await self.member_work.again()

    async def _show_anew(self) -> None:
        """The member as they are now, also in the list they were found in: it may stand beside."""
        await self.member_work.again()
        member, found = self.person.member, self.people.results
        if member and found and member["account"]:
            self.people.results = [
                {**row, "account": {**(row["account"] or {}), **member["account"]}}
                if row["id"] == member["id"] else row
                for row in found
            ]  # fmt: skip
