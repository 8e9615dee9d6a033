"""What each kind of promotion takes off, how they combine, and what is said about it."""

from typing import Any
from uuid import UUID

import pytest

from services.campaign.offers import Offer
from services.campaign.pricing import Buyer, Line, Setting, price
from shared.contracts.campaign import (
    AmountOff,
    Bundle,
    BundlePart,
    Eligibility,
    Percentage,
    Priced,
    PromotionInput,
    SecondPiece,
)
from shared.ids import new_id

STORE, FRANCHISEE = new_id(), new_id()
TOP, TROUSERS, SHOES = UUID(int=11), UUID(int=12), UUID(int=13)


def line(number: int, unit: int, quantity: int = 1, **changes: Any) -> Line:
    fields: dict[str, Any] = {
        "line": number, "sku_id": UUID(int=100 + number), "style_id": TOP, "sku_code": "S",
        "name": "Shirt", "category": "tops", "colour": "red", "size": "M", "quantity": quantity,
        "unit_minor": unit, "tax_basis_points": 1300,
    }  # fmt: skip
    return Line(**fields | changes)


def offer(name: str, rule: Any, version: int = 1, **fields: Any) -> Offer:
    promotion = PromotionInput(
        id=new_id(), code=name, name_zh=f"{name}活动", name_en=name, rule=rule, **fields
    )
    return Offer(version, promotion)


def priced(lines: list[Line], *offers: Offer, **setting: Any) -> Priced:
    fields: dict[str, Any] = {
        "currency": "CNY", "store_id": STORE, "franchisee_id": FRANCHISEE, "buyer": None,
        "coupons": {}, "used_up": frozenset(),
    }  # fmt: skip
    in_order = sorted(offers, key=lambda o: (o.promotion.priority, o.promotion.code))
    return price(lines, in_order, Setting(**fields | setting))


def nets(answer: Priced) -> list[int]:
    return [line.net_minor for line in answer.lines]


def codes(answer: Priced, number: int = 0) -> list[str]:
    return [reason.code for reason in answer.lines[number].reasons]


def names(answer: Priced) -> list[str]:
    return [promotion.name_en for promotion in answer.promotions]


TEN = Percentage(off_basis_points=1000)


@pytest.mark.parametrize(
    ("off", "lines", "expected"),
    [
        (1000, [(29900, 1)], [26910]),
        (1200, [(29900, 1), (9900, 2)], [26312, 17424]),
        (10_000, [(29900, 1)], [0]),
        # 10% of 0.15 is 0.015: half up, and the whole cent goes to the first of equals.
        (1000, [(5, 1), (5, 1), (5, 1)], [4, 4, 5]),
        (1, [(100, 1)], [100]),
    ],
)
def test_a_percentage(off: int, lines: list[tuple[int, int]], expected: list[int]) -> None:
    basket = [line(n, unit, quantity) for n, (unit, quantity) in enumerate(lines, 1)]

    assert nets(priced(basket, offer("a", Percentage(off_basis_points=off)))) == expected


@pytest.mark.parametrize(
    ("rule", "prices", "expected"),
    [
        (AmountOff(threshold_minor=20000, off_minor=5000), [15000, 5000], [11250, 3750]),
        (AmountOff(threshold_minor=20000, off_minor=5000), [19999], [19999]),
        (AmountOff(threshold_minor=20000, off_minor=5000), [60000], [55000]),
        (AmountOff(threshold_minor=20000, off_minor=5000, every=True), [65000], [50000]),
        # 1.00 over three equal lines: 0.34 + 0.33 + 0.33
        (AmountOff(threshold_minor=100, off_minor=100), [1000, 1000, 1000], [966, 967, 967]),
    ],
)
def test_an_amount_off_over_a_threshold(
    rule: AmountOff, prices: list[int], expected: list[int]
) -> None:
    basket = [line(n, unit) for n, unit in enumerate(prices, 1)]

    assert nets(priced(basket, offer("a", rule))) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(30000, 2)], [45000]),
        ([(30000, 1), (10000, 1)], [30000, 5000]),
        ([(10000, 1), (30000, 1)], [5000, 30000]),
        # pairs from the dearest down: (500, 300), (200, 100)
        ([(100, 1), (200, 1), (300, 1), (500, 1)], [50, 200, 150, 500]),
        # the third piece, the cheapest, has no partner
        ([(500, 1), (300, 1), (200, 1)], [500, 150, 200]),
        ([(500, 3), (200, 2)], [1250, 300]),
        ([(500, 1)], [500]),
    ],
)
def test_the_second_piece_at_half_price(lines: list[tuple[int, int]], expected: list[int]) -> None:
    basket = [line(n, unit, quantity) for n, (unit, quantity) in enumerate(lines, 1)]

    assert nets(priced(basket, offer("a", SecondPiece()))) == expected


def test_the_reasons_of_a_second_piece() -> None:
    basket = [line(1, 500), line(2, 300), line(3, 200), line(4, 900, style_id=SHOES)]
    tops = Eligibility(style_ids=frozenset({TOP}))

    answer = priced(basket, offer("half", SecondPiece(), eligibility=tops))

    assert [codes(answer, n) for n in range(4)] == [
        ["APPLIED"], ["APPLIED"], ["NEEDS_SECOND_PIECE"], ["NOT_THIS_PIECE"],
    ]  # fmt: skip
    assert [answer.lines[n].reasons[0].amount_minor for n in range(2)] == [0, 150]
    assert answer.lines[1].reasons[0].text_zh == "“half活动”（第二件5折），本行减 ¥1.50"
    assert answer.lines[2].reasons[0].text_zh == "再买 1 件可享“half活动”"


SET = Bundle(
    parts=[
        BundlePart(style_ids=frozenset({TOP})),
        BundlePart(categories=frozenset({"trousers"}), quantity=2),
    ],
    price_minor=50000,
)


def test_a_bundle_as_often_as_the_basket_holds_it() -> None:
    basket = [
        line(1, 20000, 3),
        line(2, 30000, 4, style_id=TROUSERS, category="trousers"),
        line(3, 15000, style_id=SHOES, category="shoes"),
    ]

    answer = priced(basket, offer("set", SET))

    # two sets: 2 × 200 + 4 × 300 = 1600 for 1000; one top and the shoes are on their own
    assert answer.discount_minor == 60000
    assert answer.total_minor == 100000 + 20000 + 15000
    assert [codes(answer, n) for n in range(3)] == [["APPLIED"], ["APPLIED"], ["NOT_THIS_PIECE"]]


def test_a_bundle_says_what_is_missing() -> None:
    basket = [line(1, 20000), line(2, 30000, style_id=TROUSERS, category="trousers")]

    answer = priced(basket, offer("set", SET))

    assert answer.discount_minor == 0
    assert codes(answer) == ["BUNDLE_INCOMPLETE"]
    assert answer.lines[0].reasons[0].text_en == "Add 1 piece for a set of “set”"
    assert answer.lines[0].reasons[0].text_zh == "还差 1 件可成一套“set活动”"


def test_a_bundle_takes_the_dearest_pieces() -> None:
    rule = Bundle(parts=[BundlePart(categories=frozenset({"tops"}), quantity=2)], price_minor=10000)
    basket = [line(1, 6000), line(2, 9000), line(3, 8000)]

    answer = priced(basket, offer("two", rule))

    assert answer.discount_minor == 17000 - 10000
    assert codes(answer, 0) == ["BUNDLE_INCOMPLETE"]


def test_a_bundle_never_makes_a_basket_dearer() -> None:
    rule = Bundle(parts=[BundlePart(categories=frozenset({"tops"}), quantity=2)], price_minor=10000)
    basket = [line(1, 9000), line(2, 8000), line(3, 3000), line(4, 2000)]

    answer = priced(basket, offer("two", rule))

    # one set of 90 + 80 for 100; the other two together cost 50 already
    assert answer.total_minor == 10000 + 5000
    assert codes(answer, 3) == ["NOTHING_LEFT"]


def test_a_piece_that_fits_two_parts_goes_where_it_makes_a_set() -> None:
    rule = Bundle(
        parts=[
            BundlePart(style_ids=frozenset({TOP, TROUSERS})),
            BundlePart(style_ids=frozenset({TOP})),
        ],
        price_minor=100,
    )
    basket = [line(1, 900), line(2, 500, style_id=TROUSERS)]

    assert priced(basket, offer("set", rule)).total_minor == 100


def test_promotions_work_on_what_is_left_in_their_order() -> None:
    first = offer("first", TEN, priority=1)
    then = offer("then", AmountOff(threshold_minor=9000, off_minor=1000), priority=2)

    assert priced([line(1, 10000)], first, then).total_minor == 8000
    later_first = offer("b", AmountOff(threshold_minor=9000, off_minor=1000), priority=1)
    assert priced([line(1, 10000)], offer("a", TEN, priority=2), later_first).total_minor == 8100


def test_a_threshold_says_how_much_is_missing() -> None:
    answer = priced([line(1, 16800)], offer("m", AmountOff(threshold_minor=20000, off_minor=5000)))

    assert codes(answer) == ["BELOW_THRESHOLD"]
    assert answer.lines[0].reasons[0].text_zh == "再买 ¥32.00 可享“m活动”"
    assert answer.lines[0].reasons[0].text_en == "Buy ¥32.00 more for “m”"


@pytest.mark.parametrize(
    ("alone_off", "expected", "winners", "said"),
    [
        (3000, 7000, ["alone"], ["BEATEN_BY", "BEATEN_BY", "APPLIED"]),
        (1500, 8100, ["one", "two"], ["APPLIED", "APPLIED", "BEATEN_BY"]),
        # 19% either way: a tie goes to those that stack
        (1900, 8100, ["one", "two"], ["APPLIED", "APPLIED", "BEATEN_BY"]),
    ],
)
def test_one_that_does_not_stack_competes_with_all_that_do(
    alone_off: int, expected: int, winners: list[str], said: list[str]
) -> None:
    answer = priced(
        [line(1, 10000)],
        offer("one", TEN, priority=1),
        offer("two", TEN, priority=2),
        offer("alone", Percentage(off_basis_points=alone_off), stacks=False, priority=3),
    )

    assert answer.total_minor == expected
    assert names(answer) == winners
    assert codes(answer) == said


def test_of_those_that_do_not_stack_the_best_one_applies() -> None:
    answer = priced(
        [line(1, 10000)],
        offer("a", TEN, stacks=False),
        offer("b", Percentage(off_basis_points=2000), stacks=False),
    )

    assert names(answer) == ["b"]
    beaten = answer.lines[0].reasons[0]
    assert beaten.code == "BEATEN_BY"
    assert beaten.text_zh == "“a活动”可减 ¥10.00，不能与“b活动”同享，后者更优惠"


def test_of_a_group_only_the_best_applies() -> None:
    answer = priced(
        [line(1, 10000)],
        offer("a", TEN, group="g", priority=1),
        offer("b", Percentage(off_basis_points=2000), group="g", priority=2),
        offer("c", TEN, priority=3),
    )

    assert names(answer) == ["b", "c"]
    assert answer.total_minor == 7200
    assert codes(answer) == ["BEATEN_BY", "APPLIED", "APPLIED"]


def test_a_rival_that_would_give_nothing_says_why_itself() -> None:
    answer = priced(
        [line(1, 10000)],
        offer("a", AmountOff(threshold_minor=99999, off_minor=9999), group="g"),
        offer("b", TEN, group="g"),
    )

    assert codes(answer) == ["BELOW_THRESHOLD", "APPLIED"]


@pytest.mark.parametrize(
    ("fields", "setting", "code"),
    [
        ({"eligibility": Eligibility(franchisee_ids=frozenset({FRANCHISEE}))}, {}, "APPLIED"),
        (
            {
                "eligibility": Eligibility(
                    store_ids=frozenset({STORE}), franchisee_ids=frozenset({new_id()})
                )
            },
            {},
            "APPLIED",
        ),
        ({"needs_coupon": True}, {}, "NEEDS_COUPON"),
        ({"eligibility": Eligibility(members_only=True)}, {}, "NEEDS_MEMBER"),
        ({"eligibility": Eligibility(tiers=frozenset({"gold"}))}, {}, "NEEDS_MEMBER"),
        ({"cap_per_member": 1}, {}, "NEEDS_MEMBER"),
        (
            {"eligibility": Eligibility(tiers=frozenset({"gold"}))},
            {"buyer": Buyer(tier="silver", tags=frozenset())},
            "NOT_THIS_TIER",
        ),
        (
            {"eligibility": Eligibility(tiers=frozenset({"gold"}))},
            {"buyer": Buyer(tier="gold", tags=frozenset())},
            "APPLIED",
        ),
        (
            {"eligibility": Eligibility(tags=frozenset({"vip"}))},
            {"buyer": Buyer(tier=None, tags=frozenset({"new"}))},
            "NEEDS_TAG",
        ),
        (
            {"eligibility": Eligibility(tags=frozenset({"vip"}))},
            {"buyer": Buyer(tier=None, tags=frozenset({"vip", "new"}))},
            "APPLIED",
        ),
        ({"eligibility": Eligibility(categories=frozenset({"shoes"}))}, {}, "NOT_THIS_PIECE"),
        (
            {"eligibility": Eligibility(categories=frozenset({"x"}), style_ids=frozenset({TOP}))},
            {},
            "APPLIED",
        ),
    ],
)
def test_whom_and_what_it_is_for(
    fields: dict[str, Any], setting: dict[str, Any], code: str
) -> None:
    answer = priced([line(1, 10000)], offer("a", TEN, **fields), **setting)

    assert codes(answer) == [code]
    assert answer.total_minor == (9000 if code == "APPLIED" else 10000)
    reason = answer.lines[0].reasons[0]
    assert "a活动" in reason.text_zh or code == "NOT_THIS_TIER"
    assert "“a”" in reason.text_en


OTHERS = [
    Eligibility(store_ids=frozenset({new_id()})),
    Eligibility(franchisee_ids=frozenset({new_id()})),
    Eligibility(store_ids=frozenset({new_id()}), franchisee_ids=frozenset({new_id()})),
]


@pytest.mark.parametrize("eligibility", OTHERS)
def test_a_promotion_of_other_stores_is_no_news_here(eligibility: Eligibility) -> None:
    theirs, ours = offer("a", TEN, eligibility=eligibility), offer("b", TEN)

    answer = priced([line(1, 10000)], theirs, ours)

    assert [reason.promotion_id for reason in answer.lines[0].reasons] == [ours.promotion.id]
    assert answer.total_minor == 9000


@pytest.mark.parametrize("eligibility", OTHERS)
def test_a_coupon_of_other_stores_is_told_so(eligibility: Eligibility) -> None:
    theirs = offer("a", TEN, eligibility=eligibility, needs_coupon=True)

    answer = priced([line(1, 10000)], theirs, coupons={theirs.promotion.id: "C-1"})

    assert codes(answer) == ["NOT_THIS_STORE"]
    assert answer.total_minor == 10000


def test_a_promotion_without_a_use_left_says_so() -> None:
    used = offer("a", TEN)

    answer = priced([line(1, 10000)], used, used_up=frozenset({used.promotion.id}))

    assert codes(answer) == ["USED_UP"]
    assert answer.total_minor == 10000


def test_nothing_is_taken_from_what_is_free_already() -> None:
    free = offer("free", Percentage(off_basis_points=10_000), priority=1)

    answer = priced([line(1, 10000)], free, offer("more", TEN, priority=2))

    assert answer.total_minor == 0
    assert codes(answer) == ["APPLIED", "NOTHING_LEFT"]
    assert names(answer) == ["free"]


def test_tax_is_inside_the_net_price_of_each_line() -> None:
    answer = priced([line(1, 11300), line(2, 10600, tax_basis_points=600)])

    assert [x.tax_minor for x in answer.lines] == [1300, 600]
    assert answer.tax_minor == 1900


def test_a_reason_shows_the_version_it_rests_on() -> None:
    answer = priced([line(1, 10000)], offer("a", TEN, version=7))

    reason = answer.lines[0].reasons[0]
    assert (reason.version, reason.amount_minor) == (7, 1000)
    assert reason.text_zh == "“a活动”（9折），本行减 ¥10.00"
    assert reason.text_en == "“a” (10% off): ¥10.00 off this line"
    assert answer.promotions[0].version == 7
