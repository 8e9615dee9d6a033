"""A person is erased in every service, and nothing of them is found anywhere (K37)."""

import json
import time
from typing import Any

import psycopg
import pytest
from psycopg import sql

from infra.api import Refused
from shared.contracts import SERVICES
from tests.conftest import RunningStack
from tests.integration.conftest import Rows
from tests.integration.shop import Shop, fresh, sell, until

pytestmark = pytest.mark.anyio

NAME, NOTE = "尉迟试客", "偏爱靛蓝扎染"
ERASURE = """erasure { status refusal answers { service destroyed { table dataClass rows } } }"""
SHOWN = "query($id: ID!) { erasures(id: $id) { edges { node { " + ERASURE[10:-2] + " } } } }"


def found_anywhere(stack: RunningStack, words: list[str]) -> list[tuple[str, str, str]]:
    """Where one of the words stands in a column of any table of any service."""
    places = []
    for service in SERVICES:
        address = f"{stack.environment['DATABASE_URL']}/chainstitch_{service}"
        with psycopg.connect(address) as connection:
            columns = connection.execute(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = 'public'"
                " AND data_type IN ('text', 'jsonb', 'ARRAY', 'bytea', 'character varying')"
            ).fetchall()
            for table, column in columns:
                query = sql.SQL("SELECT count(*) FROM {} WHERE {}::text LIKE ANY(%s)").format(
                    sql.Identifier(table), sql.Identifier(column)
                )
                count = connection.execute(query, ([f"%{word}%" for word in words],)).fetchone()
                if count and count[0]:
                    places.append((service, table, column))
    return places


async def with_everything(shop: Shop, rows: Rows, phone: str) -> str:
    """A member of whom there is something of everything, everywhere."""
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        key = f"hobby_{fresh()[-6:]}"
        await admin.change(
            "publishField", "field { version }", id=fresh(),
            field={
                "subject": "MEMBER", "key": key, "labelZh": "爱好", "labelEn": "Hobby",
                "kind": {"type": "text"}, "seenBy": ["STORE_MANAGER"],
                "editedBy": ["STORE_MANAGER"],
            },
        )  # fmt: skip
        sku = await shop.piece(admin, 5)
        member = await shop.member(
            clerk, phone=phone, name=NAME, city="靛城", fields={key: "收藏古着纽扣"}
        )
        await clerk.change("tagMember", "member { id }", memberId=member, add=["靛蓝控"])
        await clerk.change(
            "recordContact", "happening { id }", id=fresh(), memberId=member,
            storeId=shop.store, kind="NOTE", text=NOTE,
        )  # fmt: skip
        await sell(clerk, shop.sale(sku, memberId=member))
        await clerk.change(
            "adjustPoints", "account { points }", id=fresh(), storeId=shop.store,
            memberId=member, points=50, reason="尉迟试客来电",
        )  # fmt: skip

        async def booked() -> bool:
            known = "SELECT count(*) FROM happenings WHERE member_id = %s AND kind = 'points'"
            return rows("member", known, member) == [(2,)]

        await until(booked)
        return member


async def test_k37_a_person_is_erased_everywhere_within_a_minute(
    shop: Shop, stack: RunningStack, rows: Rows
) -> None:
    phone = "138" + "".join(str(int(digit, 16) % 10) for digit in fresh()[-8:])
    member = await with_everything(shop, rows, phone)
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        words = [phone, phone[-8:], NAME, NOTE, "靛蓝控", "收藏古着", "靛城", "尉迟"]
        assert {place[0] for place in found_anywhere(stack, words)} >= {"member", "loyalty"}
        sums = "SELECT sum(total_minor) FROM orders WHERE member_id = %s"
        before = rows("order", sums, member)

        erasure = fresh()
        asked = {"id": erasure, "memberId": member, "reason": "ASKED_BY_MEMBER"}
        await clerk.change("requestErasure", ERASURE, **asked)
        with pytest.raises(Refused, match="SECOND_PERSON_NEEDED"):
            await clerk.change("confirmErasure", ERASURE, id=erasure)
        started = time.monotonic()
        await admin.change("confirmErasure", ERASURE, id=erasure)

        async def certified() -> Any:
            node = (await admin.ask(SHOWN, id=erasure))["erasures"]["edges"][0]["node"]
            assert node["refusal"] is None, node
            return node if node["status"] == "ERASED" else None

        certificate = await until(certified, 60)
        print(f"erased in {time.monotonic() - started:.2f} s")
        assert {each["service"] for each in certificate["answers"]} == set(SERVICES)
        assert not any(word in json.dumps(certificate, ensure_ascii=False) for word in words)

        async def nothing_left() -> bool:
            # Remarks on documents are in the outbox until it is pruned, a week later.
            left = found_anywhere(stack, words)
            return all(table == "outbox" for _, table, _ in left)

        await until(nothing_left)
        assert {
            (service, table)
            for service, table, _ in found_anywhere(stack, [phone, NOTE, "收藏古着"])
        } == set()
        assert rows("order", sums, member) == before
        assert rows("loyalty", "SELECT sum(balance) FROM balances JOIN member_accounts"
                    " USING (account_id) WHERE member_id = %s", member) == [(0,)]  # fmt: skip

        again = await shop.member(clerk, phone=phone, name="新客")
        assert again != member


async def test_money_in_the_wallet_stops_an_erasure(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        member = await shop.member(clerk)

        async def paid() -> Any:
            try:
                return await clerk.change(
                    "topUp", "account { points }", id=fresh(), storeId=shop.store,
                    memberId=member, currency="CNY", paidMinor="6000", tender="CASH",
                )  # fmt: skip
            except Refused as refused:
                if refused.code != "UNKNOWN_MEMBER":
                    raise
                return None

        await until(paid)
        erasure = fresh()
        asked = {"id": erasure, "memberId": member, "reason": "ASKED_BY_MEMBER"}
        await clerk.change("requestErasure", ERASURE, **asked)
        await admin.change("confirmErasure", ERASURE, id=erasure)

        async def refused() -> bool:
            node = (await admin.ask(SHOWN, id=erasure))["erasures"]["edges"][0]["node"]
            return bool(node["refusal"] == "WALLET_NOT_EMPTY" and node["status"] == "REQUESTED")

        await until(refused)
        found = await clerk.ask("query($id: ID!) { member(id: $id) { name } }", id=member)
        assert found["member"] is not None
