"""Where it is in which size: a style in this store, and a piece in all the others."""

from typing import Any

from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.codes import what_is
from staff_app.queries import stock as asking
from staff_app.state import Desk, Shelf

PAGE = 50
_SIZES = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "3XL", "4XL")


class ShelfWork:
    def __init__(self, client: Client, desk: Desk, shelf: Shelf) -> None:
        self._client = client
        self._desk = desk
        self._shelf = shelf
        self._versions: dict[str, int] = {}
        """Of each piece, what was heard of it last."""

    async def look_up(self, text: str) -> dict[str, Any] | None:
        """The styles a text leads to; the piece itself where it is a code of one."""
        shelf, text = self._shelf, text.strip()
        shelf.query, shelf.refusal = text, None
        if not text:
            shelf.styles = None
            return None
        shelf.searching = True
        try:
            pieces = await self.pieces(text)
        except Refused as refused:
            shelf.refusal = {"zh": refused.zh, "en": refused.en}
            pieces = []
        except (Unreachable, SignedOut):
            pieces = []
        shelf.searching = False
        by_style: dict[str, dict[str, Any]] = {}
        for piece in pieces:
            style = by_style.setdefault(piece["styleId"], {**piece, "available": 0})
            style["available"] += piece["available"]
        shelf.styles = list(by_style.values())
        return pieces[0] if len(pieces) == 1 and what_is(text) in ("piece", "code") else None

    async def pieces(self, text: str) -> list[dict[str, Any]]:
        """Raises `Refused`, `Unreachable`, `SignedOut`."""
        found = (
            await self._client.ask(asking.FIND, query=text, storeId=self._store_id, first=PAGE)
        )["skus"]
        return [edge["node"] for edge in found["edges"]]

    async def look_at(self, style_id: str, sku_id: str = "") -> None:
        """All pieces of a style as they are here, and one of them everywhere."""
        shelf = self._shelf
        shelf.style, shelf.sku_id, shelf.elsewhere, shelf.refusal = None, "", None, None
        try:
            answer = await self._client.ask(asking.STYLE, id=style_id, storeId=self._store_id)
        except Refused as refused:
            shelf.refusal = {"zh": refused.zh, "en": refused.en}
            return
        except (Unreachable, SignedOut):
            return
        shelf.style = answer["style"]
        if sku_id:
            await self.choose(sku_id)

    async def choose(self, sku_id: str) -> None:
        """Which stores have this piece, own first, then most first."""
        shelf = self._shelf
        shelf.sku_id, shelf.elsewhere = sku_id, None
        try:
            levels = (await self._client.ask(asking.STORES_WITH, skuId=sku_id))["whereElse"]
        except (Refused, Unreachable, SignedOut):
            return
        if shelf.sku_id == sku_id:
            shelf.elsewhere = [
                level for level in sorted(levels, key=lambda each: -each["available"])
                if level["storeId"] != self._store_id and level["available"] > 0 and level["store"]
            ]  # fmt: skip

    async def again(self) -> None:
        """What is shown, as it is now; what was there stays until the answer comes."""
        shelf, before = self._shelf, self._shelf.style
        if before is None:
            return
        try:
            answer = await self._client.ask(asking.STYLE, id=before["id"], storeId=self._store_id)
        except (Refused, Unreachable, SignedOut):
            return
        if shelf.style and shelf.style["id"] == before["id"]:
            shelf.style = answer["style"]
            if shelf.sku_id:
                await self.choose(shelf.sku_id)

    def heard(self, levels: list[dict[str, Any]]) -> None:
        """Pieces of this store are more or fewer than they were. Of what is told of one, the
        highest version counts."""
        told = {level["skuId"]: level for level in levels}
        style = self._shelf.style
        if style is None or not any(sku["id"] in told for sku in style["skus"]):
            return
        self._shelf.style = {**style, "skus": [self._fresh(sku, told) for sku in style["skus"]]}

    def _fresh(self, sku: dict[str, Any], told: dict[str, dict[str, Any]]) -> dict[str, Any]:
        level = told.get(sku["id"])
        if level is None or level["version"] <= self._versions.get(sku["id"], 0):
            return sku
        self._versions[sku["id"]] = level["version"]
        return {**sku, **{name: level[name] for name in ("onHand", "reserved", "available")}}

    def piece(self) -> dict[str, Any] | None:
        """The chosen one."""
        skus = (self._shelf.style or {}).get("skus", [])
        return next((sku for sku in skus if sku["id"] == self._shelf.sku_id), None)

    @property
    def _store_id(self) -> str:
        return str((self._desk.device or {})["storeId"])


def matrix(
    style: dict[str, Any],
) -> tuple[list[str], list[str], dict[tuple[str, str], dict[str, Any]]]:
    """Colours down, sizes across from small to large, and the piece in each cell."""
    cells = {(sku["colour"], sku["size"]): sku for sku in style["skus"]}
    colours = list(dict.fromkeys(sku["colour"] for sku in style["skus"]))
    sizes = sorted({sku["size"] for sku in style["skus"]}, key=_place)
    return colours, sizes, cells


def _place(size: str) -> tuple[int, float, str]:
    if size.upper() in _SIZES:
        return (0, _SIZES.index(size.upper()), size)
    return (1, float(size), size) if size.isdecimal() else (2, 0.0, size)
