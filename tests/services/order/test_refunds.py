"""What a return gives back, whatever comes back in whichever parts (K24, K25)."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.order import refunds
from services.order.refunds import Paid, Sold, SoldLine
from shared.contracts.order.returns import ReturnLine
from shared.money import allocate

PROMOTION = UUID(int=7)


def line(number: int, quantity: int, net_minor: int, *promotions: UUID) -> SoldLine:
    return SoldLine(
        line=number, sku_id=UUID(int=number), style_id=UUID(int=number), name="连衣裙",
        category="dress", colour="红", size="M", quantity=quantity, net_minor=net_minor,
        tax_minor=net_minor // 10, promotions=frozenset(promotions),
    )  # fmt: skip


def paid(*amounts: int, points: int | None = None) -> list[Paid]:
    found = [
        Paid(position=i, kind="cash", amount_minor=amount, points=None, reference=None)
        for i, amount in enumerate(amounts)
    ]
    if points is not None:
        last = found.pop()
        found.append(
            Paid(position=last.position, kind="points", amount_minor=last.amount_minor,
                 points=points, reference=None)
        )  # fmt: skip
    return found


def back(sold: Sold, number: int, quantity: int) -> tuple[Sold, int, list[int]]:
    """The order after so many pieces of a line came back; what for, and to which payment what."""
    lines = refunds.returned_lines(sold, [ReturnLine(line=number, quantity=quantity)])
    worth = sum(each.refund_minor for each in lines)
    given = refunds.refunds(sold, worth)
    return refunds.after(sold, lines, given), worth, [each.amount_minor for each in given]


def test_a_third_of_a_hundred_and_its_cents() -> None:
    sold = Sold([line(1, 3, 10_000)], paid(5_000, 5_000))

    first, one, to_first = back(sold, 1, 1)
    second, two, to_second = back(first, 1, 1)
    third, three, to_third = back(second, 1, 1)

    assert (one, two, three) == (3_333, 3_333, 3_334)
    assert (to_first, to_second, to_third) == ([1_667, 1_666], [1_666, 1_667], [1_667, 1_667])
    assert refunds.kept_minor(third) == 0
    assert refunds.left(third) == []


def test_k25_a_fraction_of_a_point_comes_with_a_later_piece() -> None:
    sold = Sold([line(1, 3, 100)], paid(100, points=10))

    points = []
    for _ in range(3):
        lines = refunds.returned_lines(sold, [ReturnLine(line=1, quantity=1)])
        given = refunds.refunds(sold, sum(each.refund_minor for each in lines))
        points += [refund.points for refund in given]
        sold = refunds.after(sold, lines, given)

    assert points == [3, 3, 4]


def test_k25_a_promotion_goes_back_when_nothing_it_was_for_is_left() -> None:
    sold = Sold([line(1, 2, 200, PROMOTION), line(2, 1, 100)], paid(300))

    half, *_ = back(sold, 1, 1)
    other, *_ = back(half, 2, 1)
    whole, *_ = back(other, 1, 1)

    assert refunds.promotions_gone(sold, half) == []
    assert refunds.promotions_gone(half, other) == []
    assert refunds.promotions_gone(other, whole) == [PROMOTION]


@given(
    lines=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 100_000)), min_size=1, max_size=4),
    weights=st.lists(st.integers(1, 1_000), min_size=1, max_size=4),
    points=st.integers(1, 100_000),
    order=st.randoms(use_true_random=False),
)
def test_k24_part_by_part_everything_goes_back_to_what_paid_it_and_never_more(
    lines: list[tuple[int, int]], weights: list[int], points: int, order: object
) -> None:
    sold = Sold(
        [line(n, quantity, net) for n, (quantity, net) in enumerate(lines, 1)], []
    )  # fmt: skip
    total = sum(net for _, net in lines)
    amounts = [amount for amount in allocate(total, weights) if amount]
    sold = Sold(sold.lines, paid(*amounts, points=points) if amounts else [])
    pieces = [each.line for each in sold.lines for _ in range(each.quantity)]
    order.shuffle(pieces)  # type: ignore[attr-defined]

    went, given_points = [0] * len(amounts), 0
    for number in pieces:
        before = refunds.kept_minor(sold)
        come = refunds.returned_lines(sold, [ReturnLine(line=number, quantity=1)])
        given = refunds.refunds(sold, sum(each.refund_minor for each in come))
        for refund in given:
            went[refund.position] += refund.amount_minor
            given_points += refund.points or 0
            assert refund.amount_minor > 0
            assert went[refund.position] <= amounts[refund.position]
        sold = refunds.after(sold, come, given)
        assert before - refunds.kept_minor(sold) == sum(each.amount_minor for each in given)

    assert went == amounts
    assert refunds.kept_minor(sold) == 0
    if amounts:
        assert given_points == points
