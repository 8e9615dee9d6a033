"""Selling without network: whether this till may, what the basket costs, and what it tells later.

A time without network is a spell: it begins when the server does not answer any more and is told
at the first contact after it. The till obeys the rule it was told last. Its clock is put right by
what it was ahead at the last contact; the server does the same with what is claimed here.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from staff_app.alone import Alone
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.money import money
from staff_app.queries import offline as queries
from staff_app.state import Basket, Desk, Line, Network
from staff_app.storage import NotKept, Storage
from staff_app.words import CATALOGUE
from staff_app.work.outbox import Outbox, Sent, new_sale
from staff_app.work.reckoning import Piece, Reckoned, reckon, tax_inside
from staff_app.work.returning import MONEY
from staff_app.work.snapshot import Snapshot

SYNC_SECONDS, AGAIN_SECONDS = 300.0, 15.0
"""How often is asked what has changed; and when again, if that could not be learned."""
WORTH_TELLING_SECONDS = 60
"""A spell that was shorter, and in which nothing was sold, is no news."""
log = logging.getLogger(__name__)


class OfflineWork:
    def __init__(
        self, client: Client, storage: Storage, desk: Desk, network: Network, alone: Alone,
        basket: Basket, snapshot: Snapshot, outbox: Outbox,
    ) -> None:  # fmt: skip
        self._client = client
        self._storage = storage
        self._desk = desk
        self._network = network
        self._alone = alone
        self._basket = basket
        self._snapshot = snapshot
        self._outbox = outbox
        self._reports: list[dict[str, Any]] = []
        self._answered_at = 0.0
        self._wake = asyncio.Event()

    @property
    def selling(self) -> bool:
        """Whether the till is on its own now, and has what it takes."""
        return self._alone.ready and not self._network.reached

    async def open(self) -> None:
        """What this device keeps to sell alone, and the spell it is in. Raises `NotKept`."""
        if not self._storage.holds_much:
            return
        await self._snapshot.open(self._store_id)
        self._alone.spell = await self._storage.read("spell")
        self._reports = await self._storage.read("spells_untold") or []
        self._show()

    async def keep_up(self) -> None:
        """Learn what has changed while there is a network, for as long as the session lives."""
        while self._storage.holds_much:
            self._wake.clear()
            pause = SYNC_SECONDS
            if self._desk.staff is not None and self._network.reached:
                pause = SYNC_SECONDS if await self._contact() else AGAIN_SECONDS
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def wake(self) -> None:
        """Somebody signed in, or the network is back."""
        self._wake.set()

    def answered(self) -> None:
        """The server has just answered something."""
        self._answered_at = time.time()

    async def went(self) -> None:
        """The server does not answer any more."""
        if self._alone.ready and self._alone.spell is None:
            ahead = self._snapshot.head["ahead_seconds"]
            at = self._snapshot.head["contact_at"]
            if self._answered_at:
                at = _iso(self._answered_at - ahead)
            self._alone.spell = {
                "id": new_id(), "contact_at": at, "ahead_seconds": ahead, "sales": 0,
                "total_minor": 0,
            }  # fmt: skip
            await self._storage.keep("spell", self._alone.spell)

    async def came_back(self) -> None:
        """The server answers again: the spell is over, and is told."""
        spell, self._alone.spell = self._alone.spell, None
        if spell is not None:
            lasted = self._snapshot.now() - datetime.fromisoformat(spell["contact_at"])
            if spell["sales"] or lasted.total_seconds() >= WORTH_TELLING_SECONDS:
                self._reports = [*self._reports, {**spell, "store_id": self._store_id}]
                await self._storage.keep("spells_untold", self._reports)
            await self._storage.keep("spell", None)
        self.wake()

    # The price, and the sale.

    def why_not(self, total_minor: int = 0) -> str:
        """The word for why nothing can be sold alone, or for no more than this; "" if it can."""
        rule = self._snapshot.head["rule"]["body"]
        roles = set((self._desk.staff or {}).get("roles", ()))
        spell = self._alone.spell or {"contact_at": self._snapshot.head["contact_at"]}
        lasted = self._snapshot.now() - datetime.fromisoformat(spell["contact_at"])
        if not rule["allowed"] or (rule["storeIds"] and self._store_id not in rule["storeIds"]):
            return "alone_not_here"
        device_id = (self._desk.device or {}).get("deviceId")
        if rule["deviceIds"] and device_id not in rule["deviceIds"]:
            return "alone_not_here"
        if rule["roles"] and not roles & set(rule["roles"]):
            return "alone_not_you"
        if lasted > timedelta(hours=rule["hours"]):
            return "alone_too_long"
        if rule["saleMinor"] is not None and total_minor > int(rule["saleMinor"]):
            return "alone_sale_limit"
        sold = spell.get("total_minor", 0) + total_minor
        if rule["totalMinor"] is not None and sold > int(rule["totalMinor"]):
            return "alone_total_limit"
        return ""

    def quote(self) -> dict[str, Any] | None:
        """What the basket costs by what is kept here, as the API would say it; `refusal` where the
        rule does not allow it. None while there is a network, or for an exchange."""
        if not self.selling or self._basket.exchange or not self._basket.lines:
            return None
        lines = self._basket.lines
        pieces = [self._piece(line) for line in lines]
        member = self._basket.member
        tier = self._tier(member)
        found = reckon(pieces, self._snapshot.offers(), tier, member is not None)
        priced = [
            self._line(line, piece, off, found, at)
            for at, (line, piece, off) in enumerate(zip(lines, pieces, found.off, strict=True))
        ]
        sums = {
            name: str(sum(int(line[name]) for line in priced))
            for name in ("listMinor", "discountMinor", "netMinor", "taxMinor")
        }
        total = sums.pop("netMinor")
        quote = {
            "currency": self._desk.currency, "tier": tier, "lines": priced, **sums,
            "totalMinor": total, "pointsExpected": 0, "offer": None, "alone": True,
            "promotions": [_applied(terms, sum(off.values())) for terms, off in found.applied],
        }  # fmt: skip
        reason = self.why_not(int(total))
        if reason:
            most = self._snapshot.head["rule"]["body"]["saleMinor"]
            limit = money(int(most), self._desk.currency) if most is not None else ""
            zh, en = (each.format(limit=limit) for each in CATALOGUE[reason])
            quote["refusal"] = {"code": reason, "zh": zh, "en": en, "coupon": ""}
        return quote

    async def leave(
        self, sale: dict[str, Any], quote: dict[str, Any], tenders: list[dict[str, Any]]
    ) -> Sent | None:
        """A sale that was sent and got no answer, as one made alone; None where it has to wait for
        its answer. The server may have it: it is sent again as it is, and told as a fact under
        another id only when the server refuses it. Its receipt has a number with the answer."""
        needs_answer = sale["input"]["couponCodes"] or sale["input"].get("exchange")
        needs_answer = needs_answer or any(each["kind"] not in MONEY for each in tenders)
        if needs_answer or not self.selling or self.why_not(int(quote["totalMinor"])):
            return None
        fact = await self._fact(sale["input"], quote, "")
        try:
            sale = await self._outbox.leave(sale, fact)
        except NotKept:
            return None
        await self._sold(int(quote["totalMinor"]))
        return Sent(sale, {**self._receipt("", quote, tenders), "id": sale["id"]})

    async def _fact(
        self, input_: dict[str, Any], quote: dict[str, Any], receipt: str
    ) -> dict[str, Any]:
        """The input that tells a sale as one made alone, now."""
        spell = self._alone.spell
        if spell is None:
            await self.went()
            spell = self._alone.spell or {}
        nets = {line["line"]: line["netMinor"] for line in quote["lines"]}
        return {
            **input_,
            "couponCodes": [],
            "lines": [{**line, "statedMinor": nets[line["line"]]} for line in input_["lines"]],
            "totalMinor": quote["totalMinor"],
            "offline": {
                "spellId": spell["id"],
                "receipt": receipt,
                "claimedAt": _iso(time.time()),
                "contactAt": spell["contact_at"],
                "aheadSeconds": spell["ahead_seconds"],
                "ruleVersion": self._snapshot.head["rule"]["version"],
                "terms": _terms(quote),
            },
        }

    async def number(self) -> str:
        """The next receipt number of this device without network. Raises `NotKept`."""
        number = int(await self._storage.read("offline_number") or 0) + 1
        await self._storage.write("offline_number", number)
        store, device = self._desk.store or {}, self._desk.device or {}
        return f"{store.get('code', 'S')}-{device.get('deviceCode', 'X')}L-{number:06d}"

    async def sell(
        self,
        told: dict[str, Any],
        quote: dict[str, Any],
        tenders: list[dict[str, Any]],
        basket: dict[str, Any],
        staff: str,
    ) -> Sent:
        """The sale is made when it is saved; the outbox tells it when somebody listens. Raises
        `NotKept`. The answer is the receipt until then."""
        number = await self.number()
        input_ = await self._fact({**told, "tenders": tenders}, quote, number)
        receipt = self._receipt(number, quote, tenders)
        sale = new_sale(new_id(), input_, basket, staff)
        await self._outbox.save(sale)
        await self._sold(int(quote["totalMinor"]))
        self._outbox.release(sale["id"])
        return Sent(sale, {**receipt, "id": sale["id"]})

    async def _sold(self, total_minor: int) -> None:
        """A sale was made: it counts towards what may be sold, and is not in stock any more."""
        spell = self._alone.spell or {}
        self._alone.spell = {
            **spell,
            "sales": spell["sales"] + 1,
            "total_minor": spell["total_minor"] + total_minor,
        }
        await self._storage.keep("spell", self._alone.spell)
        for line in self._basket.lines:
            left = self._snapshot.stock.get(line.sku_id, 0) - line.quantity
            self._snapshot.stock[line.sku_id] = left

    # Helpers.

    async def _contact(self) -> bool:
        """Whether this till is up to date now, and has told what it had to."""
        try:
            await self._snapshot.sync(self._store_id, self._desk.currency)
            self._show()
            rule = self._snapshot.head["rule"]["body"]
            await self._storage.limit_alone(rule["pinTries"], rule["pinDays"])
            if self._alone.spell is not None:  # the page was loaded anew meanwhile
                await self.came_back()
            while self._reports:
                await self._tell(self._reports[0])
                self._reports = self._reports[1:]
                await self._storage.keep("spells_untold", self._reports or None)
        except (Unreachable, SignedOut, NotKept):
            log.info("what this till keeps was not brought up to date")
        except Refused as refused:
            log.warning("what this till keeps was refused: %s", refused.code)
        else:
            return True
        return False

    async def _tell(self, spell: dict[str, Any]) -> None:
        input_ = {
            "spellId": spell["id"], "storeId": spell["store_id"],
            "contactAt": spell["contact_at"], "aheadSeconds": spell["ahead_seconds"],
            "aheadNowSeconds": self._snapshot.head["ahead_seconds"], "sales": spell["sales"],
            "totalMinor": str(spell["total_minor"]),
        }  # fmt: skip
        try:
            await self._client.tell(queries.REPORT_OFFLINE, input_)
        except Refused as refused:
            log.warning("a time without network was refused: %s", refused.code)

    def _show(self) -> None:
        self._alone.ready = self._snapshot.ready
        self._alone.contact_at = self._snapshot.head.get("contact_at", "")
        self._alone.styles = len(self._snapshot.styles)

    def _piece(self, line: Line) -> Piece:
        """A piece that came into the catalogue since is sold at the price it was scanned with."""
        style = self._snapshot.style(line.sku_id) or {"id": "", "category": ""}
        price = self._snapshot.price(line.sku_id)
        unit = line.price_minor if price is None else price
        return Piece(line.sku_id, style["id"], style["category"], line.quantity, unit)

    def _tier(self, member: dict[str, Any] | None) -> str | None:
        """As it was known here last."""
        if member is None:
            return None
        kept = self._snapshot.members.get(member["id"]) or {}
        tier: str | None = (member.get("account") or {}).get("tier") or member.get("tier")
        return tier or kept.get("tier")

    def _line(self, line: Line, piece: Piece, off: int, found: Reckoned, at: int) -> dict[str, Any]:
        style = self._snapshot.style(line.sku_id) or {"taxBasisPoints": 0, "skus": {}}
        listed = piece.unit_minor * piece.quantity
        sku = style["skus"].get(line.sku_id) or [""]
        return {
            "line": line.number, "skuId": line.sku_id, "name": line.name, "colour": line.colour,
            "size": line.size, "skuCode": sku[0], "quantity": line.quantity,
            "unitListMinor": str(piece.unit_minor), "listMinor": str(listed),
            "discountMinor": str(off), "netMinor": str(listed - off),
            "taxMinor": str(tax_inside(listed - off, style["taxBasisPoints"])),
            "reasons": [_reason(terms, by[at]) for terms, by in found.applied if by.get(at)],
        }  # fmt: skip

    def _receipt(
        self, number: str, quote: dict[str, Any], tenders: list[dict[str, Any]]
    ) -> dict[str, Any]:
        change = sum(
            int(tender["givenMinor"]) - int(tender["amountMinor"])
            for tender in tenders if tender.get("givenMinor")
        )  # fmt: skip
        now = self._snapshot.now()
        empty = {"givenMinor": None, "points": None, "reference": None, "returnId": None}
        member = self._basket.member
        return {
            **quote, "status": "OFFLINE", "receiptNumber": number, "placedAt": now.isoformat(),
            "businessDate": now.date().isoformat(), "memberId": member["id"] if member else None,
            "tenders": [{**empty, **tender} for tender in tenders], "changeMinor": str(change),
            "balances": None,
        }  # fmt: skip

    @property
    def _store_id(self) -> str:
        return str((self._desk.device or {}).get("storeId", ""))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _applied(terms: dict[str, Any], minor: int) -> dict[str, Any]:
    return {
        "promotionId": terms["id"], "version": terms["version"], "nameZh": terms["name_zh"],
        "nameEn": terms["name_en"], "discountMinor": str(minor), "couponCode": None,
    }  # fmt: skip


def _reason(terms: dict[str, Any], minor: int) -> dict[str, Any]:
    zh, en = CATALOGUE["alone_applied"]
    return {
        "promotionId": terms["id"], "nameZh": terms["name_zh"], "nameEn": terms["name_en"],
        "code": "APPLIED", "amountMinor": str(minor), "textZh": zh, "textEn": en,
    }  # fmt: skip


def _terms(quote: dict[str, Any]) -> dict[str, Any]:
    terms: dict[str, Any] = {
        "units": [
            {"line": line["line"], "unitMinor": line["unitListMinor"]} for line in quote["lines"]
        ],
        "promotions": [
            {name: each[name] for name in ("promotionId", "version", "discountMinor")}
            for each in quote["promotions"]
        ],
    }
    return terms | ({"tier": quote["tier"]} if quote["tier"] else {})
