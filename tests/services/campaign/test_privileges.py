"""Birthday privileges in promotions and coupons (T8, C4)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.campaign import privileges
from shared.contracts.campaign import CouponsIssued, Eligibility, OpenPrivilege, Percentage
from shared.contracts.member.birthdays import BirthdayWindow
from shared.errors import Refusal
from shared.ids import new_id
from tests.services.campaign.shop import Shop, now

BIRTHDAY = OpenPrivilege(code="birthday", rule_version=3)


def window(member_id: UUID, **fields: Any) -> BirthdayWindow:
    given: dict[str, Any] = {
        "window_id": new_id(),
        "version": 1,
        "member_id": member_id,
        "privilege": "birthday",
        "rule_version": 3,
        "starts_at": now() - timedelta(hours=1),
        "ends_at": now() + timedelta(hours=1),
    }
    return BirthdayWindow(**given | fields)


@pytest.fixture
def sku(shop: Shop) -> UUID:
    return shop.piece(10_000)


def offer(shop: Shop, **fields: Any) -> UUID:
    return shop.publish(
        name_zh="生日当月 8 折",
        rule=Percentage(off_basis_points=2_000),
        eligibility=Eligibility(privileges=frozenset({"birthday"})),
        **fields,
    ).promotion.id


def test_t8_a_promotion_for_members_who_have_their_birthday(shop: Shop, sku: UUID) -> None:
    offer(shop)
    celebrated, other = shop.member(), shop.member()
    shop.tell(window(celebrated))

    priced = shop.price(sku, member_id=celebrated)

    assert (priced.total_minor, priced.privileges) == (8_000, [BIRTHDAY])
    assert priced.promotions[0].privilege == BIRTHDAY
    (reason,) = priced.lines[0].reasons
    assert (reason.code, reason.privilege) == ("APPLIED", BIRTHDAY)
    assert reason.text_zh.endswith("（生日特权，规则第 3 版）")
    assert reason.text_en.endswith("(birthday privilege, version 3 of the rule)")
    without = shop.price(sku, member_id=other)
    assert (without.total_minor, without.privileges) == (10_000, [])
    assert without.lines[0].reasons[0].code == "NEEDS_PRIVILEGE"
    assert shop.price(sku).lines[0].reasons[0].code == "NEEDS_MEMBER"


def test_k34_a_window_opens_and_closes_to_the_instant(shop: Shop, sku: UUID) -> None:
    member, start = shop.member(), now() - timedelta(days=2)
    end = start + timedelta(days=1)
    shop.tell(window(member, starts_at=start, ends_at=end))

    def open_at(at: datetime) -> bool:
        return shop.price(sku, member_id=member, at=at).privileges == [BIRTHDAY]

    tick = timedelta(microseconds=1)
    assert [open_at(at) for at in (start - tick, start, end - tick, end)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_the_newest_version_of_a_window_counts_in_whatever_order(shop: Shop, sku: UUID) -> None:
    member, first = shop.member(), window(new_id())
    old = window(member, window_id=first.window_id)
    gone = window(member, window_id=first.window_id, version=2, withdrawn=True)
    back = window(member, window_id=first.window_id, version=3, rule_version=4)

    shop.tell(gone, old)
    assert shop.price(sku, member_id=member).privileges == []
    shop.tell(back)
    shop.tell(gone)
    assert [each.rule_version for each in shop.price(sku, member_id=member).privileges] == [4]


def test_c4_a_birthday_coupon_is_issued_once_for_a_window(shop: Shop, sku: UUID) -> None:
    id_ = shop.publish(needs_coupon=True, rule=Percentage(off_basis_points=5_000)).promotion.id
    member = shop.member()
    ahead = window(
        member,
        starts_at=now() + timedelta(days=7),
        ends_at=now() + timedelta(days=8),
        coupon_promotion_id=id_,
    )

    shop.tell(ahead)
    shop.tell(ahead)

    ((code, until),) = shop.rows("SELECT code, valid_until FROM coupons")
    assert until == ahead.ends_at
    assert shop.rows("SELECT type FROM outbox WHERE type = :type", type=CouponsIssued.type) == [
        (CouponsIssued.type,)
    ]
    priced = shop.price(sku, member_id=member, coupon_codes=[code])
    assert priced.total_minor == 5_000
    with pytest.raises(Refusal, match="COUPON_OF_OTHER_MEMBER"):
        shop.price(sku, member_id=shop.member(), coupon_codes=[code])

    moved = window(
        member, window_id=ahead.window_id, version=2, ends_at=now() + timedelta(days=20),
        coupon_promotion_id=id_,
    )  # fmt: skip
    shop.tell(moved)
    assert shop.rows("SELECT valid_until FROM coupons") == [(moved.ends_at,)]
    shop.tell(window(member, window_id=ahead.window_id, version=3, withdrawn=True))
    with pytest.raises(Refusal, match="COUPON_EXPIRED"):
        shop.price(sku, member_id=member, coupon_codes=[code])


def test_a_window_without_a_promotion_that_gives_coupons_has_none(shop: Shop) -> None:
    free = shop.publish().promotion.id

    for promotion_id in (free, new_id()):
        shop.tell(window(shop.member(), coupon_promotion_id=promotion_id))

    assert shop.rows("SELECT code FROM coupons") == []


def test_windows_that_are_long_over_are_forgotten(shop: Shop) -> None:
    member, over = shop.member(), now() - timedelta(days=privileges.KEPT_DAYS)
    shop.tell(
        window(member, starts_at=over - timedelta(days=2), ends_at=over - timedelta(days=1)),
        window(member, starts_at=over, ends_at=over + timedelta(days=1)),
    )

    with shop.database.transaction() as session:
        privileges.prune(session)

    assert shop.rows("SELECT count(*) FROM birthday_windows") == [(1,)]
