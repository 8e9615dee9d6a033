"""Operations of the points mall (L2, L3, L7)."""

from typing import Any

from services.loyalty import mall, redemptions
from shared.contracts.loyalty.mall import (
    CancelRedemption,
    HandOverRedemption,
    ListMallItems,
    ListRedemptions,
    MallItem,
    MallItems,
    MallStock,
    MoveMallStock,
    OfferedItem,
    OfferMall,
    PublishMallItem,
    Redeemed,
    RedeemPoints,
    Redemption,
)
from shared.paging import Page
from shared.seal import HQ, MANAGERS, READERS, SELLERS, Caller
from shared.service import operation


class Mall:
    """The part of the service that deals with the mall; the dependencies are the service's."""

    transaction: Any

    @operation(PublishMallItem, roles=HQ)
    def publish_mall_item(self, caller: Caller, command: PublishMallItem) -> MallItem:
        with self.transaction() as session:
            return mall.publish(session, caller, command)

    @operation(ListMallItems, roles=READERS)
    def list_mall_items(self, caller: Caller, command: ListMallItems) -> MallItems:
        with self.transaction() as session:
            return mall.list_items(session, caller, command)

    @operation(MoveMallStock, roles=MANAGERS)
    def move_mall_stock(self, caller: Caller, command: MoveMallStock) -> MallStock:
        with self.transaction() as session:
            return mall.move_stock(session, caller, command)

    @operation(OfferMall, roles=READERS)
    def offer_mall(self, caller: Caller, command: OfferMall) -> Page[OfferedItem]:
        with self.transaction() as session:
            return mall.offer(session, caller, command)

    @operation(RedeemPoints, roles=SELLERS | MANAGERS)
    def redeem_points(self, caller: Caller, command: RedeemPoints) -> Redeemed:
        with self.transaction() as session:
            return redemptions.redeem_points(session, caller, command)

    @operation(HandOverRedemption, roles=SELLERS | MANAGERS)
    def hand_over_redemption(self, caller: Caller, command: HandOverRedemption) -> Redemption:
        with self.transaction() as session:
            return redemptions.hand_over(session, caller, command)

    @operation(CancelRedemption, roles=MANAGERS)
    def cancel_redemption(self, caller: Caller, command: CancelRedemption) -> Redeemed:
        with self.transaction() as session:
            return redemptions.cancel(session, caller, command)

    @operation(ListRedemptions, roles=READERS)
    def list_redemptions(self, caller: Caller, command: ListRedemptions) -> Page[Redemption]:
        with self.transaction() as session:
            return redemptions.list_redemptions(session, caller, command)
