"""Campaign's published interface: operations and the events it listens to. No logic."""

from datetime import UTC, datetime

from nameko.timer import timer
from sqlalchemy.orm import Session

from services.campaign import (
    associates,
    basket,
    copies,
    coupons,
    erasure,
    holds,
    privileges,
    promotions,
    returns,
    task_lists,
    task_raising,
    task_rules,
    tasks,
    till,
)
from services.campaign.disclosure import TOLD
from services.campaign.members import when_members_known
from shared.contracts import Envelope
from shared.contracts.campaign import (
    Coupons,
    EndPromotion,
    GetCoupons,
    IssueCoupons,
    ListPromotions,
    PriceAndHold,
    Priced,
    Promotion,
    Promotions,
    PublishPromotion,
    ReadCampaignRecords,
)
from shared.contracts.campaign.tasks import (
    CountTasks,
    FinishTask,
    GetTask,
    HandOnTask,
    ListTaskRules,
    ListTasks,
    PublishTaskRule,
    RaiseTask,
    TakeTask,
    Task,
    TaskCounts,
    TaskRules,
    TaskRuleVersion,
)
from shared.contracts.campaign.till import GetTillPromotions, TillPromotions
from shared.contracts.directory import StaffChanged, StoreChanged
from shared.contracts.inventory import PriceChanged, StockDiscrepancy, StockLow, StyleSaved
from shared.contracts.loyalty import PointsExpiring, TierChanged, TiersChanged
from shared.contracts.loyalty.tiers import NearNextTier, TierLapsing
from shared.contracts.member import MemberRegistered, MemberTagged
from shared.contracts.member.associates import AssociatesChanged
from shared.contracts.member.birthdays import BirthdayWindow
from shared.contracts.member.disclosure import Records
from shared.contracts.member.erasure import MemberErased
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
from shared.contracts.member.imports import MembersImported
from shared.contracts.member.tag_rules import TagsRevised
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided
from shared.contracts.order.returns import OrderReturned
from shared.inbox import on_event
from shared.paging import Page
from shared.seal import HQ, MANAGERS, READERS, SELLERS, Caller, Role
from shared.service import SealKey, Transactions, operation

PRUNE_SECONDS = 3600
STAFF = MANAGERS | {Role.ASSOCIATE}


class CampaignService:
    """Promotions, coupons, the price of a basket, and tasks."""

    name = "campaign"
    transaction = Transactions()
    seal_key = SealKey()

    @operation(PriceAndHold, roles=SELLERS | MANAGERS)
    def price_and_hold(self, caller: Caller, command: PriceAndHold) -> Priced:
        return basket.price_and_hold(self.transaction, caller, command)

    @operation(PublishPromotion, roles=HQ)
    def publish_promotion(self, caller: Caller, command: PublishPromotion) -> Promotion:
        with self.transaction() as session:
            return promotions.publish(session, caller, command)

    @operation(EndPromotion, roles=HQ)
    def end_promotion(self, caller: Caller, command: EndPromotion) -> Promotion:
        with self.transaction() as session:
            return promotions.end(session, caller, command)

    @operation(ListPromotions, roles=READERS)
    def list_promotions(self, caller: Caller, command: ListPromotions) -> Promotions:
        with self.transaction() as session:
            return promotions.list_promotions(session, command)

    @operation(GetTillPromotions, roles=READERS)
    def get_till_promotions(self, caller: Caller, command: GetTillPromotions) -> TillPromotions:
        with self.transaction() as session:
            return till.get_promotions(session, caller, command)

    @operation(IssueCoupons, roles=HQ)
    def issue_coupons(self, caller: Caller, command: IssueCoupons) -> Coupons:
        return when_members_known(
            self.transaction, lambda session: coupons.issue(session, caller, command)
        )

    @operation(GetCoupons, roles=READERS)
    def get_coupons(self, caller: Caller, command: GetCoupons) -> Coupons:
        with self.transaction() as session:
            return coupons.get_coupons(session, command)

    @operation(ListTasks, roles=STAFF | {Role.AUDITOR})
    def list_tasks(self, caller: Caller, command: ListTasks) -> Page[Task]:
        with self.transaction.statement() as session:
            return task_lists.list_tasks(session, caller, command)

    @operation(CountTasks, roles=STAFF | {Role.AUDITOR})
    def count_tasks(self, caller: Caller, command: CountTasks) -> TaskCounts:
        with self.transaction.statement() as session:
            return task_lists.count_tasks(session, caller, command)

    @operation(GetTask, roles=STAFF | {Role.AUDITOR})
    def get_task(self, caller: Caller, command: GetTask) -> Task:
        with self.transaction() as session:
            return tasks.get_task(session, caller, command)

    @operation(RaiseTask, roles=STAFF)
    def raise_task(self, caller: Caller, command: RaiseTask) -> Task:
        return when_members_known(
            self.transaction, lambda session: tasks.raise_by_hand(session, caller, command)
        )

    @operation(TakeTask, roles=STAFF)
    def take_task(self, caller: Caller, command: TakeTask) -> Task:
        with self.transaction() as session:
            return tasks.take(session, caller, command)

    @operation(HandOnTask, roles=STAFF)
    def hand_on_task(self, caller: Caller, command: HandOnTask) -> Task:
        with self.transaction() as session:
            return tasks.hand_on(session, caller, command)

    @operation(FinishTask, roles=STAFF)
    def finish_task(self, caller: Caller, command: FinishTask) -> Task:
        with self.transaction() as session:
            return tasks.finish(session, caller, command)

    @operation(PublishTaskRule, roles=HQ)
    def publish_task_rule(self, caller: Caller, command: PublishTaskRule) -> TaskRuleVersion:
        with self.transaction() as session:
            return task_rules.publish(session, caller, command)

    @operation(ListTaskRules, roles=MANAGERS | {Role.AUDITOR})
    def list_task_rules(self, caller: Caller, command: ListTaskRules) -> TaskRules:
        with self.transaction() as session:
            return task_rules.list_rules(session, command)

    @operation(ReadCampaignRecords, roles=MANAGERS)
    def read_campaign_records(self, caller: Caller, command: ReadCampaignRecords) -> Records:
        with self.transaction.statement() as session:
            return TOLD.page(session, self.seal_key, caller, command, datetime.now(UTC))

    @timer(interval=PRUNE_SECONDS)
    def prune(self) -> None:
        with self.transaction.background() as session:
            holds.prune(session)
            privileges.prune(session)
            task_raising.prune(session, datetime.now(UTC))

    @staticmethod
    @on_event(StoreChanged)
    def on_store_changed(session: Session, envelopes: list[Envelope[StoreChanged]]) -> None:
        copies.on_store_changed(session, envelopes)

    @staticmethod
    @on_event(StyleSaved)
    def on_style_saved(session: Session, envelopes: list[Envelope[StyleSaved]]) -> None:
        copies.on_style_saved(session, envelopes)

    @staticmethod
    @on_event(PriceChanged)
    def on_price_changed(session: Session, envelopes: list[Envelope[PriceChanged]]) -> None:
        copies.on_price_changed(session, envelopes)

    @staticmethod
    @on_event(MemberRegistered)
    def on_member_registered(session: Session, envelopes: list[Envelope[MemberRegistered]]) -> None:
        associates.on_member_registered(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(MembersImported)
    def on_members_imported(session: Session, envelopes: list[Envelope[MembersImported]]) -> None:
        associates.on_members_imported(session, envelopes, datetime.now(UTC))
        copies.on_members_imported(session, envelopes)

    @staticmethod
    @on_event(MemberTagged)
    def on_member_tagged(session: Session, envelopes: list[Envelope[MemberTagged]]) -> None:
        copies.on_member_tagged(session, envelopes)

    @staticmethod
    @on_event(BirthdayWindow)
    def on_birthday_window(session: Session, envelopes: list[Envelope[BirthdayWindow]]) -> None:
        now = datetime.now(UTC)
        privileges.on_birthday_window(session, envelopes, now)
        task_raising.on_birthday_window(session, envelopes, now)

    @staticmethod
    @on_event(TagsRevised)
    def on_tags_revised(session: Session, envelopes: list[Envelope[TagsRevised]]) -> None:
        copies.on_member_tagged(session, envelopes)

    @staticmethod
    @on_event(MemberMerged)
    def on_member_merged(session: Session, envelopes: list[Envelope[MemberMerged]]) -> None:
        copies.on_member_merged(session, envelopes)
        associates.on_member_merged(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(MemberUnmerged)
    def on_member_unmerged(session: Session, envelopes: list[Envelope[MemberUnmerged]]) -> None:
        copies.on_member_unmerged(session, envelopes)
        associates.on_member_unmerged(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(StaffChanged)
    def on_staff_changed(session: Session, envelopes: list[Envelope[StaffChanged]]) -> None:
        associates.on_staff_changed(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(AssociatesChanged)
    def on_associates_changed(
        session: Session, envelopes: list[Envelope[AssociatesChanged]]
    ) -> None:
        associates.on_associates_changed(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(StockDiscrepancy)
    def on_stock_discrepancy(session: Session, envelopes: list[Envelope[StockDiscrepancy]]) -> None:
        task_raising.on_stock_discrepancy(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(StockLow)
    def on_stock_low(session: Session, envelopes: list[Envelope[StockLow]]) -> None:
        task_raising.on_stock_low(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(NearNextTier)
    def on_near_next_tier(session: Session, envelopes: list[Envelope[NearNextTier]]) -> None:
        task_raising.on_near_next_tier(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(TierLapsing)
    def on_tier_lapsing(session: Session, envelopes: list[Envelope[TierLapsing]]) -> None:
        task_raising.on_tier_lapsing(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(PointsExpiring)
    def on_points_expiring(session: Session, envelopes: list[Envelope[PointsExpiring]]) -> None:
        task_raising.on_points_expiring(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(TierChanged)
    def on_tier_changed(session: Session, envelopes: list[Envelope[TierChanged]]) -> None:
        copies.on_tier_changed(session, envelopes)

    @staticmethod
    @on_event(TiersChanged)
    def on_tiers_changed(session: Session, envelopes: list[Envelope[TiersChanged]]) -> None:
        copies.on_tiers_changed(session, envelopes)

    @staticmethod
    @on_event(OrderPlaced)
    def on_order_placed(session: Session, envelopes: list[Envelope[OrderPlaced]]) -> None:
        holds.on_order_placed(session, envelopes)

    @staticmethod
    @on_event(OrderCancelled)
    def on_order_cancelled(session: Session, envelopes: list[Envelope[OrderCancelled]]) -> None:
        holds.on_order_cancelled(session, envelopes)

    @staticmethod
    @on_event(OrderVoided)
    def on_order_voided(session: Session, envelopes: list[Envelope[OrderVoided]]) -> None:
        holds.on_order_voided(session, envelopes)

    @staticmethod
    @on_event(OrderReturned)
    def on_order_returned(session: Session, envelopes: list[Envelope[OrderReturned]]) -> None:
        returns.on_order_returned(session, envelopes)

    @staticmethod
    @on_event(MemberErased)
    def on_member_erased(session: Session, envelopes: list[Envelope[MemberErased]]) -> None:
        erasure.on_member_erased(session, envelopes, datetime.now(UTC))
