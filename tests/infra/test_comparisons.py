"""Two databases laid side by side: what is missing, what is too much, what differs."""

import pytest

from infra.comparisons import COMPARISONS
from infra.comparisons.side_by_side import contained, equal, lay_side_by_side, states


def rows(*pairs: tuple[int, str]) -> list[dict[str, object]]:
    return [{"id": key, "value": value} for key, value in pairs]


def test_every_key_of_both_sides_comes_once() -> None:
    left, right = rows((1, "a"), (2, "b"), (4, "d")), rows((2, "b"), (3, "c"), (4, "x"))

    laid = list(lay_side_by_side(left, right, ("id",)))

    assert laid == [
        ((1,), {"value": "a"}, None),
        ((2,), {"value": "b"}, {"value": "b"}),
        ((3,), None, {"value": "c"}),
        ((4,), {"value": "d"}, {"value": "x"}),
    ]


def test_what_is_there_twice_has_no_partner_the_second_time() -> None:
    laid = list(lay_side_by_side(rows((1, "a")), rows((1, "a"), (1, "a")), ("id",)))

    assert [key for key, left, right in laid if not equal(left, right)] == [(1,)]


def test_an_empty_side_leaves_the_other_alone() -> None:
    assert list(lay_side_by_side([], [], ("id",))) == []
    assert [right for _, _, right in lay_side_by_side(rows((1, "a")), [], ("id",))] == [None]


@pytest.mark.parametrize(
    ("order", "hold", "right"),
    [
        ("placed", "settled", True),
        ("placed", "held", False),
        ("placed", None, False),
        ("pending", None, True),
        ("pending", "held", True),
        ("cancelled", "released", True),
        ("cancelled", "held", False),
        ("cancelled", None, False),
        (None, "held", False),
        (None, "released", False),
    ],
)
def test_the_state_of_a_hold_follows_its_order(
    order: str | None, hold: str | None, right: bool
) -> None:
    agree = states(placed="settled", voided="voided", cancelled="released", pending="- held")

    assert agree({"status": order} if order else None, {"status": hold} if hold else None) is right


def test_more_than_all_is_allowed_where_one_side_only_has_to_be_contained() -> None:
    assert contained(None, {"value": "a"})
    assert not contained({"value": "a"}, None)


def test_every_comparison_has_a_name_of_its_own() -> None:
    names = [comparison.name for comparison in COMPARISONS]

    assert len(names) == len(set(names))
