"""Values of custom fields, type by type: what is kept, what is shown, what is refused."""

from datetime import date
from typing import Any

import pytest

from services.member.unfit import Unfit
from services.member.values import check_pattern, judged, shown, terms_meant
from shared.contracts.member.fields import (
    DateField,
    FieldKind,
    FieldOption,
    FormulaField,
    LocationField,
    MoneyField,
    MultiChoiceField,
    NumberField,
    PhoneField,
    TextField,
)
from tests.services.member.field_shop import COLOURS

CODE = TextField(min_length=2, max_length=6, pattern="^[a-z]+$")
WEIGHT = NumberField(scale=2, minimum="-1.5", maximum="200")
FEE = MoneyField(currency="CNY", minimum_minor=0, maximum_minor=100_00)
DAY = DateField(earliest=date(2020, 1, 1), latest=date(2030, 1, 1))
LIKES = MultiChoiceField(
    options=[FieldOption(key=key, label_zh=key, label_en=key) for key in ("a", "b", "c")],
    max_items=2,
)
PLACE = {"latitude": 31.2304, "longitude": 121.4737}
NEAR = {"latitude": 31.23, "longitude": 121.47}


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        (CODE, " abc ", "abc"),
        (TextField(), "两行\n字", "两行\n字"),
        (TextField(), "   ", None),
        (TextField(), "", None),
        (WEIGHT, "60.5", "60.50"),
        (WEIGHT, "060.500", "60.50"),
        (WEIGHT, "-0", "0.00"),
        (WEIGHT, 61, "61.00"),
        (WEIGHT, "-1.5", "-1.50"),
        (FEE, "9900", 9900),
        (FEE, 0, 0),
        (DAY, "2025-02-28", "2025-02-28"),
        (COLOURS, "red", "red"),
        (LIKES, ["c", "a", "c"], ["a", "c"]),
        (LIKES, [], None),
        (PhoneField(), "138 1234 1234", "+8613812341234"),
        (LocationField(), PLACE, NEAR),
        (LocationField(digits=0), PLACE, {"latitude": 31.0, "longitude": 121.0}),
        (LocationField(), {**PLACE, "label": " 外滩 "}, {**NEAR, "label": "外滩"}),
        (LocationField(), {"latitude": -90, "longitude": 1.23456789},
         {"latitude": -90.0, "longitude": 1.23}),
        (WEIGHT, None, None),
    ],
)  # fmt: skip
def test_what_fits_is_kept_in_one_form(kind: FieldKind, given: Any, kept: Any) -> None:
    assert judged(kind, given, "CN") == kept


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (CODE, "a"), (CODE, "abcdefg"), (CODE, "ABC"), (CODE, "abc\n1"), (CODE, 7), (CODE, ["abc"]),
        (TextField(), "a\x00b"), (TextField(), "a\u202eb"), (TextField(), {"a": 1}),
        (WEIGHT, "1.234"), (WEIGHT, "201"), (WEIGHT, "-1.51"), (WEIGHT, 1.5), (WEIGHT, True),
        (WEIGHT, "1e3"), (WEIGHT, "NaN"), (WEIGHT, "１"), (WEIGHT, " 1"), (WEIGHT, "9" * 16),
        (WEIGHT, 10**16),
        (FEE, "99.00"), (FEE, "10001"), (FEE, -1), (FEE, False), (FEE, 99.5),
        (MoneyField(currency="CNY"), 10**14 + 1),
        (DAY, "2019-12-31"), (DAY, "2030-01-02"), (DAY, "20250228"), (DAY, "2025-02-29"),
        (DAY, "2025-W01-1"), (DAY, 20250228), (DAY, "tomorrow12"),
        (COLOURS, "green"), (COLOURS, "Red"), (COLOURS, ["red"]), (COLOURS, {"a": "red"}),
        (LIKES, "a"), (LIKES, ["a", "x"]), (LIKES, ["a", "b", "c"]), (LIKES, [["a"]]),
        (PhoneField(), "12345"), (PhoneField(), 13812341234), (PhoneField(), "+86 138****1234"),
        (LocationField(), {"latitude": 91, "longitude": 0}),
        (LocationField(), {"latitude": 0, "longitude": -181}), (LocationField(), {"latitude": 0}),
        (LocationField(), {**PLACE, "height": 3}), (LocationField(), {**PLACE, "label": "x" * 201}),
        (LocationField(), {"latitude": True, "longitude": 0}), (LocationField(), "31.2,121.4"),
        (LocationField(), {"latitude": float("nan"), "longitude": 0}),
        (FormulaField(expression="1"), "1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_both_languages(kind: FieldKind, given: Any) -> None:
    with pytest.raises(Unfit) as refused:
        judged(kind, given, "CN")

    assert any("\u4e00" <= character <= "\u9fff" for character in refused.value.zh)
    assert all(character < "\u2e80" for character in refused.value.en)


def test_amounts_travel_as_strings_and_phones_masked() -> None:
    assert shown(FEE, 9900) == "9900"
    assert shown(PhoneField(), "+8613812341234") == "+86 138****1234"
    assert shown(LIKES, ["a"]) == ["a"]


@pytest.mark.parametrize(
    ("query", "terms"),
    [("red", ["red"]), ("RED", ["red"]), ("红色", ["red"]), ("蓝色 ", ["blue"]), ("green", [])],
)
def test_an_option_is_known_by_key_and_labels(query: str, terms: list[str]) -> None:
    assert terms_meant(COLOURS, query, "CN") == terms


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "(((a{500}){500}){500})"])
def test_a_pattern_that_could_hold_up_the_service_is_refused(pattern: str) -> None:
    with pytest.raises(Unfit):
        check_pattern(pattern)


def test_a_pattern_takes_linear_time() -> None:
    with pytest.raises(Unfit):
        judged(TextField(pattern="^(a+)+$"), "a" * 499 + "b", "CN")
