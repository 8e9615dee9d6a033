"""What the member service hears of the others, each event handed to those whom it concerns."""

from sqlalchemy.orm import Session

from services.member import (
    birthdays,
    erasures,
    handovers,
    import_work,
    merging,
    purchases,
    returns,
    tiers,
    timeline,
)
from services.member.models import Store
from shared.contracts import Envelope, one_by_one
from shared.contracts.campaign import CouponRedeemed, ForgottenByCampaign
from shared.contracts.directory import StaffChanged, StoreChanged
from shared.contracts.directory.erasure import ForgottenByDirectory
from shared.contracts.inventory import ForgottenByInventory
from shared.contracts.loyalty import (
    OrderBooked,
    PointsAdjusted,
    TierChanged,
    TiersChanged,
    WalletToppedUp,
)
from shared.contracts.loyalty.erasure import ErasureSettled, ForgottenByLoyalty
from shared.contracts.loyalty.mall import PointsRedeemed, RedemptionCancelled
from shared.contracts.loyalty.merging import AccountsMerged
from shared.contracts.loyalty.openings import OpeningsBooked
from shared.contracts.loyalty.returns import ReturnBooked
from shared.contracts.loyalty.tiers import NearNextTier, TierLapsing
from shared.contracts.order import OrderPlaced, OrderVoided
from shared.contracts.order.erasure import ErasureChecked, ForgottenByOrder
from shared.contracts.order.returns import OrderReturned
from shared.inbox import on_event
from shared.stores import upsert_stores


class Heard:
    """The handlers of the service's events."""

    @staticmethod
    @on_event(StoreChanged)
    def on_store_changed(session: Session, envelopes: list[Envelope[StoreChanged]]) -> None:
        birthdays.on_store_changed(session, envelopes)
        upsert_stores(session, Store, envelopes)

    @staticmethod
    @on_event(OrderPlaced)
    def on_order_placed(session: Session, envelopes: list[Envelope[OrderPlaced]]) -> None:
        purchases.on_order_placed(session, envelopes)

    @staticmethod
    @on_event(OrderVoided)
    def on_order_voided(session: Session, envelopes: list[Envelope[OrderVoided]]) -> None:
        purchases.on_order_voided(session, envelopes)

    @staticmethod
    @on_event(OrderReturned)
    def on_order_returned(session: Session, envelopes: list[Envelope[OrderReturned]]) -> None:
        returns.on_order_returned(session, envelopes)

    @staticmethod
    @on_event(StaffChanged)
    def on_staff_changed(session: Session, envelopes: list[Envelope[StaffChanged]]) -> None:
        handovers.on_staff_changed(session, envelopes)

    @staticmethod
    @on_event(OrderBooked)
    def on_order_booked(session: Session, envelopes: list[Envelope[OrderBooked]]) -> None:
        timeline.on_order_booked(session, envelopes)

    @staticmethod
    @on_event(PointsAdjusted)
    def on_points_adjusted(session: Session, envelopes: list[Envelope[PointsAdjusted]]) -> None:
        timeline.on_points_adjusted(session, envelopes)

    @staticmethod
    @on_event(PointsRedeemed)
    def on_points_redeemed(session: Session, envelopes: list[Envelope[PointsRedeemed]]) -> None:
        timeline.on_points_redeemed(session, envelopes)

    @staticmethod
    @on_event(RedemptionCancelled)
    def on_redemption_cancelled(
        session: Session, envelopes: list[Envelope[RedemptionCancelled]]
    ) -> None:
        timeline.on_points_redeemed(session, envelopes)

    @staticmethod
    @on_event(WalletToppedUp)
    def on_wallet_topped_up(session: Session, envelopes: list[Envelope[WalletToppedUp]]) -> None:
        timeline.on_wallet_topped_up(session, envelopes)

    @staticmethod
    @on_event(TierChanged)
    def on_tier_changed(session: Session, envelopes: list[Envelope[TierChanged]]) -> None:
        timeline.on_tier_changed(session, envelopes)
        tiers.on_tier_changed(session, envelopes)

    @staticmethod
    @on_event(TiersChanged)
    def on_tiers_changed(session: Session, envelopes: list[Envelope[TiersChanged]]) -> None:
        told = one_by_one(envelopes)
        timeline.on_tier_changed(session, told)
        tiers.on_tier_changed(session, told)

    @staticmethod
    @on_event(TierLapsing)
    def on_tier_lapsing(session: Session, envelopes: list[Envelope[TierLapsing]]) -> None:
        timeline.on_tier_lapsing(session, envelopes)

    @staticmethod
    @on_event(NearNextTier)
    def on_near_next_tier(session: Session, envelopes: list[Envelope[NearNextTier]]) -> None:
        timeline.on_near_next_tier(session, envelopes)

    @staticmethod
    @on_event(CouponRedeemed)
    def on_coupon_redeemed(session: Session, envelopes: list[Envelope[CouponRedeemed]]) -> None:
        timeline.on_coupon_redeemed(session, envelopes)

    @staticmethod
    @on_event(ReturnBooked)
    def on_return_booked(session: Session, envelopes: list[Envelope[ReturnBooked]]) -> None:
        timeline.on_return_booked(session, envelopes)

    @staticmethod
    @on_event(AccountsMerged)
    def on_accounts_merged(session: Session, envelopes: list[Envelope[AccountsMerged]]) -> None:
        merging.on_accounts_merged(session, envelopes)

    @staticmethod
    @on_event(ErasureChecked)
    def on_erasure_checked(session: Session, envelopes: list[Envelope[ErasureChecked]]) -> None:
        erasures.on_erasure_checked(session, envelopes)

    @staticmethod
    @on_event(ErasureSettled)
    def on_erasure_settled(session: Session, envelopes: list[Envelope[ErasureSettled]]) -> None:
        erasures.on_erasure_settled(session, envelopes)

    @staticmethod
    @on_event(ForgottenByDirectory)
    def on_directory_erased(
        session: Session, envelopes: list[Envelope[ForgottenByDirectory]]
    ) -> None:
        erasures.on_answer(session, envelopes)

    @staticmethod
    @on_event(ForgottenByLoyalty)
    def on_loyalty_erased(session: Session, envelopes: list[Envelope[ForgottenByLoyalty]]) -> None:
        erasures.on_answer(session, envelopes)

    @staticmethod
    @on_event(ForgottenByInventory)
    def on_inventory_erased(
        session: Session, envelopes: list[Envelope[ForgottenByInventory]]
    ) -> None:
        erasures.on_answer(session, envelopes)

    @staticmethod
    @on_event(ForgottenByOrder)
    def on_order_erased(session: Session, envelopes: list[Envelope[ForgottenByOrder]]) -> None:
        erasures.on_answer(session, envelopes)

    @staticmethod
    @on_event(ForgottenByCampaign)
    def on_campaign_erased(
        session: Session, envelopes: list[Envelope[ForgottenByCampaign]]
    ) -> None:
        erasures.on_answer(session, envelopes)

    @staticmethod
    @on_event(OpeningsBooked)
    def on_openings_booked(session: Session, envelopes: list[Envelope[OpeningsBooked]]) -> None:
        import_work.on_openings_booked(session, envelopes)
