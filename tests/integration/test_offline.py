"""Sales that a till made without network: each is there once, whatever happens on the way."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.api import Api, Refused
from tests.conftest import RunningStack
from tests.integration.conftest import Rows
from tests.integration.shop import ORDER, PRICE, Shop, fresh, sell, until

pytestmark = pytest.mark.anyio

SALES, PIECES = 20, 3


def alone(
    shop: Shop, clerk: Api, sku: str, spell: str, number: int, **changes: Any
) -> dict[str, Any]:
    """One piece for its list price, sold by a till whose clock is a day ahead."""
    now = datetime.now(UTC)
    told = {
        "spellId": spell, "receipt": f"L-{spell[-12:]}-{number:06d}", "aheadSeconds": 86_400,
        "claimedAt": (now + timedelta(days=1)).isoformat(),
        "contactAt": (now - timedelta(hours=1)).isoformat(),
        "terms": {"units": [{"line": 1, "unitMinor": str(PRICE)}]}, **changes,
    }  # fmt: skip
    sale = shop.sale(
        sku, deviceId=shop.device["deviceId"], sellerId=clerk.identity["caller"]["id"],
        offline=told,
    )  # fmt: skip
    sale["lines"][0]["statedMinor"] = str(PRICE)
    return sale


async def test_twenty_sales_are_there_once_and_stock_is_short_once(
    shop: Shop, rows: Rows, stack: RunningStack
) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku, spell = await shop.piece(admin, PIECES), fresh()
        member = await shop.member(clerk)
        made = [alone(shop, clerk, sku, spell, number) for number in range(SALES)]
        for sale in made:
            sale["memberId"] = member
            # The first answer is lost: the same is sent again, at once and later.
            await asyncio.gather(sell(clerk, sale), sell(clerk, sale), return_exceptions=True)
        answers = [await sell(clerk, sale) for sale in made]
        assert answers == [await sell(clerk, sale) for sale in made]
        assert len({answer["receiptNumber"] for answer in answers}) == SALES

        report = {"spellId": spell, "storeId": shop.store, "contactAt": made[0]["offline"]
                  ["contactAt"], "aheadSeconds": 86_400, "sales": SALES,
                  "totalMinor": str(SALES * PRICE)}  # fmt: skip
        for _ in range(2):
            await clerk.change("reportOffline", "done", **report)

        async def booked() -> bool:
            level, account = await shop.level(clerk, sku), await shop.account(clerk, member)
            return level["onHand"] == PIECES - SALES and account["points"] == SALES * 100

        await until(booked)
        log = await _audited_events(admin, "order.till_was_offline", spell)
        assert [entry["callerKind"] for entry in log] == ["staff"]
    short = rows(
        "inventory",
        "SELECT CAST(envelope AS jsonb) -> 'data' ->> 'order_id',"
        " CAST(CAST(envelope AS jsonb) -> 'data' ->> 'short' AS int) FROM outbox"
        " WHERE type = 'inventory.stock_discrepancy' AND subject LIKE %s",
        f"%{sku}",
    )
    assert len(short) == len({order for order, _ in short}) == SALES - PIECES
    assert sum(missing for _, missing in short) == SALES - PIECES
    await until(lambda: _audited(stack), seconds=60)


async def test_a_refused_sale_waits_for_a_manager(shop: Shop, rows: Rows) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 1)
        rule = {"allowed": True, "saleMinor": str(PRICE - 1)}
        before = (await admin.ask("{ offlineRules { version } }"))["offlineRules"]
        version = max([each["version"] for each in before], default=0)
        for body in (rule, {"allowed": True}):
            await admin.change("publishOfflineRule", "offlineRuleVersion { version }", id=fresh(),
                               version=version, body=body)  # fmt: skip
            version += 1
        version -= 1
        sale = alone(shop, clerk, sku, fresh(), 1, ruleVersion=version)
        for _ in range(2):
            with pytest.raises(Refused) as refused:
                await sell(clerk, sale)
            assert refused.value.code == "OFFLINE_SALE_LIMIT"
        waiting = await clerk.ask(
            """query($s: ID!) { refusedSales(storeId: $s) { edges { node {
                orderId code refusal { messageZh messageEn } } } } }""",
            s=shop.store,
        )  # fmt: skip
        nodes = [edge["node"] for edge in waiting["refusedSales"]["edges"]]
        assert [node["orderId"] for node in nodes] == [sale["orderId"]]
        assert "99.99" in nodes[0]["refusal"]["messageEn"]

        accepted = await clerk.change(
            "acceptOfflineSale", ORDER, orderId=sale["orderId"], reason="顾客已付款"
        )
        assert accepted["order"] == await sell(clerk, sale)
    assert rows("order", "SELECT accepted FROM offline_sales WHERE order_id = %s",
                sale["orderId"]) == [(True,)]  # fmt: skip


async def test_a_till_learns_what_it_needs_and_then_what_has_changed(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 2)
        first = await _catalogue(clerk, shop, None)
        found = [style for style in first["items"] if sku in style["skus"]]
        assert [style["prices"] for style in found] == [{"": PRICE}]
        assert first["whole"]
        other = await shop.piece(admin, 1)
        changed = await _catalogue(clerk, shop, first["version"])
        assert other in {sku for style in changed["items"] for sku in style["skus"]}
        assert not changed["whole"]
        rest = await clerk.ask(
            """query($s: ID!) {
              tillStock(storeId: $s) { levels }
              tillMembers(storeId: $s) { version items { id lastFour } }
              tillPromotions(storeId: $s) { version items { id versions { terms } } }
              tillRule(storeId: $s) { now version body { hours } }
            }""",
            s=shop.store,
        )  # fmt: skip
        assert rest["tillStock"]["levels"][sku] == 2


async def _catalogue(clerk: Api, shop: Shop, version: str | None) -> dict[str, Any]:
    """All pages of it."""
    items: list[Any] = []
    first, after = None, None
    while True:
        answer = await clerk.ask(
            """query($s: ID!, $v: String, $a: ID) {
                tillCatalogue(storeId: $s, sinceVersion: $v, after: $a, first: 200) {
                    version whole after items { id prices skus } } }""",
            s=shop.store, v=version, a=after,
        )  # fmt: skip
        page = answer["tillCatalogue"]
        first = first or page
        items += page["items"]
        after = page["after"]
        if after is None:
            return {**first, "items": items}


async def _audited_events(admin: Api, kind: str, subject: str) -> list[dict[str, Any]]:
    async def logged() -> Any:
        answer = await admin.ask(
            """query($t: String, $s: String) { auditLog(type: $t, subject: $s) {
                edges { node { callerKind detail } } } }""",
            t=kind, s=subject,
        )  # fmt: skip
        return [edge["node"] for edge in answer["auditLog"]["edges"]]

    found: list[dict[str, Any]] = await until(logged)
    return found


async def _audited(stack: RunningStack) -> bool:
    answer = stack.run("audit", "--json").stdout.splitlines()
    return bool(answer) and json.loads(answer[-1])["differences"] == []
