"""The wallet by hand through the gateway: plans, refunds, freezing, second persons; and 50 devices
that spend one member's points and wallet at once."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from infra.api import Api, Refused
from tests.integration.conftest import Rows
from tests.integration.shop import PRICE, Shop, fresh, outcome, until

pytestmark = pytest.mark.anyio


async def change(api: Api, name: str, answer: str, **values: Any) -> Any:
    made = await api.change(name, answer, **values)
    return next(iter(made.values()))


def by_hand(shop: Shop, member: str, **values: Any) -> dict[str, Any]:
    return {"id": fresh(), "storeId": shop.store, "memberId": member} | values


def top_up(shop: Shop, member: str, paid: int, **values: Any) -> dict[str, Any]:
    paid_in = {"currency": "CNY", "paidMinor": str(paid), "tender": "CARD"}
    return by_hand(shop, member, **paid_in, **values)


async def test_a_plan_is_offered_used_and_refunded(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        member = await shop.member(clerk)
        steps = [{"paid_minor": 10_000, "bonus_minor": 700}]
        body = {"type": "top_up", "plans": [
            {"code": "here", "name_zh": "店庆", "name_en": "Party", "steps": steps,
             "store_ids": [shop.store], "use": "once"},
            {"code": "there", "name_zh": "店庆", "name_en": "Party", "steps": steps,
             "store_ids": [shop.other_store]},
        ]}  # fmt: skip
        await admin.change("publishRule", "ruleVersion { version }", id=fresh(), body=body)
        asked = """query($m: ID!, $s: ID!) { topUpOffer(memberId: $m, storeId: $s) {
            roomMinor plans { code applies reason reasonZh } } }"""

        offer = (await clerk.ask(asked, m=member, s=shop.store))["topUpOffer"]
        assert [(each["code"], each["reason"]) for each in offer["plans"]] == [
            ("here", None),
            ("there", "PLAN_ELSEWHERE"),
        ]
        paid = top_up(shop, member, 10_000, plan="here")
        account = await change(
            clerk, "topUp", "account { walletPrincipalMinor walletBonusMinor }", **paid
        )
        assert account == {"walletPrincipalMinor": "10000", "walletBonusMinor": "700"}
        with pytest.raises(Refused) as refused:
            await change(clerk, "topUp", "account { points }",
                         **top_up(shop, member, 10_000, plan="here"))  # fmt: skip
        assert refused.value.code == "PLAN_USED"
        back = await change(
            clerk, "refundTopUp", "topUpRefund { tender principalMinor bonusMinor }",
            **by_hand(shop, member, topUpId=paid["id"]),
        )  # fmt: skip
        assert back == {"tender": "card", "principalMinor": "10000", "bonusMinor": "700"}


async def test_a_large_adjustment_waits_for_hq(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as manager:
        member = await shop.member(manager)
        asked = by_hand(shop, member, points=6_000, reason="补登积分")
        account = await change(manager, "adjustPoints", "account { points proposalId }", **asked)
        assert account == {"points": 0, "proposalId": asked["id"]}
        decision = {"proposalId": asked["id"], "approve": True}
        with pytest.raises(Refused) as refused:
            await change(manager, "decideProposal", "proposal { status }", **decision)
        assert refused.value.code == "SAME_PERSON"
        listed = await admin.ask("{ proposals(first: 200) { edges { node { id atMost } } } }")
        nodes = [edge["node"] for edge in listed["proposals"]["edges"]]
        assert {"id": asked["id"], "atMost": "5000"} in nodes
        decided = await change(admin, "decideProposal", "proposal { status }", **decision)
        assert decided == {"status": "APPROVED"}
        assert (await shop.account(manager, member))["points"] == 6_000
        told = await manager.ask(
            "query($m: ID!) { balanceExplanation(memberId: $m) { parts { account balance zh } } }",
            m=member,
        )
        assert told["balanceExplanation"]["parts"][0]["zh"] == (
            "积分：期初 0；人工调整 1 笔 +6,000；余额 6,000"
        )


async def test_a_frozen_wallet_pays_for_nothing(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as manager:
        sku = await shop.piece(admin, 2)
        member = await shop.member(manager)
        await change(manager, "topUp", "account { points }", **top_up(shop, member, PRICE))
        lost = by_hand(shop, member, account="WALLET", reason="手机丢失")
        frozen = await change(manager, "freezeAccount", "account { walletFrozen }", **lost)
        assert frozen == {"walletFrozen": True}
        wallet = [{"kind": "WALLET", "amountMinor": str(PRICE)}]
        sale = shop.sale(sku, memberId=member, tenders=wallet)
        assert await outcome(manager, sale) == "ACCOUNT_FROZEN"
        found = by_hand(shop, member, account="WALLET", reason="已核实本人")
        await change(manager, "unfreezeAccount", "account { walletFrozen }", **found)
        again = shop.sale(sku, memberId=member, tenders=wallet)
        assert await outcome(manager, again) == "placed"


async def test_k1_k11_50_devices_spend_one_members_points_and_wallet(
    shop: Shop, rows: Rows
) -> None:
    """Half of them in another store; there is enough for 40 of them."""
    async with await shop.admin() as admin, await shop.till() as till, await shop.clerk() as clerk:
        here, there = await shop.piece(admin, 50), await shop.piece(admin, 50, shop.other_store)
        member = await shop.member(clerk)
        await change(clerk, "topUp", "account { points }", **top_up(shop, member, 40 * 9_900))
        points = by_hand(shop, member, points=4_000, reason="活动赠送")
        await change(clerk, "adjustPoints", "account { points }", **points)
        tenders = [
            {"kind": "POINTS", "amountMinor": "100", "points": 100},
            {"kind": "WALLET", "amountMinor": "9900"},
        ]
        sales = [
            shop.sale(here, memberId=member, tenders=tenders) for _ in range(25)
        ] + [
            shop.sale(there, memberId=member, tenders=tenders, storeId=shop.other_store)
            for _ in range(25)
        ]  # fmt: skip

        outcomes = Counter(await asyncio.gather(*(outcome(till, sale) for sale in sales)))

        assert outcomes["placed"] == 40
        assert outcomes["NOT_ENOUGH_POINTS"] + outcomes["NOT_ENOUGH_WALLET"] == 10

        async def settled() -> bool:
            account = await shop.account(clerk, member)
            left = (account["walletPrincipalMinor"], account["walletHeldMinor"])
            return left == ("0", "0") and account["pointsHeld"] == 0

        await until(settled)
    ids = [sale["orderId"] for sale in sales]
    booked = rows(
        "loyalty",
        "SELECT sum(points_spent), sum(wallet_spent_minor) FROM orders_booked"
        " WHERE order_id = ANY(%s)",
        ids,
    )
    assert booked == [(4_000, 40 * 9_900)]
