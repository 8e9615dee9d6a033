"""A comparison: two queries in the order of their keys (the first columns), side by side."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Agree = Callable[[Row | None, Row | None], bool]


def equal(left: Row | None, right: Row | None) -> bool:
    return left == right


def contained(left: Row | None, right: Row | None) -> bool:
    """Everything on the left is on the right; there may be more of it."""
    return left is None or right is not None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left` and `right` are (service, SQL); `keys` names the columns that both are ordered by."""

    name: str
    left: tuple[str, str]
    right: tuple[str, str]
    keys: tuple[str, ...]
    agree: Agree = equal


def lay_side_by_side(
    left: Iterable[Row], right: Iterable[Row], keys: tuple[str, ...]
) -> Iterator[tuple[tuple[Any, ...], Row | None, Row | None]]:
    """(key, left, right) of every key, where both are ordered by it; None where one is missing.

    A key that is there twice on one side comes twice, the second time without a partner.
    """

    def sided(rows: Iterable[Row]) -> Iterator[tuple[tuple[Any, ...], Row]]:
        for row in rows:
            key = tuple(row[name] for name in keys)
            yield key, {name: value for name, value in row.items() if name not in keys}

    lefts, rights = iter(sided(left)), iter(sided(right))
    a, b = next(lefts, None), next(rights, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a[0] < b[0]):
            assert a is not None  # noqa: S101  (one of the two is there)
            yield a[0], a[1], None
            a = next(lefts, None)
        elif a is None or b[0] < a[0]:
            yield b[0], None, b[1]
            b = next(rights, None)
        else:
            yield a[0], a[1], b[1]
            a, b = next(lefts, None), next(rights, None)


def states(**allowed: str) -> Agree:
    """Which state of a hold (`-`: none) goes with which status of its order."""

    def agree(left: Row | None, right: Row | None) -> bool:
        if left is None:
            return False
        return (right["status"] if right else "-") in allowed[left["status"]].split()

    return agree
