"""The language of conditions: what it means, what it refuses and where, and when time turns it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.member import conditions
from services.member.conditions import ConditionError

KINDS = tuple(
    sorted(
        {
            "spent": "money", "orders": "number", "age": "number", "city": "text",
            "last_on": "date", "categories": "set", "agreed": "truth",
            "spent_in": "money_window", "orders_in": "window",
        }.items()
    )
)  # fmt: skip
TODAY = date(2025, 3, 31)
VALUES: dict[str, Any] = {
    "spent": 500_000, "orders": 3, "age": 25, "city": "上海", "last_on": date(2025, 1, 1),
    "days_since(last_on)": 89, "categories": frozenset({"dress", "coat"}), "agreed": True,
    "spent_in(90)": 1_000, "orders_in(7)": 0,
}  # fmt: skip


def holds(condition: str, **changes: Any) -> bool:
    return conditions.holds(conditions.parse(condition, KINDS), VALUES | changes, TODAY)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("spent >= 500000", True),
        ("spent > 500000", False),
        ("spent <= 499999.99", False),
        ("orders = 3 and orders != 4", True),
        ("age between 18 and 25", True),
        ("age between 26 and 30 or city = '上海'", True),
        ('city in ("杭州", "上海")', True),
        ("city != “上海”", False),
        ('categories has "dress"', True),
        ('categories has ("shoes", "coat")', True),
        ('not categories has "shoes" and agreed', True),
        ("last_on within 90 days", True),
        ("last_on within 89 days", False),
        ("days_since(last_on) >= 89", True),
        ("last_on < 2025-01-02", True),
        ("last_on between 2025-01-01 and 2025-01-31", True),
        ("spent_in(90) >= 1000 and orders_in(7) < 1", True),
        ("known(city) and known(categories)", True),
        ("orders = 3 or orders = 4 and orders = 5", True),
        ("(orders = 3 or orders = 4) and orders = 5", False),
        ("not (orders = 4)", True),
    ],
)
def test_what_a_condition_means(condition: str, expected: bool) -> None:
    assert holds(condition) is expected


@pytest.mark.parametrize(
    "test", ['city = "x"', 'city != "x"', "age > 1", "known(age)", "last_on within 9 days"]
)
def test_of_what_is_not_known_no_test_holds(test: str) -> None:
    assert not holds(test, city=None, age=None, last_on=None)
    assert holds(f"not {test}", city=None, age=None, last_on=None)


@pytest.mark.parametrize(
    ("condition", "position", "reason"),
    [
        ("shoes > 1", 1, "there is no fact “shoes”"),
        ("orders > 1 and phone = '1'", 16, "there is no fact “phone”"),
        ("orders > 'x'", 10, "a number is expected"),
        ("city > 'x'", 6, "“city” is not compared so"),
        ("city", 5, "“city” is not compared so"),
        ("orders", 7, "“orders” is not compared so"),
        ("agreed = 1", 8, "“=” does not belong here"),
        ("orders between 5 and 3", 22, "the bounds are the wrong way round"),
        ("last_on > 2025-02-30", 11, "there is no such day"),
        ("last_on within 0 days", 16, "days go from 1 to 3650"),
        ("last_on within 9", 17, "“days” is missing"),
        ("spent_in > 5", 10, "“(” is missing"),
        ("spent_in(1.5) > 5", 10, "days go from 1 to 3650"),
        ("days_since(age) > 5", 12, "a date is expected"),
        ("(orders > 1", 12, "“)” is missing"),
        ("orders > 1 orders > 2", 12, "“orders” does not belong here"),
        ("orders > 1; drop", 11, "“;” does not belong here"),
        ("__import__('os')", 1, "“_” does not belong here"),
        ("and", 1, "a fact is expected"),
        ("", 1, "a fact is expected"),
        ("(" * 30 + "orders > 1" + ")" * 30, 11, "it is nested too deep"),
        (" or ".join(["orders > 1"] * 41), 561, "at most 40 tests"),
        (f"orders in ({', '.join(['1'] * 52)})", 162, "at most 50 items"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(condition: str, position: int, reason: str) -> None:
    with pytest.raises(ConditionError) as refused:
        conditions.parse(condition, KINDS)

    assert (refused.value.position, refused.value.en) == (position, reason)
    assert refused.value.zh


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_is_refused(condition: str) -> None:
    position = 1
    try:
        conditions.parse(condition, KINDS)
    except ConditionError as error:
        position = error.position

    assert 1 <= position <= len(condition) + 1


@given(
    st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
    st.integers(0, 40),
    st.sampled_from(["", ".5"]),
    st.integers(0, 60),
)
def test_time_turns_a_test_only_on_days_that_were_foretold(
    sign: str, bound: int, part: str, ago: int
) -> None:
    """K31: nobody is looked at on the days between."""
    node = conditions.parse(f"days_since(last_on) {sign} {bound}{part}", KINDS)
    assert node.test is not None
    start = TODAY - timedelta(days=ago)
    foretold = conditions.next_turn(node.test, start, TODAY)
    now = conditions.test_holds(node.test, ago, TODAY)

    for later in range(1, 120):
        day = TODAY + timedelta(days=later)
        if foretold is not None and day >= foretold:
            break
        assert conditions.test_holds(node.test, ago + later, day) is now


def test_an_age_turns_on_a_birthday() -> None:
    node = conditions.parse("age >= 26", KINDS)
    assert node.test is not None
    born = date(2000, 2, 29)

    assert conditions.age(born, date(2025, 2, 28)) == 24
    assert conditions.age(born, date(2025, 3, 1)) == 25
    assert conditions.next_birthday(node.test, born, date(2025, 3, 1)) == date(2026, 3, 1)
    assert conditions.next_birthday(node.test, born, date(2027, 3, 1)) is None
    assert conditions.age(born, date(1999, 1, 1)) is None
    assert conditions.test_holds(node.test, Decimal(26), TODAY)
