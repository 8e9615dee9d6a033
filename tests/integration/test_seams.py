"""The seams under everything: a call with its refusal, an event with its deliveries, a stream.

What is told here of directory and order holds for every service, since the code is shared.
"""

import asyncio
import json
import os
import signal
import time
from typing import Any
from uuid import uuid4

import pytest
import websockets
from kombu import Connection

from gateway.rpc import Rpc
from shared.contracts import Command
from shared.contracts.order import Order, PlaceOrder
from shared.errors import Unavailable
from shared.inbox import parked_queue
from tests.conftest import RunningStack
from tests.integration.conftest import Rows
from tests.integration.shop import Shop, fresh, outcome, sell, until

pytestmark = pytest.mark.anyio
SERVICES = ("member", "loyalty", "inventory", "order", "campaign")


def pid_of(stack: RunningStack, process: str) -> int:
    return int(stack.status()["processes"][process]["pid"] or 0)


async def ready(stack: RunningStack) -> None:
    async def holds() -> bool:
        return bool((await asyncio.to_thread(stack.status))["ready"])

    await until(holds, 60)


async def save_store(shop: Shop, api: Any, name: str, store: str) -> None:
    await api.change(
        "saveStore", "created { id }", id=store, regionId=shop.region, code=f"T-{store[-12:]}",
        name=name, legalEntity="服饰有限公司",
    )  # fmt: skip


def copies(rows: Rows, store: str) -> list[Any]:
    return [rows(service, "SELECT name FROM stores WHERE id = %s", store) for service in SERVICES]


async def test_a_stopped_service_misses_its_deadline_and_never_runs_late(
    shop: Shop, stack: RunningStack, rows: Rows
) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 1)
        sale = shop.sale(sku)
        rpc = Rpc(stack.environment["AMQP_URI"], 1.0)
        await rpc.connect()
        pid = pid_of(stack, "order")
        os.kill(pid, signal.SIGSTOP)
        try:
            started = time.monotonic()
            with pytest.raises(Unavailable):
                await rpc.call(_place(sale), None)
            assert time.monotonic() - started < 5
            await asyncio.sleep(0.5)
        finally:
            os.kill(pid, signal.SIGCONT)
            await rpc.close()
        await asyncio.sleep(1)
        assert rows("order", "SELECT id FROM orders WHERE id = %s", sale["orderId"]) == []
        assert await outcome(clerk, sale) == "placed"


def _place(sale: dict[str, Any]) -> Command[Order]:
    return PlaceOrder(
        order_id=sale["orderId"], store_id=sale["storeId"], total_minor=1, lines=[], tenders=[]
    )


async def test_a_service_that_was_never_declared_is_returned_at_once(stack: RunningStack) -> None:
    class Nowhere(Command[Order], frozen=True, kw_only=True):
        __module__ = "shared.contracts.nowhere"

    rpc = Rpc(stack.environment["AMQP_URI"], 10)
    await rpc.connect()
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await rpc.call(Nowhere(), None)
    assert time.monotonic() - started < 3
    await rpc.close()


async def test_events_survive_kills_of_both_ends(
    shop: Shop, stack: RunningStack, rows: Rows
) -> None:
    """Forty changes while emitter and listener are killed: every copy ends as the last change."""
    store = fresh()
    async with await shop.admin() as admin:
        await save_store(shop, admin, "第0次", store)
        for number in range(1, 40):
            if number % 10 == 0:
                os.kill(pid_of(stack, "order" if number % 20 else "directory"), signal.SIGKILL)
            await save_store(shop, admin, f"第{number}次", store)

        async def everywhere() -> bool:
            found = await asyncio.to_thread(copies, rows, store)
            return all(copy == [("第39次",)] for copy in found)

        await until(everywhere, 60)
        await ready(stack)
    unpublished = rows("directory", "SELECT count(*) FROM outbox WHERE published_at IS NULL")
    assert unpublished == [(0,)]
    twice = rows(
        "order", "SELECT event_id FROM inbox GROUP BY event_id, handler HAVING count(*) > 1"
    )
    assert twice == []


async def test_a_bad_event_is_parked_and_stops_nobody(
    shop: Shop, stack: RunningStack, rows: Rows
) -> None:
    uri = stack.environment["AMQP_URI"]
    with Connection(uri) as connection:
        producer = connection.Producer()
        producer.publish(
            json.dumps({
                "id": str(uuid4()), "source": "chainstitch/directory",
                "type": "directory.store_changed", "subject": "x", "sequence": 1,
                "time": "2026-01-01T00:00:00Z", "data": {"store_id": "no uuid"},
            }),
            exchange="chainstitch.events", routing_key="directory.store_changed",
            content_type="application/cloudevents+json", content_encoding="utf-8",
        )  # fmt: skip
    store = fresh()
    async with await shop.admin() as admin:
        await save_store(shop, admin, "照常", store)

        async def everywhere() -> bool:
            found = await asyncio.to_thread(copies, rows, store)
            return all(copy == [("照常",)] for copy in found)

        await until(everywhere, 60)
    # Each listener of stores has put the bad one aside; take them out for the tests that follow.
    with Connection(uri) as connection:
        for service in (*SERVICES, "directory"):
            queue = parked_queue(service)(connection.channel())
            found = []
            while message := queue.get(no_ack=True):
                found.append(message)
            assert len(found) >= 1, service
            assert found[0].headers["x-death"][0]["queue"] == f"events.{service}.directory"


async def test_a_sale_is_told_to_the_stores_screens(shop: Shop, subscribe: Any) -> None:
    query = """subscription($s: ID!) { orderChanged(storeId: $s) {
        orderId status order { receiptNumber } } }"""
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 5)
        socket = await subscribe(clerk._token, query, s=shop.store)
        await asyncio.sleep(0.5)
        order = await sell(clerk, shop.sale(sku))
        told = json.loads(await asyncio.wait_for(socket.recv(), 10))
        assert told["type"] == "next"
        assert told["payload"]["data"]["orderChanged"] == {
            "orderId": order["id"],
            "status": "placed",
            "order": {"receiptNumber": order["receiptNumber"]},
        }


async def test_another_stores_stream_is_refused(shop: Shop, subscribe: Any) -> None:
    async with await shop.clerk() as clerk:
        query = "subscription($s: ID!) { stockChanged(storeId: $s) { reason } }"
        socket = await subscribe(clerk._token, query, s=shop.other_store)
        told = json.loads(await asyncio.wait_for(socket.recv(), 10))
    errors = told["payload"] if told["type"] == "error" else told["payload"]["errors"]
    assert errors[0]["extensions"]["code"] == "FORBIDDEN_SCOPE"


async def test_a_stream_without_a_token_is_closed(subscribe: Any) -> None:
    with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
        await subscribe(None, "subscription { stockChanged(storeId: 1) { reason } }")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403
