"""Card codes: ten characters that can be read out, typed and scanned.

``M``, eight of Crockford's base 32 (no I, L, O, U) derived from the member's id, and a check
character (Luhn's method with 32 characters), which finds every wrong character.
"""

import hashlib
import re
import unicodedata
from uuid import UUID

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BODY_LENGTH = 8
_READ_ALIKE = str.maketrans("ILO", "110", "- ")
_BROUGHT = re.compile("(?=[A-Z-]*[0-9])[A-Z0-9][A-Z0-9-]{2,29}")
_SHAPE = re.compile(f"M[{ALPHABET}]{{{BODY_LENGTH + 1}}}")


def card_code(member_id: UUID, attempt: int = 0) -> str:
    """The code of a member; another `attempt` gives another, should it be taken."""
    digest = hashlib.sha256(member_id.bytes + bytes([attempt])).digest()
    number = int.from_bytes(digest[:5])
    body = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(BODY_LENGTH)))
    return f"M{body}{_check_character(body)}"


def recognise(text: str) -> str | None:
    """The card code a text is, however it was typed; None if it is none."""
    code = text.upper().translate(_READ_ALIKE)
    if not _SHAPE.fullmatch(code) or _check_character(code[1:-1]) != code[-1]:
        return None
    return code


def brought(text: str) -> str | None:
    """The card code of an old system that a text may be; it has a digit in it."""
    code = unicodedata.normalize("NFKC", text).strip().upper()
    return code if _BROUGHT.fullmatch(code) else None


def _check_character(body: str) -> str:
    total = 0
    for position, character in enumerate(reversed(body)):
        value = ALPHABET.index(character) * (1 if position % 2 else 2)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]
