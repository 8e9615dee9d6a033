"""What order holds about a person, and what of it goes out to them (`shared.disclosure`)."""

from services.order.models import Base
from shared.disclosure import Section, Told

_OF_ORDERS = "order_id IN (SELECT id FROM orders WHERE member_id = ANY(:ids))"
SECTIONS = (
    Section(
        "orders",
        "订单",
        "Orders",
        "id status receipt_number store_id legal_entity franchisee_id business_date sold_at"
        " placed_at channel currency list_minor discount_minor total_minor tax_minor change_minor"
        " tier promotions privileges points_expected points_bonuses balances refusal cancel_reason"
        " cancelled_by returns returned_minor staff_id sent_by device_id shift_id created_at",
    ),
    Section(
        "order_lines",
        "订单明细",
        "Lines of orders",
        "order_id line sku_code name category colour size quantity unit_list_minor list_minor"
        " discount_minor net_minor tax_basis_points tax_minor reasons sku_id style_id",
        key="order_id line",
        of=_OF_ORDERS,
    ),
    Section(
        "order_tenders",
        "订单付款",
        "Payments of orders",
        "order_id position kind amount_minor given_minor points reference return_id",
        key="order_id position",
        of=_OF_ORDERS,
    ),
    Section(
        "returns",
        "退货",
        "Returns",
        "id order_id number receipt_number store_id legal_entity franchisee_id business_date"
        " returned_at currency refund_minor tax_minor points_taken promotions reason rule_version"
        " exchange_order_id staff_id device_id",
    ),
    Section(
        "return_lines",
        "退货明细",
        "Lines of returns",
        "return_id position order_id line quantity condition refund_minor tax_minor",
        key="return_id position",
        of=_OF_ORDERS,
    ),
    Section(
        "refunds",
        "退款",
        "Refunds",
        "return_id position order_id kind amount_minor carried_minor points reference",
        key="return_id position",
        of=_OF_ORDERS,
    ),
    Section(
        "offline_sales",
        "离线销售",
        "Sales made without network",
        "order_id receipt claimed_at contact_at ahead_seconds received_at rule_version tier clamped"
        " accepted differences",
        key="order_id",
        of=_OF_ORDERS,
    ),
    Section(
        "refused_sales",
        "被拒的离线销售",
        "Sales made without network that were refused",
        "order_id store_id device_id staff_id receipt sold_at currency total_minor command refusal"
        " refused_at accepted_at accepted_by reason",
        key="order_id",
    ),
)
_GUARD = "so that no more comes back than was sold and paid"
WITHHELD = {
    "merged_members": "a copy of what member tells of merges",
    "orders.content": "a digest, by which an order sent twice is recognised",
    "orders.worked_until": "a lease between processes",
    "orders.fact": "how the order came in",
    "orders.offline": "how the order came in",
    "offline_sales.spell_id": "which time without network of a device it belongs to",
    "refused_sales.content": "a digest, by which a sale sent twice is recognised",
    "orders.told_minor": "the same as total_minor",
    "returns.content": "a digest, by which a return sent twice is recognised",
    "returns.sold_store_id": "that of the order once more",
    "returns.seller_id": "the staff_id of the order once more",
    "return_lines.returned_before": _GUARD,
    "return_lines.sold": _GUARD,
    "refunds.refunded_before": _GUARD,
    "refunds.paid": _GUARD,
}
NOT_OF_PERSONS = (
    "devices earn_rules offline_rules offline_spells receipt_counters receipt_issues return_rules"
    " staff"
)

TOLD = Told(Base.metadata, SECTIONS, WITHHELD, NOT_OF_PERSONS)
