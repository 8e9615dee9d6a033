"""Members who are probably one person: compared, merged, left apart, parted again."""

import asyncio
from typing import Any, ClassVar

from tests.staff_app.device import Device
from tests.staff_app.shop import person
from tests.staff_app.test_member_view import MEMBER, Club, looking, page
from tests.staff_app.test_sale import quick, working  # noqa: F401

PAIR = "0190a000-0000-7000-8000-0000000000d1"


def side(number: int, name: str, phone: str) -> dict[str, Any]:
    made = person(name, phone, f"M0000000{number}")
    return made | {
        "id": f"0190a000-0000-7000-8000-0000000000e{number}",
        "registeredAt": "2026-01-01T00:00:00+00:00", "tags": [], "homeStore": {"name": "静安店"},
        "purchases": {"count": number, "spentMinor": "10000", "currency": "CNY"},
    }  # fmt: skip


class Registry(Club):
    """Has two registrations of one person."""

    fields: ClassVar[dict[str, str]] = {
        **Club.fields, "duplicates": "pairs", "mergeMembers": "merge", "undoMerge": "undo",
        "dismissDuplicate": "dismiss", "merges": "done",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.roles = ["STORE_MANAGER"]
        self.merged: list[dict[str, Any]] = []
        self.left: list[str] = []
        self.sides = (side(1, "某甲", "13800002222"), side(2, "某贾", "13800002223"))

    def pairs(self, state: str = "OPEN", **_: Any) -> Any:
        # An undone merge is a decision too.
        parted = any("undoneAt" in each for each in self.merged)
        dismissed = PAIR in self.left or parted
        shown = not (dismissed or self.merged) if state == "OPEN" else dismissed
        reasons = [
            {"code": "name_sounds_same", "points": 25, "zh": "姓名读音相同", "en": "Sounds"},
            {"code": "phone_nearly_same", "points": 40, "zh": "电话只差一位", "en": "Phones"},
            {"code": "birthday_differs", "points": -40, "zh": "生日不同", "en": "Birthdays"},
        ]
        pair = {"id": PAIR, "score": 65, "reasons": reasons, "member": self.sides[0],
                "other": self.sides[1]}  # fmt: skip
        return page([pair] if shown else [])

    def merge(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        if input["id"] not in [each["id"] for each in self.merged]:
            self.merged.append(
                {"id": input["id"], "survivorId": input["memberId"], "mergedId": input["otherId"],
                 "reason": input["reason"], "mergedAt": "2026-03-01T10:00:00+00:00", "filled": []}
            )  # fmt: skip
        return {"merge": self.merged[-1]}

    def undo(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        self.merged[-1]["undoneAt"] = "2026-03-01T11:00:00+00:00"
        return {"merge": self.merged[-1]}

    def dismiss(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        self.left.append(input["id"])
        return {"duplicate": {"id": input["id"], "state": "DISMISSED"}}

    def done(self, **_: Any) -> Any:
        return self.merged


async def listing(registry: Registry) -> Device:
    device = await working(registry)
    await device.press("tab-more")
    await device.press("duplicates")
    await device.sees("某甲 · 某贾")
    return device


def test_two_are_compared_merged_once_and_parted_again() -> None:
    async def play() -> None:
        registry = Registry()
        device = await listing(registry)
        assert device.says("65")
        await device.press(f"pair-{PAIR}")
        for text in ("+86 138****2222", "+86 138****2223", "姓名读音相同", "-40"):
            await device.sees(text)
        await device.press("decide")  # not without a reason
        assert registry.inputs == []
        await device.press("same-card")
        registry.broken["mergeMembers"] = 1
        await device.press("decide")
        await device.sees("没有收到回应")
        await device.press("decide")

        await device.sees("已合并")
        assert len({sent["id"] for sent in registry.inputs}) == 1
        assert registry.inputs[0]["reason"] == "同一人重复开卡"
        await device.press("undo-merge")
        await device.sees("恢复为两位会员")
        assert registry.inputs[-1]["mergeId"] == registry.inputs[0]["id"]
        await device.press("to-duplicates")
        await device.sees("没有疑似重复的会员")
        await device.choose("which-duplicates", "DISMISSED")
        await device.sees("某甲 · 某贾")
        device.close()

    asyncio.run(play())


def test_two_persons_are_left_apart_and_listed_so() -> None:
    async def play() -> None:
        registry = Registry()
        device = await listing(registry)
        await device.press(f"pair-{PAIR}")
        await device.press("other-way")
        await device.press("apart-family")
        await device.press("decide")

        await device.sees("没有疑似重复的会员")
        assert registry.inputs == [{"id": PAIR, "reason": "家人"}]
        await device.choose("which-duplicates", "DISMISSED")
        await device.sees("某甲 · 某贾")
        device.close()

    asyncio.run(play())


def test_a_manager_parts_a_member_again_from_the_profile() -> None:
    async def play() -> None:
        registry = Registry()
        registry.merged = [
            {"id": MEMBER, "survivorId": MEMBER, "mergedId": MEMBER, "reason": "同一人",
             "mergedAt": "2026-03-01T10:00:00+00:00", "filled": []}
        ]  # fmt: skip
        device = await looking(registry, "profile")
        await device.press(f"undo-{MEMBER}")
        await device.press(f"undo-{MEMBER}-now")
        await device.sees("已撤销")
        await device.until(lambda: device.named("merges") is None)
        device.close()

    asyncio.run(play())


def test_an_associate_is_not_shown_the_way() -> None:
    async def play() -> None:
        registry = Registry()
        registry.roles = ["ASSOCIATE"]
        device = await working(registry)
        await device.press("tab-more")
        await device.sees("这台设备")
        assert device.named("duplicates") is None
        device.close()

    asyncio.run(play())
