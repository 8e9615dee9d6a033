"""Campaign: versioned promotions, coupons, and the price of a basket with the reasons for it."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from shared.contracts import (
    LINES_LIMIT,
    Code,
    Command,
    Event,
    Message,
    Name,
    Sentence,
)
from shared.contracts.campaign.stated import Difference, StatedTerms
from shared.contracts.member.disclosure import Cursor, Grant, Records
from shared.contracts.member.erasure import Destroyed

Amount = Annotated[int, Meta(ge=0, le=10**12)]
CouponCode = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{4,40}$(?!\n)")]
Cap = Annotated[int, Meta(ge=1, le=10**9)]
Ids = Annotated[frozenset[UUID], Meta(max_length=5_000)]
Names = Annotated[frozenset[Name], Meta(max_length=500)]

ERRORS = {
    "UNKNOWN_SKU": Sentence(zh="没有这个商品", en="There is no such piece"),
    "NO_PRICE": Sentence(zh="“{name}”在本店没有定价", en="“{name}” has no price in this store"),
    "INVALID_QUANTITY": Sentence(
        zh="数量须在 1 到 {limit} 之间", en="A quantity is between 1 and {limit}"
    ),
    "UNKNOWN_MEMBER": Sentence(zh="没有这位会员", en="There is no such member"),
    "UNKNOWN_COUPON": Sentence(zh="优惠券 {code} 不存在", en="There is no coupon {code}"),
    "COUPON_EXPIRED": Sentence(zh="优惠券 {code} 已过期", en="Coupon {code} has expired"),
    "COUPON_NOT_YET": Sentence(zh="优惠券 {code} 尚未生效", en="Coupon {code} is not valid yet"),
    "COUPON_USED_UP": Sentence(zh="优惠券 {code} 已被使用", en="Coupon {code} has been used up"),
    "COUPON_OF_OTHER_MEMBER": Sentence(
        zh="优惠券 {code} 属于其他会员", en="Coupon {code} is another member's"
    ),
    "COUPON_NEEDS_MEMBER": Sentence(
        zh="优惠券 {code} 限会员使用，请先识别会员", en="Coupon {code} is for members"
    ),
    "COUPON_NO_EFFECT": Sentence(
        zh="优惠券 {code} 对这一单不适用：{why_zh}",
        en="Coupon {code} does nothing here: {why_en}",
    ),
    "HOLD_RELEASED": Sentence(
        zh="该订单已取消，请重新下单", en="This order was cancelled; make a new one"
    ),
    "UNKNOWN_PROMOTION": Sentence(zh="没有这项促销", en="There is no such promotion"),
    "PROMOTION_CHANGED": Sentence(
        zh="促销刚被他人修改，请刷新后再改",
        en="Someone else changed this promotion; look again",
    ),
    "INVALID_PROMOTION": Sentence(
        zh="促销设置有误：{reason_zh}",
        en="The promotion is not right: {reason_en}",
    ),
    "HOLD_CONFLICT": Sentence(
        zh="该订单号已用于其他内容", en="This order id was used with other content"
    ),
    "CODE_TAKEN": Sentence(zh="编号“{code}”已被使用", en="Code “{code}” is taken already"),
    "CURRENCY_MISMATCH": Sentence(zh="币种应为 {expected}", en="The currency has to be {expected}"),
}


class Percentage(Message, frozen=True, kw_only=True, tag="percentage"):
    """So much off each eligible piece (9 折 is 1,000 basis points off)."""

    off_basis_points: Annotated[int, Meta(ge=1, le=10_000)]


class AmountOff(Message, frozen=True, kw_only=True, tag="amount_off"):
    """满减: `off_minor` off when the eligible lines reach `threshold_minor`; with `every`, again
    for each time the threshold is reached."""

    threshold_minor: Annotated[int, Meta(ge=1, le=10**12)]
    off_minor: Annotated[int, Meta(ge=1, le=10**12)]
    every: bool = False


class SecondPiece(Message, frozen=True, kw_only=True, tag="second_piece"):
    """Of each two eligible pieces, the cheaper one at so much off (第二件半价: 5,000)."""

    off_basis_points: Annotated[int, Meta(ge=1, le=10_000)] = 5_000


class BundlePart(Message, frozen=True, kw_only=True):
    """So many pieces out of these styles or categories (at least one of either is named)."""

    quantity: Annotated[int, Meta(ge=1, le=100)] = 1
    style_ids: Ids = frozenset()
    categories: Names = frozenset()


class Bundle(Message, frozen=True, kw_only=True, tag="bundle"):
    """A set of parts for one price; as often as the basket holds the set."""

    parts: Annotated[list[BundlePart], Meta(min_length=1, max_length=20)]
    price_minor: Amount


PromotionRule = Percentage | AmountOff | SecondPiece | Bundle


class Eligibility(Message, frozen=True, kw_only=True):
    """What and whom a promotion is for; an empty set means no restriction.

    Pieces are of one of the styles or one of the categories; stores are named or belong to one of
    the franchisees; members have one of the tiers, one of the tags, and now one of the privileges
    of the birthday rule (T8).
    """

    style_ids: Ids = frozenset()
    categories: Names = frozenset()
    store_ids: Ids = frozenset()
    franchisee_ids: Ids = frozenset()
    tiers: Annotated[frozenset[Code], Meta(max_length=20)] = frozenset()
    tags: Names = frozenset()
    privileges: Annotated[frozenset[Code], Meta(max_length=20)] = frozenset()
    members_only: bool = False


class PromotionInput(Message, frozen=True, kw_only=True):
    """`priority`: lower is applied first, on what is left of the price. `stacks` False: applies
    only alone, when it beats the stacking ones together. `group`: at most one of a group, the best.
    `needs_coupon`: only by one of its coupons. Caps belong to the promotion (K10)."""

    id: UUID
    code: Code
    name_zh: Name
    name_en: Name
    rule: PromotionRule
    eligibility: Eligibility = Eligibility()
    priority: Annotated[int, Meta(ge=0, le=1000)] = 100
    stacks: bool = True
    group: Code | None = None
    needs_coupon: bool = False
    cap_total: Cap | None = None
    cap_per_member: Cap | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class Promotion(Message, frozen=True, kw_only=True):
    """One version of a promotion. `redeemed` counts orders over all versions."""

    version: int
    author_id: UUID
    published_at: datetime
    ended: bool
    redeemed: int
    promotion: PromotionInput


class PublishPromotion(Command[Promotion], frozen=True, kw_only=True):
    """Publish a promotion or its next version; HQ. `version` is the one it replaces (0: new)."""

    version: int
    promotion: PromotionInput


class EndPromotion(Command[Promotion], frozen=True, kw_only=True):
    id: UUID


class Promotions(Message, frozen=True, kw_only=True):
    items: list[Promotion]


class ListPromotions(Command[Promotions], frozen=True, kw_only=True):
    """Newest version of each; all versions of one with `id`."""

    id: UUID | None = None
    include_ended: bool = False


class CouponInput(Message, frozen=True, kw_only=True):
    """One issued right with a code. `member_id` ties it to a person; caps count orders."""

    code: CouponCode
    promotion_id: UUID
    member_id: UUID | None = None
    cap_total: Cap | None = 1
    cap_per_member: Cap | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class Coupon(Message, frozen=True, kw_only=True):
    code: str
    promotion_id: UUID
    name_zh: str
    name_en: str
    member_id: UUID | None
    cap_total: int | None
    cap_per_member: int | None
    used: int
    held: int
    valid_from: datetime | None
    valid_until: datetime | None


class Coupons(Message, frozen=True, kw_only=True):
    items: list[Coupon]


class IssueCoupons(Command[Coupons], frozen=True, kw_only=True):
    """Issue coupons of a promotion that needs one; a code issued before with the same content
    stays as it is, with other content it is refused (CODE_TAKEN)."""

    items: Annotated[list[CouponInput], Meta(min_length=1, max_length=LINES_LIMIT)]


class GetCoupons(Command[Coupons], frozen=True, kw_only=True):
    """Coupons by code, and those of a member that can still be used."""

    codes: Annotated[list[CouponCode], Meta(max_length=50)] = []
    member_id: UUID | None = None


class BasketLine(Message, frozen=True, kw_only=True):
    """`stated_minor`: what was charged for the line in another till (then nothing is priced)."""

    line: int
    sku_id: UUID
    quantity: int
    stated_minor: Amount | None = None


class OpenPrivilege(Message, frozen=True, kw_only=True):
    """A privilege of the birthday rule that a member has at the moment, by that version of it."""

    code: str
    rule_version: int


class Reason(Message, frozen=True, kw_only=True):
    """Why a promotion of this store did or did not apply to a line, in words.

    `code` is one of APPLIED, BELOW_THRESHOLD, NOT_THIS_PIECE, NOT_THIS_TIER, NEEDS_MEMBER,
    NEEDS_TAG, NEEDS_PRIVILEGE, NEEDS_COUPON, NEEDS_SECOND_PIECE, BUNDLE_INCOMPLETE, BEATEN_BY,
    USED_UP, NOTHING_LEFT. `privilege`: the birthday privilege that let it apply.
    """

    promotion_id: UUID
    version: int
    name_zh: str
    name_en: str
    code: str
    amount_minor: int = 0
    text_zh: str
    text_en: str
    privilege: OpenPrivilege | None = None


class PricedLine(Message, frozen=True, kw_only=True):
    """A line with its price, tax included: net = list - discount; both for the whole quantity."""

    line: int
    sku_id: UUID
    style_id: UUID
    sku_code: str
    name: str
    category: str
    colour: str
    size: str
    quantity: int
    unit_list_minor: int
    list_minor: int
    discount_minor: int
    net_minor: int
    tax_basis_points: int
    tax_minor: int
    reasons: list[Reason] = []


class AppliedPromotion(Message, frozen=True, kw_only=True):
    promotion_id: UUID
    version: int
    name_zh: str
    name_en: str
    discount_minor: int
    coupon_code: str | None = None
    privilege: OpenPrivilege | None = None


class Priced(Message, frozen=True, kw_only=True):
    """The price of a basket: lines add up to the total to the cent. Of one that was `stated` with
    its terms, `chain_minor` is what a till should have charged, and `differences` where it did not.
    """

    currency: str
    lines: list[PricedLine]
    list_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    tier: str | None = None
    promotions: list[AppliedPromotion] = []
    privileges: list[OpenPrivilege] = []
    differences: list[Difference] = []
    chain_minor: int | None = None


class PriceAndHold(Command[Priced], frozen=True, kw_only=True):
    """Price a basket; with `order_id`, also hold its coupons and capped promotions for that order.

    Repeating it for the same order gives the same answer and holds nothing again. Coupons that do
    nothing are refused, not consumed (K9). Refusals: UNKNOWN_SKU, NO_PRICE, UNKNOWN_MEMBER,
    UNKNOWN_STORE, the COUPON_* codes, HOLD_RELEASED, INVALID_QUANTITY, CURRENCY_MISMATCH.

    `stated`: the lines were sold by these terms in a till without network; that is a fact, which is
    priced as it was made, holds nothing, and is compared with what the chain knew `at` the time.
    """

    order_id: UUID | None = None
    store_id: UUID
    member_id: UUID | None = None
    currency: str
    at: datetime
    lines: Annotated[list[BasketLine], Meta(min_length=1, max_length=LINES_LIMIT)]
    coupon_codes: Annotated[list[CouponCode], Meta(max_length=20)] = []
    stated: StatedTerms | None = None


class PromotionPublished(Event, frozen=True, kw_only=True):
    """Subject: the promotion; sequence: `version`."""

    type: ClassVar[str] = "campaign.promotion_published"
    promotion_id: UUID
    version: int
    code: str


class PromotionEnded(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "campaign.promotion_ended"
    promotion_id: UUID
    version: int


class CouponsIssued(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "campaign.coupons_issued"
    promotion_id: UUID
    count: int


class CouponRedeemed(Event, frozen=True, kw_only=True):
    """A held coupon was used by a placed order (or given back: `returned`)."""

    type: ClassVar[str] = "campaign.coupon_redeemed"
    code: str
    order_id: UUID
    member_id: UUID | None
    returned: bool = False


class ReadCampaignRecords(Command[Records], frozen=True, kw_only=True):
    """The next page of what campaign holds about the person of the grant (their data out)."""

    grant: Grant
    after: Cursor | None = None


class ForgottenByCampaign(Event, frozen=True, kw_only=True):
    """Subject: the member; sequence 1. All that was personal here is destroyed."""

    type: ClassVar[str] = "campaign.member_erased"
    audited: ClassVar[bool] = False
    erasure_id: UUID
    member_id: UUID
    destroyed: list[Destroyed]
