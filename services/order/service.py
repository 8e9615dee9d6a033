"""The interface of the order service."""

from nameko.timer import timer
from sqlalchemy.orm import Session

from services.order import cancellation, checkout, copies, history
from services.order.models import Store
from shared.contracts import Envelope
from shared.contracts.directory import DeviceChanged, StaffChanged, StoreChanged
from shared.contracts.loyalty import RulePublished
from shared.contracts.order import (
    CancelOrder,
    GetOrders,
    GetQuote,
    ListOrders,
    Order,
    Orders,
    PlaceOrder,
    Quote,
)
from shared.inbox import on_event
from shared.paging import Page
from shared.rpc import Services
from shared.seal import MANAGERS, READERS, SELLERS, Caller
from shared.service import Transactions, operation
from shared.stores import upsert_stores

SWEEP_SECONDS = 10


class OrderService:
    name = "order"

    transaction = Transactions()
    services = Services()

    @operation(GetQuote, roles=SELLERS | MANAGERS)
    def get_quote(self, caller: Caller, command: GetQuote) -> Quote:
        return checkout.get_quote(self.transaction, self.services, caller, command)

    @operation(PlaceOrder, roles=SELLERS)
    def place_order(self, caller: Caller, command: PlaceOrder) -> Order:
        return checkout.place_order(self.transaction, self.services, caller, command)

    @operation(CancelOrder, roles=MANAGERS)
    def cancel_order(self, caller: Caller, command: CancelOrder) -> Order:
        with self.transaction() as session:
            return cancellation.cancel_order(session, caller, command)

    @operation(GetOrders, roles=READERS)
    def get_orders(self, caller: Caller, command: GetOrders) -> Orders:
        with self.transaction.statement() as session:
            return history.get_orders(session, caller, command)

    @operation(ListOrders, roles=READERS)
    def list_orders(self, caller: Caller, command: ListOrders) -> Page[Order]:
        with self.transaction.statement() as session:
            return history.list_orders(session, caller, command)

    @timer(interval=SWEEP_SECONDS)
    def sweep(self) -> None:
        with self.transaction() as session:
            cancellation.sweep(session)

    @staticmethod
    @on_event(StoreChanged)
    def on_store_changed(session: Session, envelopes: list[Envelope[StoreChanged]]) -> None:
        upsert_stores(session, Store, envelopes)

    @staticmethod
    @on_event(DeviceChanged)
    def on_device_changed(session: Session, envelopes: list[Envelope[DeviceChanged]]) -> None:
        copies.on_device_changed(session, envelopes)

    @staticmethod
    @on_event(StaffChanged)
    def on_staff_changed(session: Session, envelopes: list[Envelope[StaffChanged]]) -> None:
        copies.on_staff_changed(session, envelopes)

    @staticmethod
    @on_event(RulePublished)
    def on_rule_published(session: Session, envelopes: list[Envelope[RulePublished]]) -> None:
        copies.on_rule_published(session, envelopes)
