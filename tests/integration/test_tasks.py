"""Tasks through all services: a sale below zero raises one, a hand-over takes those of members
along, and whoever listens hears of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.api import Refused
from tests.integration.conftest import Rows
from tests.integration.shop import PIN, Shop, fresh, until

pytestmark = pytest.mark.anyio
TASKS = """query($s: ID!, $m: ID) { tasks(storeId: $s, memberId: $m) {
    edges { node { id version kind skuId orderId associateId reasonEn } } } }"""


async def hired(shop: Shop, admin: Any) -> str:
    """An associate of the store, whom campaign knows."""
    id_ = fresh()
    await admin.change(
        "saveStaff", "created { id }", id=id_, number=f"9{id_[-5:]}", name="导购",
        roles=["ASSOCIATE"], scopeKind="STORE", scopeId=shop.store, pin=PIN,
    )  # fmt: skip
    return id_


async def test_a_sale_of_another_till_below_zero_is_one_task_that_is_told(
    shop: Shop, subscribe: Any, rows: Rows
) -> None:
    async with await shop.admin() as admin, await shop.till() as till:
        sku = await shop.piece(admin, 0)
        socket = await subscribe(
            admin._token, "subscription($s: ID!) { taskChanged(storeId: $s) { task { skuId } } }",
            s=shop.store,
        )  # fmt: skip
        sale = shop.sale(
            sku, channel="OTHER_TILL", occurredAt=datetime.now(UTC).isoformat(),
            lines=[{"line": 1, "skuId": sku, "quantity": 1, "statedMinor": "10000"}],
        )  # fmt: skip
        await till.change("placeOrder", "order { id }", **sale)
        await till.change("placeOrder", "order { id }", **sale)

        async def raised() -> list[Any]:
            found = await admin.ask(TASKS, s=shop.store)
            return [e["node"] for e in found["tasks"]["edges"] if e["node"]["skuId"] == sku]

        (task,) = await until(raised)
        told = json.loads(await socket.recv())["payload"]["data"]["taskChanged"]

    assert (task["kind"], task["orderId"]) == ("STOCK_DISCREPANCY", sale["orderId"])
    assert told["task"]["skuId"] == sku
    assert rows(
        "campaign", "SELECT number, act FROM task_steps WHERE task_id = %s", task["id"]
    ) == [(1, "raised")]


async def test_a_hand_over_takes_the_tasks_of_the_members_along(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.till() as till:
        first, second = await hired(shop, admin), await hired(shop, admin)
        member = await shop.member(till, associateId=first)

        async def heard(mutation: str, answer: str, **input_: Any) -> bool:
            """Whether it was done: both services know the associates a moment later."""
            try:
                await admin.change(mutation, answer, **input_)
            except Refused as refused:
                if refused.code != "UNKNOWN_ASSOCIATE":
                    raise
                return False
            return True

        greeting = {
            "id": fresh(), "storeId": shop.store, "reason": "电话问候", "associateId": first,
            "memberId": member,
        }  # fmt: skip
        handing = {
            "id": fresh(), "fromAssociateId": first, "toAssociateIds": [second],
            "storeId": shop.store,
        }  # fmt: skip
        await until(lambda: heard("raiseTask", "task { id }", **greeting))
        await until(lambda: heard("handOverMembers", "handedOver { members }", **handing))

        async def moved() -> bool:
            found = await admin.ask(TASKS, s=shop.store, m=member)
            (edge,) = found["tasks"]["edges"]
            return bool(edge["node"]["associateId"] == second)

        await until(moved)
