"""Goods received, adjusted and counted: a list of pieces that is booked once, by its id."""

from typing import Any

from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.queries import stock as asking
from staff_app.state import Desk, Draft
from staff_app.storage import Storage
from staff_app.work.shelf import ShelfWork

QUANTITY_LIMIT = 9_999
LINES_LIMIT = 200
REASONS = {
    "receive": {"": ("RECEIVING", 1)},
    "count": {"": ("COUNTING", 1)},
    "adjust": {
        "stock_damaged": ("DAMAGE", -1),
        "stock_missing": ("CORRECTION", -1),
        "stock_surplus": ("CORRECTION", 1),
    },
}
"""By what is done: the reasons one chooses, what the gateway calls them, and their sign."""
_KEPT = ("kind", "id", "lines", "reason", "reference", "levels", "sent")


class StockWork:
    def __init__(
        self, client: Client, storage: Storage, desk: Desk, draft: Draft, shelf: ShelfWork
    ) -> None:
        self._client = client
        self._storage = storage
        self._desk = desk
        self._draft = draft
        self._shelf = shelf

    async def open(self) -> None:
        """What was begun on this device. Raises `NotKept`."""
        self._put(await self._storage.read("stock") or {})

    async def begin(self, kind: str) -> None:
        """`receive`, `adjust` or `count`; what was begun of the same kind goes on."""
        draft = self._draft
        if draft.kind != kind or draft.booked is not None or not draft.id:
            reason = "" if "" in REASONS[kind] else next(iter(REASONS[kind]))
            self._put({"kind": kind, "id": new_id(), "reason": reason})
            await self._keep()

    async def scanned(self, text: str) -> bool:
        """One more of a piece; whether there is one. Raises as `ShelfWork.pieces`."""
        pieces = await self._shelf.pieces(text.strip())
        code = text.strip().upper()
        exact = [piece for piece in pieces if code in (piece["ean"], piece["code"].upper())]
        chosen = exact or (pieces if len(pieces) == 1 else [])
        if not chosen:
            return False
        await self.add(chosen[0])
        return True

    async def add(self, sku: dict[str, Any]) -> None:
        known = [line for line in self._draft.lines if line["sku"]["id"] == sku["id"]]
        if known:
            await self.set_quantity(sku["id"], known[0]["quantity"] + 1)
        elif len(self._draft.lines) < LINES_LIMIT:
            await self._change([{"sku": sku, "quantity": 1}, *self._draft.lines])

    async def set_quantity(self, sku_id: str, quantity: int) -> None:
        """So many; of a count nothing is a number too, elsewhere the line goes."""
        quantity = max(0, min(quantity, QUANTITY_LIMIT))
        lines = [
            {**line, "quantity": quantity} if line["sku"]["id"] == sku_id else line
            for line in self._draft.lines
        ]
        keeps_nothing = self._draft.kind == "count"
        await self._change([line for line in lines if line["quantity"] or keeps_nothing])

    async def remove(self, sku_id: str) -> None:
        await self._change([ln for ln in self._draft.lines if ln["sku"]["id"] != sku_id])

    async def choose_reason(self, reason: str) -> None:
        if not self._draft.sent:
            self._draft.reason = reason
            await self._keep()

    @property
    def pieces(self) -> int:
        return sum(line["quantity"] for line in self._draft.lines)

    def difference(self, line: dict[str, Any]) -> int:
        """Of a count that was compared: what is there more or less than should be."""
        return int(line["quantity"] - (self._draft.levels or {}).get(line["sku"]["id"], 0))

    @property
    def differences(self) -> list[dict[str, Any]]:
        return [line for line in self._draft.lines if self.difference(line)]

    async def compare(self) -> None:
        """Ask how many should be there now."""
        draft = self._draft
        if draft.busy:
            return
        draft.busy, draft.refusal = True, None
        try:
            found = await self._client.ask(
                asking.LEVELS,
                storeId=self._store_id,
                skuIds=[line["sku"]["id"] for line in draft.lines],
            )
        except Refused as refused:
            draft.refusal = {"zh": refused.zh, "en": refused.en}
        except (Unreachable, SignedOut):
            pass
        else:
            draft.levels = {each["skuId"]: each["onHand"] for each in found["stockLevels"]}
            await self._keep()
        draft.busy = False

    async def book(self) -> None:
        """Send the list; without an answer the same is sent again, and booked once."""
        draft = self._draft
        lines = self._told()
        if draft.busy or draft.booked is not None or not draft.lines:
            return
        if not lines:
            await self._done(0)
            return
        draft.busy, draft.sent, draft.refusal = True, True, None
        await self._keep()
        input_ = {
            "id": draft.id,
            "storeId": self._store_id,
            "reason": REASONS[draft.kind][draft.reason][0],
            "reference": draft.reference.strip() or None,
            "lines": lines,
        }
        try:
            await self._client.tell(asking.MOVE_STOCK, input_)
        except Refused as refused:
            draft.refusal = {"zh": refused.zh, "en": refused.en}
            draft.sent, draft.levels, draft.id = False, None, new_id()
            await self._keep()
        except (Unreachable, SignedOut):
            pass  # nobody knows whether it is booked: only the same can be sent again
        else:
            await self._done(sum(abs(line["quantity"]) for line in lines))
        draft.busy = False

    async def drop(self) -> dict[str, Any]:
        """Begin anew; what was there, for `put_back`."""
        before = self._kept()
        self._put({})
        await self.begin(before["kind"])
        return before

    async def put_back(self, kept: dict[str, Any]) -> None:
        self._put(kept)
        await self._keep()

    def _told(self) -> list[dict[str, Any]]:
        draft = self._draft
        if draft.kind == "count":
            changed = [(ln["sku"]["id"], self.difference(ln)) for ln in self.differences]
        else:
            sign = REASONS[draft.kind][draft.reason][1]
            changed = [(line["sku"]["id"], sign * line["quantity"]) for line in draft.lines]
        return [{"skuId": sku_id, "quantity": quantity} for sku_id, quantity in changed]

    async def _done(self, pieces: int) -> None:
        self._draft.booked = pieces
        await self._storage.keep("stock", None)

    async def _change(self, lines: list[dict[str, Any]]) -> None:
        if not self._draft.sent:
            self._draft.lines, self._draft.levels, self._draft.refusal = lines, None, None
            await self._keep()

    async def _keep(self) -> None:
        await self._storage.keep("stock", self._kept())

    def _kept(self) -> dict[str, Any]:
        kept = {name: getattr(self._draft, name) for name in _KEPT}
        kept["lines"] = [dict(line) for line in self._draft.lines]
        kept["levels"] = dict(self._draft.levels) if self._draft.levels is not None else None
        return kept

    def _put(self, kept: dict[str, Any]) -> None:
        fresh = Draft()
        for name in (*_KEPT, "busy", "refusal", "booked"):
            setattr(self._draft, name, kept.get(name, getattr(fresh, name)))

    @property
    def _store_id(self) -> str:
        return str((self._desk.device or {})["storeId"])
