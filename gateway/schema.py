"""The GraphQL schema. `python -m gateway.schema` prints it; `schema.graphql` is that, committed."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import graphene

from gateway import receipts, sign_in
from gateway.context import Context
from gateway.mapping import arguments, object_type, to_command
from gateway.operations import MUTATIONS, QUERIES, mutation, query
from gateway.refusals import RefusalType, describe, fault
from shared.contracts import directory, inventory, loyalty, member, operation_of, order
from shared.contracts.campaign.tasks import GetTask, Task, TaskChanged
from shared.contracts.loyalty.returns import ReturnBooked
from shared.contracts.loyalty.tiers import NearNextTier, TierLapsing
from shared.contracts.order.returns import OrderReturned
from shared.errors import Forbidden, InvalidInput, Refusal


class QuotePayload(graphene.ObjectType):
    quote = graphene.Field(object_type(order.Quote))
    refusal = graphene.Field(RefusalType)


class StockAlert(graphene.ObjectType):
    """A piece runs low (I2), or was sold though the books had none: `shortage`."""

    sku_id = graphene.NonNull(graphene.ID)
    available = graphene.NonNull(graphene.Int)
    threshold = graphene.Int()
    order_id = graphene.ID()
    shortage = graphene.NonNull(graphene.Boolean)

    @staticmethod
    def resolve_shortage(root: Any, _info: Any) -> bool:
        return isinstance(root, inventory.StockDiscrepancy)

    @staticmethod
    def resolve_threshold(root: Any, _info: Any) -> int | None:
        return getattr(root, "threshold", None)

    @staticmethod
    def resolve_order_id(root: Any, _info: Any) -> Any:
        return getattr(root, "order_id", None)


class OrderChange(graphene.ObjectType):
    """An order was placed, cancelled or voided in the store, or goods of one came back to it."""

    order_id = graphene.NonNull(graphene.ID)
    status = graphene.NonNull(graphene.String)
    order = graphene.Field(object_type(order.Order))

    @staticmethod
    async def resolve_order(root: dict[str, Any], info: Any) -> Any:
        found = await info.context.call(order.GetOrders(ids=[root["order_id"]]))
        return found.items[0] if found.items else None


class TaskChange(graphene.ObjectType):
    """A task of the store was raised, taken, handed on or ended. `task` is empty for whoever may
    not see it: it is somebody else's now."""

    task_id = graphene.NonNull(graphene.ID)
    version = graphene.NonNull(graphene.Int)
    task = graphene.Field(object_type(Task))

    @staticmethod
    async def resolve_task(root: Any, info: Any) -> Any:
        try:
            return await info.context.call(GetTask(id=root.task_id))
        except Refusal as refusal:
            if refusal.code in ("TASK_OF_ANOTHER", "UNKNOWN_TASK"):
                return None
            raise fault(refusal, info.context.language) from refusal


async def _quote(_root: Any, info: Any, **values: Any) -> dict[str, Any]:
    context: Context = info.context
    try:
        return {"quote": await context.call(to_command(order.GetQuote, values))}
    except Forbidden as error:
        raise fault(error, context.language) from error
    except Refusal as error:
        return {"refusal": describe(error, context.language)}
    except Exception as error:
        raise fault(error, context.language) from error


async def _member(_root: Any, info: Any, id: str) -> Any:  # noqa: A002
    return await _one(info, "member", id)


async def _one(info: Any, kind: str, id: str) -> Any:  # noqa: A002
    try:
        return await info.context.load(kind, _uuid(id))
    except Exception as error:
        raise fault(error, info.context.language) from error


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput("INVALID_INPUT", {"field": "$.id", "reason": "no UUID"}) from error


def _argument(name: str) -> dict[str, Any]:
    return {name: graphene.Argument(graphene.NonNull(graphene.ID))}


Query = type(
    "Query",
    (graphene.ObjectType,),
    {
        **{name: query(command) for name, command in QUERIES.items()},
        "quote": graphene.Field(
            graphene.NonNull(QuotePayload),
            args=arguments(order.GetQuote),
            resolver=_quote,
            description=inspect.getdoc(order.GetQuote),
        ),
        "member": graphene.Field(
            object_type(member.Member), args=_argument("id"), resolver=_member
        ),
        "now": graphene.Field(
            graphene.NonNull(graphene.DateTime),
            resolver=lambda _root, _info: datetime.now(UTC),
            description="The time here: a device whose clock is wrong goes by this one.",
        ),
    },
)

Mutation = type(
    "Mutation",
    (graphene.ObjectType,),
    {
        **sign_in.FIELDS,
        **receipts.FIELDS,
        **{operation_of(command): mutation(command) for command in MUTATIONS},
    },
)


async def _events(info: Any, store_id: str, *kinds: Any) -> AsyncIterator[Any]:
    """Events of a store, if the caller's scope reaches it, until its token expires."""
    context: Context = info.context
    try:
        store = _uuid(store_id)
        within = await context.call(directory.ListStores())
        if store not in {item.id for item in within.items}:
            raise Forbidden("FORBIDDEN_SCOPE")
    except Exception as error:
        raise fault(error, context.language) from error
    session = context.session
    stream = context.live.listen(store, *kinds)
    try:
        while session is not None:
            async with asyncio.timeout(max(session.expires_at - time.time(), 0)):
                yield await anext(stream)
    except TimeoutError as error:
        raise fault(Forbidden("UNSEALED"), context.language) from error
    finally:
        await stream.aclose()


class Subscription(graphene.ObjectType):
    """Changes of one store, over graphql-transport-ws; the token goes into `connection_init`."""

    stock_changed = graphene.Field(
        graphene.NonNull(object_type(inventory.StockChanged)), args=_argument("store_id")
    )
    stock_alert = graphene.Field(graphene.NonNull(StockAlert), args=_argument("store_id"))
    order_changed = graphene.Field(graphene.NonNull(OrderChange), args=_argument("store_id"))
    order_booked = graphene.Field(
        graphene.NonNull(object_type(loyalty.OrderBooked)), args=_argument("store_id")
    )
    return_booked = graphene.Field(
        graphene.NonNull(object_type(ReturnBooked)), args=_argument("store_id")
    )
    points_expiring = graphene.Field(
        graphene.NonNull(object_type(loyalty.PointsExpiring)), args=_argument("store_id")
    )
    near_next_tier = graphene.Field(
        graphene.NonNull(object_type(NearNextTier)), args=_argument("store_id")
    )
    tier_lapsing = graphene.Field(
        graphene.NonNull(object_type(TierLapsing)), args=_argument("store_id")
    )

    task_changed = graphene.Field(graphene.NonNull(TaskChange), args=_argument("store_id"))

    @staticmethod
    def subscribe_task_changed(_root: Any, info: Any, store_id: str) -> AsyncIterator[Any]:
        return _events(info, store_id, TaskChanged)

    @staticmethod
    def subscribe_stock_changed(_root: Any, info: Any, store_id: str) -> AsyncIterator[Any]:
        return _events(info, store_id, inventory.StockChanged)

    @staticmethod
    def subscribe_stock_alert(_root: Any, info: Any, store_id: str) -> AsyncIterator[Any]:
        return _events(info, store_id, inventory.StockLow, inventory.StockDiscrepancy)

    @staticmethod
    def subscribe_order_booked(_root: Any, info: Any, store_id: str) -> AsyncIterator[Any]:
        return _events(info, store_id, loyalty.OrderBooked)

    @staticmethod
    def subscribe_return_booked(_root: Any, info: Any, store_id: str) -> AsyncIterator[Any]:
        return _events(info, store_id, ReturnBooked)

    @staticmethod
    def subscribe_points_expiring(_root: Any, info: Any, store_id: str) -> AsyncIterator[Any]:
        return _events(info, store_id, loyalty.PointsExpiring)

    @staticmethod
    def subscribe_near_next_tier(_root: Any, info: Any, store_id: str) -> AsyncIterator[Any]:
        return _events(info, store_id, NearNextTier)

    @staticmethod
    def subscribe_tier_lapsing(_root: Any, info: Any, store_id: str) -> AsyncIterator[Any]:
        return _events(info, store_id, TierLapsing)

    @staticmethod
    async def subscribe_order_changed(_root: Any, info: Any, store_id: str) -> AsyncIterator[Any]:
        names: dict[Any, str] = {
            order.OrderPlaced: "placed",
            order.OrderCancelled: "cancelled",
            order.OrderVoided: "voided",
            OrderReturned: "returned",
        }
        async for event in _events(info, store_id, *names):
            yield {"order_id": event.order_id, "status": names[type(event)]}

    @staticmethod
    def resolve_stock_changed(root: Any, _info: Any, store_id: str) -> Any:
        return root

    resolve_order_changed = resolve_order_booked = resolve_stock_alert = resolve_stock_changed
    resolve_points_expiring = resolve_return_booked = resolve_stock_changed
    resolve_near_next_tier = resolve_tier_lapsing = resolve_stock_changed
    resolve_task_changed = resolve_stock_changed


schema = graphene.Schema(query=Query, mutation=Mutation, subscription=Subscription)

if __name__ == "__main__":
    print(schema)
