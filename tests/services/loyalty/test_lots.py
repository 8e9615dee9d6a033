"""Which points are left and how long they live: rules and replay, without a database."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.loyalty.expiry import why
from services.loyalty.lots import Lots, Movement, life_of
from shared.contracts.loyalty import ExpiryRule

A, B, C, D = (UUID(int=number) for number in range(1, 5))
STORE = UUID(int=9)


@pytest.mark.parametrize(
    ("basis", "length", "earned_on", "until"),
    [
        ("months", 12, "2026-03-14", "2027-03-14"),
        ("months", 1, "2026-01-31", "2026-02-28"),
        ("months", 1, "2028-01-31", "2028-02-29"),
        ("months", 1, "2026-12-31", "2027-01-31"),
        ("months", 12, "2028-02-29", "2029-02-28"),
        ("months", 48, "2028-02-29", "2032-02-29"),
        ("months", 1, "2026-02-28", "2026-03-28"),
        ("months", 18, "2026-08-31", "2028-02-29"),
        ("year_end", 0, "2026-12-31", "2026-12-31"),
        ("year_end", 1, "2026-01-01", "2027-12-31"),
        ("year_end", 2, "2028-02-29", "2030-12-31"),
        ("never", 0, "2026-01-01", None),
        ("months", 1200, "9950-01-01", None),
        ("year_end", 1, "9999-12-31", None),
    ],
)
def test_the_last_day(basis: Any, length: int, earned_on: str, until: str | None) -> None:
    rule = ExpiryRule(basis=basis, length=length)

    assert str(rule.valid_until(date.fromisoformat(earned_on))) == str(until)


@given(st.dates(date(1970, 1, 1), date(9000, 1, 1)), st.integers(1, 1199))
def test_a_later_day_never_expires_sooner(day: date, months: int) -> None:
    rule, longer = (ExpiryRule(basis="months", length=n) for n in (months, months + 1))
    first, second = rule.valid_until(day), rule.valid_until(date.fromordinal(day.toordinal() + 1))

    assert first is not None and second is not None  # noqa: PT018
    assert day < first <= second
    assert first < (longer.valid_until(day) or date.max)


@pytest.mark.parametrize(
    ("zone", "expires_at"),
    [
        ("Asia/Shanghai", "2027-03-14T16:00:00+00:00"),
        ("UTC", "2027-03-15T00:00:00+00:00"),
        (None, "2027-03-15T00:00:00+00:00"),
        ("America/New_York", "2027-03-15T04:00:00+00:00"),  # summer time began the day before
        ("Pacific/Kiritimati", "2027-03-14T10:00:00+00:00"),
    ],
)
def test_a_day_ends_at_the_stores_midnight(zone: str | None, expires_at: str) -> None:
    life = life_of(ExpiryRule(basis="months", length=12), 3, date(2026, 3, 14), zone)

    assert life is not None
    assert (life.valid_until, life.version) == (date(2027, 3, 14), 3)
    assert life.expires_at.isoformat() == expires_at


def test_notice_is_due_as_many_days_before_the_last_one() -> None:
    rule = ExpiryRule(basis="year_end", length=0, notice_days=30)

    life = life_of(rule, 1, date(2026, 5, 1), "Asia/Shanghai")

    assert life is not None
    assert life.notice_at.isoformat() == "2026-11-30T16:00:00+00:00"  # 1 December in the store


def test_without_a_rule_nothing_expires() -> None:
    assert life_of(None, None, date(2026, 3, 14), "UTC") is None
    assert life_of(ExpiryRule(basis="never"), 1, date(2026, 3, 14), "UTC") is None
    assert life_of(ExpiryRule(basis="months", length=1), 1, date(1, 1, 1), "UTC") is None


def left(*movements: tuple[int, str, UUID]) -> list[tuple[UUID, int]]:
    """What is left of which document, after (amount, reason, document) each."""
    lots = Lots(
        Movement(number, amount, reason, document, STORE, None)
        for number, (amount, reason, document) in enumerate(movements)
    )
    assert lots.balance == sum(amount for amount, _, _ in movements)
    return [(lot.given.document_id, lot.left) for lot in lots.open()]


@pytest.mark.parametrize(
    ("movements", "expected"),
    [
        ([(100, "earned", A), (50, "earned", B), (-120, "spent", C)], [(B, 30)]),
        ([(100, "adjusted", A), (-30, "adjusted", B)], [(A, 70)]),
        # What a void gives back is as old as it was, though later orders have spent since.
        (
            [(100, "earned", A), (50, "earned", B), (-60, "spent", C), (-60, "spent", D),
             (60, "spent_back", C)],
            [(A, 60), (B, 30)],
        ),
        # What a void takes back comes out of its own lot, not out of the oldest.
        ([(100, "earned", A), (50, "earned", B), (-50, "earned_back", B)], [(A, 100)]),
        # What had been spent of it comes out of the oldest, and returns there.
        (
            [(100, "earned", A), (50, "earned", B), (-70, "spent", C), (-100, "earned_back", A)],
            [],
        ),
        (
            [(100, "earned", A), (80, "earned", B), (-70, "spent", C), (-100, "earned_back", A),
             (70, "spent_back", C)],
            [(B, 80)],
        ),
        # What comes back covers what others lack.
        (
            [(10, "earned", A), (10, "earned", B), (-10, "spent", C), (-10, "spent", D),
             (-10, "earned_back", A), (10, "spent_back", D)],
            [],
        ),
        # Below zero: new points cover it first, and are given back when its cause is undone.
        ([(10, "earned", A), (-10, "spent", C), (-10, "earned_back", A)], []),
        (
            [(10, "earned", A), (-10, "spent", C), (-10, "earned_back", A), (30, "earned", B)],
            [(B, 20)],
        ),
        (
            [(10, "earned", A), (-10, "spent", C), (-10, "earned_back", A), (30, "earned", B),
             (10, "spent_back", C)],
            [(B, 30)],
        ),
    ],
)  # fmt: skip
def test_what_is_left_of_which_earning(
    movements: list[tuple[int, str, UUID]], expected: list[tuple[UUID, int]]
) -> None:
    assert left(*movements) == expected


def test_held_points_are_the_oldest() -> None:
    lots = Lots(
        Movement(number, 100, "earned", UUID(int=number), STORE, None) for number in range(3)
    )

    assert [(lot.place, points) for lot, points in lots.usable(150)] == [(1, 50), (2, 100)]
    assert [points for _, points in lots.usable(999)] == []


def test_the_reason_names_the_days_and_stays_short() -> None:
    def part(day: int, points: int) -> tuple[Movement, int]:
        on = date(2026, 3, day)
        at = datetime(2027, 3, day, tzinfo=UTC)
        return Movement(day, points, "earned", A, STORE, None, on, on, at, 1), points

    assert why([part(9, 30), part(2, 100), part(2, 20)]) == "2026-03-02: 120, 2026-03-09: 30"
    long = why([part(day, day) for day in range(1, 29)])
    assert long.startswith("2026-03-01: 1, 2026-03-02: 2, ")
    assert long.endswith(", 2026-03-09: 9, … (+18), 2026-03-28: 28")
