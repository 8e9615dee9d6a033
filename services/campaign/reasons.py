"""Why a promotion did or did not apply, in a sentence for people in zh-CN and en: pure."""

from collections.abc import Sequence

from msgspec import Struct

from services.campaign.offers import Offer
from shared import money
from shared.contracts.campaign import (
    AmountOff,
    Bundle,
    OpenPrivilege,
    Percentage,
    Reason,
    SecondPiece,
)


class Words(Struct, frozen=True):
    zh: str
    en: str


def reason(
    offer: Offer,
    code: str,
    words: Words,
    amount_minor: int = 0,
    privilege: OpenPrivilege | None = None,
) -> Reason:
    return Reason(
        promotion_id=offer.promotion.id,
        version=offer.version,
        name_zh=offer.promotion.name_zh,
        name_en=offer.promotion.name_en,
        code=code,
        amount_minor=amount_minor,
        text_zh=words.zh,
        text_en=words.en,
        privilege=privilege,
    )


def not_this_store(offer: Offer) -> Reason:
    words = Words(
        f"本店不参加“{offer.promotion.name_zh}”",
        f"This store does not take part in “{offer.promotion.name_en}”",
    )
    return reason(offer, "NOT_THIS_STORE", words)


def needs_coupon(offer: Offer) -> Reason:
    words = Words(
        f"“{offer.promotion.name_zh}”须出示优惠券",
        f"“{offer.promotion.name_en}” needs a coupon",
    )
    return reason(offer, "NEEDS_COUPON", words)


def needs_member(offer: Offer) -> Reason:
    words = Words(
        f"“{offer.promotion.name_zh}”限会员，请先识别会员",
        f"“{offer.promotion.name_en}” is for members; identify the member first",
    )
    return reason(offer, "NEEDS_MEMBER", words)


def not_this_tier(offer: Offer, tier: str | None) -> Reason:
    tiers = "/".join(sorted(offer.promotion.eligibility.tiers))
    words = Words(
        f"“{offer.promotion.name_zh}”限 {tiers} 等级，会员现为 {tier or '无等级'}",
        f"“{offer.promotion.name_en}” is for tier {tiers}; this member has {tier or 'none'}",
    )
    return reason(offer, "NOT_THIS_TIER", words)


def needs_tag(offer: Offer) -> Reason:
    tags = "/".join(sorted(offer.promotion.eligibility.tags))
    words = Words(
        f"“{offer.promotion.name_zh}”限带“{tags}”标签的会员",
        f"“{offer.promotion.name_en}” is for members tagged “{tags}”",
    )
    return reason(offer, "NEEDS_TAG", words)


def needs_privilege(offer: Offer) -> Reason:
    words = Words(
        f"“{offer.promotion.name_zh}”是生日特权，会员现不在生日期间",
        f"“{offer.promotion.name_en}” is a birthday privilege; it is not this member's time",
    )
    return reason(offer, "NEEDS_PRIVILEGE", words)


def used_up(offer: Offer) -> Reason:
    words = Words(
        f"“{offer.promotion.name_zh}”的名额已用完",
        f"“{offer.promotion.name_en}” has been used up",
    )
    return reason(offer, "USED_UP", words)


def not_this_piece(offer: Offer) -> Reason:
    words = Words(
        f"本商品不参加“{offer.promotion.name_zh}”",
        f"“{offer.promotion.name_en}” is not for this piece",
    )
    return reason(offer, "NOT_THIS_PIECE", words)


def beaten_by(offer: Offer, winners: Sequence[Offer], amount_minor: int, currency: str) -> Reason:
    """`amount_minor`: what the beaten promotion would have taken off the basket."""
    names_zh = "、".join(f"“{winner.promotion.name_zh}”" for winner in winners)
    names_en = ", ".join(f"“{winner.promotion.name_en}”" for winner in winners)
    shown = money.written(amount_minor, currency)
    words = Words(
        f"“{offer.promotion.name_zh}”可减 {shown}，不能与{names_zh}同享，后者更优惠",
        f"“{offer.promotion.name_en}” would give {shown}; {names_en} excludes it and gives more",
    )
    return reason(offer, "BEATEN_BY", words)


def applied(
    offer: Offer, amount_minor: int, currency: str, privilege: OpenPrivilege | None = None
) -> Reason:
    """Also for a line that took part and lost nothing itself: the dearer one of a pair."""
    how = _how(offer, currency)
    if amount_minor:
        shown = money.written(amount_minor, currency)
        words = Words(f"{how.zh}，本行减 {shown}", f"{how.en}: {shown} off this line")
    else:
        words = Words(f"{how.zh}，优惠记在其他行", f"{how.en}: taken off other lines")
    if privilege:
        version = privilege.rule_version
        words = Words(
            f"{words.zh}（生日特权，规则第 {version} 版）",
            f"{words.en} (birthday privilege, version {version} of the rule)",
        )
    return reason(offer, "APPLIED", words, amount_minor, privilege)


def not_reached(offer: Offer, code: str, missing: int, currency: str) -> Reason:
    """For what the basket lacks: `missing` is minor units or pieces, after the rule."""
    zh, en = offer.promotion.name_zh, offer.promotion.name_en
    pieces = "piece" if missing == 1 else "pieces"
    match code:
        case "BELOW_THRESHOLD":
            shown = money.written(missing, currency)
            words = Words(f"再买 {shown} 可享“{zh}”", f"Buy {shown} more for “{en}”")
        case "NEEDS_SECOND_PIECE":
            words = Words(f"再买 {missing} 件可享“{zh}”", f"Buy {missing} more {pieces} for “{en}”")
        case "BUNDLE_INCOMPLETE":
            words = Words(
                f"还差 {missing} 件可成一套“{zh}”",
                f"Add {missing} {pieces} for a set of “{en}”",
            )
        case _:
            words = Words(f"“{zh}”在此不能再减价", f"There is nothing left for “{en}” to take off")
    return reason(offer, code, words)


def _how(offer: Offer, currency: str) -> Words:
    """Name and rule in short; a name says what HQ wished it to say, the rule what was done."""
    zh, en = f"“{offer.promotion.name_zh}”", f"“{offer.promotion.name_en}”"
    match offer.promotion.rule:
        case Percentage(off_basis_points=off):
            return Words(f"{zh}（{_tenths(off)}）", f"{en} ({off / 100:g}% off)")
        case AmountOff(threshold_minor=threshold, off_minor=off, every=every):
            per_zh, per_en = ("每满", "each") if every else ("满", "from")
            reached, less = money.written(threshold, currency), money.written(off, currency)
            return Words(
                f"{zh}（{per_zh} {reached} 减 {less}）", f"{en} ({less} off {per_en} {reached})"
            )
        case SecondPiece(off_basis_points=off):
            return Words(f"{zh}（第二件{_tenths(off)}）", f"{en} (second piece {off / 100:g}% off)")
        case Bundle(price_minor=price):
            shown = money.written(price, currency)
            return Words(f"{zh}（每套 {shown}）", f"{en} (a set for {shown})")


def _tenths(off_basis_points: int) -> str:
    """1,000 basis points off are 9折; 10,000 are free."""
    rest = 10_000 - off_basis_points
    return f"{rest / 1000:g}折" if rest else "免单"
