"""Stacks sorted into what a process does, and on whose behalf."""

from collections import Counter

import pytest

from infra.figures import Figures
from infra.profiles import AMQP, GRAPHQL, JSON, LOOP, OTHER, SQL, Profile, category, waited
from infra.profiles import on_behalf_of as owner

WORKER = "eventlet.greenpool:GreenPool._spawn_n_impl;nameko.containers:run"
SERVICE = f"{WORKER};services.order.service:OrderService.place_order"
CHECKOUT = f"{SERVICE};services.order.checkout:place_order"
QUERY = f"{CHECKOUT};sqlalchemy.orm.session:Session.execute"


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        (CHECKOUT, "services.order.checkout"),
        (f"{CHECKOUT};decimal:quantize", "services.order.checkout"),
        (QUERY, "SQLAlchemy"),
        (f"{QUERY};psycopg.cursor:Cursor.execute", SQL),
        (f"{QUERY};shared.green:_wait;eventlet.hubs:trampoline", SQL),
        (f"{WORKER};amqp.transport:write;eventlet.greenio.base:GreenSocket.send", AMQP),
        (f"{SERVICE};shared.contracts:decode", JSON),
        (f"{SERVICE};shared.rpc:Line.reply", "shared.rpc"),
        ("uvicorn.server:Server.run;asyncio.runners:run;graphql.execution:execute", GRAPHQL),
        ("eventlet.hubs.hub:BaseHub.run;select:poll", LOOP),
        ("uvicorn.server:Server.run;asyncio.runners:run", LOOP),
        ("threading:Thread.run", OTHER),
    ],
)
def test_a_stack_belongs_to_the_innermost_frame_that_says_something(
    stack: str, expected: str
) -> None:
    assert category(stack) == expected


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        (QUERY, "services.order.checkout:place_order"),
        (f"{CHECKOUT};shared.outbox:emit", "services.order.checkout:place_order"),
        (f"{WORKER};shared.inbox:apply;sqlalchemy.orm:execute", "shared.inbox:apply"),
        (f"{WORKER};amqp.transport:read", AMQP),
        ("eventlet.hubs.hub:BaseHub.run;shared.green:_wait", SQL),
    ],
)
def test_libraries_run_on_behalf_of_a_capability(stack: str, expected: str) -> None:
    assert owner(stack) == expected


def test_milliseconds_are_shares_of_what_the_kernel_has_counted() -> None:
    profile = Profile({"order": Counter({CHECKOUT: 1, QUERY: 3}), "app": Counter()},
                      {"order": 8.0, "app": 0.1})  # fmt: skip

    result = profile.result()

    assert list(result) == ["order", "app"]
    assert result["order"]["by_category"] == {"SQLAlchemy": 6.0, "services.order.checkout": 2.0}
    assert result["order"]["on_behalf_of"] == {"services.order.checkout:place_order": 8.0}
    assert result["app"]["by_category"] == {}


def test_what_a_sale_waits_for_is_what_happens_with_every_sale() -> None:
    spent = Figures(
        {}, {}, {},
        times={"order.place_order": 2, "directory.sign_in": 0, "gateway.mutation": 2},
        seconds={"order.place_order": 0.03, "directory.sign_in": 0, "gateway.mutation": 0.04},
    )  # fmt: skip

    assert waited([0.02, 0.03], spent) == {
        "client": 25.0, "gateway.mutation": 20.0, "order.place_order": 15.0,
    }  # fmt: skip
