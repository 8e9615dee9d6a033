"""Issuing and looking up coupons, and who may use one when (C2, C15)."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.campaign import coupons, promotions
from shared.contracts.campaign import BasketLine, Coupon, CouponInput, EndPromotion, GetCoupons
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from tests.services.campaign.shop import HQ_CALLER, LONG_AGO, STORE_HQ, Shop, now
from tests.services.campaign.test_races import at_once

DAY = timedelta(days=1)


def get(shop: Shop, **fields: Any) -> list[Coupon]:
    with shop.database.transaction() as session:
        return coupons.get_coupons(session, GetCoupons(**fields)).items


def welcome(shop: Shop, **fields: Any) -> Any:
    return shop.publish(needs_coupon=True, name_zh="新人券", **fields).promotion.id


def test_issued_coupons_can_be_found_by_code_and_member(shop: Shop) -> None:
    promotion_id, member_id = welcome(shop), shop.member()

    issued = shop.issue(
        CouponInput(code="WELCOME-1", promotion_id=promotion_id, member_id=member_id),
        CouponInput(code="OPEN-1", promotion_id=promotion_id, cap_total=None, cap_per_member=2),
    )

    assert [(c.code, c.cap_total, c.used, c.held, c.name_zh) for c in issued] == [
        ("WELCOME-1", 1, 0, 0, "新人券"),
        ("OPEN-1", None, 0, 0, "新人券"),
    ]
    assert get(shop, codes=["open-1", "NOSUCH", "WELCOME-1"]) == issued[::-1]
    assert get(shop, member_id=member_id) == issued[:1]
    assert get(shop, codes=["WELCOME-1"], member_id=member_id) == issued[:1]
    told = "SELECT envelope::json #>> '{data,count}' FROM outbox WHERE type ="
    assert shop.rows(told + " 'campaign.coupons_issued'") == [("2",)]


def test_issuing_the_same_again_changes_nothing(shop: Shop) -> None:
    item = CouponInput(code="SAME-1", promotion_id=welcome(shop), valid_until=now() + DAY)
    issued = shop.issue(item)
    before = shop.snapshot()

    assert shop.issue(item) == issued
    assert shop.snapshot() == before


def test_a_code_with_other_content_is_refused_and_nothing_of_the_rest_is_issued(shop: Shop) -> None:
    promotion_id = welcome(shop)
    shop.issue(CouponInput(code="SAME-1", promotion_id=promotion_id))
    before = shop.snapshot()

    for code in ("SAME-1", "same-1"):
        with pytest.raises(Refusal, match="CODE_TAKEN"):
            shop.issue(
                CouponInput(code="NEW-1", promotion_id=promotion_id),
                CouponInput(code=code, promotion_id=promotion_id, cap_total=2),
            )

    assert shop.snapshot() == before


def test_the_same_code_issued_at_once_is_one_coupon(shop: Shop) -> None:
    promotion_id = welcome(shop)
    items = [CouponInput(code=f"CODE-{n}", promotion_id=promotion_id) for n in range(20)]

    answers = at_once(20, lambda n: len(shop.issue(*(items[n:] + items[:n]))))

    assert answers == [20] * 20
    assert shop.rows("SELECT count(*) FROM coupons") == [(20,)]


def test_what_cannot_be_issued(shop: Shop) -> None:
    plain, ended = shop.publish().promotion.id, welcome(shop)
    with shop.database.transaction() as session:
        promotions.end(session, HQ_CALLER, EndPromotion(id=ended))
    usable, before = welcome(shop), shop.snapshot()

    def refused(code: str, **fields: Any) -> None:
        given: dict[str, Any] = {"code": "CODE-1", "promotion_id": usable}
        with pytest.raises(Refusal, match=code):
            shop.issue(CouponInput(**given | fields))

    refused("UNKNOWN_PROMOTION", promotion_id=new_id())
    refused("INVALID_PROMOTION", promotion_id=plain)
    refused("INVALID_PROMOTION", promotion_id=ended)
    refused("UNKNOWN_MEMBER", member_id=new_id())
    refused("INVALID_INPUT", valid_from=now(), valid_until=LONG_AGO)
    refused("INVALID_INPUT", valid_from=now().replace(tzinfo=None))
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        shop.issue(CouponInput(code="CODE-1", promotion_id=usable), caller=STORE_HQ)
    assert shop.snapshot()["coupons"] == before["coupons"] == []
    assert shop.snapshot()["outbox"][1:] == before["outbox"][1:]


@pytest.mark.parametrize("code", ["abc", "x" * 41, "two words", "a\x00bcd", "优惠券一号", ""])
def test_a_code_that_is_none(code: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"code": code, "promotion_id": str(new_id())}, CouponInput)


def test_who_may_use_a_coupon_and_when(shop: Shop) -> None:
    shirt, owner, other = shop.piece(10000), shop.member(), shop.member()
    promotion_id = welcome(shop)
    later = welcome(shop, valid_from=now() + DAY)
    own = shop.coupon(promotion_id, member_id=owner)
    coming = shop.coupon(promotion_id, valid_from=now() + DAY)
    gone = shop.coupon(promotion_id, valid_until=now() - DAY)
    waiting = shop.coupon(later)
    before = shop.snapshot()

    def refused(code: str, coupon: str, **fields: Any) -> None:
        with pytest.raises(Refusal, match=code) as caught:
            shop.price(shirt, order_id=new_id(), coupon_codes=[coupon], **fields)
        assert caught.value.parameters["code"] == coupon

    refused("COUPON_NEEDS_MEMBER", own)
    refused("COUPON_OF_OTHER_MEMBER", own, member_id=other)
    refused("COUPON_NOT_YET", coming)
    refused("COUPON_EXPIRED", gone)
    refused("COUPON_NOT_YET", waiting)
    assert shop.snapshot() == before
    assert shop.price(shirt, coupon_codes=[own.lower()], member_id=owner).total_minor == 9000


def test_a_coupon_of_an_ended_promotion_has_expired(shop: Shop) -> None:
    promotion_id = welcome(shop)
    code = shop.coupon(promotion_id)
    with shop.database.transaction() as session:
        promotions.end(session, HQ_CALLER, EndPromotion(id=promotion_id))

    with pytest.raises(Refusal, match="COUPON_EXPIRED"):
        shop.price(shop.piece(10000), coupon_codes=[code])


def test_one_coupon_of_a_promotion_for_an_order(shop: Shop) -> None:
    promotion_id = welcome(shop)
    one, two = shop.coupon(promotion_id), shop.coupon(promotion_id)
    shirt, before = shop.piece(10000), shop.snapshot()

    with pytest.raises(Refusal, match="COUPON_NO_EFFECT"):
        shop.price(shirt, order_id=new_id(), coupon_codes=[one, two])

    assert shop.snapshot() == before
    assert shop.price(shirt, coupon_codes=[one, one.lower()]).total_minor == 9000


def test_a_member_sees_only_what_can_still_be_used(shop: Shop) -> None:
    promotion_id, member_id = welcome(shop), shop.member()
    fresh = shop.coupon(promotion_id, member_id=member_id)
    used = shop.coupon(promotion_id, member_id=member_id)
    shop.coupon(promotion_id, member_id=member_id, valid_until=now() - DAY)
    shop.price(shop.piece(10000), order_id=new_id(), member_id=member_id, coupon_codes=[used])

    assert [coupon.code for coupon in get(shop, member_id=member_id)] == [fresh]


def test_a_coupon_does_nothing_for_prices_that_were_stated(shop: Shop) -> None:
    code = shop.coupon(welcome(shop))
    shirt = shop.piece(10000)
    line = BasketLine(line=1, sku_id=shirt, quantity=1, stated_minor=9000)

    with pytest.raises(Refusal, match="COUPON_NO_EFFECT"):
        shop.price(line, coupon_codes=[code])


def test_a_faulty_input_is_a_refusal_with_a_field(shop: Shop) -> None:
    item = CouponInput(
        code="CODE-1", promotion_id=welcome(shop), valid_from=now(), valid_until=LONG_AGO
    )

    with pytest.raises(InvalidInput) as caught:
        shop.issue(item)

    assert caught.value.parameters["field"] == "$.items[0].valid_until"
