"""Money: whole minor units. Rounding, allocation and how it is written, in one place.

A discount is allocated to lines by largest remainder, so that lines add up to the total to the
cent; ties go to the earlier line.
"""

from collections.abc import Sequence

WHOLE_UNITS = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})
THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
SIGNS = {"CNY": "¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "MOP": "MOP$", "TWD": "NT$", "USD": "$"}


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


def written(amount: int, currency: str) -> str:
    """An amount of minor units as people write it: ¥1,032.00, -¥32.00; 1,032.00 where nobody knows
    the currency (an empty one)."""
    digits = 0 if currency in WHOLE_UNITS else 3 if currency in THOUSANDTHS else 2
    whole, part = divmod(abs(amount), 10**digits)
    shown = f"{whole:,}.{part:0{digits}d}" if digits else f"{whole:,}"
    sign = SIGNS.get(currency, f"{currency} " if currency else "")
    return f"{'-' if amount < 0 else ''}{sign}{shown}"
