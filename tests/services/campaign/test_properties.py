"""What must hold for every basket and every set of promotions."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.campaign import bundles
from services.campaign.offers import Offer
from services.campaign.pricing import Line
from shared.contracts.campaign import (
    AmountOff,
    Bundle,
    BundlePart,
    Eligibility,
    Percentage,
    PromotionInput,
    SecondPiece,
)
from tests.services.campaign.test_pricing import priced

pytestmark = pytest.mark.long

CATEGORIES = ["tops", "trousers", "shoes"]
amounts = st.integers(1, 50_000)
sets = st.frozensets(st.sampled_from(CATEGORIES), max_size=2)
some = st.frozensets(st.sampled_from(CATEGORIES), min_size=1, max_size=2)
parts = st.builds(BundlePart, quantity=st.integers(1, 3), categories=some)
rules = st.one_of(
    st.builds(Percentage, off_basis_points=st.integers(1, 10_000)),
    st.builds(AmountOff, threshold_minor=amounts, off_minor=amounts, every=st.booleans()),
    st.builds(SecondPiece, off_basis_points=st.integers(1, 10_000)),
    st.builds(Bundle, parts=st.lists(parts, min_size=1, max_size=3), price_minor=amounts),
)


@st.composite
def offers(draw: Any) -> list[Offer]:
    made = []
    for number in range(draw(st.integers(0, 5))):
        promotion = PromotionInput(
            id=UUID(int=900 + number),
            code=f"p{number}",
            name_zh=f"促销{number}",
            name_en=f"offer {number}",
            rule=draw(rules),
            eligibility=Eligibility(categories=draw(sets)),
            priority=draw(st.integers(0, 3)),
            stacks=draw(st.booleans()),
            group=draw(st.sampled_from([None, None, "g", "h"])),
        )
        made.append(Offer(1, promotion))
    return made


@st.composite
def baskets(draw: Any) -> list[Line]:
    return [
        Line(
            line=number,
            sku_id=UUID(int=draw(st.integers(1, 6))),
            style_id=UUID(int=1),
            sku_code="S",
            name="Shirt",
            category=draw(st.sampled_from(CATEGORIES)),
            colour="red",
            size="M",
            quantity=draw(st.integers(1, 5)),
            unit_minor=draw(st.integers(0, 30_000)),
            tax_basis_points=1300,
        )
        for number in range(draw(st.integers(1, 6)))
    ]


@settings(max_examples=300, deadline=None)
@given(baskets(), offers())
def test_lines_add_up_and_nothing_falls_below_zero(lines: list[Line], given: list[Offer]) -> None:
    answer = priced(lines, *given)

    assert [line.line for line in answer.lines] == [line.line for line in lines]
    for line in answer.lines:
        assert line.list_minor == line.unit_list_minor * line.quantity
        assert 0 <= line.discount_minor <= line.list_minor
        assert line.net_minor == line.list_minor - line.discount_minor
        assert line.discount_minor == sum(reason.amount_minor for reason in line.reasons)
        assert len(line.reasons) == len(given)
        assert all(reason.text_zh and reason.text_en for reason in line.reasons)
    assert answer.total_minor == sum(line.net_minor for line in answer.lines)
    assert answer.discount_minor == sum(line.discount_minor for line in answer.lines)
    assert answer.discount_minor == sum(p.discount_minor for p in answer.promotions)
    assert answer.tax_minor == sum(line.tax_minor for line in answer.lines)


@settings(max_examples=200, deadline=None)
@given(baskets(), offers(), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_change_the_total(
    lines: list[Line], given: list[Offer], random: Any
) -> None:
    shuffled = random.sample(lines, len(lines))

    assert priced(shuffled, *given).total_minor == priced(lines, *given).total_minor


@settings(max_examples=200, deadline=None)
@given(baskets(), offers())
def test_of_a_group_and_of_those_that_exclude_one_another_one_applies(
    lines: list[Line], given: list[Offer]
) -> None:
    answer = priced(lines, *given)

    by_id = {offer.promotion.id: offer.promotion for offer in given}
    applied = [by_id[p.promotion_id] for p in answer.promotions]
    groups = [p.group for p in applied if p.group and p.stacks]
    assert len(groups) == len(set(groups))
    assert all(p.stacks for p in applied) or len(applied) == 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 4),
            st.integers(0, 50),
            st.frozensets(st.integers(0, 2), min_size=1),
        ),
        max_size=4,
    ),
    st.lists(st.integers(1, 2), min_size=3, max_size=3),
    st.integers(0, 100),
)
def test_no_other_number_of_sets_is_cheaper(
    lines: list[tuple[int, int, frozenset[int]]], sizes: list[int], price: int
) -> None:
    supplies = [
        bundles.Supply(pieces=pieces, worth=unit * pieces, parts=parts)
        for pieces, unit, parts in sorted(lines, key=lambda line: -line[1])
    ]
    pieces = [(s.worth // s.pieces, s.parts) for s in supplies for _ in range(s.pieces)]

    best = bundles.best_sets(supplies, sizes, price)

    gain = sum(s.worth_of(n) for s, n in zip(supplies, best.taken, strict=True))
    assert gain - best.sets * price == max(
        (exhaustive(pieces, sizes, sets) - sets * price for sets in feasible(pieces, sizes)),
        default=0,
    )


def feasible(pieces: list[tuple[int, frozenset[int]]], sizes: list[int]) -> list[int]:
    most = len(pieces) // sum(sizes)
    return [n for n in range(most + 1) if exhaustive(pieces, sizes, n) >= 0]


def exhaustive(pieces: list[tuple[int, frozenset[int]]], sizes: list[int], sets: int) -> int:
    """The dearest way to fill so many sets, by trying all; below zero when there is none."""
    states: dict[tuple[int, ...], int] = {tuple(size * sets for size in sizes): 0}
    for worth, parts in pieces:
        following = dict(states)
        for room, value in states.items():
            for part in parts:
                if room[part]:
                    rest = (*room[:part], room[part] - 1, *room[part + 1 :])
                    following[rest] = max(following.get(rest, -1), value + worth)
        states = following
    return states.get((0,) * len(sizes), -1)
