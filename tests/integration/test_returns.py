"""Goods come back through the gateway: stock, money, points, wallet and coupon follow."""

import json
from typing import Any

import pytest

from infra.api import Api, Refused
from tests.conftest import RunningStack
from tests.integration.shop import PRICE, Shop, fresh, sell, until

pytestmark = pytest.mark.anyio

RETURN = """returnReceipt { number receiptNumber refundMinor pointsTaken
    refunds { kind amountMinor points reference } lines { quantity condition } }
    returnQuote { refundMinor left { line quantity refundMinor } }"""


@pytest.mark.parametrize("parts", [[(3, "SELLABLE")], [(1, "SELLABLE"), (2, "DAMAGED")]])
async def test_what_was_sold_comes_back_to_another_store_and_leaves_nothing_behind(
    shop: Shop, stack: RunningStack, parts: list[tuple[int, str]]
) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 5)
        member = await rich_member(shop, clerk)
        code = await own_coupon(shop, admin, sku, member)
        before = await shop.account(clerk, member)
        order = await sell(clerk, paid_with_everything(shop, sku, member, code))
        await until(lambda: _booked(shop, clerk, member, 1))
        assert await _used(clerk, code) == 1

        for quantity, condition in parts:
            line = {"line": 1, "quantity": quantity, "condition": condition}
            made = await admin.change("returnGoods", RETURN, **brought_back(shop, order, line))
            assert made["returnReceipt"]["refundMinor"] == str(quantity * 9_000)

        async def as_before() -> bool:
            return bool(await shop.account(clerk, member) == before)

        await until(as_before)
        await until(lambda: _unused(clerk, code))
        sellable = sum(quantity for quantity, condition in parts if condition == "SELLABLE")
        assert (await shop.level(admin, sku))["onHand"] == 2
        assert (await shop.level(admin, sku, shop.other_store))["onHand"] == sellable
        assert await _shown(clerk, order["receiptNumber"]) == {
            "id": order["id"],
            "returnedMinor": "27000",
            "returned": [{"line": 1, "quantity": 3}],
        }
    await until(lambda: _audited(stack), seconds=60)


async def test_the_customer_is_told_the_right_sum_first(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 5)
        order = await sell(clerk, shop.sale(sku, 2))
        wrong = brought_back(shop, order, {"line": 1, "quantity": 1}) | {"storeId": shop.store}

        with pytest.raises(Refused) as refused:
            await clerk.change("returnGoods", RETURN, **wrong)

        assert refused.value.code == "REFUND_CHANGED"
        quoted = await clerk.ask(
            """query($o: ID!, $s: ID!, $l: [ReturnLineInput!]!) {
                returnQuote(orderId: $o, storeId: $s, lines: $l) { refundMinor
                    refunds { kind amountMinor } left { line quantity } } }""",
            o=order["id"], s=shop.store, l=[{"line": 1, "quantity": 1}],
        )  # fmt: skip
        assert quoted["returnQuote"] == {
            "refundMinor": str(PRICE),
            "refunds": [{"kind": "CASH", "amountMinor": str(PRICE)}],
            "left": [{"line": 1, "quantity": 1}],
        }


async def test_a_piece_is_exchanged_for_another_in_one_step(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        worn, wanted = await shop.piece(admin, 5), await shop.piece(admin, 5)
        order = await sell(clerk, shop.sale(worn))
        exchange = {
            "returnId": fresh(),
            "orderId": order["id"],
            "lines": [{"line": 1, "quantity": 1}],
            "refundMinor": str(PRICE),
            "reason": "尺码不合",
        }

        made = await clerk.change(
            "placeOrder", "order { status tenders { kind amountMinor returnId } }",
            **shop.sale(wanted, tenders=[], exchange=exchange),
        )  # fmt: skip

        assert made["order"]["status"] == "PLACED"
        [tender] = made["order"]["tenders"]
        assert tender == {
            "kind": "CASH", "amountMinor": str(PRICE), "returnId": exchange["returnId"],
        }  # fmt: skip

        async def swapped() -> bool:
            levels = [(await shop.level(clerk, sku))["onHand"] for sku in (worn, wanted)]
            return levels == [5, 4]

        await until(swapped)


async def rich_member(shop: Shop, clerk: Api) -> str:
    """Somebody with 100.00 in the wallet and 1,000 points."""
    member = await shop.member(clerk)
    await clerk.change(
        "topUp", "account { points }", id=fresh(), storeId=shop.store, memberId=member,
        currency="CNY", paidMinor="10000", tender="CASH",
    )  # fmt: skip
    await clerk.change(
        "adjustPoints", "account { points }", id=fresh(), storeId=shop.store, memberId=member,
        points=1_000, reason="开业赠送",
    )  # fmt: skip
    return member


async def own_coupon(shop: Shop, admin: Api, sku: str, member: str) -> str:
    """A tenth off this piece, once."""
    answer = await admin.ask(
        "query($s: [ID!]!, $t: ID!) { skusById(ids: $s, storeId: $t) { styleId } }",
        s=[sku], t=shop.store,
    )  # fmt: skip
    promotion, code = fresh(), f"C{fresh()[-10:]}"
    await admin.change(
        "publishPromotion", "promotion { version }", version=0,
        promotion={
            "id": promotion, "code": code, "nameZh": "九折券", "nameEn": "Ten off",
            "rule": {"type": "percentage", "off_basis_points": 1000}, "needsCoupon": True,
            "eligibility": {"styleIds": [answer["skusById"][0]["styleId"]]},
        },
    )  # fmt: skip
    item = {"code": code, "promotionId": promotion, "memberId": member}
    await admin.change("issueCoupons", "coupons { code }", items=[item])
    return code


def paid_with_everything(shop: Shop, sku: str, member: str, code: str) -> dict[str, Any]:
    return shop.sale(
        sku, 3, memberId=member, total=27_000, couponCodes=[code],
        tenders=[
            {"kind": "POINTS", "amountMinor": "1000", "points": 1_000},
            {"kind": "WALLET", "amountMinor": "10000"},
            {"kind": "CASH", "amountMinor": "16000"},
        ],
    )  # fmt: skip


def brought_back(shop: Shop, order: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    return {
        "returnId": fresh(),
        "orderId": order["id"],
        "storeId": shop.other_store,
        "lines": [line],
        "refundMinor": str(int(line["quantity"]) * 9_000),
        "reason": "尺码不合",
    }


async def _booked(shop: Shop, clerk: Api, member: str, orders: int) -> bool:
    account = await shop.account(clerk, member)
    return bool(account["count"] == orders and account["points"] == 260)


async def _used(api: Api, code: str) -> int:
    answer = await api.ask("query($c: [String!]!) { coupons(codes: $c) { used } }", c=[code])
    return int(answer["coupons"][0]["used"])


async def _unused(api: Api, code: str) -> bool:
    return await _used(api, code) == 0


async def _shown(clerk: Api, receipt: str) -> Any:
    answer = await clerk.ask(
        """query($r: String!) { orders(receiptNumber: $r) { edges { node {
            id returnedMinor returned { line quantity } } } } }""",
        r=receipt,
    )
    [edge] = answer["orders"]["edges"]
    return edge["node"]


async def _audited(stack: RunningStack) -> bool:
    answer = stack.run("audit", "--json").stdout.splitlines()
    return bool(answer and json.loads(answer[-1])["differences"] == [])
