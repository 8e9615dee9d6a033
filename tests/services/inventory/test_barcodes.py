import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inventory import barcodes

TWELVE = st.text("0123456789", min_size=12, max_size=12)


@pytest.mark.parametrize("ean", ["4006381333931", "6901234567892", "0012345678905"])
def test_known_barcodes_are_sound(ean: str) -> None:
    assert barcodes.is_ean13(ean)


@pytest.mark.parametrize(
    "text", ["", "4006381333932", "400638133393", "40063813339310", "4006381333931\n",
             "400638133393x", "４００６３８１３３３９３１", "-006381333931"]
)  # fmt: skip
def test_what_is_no_barcode(text: str) -> None:
    assert not barcodes.is_ean13(text)


@given(TWELVE, st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(twelve: str, place: int, by: int) -> None:
    ean = twelve + barcodes.check_digit(twelve)
    wrong = f"{ean[:place]}{(int(ean[place]) + by) % 10}{ean[place + 1 :]}"

    assert barcodes.is_ean13(ean)
    assert not barcodes.is_ean13(wrong)


def test_what_a_scanner_or_an_input_method_adds_is_taken_away() -> None:
    assert barcodes.scanned(" 4006381333931\r\n") == "4006381333931"
    assert barcodes.scanned("４００６３８１３３３９３１") == "4006381333931"
    assert barcodes.as_ean13("012345678905") == "0012345678905"
    assert barcodes.as_ean13("T-1") == "T-1"
