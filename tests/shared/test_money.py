"""Rounding and allocation: to the cent, whatever is split."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import allocate, round_half_up, tax_included, written

AMOUNTS = st.integers(-(10**14), 10**14)
WEIGHTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=200)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [
        (0, 3, 0),
        (1, 3, 0),
        (1, 2, 1),
        (2, 3, 1),
        (3, 2, 2),
        (5, 2, 3),
        (149, 100, 1),
        (-1, 2, -1),
        (-1, 3, 0),
        (-3, 2, -2),
        (10**30 + 1, 2, 5 * 10**29 + 1),
    ],
)
def test_halves_are_rounded_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert round_half_up(numerator, denominator) == rounded


@given(numerator=AMOUNTS, denominator=st.integers(1, 10**6))
def test_rounding_is_never_off_by_more_than_a_half(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)

    rounded = round_half_up(numerator, denominator)

    assert abs(rounded - exact) <= Fraction(1, 2)
    assert round_half_up(-numerator, denominator) == -rounded


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_is_positive(denominator: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        round_half_up(1, denominator)


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1], [100]),
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (100, [2, 1], [67, 33]),
        (1, [1, 99], [0, 1]),
        (5, [0, 10, 0], [0, 5, 0]),
        (5, [0, 0, 0], [2, 2, 1]),
        (0, [3, 7], [0, 0]),
        (3_000, [19_900, 9_950, 150], [1_990, 995, 15]),
    ],
)
def test_an_amount_is_split_by_largest_remainder(
    amount: int, weights: list[int], parts: list[int]
) -> None:
    assert allocate(amount, weights) == parts


@given(amount=AMOUNTS, weights=WEIGHTS)
def test_parts_add_up_and_are_fair(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)

    shares = weights if any(weights) else [1] * len(weights)
    assert sum(parts) == amount
    assert len(parts) == len(weights)
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - Fraction(amount * share, sum(shares))) < 1
        assert share or part == 0


@given(amount=AMOUNTS, weights=WEIGHTS)
def test_a_refund_is_split_as_its_sale_was(amount: int, weights: list[int]) -> None:
    assert allocate(-amount, weights) == [-part for part in allocate(amount, weights)]


@pytest.mark.parametrize(
    ("weights", "message"), [([], "nothing to allocate to"), ([1, -1], "not negative")]
)
def test_what_cannot_be_split_by_is_an_error(weights: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        allocate(100, weights)


@pytest.mark.parametrize(
    ("gross", "basis_points", "tax"),
    [(11_300, 1_300, 1_300), (10_000, 1_300, 1_150), (1, 1_300, 0), (9_900, 0, 0), (106, 600, 6),
     (-11_300, 1_300, -1_300), (20_000, 10_000, 10_000)],
)  # fmt: skip
def test_the_tax_inside_a_price(gross: int, basis_points: int, tax: int) -> None:
    assert tax_included(gross, basis_points) == tax


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (0, "CNY", "¥0.00"),
        (123_456_789, "CNY", "¥1,234,567.89"),
        (-2_980, "CNY", "-¥29.80"),
        (1_200, "JPY", "JPY 1,200"),
        (1_234, "KWD", "KWD 1.234"),
    ],
)
def test_an_amount_is_written_as_people_write_it(amount: int, currency: str, shown: str) -> None:
    assert written(amount, currency) == shown
