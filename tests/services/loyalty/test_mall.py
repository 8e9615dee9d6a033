"""Points for goods, services and activities (L2, L3, L7)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import asdict, replace
from sqlalchemy import text

from services.loyalty import clearing, explanation, mall, merging, redemptions
from shared.contracts.loyalty import ExpiryRule
from shared.contracts.loyalty.explanation import ExplainBalance
from shared.contracts.loyalty.mall import (
    CancelRedemption,
    HandOverRedemption,
    ListMallItems,
    ListRedemptions,
    MallItem,
    MallItemBody,
    MoveMallStock,
    OfferMall,
    PointsRedeemed,
    PublishMallItem,
    Redeemed,
    RedeemPoints,
    RedemptionCancelled,
    RedemptionHandedOver,
)
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Role
from tests.services.loyalty.conftest import EARN, LADDER, NOW, SPEND, Shop, caller, in_the_end

MUG = MallItemBody(code="MUG", kind="goods", name_zh="马克杯", name_en="Mug", points=300)
HEM = MallItemBody(
    code="HEM", kind="service", name_zh="改裤脚", name_en="Hemming", points=50, counted=False
)


@pytest.fixture
def member_id(shop: Shop) -> UUID:
    shop.publish(EARN, SPEND, LADDER)
    member_id = shop.register()
    shop.fill(member_id, points=1_000)
    return member_id


def publish(shop: Shop, body: MallItemBody = MUG, version: int = 0, **fields: Any) -> MallItem:
    values: dict[str, Any] = {"item_id": new_id(), "version": version, "body": body}
    return mall.publish(shop.session, shop.hq, PublishMallItem(**(values | fields)))


def receive(shop: Shop, item: MallItem, quantity: int = 2, **fields: Any) -> Any:
    values: dict[str, Any] = {"id": new_id(), "store_id": shop.store_id, "reason": "delivery"}
    command = MoveMallStock(item_id=item.item_id, quantity=quantity, **(values | fields))
    return mall.move_stock(shop.session, shop.hq, command)


def asked(shop: Shop, who: UUID, item: MallItem, **fields: Any) -> RedeemPoints:
    values: dict[str, Any] = {
        "id": new_id(),
        "store_id": shop.store_id,
        "member_id": who,
        "item_id": item.item_id,
        "points": item.body.points * fields.get("quantity", 1),
    }
    return RedeemPoints(**(values | fields))


def redeem(shop: Shop, command: RedeemPoints) -> Redeemed:
    return redemptions.redeem_points(shop.session, shop.hq, command)


def cancel(shop: Shop, redemption_id: UUID, **fields: Any) -> Redeemed:
    values: dict[str, Any] = {"store_id": shop.store_id, "reason": "changed their mind"}
    command = CancelRedemption(id=redemption_id, **(values | fields))
    return redemptions.cancel(shop.session, shop.hq, command)


def refused(shop: Shop, act: Callable[[], Any]) -> Refusal:
    before = shop.everything()
    with pytest.raises(Refusal) as caught:
        act()
    assert shop.everything() == before
    return caught.value


def left(shop: Shop, item: MallItem) -> int | None:
    offer = mall.offer(shop.session, shop.seller, OfferMall(store_id=shop.store_id))
    return next(each.left for each in offer.items if each.item_id == item.item_id)


def test_an_item_costs_its_points_and_a_piece_of_the_stores_stock(
    shop: Shop, member_id: UUID
) -> None:
    mug = publish(shop)
    receive(shop, mug)
    command = asked(shop, member_id, mug)

    answer = redeem(shop, command)

    assert (answer.redemption.status, answer.redemption.points) == ("handed_over", 300)
    assert answer.account.points == 700
    assert left(shop, mug) == 1
    [told] = shop.events(PointsRedeemed)
    assert (told.data.member_id, told.data.item_version, told.data.points) == (member_id, 1, 300)
    rows = shop.session.execute(
        text(
            "SELECT a.kind, e.amount, e.accepting_store_id, e.detail FROM entries e"
            " JOIN accounts a ON a.id = e.account_id WHERE reason = 'redeemed' ORDER BY e.id"
        )
    )
    assert [tuple(row) for row in rows] == [
        ("points", -300, shop.store_id, "MUG v1 x1"),
        ("points_redeemed", 300, shop.store_id, "MUG v1 x1"),
    ]
    before = shop.everything()
    assert redeem(shop, command) == answer
    assert shop.everything() == before
    assert shop.differences() == {}


def test_another_redemption_cannot_have_the_same_id(shop: Shop, member_id: UUID) -> None:
    hem = publish(shop, HEM)
    command = asked(shop, member_id, hem)
    redeem(shop, command)

    again = asked(shop, member_id, hem, id=command.id, quantity=2)

    assert refused(shop, lambda: redeem(shop, again)).code == "ENTRY_ID_TAKEN"


def test_what_is_cancelled_gives_points_and_pieces_back_once(shop: Shop, member_id: UUID) -> None:
    mug = publish(shop)
    receive(shop, mug)
    id_ = redeem(shop, asked(shop, member_id, mug, quantity=2)).redemption.id

    answer = cancel(shop, id_)

    assert (answer.redemption.status, answer.account.points) == ("cancelled", 1_000)
    assert left(shop, mug) == 2
    [told] = shop.events(RedemptionCancelled)
    assert (told.data.points, told.data.restocked) == (600, True)
    before = shop.everything()
    assert cancel(shop, id_) == answer
    assert shop.everything() == before
    assert shop.differences() == {}


def test_a_broken_piece_does_not_go_back_to_stock(shop: Shop, member_id: UUID) -> None:
    mug = publish(shop)
    receive(shop, mug)
    id_ = redeem(shop, asked(shop, member_id, mug)).redemption.id

    cancel(shop, id_, restock=False)

    assert left(shop, mug) == 1
    assert shop.account(member_id).points == 1_000
    assert shop.differences() == {}


def test_points_that_come_back_expire_as_they_would_have(shop: Shop) -> None:
    shop.publish(EARN, SPEND, ExpiryRule(basis="months", length=12))
    member_id = shop.register()
    shop.fill(member_id, points=500)
    until = shop.account(member_id).points_valid_until
    hem = publish(shop, HEM)

    id_ = redeem(shop, asked(shop, member_id, hem, quantity=10)).redemption.id
    assert shop.account(member_id).points_expiring == 0
    cancel(shop, id_)

    account = shop.account(member_id)
    assert (account.points_expiring, account.points_valid_until) == (500, until)
    assert shop.differences() == {}


def test_what_waits_is_handed_over_once(shop: Shop, member_id: UUID) -> None:
    hem = publish(shop, HEM)
    id_ = redeem(shop, asked(shop, member_id, hem, hand_over=False)).redemption.id
    waiting = ListRedemptions(store_id=shop.store_id, waiting=True)
    assert [
        each.status
        for each in redemptions.list_redemptions(shop.session, shop.seller, waiting).items
    ] == ["waiting"]
    command = HandOverRedemption(id=id_, store_id=shop.store_id)

    handed = redemptions.hand_over(shop.session, shop.seller, command)

    assert handed.status == "handed_over"
    before = shop.everything()
    assert redemptions.hand_over(shop.session, shop.seller, command) == handed
    assert shop.everything() == before
    assert len(shop.events(RedemptionHandedOver)) == 1
    assert redemptions.list_redemptions(shop.session, shop.seller, waiting).items == []
    cancel(shop, id_)
    assert refused(
        shop, lambda: redemptions.hand_over(shop.session, shop.seller, command)
    ).code == "REDEMPTION_ENDED"  # fmt: skip


@pytest.mark.parametrize(
    ("body", "fields", "code"),
    [
        ({"tiers": frozenset({"diamond"})}, {}, "ITEM_TIER"),
        ({"per_member": 1}, {"quantity": 2}, "ITEM_LIMIT"),
        ({"counted": True}, {}, "ITEM_SOLD_OUT"),
        ({"points": 1_001}, {}, "NOT_ENOUGH_POINTS"),
        ({}, {"points": 49}, "ITEM_PRICE"),
        ({"offered": False}, {}, "ITEM_NOT_OFFERED"),
        ({}, {"item_id": new_id()}, "UNKNOWN_ITEM"),
        ({}, {"member_id": new_id()}, "UNKNOWN_MEMBER"),
    ],
)
def test_what_a_member_cannot_have_changes_nothing(
    shop: Shop, member_id: UUID, body: dict[str, Any], fields: dict[str, Any], code: str
) -> None:
    item = publish(shop, MallItemBody(**({"counted": False} | _hem() | body)))

    assert refused(shop, lambda: redeem(shop, asked(shop, member_id, item, **fields))).code == code


def test_whom_an_item_is_for_is_told_by_the_names_of_tiers(shop: Shop, member_id: UUID) -> None:
    body = MallItemBody(**(_hem() | {"counted": False, "tiers": frozenset({"silver", "black"})}))
    publish(shop, body)

    asked_for = OfferMall(store_id=shop.store_id, member_id=member_id)
    (offered,) = mall.offer(shop.session, shop.seller, asked_for).items
    assert offered.reason_zh == "此项仅限 银卡、black 会员兑换"
    assert offered.reason_en == "This item is for members of Silver, black only"


def _hem() -> dict[str, Any]:
    names = ("code", "kind", "name_zh", "name_en", "points")
    return {name: getattr(HEM, name) for name in names}


def test_an_item_of_other_stores_is_not_for_this_one(shop: Shop, member_id: UUID) -> None:
    body = MallItemBody(**(_hem() | {"store_ids": frozenset({shop.franchised_id})}))
    item = publish(shop, body)

    assert (
        refused(shop, lambda: redeem(shop, asked(shop, member_id, item))).code == "ITEM_ELSEWHERE"
    )
    offer = mall.offer(shop.session, shop.seller, OfferMall(store_id=shop.store_id))
    assert offer.items == []


def test_a_limit_counts_what_was_had_and_not_what_was_cancelled(
    shop: Shop, member_id: UUID
) -> None:
    item = publish(shop, MallItemBody(**(_hem() | {"counted": False, "per_member": 1})))
    first = redeem(shop, asked(shop, member_id, item)).redemption

    assert refused(shop, lambda: redeem(shop, asked(shop, member_id, item))).code == "ITEM_LIMIT"
    cancel(shop, first.id)
    assert redeem(shop, asked(shop, member_id, item)).redemption.status == "handed_over"


def test_the_offer_says_how_many_a_member_can_have_and_why_not(shop: Shop, member_id: UUID) -> None:
    mug, hem = publish(shop), publish(shop, HEM)
    dear = publish(shop, MallItemBody(**(_hem() | {"code": "ZZ", "points": 5_000})))
    receive(shop, mug, 5)

    command = OfferMall(store_id=shop.store_id, member_id=member_id)
    offer = {each.item_id: each for each in mall.offer(shop.session, shop.seller, command).items}

    assert (offer[mug.item_id].left, offer[mug.item_id].can_have) == (5, 3)
    assert (offer[hem.item_id].left, offer[hem.item_id].can_have) == (None, 20)
    refused_item = offer[dear.item_id]
    assert (refused_item.can_have, refused_item.reason) == (0, "ITEM_SOLD_OUT")
    assert refused_item.reason_zh == "本店库存不足：还有 0 份"
    pages = [
        mall.offer(shop.session, shop.seller, OfferMall(store_id=shop.store_id, first=2)),
    ]
    assert (len(pages[0].items), pages[0].has_next) == (2, True)
    rest = OfferMall(store_id=shop.store_id, first=2, after=pages[0].cursors[-1])
    assert [each.code for each in mall.offer(shop.session, shop.seller, rest).items] == ["ZZ"]


def test_items_are_versions_and_a_price_can_be_planned(shop: Shop, member_id: UUID) -> None:
    hem = publish(shop, HEM)
    dearer = MallItemBody(**(_hem() | {"counted": False, "points": 80}))
    later = datetime.now(UTC) + timedelta(days=1)
    command = PublishMallItem(item_id=hem.item_id, version=1, valid_from=later, body=dearer)

    planned = mall.publish(shop.session, shop.hq, command)

    before = shop.everything()
    assert mall.publish(shop.session, shop.hq, command) == planned
    assert shop.everything() == before
    assert redeem(shop, asked(shop, member_id, hem)).redemption.item_version == 1
    assert mall.in_force(shop.session, hem.item_id, later).version == 2
    listed = mall.list_items(shop.session, shop.seller, ListMallItems(item_id=hem.item_id))
    assert [each.version for each in listed.items] == [2, 1]
    stale = PublishMallItem(item_id=hem.item_id, version=1, body=HEM)
    assert refused(shop, lambda: mall.publish(shop.session, shop.hq, stale)).parameters == {
        "version": 2
    }
    taken = PublishMallItem(item_id=new_id(), version=0, body=HEM)
    assert (
        refused(shop, lambda: mall.publish(shop.session, shop.hq, taken)).code == "ITEM_CODE_TAKEN"
    )


def test_stock_is_moved_once_and_never_below_zero(shop: Shop, member_id: UUID) -> None:
    mug, hem = publish(shop), publish(shop, HEM)
    id_ = new_id()

    assert receive(shop, mug, 3, id=id_).left == 3
    before = shop.everything()
    assert receive(shop, mug, 3, id=id_).left == 3
    assert shop.everything() == before
    assert refused(shop, lambda: receive(shop, mug, 4, id=id_)).code == "ENTRY_ID_TAKEN"
    assert refused(shop, lambda: receive(shop, mug, -4)).parameters == {"left": 3}
    assert refused(shop, lambda: receive(shop, hem)).code == "ITEM_UNCOUNTED"
    assert receive(shop, mug, -3).left == 0
    assert shop.differences() == {}


def test_only_the_chain_publishes(shop: Shop) -> None:
    local = caller(Role.HQ_OPERATIONS, shop.store_id)

    with pytest.raises(Forbidden):
        mall.publish(shop.session, local, PublishMallItem(item_id=new_id(), version=0, body=HEM))


def test_the_franchisee_that_gives_goods_for_points_is_owed_for_them(
    shop: Shop, member_id: UUID
) -> None:
    hem = publish(shop, HEM)
    command = asked(shop, member_id, hem, store_id=shop.franchised_id)
    redeem(shop, command)
    cancel(shop, command.id, store_id=shop.franchised_id)
    shop.session.commit()

    assert in_the_end(lambda: clearing.gather(shop.session))

    items = shop.session.execute(
        text("SELECT kind, creditor_id, quantity, rate FROM clearing_items ORDER BY entry_id")
    )
    assert [tuple(row) for row in items] == [
        ("points_spent", shop.franchisee_id, 50, 100),
        ("points_returned", shop.franchisee_id, -50, 100),
    ]
    assert shop.differences() == {}


def test_a_balance_says_what_went_to_the_mall(shop: Shop, member_id: UUID) -> None:
    redeem(shop, asked(shop, member_id, publish(shop, HEM)))

    told = explanation.explain_balance(
        shop.session, shop.seller, ExplainBalance(member_id=member_id)
    )

    assert "积分商城兑换 1 笔 -50" in told.parts[0].zh


def test_who_was_merged_is_one_customer_of_the_mall_and_gets_back_what_was_taken(
    shop: Shop, member_id: UUID
) -> None:
    other_id = shop.register()
    shop.fill(other_id, points=300)
    item = publish(shop, replace(MUG, per_member=2))
    receive(shop, item, 3)
    redeem(shop, asked(shop, other_id, item))
    both = MemberMerged(
        merge_id=new_id(), merged_id=other_id, survivor_id=member_id, member_ids=[other_id],
        number=1,
    )  # fmt: skip
    merging.merge(shop.session, both, NOW)

    taken = asked(shop, other_id, item)
    assert redeem(shop, taken).account.points == 700
    offer = OfferMall(store_id=shop.store_id, member_id=other_id)
    (offered,) = mall.offer(shop.session, shop.hq, offer).items
    assert (offered.can_have, offered.reason) == (0, "ITEM_LIMIT")
    with pytest.raises(Refusal, match="ITEM_LIMIT"):
        redeem(shop, asked(shop, member_id, item))
    listed = redemptions.list_redemptions(
        shop.session, shop.hq, ListRedemptions(member_id=member_id)
    )
    assert len(listed.items) == 2

    apart = MemberUnmerged(**{**asdict(both), "number": 2})
    merging.unmerge(shop.session, apart, NOW)
    cancel(shop, taken.id)
    assert (shop.account(member_id).points, shop.account(other_id).points) == (1_000, 0)
    assert shop.differences() == {}
