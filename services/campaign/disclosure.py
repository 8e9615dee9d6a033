"""What campaign holds about a person, and what of it goes out to them (`shared.disclosure`)."""

from services.campaign.models import Base
from shared.disclosure import Section, Told

_CODE = "(SELECT code FROM promotions WHERE promotions.id = {}.promotion_id)"
SECTIONS = (
    Section(
        "coupons",
        "优惠券",
        "Coupons",
        "id code promotion_id valid_from valid_until issued_at cap_total cap_per_member author_id",
        also={"promotion": _CODE.format("coupons")},
    ),
    Section(
        "redemptions",
        "享受的优惠",
        "Promotions made use of",
        "order_id promotion_id orders version coupon_code store_id discount_minor at",
        key="order_id promotion_id orders",
        also={"promotion": _CODE.format("redemptions")},
    ),
)
WITHHELD = {
    "members": "a copy of tags and tier, which member and loyalty tell",
    "birthday_windows": "a copy of what member tells",
    "coupons.lookup": "the code once more, in capitals",
    "usages": "sums of the promotions made use of",
    "holds": "while a sale lasts; what it came to is told with the orders",
    "hold_items": "while a sale lasts",
}
NOT_OF_PERSONS = "prices promotion_versions promotions skus styles"

TOLD = Told(Base.metadata, SECTIONS, WITHHELD, NOT_OF_PERSONS)
