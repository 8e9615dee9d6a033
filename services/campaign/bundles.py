"""How often a basket holds a set of parts, and with which pieces: pure.

A piece belongs to one set. A piece may fit several parts, so pieces are assigned as a flow: from
the dearest line down, each takes the places it can get, moving pieces of other lines to another
part they fit where that makes room. (Pieces that can be placed together form a matroid, which is
why taking the dearest first gives the dearest set; and what k sets are worth grows ever slower
with k, which is why the best number of sets can be found by halving.)
"""

from collections import defaultdict
from itertools import pairwise

from msgspec import Struct

from shared.money import round_half_up

Placed = dict[frozenset[int], dict[int, int]]
"""How many of the pieces that fit the same parts stand in which part: they are alike."""
Step = tuple[int, frozenset[int] | None]
"""A part, and whose pieces move on to it from the part before (None: the new pieces go in)."""


class Supply(Struct, frozen=True, kw_only=True):
    """A line: its pieces, what is left of its price (minor units), and the parts it fits."""

    pieces: int
    worth: int
    parts: frozenset[int]

    def worth_of(self, pieces: int) -> int:
        return round_half_up(self.worth * pieces, self.pieces)


class Sets(Struct, frozen=True):
    """So many sets, with so many pieces taken from each line."""

    sets: int
    taken: list[int]


def best_sets(supplies: list[Supply], sizes: list[int], price: int) -> Sets:
    """The number of sets at `price` each that lowers the basket's price most; may be none.

    `supplies` are sorted by the worth of one piece, dearest first; `sizes` are the parts'.
    """
    low, high = 0, sum(supply.pieces for supply in supplies) // sum(sizes)
    while low < high:
        middle = (low + high + 1) // 2
        gain = _gain(supplies, sizes, price, middle)
        if gain is not None and gain > (_gain(supplies, sizes, price, middle - 1) or 0):
            low = middle
        else:
            high = middle - 1
    if (_gain(supplies, sizes, price, low) or 0) <= 0:
        return Sets(0, [0] * len(supplies))
    return Sets(low, _fill(supplies, sizes, low))


def missing_pieces(supplies: list[Supply], sizes: list[int], sets: int) -> int:
    """How many pieces lack to so many sets."""
    return sum(sizes) * sets - sum(_fill(supplies, sizes, sets))


def _gain(supplies: list[Supply], sizes: list[int], price: int, sets: int) -> int | None:
    """What so many sets take off; None when the basket does not hold them."""
    taken = _fill(supplies, sizes, sets)
    if sum(taken) < sum(sizes) * sets:
        return None
    worth = sum(s.worth_of(pieces) for s, pieces in zip(supplies, taken, strict=True))
    return worth - sets * price


def _fill(supplies: list[Supply], sizes: list[int], sets: int) -> list[int]:
    """Pieces of each line that find a place in so many sets, dearest first."""
    room = [size * sets for size in sizes]
    placed: Placed = defaultdict(lambda: defaultdict(int))
    taken = []
    for supply in supplies:
        wanted = supply.pieces
        while wanted:
            path = _path(supply.parts, room, placed)
            if not path:
                break
            wanted -= _push(supply.parts, path, wanted, room, placed)
        taken.append(supply.pieces - wanted)
    return taken


def _path(fits: frozenset[int], room: list[int], placed: Placed) -> list[Step]:
    """Parts from one that `fits` to one with room; with each, whose pieces move on to it."""
    came_from: dict[int, tuple[int | None, frozenset[int] | None]]
    came_from = dict.fromkeys(sorted(fits), (None, None))
    queue = sorted(fits)
    for part in queue:  # grows while it is walked: breadth first
        if room[part]:
            return _walk_back(part, came_from)
        for alike, parts in placed.items():
            if parts.get(part):
                for other in sorted(alike - came_from.keys()):
                    came_from[other] = (part, alike)
                    queue.append(other)
    return []


def _walk_back(
    part: int, came_from: dict[int, tuple[int | None, frozenset[int] | None]]
) -> list[Step]:
    steps: list[Step] = []
    at: int | None = part
    while at is not None:
        before, moved = came_from[at]
        steps.append((at, moved))
        at = before
    return steps[::-1]


def _push(
    fits: frozenset[int], path: list[Step], wanted: int, room: list[int], placed: Placed
) -> int:
    """Place as many pieces as the path carries; returns how many."""
    amount = min(wanted, room[path[-1][0]])
    for (before, _), (_, moved) in pairwise(path):
        amount = min(amount, placed[moved or fits][before])
    room[path[-1][0]] -= amount
    for (before, _), (part, moved) in pairwise(path):
        placed[moved or fits][before] -= amount
        placed[moved or fits][part] += amount
    placed[fits][path[0][0]] += amount
    return amount
