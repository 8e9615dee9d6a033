"""What replay sends for a basket, and what it calls a mismatch."""

from datetime import datetime
from zoneinfo import ZoneInfo

from infra.replay import names
from infra.replay.baskets import Basket, Data
from infra.replay.command import Result, _member_of, _sale, _store_of

AT = datetime(2017, 1, 1, 11, 53, 26, tzinfo=ZoneInfo("Asia/Shanghai"))
ONE = Basket(1, 330, 900, AT, [(11, 2, 350), (12, 1, 99)])
FREE = Basket(2, 330, 901, AT, [(13, 1, 0)])


def booked(*baskets: tuple[Basket, int]) -> Result:
    result = Result(Data("2", [ONE, FREE], [], {900: 330, 901: 330}))
    result.actual = {
        names.order(basket.id): (_store_of(basket), _member_of(basket), total)
        for basket, total in baskets
    }
    return result


def test_a_basket_states_what_was_charged_and_when() -> None:
    sale = _sale(ONE)

    assert sale["totalMinor"] == "449"
    assert sale["occurredAt"] == "2017-01-01T11:53:26+08:00"
    assert [line["statedMinor"] for line in sale["lines"]] == ["350", "99"]
    assert sale["tenders"] == [{"kind": "CARD", "amountMinor": "449", "reference": "1"}]


def test_a_basket_of_nothing_needs_no_payment() -> None:
    assert _sale(FREE)["tenders"] == []


def test_the_same_basket_has_the_same_id_in_every_run() -> None:
    assert _sale(ONE)["orderId"] == _sale(ONE)["orderId"] != _sale(FREE)["orderId"]


def test_sums_that_agree_are_no_mismatch() -> None:
    result = booked((ONE, 449), (FREE, 0))

    assert result.mismatched(_store_of, 0) == {}
    assert result.mismatched(_member_of, 1) == {}


def test_a_cent_too_few_is_one_in_the_store_and_on_the_card() -> None:
    result = booked((ONE, 448), (FREE, 0))

    assert result.mismatched(_store_of, 0) == {_store_of(ONE): (449, 448)}
    assert result.mismatched(_member_of, 1) == {_member_of(ONE): (449, 448)}
