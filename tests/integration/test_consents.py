"""Consent from the gateway to the ledger, and the notice that a customer can read."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from infra.api import Refused
from tests.integration.shop import Shop, fresh

pytestmark = pytest.mark.anyio

GRANTED = "query($id: ID!) { consents(memberId: $id) { current { purpose channel granted } } }"


async def test_a_customer_reads_the_notice_agrees_and_withdraws(shop: Shop) -> None:
    version = f"v-{fresh()[-8:]}"
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        await admin.change(
            "publishNotice", "notice { version }", id=fresh(), purpose="MARKETING",
            version=version, textZh="新品与优惠 <告知>", textEn="Offers & news",
            validFrom=datetime.now(UTC).isoformat(),
        )  # fmt: skip
        member = await shop.member(clerk)

        async with httpx.AsyncClient() as customer:
            page = await customer.get(f"{shop.url}/notice/marketing")
            nothing = await customer.get(f"{shop.url}/notice/else")
        assert page.status_code == 200
        assert "新品与优惠 &lt;告知&gt;" in page.text
        assert version in page.text
        assert nothing.status_code == 404

        async def say(granted: bool, named: str) -> Any:
            consent = {
                "purpose": "MARKETING", "channel": "SMS", "noticeVersion": named,
                "granted": granted, "proof": "QR",
            }  # fmt: skip
            return await clerk.change(
                "recordConsents", "consents { current { purpose } }", id=fresh(),
                memberId=member, storeId=shop.store, consents=[consent],
            )  # fmt: skip

        with pytest.raises(Refused, match="NOTICE_NOT_IN_FORCE"):
            await say(True, "an-older-one")
        await say(True, version)
        await say(False, version)

        answer = await clerk.ask(GRANTED, id=member)
        assert {"purpose": "MARKETING", "channel": "SMS", "granted": False} in answer["consents"][
            "current"
        ]
