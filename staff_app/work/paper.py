"""Receipts on paper and as pictures: asked for with an id of their own until they have come out."""

import base64
from typing import Any

from staff_app.client import Client
from staff_app.ids import new_id
from staff_app.queries.receipts import PRINT_RECEIPT, SHARE_RECEIPT
from staff_app.state import Desk, Paper, Preferences


class PaperWork:
    """A document is `{"orderId": …}` or `{"returnId": …}`. What did not come out is asked for again
    with the same id, so that it is not counted as a copy."""

    def __init__(self, client: Client, desk: Desk, preferences: Preferences, paper: Paper) -> None:
        self._client = client
        self._desk = desk
        self._preferences = preferences
        self._paper = paper
        self._ids: dict[tuple[str, str], str] = {}

    async def print(self, document: dict[str, str]) -> int:
        """Number of the copy, 0 for the receipt itself; raises `Refused`, `Unreachable`,
        `SignedOut`."""
        store = {"storeId": (self._desk.device or {})["storeId"]}
        answer = await self._ask(PRINT_RECEIPT, "print", document, store)
        return int(answer["copy"])

    async def draw(self, document: dict[str, str], number: str, back_to: str) -> None:
        """Have the picture to share; raises as `print` does."""
        answer = await self._ask(SHARE_RECEIPT, "share", document, {})
        self._paper.picture = base64.b64decode(answer["png"])
        self._paper.copy, self._paper.number = int(answer["copy"]), number
        self._paper.back_to = back_to

    async def _ask(
        self, mutation: str, way: str, document: dict[str, str], more: dict[str, str]
    ) -> dict[str, Any]:
        key = (way, next(iter(document.values())))
        id_ = self._ids.setdefault(key, new_id())
        input_ = {"id": id_, "language": self._preferences.language, **document, **more}
        answer = await self._client.tell(mutation, input_)
        del self._ids[key]
        return answer
