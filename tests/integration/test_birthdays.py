"""Birthdays and families through the gateway."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.api import Refused
from tests.integration.shop import Shop, fresh

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
