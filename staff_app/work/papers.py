"""Files and signatures of the member that is looked at."""

import json
from typing import Any
from urllib.parse import urlencode

from staff_app.client import Client
from staff_app.ids import new_id
from staff_app.queries import members as asking
from staff_app.state import Person


class PapersWork:
    """All raise `Refused`, `Unreachable`, `SignedOut`."""

    def __init__(self, client: Client, person: Person) -> None:
        self._client = client
        self._person = person

    async def upload(
        self, key: str, name: str, content: bytes, note_id: str = "", newcomer: str = ""
    ) -> Any:
        """Send a file for a field of the member, of a note, or of who is about to be a member; it
        is kept once that is saved."""
        told = {"member": newcomer or self._person.id, "key": key, "name": name[-120:]}
        if note_id:
            told |= {"subject": "contact", "owner": note_id}
        kept = await self._client.carry(f"/files/{new_id()}?{urlencode(told)}", content)
        return json.loads(kept)

    async def fetch(self, file_id: str) -> bytes:
        """A file; that it was taken is written down."""
        return await self._client.carry(f"/files/{file_id}")

    async def signature(self, key: str, note_id: str = "") -> dict[str, Any]:
        """A signature with the words above it; that it was shown is written down."""
        input_ = {"memberId": self._person.id, "key": key}
        if note_id:
            input_ |= {"subject": "CONTACT", "ownerId": note_id}
        payload = await self._client.tell(asking.SHOW_SIGNATURE, input_)
        signature: dict[str, Any] = payload["signature"]
        return signature
