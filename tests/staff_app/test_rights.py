"""What a person may ask for at the counter, and what HQ does by hand: data out, erasure, a tier."""

import asyncio
import json
from typing import Any, ClassVar

import pytest

from staff_app.client import Unreachable
from tests.staff_app.device import Device
from tests.staff_app.shop import COLLEAGUE, REFUSALS, STAFF
from tests.staff_app.test_member_view import MEMBER, Club, looking, page
from tests.staff_app.test_sale import quick  # noqa: F401

AT = "2026-03-02T10:00:00+00:00"
REFUSALS["UNKNOWN_TIER"] = ("没有这个等级", "There is no such tier")
FILE = b'<html>...<script type="application/json" class="end">{}</script></body></html>'


class Office(Club):
    """A club whose members ask for their data and for erasure."""

    fields: ClassVar[dict[str, str]] = {
        **Club.fields, "erasures": "erasures", "requestErasure": "request",
        "confirmErasure": "confirm", "withdrawErasure": "withdraw", "loyaltyRules": "rules",
        "tierSettings": "settings", "setTier": "set_tier", "merges": "none",
    }  # fmt: skip

    def __init__(self, role: str = "STORE_MANAGER") -> None:
        super().__init__()
        self.roles = [role]
        self.erasure: dict[str, Any] | None = None
        self.given: list[dict[str, Any]] = []
        self.file = FILE
        self.carried: list[tuple[str, Any]] = []

    def none(self, **_: Any) -> Any:
        return []

    async def carry(self, path: str, content: bytes | None, token: str) -> tuple[int, bytes]:
        if self.down:
            raise Unreachable("down")
        self.carried.append((path, json.loads(content or b"{}")))
        return 200, self.file

    def erasures(self, **_: Any) -> Any:
        return page([self.erasure] if self.erasure else [])

    def request(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        self.erasure = {
            "id": input["id"], "memberId": input["memberId"], "status": "REQUESTED",
            "reason": input["reason"], "requestedBy": STAFF, "requestedAt": AT,
            "confirmableFrom": AT, "answers": [],
        }  # fmt: skip
        return {"erasure": self.erasure}

    def confirm(self, input: dict[str, Any]) -> Any:  # noqa: A002
        assert self.erasure
        assert input["id"] == self.erasure["id"]
        answer = {"service": "member", "at": AT, "destroyed": [
            {"table": "members", "rows": 1}, {"table": "happenings", "rows": 1}]}  # fmt: skip
        told = {"status": "ERASED", "confirmedAt": AT, "endedAt": AT, "answers": [answer]}
        self.erasure = {**self.erasure, **told}
        return {"erasure": self.erasure}

    def withdraw(self, input: dict[str, Any]) -> Any:  # noqa: A002
        assert self.erasure
        self.erasure = {**self.erasure, "status": "WITHDRAWN"}
        return {"erasure": self.erasure}

    def rules(self, **_: Any) -> Any:
        tiers = [{"code": "silver", "name_zh": "银卡", "name_en": "Silver"},
                 {"code": "gold", "name_zh": "金卡", "name_en": "Gold"}]  # fmt: skip
        old = {"version": 1, "validFrom": "2026-01-01T00:00:00+00:00", "body": {"tiers": tiers[:1]}}
        new = {**old, "version": 2, "body": {"tiers": tiers}}
        planned = {**old, "version": 3, "validFrom": "2126-01-01T00:00:00+00:00"}
        return [planned, new, old]

    def settings(self, **_: Any) -> Any:
        return page(self.given)

    def set_tier(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        told = {name: input[name] for name in ("id", "tier", "until", "exactly", "reason")}
        self.given = [{**told, "at": AT}, *self.given]
        return {"tierSetting": self.given[0]}


async def at_profile(office: Office) -> Device:
    device = await looking(office, "profile")
    await device.sees("孩子 小宝")
    return device


def test_data_goes_out_as_one_file_when_the_purpose_is_known() -> None:
    async def play() -> None:
        office = Office()
        device = await at_profile(office)
        device.wire.services["save_file"] = None
        await device.press("data-out")
        await device.press("take-data")
        assert office.carried == []
        await device.press("out-asked-by-member")
        await device.press("take-data")

        await device.until(lambda: bool(device.wire.called), "saved")
        told = {"member_id": MEMBER, "purpose": "asked_by_member"}
        assert office.carried == [("/disclosures", told)]
        assert device.wire.called[0][1]["src_bytes"] == FILE
        device.close()

    asyncio.run(play())


def test_a_file_that_was_cut_off_is_not_handed_out() -> None:
    async def play() -> None:
        office = Office()
        office.file = FILE[:10]
        device = await at_profile(office)
        await device.press("data-out")
        await device.press("out-authority")
        await device.press("take-data")
        await device.sees("没有收到回应")
        assert device.wire.called == []
        device.close()

    asyncio.run(play())


def test_an_erasure_is_asked_for_with_a_reason_and_can_be_taken_back() -> None:
    async def play() -> None:
        office = Office()
        device = await at_profile(office)
        await device.press("erase")
        await device.sees("储值还有 ¥50.00")
        await device.press("ask-erasure")
        assert office.erasure is None
        await device.press("erase-asked-by-member")
        office.broken["requestErasure"] = 1
        await device.press("ask-erasure")
        await device.press("ask-erasure")

        await device.sees("须由另一位店长确认")
        assert device.named("confirm-erasure") is None
        assert len({sent["id"] for sent in office.inputs}) == 1
        await device.press("withdraw-erasure")
        await device.sees("申请已撤回")
        device.close()

    asyncio.run(play())


def test_somebody_else_confirms_and_sees_the_certificate() -> None:
    async def play() -> None:
        office = Office()
        office.request({"id": COLLEAGUE, "memberId": MEMBER, "reason": "ASKED_BY_MEMBER"})
        assert office.erasure
        office.erasure |= {"requestedBy": COLLEAGUE, "refusal": "WALLET_NOT_EMPTY"}
        device = await at_profile(office)
        await device.press("erase")
        await device.sees("储值没有退完")
        await device.press("confirm-erasure")
        await device.sees("注销证明")
        assert device.says("会员资料")
        assert device.says("2 条")
        device.close()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("role", "sees"), [("ASSOCIATE", set()), ("STORE_MANAGER", {"erase", "data-out"}),
                       ("HQ_OPERATIONS", {"erase", "data-out", "set-tier"})],
)  # fmt: skip
def test_who_is_offered_what(role: str, sees: set[str]) -> None:
    async def play() -> None:
        device = await looking(Office(role))
        offered = {name for name in ("set-tier",) if device.named(name)}
        await device.press("section-profile")
        await device.sees("孩子 小宝")
        offered |= {name for name in ("erase", "data-out") if device.named(name)}
        assert offered == sees
        device.close()

    asyncio.run(play())


def test_hq_sets_a_tier_and_takes_it_back() -> None:
    async def play() -> None:
        office = Office("HQ_OPERATIONS")
        device = await looking(office)
        await device.press("set-tier")
        await device.press("tier-gold")
        await device.press("set-tier-now")
        assert office.inputs == []  # without a reason
        await device.type("member-why", "老会员转入")
        await device.type("member-until", "31.12.2026")
        await device.press("set-tier-now")
        await device.sees("年-月-日")
        assert office.inputs == []
        await device.type("member-until", "")
        office.refuse["setTier"] = ("UNKNOWN_TIER", {})
        await device.press("set-tier-now")
        await device.sees("没有这个等级")
        await device.press("set-tier-now")
        await device.until(lambda: bool(office.given), "set")
        sent = office.inputs[0]
        assert (sent["tier"], sent["until"], sent["reason"]) == ("gold", None, "老会员转入")

        await device.press("set-tier")
        await device.sees("现在手工定为金卡")
        await device.type("member-why", "录错了")
        await device.press("take-tier-back")
        await device.until(lambda: len(office.given) == 2, "taken back")
        assert office.given[0]["tier"] is None
        device.close()

    asyncio.run(play())
