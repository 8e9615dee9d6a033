"""Two members who are one, through the gateway and in every service (M12, K28)."""

from collections.abc import Awaitable
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


PROPOSED = (
    "query($m: ID!, $s: DuplicateState) { duplicates(memberId: $m, state: $s) { edges { node { id"
    " memberId otherId member { name } other { name } state score ruleVersion"
    " reasons { code points zh en } } } } }"
)


async def test_k35_two_who_are_probably_one_are_proposed_and_accepted_or_dismissed(
    shop: Shop, rows: Rows
) -> None:
    """K35: a proposal with its reasons; a merge accepts it, and what is dismissed stays so."""

    async def proposed(api: Api, member: str, state: str = "OPEN") -> list[Any]:
        found = await api.ask(PROPOSED, m=member, s=state)
        return [edge["node"] for edge in found["duplicates"]["edges"]]

    async with await shop.admin() as admin, await shop.clerk() as clerk:
        twins: dict[str, Any] = {"name": "欧阳试重", "birthday": "1990-05-17"}
        one = await shop.member(clerk, phone="13511112001", **twins)
        other = await shop.member(clerk, phone="13522223002", **twins)
        (found,) = await until(lambda: proposed(clerk, one))
        assert {found["memberId"], found["otherId"]} == {one, other}
        assert found["member"]["name"] == found["other"]["name"] == twins["name"]
        assert (found["score"], found["ruleVersion"]) == (80, 0)
        assert [each["code"] for each in found["reasons"]] == [
            "name_same", "birthday_same", "home_store_same",
        ]  # fmt: skip
        assert all(each["zh"] and each["en"] for each in found["reasons"])

        merge = fresh()
        await clerk.change(
            "mergeMembers", "merge { survivorId }",
            id=merge, memberId=one, otherId=other, reason="同一个人",
        )  # fmt: skip
        assert await proposed(clerk, one) == []
        await clerk.change("undoMerge", "merge { undoneBy }", mergeId=merge, reason="看错了")
        (kept,) = await proposed(admin, one, "DISMISSED")
        assert kept["id"] == found["id"]

        third = await shop.member(clerk, phone="13533334003", **twins)
        first, second = await until(lambda: _two(proposed(clerk, third)))
        answer = await clerk.change(
            "dismissDuplicate", "duplicate { state dismissReason }",
            id=first["id"], reason="双胞胎",
        )  # fmt: skip
        assert answer["duplicate"] == {"state": "DISMISSED", "dismissReason": "双胞胎"}
        assert [each["id"] for each in await proposed(clerk, third)] == [second["id"]]
        told = rows("member", "SELECT envelope FROM outbox WHERE type LIKE 'member.duplicate%%'")
        assert told
        assert not any(word in str(told) for word in ("欧阳", "双胞胎"))


async def _two(found: Awaitable[list[Any]]) -> list[Any] | None:
    shown = await found
    return shown if len(shown) == 2 else None


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
