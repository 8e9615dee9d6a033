"""The rules of points, tiers and wallet; promotions, and the coupons some of them need.

The promotions are for the demo's own stores: another chain in the same stack keeps its prices.
"""

from typing import Any

from infra.demo import id_of, words

WELCOME = "WELCOME50"
BIRTHDAY_COUPONS = 40
BIRTHDAY_MONTH = "birthday-month"
_FREE_DELIVERY = {"code": "free-delivery", "name_zh": "免费配送", "name_en": "Free delivery"}
_PRIORITY_DISPATCH = {
    "code": "priority-dispatch", "name_zh": "优先发货", "name_en": "Priority dispatch",
}  # fmt: skip
_OWN_LINE = {
    "code": "own-line", "name_zh": "专属客服通道", "name_en": "A service line of their own",
}  # fmt: skip


def rules(since: str) -> list[dict[str, Any]]:
    """The inputs of `publishRule`, in force since before the first sale."""
    bodies: list[dict[str, Any]] = [
        {
            "type": "earn",
            "minor_per_point": 100,
            "multipliers_basis_points": {"silver": 10_000, "gold": 12_000, "diamond": 15_000},
            "privileges_basis_points": {BIRTHDAY_MONTH: 20_000},
            "bonuses": [
                {"code": "member-day", "name_zh": "周三会员日双倍积分",
                 "name_en": "Double points on Wednesdays", "multiplier_basis_points": 20_000,
                 "when": {"weekdays": [3]}},
            ],
        },
        {"type": "expiry", "basis": "months", "length": 12, "notice_days": 30},
        {"type": "spend", "minor_per_hundred_points": 100, "max_share_basis_points": 10_000},
        {
            "type": "ladder",
            "basis": "spend",
            "window_days": 365,
            "tiers": [
                {"code": "silver", "name_zh": "银卡", "name_en": "Silver", "threshold": 0},
                {"code": "gold", "name_zh": "金卡", "name_en": "Gold", "threshold": 300_000,
                 "benefits": [_FREE_DELIVERY]},
                {"code": "diamond", "name_zh": "钻石卡", "name_en": "Diamond",
                 "threshold": 1_000_000,
                 "benefits": [_FREE_DELIVERY, _PRIORITY_DISPATCH, _OWN_LINE]},
            ],
            "grace_days": 30,
            "notice_days": 7,
        },
        {
            "type": "top_up",
            "steps": [
                {"paid_minor": 50_000, "bonus_minor": 3_000},
                {"paid_minor": 100_000, "bonus_minor": 8_000},
                {"paid_minor": 300_000, "bonus_minor": 30_000},
            ],
            "plans": [
                {"code": "new-season", "name_zh": "焕新季充2000送360",
                 "name_en": "New season: 360 on 2,000", "free_amount": False, "use": "once",
                 "steps": [{"paid_minor": 200_000, "bonus_minor": 36_000}]},
            ],
            "limit_minor": 500_000,
        },
        {"type": "wallet", "spend_order": "principal_first"},
    ]  # fmt: skip
    return [
        {"id": id_of(f"rule:{body['type']}"), "validFrom": since, "body": body} for body in bodies
    ]


def promotions() -> list[dict[str, Any]]:
    """The inputs of `publishPromotion`. Lower priorities come first."""
    return [
        _promotion("GOLD10", "金卡及以上九折", "10% off from gold", 50,
                   {"type": "percentage", "off_basis_points": 1_000},
                   eligibility={"tiers": ["gold", "diamond"]}),
        _promotion("TEE2", "T恤第二件半价", "Second T-shirt at half price", 60,
                   {"type": "second_piece", "off_basis_points": 5_000},
                   eligibility={"categories": ["T恤"]}),
        _promotion("SUIT", "衬衫配半身裙 459 元", "Shirt and skirt for 459", 70,
                   {"type": "bundle", "price_minor": 45_900, "parts": [
                       {"quantity": 1, "categories": ["衬衫"]},
                       {"quantity": 1, "categories": ["半身裙"]}]}),
        _promotion("FULL300", "满300减40", "40 off 300", 100,
                   {"type": "amount_off", "threshold_minor": 30_000, "off_minor": 4_000}),
        _promotion("WELCOME", "新人满200减50", "50 off 200 for newcomers", 200,
                   {"type": "amount_off", "threshold_minor": 20_000, "off_minor": 5_000},
                   needsCoupon=True),
        _promotion("BIRTHDAY", "生日八折", "20% off for your birthday", 210,
                   {"type": "percentage", "off_basis_points": 2_000},
                   needsCoupon=True, capPerMember=1),
    ]  # fmt: skip


def tag_rules() -> list[dict[str, Any]]:
    """The inputs of `publishTagRule`; amounts are fen."""
    conditions = {
        "高价值用户": ("High value", "spent >= 300000 or spent_in(90) >= 200000"),
        "新品关注者": ("Follows new arrivals", 'orders_in(30) >= 3 or tags has "新品优先"'),
        "价格敏感型": (
            "Price sensitive",
            'orders >= 2 and average < 25000 or tags has "折扣敏感"',
        ),
    }
    return [
        {
            "id": id_of(f"tag rule:{tag}"),
            "rule": {"tag": tag, "labelZh": tag, "labelEn": label, "condition": condition},
        }
        for tag, (label, condition) in conditions.items()
    ]


def birthday_rule() -> dict[str, Any]:
    """The input of `publishBirthdayRule`: double points all month, and a coupon a week ahead."""
    return {
        "id": id_of("birthday rule"),
        "rule": {
            "february29": "february_28",
            "privileges": [
                {"code": BIRTHDAY_MONTH, "nameZh": "生日当月双倍积分",
                 "nameEn": "Double points in the month of the birthday", "span": "month"},
                {"code": "birthday-coupon", "nameZh": "生日券", "nameEn": "Birthday coupon",
                 "span": "day", "announceDays": 7,
                 "couponPromotionId": id_of("promotion:BIRTHDAY")},
            ],
        },
    }  # fmt: skip


def return_rule(since: str) -> dict[str, Any]:
    """The input of `publishReturnRule`: a week for everybody, a month with a manager."""
    return {
        "id": id_of("return rule"),
        "validFrom": since,
        "body": {"days": 7, "managerDays": 30},
    }


def clearing_agreement() -> dict[str, Any]:
    """The input of `publishClearingAgreement`, for all stores: points at four fifths of what they
    paid for, half of the bonus."""
    return {
        "id": id_of("clearing"),
        "terms": {"pointsMinorPerHundred": 80, "bonusBasisPoints": 5_000},
    }


def coupons(member_ids: list[str]) -> list[dict[str, Any]]:
    """One that anybody may type in, and one each for some members."""
    everybody = {
        "code": WELCOME,
        "promotionId": id_of("promotion:WELCOME"),
        "capTotal": 1_000,
        "capPerMember": 1,
    }
    personal = [
        {
            "code": f"BIRTHDAY-{number:04}",
            "promotionId": id_of("promotion:BIRTHDAY"),
            "memberId": member_id,
            "capTotal": 1,
        }
        for number, member_id in enumerate(member_ids[:BIRTHDAY_COUPONS], 1)
    ]
    return [everybody, *personal]


def _promotion(
    code: str, name_zh: str, name_en: str, priority: int, rule: dict[str, Any], **more: Any
) -> dict[str, Any]:
    stores = [id_of(f"store:{store[0]}") for store in words.STORES]
    promotion = {
        "id": id_of(f"promotion:{code}"),
        "code": code,
        "nameZh": name_zh,
        "nameEn": name_en,
        "priority": priority,
        "rule": rule,
        **more,
        "eligibility": {"storeIds": stores, **more.get("eligibility", {})},
    }
    return {"version": 0, "promotion": promotion}
