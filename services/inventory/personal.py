"""What inventory knows of persons, and what it does not: every column that can hold text, bytes or
JSON is in one of the two lists (`shared.erasure`)."""

from shared.erasure import Personal

PERSONAL: tuple[Personal, ...] = ()
HARMLESS = {
    "movements": "reason",
    "prices": "scope currency",
    "reservations": "status",
    "skus": "code colour size ean sort_key search",
    "stock_documents": "reason reference content_hash answer",
    "styles": "code name category",
}
