"""What one promotion takes off a basket: a pure function for each kind of rule (C13, C14, T2).

Amounts are minor units of the basket's currency. A rule works on what earlier promotions have left
of each line's price. What some pieces of a line are worth is their share of what is left of it,
rounded to a whole unit; no line ever loses more than is left.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import assert_never
from uuid import UUID

from msgspec import Struct

from services.campaign import bundles
from shared.contracts.campaign import (
    AmountOff,
    Bundle,
    BundlePart,
    Eligibility,
    Percentage,
    PromotionInput,
    PromotionRule,
    SecondPiece,
)
from shared.money import allocate, round_half_up


class Piece(Struct, frozen=True, kw_only=True):
    """A line as the rules see it: so many pieces of one style."""

    style_id: UUID
    category: str
    quantity: int


class Outcome(Struct, frozen=True, kw_only=True):
    """What a promotion takes off which line (by index; a line that only takes part has 0).

    `why` is the code of the reason for eligible lines that are not in `off`; `missing` is what
    lacks: minor units for BELOW_THRESHOLD, pieces for the others.
    """

    off: dict[int, int] = {}
    why: str = "NOTHING_LEFT"
    missing: int = 0

    @property
    def total(self) -> int:
        return sum(self.off.values())


def eligible_lines(promotion: PromotionInput, pieces: list[Piece]) -> list[int]:
    """The lines a promotion is for."""
    wanted = promotion.eligibility
    found = [
        index
        for index, piece in enumerate(pieces)
        if not (wanted.style_ids or wanted.categories) or _matches(wanted, piece)
    ]
    if isinstance(promotion.rule, Bundle):
        parts = promotion.rule.parts
        found = [i for i in found if any(_matches(part, pieces[i]) for part in parts)]
    return found


def take_off(
    rule: PromotionRule, pieces: list[Piece], eligible: list[int], left: list[int]
) -> Outcome:
    """What `rule` takes off the `eligible` lines, of whose price `left` is left."""
    match rule:
        case Percentage():
            return _percentage(rule, eligible, left)
        case AmountOff():
            return _amount_off(rule, eligible, left)
        case SecondPiece():
            return _second_piece(rule, pieces, eligible, left)
        case Bundle():
            return _bundle(rule, pieces, eligible, left)
        case _:
            assert_never(rule)


def _matches(wanted: Eligibility | BundlePart, piece: Piece) -> bool:
    return piece.style_id in wanted.style_ids or piece.category in wanted.categories


def _percentage(rule: Percentage, eligible: list[int], left: list[int]) -> Outcome:
    worth = {index: left[index] for index in eligible if left[index]}
    amount = round_half_up(sum(worth.values()) * rule.off_basis_points, 10_000)
    return _spread(amount, worth)


def _amount_off(rule: AmountOff, eligible: list[int], left: list[int]) -> Outcome:
    worth = {index: left[index] for index in eligible if left[index]}
    reached = sum(worth.values())
    if reached < rule.threshold_minor:
        return Outcome(why="BELOW_THRESHOLD", missing=rule.threshold_minor - reached)
    times = reached // rule.threshold_minor if rule.every else 1
    return _spread(min(rule.off_minor * times, reached), worth)


def _second_piece(
    rule: SecondPiece, pieces: list[Piece], eligible: list[int], left: list[int]
) -> Outcome:
    """Pieces are paired from the dearest down; of each pair the second one gets cheaper."""
    paired = sum(pieces[index].quantity for index in eligible) // 2 * 2
    if not paired:
        return Outcome(why="NEEDS_SECOND_PIECE", missing=1)
    worth: dict[int, int] = {}
    position = 0
    for index in sorted(eligible, key=_dearest_first(pieces, left)):
        # The last piece of an odd number has no second one: it takes no part.
        if position < paired:
            quantity = pieces[index].quantity
            seconds = (position + quantity) // 2 - position // 2
            worth[index] = round_half_up(left[index] * seconds, quantity)
            position += quantity
    amount = round_half_up(sum(worth.values()) * rule.off_basis_points, 10_000)
    outcome = _spread(amount, worth)
    return Outcome(off=outcome.off, why="NEEDS_SECOND_PIECE", missing=1) if amount else outcome


def _bundle(rule: Bundle, pieces: list[Piece], eligible: list[int], left: list[int]) -> Outcome:
    """As many sets as lower the price, made of the dearest pieces that fit."""
    ranked = sorted(eligible, key=_dearest_first(pieces, left))
    supplies = [
        bundles.Supply(
            pieces=pieces[index].quantity,
            worth=left[index],
            parts=frozenset(
                number for number, part in enumerate(rule.parts) if _matches(part, pieces[index])
            ),
        )
        for index in ranked
    ]
    sizes = [part.quantity for part in rule.parts]
    best = bundles.best_sets(supplies, sizes, rule.price_minor)
    if not best.sets:
        missing = bundles.missing_pieces(supplies, sizes, 1)
        return Outcome(why="BUNDLE_INCOMPLETE" if missing else "NOTHING_LEFT", missing=missing)
    worth = {
        index: supply.worth_of(taken)
        for index, supply, taken in zip(ranked, supplies, best.taken, strict=True)
        if taken
    }
    amount = sum(worth.values()) - best.sets * rule.price_minor
    missing = bundles.missing_pieces(supplies, sizes, best.sets + 1)
    return Outcome(
        off=_spread(amount, worth).off,
        why="BUNDLE_INCOMPLETE" if missing else "NOTHING_LEFT",
        missing=missing,
    )


def _dearest_first(pieces: list[Piece], left: list[int]) -> Callable[[int], tuple[Fraction, int]]:
    return lambda index: (-Fraction(left[index], pieces[index].quantity), index)


def _spread(amount: int, worth: dict[int, int]) -> Outcome:
    """`amount` by largest remainder over what each line has to give; not more than that."""
    if amount <= 0:
        return Outcome()
    return Outcome(off=dict(zip(worth, allocate(amount, list(worth.values())), strict=True)))
