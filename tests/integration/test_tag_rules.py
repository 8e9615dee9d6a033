"""A tag by rule from HQ to the till: previewed, published, earned by a sale, paid with, voided."""

from typing import Any

import pytest

from infra.api import Api
from tests.integration.conftest import Rows
from tests.integration.shop import PRICE, Shop, fresh, sell, until

pytestmark = pytest.mark.anyio

RUN = "tagRun { id state members lookedAt matched given taken sampleIds }"
WHY = """query($m: ID!, $t: String!) { memberTag(memberId: $m, tag: $t) {
    byRule byHand version reasons { en zh holds } history { given version cause } } }"""


async def tags_of(api: Api, member: str) -> list[str]:
    answer = await api.ask("query($id: ID!) { member(id: $id) { tags } }", id=member)
    tags: list[str] = answer["member"]["tags"]
    return tags


async def quoted(api: Api, shop: Shop, sku: str, member: str) -> str:
    answer = await api.ask(
        """query($s: ID!, $m: ID!, $l: [BasketLineInput!]!) {
            quote(storeId: $s, memberId: $m, lines: $l) { quote { totalMinor } } }""",
        s=shop.store, m=member, l=[{"line": 1, "skuId": sku, "quantity": 1}],
    )  # fmt: skip
    total: str = answer["quote"]["quote"]["totalMinor"]
    return total


async def ten_off(admin: Api, shop: Shop, tag: str) -> None:
    """A promotion for whoever has the tag."""
    await admin.change(
        "publishPromotion", "promotion { version }", version=0, promotion={
            "id": fresh(), "code": f"T{fresh()[-8:]}", "nameZh": "贵宾九折",
            "nameEn": "Ten off", "rule": {"type": "percentage", "off_basis_points": 1_000},
            "eligibility": {"storeIds": [shop.store], "tags": [tag]},
        },
    )  # fmt: skip


async def preview(admin: Api, rule: dict[str, str]) -> Any:
    id_ = fresh()

    async def done() -> Any:
        told = await admin.change("previewTagRule", RUN, id=id_, rule=rule)
        return told["tagRun"]["state"] == "DONE" and told["tagRun"]

    return await until(done)


async def test_m10_k32_a_sale_brings_the_tag_its_promotion_and_the_void_takes_them(
    shop: Shop, rows: Rows
) -> None:
    tag = f"高价值 {fresh()[-8:]}"
    rule = {"tag": tag, "labelZh": "高价值用户", "labelEn": "High value",
            "condition": f"spent >= {PRICE} and source = 'walk-in'"}  # fmt: skip
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 10)
        member = await shop.member(clerk)
        await ten_off(admin, shop, tag)
        counted = await preview(admin, rule)
        assert counted["members"] == counted["lookedAt"] > 0
        assert (counted["given"], counted["taken"]) == (counted["matched"], 0)
        assert member not in counted["sampleIds"]
        made = await admin.change("publishTagRule", "tagRule { version run { state } }",
                                  id=fresh(), rule=rule)  # fmt: skip
        assert made["tagRule"]["version"] == 1
        assert await quoted(clerk, shop, sku, member) == str(PRICE)

        sale = shop.sale(sku, memberId=member)
        await sell(clerk, sale)

        async def tagged() -> bool:
            return await tags_of(clerk, member) == [tag]

        await until(tagged)

        async def cheaper() -> bool:
            return await quoted(clerk, shop, sku, member) == str(PRICE * 9 // 10)

        await until(cheaper)
        why = (await clerk.ask(WHY, m=member, t=tag))["memberTag"]
        assert (why["byRule"], why["byHand"], why["version"]) == (True, False, 1)
        assert why["reasons"][0]["en"] == "total spend (¥100.00) at least ¥100.00"
        found = await clerk.ask("query($t: String!) { members(tag: $t) { id } }", t=tag)
        assert member in [each["id"] for each in found["members"]]
        both = await clerk.change("tagMember", "member { tags tagsByRule }", memberId=member,
                                  add=["常客"])  # fmt: skip
        assert both["member"] == {"tags": sorted([tag, "常客"]), "tagsByRule": [tag]}

        await clerk.change(
            "cancelOrder", "order { status }", orderId=sale["orderId"], reason="误收"
        )

        async def gone() -> bool:
            return await tags_of(clerk, member) == ["常客"]

        await until(gone)

        async def dear() -> bool:
            return await quoted(clerk, shop, sku, member) == str(PRICE)

        await until(dear)
        why = (await clerk.ask(WHY, m=member, t=tag))["memberTag"]
        assert [each["given"] for each in why["history"]] == [False, True]
        ended = await admin.change("endTagRule", "tagRule { ended }", id=fresh(), version=1,
                                   tag=tag)  # fmt: skip
        assert ended["tagRule"]["ended"]

        async def over() -> bool:
            sql = "SELECT count(*) FROM rule_tags WHERE tag = %s"
            return rows("member", sql, tag) == [(0,)]

        await until(over)
