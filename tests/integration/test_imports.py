"""A file of members through the real gateway: they are found, and their balances are right."""

from typing import Any

import pytest

from infra.api import Api
from tests.integration.conftest import Rows
from tests.integration.shop import Shop, fresh, until

pytestmark = pytest.mark.anyio
ROWS = 300
IMPORT = "id state rows faulty created control { pointsSum } booked { pointsSum principalMinor }"


async def state_of(api: Api, import_id: str) -> dict[str, Any]:
    answer = await api.ask(
        f"query($id: ID!) {{ memberImport(id: $id) {{ {IMPORT} }} }}", id=import_id
    )
    found: dict[str, Any] = answer["memberImport"]
    return found


async def arrived(api: Api, import_id: str, state: str) -> dict[str, Any]:
    async def there() -> Any:
        found = await state_of(api, import_id)
        return found if found["state"] == state.upper() else None

    found: dict[str, Any] = await until(there, 60)
    return found


async def test_m22_k30_a_file_becomes_members_with_their_balances(shop: Shop, rows: Rows) -> None:
    """M22, K30: uploaded, checked, run; then found at the counter, with points and wallet."""
    import_id = fresh()
    prefix = f"139{int(import_id[-6:], 16) % 10**5:05d}"
    lines = [f"导入{number},{prefix}{number:03d},{number},1.50" for number in range(ROWS)]
    lines.append("坏行,123,7,1")
    content = "\r\n".join(["姓名,手机号,积分,储值余额", *lines]).encode("gb18030")
    points = sum(range(ROWS))
    async with await shop.admin() as admin, await shop.clerk() as clerk:
        uploaded = await admin.send("POST", f"/imports/{import_id}", content, name="老会员.csv")
        assert uploaded.status_code == 200, uploaded.text
        proposal = uploaded.json()["proposal"]
        targets = {each["column"]: each["target"] for each in proposal}
        assert targets == {0: "name", 1: "phone", 2: "points", 3: "principal"}
        mapping = [{"column": each["column"], "target": each["target"]} for each in proposal]
        await admin.change(
            "checkImport", "memberImport { id }", id=import_id, mapping=mapping,
            storeId=shop.store, noticeVersion="2026-01",
            control={"pointsSum": str(points), "principalMinor": str(ROWS * 150)},
        )  # fmt: skip
        checked = await arrived(admin, import_id, "checked")
        assert (checked["rows"], checked["faulty"]) == (ROWS + 1, 1)
        faults = await admin.send("GET", f"/imports/{import_id}/faults.csv")
        assert "ROW_PHONE" in faults.text
        assert len(faults.text.splitlines()) == 2

        await admin.change("startImport", "memberImport { id }", id=import_id)

        done = await arrived(admin, import_id, "finished")
        assert done["created"] == ROWS
        assert done["booked"] == {"pointsSum": str(points), "principalMinor": str(ROWS * 150)}
        found = await clerk.ask(
            "query($q: String!) { members(query: $q) { id name } }", q=f"{prefix}042"
        )
        (member,) = found["members"]
        account = await shop.account(clerk, member["id"])
        assert (account["points"], account["walletPrincipalMinor"]) == (42, "150")
        exported = await clerk.send("POST", "/exports", b'{"columns": ["name", "phone", "tags"]}')
        assert "导入42,86 139****" in exported.text
    counted = rows("loyalty", "SELECT count(*) FROM openings WHERE import_id = %s", import_id)
    assert counted == [(ROWS,)]  # row 0 brings money without points
    assert rows("member", "SELECT count(*) FROM import_chunks WHERE import_id = %s", import_id) == [
        (0,)
    ]
    told = rows(
        "member",
        "SELECT envelope FROM outbox WHERE type = 'member.import_changed' AND subject = %s",
        import_id,
    )
    assert [state in str(told) for state in ("checked", "running", "finished")] == [True] * 3
