"""Real threads on real connections: caps hold, whatever happens at once (K6-K8, K10, K12)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from services.campaign import basket
from shared.errors import Refusal
from shared.ids import new_id
from tests.services.campaign.shop import Shop
from tests.services.campaign.test_holds import differences

pytestmark = pytest.mark.long

THREADS = 10


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Results of `work`, or the codes of its refusals."""
    start = Barrier(THREADS)

    def run(number: int) -> Any:
        if number < THREADS:
            start.wait()
        try:
            return work(number)
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(count)))


def test_k6_fifty_orders_for_a_coupon_with_ten_uses_hold_exactly_ten(shop: Shop) -> None:
    offer = shop.publish(needs_coupon=True)
    code = shop.coupon(offer.promotion.id, cap_total=10)
    shirt = shop.piece(10000)

    answers = at_once(
        50, lambda _: shop.price(shirt, order_id=new_id(), coupon_codes=[code]).total_minor
    )

    assert Counter(answers) == {9000: 10, "COUPON_USED_UP": 40}
    assert shop.usage(code) == (10, 0)
    assert shop.rows("SELECT count(*) FROM holds") == [(10,)]
    assert differences(shop) == {}


def test_k10_fifty_orders_for_a_promotion_with_ten_uses_get_it_ten_times(shop: Shop) -> None:
    offer = shop.publish(cap_total=10)
    shirt = shop.piece(10000)

    answers = at_once(50, lambda _: shop.price(shirt, order_id=new_id()).total_minor)

    assert Counter(answers) == {9000: 10, 10000: 40}
    assert shop.promotion_usage(offer.promotion.id) == (10, 0)
    assert differences(shop) == {}


def test_one_member_in_many_stores_at_once_gets_a_coupon_once(shop: Shop) -> None:
    offer = shop.publish(needs_coupon=True)
    code = shop.coupon(offer.promotion.id, cap_total=None, cap_per_member=1)
    shirt, member_id = shop.piece(10000), shop.member()

    answers = at_once(
        20,
        lambda _: (
            shop.price(
                shirt, order_id=new_id(), coupon_codes=[code], member_id=member_id
            ).total_minor
        ),
    )

    assert Counter(answers) == {9000: 1, "COUPON_USED_UP": 19}
    assert differences(shop) == {}


def test_the_same_order_at_once_is_one_hold_with_one_answer(shop: Shop) -> None:
    offer = shop.publish(needs_coupon=True)
    code = shop.coupon(offer.promotion.id)
    shirt, order_id = shop.piece(10000), new_id()

    answers = at_once(20, lambda _: shop.price(shirt, order_id=order_id, coupon_codes=[code]))

    assert all(answer == answers[0] for answer in answers)
    assert answers[0].total_minor == 9000
    assert shop.usage(code) == (1, 0)


def test_two_coupons_in_either_order_do_not_deadlock(shop: Shop) -> None:
    codes = [
        shop.coupon(shop.publish(needs_coupon=True, cap_total=500).promotion.id, cap_total=500)
        for _ in range(3)
    ]
    shirt = shop.piece(100000)

    def work(number: int) -> int:
        order_id = new_id()
        turned = codes[number % 3 :] + codes[: number % 3]
        answer = shop.price(shirt, order_id=order_id, coupon_codes=turned)
        if number % 3:
            shop.tell(shop.cancelled(order_id))
        else:
            shop.tell(shop.placed(order_id, answer))
        return answer.total_minor

    answers = at_once(60, work)

    assert Counter(answers) == {72900: 60}
    assert [shop.usage(code) for code in codes] == [(0, 20)] * 3
    assert differences(shop) == {}


def test_a_release_at_the_same_time_as_its_hold_leaves_nothing_held(shop: Shop) -> None:
    offer = shop.publish(needs_coupon=True)
    code = shop.coupon(offer.promotion.id, cap_total=1000)
    shirt = shop.piece(10000)
    orders = [new_id() for _ in range(40)]

    def work(number: int) -> Any:
        if number % 2:
            return shop.tell(shop.cancelled(orders[number // 2]))
        return shop.price(shirt, order_id=orders[number // 2], coupon_codes=[code]).total_minor

    answers = at_once(80, work)

    assert set(answers) <= {9000, "HOLD_RELEASED", None}
    assert shop.usage(code) == (0, 0)
    assert shop.rows("SELECT status, count(*) FROM holds GROUP BY 1") == [("released", 40)]
    assert differences(shop) == {}


def test_a_tombstone_that_waits_for_a_hold_lets_go_of_what_it_holds(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hold is made, but not committed, when the release begins."""
    offer = shop.publish(needs_coupon=True)
    code = shop.coupon(offer.promotion.id, cap_total=5)
    shirt, order_id, meanwhile = shop.piece(10000), new_id(), new_id()
    original = basket.holds.hold
    waiting: list[Any] = []

    with ThreadPoolExecutor(1) as pool:

        def hold(session: Any, order: Any, *rest: Any) -> Any:
            missed = original(session, order, *rest)
            if order == order_id:
                waiting.append(pool.submit(shop.tell, shop.cancelled(order_id)))
                waiting_for_lock(shop)
            return missed

        monkeypatch.setattr(basket.holds, "hold", hold)
        shop.price(shirt, order_id=order_id, coupon_codes=[code])
        waiting[0].result(timeout=10)
    shop.price(shirt, order_id=meanwhile, coupon_codes=[code])

    assert shop.usage(code) == (1, 0)
    assert differences(shop) == {}


def waiting_for_lock(shop: Shop) -> None:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    for _ in range(2000):
        if shop.rows(sql + " AND datname = current_database()") != [(0,)]:
            return
    raise AssertionError("the release did not come to wait")
