"""The points mall: goods, services and places at activities for points (L2, L3, L7)."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import PLAIN, Code, Command, Event, Message, Name, PageSize, Sentence
from shared.contracts.loyalty import Account
from shared.paging import Page

ItemKind = Literal["goods", "service", "activity"]
RedemptionStatus = Literal["waiting", "handed_over", "cancelled"]
Quantity = Annotated[int, Meta(ge=1, le=1_000)]
Reason = Annotated[str, Meta(min_length=2, max_length=200, pattern=PLAIN)]
Stores = Annotated[frozenset[UUID], Meta(max_length=1_000)]

ERRORS = {
    "UNKNOWN_ITEM": Sentence(zh="积分商城没有此项", en="There is no such item in the points mall"),
    "ITEM_CHANGED": Sentence(
        zh="此项已有第 {version} 版，请查看后再改",
        en="There is version {version} of this item; look at it first",
    ),
    "ITEM_CODE_TAKEN": Sentence(
        zh="编号“{code}”已用于另一项", en="The code “{code}” belongs to another item"
    ),
    "ITEM_NOT_OFFERED": Sentence(zh="此项现在不可兑换", en="This item is not on offer now"),
    "ITEM_ELSEWHERE": Sentence(zh="此项不在本店兑换", en="This item is not for this store"),
    "ITEM_TIER": Sentence(
        zh="此项仅限 {tiers_zh} 会员兑换", en="This item is for members of {tiers_en} only"
    ),
    "ITEM_LIMIT": Sentence(
        zh="每位会员限兑 {limit} 份，已兑 {had} 份",
        en="Each member may have {limit}; {had} were had",
    ),
    "ITEM_SOLD_OUT": Sentence(
        zh="本店库存不足：还有 {left} 份", en="Not enough of it in this store: {left} left"
    ),
    "ITEM_PRICE": Sentence(
        zh="兑换价已变为 {points} 积分", en="It costs {points} points now"
    ),
    "ITEM_UNCOUNTED": Sentence(
        zh="此项不计库存", en="Of this item no stock is kept"
    ),
    "UNKNOWN_REDEMPTION": Sentence(zh="没有这笔兑换", en="There is no such redemption"),
    "REDEMPTION_ENDED": Sentence(
        zh="这笔兑换已取消", en="This redemption was cancelled"
    ),
}  # fmt: skip


class MallItemBody(Message, frozen=True, kw_only=True):
    """What members can have for points; empty sets mean no restriction.

    `counted`: a store gives out what it has received (pieces, or places at an activity); else as
    many as are asked for. `per_member`: so many at most for one person, ever. Not `offered`: kept,
    but nobody can have it.
    """

    code: Code
    kind: ItemKind
    name_zh: Name
    name_en: Name
    points: Annotated[int, Meta(ge=1, le=10**9)]
    counted: bool = True
    per_member: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    store_ids: Stores = frozenset()
    tiers: Annotated[frozenset[Code], Meta(max_length=20)] = frozenset()
    valid_until: datetime | None = None
    offered: bool = True


class MallItem(Message, frozen=True, kw_only=True):
    """One version of an item; it counts from `valid_from` until the next one does."""

    item_id: UUID
    version: int
    valid_from: datetime
    author_id: UUID
    published_at: datetime
    body: MallItemBody


class MallItems(Message, frozen=True, kw_only=True):
    items: list[MallItem]


class PublishMallItem(Command[MallItem], frozen=True, kw_only=True):
    """Publish the next version of an item; `version` is the one it was made from, 0 for a new item.

    `valid_from` None: now; a version never counts for what was before it was published. Repeating
    it gives the same answer. Refusals: ITEM_CHANGED, ITEM_CODE_TAKEN, INVALID_RULE, UNKNOWN_STORE.
    """

    item_id: UUID
    version: Annotated[int, Meta(ge=0)]
    valid_from: datetime | None = None
    body: MallItemBody


class ListMallItems(Command[MallItems], frozen=True, kw_only=True):
    """All versions of an item, or the newest of each; newest first, at most 500."""

    item_id: UUID | None = None


class MallStock(Message, frozen=True, kw_only=True):
    """What a store has left of an item."""

    item_id: UUID
    store_id: UUID
    left: int


class MoveMallStock(Command[MallStock], frozen=True, kw_only=True):
    """Receive pieces or places (`quantity` > 0), or take some out (< 0), with a reason.

    Repeating it gives the same answer. Refusals: UNKNOWN_ITEM, ITEM_UNCOUNTED, ITEM_SOLD_OUT,
    ENTRY_ID_TAKEN, UNKNOWN_STORE, STORE_CLOSED.
    """

    id: UUID
    store_id: UUID
    item_id: UUID
    quantity: Annotated[int, Meta(ge=-100_000, le=100_000)]
    reason: Reason


class OfferedItem(Message, frozen=True, kw_only=True):
    """An item as a store gives it out now. `left` None: it is not counted.

    With a member: how many they can have, and if none, why (`reason`: a code, and in words).
    """

    item_id: UUID
    version: int
    code: str
    kind: ItemKind
    name_zh: str
    name_en: str
    points: int
    left: int | None
    can_have: int | None
    reason: str | None
    reason_zh: str | None
    reason_en: str | None


class OfferMall(Command[Page[OfferedItem]], frozen=True, kw_only=True):
    """What a store gives out for points now, by code; what it has run out of is in it.

    Refusals: UNKNOWN_MEMBER, UNKNOWN_STORE, STORE_CLOSED.
    """

    store_id: UUID
    member_id: UUID | None = None
    first: PageSize = 50
    after: str | None = None


class Redemption(Message, frozen=True, kw_only=True):
    """What a member has had for points; `points` for all of it. `account`: as it is after it."""

    id: UUID
    store_id: UUID
    member_id: UUID
    item_id: UUID
    item_version: int
    code: str
    name_zh: str
    name_en: str
    quantity: int
    points: int
    status: RedemptionStatus
    redeemed_at: datetime
    redeemed_by: UUID
    handed_over_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None


class Redeemed(Message, frozen=True, kw_only=True):
    redemption: Redemption
    account: Account


class RedeemPoints(Command[Redeemed], frozen=True, kw_only=True):
    """Give a member an item for points, all or nothing; `points` is the sum they were told.

    Not `hand_over`: it waits in this store for the member. Repeating it gives the same answer.
    Refusals: UNKNOWN_ITEM, ITEM_NOT_OFFERED, ITEM_ELSEWHERE, ITEM_TIER, ITEM_LIMIT, ITEM_SOLD_OUT,
    ITEM_PRICE, NOT_ENOUGH_POINTS, ACCOUNT_FROZEN, UNKNOWN_MEMBER, ENTRY_ID_TAKEN, UNKNOWN_STORE,
    STORE_CLOSED.
    """

    id: UUID
    store_id: UUID
    member_id: UUID
    item_id: UUID
    quantity: Quantity = 1
    points: Annotated[int, Meta(ge=1)]
    hand_over: bool = True


class HandOverRedemption(Command[Redemption], frozen=True, kw_only=True):
    """The member has come for what waited (or has used the service, or is there); once.

    Refusals: UNKNOWN_REDEMPTION, REDEMPTION_ENDED, UNKNOWN_STORE.
    """

    id: UUID
    store_id: UUID


class CancelRedemption(Command[Redeemed], frozen=True, kw_only=True):
    """Give the points back, as they were, and by `restock` the pieces to the store's stock; once.

    Repeating it gives the same answer. Refusals: UNKNOWN_REDEMPTION, UNKNOWN_STORE.
    """

    id: UUID
    store_id: UUID
    reason: Reason
    restock: bool = True


class ListRedemptions(Command[Page[Redemption]], frozen=True, kw_only=True):
    """A member's, in every store, or a store's (None: of the caller's stores), newest first.

    `waiting`: only what waits to be handed over. Refusals: UNKNOWN_STORE.
    """

    member_id: UUID | None = None
    store_id: UUID | None = None
    waiting: bool = False
    first: PageSize = 50
    after: str | None = None


class MallItemPublished(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.mall_item_published"
    item_id: UUID
    version: int
    valid_from: datetime
    body: MallItemBody


class MallStockMoved(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.mall_stock_moved"
    document_id: UUID
    item_id: UUID
    store_id: UUID
    quantity: int
    left: int


class PointsRedeemed(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.points_redeemed"
    redemption_id: UUID
    member_id: UUID
    store_id: UUID
    item_id: UUID
    item_version: int
    quantity: int
    points: int


class RedemptionHandedOver(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.redemption_handed_over"
    redemption_id: UUID
    member_id: UUID
    store_id: UUID


class RedemptionCancelled(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.redemption_cancelled"
    redemption_id: UUID
    member_id: UUID
    store_id: UUID
    points: int
    restocked: bool
