"""The trade that `chaos` disturbs: tills that sell, pay in every way, void, take goods back, and
never give up.

Every sale has an id before it is sent and is sent with it until there is an answer. Some are sent
twice at once, and some again after their answer: each must get the same one.
"""

import asyncio
import itertools
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from infra.api import Refused
from infra.failure import Failure
from infra.selling import RECEIPT, Sale, in_cash, lines_of, place, quote
from infra.trial import Plan, Till, Trial, at_once, id_of
from shared.ids import new_id

GIVE_UP_SECONDS = 150
"""After the last fault: longer than a pending order lives."""
TOP_UP_MINOR = 500_000
POINTS = 50_000
COUPONS = 400
SCARCE, PLENTY = 5, 100_000
ITEM_POINTS = 100
REDEEMING_ABOVE, MERGING_ABOVE = 0.88, 0.97
ALONE_SHARE = 0.1
"""Of the sales, so many were made without network: facts, whatever stock says."""


def plan() -> Plan:
    """Every fifth piece is soon sold out."""
    return Plan(
        "chaos", phones=19_300_000_000, stores=4, tills=3, pieces=40, members=60,
        stock=lambda number: PLENTY if number % 5 else SCARCE,
    )  # fmt: skip


@dataclass
class Attempt:
    """A sale as its client saw it. `order` is the answer, `refusal` a code; with neither, nobody
    has answered. `voided` is None where it is not known whether it was."""

    sale: Sale
    order: dict[str, Any] | None = None
    refusal: str | None = None
    voided: bool | None = False
    contradicted: bool = False
    """Two answers to the same id were not the same."""


@dataclass
class Paper:
    """A document of a till (a return, a redemption) as its client saw it; as with an `Attempt`."""

    id: str
    input: dict[str, Any]
    receipt: dict[str, Any] | None = None
    refusal: str | None = None
    contradicted: bool = False


Send = Callable[[Paper, Till], Awaitable[dict[str, Any]]]


@dataclass
class Traffic:
    """All sales of a run. `until` is when tills stop beginning new ones (monotonic)."""

    chain: Trial
    numbers: random.Random
    until: float
    coupons: list[str] = field(default_factory=list)
    shared: str | None = None
    """A coupon that a till has just taken, for another to try at the same time: one can have it."""
    attempts: list[Attempt] = field(default_factory=list)
    returns: list[Paper] = field(default_factory=list)
    redemptions: list[Paper] = field(default_factory=list)
    merges: list[Paper] = field(default_factory=list)

    async def prepare(self) -> None:
        """Give the members points and money to spend, and issue coupons."""
        await at_once(self._endow, self.chain.members)
        name = self.chain.plan.name
        promotion_id = id_of(name, "coupon promotion")
        found = await self.chain.hq.ask(
            "query ($id: ID) { promotions(id: $id) { version } }", id=promotion_id
        )
        if not found["promotions"]:
            promotion = {
                "id": promotion_id,
                "code": f"{name}-coupon",
                "nameZh": f"{name} 立减",
                "nameEn": f"{name} money off",
                "rule": {"type": "amount_off", "threshold_minor": 1_000, "off_minor": 500},
                "eligibility": {"storeIds": self.chain.stores},
                "needsCoupon": True,
            }
            await self.chain.hq.change(
                "publishPromotion", "promotion { version }", version=0, promotion=promotion
            )
        run = secrets.token_hex(4).upper()
        self.coupons = [f"CHAOS-{run}-{number:04}" for number in range(COUPONS)]
        items = [{"code": code, "promotionId": promotion_id} for code in self.coupons]
        await self.chain.hq.change("issueCoupons", "coupons { code }", items=items)
        await self._fill_mall()

    async def run(self, in_flight: int) -> None:
        """Sell with so many tills at once until it is time, then finish what was begun."""
        tills = itertools.cycle(self.chain.tills)
        await asyncio.gather(*(self._sell(tills) for _ in range(in_flight)))

    async def _endow(self, member: str) -> None:
        store, hq = self.chain.stores[0], self.chain.hq
        await hq.change(
            "adjustPoints", "account { points }",
            id=str(uuid4()), storeId=store, memberId=member, points=POINTS, reason="trial",
        )  # fmt: skip
        await self.chain.tills[0].api.change(
            "topUp", "account { points }", id=str(uuid4()), storeId=store, memberId=member,
            currency="CNY", paidMinor=str(TOP_UP_MINOR), tender="CASH",
        )  # fmt: skip

    async def _fill_mall(self) -> None:
        """An item of which every store has a few."""
        name, hq = self.chain.plan.name, self.chain.hq
        body = {
            "code": name,
            "kind": "GOODS",
            "nameZh": name,
            "nameEn": name,
            "points": ITEM_POINTS,
        }
        item = id_of(name, "mall item")
        await hq.change(
            "publishMallItem", "mallItem { version }", itemId=item, version=0, body=body
        )
        for store in self.chain.stores:
            await hq.change(
                "moveMallStock", "mallStock { left }",
                id=str(uuid4()), storeId=store, itemId=item, quantity=SCARCE, reason="trial",
            )  # fmt: skip

    async def _sell(self, tills: Any) -> None:
        while time.monotonic() < self.until:
            sale = self._basket(next(tills))
            attempt = Attempt(sale)
            try:
                await self._price(sale)
            except (Refused, Failure):
                continue  # nothing was sent under this id
            self.attempts.append(attempt)
            await self._place(attempt)
            happens = self.numbers.random()
            if attempt.order and happens < 0.06:
                await self._void(attempt)
            elif attempt.order and happens < 0.2:
                await self._bring_back(attempt, tills)
            elif happens > MERGING_ABOVE:
                await self._merge()
            elif sale.member_id and happens > REDEEMING_ABOVE:
                await self._redeem(sale.member_id, tills)

    def _basket(self, till: Any) -> Sale:
        picked = self.numbers.sample(self.chain.pieces, self.numbers.randint(1, 4))
        lines = lines_of([(piece, self.numbers.choice((1, 1, 2))) for piece in picked])
        member = self.numbers.choice(self.chain.members) if self.numbers.random() < 0.8 else None
        sale = Sale(str(new_id()), till, lines, member)
        if self.shared is not None and self.numbers.random() < 0.5:
            sale.coupons, self.shared = [self.shared], None
        elif self.coupons and self.numbers.random() < 0.15:
            self.shared = self.coupons.pop()
            sale.coupons = [self.shared]
        return sale

    async def _price(self, sale: Sale) -> None:
        api, store = sale.till.api, sale.till.store_id
        priced = await quote(api, store, sale.lines, sale.member_id, sale.coupons)
        sale.total_minor = int(priced["totalMinor"])
        if not sale.coupons and self.numbers.random() < ALONE_SHARE:
            sale.made_alone(priced)
            sale.tenders = in_cash(sale.total_minor)
            return
        rest, way = sale.total_minor, self.numbers.random()
        offer = priced.get("offer")
        if offer and way < 0.15:
            points = min(int(offer["pointsUsable"]), 500)
            worth = points * int(offer["minorPerHundredPoints"]) // 100
            if 0 < worth < rest:
                sale.tenders.append({"kind": "POINTS", "amountMinor": str(worth), "points": points})
                rest -= worth
        if offer and 0.1 < way < 0.3:
            money = min(int(offer["walletUsableMinor"]), rest)
            if money:
                sale.tenders.append({"kind": "WALLET", "amountMinor": str(money)})
                rest -= money
        sale.tenders += in_cash(rest)

    async def _place(self, attempt: Attempt) -> None:
        times = 2 if self.numbers.random() < 0.1 else 1
        answers = await asyncio.gather(*(self._answer(attempt.sale) for _ in range(times)))
        if self.numbers.random() < 0.05:
            answers.append(await self._answer(attempt.sale))
        known = [answer for answer in answers if answer is not None]
        attempt.contradicted = any(answer != known[0] for answer in known)
        for answer in known:
            if isinstance(answer, str):
                attempt.refusal = answer
            else:
                attempt.order = answer

    async def _answer(self, sale: Sale) -> dict[str, Any] | str | None:
        """The order, the code of a refusal, or None when nobody answered for too long."""
        answer = await self._until_answered(lambda: place(sale))
        if not isinstance(answer, dict):
            return answer
        return {name: answer[name] for name in ("id", "receiptNumber", "totalMinor")}

    async def _until_answered(
        self, send: Callable[[], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any] | str | None:
        """What was answered, the code of a refusal, or None when nobody did for too long."""
        while True:
            try:
                return await send()
            except Refused as error:
                return error.code
            except Failure:
                if time.monotonic() > self.until + GIVE_UP_SECONDS:
                    return None

    async def _void(self, attempt: Attempt) -> None:
        attempt.voided = None
        while time.monotonic() < self.until + GIVE_UP_SECONDS:
            try:
                await attempt.sale.till.api.change(
                    "cancelOrder", RECEIPT, orderId=attempt.sale.order_id, reason="trial"
                )
            except Failure:
                continue
            except Refused:
                attempt.voided = False
            else:
                attempt.voided = True
            return

    async def _bring_back(self, attempt: Attempt, tills: Any) -> None:
        """Some line comes back to some store, at times to two tills at once: one can take it."""
        line = self.numbers.choice(attempt.sale.lines)
        quantity = self.numbers.randint(1, int(line["quantity"]))
        condition = self.numbers.choice(("SELLABLE", "SELLABLE", "DAMAGED"))
        wanted = [{"line": line["line"], "quantity": quantity, "condition": condition}]
        takers = [next(tills) for _ in range(2 if self.numbers.random() < 0.3 else 1)]
        try:
            quoted = await takers[0].api.ask(
                _RETURN_QUOTE, orderId=attempt.sale.order_id, storeId=takers[0].store_id,
                lines=wanted,
            )  # fmt: skip
        except (Refused, Failure):
            return
        told = {
            "orderId": attempt.sale.order_id,
            "lines": wanted,
            "refundMinor": quoted["returnQuote"]["refundMinor"],
            "reason": "trial",
        }
        await self._hand_in(_for_each(takers, told), self.returns, _give_back)

    async def _redeem(self, member: str, tills: Any) -> None:
        """The same member at two tills, for one of the last pieces."""
        item = id_of(self.chain.plan.name, "mall item")
        told = {"memberId": member, "itemId": item, "points": ITEM_POINTS}
        takers = [next(tills), next(tills)]
        await self._hand_in(_for_each(takers, told), self.redemptions, _redeem)

    async def _merge(self) -> None:
        """Two members turn out to be one, and at times not to be; meanwhile they go on buying."""
        one, other = self.numbers.sample(self.chain.members, 2)
        office = Till("", self.chain.hq)
        told = {"memberId": one, "otherId": other, "reason": "trial"}
        [merge] = await self._hand_in([(office, told)], self.merges, _merge)
        if merge.receipt and self.numbers.random() < 0.7:
            undo = {"mergeId": merge.id, "reason": "trial"}
            await self._until_answered(
                lambda: self.chain.hq.change("undoMerge", "merge { id }", **undo)
            )

    async def _hand_in(
        self, wanted: list[tuple[Till, dict[str, Any]]], papers: list[Paper], send: Send
    ) -> list[Paper]:
        """To some tills at once, each under an id of its own, some of them twice."""

        async def hand_in(taker: Till, told: dict[str, Any]) -> Paper:
            paper = Paper(str(new_id()), told)
            papers.append(paper)
            times = 2 if self.numbers.random() < 0.2 else 1
            answers = await asyncio.gather(
                *(self._until_answered(lambda: send(paper, taker)) for _ in range(times))
            )
            known = [answer for answer in answers if answer is not None]
            paper.contradicted = any(answer != known[0] for answer in known)
            for answer in known:
                if isinstance(answer, str):
                    paper.refusal = answer
                else:
                    paper.receipt = answer
            return paper

        return await asyncio.gather(*(hand_in(taker, told) for taker, told in wanted))


def _for_each(takers: list[Till], told: dict[str, Any]) -> list[tuple[Till, dict[str, Any]]]:
    return [(taker, told | {"storeId": taker.store_id}) for taker in takers]


async def _give_back(paper: Paper, taker: Till) -> dict[str, Any]:
    answer = await taker.api.change(
        "returnGoods", "returnReceipt { receiptNumber refundMinor }", returnId=paper.id,
        **paper.input,
    )  # fmt: skip
    receipt: dict[str, Any] = answer["returnReceipt"]
    return receipt


async def _merge(paper: Paper, office: Till) -> dict[str, Any]:
    answer = await office.api.change(
        "mergeMembers", "merge { survivorId mergedId }", id=paper.id, **paper.input
    )
    merge: dict[str, Any] = answer["merge"]
    return merge


async def _redeem(paper: Paper, taker: Till) -> dict[str, Any]:
    answer = await taker.api.change(
        "redeemPoints", "redeemed { redemption { memberId points } }", id=paper.id, **paper.input
    )
    redemption: dict[str, Any] = answer["redeemed"]["redemption"]
    return redemption


_RETURN_QUOTE = """query ($orderId: ID!, $storeId: ID!, $lines: [ReturnLineInput!]!) {
    returnQuote(orderId: $orderId, storeId: $storeId, lines: $lines) { refundMinor }
}"""
