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
    Section(
        "tasks",
        "门店待办",
        "Tasks of the store",
        "id store_id kind state reason_zh:text_zh reason_en:text_en raised_at due_at outcome"
        " finished_at order_id sku_id rule_version",
    ),
    Section(
        "task_steps",
        "待办经过",
        "What happened with the tasks",
        "task_id number act at note",
        key="task_id number",
        of="task_id IN (SELECT id FROM tasks WHERE member_id = ANY(:ids))",
    ),
)
WITHHELD = {
    "members": "a copy of tags and tier, which member and loyalty tell",
    "birthday_windows": "a copy of what member tells",
    "coupons.lookup": "the code once more, in capitals",
    "usages": "sums of the promotions made use of",
    "tasks.version": "counts the steps",
    "tasks.associate_id": "who of the staff does it",
    "tasks.raised_by": "who of the staff it was",
    "tasks.finished_by": "who of the staff it was",
    "tasks.source_id": "the id of the event behind it",
    "tasks.source": "the kind says it",
    "tasks.digest": "tells a command from another with the same id",
    "task_steps.by_id": "who of the staff it was",
    "task_steps.to_id": "who of the staff does it",
    "holds": "while a sale lasts; what it came to is told with the orders",
    "hold_items": "while a sale lasts",
}
NOT_OF_PERSONS = "prices promotion_versions promotions skus staff styles task_rules"

TOLD = Told(Base.metadata, SECTIONS, WITHHELD, NOT_OF_PERSONS)
