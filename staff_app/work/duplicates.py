"""Members who are probably one person: looked at, merged, left apart, parted again."""

from typing import Any

from staff_app.by_manager import Duplicates
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.queries import duplicates as asking
from staff_app.state import Person

PAGE = 30


class DuplicatesWork:
    """What changes something raises `Refused`, `Unreachable`, `SignedOut`, and is safe to repeat:
    the id of a merge is made when its pair is opened."""

    def __init__(self, client: Client, person: Person, duplicates: Duplicates) -> None:
        self._client = client
        self._person = person
        self._duplicates = duplicates

    async def begin(self, which: str = "OPEN") -> None:
        """The proposals that are open, or those that were dismissed, likeliest first."""
        state = self._duplicates
        state.which, state.found, state.after, state.refusal = which, None, "", None
        await self.more()

    async def more(self) -> None:
        state = self._duplicates
        which = state.which
        try:
            found = await self._client.ask(
                asking.DUPLICATES, state=which, first=PAGE, after=state.after or None
            )
        except Refused as refused:
            state.refusal = refused.told
            return
        except (Unreachable, SignedOut):
            return
        if state.which != which:
            return
        page = found["duplicates"]
        pairs = [edge["node"] for edge in page["edges"]]
        # Who was erased meanwhile is no longer shown.
        pairs = [pair for pair in pairs if pair["member"] and pair["other"]]
        state.found = [*(state.found or []), *pairs]
        following = page["pageInfo"]
        state.after = following["endCursor"] if following["hasNextPage"] else ""

    def look_at(self, pair: dict[str, Any]) -> None:
        state = self._duplicates
        state.pair, state.merge, state.merge_id = pair, None, new_id()

    async def merge(self, reason: str) -> None:
        """The two are one from now on."""
        state = self._duplicates
        pair = state.pair or {}
        input_ = {
            "id": state.merge_id,
            "memberId": pair["member"]["id"],
            "otherId": pair["other"]["id"],
            "reason": reason,
        }
        payload = await self._client.tell(asking.MERGE, input_)
        state.merge = payload["merge"]
        self._leave_out(pair)

    async def dismiss(self, reason: str) -> None:
        """Two persons after all."""
        pair = self._duplicates.pair or {}
        await self._client.tell(asking.DISMISS, {"id": pair["id"], "reason": reason})
        self._leave_out(pair)

    async def undo(self, merge: dict[str, Any], reason: str) -> None:
        """Both are open again."""
        input_ = {"mergeId": merge["id"], "reason": reason}
        payload = await self._client.tell(asking.UNDO, input_)
        if self._duplicates.merge and self._duplicates.merge["id"] == merge["id"]:
            self._duplicates.merge = payload["merge"]

    async def of_person(self) -> None:
        """The merges behind the member that is looked at; no answer leaves it as it is."""
        asked_for = self._person.id
        try:
            found = await self._client.ask(asking.MERGES, memberId=asked_for)
        except (Refused, Unreachable, SignedOut):
            return
        if self._person.id == asked_for:
            self._person.merges = found["merges"]

    def _leave_out(self, pair: dict[str, Any]) -> None:
        found = self._duplicates.found or []
        self._duplicates.found = [each for each in found if each["id"] != pair["id"]]
