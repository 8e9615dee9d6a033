"""The audit sees one changed row, in whichever database it is."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest

from infra import trial
from infra.selling import Sale, in_cash, lines_of, place, quote
from infra.trial import Plan, id_of
from shared.ids import new_id
from tests.conftest import RunningStack

NAME = "audited"
PLAN = Plan(NAME, phones=19_500_000_000, stores=1, tills=1, pieces=4, members=2)
SALES = 4
STORE = id_of(NAME, "store", "1")
MEMBER = id_of(NAME, "member", "0")

# Service: what the audit has to say, the change, and how it is taken back.
TAMPERED = {
    "order": (
        "every piece sold left the shelf once, and came back once where the sale was voided",
        "UPDATE order_lines SET quantity = quantity {sign} 1 FROM orders"
        f" WHERE orders.id = order_id AND store_id = '{STORE}' AND line = 1",
    ),
    "inventory": (
        "inventory: on hand = sum of movements",
        f"UPDATE stock SET on_hand = on_hand {{sign}} 1 WHERE store_id = '{STORE}'",
    ),
    "loyalty": (
        "every order and return is booked once in loyalty, and a voided sale compensated once",
        f"UPDATE orders_booked SET spend_minor = spend_minor {{sign}} 1 WHERE store_id = '{STORE}'",
    ),
    "campaign": (
        "redemptions = the orders' promotions, given back where nothing is left of them",
        "UPDATE redemptions SET discount_minor = discount_minor {sign} 1"
        f" WHERE store_id = '{STORE}'",
    ),
    "member": (
        "purchase facts = Σ orders of the member that stand",
        "UPDATE purchase_facts SET spent_minor = spent_minor {sign} 1"
        f" WHERE member_id = '{MEMBER}'",
    ),
    "directory": (
        "order's copy of the stores = directory's stores",
        f"UPDATE stores SET version = version {{sign}} 1 WHERE id = '{STORE}'",
    ),
}


async def sell(environment: dict[str, str]) -> None:
    async with AsyncExitStack() as closing:
        chain = await trial.set_up(environment, PLAN, closing)
        till = chain.tills[0]
        for _ in range(SALES):
            lines = lines_of([(piece, 1) for piece in chain.pieces[:2]])
            total = int((await quote(till.api, STORE, lines, MEMBER))["totalMinor"])
            await place(Sale(str(new_id()), till, lines, MEMBER, [], total, in_cash(total)))


@pytest.fixture(scope="module")
def sold(stack: RunningStack) -> RunningStack:
    asyncio.run(sell(stack.environment))
    return stack


def change(stack: RunningStack, service: str, sign: str) -> None:
    address = f"{stack.environment['DATABASE_URL']}/chainstitch_{service}"
    with psycopg.connect(address) as connection:
        # As somebody would who may do anything: the ledgers' triggers refuse every change.
        connection.execute("SET session_replication_role = replica")
        statement = TAMPERED[service][1].format(sign=sign)
        assert connection.execute(statement.encode()).rowcount > 0


def audit(stack: RunningStack, settle: str) -> tuple[int, dict[str, Any]]:
    done = stack.run("audit", "--settle", settle, "--json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_it_is_clean_after_some_sales(sold: RunningStack) -> None:
    code, told = audit(sold, "30")

    assert told["differences"] == []
    assert told["checks"] > len(TAMPERED)
    assert code == 0


def test_a_changed_row_in_any_database_is_a_difference(sold: RunningStack) -> None:
    for service in TAMPERED:
        change(sold, service, "+")
    try:
        code, told = audit(sold, "0")
    finally:
        for service in TAMPERED:
            change(sold, service, "-")

    found = {difference["check"] for difference in told["differences"]}
    assert {check for check, _ in TAMPERED.values()} <= found
    assert code == 1
    assert audit(sold, "10") == (0, {"checks": told["checks"], "differences": []})
