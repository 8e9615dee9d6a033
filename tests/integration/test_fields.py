"""A custom field from HQ to the counter: published, drawn, filled in, found by."""

import pytest

from tests.integration.shop import Shop, fresh, until

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
        member = await shop.member(clerk, fields={key: place, wechat: nickname})

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
