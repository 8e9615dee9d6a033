"""Money: whole minor units. Rounding and allocation, in one place.

A discount is allocated to lines by largest remainder, so that lines add up to the total to the
cent; ties go to the earlier line.
"""

from collections.abc import Sequence


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest whole, halves away from zero (四舍五入)."""
    if denominator <= 0:
        raise ValueError("a denominator is positive")
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` over `weights` (not negative) so that the parts add up to it exactly.

    With all weights zero the parts are equal but for the remainder.
    """
    if not weights:
        raise ValueError("nothing to allocate to")
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight is not negative")
    if not any(weights):
        weights = [1] * len(weights)
    total, sign, whole = sum(weights), (-1 if amount < 0 else 1), abs(amount)
    parts = [whole * weight // total for weight in weights]
    by_remainder = sorted(
        range(len(weights)),
        key=lambda index: (-(whole * weights[index] % total), index),
    )
    for index in by_remainder[: whole - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def tax_included(gross: int, rate_basis_points: int) -> int:
    """The tax inside a tax-inclusive amount, in minor units."""
    return round_half_up(gross * rate_basis_points, 10_000 + rate_basis_points)
