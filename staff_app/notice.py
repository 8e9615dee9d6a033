"""The notice a person agrees to when becoming a member, as long as HQ has published none.

Its version names exactly this text.
"""

NOTICE_VERSION = "members-1"
NOTICE = {
    "zh": (
        "我们记录您的姓名、手机号和购买记录，用于积分、等级、储值和售后。资料只在本品牌门店内使用，"
        "手机号加密保存。您可以随时在任一门店查询、更正或注销。"
    ),
    "en": (
        "We keep your name, phone number and purchases for points, tiers, stored value and "
        "service. They are used by this brand's stores only; the phone number is encrypted. You "
        "may see, correct or erase them in any store at any time."
    ),
}
BUILT_IN = {
    "purpose": "MEMBERSHIP", "version": NOTICE_VERSION, "textZh": NOTICE["zh"],
    "textEn": NOTICE["en"],
}  # fmt: skip
