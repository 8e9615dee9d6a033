"""A person's data out, and their erasure: asked for by one manager, confirmed by another."""

import json
from typing import Any

from staff_app.by_manager import Privacy
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.queries import privacy as asking
from staff_app.state import Desk, Person

COMPLETE = b'class="end"'
"""Stands in a file that was written to its end."""
ON_ITS_WAY = ("ASKING", "ERASING")


class PrivacyWork:
    """`learn` fills `refusal`; all else raises `Refused`, `Unreachable`, `SignedOut`."""

    def __init__(self, client: Client, desk: Desk, person: Person, privacy: Privacy) -> None:
        self._client = client
        self._desk = desk
        self._person = person
        self._privacy = privacy

    async def data_out(self, purpose: str) -> bytes:
        """One file with all there is about the member; that it was taken is written down. A file
        that was cut off is as good as no answer."""
        told = {"member_id": self._person.id, "purpose": purpose}
        content = await self._client.carry("/disclosures", json.dumps(told).encode())
        if COMPLETE not in content[-2_000:]:
            raise Unreachable("the file was cut off")
        return content

    async def learn(self) -> None:
        """The newest erasure of the member, if there is one."""
        state, member_id = self._privacy, self._person.id
        if state.member_id != member_id:
            state.member_id, state.known, state.erasure = member_id, False, None
            state.asking_id = new_id()
        state.refusal = None
        try:
            found = await self._client.ask(asking.ERASURES, memberId=member_id, first=1)
        except Refused as refused:
            state.refusal = refused.told
            return
        except (Unreachable, SignedOut):
            return
        edges = found["erasures"]["edges"]
        if state.member_id == member_id:
            state.known, state.erasure = True, edges[0]["node"] if edges else None

    async def ask(self, reason: str) -> None:
        """Ask for the erasure. Safe to repeat."""
        state = self._privacy
        input_ = {"id": state.asking_id, "memberId": self._person.id, "reason": reason}
        await self._change(asking.REQUEST, input_)
        state.asking_id = new_id()

    async def confirm(self) -> None:
        """Confirm it, as another person than asked. Safe to repeat."""
        await self._change(asking.CONFIRM, {"id": (self._privacy.erasure or {})["id"]})

    async def withdraw(self) -> None:
        await self._change(asking.WITHDRAW, {"id": (self._privacy.erasure or {})["id"]})

    @property
    def mine(self) -> bool:
        """Whether whoever works here has asked for it."""
        return (self._privacy.erasure or {}).get("requestedBy") == (self._desk.staff or {})["id"]

    async def _change(self, document: str, input_: dict[str, Any]) -> None:
        payload = await self._client.tell(document, input_)
        self._privacy.erasure = payload["erasure"]
