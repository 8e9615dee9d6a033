"""Amounts as they are shown and typed, and what a scanned code is."""

from uuid import UUID

import pytest

from shared import money as server
from staff_app import clock
from staff_app.codes import is_ean, what_is
from staff_app.ids import new_id
from staff_app.money import MINOR_DIGITS, SIGNS, digits, minor_of, money, short, typed, units


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (26_800, "CNY", "¥268.00"),
        (5, "CNY", "¥0.05"),
        (-2_980, "CNY", "-¥29.80"),
        (12_345_678_99, "CNY", "¥12,345,678.99"),
        (1_500, "JPY", "JPY 1,500"),
        (1_500, "SGD", "SGD 15.00"),
    ],
)
def test_money(minor: int, currency: str, shown: str) -> None:
    assert money(minor, currency) == shown


def test_app_and_server_write_sums_alike() -> None:
    """The app may not import what the server writes them with."""
    assert server.SIGNS == SIGNS
    known = server.WHOLE_UNITS | server.THOUSANDTHS
    assert set(MINOR_DIGITS) == known
    for currency in (*known, *SIGNS, "SGD"):
        for minor in (0, 5, -2_980, 12_345_678):
            assert money(minor, currency) == server.written(minor, currency)


def test_short_leaves_out_what_is_nothing() -> None:
    assert (short(1_000), short(1_050)) == ("¥10", "¥10.50")
    assert (short(1_000, "KWD"), short(100, "JPY")) == ("KWD 1", "JPY 100")
    assert digits(-5) == "-0.05"


@pytest.mark.parametrize(
    ("text", "minor"),
    [("10000", 1_000_000), ("10,000.5", 1_000_050), ("0.05", 5), (" 12 ", 1_200)],
)
def test_a_sum_is_typed_and_shown_again(text: str, minor: int) -> None:
    assert minor_of(text) == minor
    assert minor_of(units(minor)) == minor


@pytest.mark.parametrize("text", ["", "-1", "1.005", "1.", ".5", "1e3", "十", "123456789.00"])
def test_what_is_no_sum_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        minor_of(text)


def test_a_day_is_the_stores() -> None:
    shop = {"timeZone": "Asia/Shanghai"}

    assert clock.day("2026-11-22T18:00:00+00:00", shop) == "2026-11-23"
    assert clock.day("2026-11-22T18:00:00+00:00", {"timeZone": "Europe/Paris"}) == "2026-11-22"


def test_keys_write_minor_units() -> None:
    entry = ""
    for key in ("0", "3", "00", "5", "back", "00"):
        entry = typed(entry, key)

    assert entry == "30000"
    assert typed(entry, "clear") == ""
    assert len(typed("9" * 10, "9")) == 10


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("6901234567892", "piece"),
        ("6901234567893", "piece"),  # a wrong check digit: the server says so
        ("8613900005678", "number"),
        ("M2B7KQ9ZTX", "card"),
        ("m2b7-kq9z-tx", "card"),
        ("M2B7KQ9ZT0", "code"),
        ("5678", "number"),
        ("139 0000 5678", "number"),
        ("NEW-2026", "code"),
        ("S01-D1-000001", "receipt"),
        ("大衣", "words"),
        ("silk", "words"),
    ],
)
def test_what_a_code_is(text: str, kind: str) -> None:
    assert what_is(text) == kind


def test_ean() -> None:
    assert is_ean("6901234567892")
    assert not is_ean("6901234567829")


def test_ids_are_version_seven_and_in_order() -> None:
    made = [UUID(new_id()) for _ in range(50)]

    assert {(known.version, known.variant) for known in made} == {(7, made[0].variant)}
    assert len(set(made)) == 50
    assert [known.int >> 80 for known in made] == sorted(known.int >> 80 for known in made)
