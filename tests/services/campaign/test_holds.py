"""Coupons and capped promotions: held with the price, used by the sale, given back (K6-K12)."""

from typing import Any

import pytest

from services.campaign import holds
from services.campaign.audit import CHECKS
from shared.contracts.campaign import Eligibility, Percentage
from shared.errors import Refusal
from shared.ids import new_id
from tests.services.campaign.shop import Shop, envelope


def differences(shop: Shop) -> dict[str, list[Any]]:
    return {name: rows for name, sql in CHECKS.items() if (rows := shop.rows(sql))}


def with_coupon(shop: Shop, **caps: Any) -> tuple[Any, str]:
    offer = shop.publish(needs_coupon=True, name_zh="新人券", name_en="Welcome")
    return offer.promotion.id, shop.coupon(offer.promotion.id, **caps)


def test_a_coupon_is_held_then_used_then_given_back(shop: Shop) -> None:
    promotion_id, code = with_coupon(shop)
    shirt, order_id, member_id = shop.piece(10000), new_id(), shop.member()

    answer = shop.price(shirt, order_id=order_id, coupon_codes=[code], member_id=member_id)
    assert answer.total_minor == 9000
    assert [p.coupon_code for p in answer.promotions] == [code]
    assert shop.usage(code) == (1, 0)
    assert differences(shop) == {}

    shop.tell(shop.placed(order_id, answer, member_id))
    assert shop.usage(code) == (0, 1)
    assert shop.promotion_usage(promotion_id) == (0, 1)
    assert differences(shop) == {}
    with pytest.raises(Refusal, match="COUPON_USED_UP"):
        shop.price(shirt, coupon_codes=[code])

    shop.tell(shop.voided(order_id))
    assert shop.usage(code) == (0, 0)
    assert shop.promotion_usage(promotion_id) == (0, 0)
    assert differences(shop) == {}
    assert shop.price(shirt, coupon_codes=[code]).total_minor == 9000
    ledger = "SELECT orders, discount_minor, coupon_code, member_id FROM redemptions ORDER BY 1"
    assert shop.rows(ledger) == [(-1, -1000, code, member_id), (1, 1000, code, member_id)]
    told = "SELECT subject, envelope::json #>> '{data,returned}' FROM outbox WHERE type ="
    assert shop.rows(told + " 'campaign.coupon_redeemed' ORDER BY id") == [
        (f"{order_id}/{code}", "false"),
        (f"{order_id}/{code}", "true"),
    ]


def test_the_same_order_again_holds_nothing_again_and_gets_the_same_answer(shop: Shop) -> None:
    _, code = with_coupon(shop)
    shirt, order_id = shop.piece(10000), new_id()
    first = shop.price(shirt, order_id=order_id, coupon_codes=[code])
    shop.publish(rule=Percentage(off_basis_points=5000))  # prices have changed since
    before = shop.snapshot()

    again = shop.price(shirt, order_id=order_id, coupon_codes=[code])

    assert again == first
    assert shop.snapshot() == before


def test_the_same_order_with_other_content_is_refused(shop: Shop) -> None:
    _, code = with_coupon(shop)
    shirt, order_id = shop.piece(10000), new_id()
    shop.price(shirt, order_id=order_id, coupon_codes=[code])
    before = shop.snapshot()

    with pytest.raises(Refusal, match="HOLD_CONFLICT"):
        shop.price((shirt, 2), order_id=order_id, coupon_codes=[code])

    assert shop.snapshot() == before


def test_a_cancelled_order_lets_go_and_cannot_hold_again(shop: Shop) -> None:
    _, code = with_coupon(shop)
    shirt, order_id = shop.piece(10000), new_id()
    shop.price(shirt, order_id=order_id, coupon_codes=[code])

    shop.tell(shop.cancelled(order_id))

    assert shop.usage(code) == (0, 0)
    assert differences(shop) == {}
    with pytest.raises(Refusal, match="HOLD_RELEASED"):
        shop.price(shirt, order_id=order_id, coupon_codes=[code])
    assert shop.usage(code) == (0, 0)


def test_a_release_that_comes_first_refuses_the_late_hold(shop: Shop) -> None:
    _, code = with_coupon(shop)
    order_id = new_id()
    shop.tell(shop.cancelled(order_id))
    before = shop.snapshot()

    with pytest.raises(Refusal, match="HOLD_RELEASED"):
        shop.price(shop.piece(10000), order_id=order_id, coupon_codes=[code])

    assert shop.snapshot() == before


@pytest.mark.parametrize("sale_first", [True, False])
def test_a_voided_sale_counts_nowhere_whichever_is_heard_first(
    shop: Shop, sale_first: bool
) -> None:
    """A sale may be put back from the parked queue after its void has been handled."""
    free, member_id = shop.publish(priority=1, cap_per_member=5), shop.member()
    promotion_id, code = with_coupon(shop)
    order_id = new_id()
    answer = shop.price(
        shop.piece(10000), order_id=order_id, coupon_codes=[code], member_id=member_id
    )
    placed, voided = shop.placed(order_id, answer, member_id), shop.voided(order_id)
    first, second = (placed, voided) if sale_first else (voided, placed)

    shop.tell(first)
    assert differences(shop) == {}
    shop.tell(second)

    assert differences(shop) == {}
    assert shop.usage(code) == (0, 0)
    assert shop.promotion_usage(promotion_id) == (0, 0)
    assert shop.promotion_usage(free.promotion.id, member_id) == (0, 0)
    assert shop.rows("SELECT status FROM holds") == [("returned",)]
    ledger = "SELECT promotion_id, orders, discount_minor, member_id FROM redemptions"
    assert sorted(shop.rows(ledger)) == sorted(
        (id_, sign, sign * off, member_id)
        for id_, off in ((free.promotion.id, 1000), (promotion_id, 900))
        for sign in (1, -1)
    )
    told = "SELECT count(*) FROM outbox WHERE type = 'campaign.coupon_redeemed'"
    assert shop.rows(told) == [(2 if sale_first else 0,)]
    assert shop.price(shop.piece(5000), coupon_codes=[code]).total_minor == 4500


def test_a_sale_without_a_hold_that_comes_after_its_void_counts_nowhere(shop: Shop) -> None:
    offer, others = shop.publish(), [new_id(), new_id()]
    order_id, shirt = new_id(), shop.piece(10000)
    answer = shop.price(shirt, order_id=order_id)
    assert shop.rows("SELECT count(*) FROM holds") == [(0,)]
    shop.tell(shop.voided(order_id))

    shop.tell(*(shop.placed(id_, answer) for id_ in (others[0], order_id, others[1])))

    assert shop.promotion_usage(offer.promotion.id) == (0, 2)
    ledger = "SELECT orders FROM redemptions WHERE order_id = :id ORDER BY 1"
    assert shop.rows(ledger, id=order_id) == [(-1,), (1,)]
    assert differences(shop) == {}


def test_an_event_that_comes_twice_changes_nothing_the_second_time(shop: Shop) -> None:
    _, code = with_coupon(shop)
    order_id = new_id()
    answer = shop.price(shop.piece(10000), order_id=order_id, coupon_codes=[code])
    placed, voided = shop.placed(order_id, answer), shop.voided(order_id)

    shop.tell(placed, placed)
    before = shop.snapshot()
    shop.tell(placed)
    assert shop.snapshot() == before

    shop.tell(voided)
    before = shop.snapshot()
    shop.tell(voided)
    shop.tell(envelope(voided.data))
    assert shop.snapshot() == before
    assert differences(shop) == {}


def test_a_coupon_that_does_nothing_is_refused_and_not_consumed(shop: Shop) -> None:
    _, code = with_coupon(shop)
    shop.publish(rule=Percentage(off_basis_points=10_000), priority=1)
    before = shop.snapshot()

    with pytest.raises(Refusal, match="COUPON_NO_EFFECT") as caught:
        shop.price(shop.piece(10000), order_id=new_id(), coupon_codes=[code])

    assert caught.value.parameters["why_zh"] == "“新人券”在此不能再减价"
    assert caught.value.parameters["why_en"] == "There is nothing left for “Welcome” to take off"
    assert shop.snapshot() == before


def test_a_coupon_of_another_store_is_refused_and_says_why(shop: Shop) -> None:
    elsewhere = Eligibility(store_ids=frozenset({shop.store(new_id())}))
    offer = shop.publish(needs_coupon=True, name_en="Opening", eligibility=elsewhere)
    code = shop.coupon(offer.promotion.id)
    before = shop.snapshot()

    with pytest.raises(Refusal, match="COUPON_NO_EFFECT") as caught:
        shop.price(shop.piece(10000), order_id=new_id(), coupon_codes=[code])

    assert caught.value.parameters["why_en"] == "This store does not take part in “Opening”"
    assert shop.snapshot() == before
    assert shop.price(shop.piece(10000)).lines[0].reasons == []


def test_a_capped_promotion_without_coupon_that_is_used_up_does_not_apply(shop: Shop) -> None:
    offer = shop.publish(cap_total=1)
    shirt, order_id = shop.piece(10000), new_id()
    first = shop.price(shirt, order_id=order_id)
    assert first.total_minor == 9000

    second = shop.price(shirt, order_id=new_id())

    assert second.total_minor == 10000
    assert [r.code for r in second.lines[0].reasons] == ["USED_UP"]
    assert shop.promotion_usage(offer.promotion.id) == (1, 0)
    assert shop.rows("SELECT count(*) FROM holds") == [(1,)]
    shop.tell(shop.cancelled(order_id))
    assert shop.price(shirt, order_id=new_id()).total_minor == 9000


def test_a_promotion_capped_per_member(shop: Shop) -> None:
    offer = shop.publish(cap_per_member=1)
    shirt, one, other = shop.piece(10000), shop.member(), shop.member()
    order_id = new_id()
    answer = shop.price(shirt, order_id=order_id, member_id=one)
    shop.tell(shop.placed(order_id, answer, one))

    assert shop.price(shirt, member_id=one).total_minor == 10000
    assert shop.price(shirt, member_id=other).total_minor == 9000
    assert shop.price(shirt).lines[0].reasons[0].code == "NEEDS_MEMBER"
    assert shop.promotion_usage(offer.promotion.id, one) == (0, 1)
    assert shop.promotion_usage(offer.promotion.id) == (0, 1)
    assert differences(shop) == {}


def test_a_coupon_capped_per_member(shop: Shop) -> None:
    _, code = with_coupon(shop, cap_total=None, cap_per_member=1)
    shirt, one, other = shop.piece(10000), shop.member(), shop.member()
    order_id = new_id()
    answer = shop.price(shirt, order_id=order_id, member_id=one, coupon_codes=[code])

    with pytest.raises(Refusal, match="COUPON_USED_UP"):
        shop.price(shirt, order_id=new_id(), member_id=one, coupon_codes=[code])
    with pytest.raises(Refusal, match="COUPON_NEEDS_MEMBER"):
        shop.price(shirt, order_id=new_id(), coupon_codes=[code])
    shop.price(shirt, order_id=new_id(), member_id=other, coupon_codes=[code])
    shop.tell(shop.placed(order_id, answer, one))
    assert shop.usage(code) == (0, 1)
    assert differences(shop) == {}


def test_a_coupon_of_a_promotion_that_is_used_up_is_refused(shop: Shop) -> None:
    offer = shop.publish(needs_coupon=True, cap_total=1)
    one, other = shop.coupon(offer.promotion.id), shop.coupon(offer.promotion.id)
    shirt = shop.piece(10000)
    shop.price(shirt, order_id=new_id(), coupon_codes=[one])
    before = shop.snapshot()

    with pytest.raises(Refusal, match="COUPON_USED_UP"):
        shop.price(shirt, order_id=new_id(), coupon_codes=[other])

    assert shop.snapshot() == before


def test_every_promotion_of_a_placed_order_is_booked_once(shop: Shop) -> None:
    one, two = shop.publish(priority=1), shop.publish(priority=2, cap_total=99)
    shirt = shop.piece(10000)
    orders = [new_id() for _ in range(10)]
    answers = [shop.price(shirt, order_id=order_id) for order_id in orders]

    shop.tell(*[shop.placed(o, a) for o, a in zip(orders, answers, strict=True)])

    booked = "SELECT promotion_id, version, count(*), sum(discount_minor) FROM redemptions"
    assert sorted(shop.rows(booked + " GROUP BY 1, 2")) == sorted(
        [(one.promotion.id, 1, 10, 10000), (two.promotion.id, 1, 10, 9000)]
    )
    assert shop.promotion_usage(one.promotion.id) == (0, 10)
    assert shop.promotion_usage(two.promotion.id) == (0, 10)
    assert differences(shop) == {}


def age(shop: Shop, days: int) -> None:
    with shop.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE holds SET held_at = now() - interval '{days} days'")


def pruned(shop: Shop) -> dict[Any, str]:
    """The orders that still have a hold, with its status."""
    with shop.database.transaction() as session:
        holds.prune(session)
    return dict(shop.rows("SELECT order_id, status FROM holds"))


def test_closed_holds_are_forgotten_after_a_while_but_not_what_was_redeemed(shop: Shop) -> None:
    _, code = with_coupon(shop, cap_total=9)
    shirt, orders = shop.piece(10000), [new_id() for _ in range(4)]
    answers = [shop.price(shirt, order_id=id_, coupon_codes=[code]) for id_ in orders]
    sold, returned, released, held = orders
    sales = [shop.placed(sold, answers[0]), shop.placed(returned, answers[1])]
    shop.tell(*sales)
    shop.tell(shop.voided(returned))
    shop.tell(shop.cancelled(released))
    ledger = sorted(shop.rows("SELECT CAST(r AS text) FROM redemptions r"))

    age(shop, 29)
    assert len(pruned(shop)) == 4
    age(shop, 31)
    assert pruned(shop) == {held: "held"}

    assert shop.rows("SELECT order_id FROM hold_items") == [(held,)]
    assert sorted(shop.rows("SELECT CAST(r AS text) FROM redemptions r")) == ledger
    assert shop.usage(code) == (1, 1)
    del (late := differences(shop))["no hold older than 10 minutes"]
    assert late == {}


def test_a_voided_sale_that_is_still_to_come_is_not_forgotten(shop: Shop) -> None:
    offer, order_id = shop.publish(cap_total=9), new_id()
    answer = shop.price(shop.piece(10000), order_id=order_id)
    shop.tell(shop.voided(order_id))
    age(shop, 400)
    assert pruned(shop) == {order_id: "returned"}

    shop.tell(shop.placed(order_id, answer))

    assert shop.promotion_usage(offer.promotion.id) == (0, 0)
    assert pruned(shop) == {}
    assert differences(shop) == {}


def test_the_audit_sees_a_hold_that_nobody_settled(shop: Shop) -> None:
    _, code = with_coupon(shop)
    order_id = new_id()
    shop.price(shop.piece(10000), order_id=order_id, coupon_codes=[code])

    with shop.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE holds SET held_at = now() - interval '11 minutes'")
        connection.exec_driver_sql("UPDATE usages SET used = used + 1")

    assert set(differences(shop)) == {
        "no hold older than 10 minutes",
        "used of a promotion = its redemptions",
        "used of a coupon = its redemptions",
        "a coupon is never over its cap",
    }
