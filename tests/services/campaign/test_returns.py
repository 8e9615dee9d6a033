"""Coupons and counts come back with the goods they were used for (K9, K25)."""

from sqlalchemy import text

from shared.ids import new_id
from tests.services.campaign.shop import Shop, envelope
from tests.services.campaign.test_holds import differences, with_coupon


def test_k25_a_coupon_can_be_used_again_when_nothing_it_was_for_is_left(shop: Shop) -> None:
    promotion_id, code = with_coupon(shop)
    shirt, order_id, member_id = shop.piece(10000), new_id(), shop.member()
    answer = shop.price(shirt, order_id=order_id, coupon_codes=[code], member_id=member_id)
    shop.tell(shop.placed(order_id, answer, member_id))

    shop.tell(shop.came_back(order_id))
    assert shop.usage(code) == (0, 1)

    back = shop.came_back(order_id, promotion_id)
    shop.tell(back)
    shop.tell(envelope(back.data))
    assert shop.usage(code) == (0, 0)
    assert shop.promotion_usage(promotion_id) == (0, 0)
    assert differences(shop) == {}
    assert shop.price(shirt, coupon_codes=[code]).total_minor == 9000
    told = "SELECT subject, envelope::json #>> '{data,returned}' FROM outbox WHERE type ="
    assert shop.rows(told + " 'campaign.coupon_redeemed' ORDER BY id") == [
        (f"{order_id}/{code}", "false"),
        (f"{order_id}/{code}", "true"),
    ]


def test_one_of_two_promotions_comes_back(shop: Shop) -> None:
    first, second = (shop.publish(cap_total=5).promotion.id for _ in range(2))
    order_id = new_id()
    answer = shop.price(shop.piece(10000), order_id=order_id)
    shop.tell(shop.placed(order_id, answer))

    shop.tell(shop.came_back(order_id, first))

    assert shop.promotion_usage(first) == (0, 0)
    assert shop.promotion_usage(second) == (0, 1)
    assert differences(shop) == {}


def test_the_use_under_a_cap_per_member_comes_back_also_when_the_hold_is_forgotten(
    shop: Shop,
) -> None:
    member_id = shop.member()
    promotion_id = shop.publish(cap_per_member=1).promotion.id
    for forgotten in (False, True):
        order_id = new_id()
        answer = shop.price(shop.piece(10000), order_id=order_id, member_id=member_id)
        shop.tell(shop.placed(order_id, answer, member_id))
        assert shop.promotion_usage(promotion_id, member_id) == (0, 1)
        if forgotten:
            with shop.database.transaction() as session:
                for table in ("hold_items", "holds"):
                    forget = f"DELETE FROM {table} WHERE order_id = :id"
                    session.execute(text(forget), {"id": order_id})

        shop.tell(shop.came_back(order_id, promotion_id))

        assert shop.promotion_usage(promotion_id, member_id) == (0, 0)
        assert differences(shop) == {}
