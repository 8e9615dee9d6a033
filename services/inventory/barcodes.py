"""Barcodes: EAN-13 with its check digit (GS1 General Specifications, 7.9)."""

import unicodedata


def is_ean13(text: str) -> bool:
    """Whether the text is thirteen digits of which the last checks the others."""
    return is_thirteen_digits(text) and check_digit(text[:12]) == text[12]


def is_thirteen_digits(text: str) -> bool:
    return len(text) == 13 and text.isascii() and text.isdigit()


def check_digit(digits: str) -> str:
    """The thirteenth digit: weights 1 and 3 in turn, up to the next multiple of ten."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return str(-total % 10)


def scanned(text: str) -> str:
    """What a scan engine or an input method typed, as stored: no full-width forms, no newline.

    Scanners that work as a keyboard end with Enter or Tab (K52).
    """
    return unicodedata.normalize("NFKC", text).strip()


def as_ean13(code: str) -> str:
    """A twelve-digit UPC-A is the EAN-13 with a zero before it; anything else stays itself."""
    return f"0{code}" if len(code) == 12 and code.isascii() and code.isdigit() else code
