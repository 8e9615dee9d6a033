"""The interface of the order service."""

from datetime import UTC, datetime

from nameko.timer import timer
from sqlalchemy.orm import Session

from services.order import (
    cancellation,
    checkout,
    copies,
    erasure,
    history,
    offline,
    offline_rules,
    performance,
    receipts,
    return_rules,
    returns,
)
from services.order.disclosure import TOLD
from services.order.models import Store
from shared.contracts import Done, Envelope
from shared.contracts.directory import DeviceChanged, StaffChanged, StoreChanged
from shared.contracts.loyalty import RulePublished
from shared.contracts.member.disclosure import Records
from shared.contracts.member.erasure import ErasureConfirmed, MemberErased
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
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
from shared.contracts.order.disclosure import ReadOrderRecords
from shared.contracts.order.offline import (
    AcceptOfflineSale,
    GetTillRule,
    ListOfflineRules,
    ListRefusedSales,
    OfflineRules,
    OfflineRuleVersion,
    PublishOfflineRule,
    RefusedSale,
    ReportOffline,
    TillRule,
)
from shared.contracts.order.performance import GetPerformance, Performance
from shared.contracts.order.receipts import IssueReceipt, ReceiptIssue
from shared.contracts.order.returns import (
    ListReturnRules,
    ListReturns,
    PublishReturnRule,
    QuoteReturn,
    ReturnGoods,
    ReturnQuote,
    ReturnReceipt,
    ReturnRules,
    ReturnRuleVersion,
)
from shared.inbox import on_event
from shared.paging import Page
from shared.rpc import Services
from shared.seal import FLOOR, HQ, MANAGERS, READERS, SELLERS, Caller, Role
from shared.service import SealKey, Transactions, operation
from shared.stores import upsert_stores

SWEEP_SECONDS = 10
# What a person sold is not for the software of others.
PERFORMANCE_READERS = READERS - {Role.INTEGRATION}


class OrderService:
    name = "order"

    transaction = Transactions()
    seal_key = SealKey()
    services = Services()

    @operation(GetQuote, roles=SELLERS | MANAGERS)
    def get_quote(self, caller: Caller, command: GetQuote) -> Quote:
        return checkout.get_quote(self.transaction, self.services, caller, command)

    @operation(PlaceOrder, roles=SELLERS)
    def place_order(self, caller: Caller, command: PlaceOrder) -> Order:
        return checkout.place_order(self.transaction, self.services, caller, command)

    @operation(AcceptOfflineSale, roles=MANAGERS)
    def accept_offline_sale(self, caller: Caller, command: AcceptOfflineSale) -> Order:
        return checkout.accept_offline_sale(self.transaction, self.services, caller, command)

    @operation(ListRefusedSales, roles=READERS)
    def list_refused_sales(self, caller: Caller, command: ListRefusedSales) -> Page[RefusedSale]:
        with self.transaction.statement() as session:
            return offline_rules.list_refused(session, caller, command)

    @operation(ReportOffline, roles=FLOOR)
    def report_offline(self, caller: Caller, command: ReportOffline) -> Done:
        with self.transaction() as session:
            return offline.report(session, caller, command)

    @operation(GetTillRule, roles=READERS)
    def get_till_rule(self, caller: Caller, command: GetTillRule) -> TillRule:
        with self.transaction.statement() as session:
            return offline_rules.till_rule(session, caller, command)

    @operation(PublishOfflineRule, roles=HQ)
    def publish_offline_rule(
        self, caller: Caller, command: PublishOfflineRule
    ) -> OfflineRuleVersion:
        with self.transaction() as session:
            return offline_rules.publish(session, caller, command)

    @operation(ListOfflineRules, roles=READERS)
    def list_offline_rules(self, caller: Caller, command: ListOfflineRules) -> OfflineRules:
        with self.transaction.statement() as session:
            return offline_rules.list_rules(session, caller, command)

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

    @operation(GetPerformance, roles=PERFORMANCE_READERS)
    def get_performance(self, caller: Caller, command: GetPerformance) -> Performance:
        with self.transaction.statement() as session:
            return performance.get_performance(session, caller, command)

    @operation(IssueReceipt, roles=FLOOR | MANAGERS)
    def issue_receipt(self, caller: Caller, command: IssueReceipt) -> ReceiptIssue:
        with self.transaction() as session:
            return receipts.issue(session, caller, command)

    @operation(QuoteReturn, roles=SELLERS | MANAGERS)
    def quote_return(self, caller: Caller, command: QuoteReturn) -> ReturnQuote:
        with self.transaction() as session:
            return returns.quote_return(session, caller, command)

    @operation(ReturnGoods, roles=SELLERS | MANAGERS)
    def return_goods(self, caller: Caller, command: ReturnGoods) -> ReturnReceipt:
        with self.transaction() as session:
            made = returns.return_goods(session, caller, command)
            return history.read_return(session, made)

    @operation(ListReturns, roles=READERS)
    def list_returns(self, caller: Caller, command: ListReturns) -> Page[ReturnReceipt]:
        with self.transaction() as session:
            return history.list_returns(session, caller, command)

    @operation(PublishReturnRule, roles=HQ)
    def publish_return_rule(self, caller: Caller, command: PublishReturnRule) -> ReturnRuleVersion:
        with self.transaction() as session:
            return return_rules.publish(session, caller, command)

    @operation(ListReturnRules, roles=READERS)
    def list_return_rules(self, caller: Caller, command: ListReturnRules) -> ReturnRules:
        with self.transaction.statement() as session:
            return return_rules.list_rules(session, caller, command)

    @operation(ReadOrderRecords, roles=MANAGERS)
    def read_order_records(self, caller: Caller, command: ReadOrderRecords) -> Records:
        with self.transaction.statement() as session:
            return TOLD.page(session, self.seal_key, caller, command, datetime.now(UTC))

    @timer(interval=SWEEP_SECONDS)
    def sweep(self) -> None:
        with self.transaction.background() as session:
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

    @staticmethod
    @on_event(MemberErased)
    def on_member_erased(session: Session, envelopes: list[Envelope[MemberErased]]) -> None:
        erasure.on_member_erased(session, envelopes)

    @staticmethod
    @on_event(ErasureConfirmed)
    def on_erasure_confirmed(session: Session, envelopes: list[Envelope[ErasureConfirmed]]) -> None:
        erasure.on_erasure_confirmed(session, envelopes)

    @staticmethod
    @on_event(MemberMerged)
    def on_member_merged(session: Session, envelopes: list[Envelope[MemberMerged]]) -> None:
        copies.on_member_merged(session, envelopes)

    @staticmethod
    @on_event(MemberUnmerged)
    def on_member_unmerged(session: Session, envelopes: list[Envelope[MemberUnmerged]]) -> None:
        copies.on_member_unmerged(session, envelopes)
