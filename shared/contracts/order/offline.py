"""Sales without network: what a till may sell alone, what it tells afterwards, what was refused."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from shared.contracts import (
    PLAIN,
    Command,
    Done,
    Event,
    Message,
    PageSize,
    Sentence,
    Text,
)
from shared.contracts.campaign.stated import Difference
from shared.contracts.order import Amount, Order
from shared.contracts.order.stated import Seconds
from shared.paging import Page
from shared.seal import Role

ERRORS = {
    "OFFLINE_INVALID": Sentence(
        zh="离线销售数据有误：{reason}", en="The offline sale is not right: {reason}"
    ),
    "OFFLINE_TENDER": Sentence(
        zh="离线时不能使用积分、储值和优惠券",
        en="Points, wallet and coupons cannot be used without network",
    ),
    "OFFLINE_NOT_HERE": Sentence(
        zh="本店未开放离线销售", en="This store may not sell without network"
    ),
    "OFFLINE_DEVICE": Sentence(
        zh="这台设备不能离线销售", en="This device may not sell without network"
    ),
    "OFFLINE_ROLE": Sentence(zh="该岗位不能离线销售", en="This role may not sell without network"),
    "OFFLINE_TOO_LONG": Sentence(
        zh="离线已超过 {hours} 小时", en="Without network for more than {hours} hours"
    ),
    "OFFLINE_SALE_LIMIT": Sentence(
        zh="单笔离线销售不能超过 {limit_minor}",
        en="One sale without network comes to {limit_minor} at most",
    ),
    "OFFLINE_TOTAL_LIMIT": Sentence(
        zh="本次离线销售累计不能超过 {limit_minor}",
        en="All sales of one time without network come to {limit_minor} at most",
    ),
    "UNKNOWN_OFFLINE_RULE": Sentence(
        zh="没有这个版本的离线规则", en="There is no such version of the offline rule"
    ),
    "OFFLINE_RULE_ID_TAKEN": Sentence(
        zh="该规则编号已用于其他内容", en="This id was used for another rule"
    ),
    "OFFLINE_RULE_CHANGED": Sentence(
        zh="离线规则刚有人发布了第 {version} 版，请看过后再改",
        en="Someone has just published version {version} of this rule; look at it first",
    ),
    "SPELL_OF_OTHER_DEVICE": Sentence(
        zh="该离线时段属于其他设备", en="This time without network is another device's"
    ),
    "UNKNOWN_REFUSED_SALE": Sentence(
        zh="没有这笔被拒的离线销售", en="There is no such refused offline sale"
    ),
}
Stores = Annotated[frozenset[UUID], Meta(max_length=5_000)]


class OfflineRule(Message, frozen=True, kw_only=True):
    """What a till may sell without network (K19). An empty set means no restriction; a device has
    to be one that is bound to the store. `hours` count from the last answer of the server. Amounts
    are minor units of the store's currency: of one sale, and of all since the last answer. A till
    keeps the members who bought in its store or became members of it within `member_days`. A device
    signs somebody in without the server for `pin_days` after their last sign-in with it, and grants
    `pin_tries` wrong PINs before it needs the server again."""

    allowed: bool = True
    store_ids: Stores = frozenset()
    device_ids: Stores = frozenset()
    roles: frozenset[Role] = frozenset()
    hours: Annotated[int, Meta(ge=1, le=24 * 31)] = 24
    member_days: Annotated[int, Meta(ge=0, le=366)] = 90
    sale_minor: Amount | None = 1_000_000
    total_minor: Amount | None = 10_000_000
    pin_tries: Annotated[int, Meta(ge=1, le=10)] = 5
    pin_days: Annotated[int, Meta(ge=0, le=31)] = 7


class OfflineRuleVersion(Message, frozen=True, kw_only=True):
    id: UUID
    version: int
    valid_from: datetime
    author_id: UUID
    body: OfflineRule


class OfflineRules(Message, frozen=True, kw_only=True):
    items: list[OfflineRuleVersion]


class PublishOfflineRule(Command[OfflineRuleVersion], frozen=True, kw_only=True):
    """Publish the next version; HQ. `version` is the newest there was when it was drawn up (none:
    0); with another since it is refused (OFFLINE_RULE_CHANGED). In force from `valid_from` (None:
    now). A till obeys the one in force when it was last answered, and its sales are judged by it.
    """

    id: UUID
    version: Annotated[int, Meta(ge=0)]
    valid_from: datetime | None = None
    body: OfflineRule


class ListOfflineRules(Command[OfflineRules], frozen=True, kw_only=True):
    """All versions, newest first."""


class TillRule(Message, frozen=True, kw_only=True):
    """The rule in force (version 0: none was published) and the server's clock."""

    now: datetime
    version: int
    body: OfflineRule


class GetTillRule(Command[TillRule], frozen=True, kw_only=True):
    """What a till asks at every contact: what it may do alone, and what time it is."""

    store_id: UUID


class ReportOffline(Command[Done], frozen=True, kw_only=True):
    """A till was without network, and is back. The spell's id is the till's: once, however often it
    is sent. `contact_at` is by the server's clock; `ahead_seconds` is how far the device's clock
    was ahead then, and `ahead_now_seconds` at its return."""

    spell_id: UUID
    store_id: UUID
    contact_at: datetime
    ahead_seconds: Seconds = 0
    ahead_now_seconds: Seconds = 0
    sales: Annotated[int, Meta(ge=0, le=100_000)] = 0
    total_minor: Amount = 0


class RefusedSale(Message, frozen=True, kw_only=True):
    """An offline sale that broke the rule its till held, until a manager accepts it. `code` and
    `parameters` are those of the refusal."""

    order_id: UUID
    store_id: UUID
    device_id: UUID | None
    staff_id: UUID
    member_id: UUID | None
    receipt: str
    sold_at: datetime
    currency: str
    total_minor: int
    code: str
    parameters: dict[str, str]
    refused_at: datetime


class ListRefusedSales(Command[Page[RefusedSale]], frozen=True, kw_only=True):
    """Refused offline sales of a store that nobody has accepted, newest first."""

    store_id: UUID
    first: PageSize = 50
    after: Text | None = None


class AcceptOfflineSale(Command[Order], frozen=True, kw_only=True):
    """Book a refused offline sale as it was made; by a manager, who says why. Repeatable."""

    order_id: UUID
    reason: Annotated[str, Meta(min_length=2, max_length=200, pattern=PLAIN)]


class OfflineRulePublished(Event, frozen=True, kw_only=True):
    """Subject: `offline`; sequence: `version`."""

    type: ClassVar[str] = "order.offline_rule_published"
    rule_id: UUID
    version: int
    valid_from: datetime
    body: OfflineRule


class TillWasOffline(Event, frozen=True, kw_only=True):
    """A till was without network from `contact_at` to `back_at`, by the server's clock. Subject:
    the spell. The clock of the device may have been moved meanwhile: `clock_moved_seconds`."""

    type: ClassVar[str] = "order.till_was_offline"
    spell_id: UUID
    store_id: UUID
    device_id: UUID
    contact_at: datetime
    back_at: datetime
    ahead_seconds: int
    clock_moved_seconds: int
    sales: int
    total_minor: int


class OfflineSaleDiffered(Event, frozen=True, kw_only=True):
    """An offline sale was booked as it was made, and the chain would have said otherwise. Subject:
    `order/offline`; sequence: 3. `charged_minor` is what was charged, `chain_minor` what the till
    should have charged with what the chain knew then (None: there was no price)."""

    type: ClassVar[str] = "order.offline_sale_differed"
    order_id: UUID
    store_id: UUID
    device_id: UUID | None
    charged_minor: int
    chain_minor: int | None
    differences: list[Difference]


class OfflineSaleRefused(Event, frozen=True, kw_only=True):
    """An offline sale broke the rule its till held. Subject: `order/offline`; sequence: 1."""

    type: ClassVar[str] = "order.offline_sale_refused"
    order_id: UUID
    store_id: UUID
    device_id: UUID | None
    code: str
    rule_version: int
    total_minor: int


class OfflineSaleAccepted(Event, frozen=True, kw_only=True):
    """A manager accepted a refused offline sale. Subject: `order/offline`; sequence: 2."""

    type: ClassVar[str] = "order.offline_sale_accepted"
    order_id: UUID
    store_id: UUID
