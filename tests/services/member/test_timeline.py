"""The timeline: what staff write down, what events tell, and who sees which of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.member import audit, purchases, timeline
from services.member.phones import Keyring
from services.member.service import MemberService
from shared.contracts import Envelope
from shared.contracts.campaign import CouponRedeemed
from shared.contracts.loyalty import (
    OrderBooked,
    PointsAdjusted,
    TierChanged,
    TiersChanged,
    WalletToppedUp,
)
from shared.contracts.loyalty.tiers import NearNextTier, TierLapsing
from shared.contracts.member import GetTimeline, Happening, Member, RecordContact
from shared.contracts.order import OrderLine, OrderPlaced, OrderVoided
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from tests.services.member.conftest import events, open_store, staff

SOLD_AT = datetime(2025, 5, 1, 10, tzinfo=UTC)


@pytest.fixture
def member(register: Callable[..., Member]) -> Member:
    return register()


def contact(member: Member, store_id: UUID, **fields: Any) -> RecordContact:
    given: dict[str, Any] = {"id": new_id(), "kind": "enquiry", "text": "想要红色的真丝连衣裙"}
    return RecordContact(member_id=member.id, store_id=store_id, **given | fields)


def seen(
    session: Session, keys: Keyring, caller: Caller, member: Member, **fields: Any
) -> list[Happening]:
    return timeline.get_timeline(
        session, keys, caller, GetTimeline(member_id=member.id, **fields)
    ).items


def told(data: Any, at: datetime = SOLD_AT) -> Envelope[Any]:
    return Envelope(
        id=new_id(), source="test", type=data.type, subject="x", sequence=1, time=at, data=data
    )


def placed(member: Member, store_id: UUID, staff_id: UUID) -> OrderPlaced:
    line = OrderLine(
        sku_id=new_id(), style_id=new_id(), category="裙装", quantity=1, net_minor=26820
    )
    return OrderPlaced(
        order_id=new_id(), store_id=store_id, franchisee_id=None, member_id=member.id,
        staff_id=staff_id, channel="store", business_date=date(2025, 5, 1), placed_at=SOLD_AT,
        currency="CNY", total_minor=26820, points_minor=0, wallet_minor=0, points=0, tier=None,
        lines=[line], promotions=[], fact=False,
    )  # fmt: skip


def test_a_member_s_timeline_begins_with_joining(
    session: Session, keys: Keyring, member: Member, associate: Caller, store_id: UUID
) -> None:
    (joined,) = seen(session, keys, associate, member)

    assert (joined.kind, joined.store_id, joined.staff_id) == ("joined", store_id, associate.id)


def test_what_staff_write_down_is_there_once(
    session: Session, keys: Keyring, member: Member, associate: Caller, store_id: UUID
) -> None:
    command = contact(member, store_id, happened_at=SOLD_AT)

    first = timeline.record_contact(session, keys, associate, command)
    again = timeline.record_contact(session, keys, associate, command)

    assert first == again
    assert (first.kind, first.text, first.staff_id) == ("enquiry", command.text, associate.id)
    assert first.at == SOLD_AT
    assert seen(session, keys, associate, member, kinds=["enquiry"]) == [first]
    (event,) = map(msgspec.json.decode, events(session, "member.contact_recorded"))
    assert command.text not in str(event)
    assert event["data"]["happening_id"] == str(command.id)


def test_an_id_with_other_words_is_refused(
    session: Session, keys: Keyring, member: Member, associate: Caller, store_id: UUID
) -> None:
    command = contact(member, store_id)
    first = timeline.record_contact(session, keys, associate, command)

    with pytest.raises(Refusal, match="HAPPENING_ID_TAKEN"):
        timeline.record_contact(
            session, keys, associate, msgspec.structs.replace(command, text="something else")
        )

    assert seen(session, keys, associate, member, kinds=["enquiry"]) == [first]


def test_a_contact_of_nobody_of_elsewhere_or_of_tomorrow_is_refused(
    session: Session, keys: Keyring, member: Member, associate: Caller, store_id: UUID
) -> None:
    stranger = msgspec.structs.replace(member, id=new_id())
    late = datetime.now(UTC) + timedelta(days=1)

    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        timeline.record_contact(session, keys, associate, contact(stranger, store_id))
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        timeline.record_contact(session, keys, associate, contact(member, open_store(session)))
    with pytest.raises(InvalidInput):
        timeline.record_contact(
            session, keys, associate, contact(member, store_id, happened_at=late)
        )
    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        seen(session, keys, associate, stranger)

    assert [each.kind for each in seen(session, keys, associate, member)] == ["joined"]


def test_k40_words_stay_in_their_store_and_purchases_are_seen_everywhere(
    session: Session, keys: Keyring, member: Member, associate: Caller, store_id: UUID
) -> None:
    timeline.record_contact(session, keys, associate, contact(member, store_id))
    purchases.on_order_placed(session, [told(placed(member, store_id, associate.id))])
    elsewhere = staff(Role.ASSOCIATE, open_store(session))
    hq = Caller(
        kind="staff", id=new_id(), roles=frozenset({Role.HQ_OPERATIONS}),
        scope_kind=ScopeKind.CHAIN,
    )  # fmt: skip

    def kinds(caller: Caller) -> set[str]:
        return {each.kind for each in seen(session, keys, caller, member)}

    assert kinds(elsewhere) == {"joined", "purchase"}
    assert kinds(associate) == kinds(hq) == {"joined", "purchase", "enquiry"}


def test_a_purchase_and_its_void_show_once_each(
    session: Session, keys: Keyring, member: Member, associate: Caller, store_id: UUID
) -> None:
    order = placed(member, store_id, associate.id)
    void = told(
        OrderVoided(
            order_id=order.order_id, store_id=store_id, member_id=member.id,
            business_date=order.business_date, total_minor=26820, reason="x",
        ),
        SOLD_AT + timedelta(hours=1),
    )  # fmt: skip
    for _ in range(2):
        purchases.on_order_placed(session, [told(order)])
        purchases.on_order_voided(session, [void])

    shown = seen(session, keys, associate, member, kinds=["purchase", "void"])

    assert [each.kind for each in shown] == ["void", "purchase"]
    assert {each.document_id for each in shown} == {order.order_id}
    assert [(each.amount_minor, each.currency) for each in shown] == [(26820, "CNY")] * 2
    assert shown[1].staff_id == associate.id
    for name in audit.CHECKS:
        assert session.execute(text(audit.CHECKS[name])).all() == [], name


def test_points_wallet_coupons_and_tiers_show(
    session: Session, keys: Keyring, member: Member, associate: Caller, store_id: UUID
) -> None:
    order_id, at = new_id(), {"member_id": member.id, "store_id": store_id}
    booked = OrderBooked(
        order_id=order_id, **at, points_earned=268, points_spent=100, wallet_spent_minor=0,
        points_after=168, wallet_after_minor=0,
    )  # fmt: skip
    nothing = msgspec.structs.replace(booked, order_id=new_id(), points_spent=268)
    back = msgspec.structs.replace(booked, voided=True)
    timeline.on_order_booked(session, [told(booked), told(nothing), told(back)])
    timeline.on_points_adjusted(
        session, [told(PointsAdjusted(adjustment_id=new_id(), **at, points=-5, reason="x"))]
    )
    timeline.on_wallet_topped_up(
        session,
        [
            told(
                WalletToppedUp(
                    top_up_id=new_id(), **at, currency="CNY", paid_minor=50000, bonus_minor=0
                )
            )
        ],
    )
    coupon = CouponRedeemed(code="WELCOME50", order_id=order_id, member_id=member.id)
    unknown = msgspec.structs.replace(coupon, member_id=None)
    returned = msgspec.structs.replace(coupon, returned=True)
    timeline.on_coupon_redeemed(session, [told(coupon), told(unknown), told(returned)])
    tier = TierChanged(
        member_id=member.id, version=2, tier="gold", tier_name_zh="金卡", tier_name_en="Gold",
        ladder_version=1,
    )  # fmt: skip
    together = TiersChanged(items=[tier, msgspec.structs.replace(tier, tier_name_zh="黑卡")])
    MemberService.on_tier_changed(session, [told(tier)])
    MemberService.on_tiers_changed(session, [told(together)])
    near = NearNextTier(
        member_id=member.id, store_id=None, next_tier="gold", next_tier_name_zh="金卡",
        next_tier_name_en="Gold", missing=1_000, basis="spend", currency="CNY", ladder_version=1,
    )  # fmt: skip
    timeline.on_near_next_tier(session, [told(near)])
    lapsing = TierLapsing(
        member_id=member.id, store_id=None, tier="gold", tier_name_zh="金卡", tier_name_en="Gold",
        held_by="grace", until=date(2025, 6, 1), falls_to=None, missing=300, basis="points",
        currency="CNY", ladder_version=1,
    )  # fmt: skip
    timeline.on_tier_lapsing(session, [told(lapsing)])

    shown = seen(session, keys, associate, member)

    assert sorted(each.points for each in shown if each.kind == "points" and each.points) == [
        -168,
        -5,
        168,
    ]
    [ahead] = [each for each in shown if each.kind == "near_tier"]
    assert (ahead.tier_name_en, ahead.amount_minor, ahead.currency) == ("Gold", 1_000, "CNY")
    [ending] = [each for each in shown if each.kind == "tier_lapsing"]
    assert (ending.tier_name_zh, ending.points, ending.until) == ("金卡", 300, date(2025, 6, 1))
    assert [each.amount_minor for each in shown if each.kind == "top_up"] == [50000]
    assert [each.coupon_code for each in shown if each.kind == "coupon"] == ["WELCOME50"]
    tiers = sorted(each.tier_name_zh or "" for each in shown if each.kind == "tier")
    assert tiers == ["金卡", "金卡", "黑卡"]


def test_a_timeline_comes_page_by_page(
    session: Session, keys: Keyring, member: Member, associate: Caller, store_id: UUID
) -> None:
    recorded = [
        timeline.record_contact(
            session, keys, associate, contact(member, store_id, kind="visit", happened_at=SOLD_AT)
        )
        for _ in range(5)
    ]
    found: list[Happening] = []
    after = None
    while True:
        command = GetTimeline(member_id=member.id, kinds=["visit"], first=2, after=after)
        page = timeline.get_timeline(session, keys, associate, command)
        found += page.items
        if not page.has_next:
            break
        after = page.cursors[-1]

    assert found == sorted(recorded, key=lambda each: each.id, reverse=True)
    with pytest.raises(InvalidInput, match="INVALID_CURSOR"):
        seen(session, keys, associate, member, after="bm9uc2Vuc2U")


def test_what_happened_is_never_changed(session: Session, member: Member) -> None:
    for change in ("UPDATE happenings SET kind = 'visit'", "DELETE FROM happenings"):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(text(change))
