"""Campaign's published interface: operations and the events it listens to. No logic."""

from datetime import UTC, datetime

from nameko.timer import timer
from sqlalchemy.orm import Session

from services.campaign import (
    basket,
    copies,
    coupons,
    erasure,
    holds,
    privileges,
    promotions,
    returns,
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
from shared.contracts.directory import StoreChanged
from shared.contracts.inventory import PriceChanged, StyleSaved
from shared.contracts.loyalty import TierChanged, TiersChanged
from shared.contracts.member import MemberRegistered, MemberTagged
from shared.contracts.member.birthdays import BirthdayWindow
from shared.contracts.member.disclosure import Records
from shared.contracts.member.erasure import MemberErased
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
from shared.contracts.member.imports import MembersImported
from shared.contracts.member.tag_rules import TagsRevised
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided
from shared.contracts.order.returns import OrderReturned
from shared.inbox import on_event
from shared.seal import HQ, MANAGERS, READERS, SELLERS, Caller
from shared.service import SealKey, Transactions, operation

PRUNE_SECONDS = 3600


class CampaignService:
    """Promotions, coupons and the price of a basket."""

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

    @operation(IssueCoupons, roles=HQ)
    def issue_coupons(self, caller: Caller, command: IssueCoupons) -> Coupons:
        return when_members_known(
            self.transaction, lambda session: coupons.issue(session, caller, command)
        )

    @operation(GetCoupons, roles=READERS)
    def get_coupons(self, caller: Caller, command: GetCoupons) -> Coupons:
        with self.transaction() as session:
            return coupons.get_coupons(session, command)

    @operation(ReadCampaignRecords, roles=MANAGERS)
    def read_campaign_records(self, caller: Caller, command: ReadCampaignRecords) -> Records:
        with self.transaction.statement() as session:
            return TOLD.page(session, self.seal_key, caller, command, datetime.now(UTC))

    @timer(interval=PRUNE_SECONDS)
    def prune(self) -> None:
        with self.transaction.background() as session:
            holds.prune(session)
            privileges.prune(session)

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
        copies.on_member_registered(session, envelopes)

    @staticmethod
    @on_event(MembersImported)
    def on_members_imported(session: Session, envelopes: list[Envelope[MembersImported]]) -> None:
        copies.on_members_imported(session, envelopes)

    @staticmethod
    @on_event(MemberTagged)
    def on_member_tagged(session: Session, envelopes: list[Envelope[MemberTagged]]) -> None:
        copies.on_member_tagged(session, envelopes)

    @staticmethod
    @on_event(BirthdayWindow)
    def on_birthday_window(session: Session, envelopes: list[Envelope[BirthdayWindow]]) -> None:
        privileges.on_birthday_window(session, envelopes, datetime.now(UTC))

    @staticmethod
    @on_event(TagsRevised)
    def on_tags_revised(session: Session, envelopes: list[Envelope[TagsRevised]]) -> None:
        copies.on_member_tagged(session, envelopes)

    @staticmethod
    @on_event(MemberMerged)
    def on_member_merged(session: Session, envelopes: list[Envelope[MemberMerged]]) -> None:
        copies.on_member_merged(session, envelopes)

    @staticmethod
    @on_event(MemberUnmerged)
    def on_member_unmerged(session: Session, envelopes: list[Envelope[MemberUnmerged]]) -> None:
        copies.on_member_unmerged(session, envelopes)

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
        erasure.on_member_erased(session, envelopes)
