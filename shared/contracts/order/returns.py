"""Returns: goods of an order come back, line by line, and what was paid for them goes back."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from shared.contracts import (
    PLAIN,
    Command,
    Event,
    Message,
    Name,
    OrderChannel,
    PageSize,
    Sentence,
    Text,
)
from shared.contracts.order import Amount, OrderLine, TenderKind
from shared.contracts.order.goods_back import Condition, RefundReference, ReturnLine
from shared.paging import Page

Days = Annotated[int, Meta(ge=0, le=3660)]

ERRORS = {
    "NOTHING_TO_RETURN": Sentence(zh="请选择要退的商品", en="Choose what comes back"),
    "NOT_RETURNABLE": Sentence(
        zh="这笔订单已撤销或未成交，不能退货",
        en="This order was cancelled or never made; nothing of it can come back",
    ),
    "RETURNED_ALREADY": Sentence(
        zh="第 {line} 行还可退 {left} 件，不够 {wanted} 件",
        en="Of line {line}, {left} can still come back, not {wanted}",
    ),
    "RETURN_TOO_LATE": Sentence(
        zh="已超过 {days} 天退货期限", en="Goods come back within {days} days; that is over"
    ),
    "RETURN_NEEDS_MANAGER": Sentence(
        zh="已超过 {days} 天，请店长办理", en="After {days} days a manager has to take them back"
    ),
    "CATEGORY_NOT_RETURNABLE": Sentence(
        zh="“{category}”不支持退货", en="“{category}” cannot come back"
    ),
    "REFUND_CHANGED": Sentence(
        zh="应退 {refund_minor}，与告知顾客的不同，请确认",
        en="The refund is {refund_minor}, not what the customer was told; please confirm",
    ),
    "REFUND_REFERENCE": Sentence(
        zh="请填写第 {position} 笔收款的退款单号",
        en="The refund of payment {position} needs its reference",
    ),
    "RETURN_CONFLICT": Sentence(
        zh="该退货单号已用于其他内容", en="This return id was used with other content"
    ),
    "HAS_RETURNS": Sentence(
        zh="这笔订单已有退货，不能再撤销",
        en="Goods of this order have come back; it cannot be cancelled any more",
    ),
    "RULE_ID_TAKEN": Sentence(
        zh="该规则编号已用于其他内容", en="This id was used for another rule"
    ),
    "INVALID_RETURN_RULE": Sentence(
        zh="店长的期限不能短于导购的", en="A manager's time is not shorter than the floor's"
    ),
}


class ReturnedLine(Message, frozen=True, kw_only=True):
    """What came back of a line, tax included: `refund_minor` is what was paid for it."""

    line: int
    sku_id: UUID
    name: str
    colour: str
    size: str
    quantity: int
    condition: Condition
    refund_minor: int
    tax_minor: int


class Refund(Message, frozen=True, kw_only=True):
    """What goes back to a payment of the order; `points` of points. Of `amount_minor`, so much as
    `carried_minor` stays here to pay for the order of an exchange."""

    position: int
    kind: TenderKind
    amount_minor: int
    carried_minor: int = 0
    points: int | None = None
    reference: str | None = None


class ReturnReceipt(Message, frozen=True, kw_only=True):
    """Goods of an order that came back to `store_id`, and the money that went back.

    `number` counts the returns of the order. `points_taken` is what it earned that is expected to
    be taken back; loyalty says what was. `exchange_order_id`: what was taken instead.
    """

    id: UUID
    number: int
    receipt_number: str
    order_id: UUID
    order_receipt_number: str
    store_id: UUID
    legal_entity: str
    device_id: UUID | None
    staff_id: UUID
    member_id: UUID | None
    business_date: date
    returned_at: datetime
    currency: str
    lines: list[ReturnedLine]
    refund_minor: int
    tax_minor: int
    refunds: list[Refund]
    points_taken: int
    reason: str
    rule_version: int | None
    exchange_order_id: UUID | None = None


class LeftLine(Message, frozen=True, kw_only=True):
    """How many pieces of a line can still come back, and what all of them are worth."""

    line: int
    quantity: int
    refund_minor: int


class ReturnQuote(Message, frozen=True, kw_only=True):
    """What a return would give back, and what of the order can still come back after it."""

    order_id: UUID
    currency: str
    lines: list[ReturnedLine]
    refund_minor: int
    tax_minor: int
    refunds: list[Refund]
    points_taken: int
    left: list[LeftLine]
    rule_version: int | None


class QuoteReturn(Command[ReturnQuote], frozen=True, kw_only=True):
    """What coming back of these lines to this store would mean; changes nothing. Without lines it
    tells what of the order can come back."""

    order_id: UUID
    store_id: UUID
    lines: Annotated[list[ReturnLine], Meta(max_length=500)] = []


class ReturnGoods(Command[ReturnReceipt], frozen=True, kw_only=True, omit_defaults=True):
    """Take goods of an order back, in any store, part by part until nothing is left. The id is the
    client's: same id and content, same answer.

    `refund_minor` is what the customer was told; another sum is refused with REFUND_CHANGED, whose
    parameter `return_quote` is the quote as JSON. What was paid by card or code needs the
    reference of its refund. Refusals: UNKNOWN_ORDER, NOT_RETURNABLE, RETURNED_ALREADY,
    RETURN_TOO_LATE, RETURN_NEEDS_MANAGER, CATEGORY_NOT_RETURNABLE, CURRENCY_MISMATCH,
    RETURN_CONFLICT.
    """

    return_id: UUID
    order_id: UUID
    store_id: UUID
    device_id: UUID | None = None
    lines: Annotated[list[ReturnLine], Meta(max_length=500)]
    refund_minor: Amount
    references: Annotated[list[RefundReference], Meta(max_length=20)] = []
    reason: Annotated[str, Meta(min_length=2, max_length=200, pattern=PLAIN)]


class ListReturns(Command[Page[ReturnReceipt]], frozen=True, kw_only=True):
    """Returns of an order, of a store (and day), or of a member over all stores; newest first."""

    order_id: UUID | None = None
    store_id: UUID | None = None
    member_id: UUID | None = None
    business_date: date | None = None
    first: PageSize = 20
    after: Text | None = None


class ReturnRule(Message, frozen=True, kw_only=True):
    """How long after the day of the sale goods come back: with anyone of the floor through `days`,
    with a manager through `manager_days`; None is for ever. Some categories never do."""

    days: Days | None = None
    manager_days: Days | None = None
    excluded_categories: Annotated[frozenset[Name], Meta(max_length=200)] = frozenset()


class ReturnRuleVersion(Message, frozen=True, kw_only=True):
    id: UUID
    version: int
    valid_from: datetime
    author_id: UUID
    body: ReturnRule


class PublishReturnRule(Command[ReturnRuleVersion], frozen=True, kw_only=True):
    """Publish the next version; HQ. In force from `valid_from` (None: now). The one in force when
    goods come back decides."""

    id: UUID
    valid_from: datetime | None = None
    body: ReturnRule


class ReturnRules(Message, frozen=True, kw_only=True):
    items: list[ReturnRuleVersion]


class ListReturnRules(Command[ReturnRules], frozen=True, kw_only=True):
    """All versions, newest first."""


class CameBack(Message, frozen=True, kw_only=True):
    """What came back of a line: `net_minor` was paid for these pieces."""

    line: int
    sku_id: UUID
    style_id: UUID
    category: str
    quantity: int
    damaged: int
    net_minor: int


class OrderReturned(Event, frozen=True, kw_only=True):
    """Goods of an order came back. Subject: the order; sequence: 1 + `number` of its returns.

    `store_id` took them; `sold_*` is the order's own store and day, `channel` its own.
    `refund_minor`, `points_minor`, `wallet_minor` and `points` are of this return; `kept_*` is what
    the order is after it. `promotions`: those that nothing of the order is left of.
    """

    type: ClassVar[str] = "order.returned"
    return_id: UUID
    number: int
    order_id: UUID
    store_id: UUID
    franchisee_id: UUID | None
    sold_store_id: UUID
    sold_franchisee_id: UUID | None
    sold_on: date
    sold_at: datetime
    member_id: UUID | None
    staff_id: UUID
    business_date: date
    returned_at: datetime
    currency: str
    lines: list[CameBack]
    refund_minor: int
    points_minor: int
    wallet_minor: int
    points: int
    kept_lines: list[OrderLine]
    kept_minor: int
    kept_points_minor: int
    kept_wallet_minor: int
    promotions: list[UUID]
    privileges: list[str] = []
    channel: OrderChannel = "store"
    reason: str
    exchange_order_id: UUID | None = None


class ReturnRulePublished(Event, frozen=True, kw_only=True):
    """Subject: `returns`; sequence: `version`."""

    type: ClassVar[str] = "order.return_rule_published"
    rule_id: UUID
    version: int
    valid_from: datetime
    body: ReturnRule
