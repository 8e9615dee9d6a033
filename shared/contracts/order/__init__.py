"""Order: quote, place, cancel; the saga of a sale is the order's row. Returns stand beside it."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import (
    PLAIN,
    Command,
    Currency,
    Event,
    Message,
    OrderChannel,
    PageSize,
    Sentence,
    Text,
)
from shared.contracts.campaign import (
    AppliedPromotion,
    BasketLine,
    CouponCode,
    OpenPrivilege,
    PricedLine,
)
from shared.contracts.loyalty import SpendOffer
from shared.contracts.order.goods_back import Exchange
from shared.contracts.order.stated import OfflineSale
from shared.paging import Page

Amount = Annotated[int, Meta(ge=0, le=10**12)]
TenderKind = Literal["cash", "card", "code", "points", "wallet"]
OrderStatus = Literal["pending", "placed", "cancelled", "voided"]

ERRORS = {
    "BASKET_SIZE": Sentence(
        zh="一单须有 1 到 {limit} 行商品", en="A basket has between 1 and {limit} lines"
    ),
    "INVALID_QUANTITY": Sentence(
        zh="数量须在 1 到 {limit} 之间", en="A quantity is between 1 and {limit}"
    ),
    "CURRENCY_MISMATCH": Sentence(zh="币种应为 {expected}", en="The currency has to be {expected}"),
    "TENDERS_MISMATCH": Sentence(
        zh="收款 {paid_minor}，应收 {total_minor}，两者不符",
        en="Payments come to {paid_minor}, the total is {total_minor}",
    ),
    "TENDER_INVALID": Sentence(zh="收款方式有误：{reason}", en="A payment is not right: {reason}"),
    "TENDER_NEEDS_MEMBER": Sentence(
        zh="使用积分或储值须先识别会员", en="Points and wallet need a member"
    ),
    "PRICE_CHANGED": Sentence(
        zh="价格已变，现为 {total_minor}，请与顾客确认",
        en="The price has changed to {total_minor}; please confirm with the customer",
    ),
    "ORDER_CONFLICT": Sentence(
        zh="该订单号已用于其他内容", en="This order id was used with other content"
    ),
    "ORDER_IN_PROGRESS": Sentence(
        zh="该订单正在处理，请稍候重试",
        en="This order is on its way; send it again in a moment",
    ),
    "ORDER_EXPIRED": Sentence(
        zh="该订单超时已取消，请重新下单",
        en="This order took too long and was cancelled",
    ),
    "UNKNOWN_ORDER": Sentence(zh="没有这笔订单", en="There is no such order"),
    "NOT_CANCELLABLE": Sentence(
        zh="只能撤销本店当天的订单，其余请走退货",
        en="Only an order of this store and day can be cancelled; the rest are returns",
    ),
    "STATED_BY_CLIENTS_ONLY": Sentence(
        zh="只有接口可以上传已成交的价格",
        en="Only an integration may state what was charged",
    ),
    "INVALID_TIME": Sentence(zh="成交时间不对", en="The time of the sale is not possible"),
    "UNKNOWN_SELLER": Sentence(
        zh="本店没有这位导购", en="There is no such member of staff in this store"
    ),
}


class Tender(Message, frozen=True, kw_only=True):
    """One payment. `amount_minor` goes towards the total; `given_minor` is the cash handed over
    (change is the rest); `points` is how many points pay `amount_minor`; card and code carry the
    terminal's `reference`. `return_id` is set by an exchange: what was paid for the goods that came
    back then pays for this order."""

    kind: TenderKind
    amount_minor: Amount
    given_minor: Amount | None = None
    points: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    reference: Annotated[str, Meta(min_length=1, max_length=100, pattern=PLAIN)] | None = None
    return_id: UUID | None = None


class Quote(Message, frozen=True, kw_only=True):
    """The price of a basket with its reasons, what could pay for it, and the points it earns, with
    the codes of the bonuses that count."""

    currency: str
    lines: list[PricedLine]
    list_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    tier: str | None = None
    privileges: list[OpenPrivilege] = []
    promotions: list[AppliedPromotion] = []
    points_expected: int = 0
    points_bonuses: list[str] = []
    offer: SpendOffer | None = None


class GetQuote(Command[Quote], frozen=True, kw_only=True):
    """Price a basket without holding anything."""

    store_id: UUID
    member_id: UUID | None = None
    channel: OrderChannel = "store"
    currency: Currency = "CNY"
    lines: list[BasketLine]
    coupon_codes: Annotated[list[CouponCode], Meta(max_length=20)] = []


class Balances(Message, frozen=True, kw_only=True):
    """The member's balances after this order's holds."""

    points: int
    wallet_principal_minor: int
    wallet_bonus_minor: int


class PiecesReturned(Message, frozen=True, kw_only=True):
    """How many pieces of a line have come back."""

    line: int
    quantity: int


class Order(Message, frozen=True, kw_only=True):
    """An order as it was placed. `staff_id` made the sale; `fact`: it happened elsewhere and was
    booked as told. `returned` is what has come back of it, for `returned_minor`. `points_bonuses`:
    the codes of the earn rule's bonuses that made `points_expected` what it is."""

    id: UUID
    status: OrderStatus
    receipt_number: str | None
    store_id: UUID
    legal_entity: str
    device_id: UUID | None
    shift_id: UUID | None
    staff_id: UUID
    member_id: UUID | None
    channel: OrderChannel
    business_date: date
    placed_at: datetime | None
    currency: str
    lines: list[PricedLine]
    list_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    tenders: list[Tender]
    change_minor: int
    promotions: list[AppliedPromotion]
    tier: str | None
    points_expected: int
    points_bonuses: list[str] = []
    balances: Balances | None
    fact: bool
    cancel_reason: str | None = None
    returned: list[PiecesReturned] = []
    returned_minor: int = 0


# What is left at its default is not encoded, so that a field which is added later does not make a
# sale that was sent before it look like another one.
class PlaceOrder(Command[Order], frozen=True, kw_only=True, omit_defaults=True):
    """Sell. The id is made and saved by the client before sending and is repeated with it until
    there is an answer: same id and content, same answer.

    `seller_id` is who made the sale, and becomes the order's staff: a till may have been handed
    over before the sale is sent. It is one of the store's staff who may sell there, or is refused
    with UNKNOWN_SELLER; without it, the caller is the seller.

    `total_minor` is what the customer was told; another price is refused with PRICE_CHANGED, whose
    parameter `quote` is the new quote as JSON. With an `exchange`, `tenders` pay what the goods
    that come back do not, and it may be refused as `ReturnGoods`. A line with `stated_minor`, and
    `occurred_at`, are for integrations: a sale that has happened in another till. `offline` is for
    tills of our own: a sale made without network, all lines stated; it is a fact, which only the
    offline rule can refuse (OFFLINE_*), and a manager accept all the same (`AcceptOfflineSale`).
    """

    order_id: UUID
    store_id: UUID
    device_id: UUID | None = None
    shift_id: UUID | None = None
    seller_id: UUID | None = None
    member_id: UUID | None = None
    channel: OrderChannel = "store"
    currency: Currency = "CNY"
    total_minor: Amount
    lines: list[BasketLine]
    coupon_codes: Annotated[list[CouponCode], Meta(max_length=20)] = []
    tenders: Annotated[list[Tender], Meta(max_length=20)] = []
    occurred_at: datetime | None = None
    exchange: Exchange | None = None
    offline: OfflineSale | None = None


class CancelOrder(Command[Order], frozen=True, kw_only=True):
    """Void a whole placed sale of the same store and business day, by a manager. Repeatable."""

    order_id: UUID
    reason: Annotated[str, Meta(min_length=2, max_length=200, pattern=PLAIN)]


class Orders(Message, frozen=True, kw_only=True):
    items: list[Order]


class GetOrders(Command[Orders], frozen=True, kw_only=True):
    """Orders by id; those outside the caller's scope are left out."""

    ids: Annotated[list[UUID], Meta(max_length=200)]


class ListOrders(Command[Page[Order]], frozen=True, kw_only=True):
    """Orders of a store (and day), of a member over all stores, or the one with a receipt number:
    whoever holds a receipt is served in any store. Newest first."""

    store_id: UUID | None = None
    member_id: UUID | None = None
    business_date: date | None = None
    receipt_number: Text | None = None
    first: PageSize = 20
    after: Text | None = None


class OrderLine(Message, frozen=True, kw_only=True):
    sku_id: UUID
    style_id: UUID
    category: str
    quantity: int
    net_minor: int


class OrderPlaced(Event, frozen=True, kw_only=True):
    """A sale was made, paid in full. Subject: the order; sequence 1.

    The order's own row is its record (who, where, when), so the audit log does not repeat it.
    """

    type: ClassVar[str] = "order.placed"
    audited: ClassVar[bool] = False
    order_id: UUID
    store_id: UUID
    franchisee_id: UUID | None
    member_id: UUID | None
    staff_id: UUID
    channel: OrderChannel
    business_date: date
    placed_at: datetime
    currency: str
    total_minor: int
    points_minor: int
    wallet_minor: int
    points: int
    tier: str | None
    lines: list[OrderLine]
    promotions: list[AppliedPromotion]
    fact: bool
    privileges: list[OpenPrivilege] = []
    receipt_number: str | None = None


class OrderCancelled(Event, frozen=True, kw_only=True):
    """An order was never placed: whoever holds something for it lets go. Sequence 1."""

    type: ClassVar[str] = "order.cancelled"
    audited: ClassVar[bool] = False
    order_id: UUID
    store_id: UUID
    reason: str


class OrderVoided(Event, frozen=True, kw_only=True):
    """A placed order was cancelled: everything it booked is booked back. Sequence 2."""

    type: ClassVar[str] = "order.voided"
    order_id: UUID
    store_id: UUID
    member_id: UUID | None
    business_date: date
    total_minor: int
    reason: str
