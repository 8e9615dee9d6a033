"""What a clerk sees of a member, fed by every service; and members handed over to a colleague."""

from typing import Any

import pytest

from infra.api import Api, Refused
from tests.integration.shop import PIN, Shop, fresh, sell, until

pytestmark = pytest.mark.anyio

TIMELINE = """query($id: ID!) { timeline(memberId: $id) { edges { node {
    kind text points amountMinor documentId store { id } staff { name } } } } }"""


async def timeline(api: Api, member: str) -> list[dict[str, Any]]:
    answer = await api.ask(TIMELINE, id=member)
    return [edge["node"] for edge in answer["timeline"]["edges"]]


async def test_everything_that_happened_is_on_the_timeline(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 5)
        member = await shop.member(clerk)
        contact = {
            "id": fresh(), "memberId": member, "storeId": shop.store, "kind": "ENQUIRY",
            "text": "想要红色的真丝连衣裙",
        }  # fmt: skip
        for _ in range(2):
            await clerk.change("recordContact", "happening { id }", **contact)
        await clerk.change(
            "topUp", "account { points }", id=fresh(), storeId=shop.store, memberId=member,
            currency="CNY", paidMinor="6000", tender="CASH",
        )  # fmt: skip
        sale = shop.sale(sku, memberId=member)
        await sell(clerk, sale)

        async def shown() -> Any:
            found = await timeline(clerk, member)
            return len(found) >= 6 and found

        found = {each["kind"]: each for each in await until(shown)}
        assert set(found) == {"JOINED", "ENQUIRY", "TOP_UP", "PURCHASE", "POINTS", "TIER"}
        assert found["ENQUIRY"]["text"] == contact["text"]
        assert found["ENQUIRY"]["staff"] == {"name": "店长"}
        assert found["PURCHASE"]["amountMinor"] == "10000"
        assert found["PURCHASE"]["store"] == {"id": shop.store}
        assert found["POINTS"]["points"] == 100
        assert found["POINTS"]["documentId"] == sale["orderId"]

        await clerk.change(
            "cancelOrder", "order { id }", orderId=sale["orderId"], reason="顾客反悔"
        )

        async def taken_back() -> bool:
            now = await timeline(clerk, member)
            return -100 in [each["points"] for each in now] and "VOID" in [e["kind"] for e in now]

        await until(taken_back)


async def test_a_leaver_s_members_go_to_a_colleague(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as manager:
        leaver, heir = fresh(), fresh()
        for staff in (leaver, heir):
            await admin.change(
                "saveStaff", "created { id }", id=staff, number=f"A-{staff[-10:]}", name="导购",
                roles=["ASSOCIATE"], scopeKind="STORE", scopeId=shop.store, pin=PIN,
            )  # fmt: skip
        member = await shop.member(manager, associateId=leaver)
        asked = {"id": fresh(), "fromAssociateId": leaver, "toAssociateIds": [heir]}

        async def handed_over() -> Any:
            try:
                return await manager.change(
                    "handOverMembers", "handedOver { members associateIds }", **asked
                )
            except Refused as refused:
                if refused.code != "UNKNOWN_ASSOCIATE":
                    raise
                return None  # the colleague has only just begun

        answer = await until(handed_over)
        assert answer["handedOver"] == {"members": [1], "associateIds": [heir]}
        found = await manager.ask("query($id: ID!) { member(id: $id) { associateId } }", id=member)
        assert found["member"]["associateId"] == heir
        assert (await timeline(manager, member))[0]["kind"] == "HANDED_OVER"
