"""Tiers from HQ to the floor: set by hand, near the next, told to the store; rules rehearsed."""

import asyncio
import json
from typing import Any

import pytest

from infra.api import Api, Refused
from tests.integration.shop import PRICE, Shop, fresh, sell, until

pytestmark = pytest.mark.anyio

RUN = """rehearsal { id state lookedAt members orders stores { storeId pointsInForce pointsDraft
    costMinor currency } moves { tier toTier up members } }"""
TIER = """query($id: ID!) { member(id: $id) { account { tier tierHeldBy tierUntil toKeep missing
    benefits { nameZh } } } tierExplanation(memberId: $id) { heldBy tierBySum zh en }
    tierSettings(memberId: $id) { edges { node { version tier reason } } }
    timeline(memberId: $id) { edges { node { kind amountMinor tierNameEn } } } }"""


async def tier_of(api: Api, member: str) -> Any:
    return await api.ask(TIER, id=member)


async def test_hq_sets_a_tier_and_takes_it_back(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        member = await shop.member(clerk)
        given = {"id": fresh(), "memberId": member, "tier": "gold", "reason": "开业贵宾"}
        with pytest.raises(Refused, match="FORBIDDEN_ROLE"):
            await clerk.change("setTier", "tierSetting { version }", **given)
        for _ in range(2):
            made = await admin.change("setTier", "tierSetting { version tier }", **given)
            assert made["tierSetting"] == {"version": 1, "tier": "gold"}

        told = await tier_of(admin, member)

        account = told["member"]["account"]
        assert (account["tier"], account["tierHeldBy"], account["tierUntil"]) == (
            "gold",
            "SET",
            None,
        )
        assert (account["toKeep"], account["benefits"]) == ("200000", [])
        why = told["tierExplanation"]
        assert (why["heldBy"], why["tierBySum"]) == ("SET", "silver")
        assert why["zh"].startswith("金卡（总部设定）")
        back = {"id": fresh(), "memberId": member, "reason": "退出活动"}
        await admin.change("setTier", "tierSetting { version }", **back)
        told = await tier_of(admin, member)
        assert told["member"]["account"]["tier"] == "silver"
        assert [each["node"]["tier"] for each in told["tierSettings"]["edges"]] == [None, "gold"]

        async def audited() -> bool:
            log = await admin.ask(
                "query($s: String!) { auditLog(subject: $s) { edges { node { type } } } }",
                s=given["id"],
            )
            return [each["node"]["type"] for each in log["auditLog"]["edges"]] == [
                "loyalty.tier_set"
            ]

        await until(audited)


async def test_t4_a_sale_near_the_next_tier_is_told_to_the_store_and_shows_on_the_timeline(
    shop: Shop, subscribe: Any
) -> None:
    query = "subscription($s: ID!) { nearNextTier(storeId: $s) { memberId nextTier missing } }"
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 20)
        member = await shop.member(clerk)
        socket = await subscribe(clerk._token, query, s=shop.store)
        await asyncio.sleep(0.5)

        await sell(clerk, shop.sale(sku, 19, memberId=member))

        told = json.loads(await asyncio.wait_for(socket.recv(), 10))
        assert told["payload"]["data"]["nearNextTier"] == {
            "memberId": member,
            "nextTier": "gold",
            "missing": "10000",
        }

        async def near() -> Any:
            told = await tier_of(clerk, member)
            shown = [each["node"] for each in told["timeline"]["edges"]]
            return [each for each in shown if each["kind"] == "NEAR_TIER"]

        [shown] = await until(near)
        assert shown == {"kind": "NEAR_TIER", "amountMinor": "10000", "tierNameEn": "Gold"}


async def test_a_rule_is_rehearsed_published_and_rolled_back(shop: Shop) -> None:
    draft = {"type": "earn", "minor_per_point": 50}
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 10)
        member = await shop.member(clerk)
        await sell(clerk, shop.sale(sku, memberId=member))

        async def earned() -> bool:
            return bool((await shop.account(clerk, member))["points"] == PRICE // 100)

        await until(earned)
        id_ = fresh()

        async def done() -> Any:
            told = await admin.change("rehearseRule", RUN, id=id_, days=400, body=draft)
            return told["rehearsal"]["state"] == "DONE" and told["rehearsal"]

        told = await until(done)
        assert told["lookedAt"] == told["members"] > 0
        [here] = [each for each in told["stores"] if each["storeId"] == shop.store]
        assert int(here["pointsDraft"]) >= int(here["pointsInForce"]) + PRICE // 100
        assert here["costMinor"] == str(int(here["pointsDraft"]) - int(here["pointsInForce"]))
        listed = await admin.ask("{ rehearsals(first: 1) { edges { node { id } } } }")
        assert listed["rehearsals"]["edges"] == [{"node": {"id": id_}}]
        with pytest.raises(Refused, match="REHEARSAL_OVER"):
            await admin.change("cancelRehearsal", RUN, id=id_)
        rules = await admin.ask("{ loyaltyRules(kind: EARN) { version } }")
        newest = max(rule["version"] for rule in rules["loyaltyRules"])
        later = {"validFrom": "2099-01-01T00:00:00Z"}
        made = await admin.change(
            "publishRule", "ruleVersion { version }", id=fresh(), body=draft, **later
        )
        back = await admin.change(
            "rollBackRule", "ruleVersion { version restores body }", id=fresh(), kind="EARN",
            version=newest, **later,
        )  # fmt: skip
        assert made["ruleVersion"]["version"] == newest + 1
        assert back["ruleVersion"]["restores"] == newest
        assert back["ruleVersion"]["body"]["minor_per_point"] == 100
