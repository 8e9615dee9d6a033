"""Two members who are one, through the gateway and in every service (M12, K28)."""

from typing import Any

import pytest

from infra.api import Api
from shared.contracts import SERVICES
from tests.conftest import RunningStack
from tests.integration.conftest import Rows
from tests.integration.shop import Shop, fresh, until
from tests.integration.test_erasure import ERASURE, SHOWN, found_anywhere

pytestmark = pytest.mark.anyio


async def sell(api: Api, sale: dict[str, Any]) -> None:
    await api.change("placeOrder", "order { id }", **sale)


async def figures(shop: Shop, api: Api, member: str) -> tuple[int, int, int]:
    """Points, wallet money and purchases."""
    account = await shop.account(api, member)
    return account["points"], int(account["walletPrincipalMinor"]), account["count"]


async def stands(shop: Shop, api: Api, member: str, wanted: tuple[int, int, int]) -> None:
    async def so() -> bool:
        return await figures(shop, api, member) == wanted

    await until(so)


async def test_two_members_are_one_everywhere_and_part_again(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 10)
        one, other = await shop.member(clerk), await shop.member(clerk)
        for member in (one, other):
            await clerk.change(
                "topUp", "account { points }", id=fresh(), storeId=shop.store, memberId=member,
                currency="CNY", paidMinor="5000", tender="CASH",
            )  # fmt: skip
            await sell(clerk, shop.sale(sku, memberId=member))
            await stands(shop, clerk, member, (100, 5000, 1))

        merge = fresh()
        answer = await clerk.change(
            "mergeMembers", "merge { survivorId mergedId }",
            id=merge, memberId=other, otherId=one, reason="同一个人",
        )  # fmt: skip
        assert answer["merge"] == {"survivorId": one, "mergedId": other}
        await stands(shop, clerk, one, (200, 10_000, 2))
        await stands(shop, clerk, other, (200, 10_000, 2))

        await sell(clerk, shop.sale(sku, memberId=other))  # a till that has not heard of it
        await stands(shop, clerk, one, (300, 10_000, 3))
        found = await clerk.ask(
            "query($m: ID!) { orders(memberId: $m) { edges { node { memberId member { id } } } } }",
            m=one,
        )
        orders = [edge["node"] for edge in found["orders"]["edges"]]
        assert sorted(each["memberId"] for each in orders) == sorted([one, other, other])
        assert {each["member"]["id"] for each in orders} == {one}

        async def booked() -> Any:
            shown = await clerk.ask(
                "query($m: ID!) { merges(memberId: $m) { id booked { points principalMinor }"
                " undoBooked { points principalMinor spentPoints } } }",
                m=other,
            )
            return shown["merges"][0]["booked"] and shown["merges"][0]

        moved = await until(booked)
        assert moved["booked"] == {"points": 100, "principalMinor": "5000"}

        await clerk.change("undoMerge", "merge { undoneBy }", mergeId=merge, reason="看错了")
        await stands(shop, clerk, one, (100, 5000, 1))
        await stands(shop, clerk, other, (200, 5000, 2))


async def test_k37_who_was_merged_is_erased_with_the_survivor(
    shop: Shop, stack: RunningStack, rows: Rows
) -> None:
    """K37: asked for under the old id, everything goes under both, in every service."""
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku, tag = await shop.piece(admin, 10), "青黛控"
        one, other = await shop.member(clerk, name="闻人试并"), await shop.member(clerk)
        await clerk.change("tagMember", "member { id }", memberId=other, add=[tag])
        for member in (one, other):
            await sell(clerk, shop.sale(sku, memberId=member))
            await stands(shop, clerk, member, (100, 0, 1))
        await clerk.change(
            "mergeMembers", "merge { survivorId }",
            id=fresh(), memberId=one, otherId=other, reason="同为闻人",
        )  # fmt: skip
        await stands(shop, clerk, one, (200, 0, 2))

        erasure = fresh()
        asked = {"id": erasure, "memberId": other, "reason": "ASKED_BY_MEMBER"}
        await clerk.change("requestErasure", ERASURE, **asked)
        await admin.change("confirmErasure", ERASURE, id=erasure)

        async def certified() -> Any:
            node = (await admin.ask(SHOWN, id=erasure))["erasures"]["edges"][0]["node"]
            assert node["refusal"] is None, node
            return node if node["status"] == "ERASED" else None

        certificate = await until(certified, 60)
        assert {each["service"] for each in certificate["answers"]} == set(SERVICES)

        async def nothing_left() -> bool:
            left = found_anywhere(stack, [tag, "闻人"])
            return all(table == "outbox" for _, table, _ in left)

        await until(nothing_left)
        for service in SERVICES:
            erased = "SELECT count(*) FROM erased_members WHERE member_id::text = ANY(%s)"
            assert rows(service, erased, [one, other]) == [(2,)]
        owed = (
            "SELECT coalesce(sum(balance), 0) FROM balances JOIN member_accounts USING (account_id)"
        )
        assert rows("loyalty", f"{owed} WHERE member_id::text = ANY(%s)", [one, other]) == [(0,)]
        kept = "SELECT count(*) FROM orders WHERE member_id::text = ANY(%s)"
        assert rows("order", kept, [one, other]) == [(2,)]
