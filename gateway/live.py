"""Live changes: events of the broker handed to the subscriptions of this gateway.

Each copy of the gateway has a queue of its own that ends with it. A subscriber that does not keep
up loses the oldest changes: levels carry versions and orders can be read again.
"""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aio_pika
import msgspec
from aio_pika.abc import AbstractIncomingMessage

from gateway.rpc import Rpc
from shared.contracts import Envelope
from shared.contracts.campaign.tasks import TaskChanged
from shared.contracts.inventory import StockChanged, StockDiscrepancy, StockLow
from shared.contracts.loyalty import OrderBooked, PointsExpiring
from shared.contracts.loyalty.returns import ReturnBooked
from shared.contracts.loyalty.tiers import NearNextTier, TierLapsing
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided
from shared.contracts.order.returns import OrderReturned

EVENTS: dict[str, Any] = {
    kind.type: kind
    for kind in (
        StockChanged,
        StockLow,
        StockDiscrepancy,
        OrderBooked,
        PointsExpiring,
        NearNextTier,
        TierLapsing,
        OrderPlaced,
        OrderCancelled,
        OrderVoided,
        OrderReturned,
        ReturnBooked,
        TaskChanged,
    )
}
BACKLOG = 100


class Live:
    """Fans events out to subscribers by (event type, store)."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._subscribers: dict[tuple[str, UUID], set[asyncio.Queue[Any]]] = defaultdict(set)

    async def start(self) -> None:
        channel = await self._rpc.connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=200)
        exchange = await channel.declare_exchange(
            "chainstitch.events", aio_pika.ExchangeType.TOPIC, durable=True
        )
        queue = await channel.declare_queue(
            f"live.gateway-{uuid.uuid4()}", arguments={"x-expires": 60_000, "x-max-length": 10_000}
        )
        for event_type in EVENTS:
            await queue.bind(exchange, event_type)
        await queue.consume(self._on_event, no_ack=True)

    async def _on_event(self, message: AbstractIncomingMessage) -> None:
        event_type = message.routing_key or ""
        if not any(kind == event_type for kind, _ in self._subscribers):
            return
        envelope_type: Any = Envelope
        event = msgspec.json.decode(message.body, type=envelope_type[EVENTS[event_type]]).data
        for queue in self._subscribers.get((event_type, event.store_id), ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    async def listen(self, store_id: UUID, *kinds: Any) -> AsyncIterator[Any]:
        """The events of these kinds in one store, from now on."""
        queue: asyncio.Queue[Any] = asyncio.Queue(BACKLOG)
        keys = [(kind.type, store_id) for kind in kinds]
        for key in keys:
            self._subscribers[key].add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            for key in keys:
                self._subscribers[key].discard(queue)
                if not self._subscribers[key]:
                    del self._subscribers[key]
