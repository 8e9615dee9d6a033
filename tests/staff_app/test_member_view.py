"""A member seen from all sides, and what staff change of them by hand."""

import asyncio
from typing import Any, ClassVar

import pytest

from staff_app.work.profile_form import ProfileForm
from tests.staff_app.device import Device
from tests.staff_app.shop import CARD, STORE, Shop
from tests.staff_app.test_sale import paying, quick, working  # noqa: F401

MEMBER = "0190a000-0000-7000-8000-0000000000aa"
FORM = {
    "properties": {
        "anniversary": {
            "type": "string", "format": "date", "readOnly": False,
            "x-field": {"labels": {"zh-CN": "纪念日", "en": "Anniversary"}, "type": "date"},
        },
        "budget": {
            "type": "string", "readOnly": False,
            "x-field": {"labels": {"zh-CN": "预算", "en": "Budget"}, "type": "money",
                        "currency": "CNY"},
        },
        "body": {
            "type": "string", "readOnly": False,
            "oneOf": [
                {"const": "pear", "title": "梨形", "x-labels": {"zh-CN": "梨形", "en": "Pear"}},
                {"const": "apple", "title": "苹果", "x-labels": {"zh-CN": "苹果", "en": "Apple"}},
            ],
            "x-field": {"labels": {"zh-CN": "体型", "en": "Shape"}, "type": "choice"},
        },
        "score": {
            "type": "string", "readOnly": True,
            "x-field": {"labels": {"zh-CN": "评分", "en": "Score"}, "type": "formula"},
        },
    },
    "required": ["body"],
}  # fmt: skip


class Club(Shop):
    """Its one member was born in the lunar calendar, has tags, a coupon and a statement."""

    fields: ClassVar[dict[str, str]] = {
        **Shop.fields, "statement": "entries", "balanceExplanation": "balances",
        "tierExplanation": "tier", "timeline": "timeline", "family": "family",
        "consents": "consents", "memberForm": "form", "orders": "bought",
        "recordContact": "write_down", "tagMember": "tag", "updateMember": "update",
        "recordConsents": "agree", "topUpOffer": "plans", "topUp": "top_up", "memberTag": "why_tag",
        "saveRelative": "save_relative", "removeRelative": "remove_relative",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.written: list[dict[str, Any]] = []
        self.topped: dict[str, int] = {}
        born = {"calendar": "SOLAR", "month": 6, "day": 1, "leapMonth": False}
        self.relatives: list[dict[str, Any]] = [
            {"id": MEMBER, "version": 1, "relation": "CHILD", "name": "小宝", "note": "",
             "guardianConsent": True, "born": born}
        ]  # fmt: skip
        self.known = next(iter(self.people.values()))
        self.known["account"] |= {
            "progress": "29000", "pointsExpiring": 0, "pointsFrozen": False, "walletFrozen": False,
        }  # fmt: skip
        self.known |= {
            "version": 3, "sourceChannel": "friend", "registeredAt": "2026-01-01T00:00:00+00:00",
            "tags": ["爱连衣裙", "高价值"], "tagsByRule": ["高价值"], "heightCm": 168,
            "sizes": [{"name": "top", "value": "M"}], "stylePreferences": ["简约"],
            "born": {"calendar": "LUNAR", "month": 8, "day": 15, "leapMonth": False, "year": 1990},
            "nextBirthday": "2027-09-15", "age": 36, "fields": [{"key": "body", "value": "pear"}],
            "purchases": {"count": 0, "spentMinor": "0", "averageMinor": "0", "currency": "CNY",
                          "favouriteCategories": []},
        }  # fmt: skip

    def coupons(self, codes: Any = None, memberId: str | None = None) -> Any:  # noqa: N803
        left = {"used": 0, "held": 0, "capTotal": 1}
        names = {"nameZh": "生日八折", "nameEn": "Birthday"}
        return [
            {"code": "BIRTHDAY-1", **names, **left},
            {"code": "GONE-1", **names, **left, "used": 1},
        ]

    def entries(self, account: str, **_: Any) -> Any:
        amount = {"POINTS": "268", "WALLET": "-5000"}[account]
        entry = {
            "id": 1, "at": "2026-03-01T10:00:00+00:00", "amount": amount, "balanceAfter": "1200",
            "account": "POINTS" if account == "POINTS" else "PRINCIPAL",
            "reason": "earned" if account == "POINTS" else "spent",
        }  # fmt: skip
        return page([entry])

    def balances(self, **_: Any) -> Any:
        words = {"zh": "积分：期初 0；消费获得 +1200；余额 1200", "en": "Points"}
        part = {"account": "points", "unit": "points", "opening": "0", "balance": "1200"}
        return {"parts": [{**part, "heldByOrders": "0", **words, "sums": []}]}

    def tier(self, **_: Any) -> Any:
        part = {"documentId": MEMBER, "kind": "sale", "businessDate": "2026-02-01"}
        return {
            "zh": "银卡：累计 ¥290.00", "en": "Silver", "basis": "spend", "currency": "CNY",
            "progress": "29000", "parts": [{**part, "amount": "29000"}],
        }  # fmt: skip

    def timeline(self, kinds: list[str], **_: Any) -> Any:
        day = "2026-03-01T10:00:00+00:00"
        told = [{"id": MEMBER, "at": day, "kind": "JOINED", "fields": []}, *self.written]
        return page([each for each in told if not kinds or each["kind"] in kinds])

    def family(self, **_: Any) -> Any:
        return self.relatives

    def save_relative(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        told = {name: value for name, value in input.items() if name != "memberId"}
        self.relatives = [*self.relatives, {**told, "version": 1, "born": None}]
        return {"relative": self.relatives[-1]}

    def remove_relative(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.relatives = [each for each in self.relatives if each["id"] != input["id"]]
        return {"done": True}

    def consents(self, **_: Any) -> Any:
        return {"current": [consent("MEMBERSHIP", granted=True), consent("MARKETING")]}

    def form(self, **_: Any) -> Any:
        return {"document": FORM}

    def bought(self, **_: Any) -> Any:
        return page([])

    def write_down(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        told = {"id": input["id"], "at": "2026-03-02T10:00:00+00:00", "kind": input["kind"],
                "text": input["text"], "fields": []}  # fmt: skip
        self.written = [told]
        return {"happening": told}

    def tag(self, input: dict[str, Any]) -> Any:  # noqa: A002
        kept = [tag for tag in self.known["tags"] if tag not in input["remove"]]
        self.known["tags"] = [*kept, *input["add"]]
        return {"member": self.known}

    def why_tag(self, tag: str, **_: Any) -> Any:
        reason = {"zh": "累计消费 290 元", "en": "Spent 290", "holds": True}
        return {"tag": tag, "byHand": False, "byRule": True, "reasons": [reason], "now": []}

    def update(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        return {"member": self.known}

    def agree(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        return {"consents": {"current": [consent("MARKETING", granted=True)]}}

    def plans(self, **_: Any) -> Any:
        plan = {"code": "spring", "nameZh": "春季", "nameEn": "Spring", "freeAmount": False}
        step = {"paidMinor": "100000", "bonusMinor": "12000"}
        return {
            "roomMinor": "200000", "limitMinor": "500000",
            "steps": [{"paidMinor": "50000", "bonusMinor": "3000"}],
            "plans": [
                {**plan, "applies": True, "steps": [step]},
                {**plan, "code": "vip", "applies": False, "steps": [step]},
            ],
        }  # fmt: skip

    def top_up(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        self.topped[input["id"]] = int(input["paidMinor"])
        principal = 4_000 + sum(self.topped.values())
        now = {"memberId": MEMBER, "currency": "CNY", "points": 1200}
        return {"account": {**now, "walletPrincipalMinor": str(principal),
                            "walletBonusMinor": "13000"}}  # fmt: skip


def page(nodes: list[dict[str, Any]]) -> Any:
    return {
        "edges": [{"node": node} for node in nodes],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False},
    }


def consent(purpose: str, granted: bool = False) -> dict[str, Any]:
    return {"purpose": purpose, "channel": "ANY", "granted": granted, "noticeVersion": "2026-02",
            "recordedAt": "2025-12-31T20:00:00+00:00"}  # fmt: skip


async def looking(club: Club, section: str = "overview") -> Device:
    device = await working(club)
    await device.press("tab-members")
    await device.type("member-query", CARD)
    await device.press(f"member-{CARD}")
    await device.sees("等级")
    if section != "overview":
        await device.press(f"section-{section}")
    return device


def test_beside_the_search_another_member_takes_the_place_of_the_one_before() -> None:
    """What is drawn of the one before is not drawn of nobody in between."""

    async def play() -> None:
        device = await looking(Club())
        await device.press("back")
        assert not device.lit(f"member-{CARD}")
        device.till.layout.wide = True
        await device.press("section-overview")
        await device.until(lambda: device.lit(f"member-{CARD}"))
        for _ in range(2):  # Flet draws in any order
            await device.press("section-profile")
            await device.press(f"member-{CARD}")
            await device.until(lambda: device.named("tier-card") is not None)
        device.close()

    asyncio.run(play())


def test_a_part_that_cannot_be_drawn_leaves_the_rest_alive() -> None:
    async def play() -> None:
        device = await looking(Club())
        known = device.till.person.member or {}
        device.till.person.member = {name: known[name] for name in known if name != "sizes"}
        await device.press("section-profile")
        assert device.named("profile") is None

        await device.press("section-purchases")

        await device.sees("还没有买过东西")
        assert "could not be drawn: Member" in device.wire.crashes[0]
        device.wire.crashes.clear()
        device.close()

    asyncio.run(play())


def test_the_next_search_begins_anew_after_somebody_was_found() -> None:
    async def play() -> None:
        device = await working(Club())
        await device.press("tab-members")
        await device.keys("13800001111")
        await device.press(f"member-{CARD}")
        await device.sees("等级")
        await device.press("back")
        await device.press("key-back")
        assert device.till.people.query == "1380000111"

        await device.keys("1")
        await device.press(f"member-{CARD}")
        await device.sees("等级")
        await device.press("back")
        await device.keys("13")
        assert device.till.people.query == "13"
        device.close()

    asyncio.run(play())


def test_tier_coupons_and_tags_stand_first_and_explain_themselves() -> None:
    async def play() -> None:
        device = await looking(Club())
        assert device.says("还差 ¥10 升级金卡")
        assert device.says("BIRTHDAY-1")
        assert not device.says("GONE-1")

        await device.press("why-tier")
        await device.sees("银卡：累计 ¥290.00")
        await device.press("tag-高价值")
        await device.sees("累计消费 290 元")
        device.close()

    asyncio.run(play())


def test_a_tag_is_put_on_and_taken_off_by_hand() -> None:
    async def play() -> None:
        club = Club()
        device = await looking(club)
        await device.press("add-tag")
        await device.type("tag-text", "意见领袖", enter=True)
        await device.sees("意见领袖")
        await device.delete("tag-爱连衣裙")
        await device.until(lambda: club.known["tags"] == ["高价值", "意见领袖"])
        await device.press_undo()
        await device.until(lambda: "爱连衣裙" in club.known["tags"])
        device.close()

    asyncio.run(play())


def test_balances_show_their_statement_and_why() -> None:
    async def play() -> None:
        device = await looking(Club(), "balances")
        await device.sees("消费获得")
        await device.sees("+268")
        await device.press("why-balance")
        await device.sees("积分：期初 0；消费获得 +1200；余额 1200")
        await device.choose("account", "WALLET")
        await device.sees("消费使用 · 本金")
        assert device.says("-¥50.00")
        device.close()

    asyncio.run(play())


def test_a_call_is_written_down_once_though_its_answer_was_lost() -> None:
    async def play() -> None:
        club = Club()
        device = await looking(club, "contacts")
        await device.sees("入会")
        await device.press("member-action")
        await device.press("kind-call")
        await device.type("note-text", "要新款风衣")
        club.broken["recordContact"] = 1
        await device.press("save-note")
        await device.sees("没有收到回应")
        await device.press("save-note")

        await device.sees("电话")
        assert len({sent["id"] for sent in club.inputs}) == 1
        assert club.inputs[0]["storeId"] == STORE
        device.close()

    asyncio.run(play())


def test_the_profile_shows_calendar_family_custom_fields_and_consents() -> None:
    async def play() -> None:
        club = Club()
        device = await looking(club, "profile")
        for text in ("农历 1990-08-15 · 36 岁", "上装 M", "朋友推荐", "梨形", "孩子 小宝",
                     "同意 · 2026-01-01"):  # fmt: skip
            await device.sees(text)
        assert not device.says("2026-02")  # how HQ calls the notice says nothing here
        await device.switch("marketing")
        await device.until(lambda: bool(club.inputs))
        assert club.inputs[0]["consents"][0]["granted"] is True
        assert club.inputs[0]["consents"][0]["purpose"] == "MARKETING"
        device.close()

    asyncio.run(play())


def test_the_form_tells_only_what_was_changed() -> None:
    async def play() -> None:
        club = Club()
        device = await looking(club, "profile")
        await device.sees("孩子 小宝")
        await device.press("member-action")
        await device.sees("体型（必填）")
        assert device.named("field-score") is None  # reckoned, not filled in
        await device.press("save-member")
        await device.sees("没有改动")
        await device.type("member-city", "苏州")
        await device.type("field-budget", "1500.5")
        await device.press("field-body-apple")
        await device.press("save-member")

        await device.sees("已保存")
        assert club.inputs == [
            {"memberId": MEMBER, "version": 3, "city": "苏州",
             "fields": {"budget": "150050", "body": "apple"}}
        ]  # fmt: skip
        device.close()

    asyncio.run(play())


def test_family_is_written_down_and_forgotten() -> None:
    async def play() -> None:
        club = Club()
        device = await looking(club, "profile")
        await device.press("add-relative")
        await device.type("member-name", "小贝")
        await device.type("member-month", "8")
        await device.type("member-day", "15")
        await device.press("lunar")
        await device.tick("guardian")
        club.refuse["saveRelative"] = ("GUARDIAN_CONSENT_MISSING", {})
        await device.press("save-relative")
        await device.sees("需要监护人同意")
        await device.press("save-relative")

        await device.sees("孩子 小贝")
        sent = club.inputs[0]
        assert (sent["relation"], sent["guardianConsent"]) == ("CHILD", True)
        assert sent["born"] == {
            "calendar": "LUNAR", "year": None, "month": 8, "day": 15, "leapMonth": False,
        }  # fmt: skip
        await device.press(f"forget-{MEMBER}")
        await device.press(f"forget-{MEMBER}-now")
        await device.until(lambda: [each["name"] for each in club.relatives] == ["小贝"])
        device.close()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"year": ""}, {"year": None}),
        ({"day": "3"}, {"day": 3}),
        ({"leap": True}, {"leapMonth": True}),
        ({"calendar": "solar", "leap": True}, {"calendar": "SOLAR", "leapMonth": False}),
    ],
)
def test_a_birthday_is_told_as_it_is_given(typed: dict[str, Any], told: dict[str, Any]) -> None:
    member = Club().known
    form = ProfileForm.of(member)
    for name, value in typed.items():
        form = form.with_(name, value)

    born = {"calendar": "LUNAR", "year": 1990, "month": 8, "day": 15, "leapMonth": False}
    assert form.changes(member) == {"born": {**born, **told}}


def test_the_wallet_is_topped_up_by_a_plan() -> None:
    async def play() -> None:
        club = Club()
        device = await looking(club, "balances")
        await device.press("member-action")
        await device.press("step-100000-spring")
        await device.sees("送 ¥120.00")
        assert device.named("step-100000-vip") is None  # not for this member
        await device.press("pay-top-up")

        await device.sees("充值成功")
        sent = club.inputs[0]
        assert (sent["plan"], sent["paidMinor"], sent["tender"]) == ("spring", "100000", "CASH")
        device.close()

    asyncio.run(play())


def test_a_top_up_without_an_answer_is_sent_again_with_its_id() -> None:
    async def play() -> None:
        club = Club()
        device = await looking(club, "balances")
        await device.press("member-action")
        await device.keys("5")
        await device.press("key-00")
        club.broken["topUp"] = 2
        await device.press("pay-top-up")

        await device.sees("充值成功")
        assert len(club.inputs) == 3
        assert list(club.topped.values()) == [500]
        device.close()

    asyncio.run(play())


def test_a_refused_top_up_says_why_and_takes_nothing() -> None:
    async def play() -> None:
        club = Club()
        device = await looking(club, "balances")
        await device.press("member-action")
        await device.press("step-50000")
        club.refuse["topUp"] = ("BALANCE_LIMIT", {})
        await device.press("pay-top-up")

        await device.sees("储值不能超过上限")
        assert club.topped == {}
        assert device.stored("unsent") is None
        device.close()

    asyncio.run(play())


def test_the_clerk_chooses_how_many_points_pay() -> None:
    async def play() -> None:
        shop = Shop()
        device = await paying(shop, member=True)
        await device.press("choose-points")
        await device.press("points-round-rest")
        await device.sees("820 积分 ＝ ¥8.20")
        for _ in range(3):
            await device.press("key-back")
        await device.keys("5000")
        await device.sees("积分不够")
        await device.press("use-chosen-points")
        assert device.till.payment.paid_minor == 0
        await device.press("points-all")
        await device.press("key-back")
        await device.press("use-chosen-points")

        await device.until(lambda: device.till.payment.paid_minor == 120)
        assert device.till.payment.tenders[0]["points"] == 120
        device.close()

    asyncio.run(play())


def test_who_was_merged_is_the_other_and_who_was_erased_is_gone() -> None:
    async def play() -> None:
        club = Club()
        device = await looking(club)
        other = "0190a000-0000-7000-8000-0000000000bb"
        club.known["id"] = other
        club.member = lambda id: club.known  # type: ignore[method-assign]  # noqa: A006
        await device.till.member_work.again()
        assert device.till.person.id == other
        club.member = lambda id: None  # type: ignore[method-assign]  # noqa: A006
        await device.till.member_work.again()

        await device.sees("没有这位会员了")
        device.close()

    asyncio.run(play())


def test_the_member_of_a_sale_is_a_tap_away() -> None:
    async def play() -> None:
        device = await working(Club())
        await device.type("scan", CARD, enter=True)
        await device.press("open-member")
        await device.sees("还差 ¥10 升级金卡")
        await device.press("back")
        await device.sees("扫第一件商品")
        device.close()

    asyncio.run(play())
