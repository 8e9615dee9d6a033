"""What must hold when many want the same thing at once (K2, K3, K6, K11, K16)."""

import asyncio
from collections import Counter

import pytest

from tests.integration.conftest import Rows
from tests.integration.shop import PRICE, Shop, fresh, outcome, sell, until

pytestmark = pytest.mark.anyio


async def test_200_buyers_for_50_pieces(shop: Shop, rows: Rows) -> None:
    async with await shop.admin() as admin, await shop.till() as till:
        sku = await shop.piece(admin, 50)
        sales = [shop.sale(sku) for _ in range(200)]
        outcomes = Counter(await asyncio.gather(*(outcome(till, sale) for sale in sales)))
        assert outcomes == {"placed": 50, "OUT_OF_STOCK": 150}

        async def settled() -> bool:
            return await shop.level(till, sku) == {"onHand": 0, "reserved": 0, "available": 0}

        await until(settled)
    ids = [sale["orderId"] for sale in sales]
    placed = rows("order", "SELECT count(*) FROM orders WHERE id = ANY(%s) AND status = 'placed'",
                  ids)  # fmt: skip
    assert placed == [(50,)]


async def test_50_buyers_for_a_coupon_with_cap_10(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.till() as till:
        sku = await shop.piece(admin, 100)
        promotion, code = fresh(), f"C-{fresh()[-12:]}"
        await admin.change("publishPromotion", "promotion { version }", version=0, promotion={
            "id": promotion, "code": code, "nameZh": "减十元", "nameEn": "10 off",
            "rule": {"type": "amount_off", "threshold_minor": PRICE, "off_minor": 1_000},
            "needsCoupon": True,
        })  # fmt: skip
        await admin.change("issueCoupons", "coupons { code }",
                           items=[{"code": code, "promotionId": promotion,
                                   "capTotal": 10}])  # fmt: skip
        sales = [shop.sale(sku, total=PRICE - 1_000, couponCodes=[code]) for _ in range(50)]

        outcomes = Counter(await asyncio.gather(*(outcome(till, sale) for sale in sales)))
        assert outcomes == {"placed": 10, "COUPON_USED_UP": 40}

        async def redeemed() -> bool:
            answer = await till.ask(
                "query($c: [String!]!) { coupons(codes: $c) { used held } }", c=[code]
            )
            return bool(answer["coupons"] == [{"used": 10, "held": 0}])

        await until(redeemed)


async def test_the_whole_wallet_is_spent_once(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        sku = await shop.piece(admin, 10)
        member = await shop.member(clerk)
        await clerk.change(
            "topUp", "account { walletPrincipalMinor }", id=fresh(), storeId=shop.store,
            memberId=member, currency="CNY", paidMinor=str(PRICE), tender="CASH",
        )  # fmt: skip
        wallet = [{"kind": "WALLET", "amountMinor": str(PRICE)}]
        sales = [shop.sale(sku, memberId=member, tenders=wallet) for _ in range(2)]
        outcomes = Counter(await asyncio.gather(*(outcome(clerk, sale) for sale in sales)))
        assert outcomes == {"placed": 1, "NOT_ENOUGH_WALLET": 1}

        async def spent() -> bool:
            account = await shop.account(clerk, member)
            level = await shop.level(clerk, sku)
            return account["walletPrincipalMinor"] == "0" and level["available"] == 9

        await until(spent)


async def test_one_order_sent_20_times_is_one_order(shop: Shop, rows: Rows) -> None:
    async with await shop.admin() as admin, await shop.till() as till:
        sku = await shop.piece(admin, 100)
        sale = shop.sale(sku)
        answers = await asyncio.gather(*(sell(till, sale) for _ in range(20)))
        assert all(answer == answers[0] for answer in answers)
        # An hour later the answer is still the same.
        rows(
            "order",
            "UPDATE orders SET created_at = created_at - interval '1 hour',"
            " worked_until = worked_until - interval '1 hour' WHERE id = %s",
            sale["orderId"],
        )
        assert await sell(till, sale) == answers[0]
        other = {**sale, "channel": "APP"}
        assert await outcome(till, other) == "ORDER_CONFLICT"

        async def settled() -> bool:
            return await shop.level(till, sku) == {"onHand": 99, "reserved": 0, "available": 99}

        await until(settled)


async def test_one_sku_on_two_lines_never_oversells(shop: Shop) -> None:
    async with await shop.admin() as admin, await shop.till() as till:
        sku = await shop.piece(admin, 3)
        two = [{"line": n, "skuId": sku, "quantity": 2} for n in (1, 2)]
        assert await outcome(till, shop.sale(sku, total=4 * PRICE, lines=two)) == "OUT_OF_STOCK"
        mixed = [{"line": 1, "skuId": sku, "quantity": 1}, {"line": 2, "skuId": sku, "quantity": 2}]
        assert await outcome(till, shop.sale(sku, total=3 * PRICE, lines=mixed)) == "placed"
        assert await outcome(till, shop.sale(sku)) == "OUT_OF_STOCK"
