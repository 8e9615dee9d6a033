"""Birthdays and families through the gateway."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from infra.api import Refused
from tests.integration.shop import Shop, fresh, sell, until

pytestmark = pytest.mark.anyio


async def test_m7_a_member_with_a_lunar_birthday_and_a_family(shop: Shop) -> None:
    async with await shop.clerk() as clerk:
        born = {"calendar": "LUNAR", "month": 8, "day": 15}
        member = await shop.member(clerk, born=born, wechat="昵称", spendingPower="HIGH")
        asked = {"id": fresh(), "memberId": member, "relation": "CHILD", "name": "孩子"}
        with pytest.raises(Refused) as refused:
            await clerk.change("saveRelative", "relative { version }", **asked)
        assert refused.value.code == "GUARDIAN_CONSENT_MISSING"
        await clerk.change(
            "saveRelative", "relative { version }", **asked, guardianConsent=True,
            sizes=[{"name": "top", "value": "130"}],
        )  # fmt: skip
        found = await clerk.ask(
            """query($id: ID!) { member(id: $id) { wechat spendingPower nextBirthday birthday
                born { calendar month day leapMonth year } }
                family(memberId: $id) { name relation sizes { name value } } }""",
            id=member,
        )  # fmt: skip
        assert found["member"].pop("nextBirthday") is not None
        assert found["member"] == {
            "wechat": "昵称", "spendingPower": "HIGH", "birthday": None,
            "born": {"calendar": "LUNAR", "month": 8, "day": 15, "leapMonth": False, "year": None},
        }  # fmt: skip
        sizes = [{"name": "top", "value": "130"}]
        assert found["family"] == [{"name": "孩子", "relation": "CHILD", "sizes": sizes}]


async def test_k34_who_has_a_birthday_soon(shop: Shop) -> None:
    async with await shop.clerk() as clerk:
        soon = datetime.now(UTC).date() + timedelta(days=3)
        member = await shop.member(clerk, born={"month": soon.month, "day": soon.day})
        found = await clerk.ask(
            """query($s: ID!) { birthdays(storeId: $s, days: 5) { edges { node {
                on member { id name } } } } }""",
            s=shop.store,
        )  # fmt: skip
        shown = [edge["node"] for edge in found["birthdays"]["edges"]]
        assert {"on": str(soon), "member": {"id": member, "name": "会员"}} in shown


async def test_l5_double_points_and_a_discount_on_the_birthday(shop: Shop) -> None:
    """What the receipt says is what is booked; a member without a birthday has neither."""
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        code = f"b{fresh()[-8:]}"
        await admin.change(
            "publishBirthdayRule", "birthdayRuleVersion { version }", id=fresh(),
            rule={"privileges": [{"code": code, "nameZh": "生日", "nameEn": "Birthday"}]},
        )  # fmt: skip
        earn = {"type": "earn", "minor_per_point": 100, "privileges_basis_points": {code: 20_000}}
        await admin.change("publishRule", "ruleVersion { version }", id=fresh(), body=earn)
        await admin.change(
            "publishPromotion", "promotion { version }", version=0,
            promotion={
                "id": fresh(), "code": code, "nameZh": "生日 8 折", "nameEn": "Birthday",
                "rule": {"type": "percentage", "off_basis_points": 2_000},
                "eligibility": {"privileges": [code], "storeIds": [shop.store]},
            },
        )  # fmt: skip
        sku = await shop.piece(admin, 5)
        today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
        celebrated = await shop.member(
            clerk, born={"month": today.month, "day": today.day, "year": 1990}
        )
        other = await shop.member(clerk)

        async def quoted() -> Any:
            answer = await clerk.ask(
                """query($s: ID!, $m: ID, $l: [BasketLineInput!]!) {
                    quote(storeId: $s, memberId: $m, lines: $l) { quote {
                        totalMinor pointsExpected privileges { code }
                        lines { reasons { code privilege { code } } } } } }""",
                s=shop.store, m=celebrated, l=[{"line": 1, "skuId": sku, "quantity": 1}],
            )  # fmt: skip
            quote = answer["quote"]["quote"]
            return quote["pointsExpected"] == 160 and quote

        quote = await until(quoted)
        assert quote["totalMinor"] == "8000"
        assert quote["privileges"] == [{"code": code}]
        reasons = quote["lines"][0]["reasons"]
        assert {"code": "APPLIED", "privilege": {"code": code}} in reasons

        sold = await sell(clerk, shop.sale(sku, memberId=celebrated, total=8_000))
        plain = await sell(clerk, shop.sale(sku, memberId=other))
        assert (sold["pointsExpected"], plain["pointsExpected"]) == (160, 100)
        for member, points in ((celebrated, 160), (other, 100)):

            async def booked(member: str = member) -> Any:
                return (await shop.account(clerk, member))["points"]

            assert await until(booked) == points
        answer = await clerk.ask(
            """query($m: ID!) { statement(memberId: $m, account: POINTS) { edges { node {
                reason detail amount } } } }""",
            m=celebrated,
        )  # fmt: skip
        (entry,) = [edge["node"] for edge in answer["statement"]["edges"]]
        assert entry["reason"] == "earned"
        assert entry["detail"].startswith(f"{code} v")
        assert entry["detail"].endswith("x2")
