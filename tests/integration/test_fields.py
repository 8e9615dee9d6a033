"""A custom field from HQ to the counter: published, drawn, filled in, found by."""

import pytest

from tests.integration.conftest import Rows
from tests.integration.shop import CONSENT, Shop, fresh, until

pytestmark = pytest.mark.anyio


async def test_a_field_goes_from_hq_to_the_counter(shop: Shop) -> None:
    key = f"home_{fresh()[-8:]}"
    wechat = f"wechat_{fresh()[-8:]}"
    place = {"latitude": 31.23, "longitude": 121.47, "label": "外滩"}
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        for name, kind in ((key, {"type": "location"}), (wechat, {"type": "text"})):
            made = await admin.change(
                "publishField", "field { version document }", id=fresh(), field={
                    "subject": "MEMBER", "key": name, "labelZh": "住址", "labelEn": "Home",
                    "kind": kind, "searchable": name == wechat,
                    "seenBy": ["STORE_MANAGER"], "editedBy": ["STORE_MANAGER"],
                },
            )  # fmt: skip
            assert made["field"]["version"] == 1
        form = await clerk.ask("{ memberForm { document } }")
        drawn = form["memberForm"]["document"]["properties"]
        assert drawn[key]["required"] == ["latitude", "longitude"]
        assert drawn[wechat]["readOnly"] is False

        nickname = fresh()
        located = {"purpose": "LOCATION", "channel": "ANY", "noticeVersion": "2025-01",
                   "granted": True}  # fmt: skip
        member = await shop.member(
            clerk, fields={key: place, wechat: nickname}, consents=[CONSENT, located]
        )

        async def found() -> bool:
            # Another copy of the service may remember the fields as they were, for seconds.
            answer = await clerk.ask(
                "query($q: String!) { members(query: $q) { id fields { key value } } }",
                q=nickname,
            )  # fmt: skip
            values = {each["key"]: each["value"] for m in answer["members"] for each in m["fields"]}
            ids = [each["id"] for each in answer["members"]]
            return ids == [member] and values == {key: place, wechat: nickname}

        await until(found)


async def test_a_file_and_a_signature_go_from_the_counter_and_back(shop: Shop, rows: Rows) -> None:
    papers, signed = f"papers_{fresh()[-8:]}", f"signed_{fresh()[-8:]}"
    words = {"type": "signature", "text_zh": "同意皮试", "text_en": "A patch test is fine"}
    content = b"%PDF-1.7 " + bytes(range(256)) * 2_500
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        for name, kind in ((papers, {"type": "attachment"}), (signed, words)):
            await admin.change(
                "publishField", "field { version }", id=fresh(), field={
                    "subject": "MEMBER", "key": name, "labelZh": "证件", "labelEn": "Papers",
                    "kind": kind, "seenBy": ["STORE_MANAGER"], "editedBy": ["STORE_MANAGER"],
                },
            )  # fmt: skip
        member, file = await shop.member(clerk), fresh()
        told = {"member": member, "key": papers, "name": "表.pdf"}
        refused = await clerk.send("POST", f"/files/{fresh()}", b"<svg onload=alert(1)>", **told)
        assert (refused.status_code, refused.json()["code"]) == (409, "FILE_KIND")
        sent = await clerk.send("POST", f"/files/{file}", content, **told)
        assert (sent.status_code, sent.json()["size_bytes"]) == (200, len(content))
        strokes = [[[1, 1], [20, 20], [30, 5], [60, 9]]]
        signature = {"version": 1, "language": "zh", "width": 100, "height": 50,
                     "strokes": strokes}  # fmt: skip
        known = await clerk.ask("query($id: ID!) { member(id: $id) { version } }", id=member)
        await clerk.change(
            "updateMember", "member { fields { key value } }", memberId=member,
            version=known["member"]["version"], fields={papers: [file], signed: signature},
        )  # fmt: skip

        answer = await clerk.send("GET", f"/files/{file}")
        proof = await clerk.change(
            "showSignature", "signature { text strokes }", memberId=member, key=signed
        )
        none = await admin.send("GET", f"/files/{file}")

    assert (answer.status_code, answer.content) == (200, content)
    assert none.status_code == 409  # HQ is not among those who see the field
    assert proof["signature"] == {"text": "同意皮试", "strokes": strokes}

    async def logged() -> bool:
        told = "SELECT count(*) FROM audit_entries WHERE detail ->> 'file_id' = %s"
        return rows("directory", told, file) == [(1,)]

    await until(logged)
