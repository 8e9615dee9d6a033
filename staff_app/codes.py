"""What a scanned code is: a piece, a member's card, a receipt or a coupon, told by its form."""

import re

CARD_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CARD = re.compile(f"M[{CARD_ALPHABET}]{{9}}")
_COUPON = re.compile(r"[A-Za-z0-9-]{4,40}")
_RECEIPT = re.compile(r"[A-Za-z0-9-]+-[A-Za-z0-9]+-[0-9]{6,}")
_PHONE = re.compile(r"\+?[0-9][0-9 -]{5,18}")


def what_is(text: str) -> str:
    """`piece`, `card`, `number` (a phone or the end of one), `receipt`, `code` (a coupon's or
    SKU's) or `words`."""
    code = text.strip()
    if re.fullmatch("[0-9]{13}", code):
        abroad = code.startswith("861") and not is_ean(code)
        return "number" if abroad else "piece"  # the server says what a wrong check digit is
    if is_card(code):
        return "card"
    if re.fullmatch("[0-9]{4}", code) or _PHONE.fullmatch(code):
        return "number"
    if _RECEIPT.fullmatch(code):
        return "receipt"
    if _COUPON.fullmatch(code) and any(character.isdigit() for character in code):
        return "code"
    return "words"


def is_ean(code: str) -> bool:
    """EAN-13: digits weighed 1, 3, 1, 3, … come to a multiple of ten."""
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(code)) % 10 == 0


def is_card(text: str) -> bool:
    """``M``, eight characters of Crockford's base 32, a check character (Luhn, base 32)."""
    code = text.upper().replace("-", "").replace(" ", "")
    if not _CARD.fullmatch(code):
        return False
    total = 0
    for place, character in enumerate(reversed(code[1:])):
        value = CARD_ALPHABET.index(character) * (2 if place % 2 else 1)
        total += value // 32 + value % 32
    return total % 32 == 0
