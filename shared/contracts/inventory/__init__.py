"""Inventory: catalogue (style → colour × size → SKU), list prices, stock, reservations."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import (
    LINES_LIMIT,
    PLAIN,
    BasisPoints,
    Code,
    Command,
    Currency,
    Event,
    Message,
    Name,
    PageSize,
    Sentence,
    Text,
)
from shared.contracts.member.erasure import Destroyed
from shared.paging import Page

Ean = Annotated[str, Meta(pattern=r"^[0-9]{13}$(?!\n)")]
Price = Annotated[int, Meta(ge=0, le=10**12)]
PriceScope = Literal["chain", "franchisee", "store"]
MovementReason = Literal["receiving", "counting", "damage", "correction", "opening"]

ERRORS = {
    "UNKNOWN_SKU": Sentence(zh="没有这个商品", en="There is no such piece"),
    "UNKNOWN_STYLE": Sentence(zh="没有这个款", en="There is no such style"),
    "INVALID_QUANTITY": Sentence(
        zh="数量须在 1 到 {limit} 之间", en="A quantity is between 1 and {limit}"
    ),
    "INVALID_EAN": Sentence(zh="条码 {ean} 校验位不对", en="Barcode {ean} has a wrong check digit"),
    "EAN_TAKEN": Sentence(zh="条码 {ean} 已用于其他商品", en="Barcode {ean} is another piece's"),
    "CODE_TAKEN": Sentence(zh="编号“{code}”已被使用", en="Code “{code}” is taken already"),
    "OUT_OF_STOCK": Sentence(
        zh="“{name}”可售 {available} 件，不够 {wanted} 件",
        en="“{name}”: {available} available, {wanted} wanted",
    ),
    "RESERVATION_RELEASED": Sentence(
        zh="该订单已取消，请重新下单", en="This order was cancelled; make a new one"
    ),
    "STOCK_BELOW_RESERVED": Sentence(
        zh="调整后库存将少于已占用数量", en="That would leave less than is reserved"
    ),
    "MOVEMENT_ID_TAKEN": Sentence(
        zh="该单号已用于其他内容", en="This id was used with other content"
    ),
    "RESERVATION_ID_TAKEN": Sentence(
        zh="该订单号已占用其他商品", en="This order holds other pieces already"
    ),
    "PRICE_ID_TAKEN": Sentence(
        zh="该价格编号已用于其他内容", en="This price id was used with other content"
    ),
    "SKU_OF_OTHER_STYLE": Sentence(
        zh="商品“{code}”属于其他款", en="Piece “{code}” belongs to another style"
    ),
    "UNKNOWN_FRANCHISEE": Sentence(zh="没有这家加盟商", en="There is no such franchisee"),
    "CURRENCY_MISMATCH": Sentence(zh="币种应为 {expected}", en="The currency has to be {expected}"),
}


class SkuInput(Message, frozen=True, kw_only=True):
    id: UUID
    code: Code
    colour: Name
    size: Annotated[str, Meta(min_length=1, max_length=20, pattern=PLAIN)]
    ean: Ean | None = None


class StyleInput(Message, frozen=True, kw_only=True):
    """`list_price_minor` is the chain's list price, tax included, from now on."""

    id: UUID
    code: Code
    name: Name
    category: Name
    tax_basis_points: BasisPoints = 1300
    list_price_minor: Price
    currency: Currency = "CNY"
    skus: Annotated[list[SkuInput], Meta(min_length=1, max_length=LINES_LIMIT)]


class Sku(Message, frozen=True, kw_only=True):
    """A piece as it is sold. `price_minor` is the price in the store asked for."""

    id: UUID
    style_id: UUID
    code: str
    style_code: str
    name: str
    category: str
    colour: str
    size: str
    ean: str | None
    tax_basis_points: int
    price_minor: int
    currency: str
    on_hand: int = 0
    reserved: int = 0
    available: int = 0


class Style(Message, frozen=True, kw_only=True):
    id: UUID
    code: str
    name: str
    category: str
    skus: list[Sku]


class Skus(Message, frozen=True, kw_only=True):
    items: list[Sku]


class StylesSaved(Message, frozen=True, kw_only=True):
    ids: list[UUID]


class SaveStyles(Command[StylesSaved], frozen=True, kw_only=True):
    """Create or change styles with their SKUs; SKUs not named stay as they are. All or none."""

    items: Annotated[list[StyleInput], Meta(min_length=1, max_length=200)]


class GetSkus(Command[Skus], frozen=True, kw_only=True):
    """SKUs by id, with price and stock of `store_id`; unknown ids are left out."""

    ids: Annotated[list[UUID], Meta(max_length=LINES_LIMIT)]
    store_id: UUID


class FindSkus(Command[Page[Sku]], frozen=True, kw_only=True):
    """By barcode or SKU code exactly, else by words of style name, code or colour.

    A barcode with a wrong check digit is refused with INVALID_EAN.
    """

    query: Annotated[str, Meta(max_length=60, pattern=PLAIN)] = ""
    store_id: UUID
    first: PageSize = 20
    after: Text | None = None


class GetStyle(Command[Style], frozen=True, kw_only=True):
    """A style with all its SKUs: the colour × size matrix of one store."""

    id: UUID
    store_id: UUID


class PriceSet(Message, frozen=True, kw_only=True):
    id: UUID


class SetPrice(Command[PriceSet], frozen=True, kw_only=True):
    """A dated list price for the chain, a franchisee or a store; the narrowest wins."""

    id: UUID
    style_id: UUID
    scope: PriceScope
    scope_id: UUID | None = None
    price_minor: Price
    currency: Currency = "CNY"
    valid_from: datetime


class Level(Message, frozen=True, kw_only=True):
    """Stock of one SKU in one store: available = on hand - reserved (below zero after a fact)."""

    store_id: UUID
    sku_id: UUID
    on_hand: int
    reserved: int
    available: int
    version: int


class Levels(Message, frozen=True, kw_only=True):
    items: list[Level]


class GetLevels(Command[Levels], frozen=True, kw_only=True):
    """Stock in one store; SKUs it never had have a level of zero."""

    store_id: UUID
    sku_ids: Annotated[list[UUID], Meta(max_length=LINES_LIMIT)]


class WhereElse(Command[Levels], frozen=True, kw_only=True):
    """Stock of one SKU in all stores of the chain, most available first."""

    sku_id: UUID


class MovementLine(Message, frozen=True, kw_only=True):
    """A change of stock on hand: positive in, negative out."""

    sku_id: UUID
    quantity: int


class MoveStock(Command[Levels], frozen=True, kw_only=True):
    """Receive or adjust stock. The id is the caller's: repeating it books nothing again.

    `receiving` only adds; the others may take away, not below what is reserved.
    """

    id: UUID
    store_id: UUID
    reason: MovementReason
    reference: Text | None = None
    lines: Annotated[list[MovementLine], Meta(min_length=1, max_length=LINES_LIMIT)]


class SetThreshold(Command[Levels], frozen=True, kw_only=True):
    """Warn when the available stock of a SKU in a store falls to this number (I2)."""

    store_id: UUID
    sku_id: UUID
    threshold: Annotated[int, Meta(ge=0, le=100_000)]


class Movement(Message, frozen=True, kw_only=True):
    """One append-only entry of the stock ledger: why the number on hand is what it is."""

    id: int
    at: datetime
    sku_id: UUID
    quantity: int
    reason: str
    document_id: UUID
    on_hand_after: int


class ListMovements(Command[Page[Movement]], frozen=True, kw_only=True):
    store_id: UUID
    sku_id: UUID
    first: PageSize = 50
    after: Text | None = None


class ReserveLine(Message, frozen=True, kw_only=True):
    sku_id: UUID
    quantity: int


class Reserved(Message, frozen=True, kw_only=True):
    """`short` counts the pieces a fact took that were not there."""

    order_id: UUID
    short: int = 0


class Reserve(Command[Reserved], frozen=True, kw_only=True):
    """Hold stock for an order, all lines or none; repeating it changes nothing.

    Demand is added up per SKU first, so that two lines never oversell one piece. A `fact` (a sale
    that has happened) is booked even below zero. Refusals: OUT_OF_STOCK (`sku_id`, `name`,
    `available`, `wanted`), UNKNOWN_SKU, RESERVATION_RELEASED (a late call for a cancelled order).
    """

    order_id: UUID
    store_id: UUID
    fact: bool = False
    lines: Annotated[list[ReserveLine], Meta(min_length=1, max_length=LINES_LIMIT)]


class StyleSaved(Event, frozen=True, kw_only=True):
    """The catalogue entry others keep a copy of. Subject: the style; sequence: `version`."""

    type: ClassVar[str] = "inventory.style_saved"
    style_id: UUID
    version: int
    code: str
    name: str
    category: str
    tax_basis_points: int
    skus: list[SkuInput]


class PriceChanged(Event, frozen=True, kw_only=True):
    """A dated list price of a style. Subject: the style; sequence: counts its prices."""

    type: ClassVar[str] = "inventory.price_changed"
    price_id: UUID
    style_id: UUID
    scope: PriceScope
    scope_id: UUID | None
    price_minor: int
    currency: str
    valid_from: datetime


class StockChanged(Event, frozen=True, kw_only=True):
    """New levels in one store. Subject: the document that moved it. Levels carry a version:
    whoever mirrors them keeps the highest."""

    type: ClassVar[str] = "inventory.stock_changed"
    audited: ClassVar[bool] = False
    store_id: UUID
    reason: str
    document_id: UUID
    levels: list[Level]


class StockMoved(Event, frozen=True, kw_only=True):
    """Somebody received or adjusted stock (the audit log's view of it)."""

    type: ClassVar[str] = "inventory.stock_moved"
    store_id: UUID
    document_id: UUID
    reason: str
    lines: list[MovementLine]


class ThresholdSet(Event, frozen=True, kw_only=True):
    """Somebody set when to warn of low stock. Subject: the store's level of the SKU
    (`store:sku`); sequence: its version."""

    type: ClassVar[str] = "inventory.threshold_set"
    store_id: UUID
    sku_id: UUID
    threshold: int


class StockLow(Event, frozen=True, kw_only=True):
    """Available stock fell to its threshold or below (I2). Told once per fall. Subject: the
    store's level of the SKU (`store:sku`); sequence: its version."""

    type: ClassVar[str] = "inventory.stock_low"
    audited: ClassVar[bool] = False
    store_id: UUID
    sku_id: UUID
    available: int
    threshold: int


class StockDiscrepancy(Event, frozen=True, kw_only=True):
    """A sale that has happened took more than the books had: `short` of its pieces were not there.
    Subject: the store's level of the SKU (`store:sku`); sequence: its version. Once an order and
    SKU."""

    type: ClassVar[str] = "inventory.stock_discrepancy"
    audited: ClassVar[bool] = False
    store_id: UUID
    order_id: UUID
    sku_id: UUID
    available: int
    short: int = 0


class ForgottenByInventory(Event, frozen=True, kw_only=True):
    """Subject: the member; sequence 1. All that was personal here is destroyed."""

    type: ClassVar[str] = "inventory.member_erased"
    audited: ClassVar[bool] = False
    erasure_id: UUID
    member_id: UUID
    destroyed: list[Destroyed]
