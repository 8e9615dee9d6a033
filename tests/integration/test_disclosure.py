"""A person's data out: one file with what every service holds, and nothing of anybody else."""

import json
from typing import Any

import pytest

from infra.api import Api
from shared.contracts import SERVICES
from tests.gateway.test_disclosures import Read
from tests.integration.conftest import Rows
from tests.integration.shop import Shop, fresh, sell, until
from tests.integration.test_returns import (
    RETURN,
    brought_back,
    own_coupon,
    paid_with_everything,
    rich_member,
)

pytestmark = pytest.mark.anyio
WORDS = {"ours": "常问水洗牛仔", "theirs": "常问米白亚麻"}


async def _customer(shop: Shop, admin: Api, clerk: Api, word: str) -> tuple[str, str, str]:
    """Somebody with a sale, points, wallet, a coupon, a return, a note and a tag."""
    sku = await shop.piece(admin, 5)
    member = await rich_member(shop, clerk)
    code = await own_coupon(shop, admin, sku, member)
    order = await sell(clerk, paid_with_everything(shop, sku, member, code))
    await clerk.change("tagMember", "member { id }", memberId=member, add=[word])
    await clerk.change(
        "recordContact", "happening { id }", id=fresh(), memberId=member, storeId=shop.store,
        kind="NOTE", text=word,
    )  # fmt: skip
    line = {"line": 1, "quantity": 1, "condition": "SELLABLE"}
    await admin.change("returnGoods", RETURN, **brought_back(shop, order, line))
    return member, str(order["id"]), code


async def test_one_file_holds_what_every_service_knows_of_one_person(
    shop: Shop, rows: Rows
) -> None:
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        member, order, code = await _customer(shop, admin, clerk, WORDS["ours"])
        other, their_order, their_code = await _customer(shop, admin, clerk, WORDS["theirs"])

        async def known() -> bool:
            told = "SELECT count(*) FROM happenings WHERE member_id = %s AND kind = 'return'"
            logged = "SELECT count(*) FROM audit_entries WHERE detail ->> 'member_id' = %s"
            settled = rows("member", told, member) == [(1,)]
            return settled and rows("directory", logged, member) > [(3,)]

        await until(known)
        asked = {"id": fresh(), "member_id": member, "purpose": "asked_by_member"}
        answer = await clerk.send("POST", "/disclosures", json.dumps(asked).encode())

    assert answer.status_code == 200
    found = Read(answer.text)
    assert found.end == {
        service: sum(len(told) for name, told in found.records.items() if name.startswith(service))
        for service in SERVICES
        if service != "inventory"
    }
    _everything_is_there(found.records, member, order, code)
    for nothing in (other, their_order, their_code, WORDS["theirs"]):
        assert nothing not in answer.text
    logged = rows(
        "directory",
        "SELECT detail ->> 'purpose' FROM audit_entries WHERE type = 'member.disclosure_begun'"
        " AND detail ->> 'member_id' = %s",
        member,
    )
    assert logged in ([], [("asked_by_member",)])  # it may be on its way

    async def ended() -> bool:
        told = "SELECT detail ->> 'whole' FROM audit_entries WHERE type = %s AND detail ->> %s = %s"
        key = ("member.disclosure_ended", "disclosure_id", asked["id"])
        return rows("directory", told, *key) == [("true",)]

    await until(ended)


def _everything_is_there(
    found: dict[str, list[dict[str, Any]]], member: str, order: str, code: str
) -> None:
    (profile,) = found["member.members"]
    assert (profile["id"], profile["tags"]) == (member, [WORDS["ours"]])
    assert profile["phone"].startswith("+861")
    assert WORDS["ours"] in [each["text"] for each in found["member.happenings"]]
    assert [each["purpose"] for each in found["member.consents"]]
    assert [each["id"] for each in found["order.orders"]] == [order]
    assert [each["quantity"] for each in found["order.order_lines"]] == [3]
    assert {each["kind"] for each in found["order.order_tenders"]} == {"points", "wallet", "cash"}
    assert [each["reason"] for each in found["order.returns"]] == ["尺码不合"]
    assert sum(each["amount_minor"] for each in found["order.refunds"]) == 9_000
    entries = found["loyalty.entries"]
    assert {each["account"] for each in entries} >= {"points", "principal"}
    assert {"top_up", "adjustment", "sale", "return"} <= {each["kind"] for each in entries}
    assert {each["kind"] for each in found["loyalty.documents"]} == {"top_up", "adjustment"}
    balances = {each["account"]: each["balance"] for each in found["loyalty.balances"]}
    for account, balance in balances.items():
        assert balance == sum(each["amount"] for each in entries if each["account"] == account)
    assert [each["code"] for each in found["campaign.coupons"]] == [code]
    assert [each["orders"] for each in found["campaign.redemptions"]] == [1]
    done = {each["type"] for each in found["directory.audit_entries"]}
    assert {"member.registered", "member.contact_recorded"} <= done
