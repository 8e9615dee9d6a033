"""What a till keeps to sell without network: prices, promotions, stock and members of its store.

Kept on the device in values of some hundred kilobytes, in memory as it is searched. `sync` asks for
all of it once, then for what has changed since. A value is written before the head that makes it
count: after a cut the same changes are asked for again.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from staff_app.client import Client
from staff_app.queries import offline as queries
from staff_app.storage import Storage

BUCKETS, BUCKETS_AT_ONCE = 64, 8
STYLES_PAGE = 500
LEVELS_PAGE = 4_000
"""As many as a gateway lets pass: a page of 5,000 costs one more than its limit."""
PAGES_LIMIT = 1_000
FOUND_LIMIT = 30
INDEXED_AT_ONCE = 500
PARTS = ("stock", "promotions", "members")


class Snapshot:
    """`head` is what the rest counts by: the store, the versions, the rule, and when the server was
    last asked (`contact_at`, by its clock) with how far this clock was ahead (`ahead_seconds`)."""

    def __init__(self, client: Client, storage: Storage) -> None:
        self._client = client
        self._storage = storage
        self._one_at_a_time = asyncio.Lock()
        self._forget()

    def _forget(self) -> None:
        self.head: dict[str, Any] = {}
        self.styles: dict[str, dict[str, Any]] = {}
        self.stock: dict[str, int] = {}
        self.promotions: dict[str, list[dict[str, Any]]] = {}
        self.members: dict[str, dict[str, Any]] = {}
        self._by_code: dict[str, tuple[str, str]] = {}
        self._style_of: dict[str, str] = {}
        self._words: dict[str, str] = {}

    @property
    def ready(self) -> bool:
        """Whether all of it is here."""
        return "catalogue" in self.head.get("versions", {})

    async def open(self, store_id: str) -> None:
        """Read what the device keeps of this store, unless it is at hand. Raises `NotKept`."""
        if self.ready and self.head["store_id"] == store_id:
            return
        self._forget()
        head = await self._storage.read("snapshot") or {}
        if head.get("store_id") != store_id:
            return
        for first in range(0, BUCKETS, BUCKETS_AT_ONCE):
            numbers = range(first, first + BUCKETS_AT_ONCE)
            kept = await self._storage.read_all([f"snapshot.styles.{number}" for number in numbers])
            for styles in kept.values():
                await self._learn(styles or [])
        others = await self._storage.read_all([f"snapshot.{part}" for part in PARTS])
        for part in PARTS:
            setattr(self, part, others[f"snapshot.{part}"] or {})
        self.head = head

    async def sync(self, store_id: str, currency: str) -> None:
        """Ask the server what time it is, what this till may, and what has changed.

        Raises `Unreachable`, `SignedOut`, `Refused`, `NotKept`; what was there stays in force then.
        """
        async with self._one_at_a_time:
            if self.head.get("store_id") != store_id:
                self._forget()
            own = {"store_id": store_id, "currency": currency}
            head = {**self.head, **own, **await self._ask_rule(store_id)}
            versions: dict[str, str] = dict(head.get("versions", {}))
            await self._sync_styles(store_id, versions)
            await self._sync_stock(store_id, versions)
            await self._sync_promotions(store_id, versions)
            await self._sync_members(store_id, versions, head["rule"]["body"]["memberDays"])
            head["versions"] = versions
            await self._storage.write("snapshot", head)
            self.head = head

    # Looking things up.

    def now(self) -> datetime:
        """The server's time, as well as it is known here."""
        return datetime.fromtimestamp(time.time() - self.head.get("ahead_seconds", 0), UTC)

    def by_code(self, code: str) -> dict[str, Any] | None:
        """The piece with this barcode or SKU code."""
        text = code.strip().upper()
        found = self._by_code.get(f"0{text}" if len(text) == 12 and text.isdigit() else text)
        return self.sku(found[1]) if found else None

    def by_words(self, text: str) -> tuple[list[dict[str, Any]], bool]:
        """Pieces in whose style, code, colour or size all words occur; whether there are more."""
        words = text.lower().split()
        found: list[dict[str, Any]] = []
        for sku_id, searched in self._words.items():
            if all(word in searched for word in words):
                if len(found) == FOUND_LIMIT:
                    return found, True
                sku = self.sku(sku_id)
                found += [sku] if sku else []
        return found, False

    def style(self, sku_id: str) -> dict[str, Any] | None:
        return self.styles.get(self._style_of.get(sku_id, ""))

    def sku(self, sku_id: str) -> dict[str, Any] | None:
        """A piece as the catalogue of the server shows it."""
        style = self.style(sku_id)
        price = self.price(sku_id)
        if style is None or price is None:
            return None
        code, colour, size, ean = style["skus"][sku_id]
        return {
            "id": sku_id, "styleId": style["id"], "code": code, "styleCode": style["code"],
            "name": style["name"], "colour": colour, "size": size, "ean": ean or None,
            "priceMinor": str(price), "available": self.stock.get(sku_id, 0),
            "currency": self.head.get("currency", "CNY"),
        }  # fmt: skip

    def price(self, sku_id: str) -> int | None:
        """The list price of one now; None where it has none here."""
        steps = (self.style(sku_id) or {"prices": {}})["prices"]
        now, found = self.now(), None
        for since, minor in steps.items():
            if not since or datetime.fromisoformat(since) <= now:
                found = minor
        return found

    def offers(self) -> list[dict[str, Any]]:
        """The promotions in force now that may be applied alone."""
        now, found = self.now(), []
        for id_, versions in self.promotions.items():
            begun = [v for v in versions if datetime.fromisoformat(v["startsAt"]) <= now]
            newest = max(begun, key=lambda version: version["version"], default=None)
            if newest is None or newest["terms"] is None:
                continue
            if newest["stopsAt"] is None or now < datetime.fromisoformat(newest["stopsAt"]):
                found.append({"id": id_, "version": newest["version"], **newest["terms"]})
        return found

    def people(self, text: str) -> list[dict[str, Any]]:
        """Members by card, by the end of the phone, or by name."""
        query = text.strip().replace(" ", "").upper()
        today = self.now().date().isoformat()
        digits = query.lstrip("+").replace("-", "")
        found = [
            member
            for member in self.members.values()
            if member["until"] >= today
            and (
                member["cardCode"] == query.replace("-", "")
                or (digits.isdigit() and len(digits) >= 4 and digits[-4:] == member["lastFour"])
                or member["name"].upper().startswith(query)
            )
        ]
        return [_person(member) for member in found[:FOUND_LIMIT]]

    # Keeping up.

    async def _ask_rule(self, store_id: str) -> dict[str, Any]:
        before = time.time()
        rule = (await self._client.ask(queries.TILL_RULE, storeId=store_id))["tillRule"]
        between = (before + time.time()) / 2
        ahead = round(between - datetime.fromisoformat(rule["now"]).timestamp())
        return {"rule": rule, "ahead_seconds": ahead, "contact_at": rule["now"]}

    async def _pages(
        self, document: str, name: str, **asked: Any
    ) -> tuple[list[dict[str, Any]], str, bool]:
        """All pages of changes, the version they lead to, and whether they replace what is here."""
        pages, after = [], None
        for _ in range(PAGES_LIMIT):
            page = (await self._client.ask(document, **asked, after=after))[name]
            pages.append(page)
            after = page["after"]
            if after is None:
                break
        return pages, pages[0]["version"], pages[0]["whole"]

    async def _sync_styles(self, store_id: str, versions: dict[str, str]) -> None:
        pages, version, whole = await self._pages(
            queries.TILL_CATALOGUE, "tillCatalogue", storeId=store_id, first=STYLES_PAGE,
            sinceVersion=versions.get("catalogue"),
        )  # fmt: skip
        if whole:
            for known in (self.styles, self._by_code, self._style_of, self._words):
                known.clear()
        changed = [style for page in pages for style in page["items"]]
        await self._learn(changed)
        touched = range(BUCKETS) if whole else sorted({_bucket(each["id"]) for each in changed})
        buckets: dict[int, list[dict[str, Any]]] = {number: [] for number in touched}
        for style in self.styles.values():
            number = _bucket(style["id"])
            if number in buckets:
                buckets[number].append(style)
        values = {f"snapshot.styles.{number}": styles for number, styles in buckets.items()}
        await self._storage.write_all({name: styles or None for name, styles in values.items()})
        versions["catalogue"] = version

    async def _sync_stock(self, store_id: str, versions: dict[str, str]) -> None:
        pages, version, whole = await self._pages(
            queries.TILL_STOCK, "tillStock", storeId=store_id, first=LEVELS_PAGE,
            sinceVersion=versions.get("stock"),
        )  # fmt: skip
        changed = {sku: level for page in pages for sku, level in page["levels"].items()}
        if whole or changed:
            self.stock = changed if whole else {**self.stock, **changed}
            await self._storage.write("snapshot.stock", self.stock)
        versions["stock"] = version

    async def _sync_promotions(self, store_id: str, versions: dict[str, str]) -> None:
        answer = await self._client.ask(
            queries.TILL_PROMOTIONS, storeId=store_id, sinceVersion=versions.get("promotions")
        )
        told = answer["tillPromotions"]
        new = {each["id"]: each["versions"] for each in told["items"]}
        self.promotions = _changed(self.promotions, new, told)
        await self._storage.write("snapshot.promotions", self.promotions)
        versions["promotions"] = told["version"]

    async def _sync_members(self, store_id: str, versions: dict[str, str], days: int) -> None:
        answer = await self._client.ask(
            queries.TILL_MEMBERS, storeId=store_id, days=days, sinceVersion=versions.get("members")
        )
        told = answer["tillMembers"]
        today = self.now().date().isoformat()
        members = _changed(self.members, {each["id"]: each for each in told["items"]}, told)
        self.members = {id_: each for id_, each in members.items() if each["until"] >= today}
        await self._storage.write("snapshot.members", self.members)
        versions["members"] = told["version"]

    async def _learn(self, styles: list[dict[str, Any]]) -> None:
        """Take styles over and make them findable, without holding the screen up."""
        for at, style in enumerate(styles):
            if at % INDEXED_AT_ONCE == INDEXED_AT_ONCE - 1:
                await asyncio.sleep(0)
            known = self.styles.get(style["id"])
            for code, _colour, _size, ean in (known or {"skus": {}})["skus"].values():
                self._by_code.pop(code.upper(), None)
                self._by_code.pop(ean, None)
            self.styles[style["id"]] = style
            shared = f"{style['code']} {style['name']} {style['category']}"
            for sku_id, (code, colour, size, ean) in style["skus"].items():
                self._style_of[sku_id] = style["id"]
                self._by_code[code.upper()] = self._by_code[ean] = (style["id"], sku_id)
                self._words[sku_id] = f"{shared} {code} {colour} {size}".lower()
        self._by_code.pop("", None)


def _bucket(style_id: str) -> int:
    """Ids end in what is random in them."""
    return int(style_id[-4:], 16) % BUCKETS


def _changed(known: dict[str, Any], new: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    if told["whole"]:
        return new
    gone = set(told["removed"])
    return {id_: each for id_, each in {**known, **new}.items() if id_ not in gone}


def _person(member: dict[str, Any]) -> dict[str, Any]:
    """A member as the screens show one; there is no account to look into."""
    return {
        "id": member["id"], "name": member["name"], "cardCode": member["cardCode"],
        "phoneMasked": f"****{member['lastFour']}", "account": None, "tier": member["tier"],
        "alone": True,
    }  # fmt: skip
