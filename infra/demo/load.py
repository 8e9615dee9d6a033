"""Fills a running stack through the gateway, as an administrator and as each store's own till.

Every id comes from the generator, so that whatever was sent before may be sent again. What one
service learns from another comes by event: a command that is too early is sent again until then.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from infra.api import Api, Refused
from infra.demo import catalogue, chain, custom_fields, mall, offers, people, tasks, trade
from infra.demo.notes import Notes
from infra.failure import Failure

IN_FLIGHT = 16
STYLES_AT_ONCE = 15
NEWEST_MEMBERS = 3
REDEEMERS = 5
LATE = frozenset({"UNKNOWN_STORE", "UNKNOWN_SKU", "UNKNOWN_STYLE", "UNKNOWN_MEMBER", "NO_PRICE",
                  "UNKNOWN_ASSOCIATE"})  # fmt: skip
PATIENCE_SECONDS = 30

Job = Callable[[], Awaitable[Any]]
Tell = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All there is to send, in the order of the stages."""

    places: list[chain.Place]
    staff: list[chain.Person]
    styles: list[dict[str, Any]]
    members: list[people.Customer]
    sales: list[trade.Sale]
    returns: list[trade.Sale]
    stock: list[dict[str, Any]]
    since: str

    @classmethod
    def of(cls, notes: Notes) -> "Plan":
        places, styles = chain.places(), catalogue.styles()
        members, pieces = people.customers(places), catalogue.pieces(styles)
        sales = trade.sales(places, pieces, members, notes.anchor)
        return cls(
            places=places,
            staff=chain.staff(notes.secret),
            styles=styles,
            members=members,
            sales=sales,
            returns=trade.returns(sales, notes.anchor),
            stock=trade.opening_stock(places, pieces, sales),
            since=(notes.anchor - timedelta(days=trade.DAYS + 30)).isoformat(),
        )


async def fill(url: str, password: str, notes: Notes, tell: Tell) -> None:
    """Send everything; remember in the notes how to sign in."""
    plan = Plan.of(notes)
    async with AsyncExitStack() as closing:
        loader = _Loader(url, plan, notes, tell, closing)
        try:
            await loader.run(password)
        except Refused as refused:
            raise Failure(f"the demo was refused while {loader.stage}: {refused}") from refused


class _Loader:
    def __init__(
        self, url: str, plan: Plan, notes: Notes, tell: Tell, closing: AsyncExitStack
    ) -> None:
        self.url = url
        self.plan = plan
        self.notes = notes
        self.tell = tell
        self.closing = closing
        self.stage = ""
        self.seconds: dict[str, float] = {}
        self.tills: dict[str, Api] = {}

    async def run(self, password: str) -> None:
        self.admin = await self.closing.enter_async_context(Api(self.url))
        await self.admin.sign_in("signInWithPassword", staffNumber="admin", password=password)
        await self.organisation()
        await self.staff()
        await self.tills_of_stores()
        await self.catalogue()
        await self.offers()
        await self.members()
        await self.stock()
        await self.wallets()
        await self.sales()
        await self.booked()
        await self.returns()
        await self.mall()
        await self.tasks()
        self.notes.keep(done=True, seconds=self.seconds, coupon=offers.WELCOME)

    async def organisation(self) -> None:
        await self._each("opening stores", [
            self._sent("createBrand", "created { id }", chain.brand()),
            *(self._sent("createRegion", "created { id }", made) for made in chain.regions()),
            *(
                self._sent("createFranchisee", "created { id }", made)
                for made in chain.franchisees()
            ),
            *(
                self._sent("saveStore", "created { id }", place.input)
                for place in self.plan.places
            ),
        ], at_once=1)  # fmt: skip

    async def staff(self) -> None:
        jobs = [
            self._sent("saveStaff", "created { id }", person.input()) for person in self.plan.staff
        ]
        await self._each("hiring staff", jobs)
        self.notes.keep(staff=[
            {"number": person.number, "name": person.name, "job": person.job,
             "role": person.role, "store": person.store, "pin": person.pin,
             "password": person.password}
            for person in self.plan.staff
        ])  # fmt: skip

    async def tills_of_stores(self) -> None:
        """A device to activate and an API client for each store; codes and secrets are new."""
        made: list[dict[str, str]] = []

        async def equip(place: chain.Place) -> None:
            device = await self.admin.change(
                "createDevice", "deviceCreated { activationCode }", **place.device
            )
            client = await self.admin.change(
                "createClient", "clientCreated { clientSecret }", id=place.client_id,
                name=f"{place.name} POS", scopeKind="STORE", scopeId=place.id,
            )  # fmt: skip
            secret = client["clientCreated"]["clientSecret"]
            made.append({
                "code": place.code, "name": place.name, "id": place.id,
                "device_id": place.device["id"],
                "activation_code": device["deviceCreated"]["activationCode"],
                "client_id": place.client_id, "client_secret": secret,
            })  # fmt: skip
            till = await self.closing.enter_async_context(Api(self.url))
            await till.sign_in("signInClient", clientId=place.client_id, clientSecret=secret)
            self.tills[place.code] = till

        await self._each(
            "setting up tills", [lambda place=place: equip(place) for place in self.plan.places]
        )
        self.notes.keep(stores=sorted(made, key=lambda store: store["code"]))

    async def catalogue(self) -> None:
        await self._each("designing styles", [
            self._sent("saveStyles", "stylesSaved { ids }", {"items": some})
            for some in _parts(self.plan.styles, STYLES_AT_ONCE)
        ], at_once=2)  # fmt: skip
        prices = catalogue.prices(self.plan.styles, self.plan.since)
        await self._each(
            "printing price tags",
            [self._sent("setPrice", "priceSet { id }", price) for price in prices],
        )

    async def offers(self) -> None:
        await self._each("planning offers", [
            *(
                self._sent("publishRule", "ruleVersion { version }", rule)
                for rule in offers.rules(self.plan.since)
            ),
            *(
                self._sent("publishPromotion", "promotion { version }", promotion)
                for promotion in offers.promotions()
            ),
            *(
                self._sent("publishNotice", "notice { version }", notice)
                for notice in people.notices(self.plan.since)
            ),
            *(
                self._sent("publishTagRule", "tagRule { version }", rule)
                for rule in offers.tag_rules()
            ),
            self._sent("publishBirthdayRule", "birthdayRuleVersion { version }",
                       offers.birthday_rule()),
            self._sent("publishReturnRule", "returnRuleVersion { version }",
                       offers.return_rule(self.plan.since)),
            self._sent("publishClearingAgreement", "clearingAgreement { version }",
                       offers.clearing_agreement()),
            *(
                self._sent("publishField", "field { version }", field)
                for field in custom_fields.fields()
            ),
            *(
                self._sent("publishMallItem", "mallItem { version }", item)
                for item in mall.items()
            ),
        ], at_once=1)  # fmt: skip

    async def members(self) -> None:
        notices = await self.admin.ask("{ noticesInForce { purpose version } }")
        in_force = {each["purpose"]: each["version"] for each in notices["noticesInForce"]}
        await self._each("registering members", [
            self._sent("registerMember", "member { id }", people.agreeing(member, in_force),
                       self.tills[member.store])
            for member in self.plan.members
        ])  # fmt: skip
        await self._each("tagging members", [
            self._sent("tagMember", "member { id }",
                       {"memberId": member.id, "add": list(member.tags)})
            for member in self.plan.members if member.tags
        ])  # fmt: skip
        coupons = offers.coupons([member.id for member in self.plan.members])
        await self._each(
            "issuing coupons", [self._sent("issueCoupons", "coupons { code }", {"items": coupons})]
        )
        self.notes.keep(members=[
            {"id": member.id, "name": member.input["name"], "phone": member.input["phone"],
             "store": member.store}
            for member in self.plan.members[:50]
        ])  # fmt: skip

    async def stock(self) -> None:
        stores = {place.id: place.code for place in self.plan.places}
        await self._each("filling shelves", [
            self._sent("moveStock", "levels { version }", moved,
                       self.tills[stores[moved["storeId"]]])
            for moved in self.plan.stock
        ], at_once=4)  # fmt: skip

    async def wallets(self) -> None:
        stores = {place.code: place.id for place in self.plan.places}
        await self._each("topping up wallets", [
            self._sent("topUp", "account { points }", top_up, self.tills[store])
            for store, top_up in people.top_ups(self.plan.members, stores)
        ])  # fmt: skip

    async def sales(self) -> None:
        """A refused order stays refused, so everybody has to know everything before the first."""
        await self._each("spreading the news", [
            *(lambda place=place: self._known(place) for place in self.plan.places)
        ])  # fmt: skip
        await self._each("trading for ninety days", [
            self._sent("placeOrder", "order { id }", sale.input, self.tills[sale.store])
            for sale in self.plan.sales
        ])  # fmt: skip

    async def booked(self) -> None:
        """The last events have been heard: the first member's purchases are all known."""
        regular = self.plan.members[0].id
        bought = sum(sale.input["memberId"] == regular for sale in self.plan.sales)

        async def wait() -> None:
            query = "query($id: ID!) { member(id: $id) { purchases { count } } }"
            until = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < until:
                member = (await self.admin.ask(query, id=regular))["member"]
                if member["purchases"]["count"] >= bought:
                    return
                await asyncio.sleep(0.25)
            raise Failure("the last sales are still not booked: ./chainstitch logs member")

        await self._each("closing the books", [wait])

    async def returns(self) -> None:
        """A store asks what a return comes to before it pays."""

        async def take_back(back: trade.Sale) -> None:
            asked = {name: back.input[name] for name in ("orderId", "storeId", "lines")}
            till = self.tills[back.store]
            query = (
                "query($orderId: ID!, $storeId: ID!, $lines: [ReturnLineInput!])"
                " { returnQuote(orderId: $orderId, storeId: $storeId, lines: $lines)"
                " { refundMinor refunds { position kind } } }"
            )
            try:
                told = (await till.ask(query, **asked))["returnQuote"]
            except Refused as refused:
                if refused.code != "RETURNED_ALREADY":  # it is back already: a run before this one
                    raise
                return
            await till.change(
                "returnGoods", "returnReceipt { number }", **back.input,
                refundMinor=told["refundMinor"],
                references=[
                    {"position": refund["position"], "reference": f"R{back.input['returnId'][:8]}"}
                    for refund in told["refunds"] if refund["kind"] in ("CARD", "CODE")
                ],
            )  # fmt: skip

        await self._each(
            "taking goods back", [lambda back=back: take_back(back) for back in self.plan.returns]
        )

    async def mall(self) -> None:
        """The best customers of the first store have a bag, in the store of a franchisee."""
        franchised = next(p for p in self.plan.places if p.input["franchiseeId"])
        at_home = [each for each in self.plan.members if each.store == self.plan.places[0].code]
        keen = sorted(at_home, key=lambda each: -each.keenness)[:REDEEMERS]
        await self._each("filling the points mall", [
            self._sent("moveMallStock", "mallStock { left }", moved)
            for _, moved in mall.stock(self.plan.places)
        ])  # fmt: skip
        await self._each("redeeming points", [
            self._sent("redeemPoints", "redeemed { redemption { id } }",
                       mall.redemption(number, franchised.id, member.id),
                       self.tills[franchised.code])
            for number, member in enumerate(keen, 1)
        ])  # fmt: skip

    async def tasks(self) -> None:
        """From now on events raise tasks; ninety days of them at once would help nobody."""
        raised = tasks.by_hand(self.plan.places, self.plan.staff, self.plan.members)
        await self._each("writing down what is to be done", [
            self._sent("publishTaskRule", "taskRuleVersion { version }", tasks.rule()),
            *(self._sent("raiseTask", "task { id }", task) for task in raised),
        ])  # fmt: skip

    async def _known(self, place: chain.Place) -> None:
        """Order and campaign know the store, every style with its price, the newest members."""
        styles = self.plan.styles if place is self.plan.places[0] else self.plan.styles[-1:]
        lines = [
            {"line": number, "skuId": style["skus"][0]["id"], "quantity": 1}
            for number, style in enumerate(styles, 1)
        ]
        query = (
            "query($store: ID!, $member: ID, $lines: [BasketLineInput!]!)"
            " { quote(storeId: $store, memberId: $member, lines: $lines)"
            " { quote { totalMinor } refusal { code messageEn } } }"
        )
        till = self.tills[place.code]
        own = [member.id for member in self.plan.members if member.store == place.code]
        for member in own[-NEWEST_MEMBERS:]:
            await _in_time(
                lambda: till.ask(query, store=place.id, member=member, lines=lines)  # noqa: B023
            )

    def _sent(self, mutation: str, answer: str, values: Any, api: Api | None = None) -> Job:
        by = api or self.admin
        return lambda: _in_time(lambda: by.change(mutation, answer, **values))

    async def _each(self, stage: str, jobs: Iterable[Job], at_once: int = IN_FLIGHT) -> None:
        """Do all jobs of a stage, `at_once` of them at a time, begun in their order."""
        self.stage, began = stage, time.monotonic()
        waiting = list(jobs)
        total, done = len(waiting), 0
        queue = iter(waiting)
        self.tell(stage, 0, total)

        async def work() -> None:
            nonlocal done
            for job in queue:
                await job()
                done += 1
                self.tell(stage, done, total)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(work())
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        self.seconds[stage] = round(time.monotonic() - began, 1)


def _parts(items: list[Any], size: int) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


async def _in_time(ask: Job) -> Any:
    """The answer, once what it rests on is known to everybody."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await ask()
        except Refused as refused:
            if refused.code not in LATE or time.monotonic() > until:
                raise
        await asyncio.sleep(0.25)
