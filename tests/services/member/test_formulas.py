"""The language of formulas: what it reckons, what it refuses, and that nothing holds it up."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.member.formulas import FormulaError, Kind, Value, kind_of, parse, rounded, value_of

TODAY = date(2025, 2, 28)
NAMES: dict[str, Kind] = {
    "a": "number", "b": "number", "none": "number", "born": "date", "joined": "date",
    "never": "date",
}  # fmt: skip
VALUES: dict[str, Value] = {
    "a": Decimal("7"), "b": Decimal("2.5"), "born": date(1992, 2, 29), "joined": date(2025, 1, 1),
}  # fmt: skip


def reckon(expression: str) -> Value:
    node = parse(expression)
    kind_of(node, NAMES)
    return value_of(node, VALUES, TODAY)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1 + 2 * 3", Decimal(7)),
        ("(1 + 2) * 3", Decimal(9)),
        ("10 - 4 - 3", Decimal(3)),
        ("12 / 4 / 3", Decimal(1)),
        ("-a + 10", Decimal(3)),
        ("--a", Decimal(7)),
        ("a * b", Decimal("17.5")),
        ("0.1 + 0.2 = 0.3", True),
        ("a >= 7", True),
        ("a < b", False),
        ("a != 7", False),
        ("min(a, b, 4)", Decimal("2.5")),
        ("max(a, b)", Decimal(7)),
        ("min(born, joined) = born", True),
        ("age(born)", Decimal(32)),
        ("joined - born", Decimal(11995)),
        ("if(age(born) >= 18, a, b)", Decimal(7)),
        ("if(a > 100, a / 0, b)", Decimal("2.5")),
        ("a / 0", None),
        ("a / (b - 2.5)", None),
        ("none + a", None),
        ("max(none, a)", None),
        ("if(none > 1, a, b)", None),
        ("age(never)", None),
        ("age(max(born, joined))", Decimal(0)),
    ],
)
def test_a_formula_is_reckoned(expression: str, result: Value) -> None:
    assert reckon(expression) == result


@pytest.mark.parametrize(
    "expression",
    [
        "", "  ", "1 +", "(1", "1)", "1 2", "a b", "a,b", "min()", "min(a", "sqrt(a)", "missing",
        "a + born", "born + joined", "born * 2", "a = born", "a < 1 < 2", "age(a)", "age(born, a)",
        "if(a, 1, 2)", "if(a > 1, 1)", "if(a > 1, 1, born)", "(a > 1) + 1", "-born",
        "(a > 1) < (b > 1)", "max(a > 1, b > 1)", "a ** 2", "__import__('os')", "a.b.c", "“a”",
        "1e9", "9" * 16, "(" * 31 + "a" + ")" * 31, "-" * 400 + "a",
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_in_both_languages(expression: str) -> None:
    with pytest.raises(FormulaError) as refused:
        reckon(expression)

    assert any("\u4e00" <= character <= "\u9fff" for character in refused.value.zh)
    assert all(character < "\u2e80" for character in refused.value.en.replace(expression, ""))


def test_the_longest_formulas_are_reckoned() -> None:
    assert reckon("+".join(["1"] * 250)) == Decimal(250)
    assert reckon("*".join(["999999999999999"] * 31)) is not None
    assert rounded(reckon("*".join(["999999999999999"] * 31)), 0) is None  # type: ignore[arg-type]


@given(st.text(alphabet="ab1+-*/<>=!(), .ageminxf", max_size=40))
def test_whatever_is_typed_is_a_formula_or_a_refusal(expression: str) -> None:
    try:
        reckon(expression)
    except FormulaError:
        pass
