"""The published interface of inventory."""

from sqlalchemy.orm import Session

from services.inventory import (
    catalogue,
    erasure,
    levels,
    movements,
    prices,
    reservations,
    returns,
    settlements,
    styles,
    till,
)
from services.inventory.models import Store
from shared import stores
from shared.contracts import Envelope
from shared.contracts.directory import StoreChanged
from shared.contracts.inventory import (
    FindSkus,
    GetLevels,
    GetSkus,
    GetStyle,
    Levels,
    ListMovements,
    Movement,
    MoveStock,
    PriceSet,
    Reserve,
    Reserved,
    SaveStyles,
    SetPrice,
    SetThreshold,
    Sku,
    Skus,
    Style,
    StylesSaved,
    WhereElse,
)
from shared.contracts.inventory.till import (
    GetTillCatalogue,
    GetTillStock,
    TillCatalogue,
    TillStock,
)
from shared.contracts.member.erasure import MemberErased
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided
from shared.contracts.order.returns import OrderReturned
from shared.inbox import on_event
from shared.paging import Page
from shared.seal import HQ, MANAGERS, READERS, SELLERS, Caller
from shared.service import Transactions, operation


class InventoryService:
    name = "inventory"
    transaction = Transactions()

    @operation(SaveStyles, roles=HQ)
    def save_styles(self, caller: Caller, command: SaveStyles) -> StylesSaved:
        with self.transaction() as session:
            return styles.save_styles(session, caller, command)

    @operation(SetPrice, roles=MANAGERS)
    def set_price(self, caller: Caller, command: SetPrice) -> PriceSet:
        with self.transaction() as session:
            return prices.set_price(session, caller, command)

    @operation(GetSkus, roles=READERS)
    def get_skus(self, caller: Caller, command: GetSkus) -> Skus:
        with self.transaction() as session:
            return catalogue.get_skus(session, caller, command)

    @operation(FindSkus, roles=READERS)
    def find_skus(self, caller: Caller, command: FindSkus) -> Page[Sku]:
        with self.transaction() as session:
            return catalogue.find_skus(session, caller, command)

    @operation(GetStyle, roles=READERS)
    def get_style(self, caller: Caller, command: GetStyle) -> Style:
        with self.transaction() as session:
            return catalogue.get_style(session, caller, command)

    @operation(GetTillCatalogue, roles=READERS)
    def get_till_catalogue(self, caller: Caller, command: GetTillCatalogue) -> TillCatalogue:
        with self.transaction() as session:
            return till.get_catalogue(session, caller, command)

    @operation(GetTillStock, roles=READERS)
    def get_till_stock(self, caller: Caller, command: GetTillStock) -> TillStock:
        with self.transaction() as session:
            return till.get_stock(session, caller, command)

    @operation(GetLevels, roles=READERS)
    def get_levels(self, caller: Caller, command: GetLevels) -> Levels:
        with self.transaction() as session:
            return levels.get_levels(session, caller, command)

    @operation(WhereElse, roles=READERS)
    def where_else(self, caller: Caller, command: WhereElse) -> Levels:
        with self.transaction() as session:
            return levels.where_else(session, command)

    @operation(SetThreshold, roles=MANAGERS)
    def set_threshold(self, caller: Caller, command: SetThreshold) -> Levels:
        with self.transaction() as session:
            return levels.set_threshold(session, caller, command)

    @operation(MoveStock, roles=movements.MOVERS)
    def move_stock(self, caller: Caller, command: MoveStock) -> Levels:
        with self.transaction() as session:
            return movements.move_stock(session, caller, command)

    @operation(ListMovements, roles=READERS)
    def list_movements(self, caller: Caller, command: ListMovements) -> Page[Movement]:
        with self.transaction() as session:
            return movements.list_movements(session, caller, command)

    @operation(Reserve, roles=SELLERS | MANAGERS)
    def reserve(self, caller: Caller, command: Reserve) -> Reserved:
        with self.transaction() as session:
            return reservations.reserve(session, caller, command)

    @staticmethod
    @on_event(StoreChanged)
    def on_store_changed(session: Session, envelopes: list[Envelope[StoreChanged]]) -> None:
        stores.upsert_stores(session, Store, envelopes)

    @staticmethod
    @on_event(OrderPlaced)
    def on_order_placed(session: Session, envelopes: list[Envelope[OrderPlaced]]) -> None:
        settlements.on_order_placed(session, envelopes)

    @staticmethod
    @on_event(OrderCancelled)
    def on_order_cancelled(session: Session, envelopes: list[Envelope[OrderCancelled]]) -> None:
        settlements.on_order_cancelled(session, envelopes)

    @staticmethod
    @on_event(OrderVoided)
    def on_order_voided(session: Session, envelopes: list[Envelope[OrderVoided]]) -> None:
        settlements.on_order_voided(session, envelopes)

    @staticmethod
    @on_event(OrderReturned)
    def on_order_returned(session: Session, envelopes: list[Envelope[OrderReturned]]) -> None:
        returns.on_order_returned(session, envelopes)

    @staticmethod
    @on_event(MemberErased)
    def on_member_erased(session: Session, envelopes: list[Envelope[MemberErased]]) -> None:
        erasure.on_member_erased(session, envelopes)
