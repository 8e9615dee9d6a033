"""What a basket costs when nobody can be asked: the promotions that a till may apply alone.

Pure, without a network and without a clock. It has to come to what the services would say with the
same promotions; a test holds both against each other over many baskets. Amounts are minor units.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Terms = dict[str, Any]
"""A promotion as the snapshot has it: its `id` and `version` beside the terms."""
Off = dict[int, int]
"""What comes off, by the place of a piece."""


@dataclass(frozen=True)
class Piece:
    """A line as the rules see it: so many of one SKU, with the list price of one."""

    sku_id: str
    style_id: str
    category: str
    quantity: int
    unit_minor: int


@dataclass(frozen=True)
class Reckoned:
    """What comes off each piece, in the order they were given, and by which promotion."""

    off: list[int]
    applied: list[tuple[Terms, Off]] = field(default_factory=list)


def reckon(pieces: Sequence[Piece], offers: Sequence[Terms], tier: str | None, member: bool) -> (
    Reckoned
):  # fmt: skip
    """`offers` in any order; `tier` is the member's, if there is a `member`."""
    order = sorted(
        range(len(pieces)),
        key=lambda at: (-pieces[at].unit_minor, pieces[at].sku_id, pieces[at].quantity),
    )
    ranked = [pieces[at] for at in order]
    worth = [piece.unit_minor * piece.quantity for piece in ranked]
    usable = [
        terms
        for terms in sorted(offers, key=lambda terms: (terms["priority"], terms["code"]))
        if _for_whom(terms, tier, member)
    ]
    together = _best_of_groups([terms for terms in usable if terms["stacks"]], ranked, worth)
    single = [_run([terms], ranked, worth) for terms in usable if not terms["stacks"]]
    best = max(single, key=_total, default=[])
    steps = best if _total(best) > _total(together) else together
    applied = [(terms, off) for terms, off in steps if sum(off.values())]
    result = [0] * len(pieces)
    shown = []
    for terms, off in applied:
        shown.append((terms, {order[place]: minor for place, minor in off.items()}))
        for place, minor in off.items():
            result[order[place]] += minor
    return Reckoned(result, shown)


def round_half_up(numerator: int, denominator: int) -> int:
    """To the nearest whole, halves up; nothing here is below zero."""
    return (2 * numerator + denominator) // (2 * denominator)


def tax_inside(gross_minor: int, basis_points: int) -> int:
    return round_half_up(gross_minor * basis_points, 10_000 + basis_points)


Run = list[tuple[Terms, Off]]


def _for_whom(terms: Terms, tier: str | None, member: bool) -> bool:
    if terms["tiers"]:
        return member and tier in terms["tiers"]
    return member or not terms["members_only"]


def _total(run: Run) -> int:
    return sum(sum(off.values()) for _, off in run)


def _best_of_groups(stacking: list[Terms], pieces: list[Piece], worth: list[int]) -> Run:
    """All that stack, of each group only the one with which the basket is cheapest."""
    place = {id(terms): at for at, terms in enumerate(stacking)}

    def tried(some: Iterable[Terms]) -> Run:
        return _run(sorted(some, key=lambda terms: place[id(terms)]), pieces, worth)

    chosen = [terms for terms in stacking if terms["group"] is None]
    for group in dict.fromkeys(terms["group"] for terms in stacking if terms["group"]):
        rivals = [terms for terms in stacking if terms["group"] == group]
        chosen.append(max(rivals, key=lambda terms: _total(tried([*chosen, terms]))))
    return tried(chosen)


def _run(offers: Iterable[Terms], pieces: list[Piece], worth: list[int]) -> Run:
    """One after the other, each on what the earlier ones have left."""
    left, steps = list(worth), []
    for terms in offers:
        places = [at for at, piece in enumerate(pieces) if _is_for(terms, piece)]
        off = _RULES[terms["rule"]["type"]](terms["rule"], pieces, places, left) if places else {}
        for at, minor in off.items():
            left[at] -= minor
        steps.append((terms, off))
    return steps


def _is_for(terms: Terms, piece: Piece) -> bool:
    if (terms["style_ids"] or terms["categories"]) and not _fits(terms, piece):
        return False
    parts = terms["rule"].get("parts")
    return parts is None or any(_fits(part, piece) for part in parts)


def _fits(wanted: Terms, piece: Piece) -> bool:
    return piece.style_id in wanted["style_ids"] or piece.category in wanted["categories"]


def _percentage(rule: Terms, _pieces: Any, places: list[int], left: list[int]) -> Off:
    worth = {at: left[at] for at in places if left[at]}
    return _spread(_share(sum(worth.values()), rule), worth)


def _amount_off(rule: Terms, _pieces: Any, places: list[int], left: list[int]) -> Off:
    worth = {at: left[at] for at in places if left[at]}
    reached = sum(worth.values())
    times = reached // rule["threshold_minor"]
    if not times:
        return {}
    return _spread(min(rule["off_minor"] * (times if rule["every"] else 1), reached), worth)


def _second_piece(rule: Terms, pieces: list[Piece], places: list[int], left: list[int]) -> Off:
    """Pairs from the dearest down; the second of each gets cheaper, an odd one takes no part."""
    paired = sum(pieces[at].quantity for at in places) // 2 * 2
    worth, before = {}, 0
    for at in sorted(places, key=_dearest_first(pieces, left)):
        if before < paired:
            count = pieces[at].quantity
            seconds = (before + count) // 2 - before // 2
            worth[at] = round_half_up(left[at] * seconds, count)
            before += count
    return _spread(_share(sum(worth.values()), rule), worth)


def _bundle(rule: Terms, pieces: list[Piece], places: list[int], left: list[int]) -> Off:
    """As many sets as lower the price, of the dearest pieces that fit."""
    ranked = sorted(places, key=_dearest_first(pieces, left))
    sizes = [part["quantity"] for part in rule["parts"]]
    fits = [[n for n, part in enumerate(rule["parts"]) if _fits(part, pieces[at])] for at in ranked]
    counts = [pieces[at].quantity for at in ranked]

    def taken(sets: int) -> Off:
        found = _placed(fits, counts, [size * sets for size in sizes])
        return {
            at: round_half_up(left[at] * number, pieces[at].quantity)
            for at, number in zip(ranked, found, strict=True)
            if number
        } if sum(found) == sum(sizes) * sets else {}  # fmt: skip

    def gain(sets: int) -> int | None:
        worth = taken(sets)
        return sum(worth.values()) - sets * rule["price_minor"] if worth or not sets else None

    low, high = 0, sum(counts) // sum(sizes)
    while low < high:  # what one more set saves never grows
        middle = (low + high + 1) // 2
        more = gain(middle)
        if more is not None and more > (gain(middle - 1) or 0):
            low = middle
        else:
            high = middle - 1
    return _spread(gain(low) or 0, taken(low))


def _placed(fits: list[list[int]], counts: list[int], room: list[int]) -> list[int]:
    """How many pieces of each line find a place in parts with so much room, first lines first.

    A line takes what is free, and moves pieces of other lines to another part where that helps.
    """
    within: dict[tuple[int, int], int] = {}
    found = []
    for line, count in enumerate(counts):
        wanted = count
        while wanted:
            path = _way(line, fits, room, within)
            if not path:
                break
            moved = min(wanted, room[path[-1][1]], *(within[one] for one in _moves(path)))
            for (owner, part), (_, before) in zip(path[1:], path, strict=False):
                within[owner, before] -= moved
                within[owner, part] = within.get((owner, part), 0) + moved
            within[line, path[0][1]] = within.get((line, path[0][1]), 0) + moved
            room[path[-1][1]] -= moved
            wanted -= moved
        found.append(count - wanted)
    return found


def _moves(path: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Whose pieces leave which part along a way."""
    return [(owner, before) for (owner, _), (_, before) in zip(path[1:], path, strict=False)]


def _way(
    line: int, fits: list[list[int]], room: list[int], within: dict[tuple[int, int], int]
) -> list[tuple[int, int]]:
    """Steps (whose pieces, into which part) that end in a part with room; the shortest."""
    came: dict[int, list[tuple[int, int]]] = {part: [(line, part)] for part in fits[line]}
    queue = list(came)
    for part in queue:  # grows while it is walked
        if room[part]:
            return came[part]
        for (owner, inside), number in within.items():
            if inside == part and number:
                for other in fits[owner]:
                    if other not in came:
                        came[other] = [*came[part], (owner, other)]
                        queue.append(other)
    return []


def _dearest_first(pieces: list[Piece], left: list[int]) -> Callable[[int], Any]:
    return lambda at: (-Fraction(left[at], pieces[at].quantity), at)


def _share(minor: int, rule: Terms) -> int:
    return round_half_up(minor * rule["off_basis_points"], 10_000)


def _spread(minor: int, worth: Off) -> Off:
    """By largest remainder; of equal ones the earlier gets the cent."""
    total = sum(worth.values())
    if minor <= 0 or not total:
        return {}
    parts = {at: minor * each // total for at, each in worth.items()}
    by_remainder = sorted(parts, key=lambda at: -(minor * worth[at] % total))
    for at in by_remainder[: minor - sum(parts.values())]:
        parts[at] += 1
    return parts


_RULES: dict[str, Callable[[Terms, list[Piece], list[int], list[int]], Off]] = {
    "percentage": _percentage,
    "amount_off": _amount_off,
    "second_piece": _second_piece,
    "bundle": _bundle,
}
