"""HQ reads the rule of selling without network, and publishes the next version."""

import asyncio
from typing import Any, ClassVar

import pytest

from tests.staff_app.device import Device
from tests.staff_app.shop import REFUSALS, STORE, Shop, refusal
from tests.staff_app.test_sale import quick, working  # noqa: F401

NOW = "2026-03-02T10:00:00+00:00"
DEVICE = "0190a000-0000-7000-8000-0000000000d9"
REFUSALS["OFFLINE_RULE_ID_TAKEN"] = ("该规则编号已用于其他内容", "This id was used before")
REFUSALS["OFFLINE_RULE_CHANGED"] = ("刚有人发布了第 {version} 版", "Version {version} is new")
BODY = {
    "allowed": True, "storeIds": [], "deviceIds": [DEVICE], "roles": [], "hours": 24,
    "memberDays": 90, "saleMinor": "1000000", "totalMinor": None, "pinTries": 5, "pinDays": 7,
}  # fmt: skip


class Headquarters(Shop):
    """Has published nothing yet."""

    fields: ClassVar[dict[str, str]] = {
        **Shop.fields, "tillRule": "rule", "offlineRules": "rules", "publishOfflineRule": "publish",
    }  # fmt: skip

    def __init__(self, role: str = "HQ_OPERATIONS") -> None:
        super().__init__()
        self.roles = [role]
        self.published: list[dict[str, Any]] = []

    def rule(self, **_: Any) -> Any:
        newest = self.published[0] if self.published else {"version": 0, "body": BODY}
        return {"now": NOW, "version": newest["version"], "body": newest["body"]}

    def rules(self) -> Any:
        return self.published

    def publish(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        known = [each for each in self.published if each["id"] == input["id"]]
        if known:
            return {"offlineRuleVersion": known[0]}
        if input["version"] != len(self.published):
            told = {"version": str(len(self.published))}
            return {"refusal": refusal("OFFLINE_RULE_CHANGED", told)}
        return {"offlineRuleVersion": self.add(input["id"], {**BODY, **input["body"]})}

    def add(self, id_: str, body: dict[str, Any]) -> Any:
        version = {
            "id": id_, "version": len(self.published) + 1, "validFrom": NOW, "authorId": DEVICE,
            "body": body,
        }  # fmt: skip
        self.published = [version, *self.published]
        return version


async def reading(shop: Headquarters) -> Device:
    device = await working(shop)
    await device.press("tab-more")
    await device.press("offline-rule")
    await device.sees("默认（还没有发布过）")
    return device


def test_hq_changes_the_rule_and_publishes_a_version() -> None:
    async def play() -> None:
        shop = Headquarters()
        device = await reading(shop)
        assert device.says("只限指定的 1 台设备，这里不改。")
        await device.press("publish-rule")
        assert shop.inputs == []  # there is nothing to publish
        await device.press("role-STORE_MANAGER")
        await device.press(f"store-{STORE}")
        await device.type("rule-hours", "48")
        await device.type("rule-sale_minor", "2,500.5")
        await device.type("rule-total_minor", "80000")
        await device.sees("发布第 1 版")
        await device.press("publish-rule")

        await device.sees("第 1 版 · ")
        (sent,) = shop.inputs
        assert sent["body"] == {
            **BODY, "roles": ["STORE_MANAGER"], "storeIds": [STORE], "hours": 48,
            "saleMinor": "250050", "totalMinor": "8000000",
        }  # fmt: skip
        assert device.says("与现行规则相同")
        await device.press("role-all")
        await device.switch("rule-allowed")
        await device.type("rule-sale_minor", "")
        await device.press("publish-rule")
        await device.sees("第 2 版 · ")
        body = shop.inputs[-1]["body"]
        assert (body["allowed"], body["roles"], body["saleMinor"]) == (False, [], None)
        assert device.says("不可以卖")
        device.close()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("hours", "0", "“离线最长（小时）”要填 1 到 744。"),
        ("pin_tries", "11", "“PIN 可输错几次”要填 1 到 10。"),
        ("member_days", "", "“存会员（天内来过）”要填 0 到 366。"),
        ("sale_minor", "1.005", "“单笔上限（元）”要填金额"),
        ("total_minor", "很多", "“累计上限（元）”要填金额"),
    ],
)
def test_what_is_not_right_is_said_and_nothing_is_sent(field: str, text: str, said: str) -> None:
    async def play() -> None:
        shop = Headquarters()
        device = await reading(shop)
        await device.type(f"rule-{field}", text)
        await device.press("publish-rule")
        await device.sees(said)
        assert shop.inputs == []
        device.close()

    asyncio.run(play())


def test_a_lost_answer_publishes_one_version() -> None:
    async def play() -> None:
        shop = Headquarters()
        device = await reading(shop)
        await device.type("rule-hours", "12")
        shop.broken["publishOfflineRule"] = 1
        await device.press("publish-rule")
        await device.until(lambda: device.named("trouble") is not None)
        await device.press("publish-rule")
        await device.sees("第 1 版 · ")
        assert len(shop.published) == 1
        assert shop.inputs[0] == shop.inputs[1]
        assert device.named("trouble") is None
        device.close()

    asyncio.run(play())


def test_what_somebody_else_has_published_is_shown_and_not_replaced() -> None:
    async def play() -> None:
        shop = Headquarters()
        device = await reading(shop)
        await device.type("rule-hours", "12")
        shop.add(DEVICE, {**BODY, "hours": 6})
        await device.press("publish-rule")
        await device.sees("刚刚有人发布了新的一版")
        assert len(shop.published) == 1
        assert device.till.offline_rule.form.texts["hours"] == "6"
        device.close()

    asyncio.run(play())


def test_a_refusal_is_said_and_what_was_typed_stays() -> None:
    async def play() -> None:
        shop = Headquarters()
        device = await reading(shop)
        await device.type("rule-hours", "12")
        shop.refuse["publishOfflineRule"] = ("OFFLINE_RULE_ID_TAKEN", {})
        await device.press("publish-rule")
        await device.sees("该规则编号已用于其他内容")
        assert device.till.offline_rule.form.texts["hours"] == "12"
        device.close()

    asyncio.run(play())


def test_nobody_but_hq_finds_it_or_reads_it() -> None:
    async def play() -> None:
        device = await working(Headquarters("STORE_MANAGER"))
        await device.press("tab-more")
        assert device.named("settings") is not None
        assert device.named("offline-rule") is None
        device.till.go("/offline-rule")
        await device.sees("离线销售规则由总部设定。")
        assert not device.till.offline_rule.known
        device.close()

    asyncio.run(play())
