"""The receipt printer of this device or its store: which it is, another one, a test page."""

from typing import Any

from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.queries.receipts import PRINTERS, SAVE_PRINTER, TEST_PRINTER
from staff_app.state import Desk, Preferences, Printer

PAPERS, LETTERS = ("MM58", "MM80"), ("GB18030", "PICTURE")


class PrinterWork:
    def __init__(
        self, client: Client, desk: Desk, preferences: Preferences, printer: Printer
    ) -> None:
        self._client = client
        self._desk = desk
        self._preferences = preferences
        self._printer = printer
        self._id = ""

    async def open(self) -> None:
        """What is in force; what was typed and not saved is forgotten."""
        state, device = self._printer, self._desk.device or {}
        state.known = False
        try:
            found = await self._client.ask(
                PRINTERS, storeId=device["storeId"], deviceId=device["deviceId"]
            )
        except (Refused, Unreachable, SignedOut):
            return
        state.printer = next(iter(found["printers"]), None)
        self._show(state.printer or {})
        state.known = True

    def change(self, **given: Any) -> None:
        """Something of the form is another now: so is what would be saved."""
        self._id = ""
        for name, value in given.items():
            setattr(self._printer, name, value)

    async def save(self) -> None:
        """For the store or this device alone; raises `Refused`, `Unreachable`, `SignedOut`. Safe to
        repeat."""
        state, device = self._printer, self._desk.device or {}
        self._id = self._id or new_id()
        input_ = {
            "id": self._id,
            "storeId": device["storeId"],
            "deviceId": device["deviceId"] if state.own else None,
            "address": state.address.strip() or None,
            "paper": state.paper,
            "characters": state.letters,
            "drawer": state.drawer,
        }
        await self._client.tell(SAVE_PRINTER, input_)
        await self.open()

    async def test(self) -> None:
        """Print a page on the printer in force; raises as `save` does."""
        language = self._preferences.language
        store_id = (self._desk.device or {})["storeId"]
        await self._client.tell(TEST_PRINTER, {"storeId": store_id, "language": language})

    def _show(self, printer: dict[str, Any]) -> None:
        self.change(
            own=bool(printer.get("deviceId")),
            address=printer.get("address") or "",
            paper=printer.get("paper", "MM80"),
            letters=printer.get("characters", "GB18030"),
            drawer=printer.get("drawer", False),
        )
