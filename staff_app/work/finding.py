"""Finding pieces and members, and registering a person who is not there yet."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from staff_app import queries
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.codes import what_is
from staff_app.ids import new_id
from staff_app.notice import BUILT_IN
from staff_app.state import Desk, People, Search
from staff_app.words import CATALOGUE
from staff_app.work.profile_form import NewCardForm
from staff_app.work.snapshot import Snapshot

PAGE = 30
PAUSE_SECONDS = 0.12
"""Words are looked up when the fingers rest for so long."""
ENDS_AT = (4, 11)
"""The end of a phone and a whole one are looked up without waiting for another digit."""


@dataclass(frozen=True)
class Found:
    """What a scanned code is: one of the four, several pieces to choose from, or nothing."""

    sku: dict[str, Any] | None = None
    member: dict[str, Any] | None = None
    coupon: dict[str, Any] | None = None
    order: dict[str, Any] | None = None
    choices: tuple[dict[str, Any], ...] = ()


class FindingWork:
    def __init__(self, client: Client, desk: Desk, search: Search, people: People) -> None:
        self._client = client
        self._desk = desk
        self._search = search
        self._people = people
        self._question = 0
        self.kept: Callable[[], Snapshot | None] = lambda: None
        """What the device knows by itself, while there is no network."""

    async def scanned(self, text: str) -> Found:
        """What this code is; raises `Refused`, `Unreachable`, `SignedOut`."""
        try:
            return self._scanned_alone(text) or await self._scanned(text)
        except Unreachable:
            found = self._scanned_alone(text)
            if found is None:
                raise
            return found

    def _scanned_alone(self, text: str) -> Found | None:
        """By what the device knows; None while there is a network."""
        kept = self.kept()
        if kept is None:
            return None
        kind = what_is(text)
        if kind in ("card", "number"):
            people = kept.people(text)
            return Found(member=people[0] if len(people) == 1 else None)
        sku = kept.by_code(text)
        if sku is None and kind == "code":
            zh, en = CATALOGUE["alone_coupons"]
            raise Refused("ALONE_COUPON", zh, en, {}, None)
        return Found(sku=sku)

    async def _scanned(self, text: str) -> Found:
        kind = what_is(text)
        if kind == "piece":
            return await self._piece(text)
        if kind in ("card", "number"):
            return Found(member=await self._only_member(text))
        order = await self._order(text) if kind == "receipt" else None
        if order:
            return Found(order=order)
        coupons = (await self._client.ask(queries.COUPONS, codes=[text]))["coupons"]
        if coupons:
            return Found(coupon=coupons[0])
        return await self._piece(text)

    def offer(self, text: str, pieces: tuple[dict[str, Any], ...]) -> None:
        """Show these pieces to choose from."""
        self._question += 1
        self._search.text, self._search.results = text, list(pieces)
        self._search.searching = self._search.more = False

    async def codes_in(self, picture: bytes) -> list[str]:
        """The codes a photograph shows, read at the gateway; raises `Refused`, `Unreachable`,
        `SignedOut`."""
        answer = json.loads(await self._client.carry("/codes", picture))
        return [code["text"] for code in answer["codes"]]

    async def typed(self, text: str) -> None:
        """Search pieces by words while they are typed; codes wait for Enter."""
        self._search.text = text
        self._question += 1
        question = self._question
        if what_is(text) != "words" or len(text.strip()) < 1:
            self._search.results, self._search.searching = None, False
            return
        self._search.searching = True
        await asyncio.sleep(PAUSE_SECONDS)
        if question == self._question:
            await self._look_up(text, question)

    async def looked_up(self, text: str) -> None:
        """Search pieces now."""
        self._search.text = text
        self._question += 1
        self._search.searching = True
        await self._look_up(text, self._question)

    def heard(self, levels: list[dict[str, Any]]) -> None:
        """Pieces of this store are more or fewer than they were."""
        told = {level["skuId"]: level["available"] for level in levels}
        found = self._search.results
        if found and any(sku["id"] in told for sku in found):
            self._search.results = [
                {**sku, "available": told.get(sku["id"], sku["available"])} for sku in found
            ]

    def close_search(self) -> None:
        self._question += 1
        self._search.text, self._search.results = "", None
        self._search.searching = self._search.more = False

    async def find_members(self, query: str) -> None:
        """Fill `People`; fewer than four digits are not looked up yet."""
        text = query.strip()
        self._people.refusal = None
        self._people.query = query
        self._question += 1
        question = self._question
        if not text or (text.isdigit() and len(text) < 4):
            self._people.results, self._people.searching = None, False
            return
        self._people.searching = True
        if not (text.isdigit() and len(text) in ENDS_AT):
            await asyncio.sleep(PAUSE_SECONDS)
        if question != self._question:
            return
        try:
            found = await self.people(text)
            if not found:
                await self._learn_new_card()
        except Refused as refused:
            found = None
            self._people.refusal = {"zh": refused.zh, "en": refused.en}
        except (Unreachable, SignedOut):
            found = None
        if question == self._question:
            self._people.results, self._people.searching = found, False

    def forget_people(self) -> None:
        """An empty screen for the next person."""
        self._question += 1
        self._people.query, self._people.form, self._people.results = "", "", None
        self._people.searching, self._people.refusal = False, None

    async def register(self, member_id: str, phone: str, form: NewCardForm) -> dict[str, Any]:
        """A new member, or the one who has this phone already; raises `Refused`, `Unreachable`."""
        device, staff = self._desk.device or {}, self._desk.staff or {}
        input_ = {
            "memberId": member_id,
            "phone": phone.strip(),
            "name": form.name.strip(),
            "sourceChannel": form.source,
            "homeStoreId": device["storeId"],
            "associateId": staff.get("id"),
            "fields": form.filled,
            "consents": [
                self._consent("MEMBERSHIP", granted=True),
                self._consent("MARKETING", granted=form.marketing),
                *([self._consent("LOCATION", granted=True)] if form.location else []),
            ],
        }
        try:
            payload = await self._client.tell(queries.REGISTER_MEMBER, input_)
        except Refused as refused:
            taken_by = refused.parameters.get("member_id")
            if refused.code != "PHONE_TAKEN" or not taken_by:
                raise
            return await self.member(taken_by)
        registered: dict[str, Any] = payload["member"]
        return registered

    async def member(self, member_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self._client.ask(queries.MEMBER, id=member_id))["member"]
        return found

    def new_member_id(self) -> str:
        return new_id()

    async def where_else(self, sku_id: str) -> tuple[tuple[str, int], ...]:
        """Other stores that have a piece, most first; nothing where nobody answers."""
        try:
            levels = (await self._client.ask(queries.WHERE_ELSE, skuId=sku_id))["whereElse"]
        except (Refused, Unreachable, SignedOut):
            return ()
        own = (self._desk.device or {})["storeId"]
        return tuple(
            (level["store"]["name"], level["available"])
            for level in levels
            if level["available"] > 0 and level["store"] and level["storeId"] != own
        )[:5]

    async def people(self, text: str) -> list[dict[str, Any]]:
        """The members a text may mean; raises `Refused`, `Unreachable`, `SignedOut`."""
        try:
            return self._people_alone(text) or await self._asked_for(text)
        except Unreachable:
            return self._people_alone(text)

    def _people_alone(self, text: str) -> list[dict[str, Any]]:
        kept = self.kept()
        return [] if kept is None else kept.people(text)

    async def _asked_for(self, text: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._client.ask(queries.MEMBERS, query=text))[
            "members"
        ]
        return found

    async def _order(self, receipt: str) -> dict[str, Any] | None:
        answer = await self._client.ask(queries.ORDERS, receiptNumber=receipt.upper(), first=1)
        edges = answer["orders"]["edges"]
        return edges[0]["node"] if edges else None

    async def _piece(self, text: str) -> Found:
        found = await self._skus(text)
        exact = [
            edge["node"]
            for edge in found["edges"]
            if text.strip().upper() in (edge["node"]["ean"], edge["node"]["code"].upper())
        ]
        if len(exact) > 1:
            return Found(choices=tuple(exact))
        return Found(sku=exact[0] if exact else None)

    async def _only_member(self, text: str) -> dict[str, Any] | None:
        found = await self.people(text.strip())
        return found[0] if len(found) == 1 else None

    async def _look_up(self, text: str, question: int) -> None:
        results: list[dict[str, Any]] | None = None
        more = False
        try:
            found = await self._skus(text)
            results = [edge["node"] for edge in found["edges"]]
            more = found["pageInfo"]["hasNextPage"]
        except Refused:
            results = []
        except (Unreachable, SignedOut):
            kept = self.kept()  # else the banner says so; the field keeps its text
            if kept is not None:
                results, more = kept.by_words(text)
        if question == self._question:
            self._search.results, self._search.more = results, more
            self._search.searching = False

    async def _skus(self, text: str) -> dict[str, Any]:
        store_id = (self._desk.device or {})["storeId"]
        answer = await self._client.ask(
            queries.SKUS, query=text.strip(), storeId=store_id, first=PAGE
        )
        found: dict[str, Any] = answer["skus"]
        return found

    async def _learn_new_card(self) -> None:
        """What a new member will be shown and agrees to, and what HQ asks of them."""
        found = await self._client.ask(queries.NEW_CARD)
        self._people.fields = (found["memberForm"] or {}).get("document") or {}
        self._people.notices = {each["purpose"]: each for each in found["noticesInForce"]}

    def _consent(self, purpose: str, granted: bool) -> dict[str, Any]:
        return {
            "purpose": purpose,
            "channel": "ANY",
            "noticeVersion": self._people.notices.get(purpose, BUILT_IN)["version"],
            "granted": granted,
        }
